"""Sessions on Windows: Remote Desktop Services for now, the event log for what came and went.

Sources: learn.microsoft.com, WTS_CONNECTSTATE_CLASS, WTSQuerySessionInformation (protocol type 0 console, 2 RDP; 1 is
ICA in wtsapi32.h); LocalSessionManager events 21, 23, 24 and 25 (hayabusa-rules pull request 762,
hayabusa-sample-evtx pull request 3); RemoteConnectionManager event 1149 (hayabusa issue 1892); Security events 4778
and 4779. The address that an RDP client reports of itself is often that of its own network, while the log has where
the connection came from: the log's comes first.
"""

import time
from collections.abc import Iterator
from ipaddress import ip_address

import msgspec
from msgspec.structs import replace

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.sessions import Session

from ...host import Host, HostError, Missing
from ...host.windows.events import EventRecord
from ...host.windows.terminal import DISCONNECTED, SHADOW, TerminalSession
from ..asking import outcome_of
from ..bounds import at_most

MAX_ENDED = 50
MAX_SESSIONS = 100
_LOGON, _LOGOFF, _DISCONNECT, _RECONNECT = 21, 23, 24, 25
_SHADOW_BEGINS, _SHADOW_ENDS = (20503, 20506), (20504, 20507)
_CONNECTED_AGAIN, _LET_IN = 4778, 1149
#: Protocol types of WTSQuerySessionInformation (WTS_PROTOCOL_TYPE_CONSOLE, _ICA); others are Remote Desktop.
_CONSOLE = 0
_ICA = 1


class Visit(msgspec.Struct, frozen=True):
    """A remote login or reconnection of the log; `number` is its session, `ended` when it was left."""

    number: str
    user: str
    address: str
    since: float
    ended: float


def collect(host: Host) -> Iterator[Observable]:
    """Yields sessions now, remote ones of the last two days that ended, and shadowing of somebody's screen."""
    gaps: list[Gap] = []
    now: list[TerminalSession] | None = None
    try:
        now = host.rows(TerminalSession)
    except HostError as error:
        gaps.append(Gap(what="sessions now", outcome=outcome_of(error)))
    events = _events(host, "sessions", "sessions that ended", gaps)
    past = visits(events, host.now() - host.uptime())
    last = {visit.number: visit for visit in past if not visit.ended}
    if now is None:
        # Without the list, what the log leaves open is the best there is.
        yield from at_most((_of_visit(visit) for visit in last.values()), MAX_SESSIONS, "sessions")
    else:
        told = (_of_session(session, last.get(str(session.number))) for session in now)
        yield from at_most((session for session in told if session is not None), MAX_SESSIONS, "sessions")
        if any(session.user is None for session in now):
            gaps.append(Gap(what="users of sessions", outcome="not_permitted"))
        # The log lost their end, or has not written it yet.
        there = {str(session.number) for session in now if is_remote(session, last.get(str(session.number)))}
        past = [replace(it, ended=it.ended or (0.0 if it.number in there else it.since)) for it in past]
    ended = [visit for visit in past if visit.ended]
    yield from (_of_visit(visit) for visit in sorted(ended, key=lambda it: -it.since)[:MAX_ENDED])
    others = _events(host, "authenticated", "clients that were let in", gaps)
    others += _events(host, "reconnected", "clients that reconnected", gaps)
    yield from other_clients(others, past)
    shadowed = any(session.state == SHADOW for session in now or ())
    shadows = shadowing(_events(host, "shadowing", "shadowed sessions", gaps))
    yield from (shadow for shadow in shadows if shadow.ended or not shadowed)
    yield from gaps


def visits(events: list[EventRecord], boot: float) -> list[Visit]:
    """Returns remote logins and reconnections; each ends with a disconnect, a logoff, or the next one of its session.

    boot  seconds since 1970: sessions are numbered anew with each start, so what began before it has ended
    """
    begun: dict[str, EventRecord] = {}
    found: list[Visit] = []
    for event in sorted(events, key=lambda it: it.at):
        number = event.fields.get("SessionID", "")
        if event.number not in (_LOGON, _LOGOFF, _DISCONNECT, _RECONNECT) or not number.isdigit():
            continue
        before = begun.pop(number, None)
        if before is not None:
            found.append(_visit(number, before, event.at))
        if event.number in (_LOGON, _RECONNECT) and is_elsewhere(event.fields.get("Address", "")):
            begun[number] = event
    return found + [_visit(it, event, 0.0 if event.at >= boot else event.at) for it, event in begun.items()]


