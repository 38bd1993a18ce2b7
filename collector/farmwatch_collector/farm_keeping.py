"""Finding farms beside the judging of devices: ties are recalled and kept, farms looked for after each round.

Nothing here may stop the judging. What fails is logged, and farms are gathered anew from the store a while later.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

import msgspec

from farmwatch_detectors.view import DeviceView, Rhythm, SectionView

from .assessment import Assessment
from .farms.source import FarmChange
from .farms.types import Farm, FarmState, Label
from .farms.watch import FarmWatch
from .fleet import Fleet
from .score import without
from .store.protocol import Store
from .ties.kinds import SECTIONS, sources_in
from .ties.types import Held

REFRESH_EVERY = timedelta(days=1)
EXPIRES = timedelta(days=60)
"""How long after it was last shown a value is remembered: as long as an exit is."""

FOLLOW_EVERY = timedelta(hours=1)
"""How often cases of farms are looked at that only time changes."""

AGAIN = timedelta(minutes=5)
"""How long after a failure farms are gathered anew."""

AT_ONCE = 1_000
MOST_MOMENTS = 128
"""Past moments of one kind that a device is looked at again: half of them its first, which tell where it began."""

NOTICED = 0.1
"""Bits by which a member's own evidence must change for its farm to be judged again."""

_DAY = 86_400
_SECOND = timedelta(seconds=1)
Answer = TypeVar("Answer")
_log = logging.getLogger("farmwatch.farms")


