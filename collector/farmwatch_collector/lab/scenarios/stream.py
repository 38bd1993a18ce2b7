"""The reports of a simulated fleet, as agents make them: numbered, chained, states in full once and by digest after.

A report in which nothing changed is put together from the pieces of the one before; only what changed is encoded.
"""

import hashlib
import heapq
import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from farmwatch_schema.codec import digest_of
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables import KINDS, Gap, Observable
from farmwatch_schema.observables.input_source import InputDay, InputShare
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips
from farmwatch_schema.report import Agent, Report, Section

from .. import ways_out
from . import hours
from .device import FIRST_DAYS, OFF, PAST, Device, Facts

VERSION = "0.1.0"
#: What input is counted by, where the agent may (agent's host/).
METHODS = {"linux": "evdev", "windows": "raw_input", "macos": "idle_time"}
_TIME = "\x01"
_QUOTED = msgspec.json.encode(_TIME)[1:-1]
_OPT_IN = ("input_timing", "arp")
#: Kinds that move on by themselves.
_MOVING = ("input_source", "latency")
_NEVER_EQUAL = (InputDay, RoundTrips, MeasuringRound)


class Encoder:
    """Encodes observables under one company's key; equal ones of different laptops are encoded once."""

    def __init__(self, key: bytes) -> None:
        self._hook = Keyer.from_key(key).hook
        self._known: dict[Observable, bytes] = {}

    def items(self, observables: Sequence[Observable]) -> bytes:
        """Returns the array of a section's items, sorted by their bytes as the runner sorts them."""
        return b"[" + b",".join(sorted({self._one(item) for item in observables})) + b"]"

    def _one(self, item: Observable) -> bytes:
        if isinstance(item, _NEVER_EQUAL):
            return msgspec.json.encode(item)
        known = self._known.get(item)
        if known is None:
            known = self._known[item] = msgspec.json.encode(item, enc_hook=self._hook)
        return known


def fleet_reports(devices: Sequence[Device], key: bytes, every: int, rounds: int = 2) -> Iterator[bytes]:
    """Yields the reports of all devices by time; `every` seconds pass between two heartbeats.

    rounds  of measuring on each day
    """
    encoder = Encoder(key)
    originals = [*devices, *(device.copy for device in devices if device.copy)]
    streams = [reports(device, encoder, every, rounds) for device in originals]
    for _, _, data in heapq.merge(*streams):
        yield data


def reports(device: Device, encoder: Encoder, every: int, rounds: int = 2) -> Iterator[tuple[str, str, bytes]]:
    """Yields time, device and bytes of each report of one device."""
    dice = random.Random(f"reports {device.id}")  # noqa: S311 - a fleet that can be made again, nothing secret
    epoch = f"{dice.getrandbits(128):032x}"
    pending = sorted(device.moments, key=lambda moment: moment.at)[::-1]
    facts = device.facts.copy()
    writer = _Writer(device, encoder)
    measuring = random.Random(f"rounds {device.id}")  # noqa: S311 - the same
    detour = ways_out.detours(device.id)
    due = device.enrolled + measuring.randrange(0, 3600) if rounds else device.enrolled + 10_000 * hours.DAY
    boots = [device.enrolled - dice.randrange(600, 5 * hours.DAY), *device.use.boots]
    first = 1
    if device.copied_after is not None:
        first += device.copied_after // every
        dice = random.Random(f"copy {device.id}")  # noqa: S311 - its boots and minutes are its own
    names = [f"{dice.getrandbits(64):016x}" for _ in boots]
    head = f'{{"device":"{device.id}","epoch":"{epoch}","sequence":'
    agent = msgspec.json.encode(Agent(version=VERSION, platform=device.platform)).decode()
    previous = ""
    for number, at in enumerate(_times(device, every, dice), first):
        changed = number == first
        seen_at = min(at, device.frozen_at or at)
        while pending and pending[-1].at <= seen_at:
            pending.pop().change(facts)
            changed = True
        trips: tuple[Observable, ...] = ()
        if seen_at >= due:
            # The sender measured just before; a laptop that slept through a round makes the next one.
            network, began = facts.items.get("network", ()), hours.stamp(seen_at - 90)
            at_home = facts.here == device.home or facts.way.carried
            way = facts.way if at_home else ways_out.Way(spread_ms=3.0)
            trips = tuple(
                ways_out.measured(device.platform, network, facts.here, device.claimed, way, began, measuring, detour)
            )
            due = seen_at + int(hours.DAY / rounds * measuring.uniform(0.85, 1.0))
        boot = bisect_right(boots, seen_at) - 1
        stamp = hours.stamp(at)
        last = f',"previous":"{previous}"' if previous else ""
        data = (
            f'{head}{number},"boot":"{names[boot]}","created_at":"{stamp}",'
            f'"uptime_seconds":{seen_at - boots[boot]},"agent":{agent},"sections":['.encode()
            + stamp.encode().join(writer.sections(facts, seen_at, changed, trips))
            + f"]{last}}}".encode()
        )
        previous = hashlib.sha256(data).hexdigest()
        yield stamp, device.id, data


def _times(device: Device, every: int, dice: random.Random) -> list[int]:
    """Returns when reports are made: soon after waking, then every so often, and at what wakes the reader."""
    times: set[int] = set()
    woken = [moment.at for moment in device.moments if moment.wakes]
    for span in device.use.awake:
        at = span.start + (0 if span.start == device.enrolled else dice.randrange(60, 180))
        while at < span.end:
            times.add(at)
            at += int(every * dice.uniform(0.8, 1.2))
        times.update(at + 2 for at in woken if span.start <= at < span.end - 2)
    return sorted(times)


