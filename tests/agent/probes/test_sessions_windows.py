"""The sessions probe on Windows: Remote Desktop Services and the event log."""

from typing import Any

import pytest

from farmwatch_agent.host import Missing, NotPermitted, NotSupported
from farmwatch_agent.host.windows.events import EventRecord
from farmwatch_agent.host.windows.terminal import TerminalSession
from farmwatch_agent.probes.sessions import windows as sessions
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.sessions import Session

from ..windows_host import WindowsFake

#: 2026-11-22 12:00 UTC, and the fake's machine has run for an hour.
NOW = 1_795_348_800.0
SERVICES = TerminalSession(number=0, state=4, protocol=0, user="")


def event(
    number: int, minutes_ago: float, session: str = "2", address: str = "203.0.113.77", **more: str
) -> EventRecord:
    fields = {"User": r"LAPTOP\ann", "SessionID": session, "Address": address, **more}
    return EventRecord(number=number, at=NOW - minutes_ago * 60, fields={key: it for key, it in fields.items() if it})


def look(now: Any, log: Any = (), security: Any = (), shadow: Any = (), let_in: Any = ()) -> list[Any]:
    rows = {
        "windows_terminal_session": now,
        "windows_event sessions": log,
        "windows_event reconnected": security,
        "windows_event shadowing": shadow,
        "windows_event authenticated": let_in,
    }
    return list(sessions.collect(WindowsFake(rows=rows)))  # type: ignore[arg-type]


def test_somebody_at_the_laptop_is_a_console_session() -> None:
    now = [SERVICES, TerminalSession(number=1, state=0, protocol=0, user="ann", logon=NOW - 1800)]
    assert look(now, [event(21, 30, "1", "LOCAL")]) == [
        Session(origin="console", user=unkeyed("user", "ann"), since="2026-11-22T11:30Z")
    ]


def test_a_remote_desktop_session_is_told_with_the_address_of_the_log() -> None:
    now = [TerminalSession(number=2, state=0, protocol=2, user="ann", client="FARM-PC", address="192.168.7.2",
                           logon=NOW - 1200)]  # fmt: skip
    remote = Session(origin="remote", protocol="rdp", user=unkeyed("user", "ann"),
                     client=unkeyed("address", "203.0.113.77"), since="2026-11-22T11:40Z")  # fmt: skip
    assert look(now, [event(25, 20)]) == [remote]


@pytest.mark.parametrize(
    ("address", "client", "told"),
    [("192.168.7.2", "FARM-PC", "192.168.7.2"), ("", "FARM-PC", "FARM-PC"), ("", "", None)],
)
def test_without_the_log_the_client_s_own_claim_is_what_there_is(address: str, client: str, told: str | None) -> None:
    now = [TerminalSession(number=2, state=0, protocol=2, user="ann", client=client, address=address)]
    (found, gap) = look(now, NotPermitted("no"))
    assert found.client == (unkeyed("address", told) if told else None)
    assert gap == Gap(what="sessions that ended", outcome="not_permitted")


def test_a_visit_that_ended_is_told_once_a_connection() -> None:
    log = [event(24, 10), event(25, 15), event(24, 40), event(21, 50), event(23, 5)]
    assert look([SERVICES], log) == [
        Session(origin="remote", protocol="rdp", user=unkeyed("user", "ann"), ended=True,
                client=unkeyed("address", "203.0.113.77"), since=since)
        for since in ("2026-11-22T11:45Z", "2026-11-22T11:10Z")
    ]  # fmt: skip


def test_what_began_before_the_start_of_the_system_is_over() -> None:
    now = [TerminalSession(number=2, state=0, protocol=0, user="bob", logon=NOW - 60)]
    console, ended = look(now, [event(21, 300)])
    assert (console.origin, console.client, console.ended) == ("console", None, False)
    assert (ended.origin, ended.ended) == ("remote", True)


def test_a_session_that_moved_to_the_console_is_no_longer_remote() -> None:
    now = [TerminalSession(number=2, state=0, protocol=0, user="ann", logon=NOW - 1200)]
    console, ended = look(now, [event(21, 20), event(25, 5, address="LOCAL")])
    assert (console.origin, ended.origin, ended.ended) == ("console", "remote", True)


def test_without_the_list_the_log_tells_what_is_open() -> None:
    found = look(NotSupported("no such service"), [event(21, 20)])
    assert found[0].origin == "remote"
    assert not found[0].ended
    assert found[-1] == Gap(what="sessions now", outcome="not_supported")