class FarmKeeper:
    """Keeps the fleet's ties and farms in step with the store. For the loop's thread only.

    watch     makes the one that finds them, without anything known
    channels  on which new cases are told
    """

    def __init__(
        self, store: Store, fleet: Fleet, watch: Callable[[], FarmWatch], channels: Sequence[str] = ()
    ) -> None:
        self._store = store
        self._fleet = fleet
        self._make = watch
        self._watch: FarmWatch | None = None  # until all are gathered for the first time
        self._channels = channels
        self._labels: list[Label] = []
        self._bits: dict[str, float] = {}
        self._written: dict[str, int] = {}
        self._refresh_at = datetime.min.replace(tzinfo=UTC)
        self._follow_at = self._refresh_at
        self._fresh = self._lost = self._touched = False

    def recall(self, now: datetime, stopped: Callable[[], bool] = lambda: False) -> None:
        """Builds the fleet's ties from the store: a row a device, and the history of those that have none."""
        known: set[str] = set()
        for device, body in self._store.device_ties():
            try:
                self._fleet.recall(device, body)
            except msgspec.DecodeError:
                _log.warning("the ties of device %s cannot be read; they are made anew", device)
                continue
            known.add(device)
        for each in self._store.devices():
            if stopped():
                return
            if each.device in known:
                continue
            try:
                view = self._store.view(each.device, now)
                if view is not None:
                    view = _not_ahead(view, now)
                    self._look_back(view)
                    self._fleet.observe(view.device, view.sections, view.egress)
                    self.keep(each.device, now)
            except Exception:  # its own evaluation will say so
                _log.exception("device %s could not be read", each.device)

    def _look_back(self, view: DeviceView) -> set[str]:
        """Tells the fleet what a device showed since the fleet last saw it; returns the devices whose ties changed.

        Reports that waited in a spool come many at once, and only the latest is what the view shows.
        """
        touched: set[str] = set()
        for kind in SECTIONS:
            section = view.sections.get(kind)
            last = self._fleet.looked(view.device, kind)
            if section is None or not section.looked or int(section.observed_at.timestamp()) <= last:
                continue
            until, spans = section.observed_at, view.history.get(kind, ())
            moments = sorted(
                {one.seen_from for one in spans if one.seen_from < until and int(one.seen_from.timestamp()) > last}
            )
            if last and int(until.timestamp()) // _DAY - last // _DAY > 1:
                moments.insert(0, datetime.fromtimestamp(last, UTC))
            if len(moments) > MOST_MOMENTS:
                moments = moments[: MOST_MOMENTS // 2] + moments[-MOST_MOMENTS // 2 :]
            for at, then in pairwise([*moments, until]):
                touched |= self._show_again(view, kind, at, then)
        return touched

    def _show_again(self, view: DeviceView, kind: str, at: datetime, then: datetime) -> set[str]:
        """What a section showed from one moment until the next, on the days on which reports were made."""
        there = [
            one
            for one in view.history.get(kind, ())
            if one.seen_from <= at and (one.seen_until is None or at <= one.seen_until)
        ]
        end = min([then, *(one.seen_until + _SECOND for one in there if one.seen_until is not None)])
        heard = view.reporting.heard if view.reporting is not None else ()
        hours = [hour for hour in heard if at.timestamp() <= hour * 3600 and hour * 3600 + 3600 <= end.timestamp()]
        until = datetime.fromtimestamp(hours[-1] * 3600, UTC) if hours else at
        days = sorted({datetime.fromtimestamp(hour * 3600, UTC).date() for hour in hours})
        shown = SectionView(kind=kind, outcome="found", observed_at=at, items=tuple(one.item for one in there))
        return self._fleet.take(view.device, sources_in(shown), at, until, days)

    def observe(self, view: DeviceView, now: datetime) -> set[str]:
        """Takes in what a device shows now; returns the devices whose ties changed by it."""
        try:
            view = _not_ahead(view, now)
            touched = self._look_back(view)
            touched |= self._fleet.observe(view.device, view.sections, view.egress)
            self.keep(view.device, now)
        except Exception:  # what others share with it is told a while later; what it shows by itself counts now
            _log.exception("what device %s shares could not be read", view.device)
            return set()
        self.touch(touched)
        return touched

    def keep(self, device: str, now: datetime) -> None:
        """Writes what a device has when that is another than what was written, or was shown on another day: never
        for a report that tells the same, nor for the hour at which it came."""
        if not self._fleet.changed(device):
            return
        body = self._fleet.memory(device)
        told = hash(tuple(_told(each) for each in self._fleet.held(device)))
        if self._written.get(device) != told:
            self._store.save_ties(device, body, now)
            self._written[device] = told

    def touch(self, devices: Collection[str]) -> None:
        """Takes note that ties of these devices changed."""
        watch = self._watch
        if devices and watch is not None and self._fresh:
            self._touched = True
            self._safely(lambda: watch.touch(devices))

    def judged(self, assessment: Assessment) -> None:
        """Takes note of a device's judgement: its farm's changes with its own evidence, never with its ties'."""
        device = assessment.device
        watch = self._watch
        if watch is None or self._safely(lambda: watch.farm_of(device)) is None:
            self._bits.pop(device, None)
            return
        bits, _ = without("F", assessment.groups, assessment.bars)
        before = self._bits.get(device)
        if before is None or abs(bits - before) >= NOTICED:
            self._bits[device] = bits
            self.touch([device])

    def rhythms(self, device: str) -> tuple[Rhythm, ...]:
        """Returns the devices whose activity fits this one's."""
        watch = self._watch
        return () if watch is None else self._safely(lambda: watch.rhythms(device)) or ()

    def take_labels(self, now: datetime) -> set[str]:
        """Takes analysts' words as they hold today; returns the devices whose ties that changes."""
        labels = self._store.labels(now.date())
        if labels == self._labels:
            return set()
        self._labels = labels
        return self._fleet.set_labels(labels)

    def settle(self, now: datetime) -> None:
        """Looks for farms around what was touched, all of them once a day, and keeps what changed."""
        self._safely(lambda: self._settle(now))

    def _settle(self, now: datetime) -> None:
        if self._lost:
            self._lost, self._refresh_at = False, now + AGAIN
        if now >= self._refresh_at:
            self._gather(now)
            return
        if not self._fresh or self._watch is None:
            return
        changes = self._watch.update(now) if self._touched else []
        self._touched = False
        if changes or now >= self._follow_at:
            self._save(self._watch, changes, now)

    def _gather(self, now: datetime) -> None:
        """Looks for all farms anew; from what the store has of them, where something failed before."""
        self._refresh_at = now + AGAIN  # should this fail
        watch = self._watch if self._fresh else None
        if watch is None:
            watch = self._make()
            watch.load(self._kept())
        self._expire(now)
        self._save(watch, watch.refresh(now), now)
        self._watch, self._fresh, self._touched, self._refresh_at = watch, True, False, now + REFRESH_EVERY
        self._bits = {each: bits for each, bits in self._bits.items() if watch.farm_of(each) is not None}

    def _expire(self, now: datetime) -> None:
        """Lets go of what nobody has shown for long; what is kept of a device says so when it is kept next."""
        touched = self._fleet.expire(now - EXPIRES)
        if touched:
            self._store.set_due(sorted(touched), now)

    def _kept(self) -> list[Farm]:
        """Returns the farms that may change yet: one that ended by itself may return, one that went into another may
        not."""
        states: tuple[FarmState, ...] = ("open", "explained", "ended")
        found: list[Farm] = []
        while part := self._store.farms(states, limit=AT_ONCE, after=found[-1].id if found else 0):
            found += part
            if len(part) < AT_ONCE:
                break
        return [each for each in found if each.into is None]

    def _save(self, watch: FarmWatch, changes: Sequence[FarmChange], now: datetime) -> None:
        self._follow_at = now + FOLLOW_EVERY
        numbers = self._store.save_farms(changes, now, self._channels)
        watch.named(numbers)
        touched = {device for change in changes for device in change.touched}
        if touched:
            self._store.set_due(sorted(touched), now)

    def _safely(self, act: Callable[[], Answer]) -> Answer | None:
        try:
            return act()
        except Exception:  # whatever it is, devices must be judged
            _log.exception("farms could not be looked for; they are gathered anew in a while")
            self._fresh, self._lost = False, self._fresh or self._lost
            return None


def _not_ahead(view: DeviceView, now: datetime) -> DeviceView:
    """Returns a view none of whose sections was seen later than now: what a clock that is ahead tells would be held for
    ever."""
    if all(each.observed_at <= now for each in view.sections.values()):
        return view
    sections = {
        kind: msgspec.structs.replace(each, observed_at=min(each.observed_at, now))
        for kind, each in view.sections.items()
    }
    return msgspec.structs.replace(view, sections=sections)


def _told(held: Held) -> tuple[object, ...]:
    return (held.seen, held.first_at, held.last_at // _DAY, held.days, held.now)
