"""A device's reports as its agent makes them: numbered, chained, states in full once and by digest while they last."""

import hashlib
import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from farmwatch_schema.codec import digest_of, encode
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.input_source import InputDay
from farmwatch_schema.report import Agent, Report, Section

from ..scenarios import hours
from ..scenarios.stream import VERSION
from ..simulation import Exit, SimulatedDevice, Stretch
from .dice import dice
from .stock import Items

_SLOT = hours.SLOT


def fleet_lines(devices: Iterable[SimulatedDevice], every: int) -> Iterator[bytes]:
    """Yields the reports of all devices by time. Holds every device: for files, and fleets of some thousands."""
    streams = [((at, device.device, data) for at, data in reports(device, times(device, every))) for device in devices]
    for _, _, data in heapq.merge(*streams):
        yield data


def reports(device: SimulatedDevice, moments: Sequence[int], name: str = "") -> Iterator[tuple[int, bytes]]:
    """Yields when each report of a device is made, in seconds since 1970, and its bytes.

    moments  of `times` or `marks`
    name     the id it bears, where enrolment gave it another
    """
    name = name or device.device
    chance = dice(0, "reports", device.device)
    epoch = f"{chance.getrandbits(128):032x}"
    by_kind: dict[str, list[Stretch]] = {}
    for stretch in device.stretches:
        by_kind.setdefault(stretch.kind, []).append(stretch)
    starts = {kind: [_seconds(each.first) for each in some] for kind, some in by_kind.items()}
    writer = _Writer()
    previous, day, boot, began = "", -1, "", 0
    for sequence, at in enumerate(moments, 1):
        if at // hours.DAY != day:  # it is switched on once a day
            day, began = at // hours.DAY, at - chance.randrange(120, 600)
            boot = f"{chance.getrandbits(64):016x}"
        sections: list[Section] = []
        for kind, some in by_kind.items():
            place = bisect_right(starts[kind], at) - 1
            if place >= 0:
                sections.append(writer.section(some[place], at))
        report = Report(
            device=name, epoch=epoch, sequence=sequence, boot=boot, created_at=hours.stamp(at),
            uptime_seconds=at - began, agent=Agent(version=VERSION, platform=device.platform),
            sections=sections, previous=previous,
        )  # fmt: skip
        data = encode(report)
        previous = digest_of(data)
        yield at, data


def times(device: SimulatedDevice, every: int) -> list[int]:
    """Returns when reports are made: at each change, then every so many seconds while the device is awake."""
    found = {_seconds(each.first) for each in device.stretches}
    for each in device.stretches:
        if each.kind == _AWAKE:
            end = _seconds(each.until)
            found.update(range(_seconds(each.first), end, every))
            found.add(end)
    return sorted(found)


def marks(device: SimulatedDevice) -> list[int]:
    """Returns when what a device shows changes, its input aside, and its last moment."""
    changes = {_seconds(each.first) for each in device.stretches if each.kind not in _OFTEN}
    return sorted(changes | {max(_seconds(each.until) for each in device.stretches)})


def content_of(items: Items) -> bytes:
    """Returns a section's items as bytes, sorted as the agent's runner sorts them."""
    return b"[" + b",".join(sorted(map(msgspec.json.encode, items))) + b"]"


def reason_of(stretch: Stretch) -> str:
    """Returns what a section says of what it could not look at."""
    gaps = [item.what for item in stretch.items if isinstance(item, Gap)]
    return stretch.reason or "; ".join(f"not seen: {what}" for what in gaps)


def exit_at(device: SimulatedDevice, at: int) -> Exit:
    """Returns the public address that a report of a moment comes from."""
    day = hours.day_of(at)
    there = [each for each in device.exits if day in each.days]
    return min(there, key=lambda each: (not _seconds(each.first) <= at <= _seconds(each.until), each.first))


#: Its stretches are a day's, and tell from when to when the laptop was awake.
_AWAKE = "input_source"
_OFTEN = (_AWAKE, "power")


class _Writer:
    """Makes the sections of one device's reports."""

    def __init__(self) -> None:
        self._digests: dict[str, str] = {}
        self._known: dict[int, tuple[Items, bytes, str]] = {}

    def section(self, stretch: Stretch, at: int) -> Section:
        """Returns a section at a time; without items where they are those of the report before."""
        kind, stamp = stretch.kind, hours.stamp(at)
        if stretch.outcome != "found":
            self._digests.pop(kind, None)
            return Section(kind=kind, outcome=stretch.outcome, observed_at=stamp, reason=stretch.reason)
        items = _until(stretch, at) if kind == "input_source" else stretch.items
        data, digest = self._encoded(items)
        same = self._digests.get(kind) == digest
        self._digests[kind] = digest
        return Section(
            kind=kind, outcome=stretch.outcome, observed_at=stamp, digest=digest,
            reason=reason_of(stretch),
            items=msgspec.UNSET if same else msgspec.Raw(data),
        )  # fmt: skip

    def _encoded(self, items: Items) -> tuple[bytes, str]:
        kept = self._known.get(id(items))
        if kept is None or kept[0] is not items:
            data = content_of(items)
            kept = self._known[id(items)] = (items, data, digest_of(data))
        return kept[1], kept[2]


def _until(stretch: Stretch, at: int) -> Items:
    """Returns a day's input as it was counted up to a time."""
    if at >= _seconds(stretch.until):
        return stretch.items
    return tuple(_cut(item, at, _seconds(stretch.first)) for item in stretch.items)


def _cut(item: Observable, at: int, awake: int) -> Observable:
    if not isinstance(item, InputDay) or item.day != hours.day_name(at // hours.DAY):
        return item
    place = at % hours.DAY // _SLOT
    behind = hours.SLOTS - 1 - place
    slots = int(item.slots, 16) >> behind << behind
    watched = min(item.watched, (at - awake) // _SLOT * 15)
    return msgspec.structs.replace(
        item, active=min(-(-slots.bit_count() * 11 // 15) * 15, watched), slots=f"{slots:024x}",
        watched=watched, shares=item.shares if slots else (),
    )  # fmt: skip


def _seconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())


def fingerprint(devices: Iterable[SimulatedDevice]) -> str:
    """Returns a SHA-256 of everything in devices: two fleets are equal where it is."""
    whole = hashlib.sha256()
    for device in devices:
        whole.update(msgspec.json.encode(device))
    return whole.hexdigest()