def _visit(number: str, event: EventRecord, ended: float) -> Visit:
    user = event.fields.get("User", "").rpartition("\\")[2]
    return Visit(number, user, event.fields["Address"].partition("%")[0], event.at, ended)


def other_clients(events: list[EventRecord], past: list[Visit]) -> Iterator[Session]:
    """Yields who came in by other logs (1149, 4778) and not by that of sessions, which may have been cleared.

    Event 1149 without a user says only that somebody connected, and is left out.
    """
    known = {visit.address for visit in past}
    seen: set[str] = set()
    for event in sorted(events, key=lambda it: -it.at):
        again = event.number == _CONNECTED_AGAIN
        user = event.fields.get("AccountName" if again else "Param1", "")
        address = event.fields.get("ClientAddress" if again else "Param3", "").partition("%")[0]
        if event.number not in (_CONNECTED_AGAIN, _LET_IN) or not user or not is_elsewhere(address):
            continue
        if address in known or address in seen or len(seen) >= MAX_ENDED:
            continue
        seen.add(address)
        yield Session(
            origin="remote",
            protocol="rdp",
            user=unkeyed("user", user),
            client=unkeyed("address", address),
            since=minute(event.at),
            ended=True,
        )


def shadowing(events: list[EventRecord]) -> Iterator[Session]:
    """Yields what the log says of screens that somebody else looked at or took over (mstsc /shadow).

    Who they were stands nowhere in a form that is documented: such a session has neither user nor client.
    """
    left = 0
    for event in sorted(events, key=lambda it: -it.at)[:MAX_ENDED]:
        # Newest first: an end that stands before its beginning is met first.
        if event.number in _SHADOW_ENDS:
            left += 1
        elif event.number in _SHADOW_BEGINS:
            yield Session(origin="remote", protocol="rdp", since=minute(event.at), ended=left > 0)
            left = max(0, left - 1)


def is_elsewhere(address: str) -> bool:
    """Whether what the log writes for an address is one: for a session at the machine it is a word ("LOCAL") that
    Windows may have in its own language, or an address that names nobody.
    """
    try:
        return not ip_address(address.partition("%")[0]).is_unspecified
    except ValueError:
        return False


def minute(seconds: float) -> str:
    """Returns seconds since 1970 as UTC to the minute; "" for none."""
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(seconds)) if 0 < seconds < 1 << 33 else ""


def is_remote(session: TerminalSession, visit: Visit | None) -> bool:
    """Whether somebody looks at a session from elsewhere now.

    visit  what the log has of its last remote connection, if that has not ended: it counts where the protocol is hidden
    """
    if session.state == DISCONNECTED:
        return False
    hidden = session.protocol is None and visit is not None
    return session.state == SHADOW or hidden or (session.protocol or _CONSOLE) != _CONSOLE


def _of_session(session: TerminalSession, visit: Visit | None) -> Session | None:
    """Returns what a session is, with what the log has of it; None for one that nobody is logged in to."""
    if session.user == "" or session.state == DISCONNECTED:
        return None  # Where a session is left, its programs run on and nobody looks; the log has that somebody did.
    remote = is_remote(session, visit)
    visit = visit if remote else None
    user = session.user or (visit.user if visit else "")
    client = visit.address if visit else session.address or session.client
    return Session(
        origin="remote" if remote else "console",
        protocol="" if not remote else "ica" if session.protocol == _ICA else "rdp",
        user=unkeyed("user", user) if user else None,
        client=unkeyed("address", client) if remote and client else None,
        since=minute(visit.since if visit else session.logon),
    )


def _of_visit(visit: Visit) -> Session:
    return Session(
        origin="remote",
        protocol="rdp",
        user=unkeyed("user", visit.user) if visit.user else None,
        client=unkeyed("address", visit.address),
        since=minute(visit.since),
        ended=visit.ended > 0,
    )


def _events(host: Host, question: str, what: str, gaps: list[Gap]) -> list[EventRecord]:
    try:
        events = host.rows(EventRecord, question)
    except Missing:
        return []
    except HostError as error:
        gaps.append(Gap(what=what, outcome=outcome_of(error)))
        return []
    if any(event.cut for event in events):
        gaps.append(Gap(what=f"{what}: the log was not searched to its end in time", outcome="broken"))
    return [event for event in events if not event.cut]
