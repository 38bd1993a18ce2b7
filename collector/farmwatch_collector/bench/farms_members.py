"""What a simulated laptop says by itself: every detector run on it, fleet ties left out, and its hours of activity."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from farmwatch_detectors.placing import Egress
from farmwatch_detectors.registry import DETECTORS
from farmwatch_detectors.view import DeviceView, SectionView, Span
from farmwatch_schema.observables.input_source import InputDay

from ..evaluate import Company, judge
from ..farms.activity import DAYS, activity_of
from ..farms.source import Activity, MemberScore
from ..history import advance
from ..lab.simulation import Exit, SimulatedDevice, Stretch
from ..roster.serials import entry_of
from ..score import without

#: Group F is what the farm is judged by; its members' own evidence leaves it out.
OWN_DETECTORS = tuple(detector for detector in DETECTORS if detector.group != "F")

#: How a judgement says that a detector failed.
_FAILED = re.compile(r"detector (\w+) failed")


class Members:
    """A `Source` over a simulated fleet. Devices that nobody asked to `judge` are not known.

    device_of  makes a device of the world again; None for one that the world does not have
    at         the moment of judgement
    faults     devices on which a detector failed, by detector
    """

    def __init__(self, device_of: Callable[[str], SimulatedDevice | None], company: Company, at: datetime) -> None:
        self._device_of = device_of
        self._company = company
        self._at = at
        self._scores: dict[str, MemberScore] = {}
        self._activity: dict[str, Activity] = {}
        self.faults: Counter[str] = Counter()

    @property
    def judged(self) -> int:
        """How many devices were judged."""
        return len(self._scores)

    def judge(self, devices: Collection[str]) -> None:
        """Judges devices that were not judged before."""
        for device in sorted(set(devices) - self._scores.keys()):
            made = self._device_of(device)
            view = view_of(made, self._company, self._at) if made is not None else None
            if made is None or view is None:
                continue
            self._scores[device] = own_score(view, made.name, self.faults)
            days = days_told(made.stretches, self._at)
            since = self._at.astimezone(UTC).date() - timedelta(days=DAYS)
            activity = activity_of(days, view.history.get("sessions", ()), since=since, at=self._at)
            if activity is not None:
                self._activity[device] = activity

    def scores(self, devices: Collection[str]) -> Mapping[str, MemberScore]:
        return {device: self._scores[device] for device in devices if device in self._scores}

    def activity(self, devices: Collection[str], since: date) -> Mapping[str, Activity]:
        found: dict[str, Activity] = {}
        for device in devices:
            known = self._activity.get(device)
            if known is not None:
                slots = {day: value for day, value in known.slots.items() if day >= since}
                watched = {day: value for day, value in known.watched.items() if day >= since}
                found[device] = Activity(slots=slots, watched=watched, source=known.source)
        return found


def own_score(view: DeviceView, name: str = "", faults: Counter[str] | None = None) -> MemberScore:
    """Returns what a device's own evidence says of it.

    faults  gains the detectors that failed
    """
    found = judge(view, OWN_DETECTORS)
    if faults is not None:
        faults.update(name for level in found.groups for name in _FAILED.findall(f"{level.grey} {level.meaning}"))
    bits, probability = without("F", found.groups, found.bars)
    return MemberScore(
        device=view.device,
        bits=bits,
        probability=probability,
        points=found.points,
        attention=found.attention,
        name=name,
        seen_at=max(section.observed_at for section in view.sections.values()),
    )


def view_of(made: SimulatedDevice, company: Company, at: datetime) -> DeviceView | None:
    """Returns a simulated device as detectors see it at a moment; None when it had not reported by then.

    The reports themselves are not made here, so nobody kept count of them: group A is not judged by silence.
    """
    sections: dict[str, SectionView] = {}
    history: dict[str, tuple[Span, ...]] = {}
    last: dict[str, datetime] = {}
    for stretch in sorted(made.stretches, key=lambda each: each.first):
        if stretch.first > at:
            continue
        section = section_of(stretch)
        history[stretch.kind] = advance(history.get(stretch.kind, ()), section, last.get(stretch.kind))
        until = min(stretch.until, at)
        sections[stretch.kind] = msgspec.structs.replace(section, observed_at=until)
        if section.looked:
            last[stretch.kind] = until
    if not sections:
        return None
    return DeviceView(
        device=made.device,
        now=at,
        enrolled_at=made.enrolled_at,
        sections=sections,
        history=history,
        roster=entry_of(company.roster, made.device, sections),
        policy=company.policy,
        assets=company.assets,
        egress=tuple(egress_of(each, at) for each in made.exits if each.first <= at),
    )


def section_of(stretch: Stretch) -> SectionView:
    """Returns a stretch as the section that its first report held."""
    return SectionView(
        kind=stretch.kind,
        outcome=stretch.outcome,
        observed_at=stretch.first,
        items=stretch.items,
        reason=stretch.reason,
    )


def egress_of(each: Exit, at: datetime | None = None) -> Egress:
    """Returns an exit as ingest keeps it, up to a moment."""
    until = each.until if at is None else min(each.until, at)
    return Egress(
        address=each.address,
        seen_from=each.first,
        seen_until=until,
        kind=each.kind,
        asn=each.asn,
        network=each.network,
        country=each.country,
        days=tuple(day for day in each.days if day <= until.astimezone(UTC).date()),
        block=each.block,
    )


def days_told(stretches: Sequence[Stretch], at: datetime) -> Iterator[InputDay]:
    """Yields the days of input that a device's reports up to a moment tell of."""
    for stretch in stretches:
        if stretch.kind == "input_source" and stretch.first <= at:
            yield from (item for item in stretch.items if isinstance(item, InputDay) and _begun(item, at))


def _begun(day: InputDay, at: datetime) -> bool:
    return day.day <= at.astimezone(UTC).date().isoformat()


def end_of(day: date) -> datetime:
    """Returns the moment at which a UTC day is over."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)
