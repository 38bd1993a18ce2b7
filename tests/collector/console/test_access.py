"""Sign-in links and sessions."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from farmwatch_collector.console.access import LINK_LIFE, MOST, SESSION_LIFE, Sessions


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def code_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["code"][0]


def test_a_link_signs_in_once() -> None:
    sessions = Sessions(Clock())
    link = sessions.new_link("http://127.0.0.1:8470/")
    assert link.startswith("http://127.0.0.1:8470/sign-in?code=")
    secret = sessions.redeem(code_of(link))
    assert secret is not None
    assert sessions.name(secret) is not None
    assert sessions.redeem(code_of(link)) is None


def test_a_link_holds_for_ten_minutes() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    early, late = (code_of(sessions.new_link("http://127.0.0.1")) for _ in range(2))
    clock.now += LINK_LIFE - timedelta(seconds=1)
    assert sessions.redeem(early) is not None
    clock.now += timedelta(seconds=1)
    assert sessions.redeem(late) is None


def test_a_guessed_code_opens_nothing_and_uses_up_nothing() -> None:
    sessions = Sessions(Clock())
    code = code_of(sessions.new_link("http://127.0.0.1"))
    for guess in ("", code[:-1], code + "A", "\ud800", "x" * 100_000):
        assert sessions.redeem(guess) is None
    assert sessions.redeem(code) is not None


def test_a_session_ends_after_twelve_hours_and_on_sign_out() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    first, second = (sessions.redeem(code_of(sessions.new_link("http://127.0.0.1"))) for _ in range(2))
    sessions.close(first)
    assert sessions.name(first) is None
    clock.now += SESSION_LIFE - timedelta(seconds=1)
    assert sessions.name(second) is not None
    clock.now += timedelta(seconds=1)
    assert sessions.name(second) is None


def test_the_name_in_the_audit_log_does_not_open_a_session() -> None:
    sessions = Sessions(Clock())
    secret = sessions.redeem(code_of(sessions.new_link("http://127.0.0.1")))
    name = sessions.name(secret)
    assert name is not None
    assert sessions.name(name) is None
    assert secret is not None
    assert secret not in name


def test_links_that_nobody_uses_cannot_fill_the_memory() -> None:
    sessions = Sessions(Clock())
    first = code_of(sessions.new_link("http://127.0.0.1"))
    for _ in range(MOST):
        last = code_of(sessions.new_link("http://127.0.0.1"))
    assert sessions.redeem(first) is None
    assert sessions.redeem(last) is not None
