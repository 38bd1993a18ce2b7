"""What was counted of a day's input, in one form for every platform: rows, the file they are kept in, its bounds.

Only seconds, quarters of an hour, and gaps in coarse buckets: no order of events, no key, no place. The same form is
the reader's own memory over a restart, and what the helper in a user's session hands to the reader; so what comes
out of a file is taken for anything until `checked` has looked at it.
"""

import os
import re
import sys
from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from farmwatch_schema.observables.input_source import SLOT_MINUTES
from farmwatch_schema.observables.input_timing import GAP_EDGES_MS

from ..files import write_whole
from ..names import without_owner
from .protocol import HostError, Missing, NotSupported, SourceBroken
from .row import Row

VERSION = 1
DAY_SECONDS = 86_400
SLOTS = 24 * 60 // SLOT_MINUTES
BUCKETS = len(GAP_EDGES_MS) + 1
#: Sources of one day, days of one file, bytes of one file, files of one folder: more is not taken.
MAX_SOURCES, MAX_DAYS, MAX_BYTES, MAX_FILES = 32, 4, 1 << 16, 16
METHODS = ("evdev", "interrupts", "raw_input", "idle_time")
BUSES = ("builtin", "usb", "bluetooth", "virtual", "remote", "injected", "other")
FUNCTIONS = ("keyboard", "pointer", "")
#: Longer than this nobody's hand rests between two bursts of a rhythm that is worth telling.
MAX_PERIOD_SECONDS = 3600
MAX_NAME = 80
_MAX_GAPS = 1 << 31
_DAY = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\Z", re.ASCII)
_ID = re.compile(r"(?:[0-9a-f]{4})?\Z")
_SLOTS = re.compile(rf"[0-9a-f]{{{SLOTS // 4}}}\Z")


class InputSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where input comes from, as coarse as it is told.

    bus       as in `InputDevice`, or `injected`: given by a program, without a device
    function  `keyboard`, `pointer` or ""
    absolute  points by absolute position; None when not known
    vendor_id, product_id  four lower hex digits; "" when it has none
    """

    bus: str
    function: str = ""
    absolute: bool | None = None
    vendor_id: str = ""
    product_id: str = ""


#: Stands for all sources beyond `MAX_SOURCES`.
REST = InputSource(bus="other")


class SourceCount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one source gave on one day.

    seconds  with any input
    gaps     between two events, how many in each bucket of `GAP_EDGES_MS` and the open one; () when not timed
    period_seconds  between bursts that follow each other evenly; None without such a rhythm
    """

    source: InputSource
    seconds: int = 0
    gaps: tuple[int, ...] = ()
    period_seconds: int | None = None


class InputDayCounts(Row, frozen=True, kw_only=True, omit_defaults=True):
    """One day's input, as far as it was counted. `of` is "".

    day      UTC, "2026-11-22"
    method   as in `InputDay`
    watched  seconds in which was looked; the others are unknown
    active   seconds with any input
    slots    24 hex digits, as in `InputDay`
    sources  sorted
    """

    table: ClassVar[str] = "input_day_counts"
    platforms: ClassVar[tuple[str, ...]] = ("linux", "macos", "windows")

    day: str = ""
    method: str = ""
    watched: int = 0
    active: int = 0
    slots: str = "0" * (SLOTS // 4)
    sources: tuple[SourceCount, ...] = ()

    @classmethod
    def live(cls, of: str) -> "list[InputDayCounts]":
        from . import input_watch  # noqa: PLC0415 (it needs this module)

        watch = input_watch.current()
        handed = _handed() if sys.platform in ("win32", "darwin") else []
        # The helper in the session tells sources apart; the reader by itself, where it can watch at all, does not.
        found = handed or ([] if watch is None else watch.rows())
        if not found and watch is None:
            why = (
                "no helper in a user's session has counted it"
                if sys.platform in ("win32", "darwin")
                else "only the running reader counts it"
            )
            raise NotSupported(why)
        return found

    def rewritten(self, text: Any) -> "InputDayCounts":
        # Days, ids and counts tell nobody, and must not be taken for addresses.
        return self


class InputFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of counts holds."""

    version: int
    days: list[InputDayCounts]


def checked(row: InputDayCounts) -> InputDayCounts | None:
    """Returns a row within its bounds; None for one that no honest count can be."""
    sources = row.sources[:MAX_SOURCES]
    sound = (
        _DAY.match(row.day) is not None
        and row.method in METHODS
        and _SLOTS.match(row.slots) is not None
        and 0 <= row.active <= DAY_SECONDS
        and 0 <= row.watched <= DAY_SECONDS
        and all(map(_sound, sources))
    )
    return msgspec.structs.replace(row, sources=sources) if sound else None


def merged(rows: Iterable[InputDayCounts]) -> list[InputDayCounts]:
    """Returns one row a day and method, of what several sessions or files counted; a day has no more than its seconds.

    Of the days the newest `MAX_DAYS` are kept.
    """
    found: dict[tuple[str, str], InputDayCounts] = {}
    for row in rows:
        key = (row.day, row.method)
        found[key] = _sum(found[key], row) if key in found else row
    days = sorted({day for day, _ in found})[-MAX_DAYS:]
    return [found[key] for key in sorted(found) if key[0] in days]


def load(path: str) -> list[InputDayCounts]:
    """Returns what a file of this user's own counted; nothing when there is none or it makes no sense."""
    try:
        with open(path, "rb") as file:
            return parse(file.read(MAX_BYTES + 1), path)
    except (OSError, SourceBroken):
        return []


def parse(data: bytes, path: str) -> list[InputDayCounts]:
    """Returns the sound rows of a file; raises SourceBroken when it is none of ours."""
    if len(data) > MAX_BYTES:
        raise SourceBroken(f"{path}: is larger than {MAX_BYTES} bytes")
    try:
        said = msgspec.json.decode(data, type=InputFile)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise SourceBroken(f"{path}: holds no counts of input") from None
    if said.version != VERSION:
        raise SourceBroken(f"{path}: is of another version")
    return merged(row for row in map(checked, said.days[: 4 * MAX_DAYS]) if row is not None)


def save(rows: list[InputDayCounts], path: str, mode: int = 0o600) -> None:
    """Writes rows whole or not at all; what cannot be written is lost and nothing else."""
    try:
        write_whole(path, msgspec.json.encode(InputFile(version=VERSION, days=rows)), mode, durable=False)
    except OSError:
        return


def sessions_folder(platform: str = sys.platform) -> str:
    """Returns where helpers in users' sessions leave their counts. Its rights: docs/privacy.md."""
    if platform == "win32":
        return os.path.join(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), "farmwatch-agent", "sessions")
    return "/Library/Application Support/farmwatch-agent/sessions"


