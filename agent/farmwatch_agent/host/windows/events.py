"""The event log: listed questions only, newest first, bounded, and of each event the listed fields.

Source: learn.microsoft.com, EvtQuery, EvtNext, EvtRender, "Consuming Events" and "XPath 1.0 limitations" (timediff).
What each event holds is noted beside its question. Text of an event that is not listed never leaves this module.
"""

import ctypes
import re
from collections.abc import Iterable, Iterator
from ctypes import c_uint32, c_void_p, c_wchar_p
from typing import Any, ClassVar

import msgspec

from ..protocol import HostError, Missing, SourceBroken
from ..row import Row
from .library import error_of, last_error, library
from .wide import wide_text

_CHANNEL_PATH, _REVERSE = 0x1, 0x200
_EVENT_XML = 1
_NO_MORE_ITEMS, _INSUFFICIENT_BUFFER, _TIMEOUT, _CHANNEL_NOT_FOUND = 259, 122, 1460, 15007
_BATCH = 32
_NEXT_MILLISECONDS = 2000
_MAX_XML = 1 << 17
_MAX_TEXT = 256


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What may be asked of the log.

    ids      event numbers
    fields   names of the elements or `Data` that are told
    days     how far back
    limit    events at most
    """

    channel: str
    ids: tuple[int, ...]
    fields: tuple[str, ...] = ()
    provider: str = ""
    days: int = 2
    limit: int = 500


_SESSIONS = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
_REMOTE = "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational"
#: Every question. Events of a desktop session: 21 logon, 23 logoff, 24 disconnect, 25 reconnect (UserData/EventXML with
#: User, SessionID, Address; hayabusa-rules pull request 762). 1149: somebody was authenticated (Param1 user, Param2
#: domain, Param3 address; hayabusa issue 1892). Shadowing: 20503 and 20506 begin, 20504 and 20507 end.
#: 4778 and 4779: a session was connected or left (AccountName, ClientName, ClientAddress). Kernel-Power 42: the system
#: goes to sleep; 506: modern standby begins.
QUESTIONS: dict[str, Question] = {
    "sessions": Question(channel=_SESSIONS, ids=(21, 23, 24, 25), fields=("User", "SessionID", "Address")),
    "authenticated": Question(channel=_REMOTE, ids=(1149,), fields=("Param1", "Param3"), limit=100),
    "shadowing": Question(channel=_REMOTE, ids=(20503, 20504, 20506, 20507), limit=100),
    "reconnected": Question(
        channel="Security", ids=(4778, 4779), fields=("AccountName", "SessionName", "ClientName", "ClientAddress")
    ),
    "suspends": Question(
        channel="System", provider="Microsoft-Windows-Kernel-Power", ids=(42, 506), days=30, limit=200
    ),
}
#: Fields whose text tells a person or a machine; addresses are exchanged in captures wherever they stand.
_TELLING = ("User", "AccountName", "ClientName", "Param1")


class EventRecord(Row, frozen=True, kw_only=True, omit_defaults=True):
    """An event. `of` is the name of a question of `QUESTIONS`.

    number  the event's id
    at      when it was written, seconds since 1970
    fields  the listed ones that it has; an empty one is left out
    cut     True: no event but the news that the log was not searched to its end in time; everything else is empty
    """

    table: ClassVar[str] = "windows_event"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    number: int = 0
    at: float = 0.0
    fields: dict[str, str] = {}
    cut: bool = False

    @classmethod
    def live(cls, of: str) -> "list[EventRecord]":
        question = QUESTIONS.get(of)
        if question is None:
            raise SourceBroken(f"{of}: is no listed question")
        found: list[EventRecord] = []
        for text in _texts(question, of):
            record = cls(cut=True) if text is None else parse_event(text, question.fields)
            if record is not None:
                found.append(record)
        return found

    def identifying(self) -> Iterable[str]:
        for name in _TELLING:
            if name in self.fields:
                yield self.fields[name].rpartition("\\")[2]
                yield self.fields[name].rpartition("\\")[0]


_NUMBER = re.compile(r"<EventID(?: Qualifiers=['\"]\d*['\"])?>(\d{1,5})</EventID>")
_TIME = re.compile(r"<TimeCreated SystemTime=['\"](\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?Z['\"]")
_ENTITIES = {"lt": "<", "gt": ">", "quot": '"', "apos": "'", "amp": "&"}


def parse_event(text: str, fields: tuple[str, ...]) -> EventRecord | None:
    """Returns an event from its XML; None for one without a number or a time. Only `fields` are looked for."""
    import calendar  # noqa: PLC0415

    number, time = _NUMBER.search(text), _TIME.search(text)
    if number is None or time is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in time.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61 and year >= 1970):
        return None
    at = calendar.timegm((year, month, day, hour, minute, second)) + float(time[7] or 0)
    # What an event says of itself stands after its system part, so that nothing in that can pass for a field.
    body = text.partition("</System>")[2]
    found: dict[str, str] = {}
    for name in fields:
        element = rf"<{name}(?: [^<>]{{0,200}})?>([^<]{{0,4096}})</{name}>"
        match = re.search(element, body) or re.search(rf"<Data Name=['\"]{name}['\"]>([^<]{{0,4096}})</Data>", body)
        value = _plain(match[1]).strip()[:_MAX_TEXT] if match else ""
        if value and value != "-":
            found[name] = value
    return EventRecord(number=int(number[1]), at=at, fields=found)


def _plain(text: str) -> str:
    return re.sub(r"&(#x[0-9A-Fa-f]{1,6}|#\d{1,7}|lt|gt|quot|apos|amp);", lambda match: _character(match[1]), text)


def _character(name: str) -> str:
    if name in _ENTITIES:
        return _ENTITIES[name]
    code = int(name[2:], 16) if name[1] == "x" else int(name[1:])
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else "?"


def query_of(question: Question) -> str:
    """Returns the XPath that selects a question's events."""
    ids = " or ".join(f"EventID={number}" for number in question.ids)
    provider = f"Provider[@Name='{question.provider}'] and " if question.provider else ""
    return f"*[System[{provider}({ids}) and TimeCreated[timediff(@SystemTime) <= {question.days * 86_400_000}]]]"