class _Writer:
    """Makes the sections of one device's reports, in pieces between which the time stands."""

    def __init__(self, device: Device, encoder: Encoder) -> None:
        self._device = device
        self._encoder = encoder
        self._seen: dict[str, object] = {}
        self._digests: dict[str, str] = {}
        self._parts: dict[str, tuple[bytes, bytes]] = {}
        self._pieces: list[bytes] = []

    def sections(self, facts: Facts, at: int, changed: bool, trips: tuple[Observable, ...] = ()) -> list[bytes]:
        """Returns the sections' bytes as pieces: the time of the report stands between two of them.

        changed  something but the day's input may differ from the report before
        trips    what was measured since then
        """
        full: dict[str, tuple[bytes, bytes]] = {}
        for kind in KINDS if changed else _MOVING:
            outcome = facts.outcomes.get(kind) or self._switched_off(kind, at)
            items = trips if kind == "latency" else facts.items.get(kind, ())
            if kind == "input_source" and outcome is None and not facts.hides_days:
                items += tuple(input_days(self._device, at))
            seen = (items, outcome)
            if self._seen.get(kind) != seen:
                self._seen[kind] = seen
                full[kind] = self._encoded(kind, items, outcome)
        if not full:
            return self._pieces
        now = [full.get(kind) or self._parts[kind] for kind in KINDS]
        self._parts |= {kind: self._short(kind, part) for kind, part in full.items()}
        self._pieces = _joined([self._parts[kind] for kind in KINDS])
        return _joined(now)

    def _switched_off(self, kind: str, at: int) -> tuple[str, str] | None:
        if kind in _OPT_IN and not (kind == "input_timing" and self._device.timing):
            return "not_supported", OFF.format(kind)
        if kind == "input_source" and at - self._device.enrolled >= FIRST_DAYS * hours.DAY:
            return "not_supported", PAST.format(kind)
        return None

    def _encoded(
        self, kind: str, items: tuple[Observable, ...], outcome: tuple[str, str] | None
    ) -> tuple[bytes, bytes]:
        """Returns a section's bytes before and after its time. Outcomes follow from the items as in the runner."""
        if outcome is not None:
            self._digests.pop(kind, None)
            return _halves(Section(kind=kind, outcome=outcome[0], observed_at=_TIME, reason=outcome[1]))  # type: ignore[arg-type]
        if not items:
            self._digests.pop(kind, None)
            return _halves(Section(kind=kind, outcome="none", observed_at=_TIME))
        gaps = [item for item in items if isinstance(item, Gap)]
        reason = "; ".join(f"not seen: {gap.what}" for gap in gaps[:3])
        data = self._encoder.items(items)
        if kind == "latency":  # a sample is sent whole and has no digest
            return _halves(Section(kind=kind, outcome="found", observed_at=_TIME, items=msgspec.Raw(data)))
        digest = digest_of(data)
        same = self._digests.get(kind) == digest
        self._digests[kind] = digest
        return _halves(
            Section(
                kind=kind,
                outcome=gaps[0].outcome if len(gaps) == len(items) else "found",
                observed_at=_TIME,
                reason=reason,
                digest=digest,
                items=msgspec.UNSET if same else msgspec.Raw(data),
            )
        )

    def _short(self, kind: str, part: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        """Returns a section as the next report tells it when nothing changes: without its items."""
        head, tail = part
        place = tail.find(b',"items":')
        return (head, tail) if place < 0 or kind not in self._digests else (head, tail[:place] + b"}")


def input_days(device: Device, at: int) -> Iterator[InputDay]:
    """Yields what the running reader counted of yesterday and today, as `input_days.py` of the agent tells it."""
    today = at // hours.DAY
    for day in (today - 1, today):
        watched = device.use.awake_slots(day, at)
        if not watched:
            continue
        slots = device.use.active_until(day, at)
        count = slots.bit_count()
        shares = device.use.shares_of(day) if count else ()
        yield InputDay(
            day=hours.day_name(day),
            method=METHODS[device.platform],
            active=-(-count * 11 // 15) * 15,  # somebody who works gives input in eleven minutes of fifteen
            slots=f"{slots:024x}",
            watched=watched * 15,
            shares=as_told(device.platform, shares),
        )


def as_told(platform: str, shares: hours.Shares) -> hours.Shares:
    """Returns shares as the platform's counter tells them apart.

    A Mac's idle clocks know hardware (`other`) from programs (`injected`) and no device from another.
    """
    if platform != "macos":
        return tuple(sorted(shares, key=lambda share: str((share.bus, share.function, share.absolute))))
    hardware: dict[tuple[str, str], int] = {}
    for share in shares:
        key = ("injected" if share.bus in ("injected", "remote") else "other", share.function)
        hardware[key] = min(100, hardware.get(key, 0) + share.percent)
    return tuple(
        InputShare(bus=bus, function=function, percent=part) for (bus, function), part in sorted(hardware.items())
    )


def _halves(section: Section) -> tuple[bytes, bytes]:
    head, _, tail = msgspec.json.encode(section).partition(_QUOTED)
    return head, tail


def _joined(parts: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Returns pieces between which the time stands: head, tail and the next head, ..., tail."""
    pieces = [parts[0][0]]
    for (_, tail), (head, _) in pairwise(parts):
        pieces.append(tail + b"," + head)
    pieces.append(parts[-1][1])
    return pieces


def whole(data: bytes) -> Report:
    """Returns a report from its bytes; used where a sample is checked."""
    return msgspec.json.decode(data, type=Report)