def from_sessions(host: Any, folder: str) -> list[InputDayCounts]:
    """Returns what the helpers counted, through the host's own care for links; a file that makes no sense is left out.

    Raises SourceBroken when there are files and none of them makes sense, so that spoiling one's own is no silence.
    """
    try:
        names = [name for name in host.names(folder) if name.endswith(".json")]
    except Missing:
        return []
    rows: list[InputDayCounts] = []
    problem: HostError | None = None
    for name in names[:MAX_FILES]:
        try:
            rows += parse(host.read(os.path.join(folder, name), MAX_BYTES + 1), name)
        except Missing:
            continue
        except HostError as error:
            problem = error
    if problem is not None and not rows:
        raise problem
    return merged(rows)


def _handed() -> list[InputDayCounts]:
    from . import open_host  # noqa: PLC0415 (it needs the rows of its platform)

    return from_sessions(open_host(), sessions_folder())


def _sound(count: SourceCount) -> bool:
    source = count.source
    return (
        source.bus in BUSES
        and source.function in FUNCTIONS
        and _ID.match(source.vendor_id) is not None
        and _ID.match(source.product_id) is not None
        and 0 <= count.seconds <= DAY_SECONDS
        and len(count.gaps) in (0, BUCKETS)
        and all(0 <= gap < _MAX_GAPS for gap in count.gaps)
        and (count.period_seconds is None or 0 < count.period_seconds <= MAX_PERIOD_SECONDS)
    )


def _sum(one: InputDayCounts, other: InputDayCounts) -> InputDayCounts:
    counts = {count.source: count for count in one.sources}
    for count in other.sources:
        known = counts.get(count.source)
        if known is None and len(counts) >= MAX_SOURCES:
            continue
        counts[count.source] = count if known is None else _both(known, count)
    return InputDayCounts(
        day=one.day,
        method=one.method,
        watched=min(DAY_SECONDS, max(one.watched, other.watched)),
        active=min(DAY_SECONDS, one.active + other.active),
        slots=f"{int(one.slots, 16) | int(other.slots, 16):0{SLOTS // 4}x}",
        sources=in_order(counts.values()),
    )


def _both(one: SourceCount, other: SourceCount) -> SourceCount:
    pairs = zip(one.gaps or (0,) * BUCKETS, other.gaps or (0,) * BUCKETS, strict=True)
    return SourceCount(
        source=one.source,
        seconds=min(DAY_SECONDS, one.seconds + other.seconds),
        gaps=tuple(min(_MAX_GAPS - 1, a + b) for a, b in pairs) if one.gaps or other.gaps else (),
        period_seconds=one.period_seconds or other.period_seconds,
    )


def plain_name(name: str) -> str:
    """Returns a device's name without its owner's, who may have named it: "Anna's Mouse" is "Mouse"."""
    return without_owner(name)[:MAX_NAME]


def in_order(counts: Iterable[SourceCount]) -> tuple[SourceCount, ...]:
    """Returns counts sorted by source."""
    return tuple(sorted(counts, key=lambda count: msgspec.json.encode(count.source)))