def test_a_session_whose_user_may_not_be_asked_leaves_a_gap() -> None:
    found = look([TerminalSession(number=2, state=0, protocol=None, user=None)], [event(21, 20)])
    assert found == [
        Session(
            origin="remote",
            protocol="rdp",
            user=unkeyed("user", "ann"),
            client=unkeyed("address", "203.0.113.77"),
            since="2026-11-22T11:40Z",
        ),
        Gap(what="users of sessions", outcome="not_permitted"),
    ]


def test_a_shadowed_session_is_remote_whoever_sits_there() -> None:
    now = [TerminalSession(number=1, state=3, protocol=0, user="ann", logon=NOW - 600)]
    found = look(now, (), (), [EventRecord(number=20506, at=NOW - 120)])
    assert [(it.origin, it.protocol, it.ended) for it in found] == [("remote", "rdp", False)]


def test_shadowing_that_stopped_has_ended() -> None:
    log = [EventRecord(number=20507, at=NOW - 60), EventRecord(number=20506, at=NOW - 120)]
    assert look([SERVICES], (), (), log) == [
        Session(origin="remote", protocol="rdp", since="2026-11-22T11:58Z", ended=True)
    ]


def test_the_security_log_adds_clients_that_the_other_log_has_not() -> None:
    fields = {"AccountName": "ann", "ClientName": "FARM-PC", "ClientAddress": "203.0.113.99"}
    log = [EventRecord(number=4778, at=NOW - 60, fields=fields), EventRecord(number=4778, at=NOW - 90, fields=fields),
           EventRecord(number=4779, at=NOW - 30, fields=fields),
           EventRecord(number=4778, at=NOW - 50, fields={**fields, "ClientAddress": "LOCAL"})]  # fmt: skip
    assert look([SERVICES], (), log) == [
        Session(origin="remote", protocol="rdp", user=unkeyed("user", "ann"), ended=True,
                client=unkeyed("address", "203.0.113.99"), since="2026-11-22T11:59Z")
    ]  # fmt: skip


def test_logs_that_are_not_there_say_nothing_and_refused_ones_are_gaps() -> None:
    assert look([SERVICES], Missing("no log"), Missing("no log"), Missing("no log")) == []
    refused = NotPermitted("no")
    assert [it.what for it in look([SERVICES], refused, refused, refused)] == [
        "sessions that ended", "clients that reconnected", "shadowed sessions"
    ]  # fmt: skip


def test_who_was_let_in_is_told_where_the_log_of_sessions_was_cleared() -> None:
    fields = {"Param1": "ann", "Param3": "203.0.113.5"}
    let_in = [EventRecord(number=1149, at=NOW - 60, fields=fields),
              EventRecord(number=1149, at=NOW - 70, fields={"Param3": "203.0.113.6"})]  # fmt: skip
    assert look([SERVICES], Missing("cleared"), (), (), let_in) == [
        Session(origin="remote", protocol="rdp", user=unkeyed("user", "ann"), ended=True,
                client=unkeyed("address", "203.0.113.5"), since="2026-11-22T11:59Z")
    ]  # fmt: skip
    assert len(look([SERVICES], [event(23, 1), event(21, 2, address="203.0.113.5")], (), (), let_in)) == 1


def test_a_log_that_was_not_searched_to_its_end_is_a_gap_beside_what_was_found() -> None:
    found = look([SERVICES], [event(23, 1), event(21, 2), EventRecord(cut=True)])
    assert [type(it) for it in found] == [Session, Gap]
    assert found[1].outcome == "broken"


def test_nonsense_in_the_log_is_left_out() -> None:
    log = [event(21, 20, session="x"), event(99, 20), EventRecord(number=21, at=NOW), event(21, 10, address="")]
    assert look([SERVICES], log) == []


def test_a_crowd_of_visits_is_bounded() -> None:
    log = [event(number, 900 - at) for at in range(400) for number in (21, 23)]
    assert len(look([SERVICES], log)) == sessions.MAX_ENDED


@pytest.mark.parametrize("word", ["LOCAL", "LOKAL", "本地", "0.0.0.0", "::", "::%16777216", "-"])
def test_honest_twin_a_login_at_the_machine_is_no_visit_in_any_language(word: str) -> None:
    """Only an address is somewhere else: what stands there otherwise is a word of Windows, in its own language."""
    assert sessions.visits([event(21, 10, "1", word)], 0.0) == []
    assert not sessions.is_elsewhere(word)
    assert sessions.is_elsewhere("203.0.113.9")
    assert sessions.is_elsewhere("fe80::1%12")


def test_a_citrix_session_is_remote_and_no_remote_desktop() -> None:
    """wtsapi32.h: WTS_PROTOCOL_TYPE_ICA is 1."""
    found = look([TerminalSession(number=2, state=0, protocol=1, user="jdoe", client="THIN-7")])
    assert [(it.origin, it.protocol) for it in found if isinstance(it, Session)] == [("remote", "ica")]
