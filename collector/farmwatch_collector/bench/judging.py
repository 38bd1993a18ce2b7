"""Judges a sample over its days as the collector would.

Reports are fed by time. A device is judged when something about it changed, when it shares something new, when its
own `next_change` has come, and at the end of each day; what was stated before is carried on, as in the store.
"""

import heapq
import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from farmwatch_detectors.placing import SignIn
from farmwatch_detectors.policy import RosterEntry
from farmwatch_schema.finding import Finding, Group
from farmwatch_schema.identifiers import Keyer

from ..assessment import Assessment
from ..evaluate import Company, judge, keyed_assets
from ..flagging import FLAGGED, Flag
from ..fleet import Fleet
from ..lab.sample import Label, Sample
from ..offline import Laptop, located
from ..place.making import places_of
from ..policy_file import parse_policy
from ..roster_file import parse_roster
from .bars import RECALL
from .outcomes import Case, Outcome, Stated, VariantOutcome
from .side_files import KEPT_DAYS, Origins, parse_origins, parse_sign_ins
from .variants import Recorder, Variant, detector_variants, shape_variants

DAY = timedelta(days=1)
#: After so long nothing counts as found any more, in any class.
LATEST = timedelta(hours=max(bar.hours for bar in RECALL))
SOONEST = timedelta(minutes=1)  # as the due loop: whatever changes by itself is not looked at more often


class Course:
    """How a device fares under one way of judging it: what was stated before, its flag and its cases."""

    def __init__(self, levels: tuple[Finding, ...] = (), flag: Flag | None = None) -> None:
        self.levels = levels
        self.flag = flag or Flag()
        self.cases: list[Case] = []
        self.review_at: datetime | None = None

    def fork(self) -> "Course":
        """Returns a course with the same past."""
        other = Course(self.levels, self.flag.copy())
        other.cases, other.review_at = list(self.cases), self.review_at
        return other

    def see(self, result: Assessment, active_at: datetime | None) -> None:
        """Takes in an assessment."""
        self.levels = result.findings
        if self.flag.see(result.at, result.points, result.attention):
            groups: tuple[Group, ...] = tuple(level.group for level in result.groups if level.bits > 0)
            self.cases.append(Case(result.at, result.points, groups))
        active = active_at is not None and result.at >= active_at
        if self.review_at is None and active and result.attention in FLAGGED:
            self.review_at = result.at


class Watched:
    """A device of the sample while it is judged."""

    def __init__(self, label: Label) -> None:
        self.label = label
        self.since = datetime.fromisoformat(label.since).astimezone(UTC)
        self.laptop = Laptop(label.device)
        self.course = Course()
        self.others: dict[tuple[str, str], Course] = {}  # by kind and name of the variant
        self.variants: tuple[Variant, ...] = ()
        self.active_at: datetime | None = None
        self.stated: dict[tuple[str, str, int], Stated] = {}
        self.latest: Assessment | None = None
        self.origins = Origins()
        self.sign_ins: list[SignIn] = []
        self.judged = 0
        self.faults: set[str] = set()