def _texts(question: Question, name: str) -> Iterator[str | None]:
    """Yields the XML of each event, newest first; None at last when there was no time to search the log to its end."""
    wevtapi = library("wevtapi")
    _declare(wevtapi)
    query = wevtapi.EvtQuery(None, question.channel, query_of(question), _CHANNEL_PATH | _REVERSE)
    if not query:
        raise _problem(f"event log, {name}")
    left = question.limit
    try:
        while left > 0:
            handles = (c_void_p * _BATCH)()
            count = c_uint32()
            wanted = min(left, _BATCH)
            if not wevtapi.EvtNext(query, wanted, handles, _NEXT_MILLISECONDS, 0, ctypes.byref(count)):
                number = last_error()
                if number == _TIMEOUT:
                    yield None
                if number in (_NO_MORE_ITEMS, _TIMEOUT):
                    return
                raise _problem(f"event log, {name}")
            left -= count.value
            events = list(handles[: min(count.value, wanted)])
            try:
                for event in events:
                    text = _rendered(wevtapi, event)
                    if text:
                        yield text
            finally:
                for event in events:
                    wevtapi.EvtClose(event)
            if not events:
                return
    finally:
        wevtapi.EvtClose(query)


def _rendered(wevtapi: Any, event: int | None) -> str:
    """Returns an event's XML; "" for one that is longer than 128 KiB or cannot be rendered."""
    size, used, count = 8192, c_uint32(), c_uint32()
    for _ in range(2):
        buffer = (ctypes.c_char * size)()
        if wevtapi.EvtRender(None, event, _EVENT_XML, size, buffer, ctypes.byref(used), ctypes.byref(count)):
            return wide_text(buffer.raw[: used.value])
        if last_error() != _INSUFFICIENT_BUFFER or not size < used.value <= _MAX_XML:
            return ""
        size = used.value
    return ""


def _declare(wevtapi: Any) -> None:
    wevtapi.EvtQuery.argtypes, wevtapi.EvtQuery.restype = (c_void_p, c_wchar_p, c_wchar_p, c_uint32), c_void_p
    wevtapi.EvtNext.argtypes = (c_void_p, c_uint32, c_void_p, c_uint32, c_uint32, c_void_p)
    wevtapi.EvtNext.restype = ctypes.c_int32
    wevtapi.EvtRender.argtypes = (c_void_p, c_void_p, c_uint32, c_uint32, c_void_p, c_void_p, c_void_p)
    wevtapi.EvtRender.restype = ctypes.c_int32
    wevtapi.EvtClose.argtypes, wevtapi.EvtClose.restype = (c_void_p,), ctypes.c_int32


def _problem(what: str) -> HostError:
    number = last_error()
    # ERROR_EVT_CHANNEL_NOT_FOUND (winerror.h)
    return Missing(f"{what}: this Windows has no such log") if number == _CHANNEL_NOT_FOUND else error_of(number, what)
