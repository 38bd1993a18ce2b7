"""The registry as it is read: what goes away meanwhile, and texts that are none."""

from typing import Any

import pytest

from farmwatch_agent.host.windows import registry


class Ended(OSError):
    winerror = 259


class Refused(OSError):
    winerror = 5


def test_a_value_that_goes_away_while_the_key_is_read_ends_the_list_and_no_more() -> None:
    """learn.microsoft.com, RegEnumValueW: ERROR_NO_MORE_ITEMS is 259; three were counted, two are left."""

    def ask(_key: Any, index: int) -> str:
        if index == 2:
            raise Ended
        return f"value {index}"

    assert list(registry._each(ask, None, 3)) == ["value 0", "value 1"]


def test_any_other_error_is_told() -> None:
    def ask(_key: Any, _index: int) -> str:
        raise Refused

    with pytest.raises(Refused):
        list(registry._each(ask, None, 1))


@pytest.mark.parametrize(
    ("text", "told"),
    [("plain", "plain"), ("Grüße 😀", "Grüße 😀"), ("a\ud800b", "a\ufffdb"), ("\udc00", "\ufffd"), ("", "")],
)
def test_half_a_character_is_replaced_so_that_a_report_can_hold_it(text: str, told: str) -> None:
    """Anybody may write such a name below HKCU\\...\\Run: it must not take the section with it."""
    assert registry.whole(text) == told
    assert "\ud800" not in registry.whole(text).encode().decode()