class Judging:
    """One sample under judgement.

    ablations  also judge without each detector, and KVMs without each fact of their build
    """

    def __init__(self, sample: Sample, *, ablations: bool = True) -> None:
        keyer = Keyer.from_key(sample.key)
        self._sample = sample
        roster = parse_roster(sample.roster, f"{sample.name} roster") if sample.roster else {}
        self._fleet = Fleet(keyer)
        self._recorder = Recorder()
        self._devices = {label.device: Watched(label) for label in sample.labels}
        self._queue: list[tuple[datetime, int, str]] = []
        self._due: dict[str, datetime] = {}
        self._order = itertools.count()
        self._roster = roster
        self._keyer = keyer
        self._take_side_files(sample, roster)
        for watched in self._devices.values() if ablations else ():
            shaped = shape_variants() if "kvm" in watched.label.facets or "kvm" in watched.label.kind else ()
            watched.variants = detector_variants() + (shaped if watched.label.farm else ())

    def run(self) -> list[Outcome]:
        """Returns what became of every device that reported, in the order of the labels."""
        day_end: datetime | None = None
        end = datetime.min.replace(tzinfo=UTC)
        for number, data in enumerate(self._sample.reports(), start=1):
            each = located(data, self._sample.name, number)
            at = each.created_at
            if day_end is None:
                begun = datetime.combine(at.date(), time(), tzinfo=UTC)
                self._begin(begun)
                end = begun + self._sample.days * DAY
                day_end = begun + DAY
            while at >= day_end:
                self._judge_day(day_end)
                day_end += DAY
            self._judge_until(at)
            watched = self._devices.get(each.report.device)
            if watched is None:
                continue  # a device without a label: nothing can be said of it
            changed = watched.laptop.take(each)
            changed = watched.origins.report(at) or changed
            if watched.active_at is None and at >= watched.since:
                watched.active_at = at
                changed = True
            if changed:
                self._set_due(watched.label.device, at)
                for other in self._fleet.observe(watched.label.device, watched.laptop.history.sections):
                    self._set_due(other, at)
        while day_end is not None and day_end <= end:
            self._judge_day(day_end)
            day_end += DAY
        return [
            self._outcome(watched, max(end, watched.latest.at))
            for watched in self._devices.values()
            if watched.latest is not None
        ]

    def _begin(self, at: datetime) -> None:
        policy, _ = parse_policy(self._sample.policy, f"{self._sample.name} policy", at.date())
        # Without a claim no round-trip time is held against anything, and the mathematics are not even built.
        places = places_of() if any(entry.claim for entry in self._roster.values()) else None
        assets = keyed_assets(policy, self._keyer)
        self._company = Company(policy=policy, roster=self._roster, assets=assets, places=places)
        self._fleet.set_roster(self._roster)
        self._fleet.set_policy(policy)

    def _take_side_files(self, sample: Sample, roster: Mapping[str, RosterEntry]) -> None:
        origins = parse_origins(sample.origins, f"{sample.name} origins", self._keyer)
        people = parse_sign_ins(sample.sign_ins, f"{sample.name} sign-ins", self._keyer)
        for device, watched in self._devices.items():
            watched.origins = Origins(origins.get(device, []))
            entry = roster.get(device)
            watched.sign_ins = people.get(entry.person, []) if entry else []

    def _set_due(self, device: str, at: datetime) -> None:
        due = self._due.get(device)
        if due is None or at < due:
            self._due[device] = at
            heapq.heappush(self._queue, (at, next(self._order), device))

    def _judge_until(self, moment: datetime) -> None:
        """Judges what is due before a moment; what falls on it waits for the other reports of that moment."""
        while self._queue and self._queue[0][0] < moment:
            at, _, device = heapq.heappop(self._queue)
            if self._due.get(device) == at:
                del self._due[device]
                self._judge(self._devices[device], at)

    def _judge_day(self, end: datetime) -> None:
        self._judge_until(end)
        for device, watched in self._devices.items():
            if watched.laptop.history.first_at is not None:
                self._due.pop(device, None)
                self._judge(watched, end)

    def _judge(self, watched: Watched, now: datetime) -> None:
        laptop = watched.laptop
        if laptop.history.first_at is None:
            return
        laptop.levels = watched.course.levels
        laptop.egress = watched.origins.seen(now)
        laptop.sign_ins = tuple(it for it in watched.sign_ins if now - KEPT_DAYS <= it.at <= now)
        view = laptop.view(self._company, self._fleet, now)
        result = judge(view, self._recorder.detectors)
        before = watched.course.fork()
        watched.course.see(result, watched.active_at)
        watched.latest = result
        watched.judged += 1
        self._note(watched, result)
        for variant in watched.variants:
            key = (variant.kind, variant.name)
            course = watched.others.get(key)
            if not _matters(watched, course, before, now):
                continue
            differing = self._recorder.differing(variant, view)
            if course is None:
                if not differing:
                    continue
                course = watched.others[key] = before.fork()
                course.levels = tuple(each for each in before.levels if variant.replaced.get(each.detector, True))
            laptop.levels = course.levels
            other = laptop.view(self._company, self._fleet, now)
            course.see(judge(other, self._recorder.without(variant, differing)), watched.active_at)
        laptop.reports.clear()
        watched.faults |= self._recorder.failed
        self._recorder.failed.clear()
        if result.next_change is not None:
            self._set_due(watched.label.device, max(result.next_change, now + SOONEST))

    def _note(self, watched: Watched, result: Assessment) -> None:
        for finding in result.findings:
            key = (finding.detector, finding.subject, finding.level)
            if finding.level > 0 and not finding.sanctioned and not finding.seen_until and key not in watched.stated:
                watched.stated[key] = Stated(finding.group, finding.detector, finding.subject, finding.level, result.at)

    def _outcome(self, watched: Watched, end: datetime) -> Outcome:
        result = watched.latest
        first_at = watched.laptop.history.first_at
        assert result is not None
        assert first_at is not None
        aside = ("prior", "cohort", "floor", "clip")
        return Outcome(
            label=watched.label,
            sample=self._sample.name,
            platform=watched.label.facets.get("platform", ""),
            first_at=first_at,
            days=(end - first_at) / DAY,
            active_at=watched.active_at,
            review_at=watched.course.review_at,
            cases=tuple(watched.course.cases),
            stated=tuple(watched.stated.values()),
            judged=watched.judged,
            attention=result.attention,
            points=result.points,
            evidence_bits=sum(bar.bits for bar in result.bars if bar.kind not in aside),
            floor=any(level.floor for level in result.groups),
            coverage=result.coverage,
            variants=tuple(_of_variant(key, course) for key, course in watched.others.items()),
            faults=tuple(sorted(watched.faults)),
        )


def _matters(watched: Watched, course: Course | None, before: Course, now: datetime) -> bool:
    """Whether a variant can still change a figure: a farm's recall until it is found, an innocent device's cases.

    What is taken away only ever lowers a score, so innocent devices are looked at where they are cases.
    """
    if not watched.label.farm:
        return course is not None or watched.course.flag.up
    if watched.active_at is not None and now - watched.active_at > LATEST:
        return False
    return (before if course is None else course).review_at is None


def _of_variant(key: tuple[str, str], course: Course) -> VariantOutcome:
    kind, name = key
    return VariantOutcome(kind, name, tuple(case.at for case in course.cases), course.review_at)


def judge_sample(sample: Sample, *, ablations: bool = True) -> Sequence[Outcome]:
    """Returns what became of every device of a sample; raises InputError for a report that does not fit."""
    return Judging(sample, ablations=ablations).run()
