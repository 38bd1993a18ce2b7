"""Identifiers: which addresses are near each other, and that older and newer agents and collectors understand them."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_schema.identifiers import Identifier, Keyer

KEYER = Keyer(b"a key for tests only", "test")
BASE = "94:83:c4:12:34:50"


def _near(text: str, kind: str = "mac") -> str:
    return KEYER.key(kind, text).near


@pytest.mark.parametrize(
    "derived",
    [
        # OpenWrt's mac80211.sh, networks 2, 3 and 4 of one radio: the first byte XOR 0x02, 0x06, 0x0a.
        "96:83:c4:12:34:50",
        "92:83:c4:12:34:50",
        "9e:83:c4:12:34:50",
        # The same script where the radio's mask leaves the last byte: XOR the network's number.
        "94:83:c4:12:34:51",
        "94:83:c4:12:34:53",
        # A router's ports and radios, numbered on.
        "94:83:c4:12:34:58",
    ],
)
def test_addresses_that_one_router_makes_from_one_are_near_each_other_and_not_the_same(derived: str) -> None:
    assert _near(derived) == _near(BASE) == _near(BASE, "bssid") != ""
    assert KEYER.key("mac", derived).digest != KEYER.key("mac", BASE).digest


@pytest.mark.parametrize("other", ["94:83:c4:12:35:50", "94:83:c4:13:34:50", "94:83:c5:12:34:50", "94:84:c4:12:34:50"])
def test_addresses_of_two_routers_of_one_maker_are_not(other: str) -> None:
    assert _near(other) != _near(BASE)


def test_nearness_is_keyed_as_all_else_is() -> None:
    assert Keyer(b"another key for tests", "other").key("mac", BASE).near != _near(BASE)
    assert "8312" not in _near(BASE)
    assert len(_near(BASE)) == 16


@given(st.text(max_size=40), st.sampled_from(["mac", "bssid"]))
def test_what_is_no_address_is_near_nothing(text: str, kind: str) -> None:
    made = KEYER.key(kind, text)
    assert bool(made.near) == bool(re.fullmatch(r"[0-9a-fA-F]{2}([:-]?[0-9a-fA-F]{2}){5}", text.strip()))


def test_half_an_address_and_twelve_other_signs_are_near_nothing() -> None:
    assert [_near(text) for text in ("", "94:83:c4", "zzzzzzzzzzzz", "94:83:c4:12:34")] == ["", "", "", ""]


def test_only_addresses_of_network_cards_have_neighbours() -> None:
    assert [KEYER.key(kind, BASE).near for kind in ("serial", "ssid", "address", "user")] == ["", "", "", ""]


def test_an_older_agent_s_identifier_is_read_as_before_and_a_newer_one_s_fields_are_passed_over() -> None:
    old = b'{"kind":"mac","key_id":"k","digest":"ab","oui":"9483c4"}'
    assert msgspec.json.decode(old, type=Identifier) == Identifier(kind="mac", key_id="k", digest="ab", oui="9483c4")
    newer = b'{"kind":"mac","key_id":"k","digest":"ab","oui":"9483c4","not_yet_thought_of":[1]}'
    assert msgspec.json.decode(newer, type=Identifier) == msgspec.json.decode(old, type=Identifier)
    assert b"near" not in msgspec.json.encode(msgspec.json.decode(old, type=Identifier))
