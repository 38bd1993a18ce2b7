"""From what is known about a device to its assessment: runs the detectors, keeps what is gone, scores."""

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec

from farmwatch_detectors.detector import Detector, Level, LevelTableError, level_table
from farmwatch_detectors.groups import STALE, silence_table, why_grey
from farmwatch_detectors.physical_use import known_since
from farmwatch_detectors.policy import Expectation, Policy, RosterEntry
from farmwatch_detectors.registry import DETECTORS
from farmwatch_detectors.reporting import reporting_ends
from farmwatch_detectors.view import DeviceView, Rhythm
from farmwatch_schema.finding import Finding, Group
from farmwatch_schema.identifiers import Keyer

from .assessment import THRESHOLDS, Assessment, GroupLevel, level_rank
from .expectations import new_groups, with_expected
from .fleet import Fleet
from .place.days import DayJudge, Placed
from .place.samples import DAYS
from .roster.serials import entry_of
from .score import BASE, Prior, group_levels, score_levels, weigh

_log = logging.getLogger(__name__)

#: Kinds of identifier that a registered asset's serial may have been reported as.
ASSET_KINDS = ("serial", "edid_serial")

URGENT = dict(THRESHOLDS)["urgent"]

#: How exactly the moment is found at which fading evidence changes the figure.
NEAR = timedelta(minutes=15)


class DetectorFault(Exception):
    """A detector that broke its contract: another group, or a level that its table does not have."""


@cache
def table_of(detector: str) -> Mapping[int, Level]:
    """Returns a detector's level table, read once."""
    return level_table(detector)


@cache
def versions() -> str:
    """Returns one string that changes with any detector, level table or catalogue."""
    parts: dict[str, list[bytes]] = {"detectors": [], "tables": [], "catalogue": []}
    for path, content in sorted(_shipped(resources.files("farmwatch_detectors"), "")):
        part = {"py": "detectors", "toml": "tables", "yaml": "catalogue"}.get(path.rpartition(".")[2])
        if part:
            parts[part].append(path.encode() + b"\0" + content + b"\0")
    digests = {name: hashlib.sha256(b"".join(pieces)).hexdigest()[:12] for name, pieces in parts.items()}
    return " ".join(f"{name}={digest}" for name, digest in digests.items())


def _shipped(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            found += _shipped(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((".py", ".toml", ".yaml")):
            found.append((prefix + entry.name, entry.read_bytes()))
    return found


def keyed_assets(policy: Policy, keyer: Keyer | None) -> dict[str, int]:
    """Returns each registered asset's keyed serial with its place in `policy.sanctions`; {} without a key."""
    if keyer is None:
        return {}
    return {
        keyer.key(kind, entry.asset_serial).digest: place
        for place, entry in enumerate(policy.sanctions)
        if entry.asset_serial
        for kind in ASSET_KINDS
    }


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """What the company says of its devices, as `complete` adds it to a view.

    assets  from `keyed_assets`
    places  judges round-trip times; None where nobody shall
    """

    policy: Policy = Policy()
    roster: Mapping[str, RosterEntry] = msgspec.field(default_factory=dict[str, RosterEntry])
    assets: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])
    places: DayJudge | None = None


def placed(view: DeviceView, company: Company, fleet: Fleet) -> Placed:
    """Returns what a device's round-trip times say of its claim."""
    if company.places is None or not view.samples:
        return Placed()
    there = fleet.places(view.device, view.now.date())
    company_place = next((each.name for each in there if each.backhaul or each.kind != "household"), "")
    return company.places.place(view, entry_of(company.roster, view.device, view.sections), company_place)


def complete(view: DeviceView, company: Company, fleet: Fleet, rhythms: tuple[Rhythm, ...] = ()) -> DeviceView:
    """Returns a store's view with roster, policy, assets, ties and what its round-trip times say added.

    Who has asked `placed` before gives a view with its `placing`, which stays.

    rhythms  devices whose activity fits its own, as the finding of farms tells them
    """
    return msgspec.structs.replace(
        view,
        policy=company.policy,
        roster=entry_of(company.roster, view.device, view.sections),
        assets=company.assets,
        ties=fleet.ties(view.device, view.now.date()),
        fleet=fleet.sizes,
        placing=view.placing or placed(view, company, fleet).placing,
        rhythms=rhythms,
    )


def judge(view: DeviceView, detectors: Sequence[Detector] = DETECTORS, *, new_rules: bool = False) -> Assessment:
    """Returns a device's assessment at `view.now`.

    new_rules  detectors, tables or policy changed since `view.levels` were stated: what is stated no more is
               a correction then, and nothing that disappeared

    A detector that fails stops no other: its group cannot count silence, and says whose fault it is.
    Findings of the evaluation before (`view.levels`) that are no longer stated go on as gone, and fade.
    """
    stated: list[Finding] = []
    failed: dict[Group, list[str]] = {}
    silent: set[str] = set()
    tables: dict[str, Mapping[int, Level]] = {}
    for detector in detectors:
        try:
            tables[detector.id] = table_of(detector.id)
            stated += _checked(detector, tables[detector.id], list(detector.detect(view)))
        except Exception as error:  # any fault of one detector must leave the others' evidence standing
            _log.exception("detector %s failed on device %s", detector.id, view.device)
            silent.add(detector.id)
            failed.setdefault(detector.group, []).append(f"detector {detector.id} failed ({type(error).__name__})")
    for finding in view.levels:
        if finding.detector not in tables:
            try:
                tables[finding.detector] = table_of(finding.detector)
            except (LevelTableError, OSError):
                continue  # a retired detector: what it stated before counts no more
    before = [each for each in view.levels if each.seen_until] if new_rules else view.levels
    gone = gone_findings(msgspec.structs.replace(view, levels=tuple(before)), stated, tables, silent)
    unexplained = [*stated, *gone]
    findings, explained = with_expected(unexplained, view.expectations, view.now)
    silence = silence_table()
    grey = {group: "; ".join(failed.get(group, ())) or why_grey(view, row) for group, row in silence.items()}
    prior = prior_of(view)
    ends = min((each for each in _ends(view) if each > view.now), default=None)

    def at(moment: datetime, counted: Sequence[Finding] | None = None) -> Assessment:
        counted = findings if counted is None else counted
        levels, change = group_levels(counted, grey, tables, silence, moment, view.enrolled_at, handed_over(view))
        levels = tuple(_with_fault(level, failed.get(level.group, [])) for level in levels)
        changes = [each for each in (change, ends) if each is not None]
        return score_levels(view.device, moment, levels, prior, counted, min(changes, default=None))

    now = at(view.now)
    if explained and _lifted(partial(at, view.now), now, unexplained, view.expectations, explained):
        findings = unexplained
        now = at(view.now)
    if now.next_change is None or not any(each.seen_until for each in findings):
        return now
    return msgspec.structs.replace(now, next_change=_first_difference(at, now, now.next_change))


def _lifted(
    score: Callable[[Sequence[Finding]], Assessment],
    now: Assessment,
    unexplained: Sequence[Finding],
    expectations: Sequence[Expectation],
    explained: set[int],
) -> bool:
    """Whether a group that is new since the cases were closed lifts the device to urgent or above.

    Then nothing is explained any more: what was harmless by itself may not be together with what came.
    """
    new = new_groups(now.groups, expectations, explained)
    if not new:
        return False
    whole = score(unexplained)
    before = score([each for each in unexplained if each.group not in new])
    return whole.probability >= URGENT - 1e-9 and level_rank(whole.attention) > level_rank(before.attention)


def _first_difference(at: Callable[[datetime], Assessment], now: Assessment, latest: datetime) -> datetime:
    """Returns the first moment up to `latest` at which decay alone changes the figure, to a quarter of an hour."""
    early = now.at
    if (at(latest).points, at(latest).attention) == (now.points, now.attention):
        return latest
    while latest - early > NEAR:
        middle = early + (latest - early) / 2
        then = at(middle)
        if (then.points, then.attention) == (now.points, now.attention):
            early = middle
        else:
            latest = middle
    return latest


def _checked(detector: Detector, table: Mapping[int, Level], found: list[Finding]) -> list[Finding]:
    for finding in found:
        if finding.group != detector.group or finding.detector != detector.id:
            raise DetectorFault(f"{detector.id} states a finding of {finding.detector}, group {finding.group}")
        if finding.level and finding.level not in table:
            raise DetectorFault(f"{detector.id} states level {finding.level}, which {detector.id}.toml does not have")
        if finding.seen_until and datetime.fromisoformat(finding.seen_until).tzinfo is None:
            raise DetectorFault(f"{detector.id} states an end without its time zone: {finding.seen_until}")
    return found


def _with_fault(level: GroupLevel, faults: list[str]) -> GroupLevel:
    """A level above 0 stands although a detector of its group failed; that is said beside it."""
    if not faults or level.level is None:
        return level
    return msgspec.structs.replace(level, meaning=f"{level.meaning}; {'; '.join(faults)}, more may be there")


def gone_findings(
    view: DeviceView,
    stated: Sequence[Finding],
    tables: Mapping[str, Mapping[int, Level]],
    failed: Collection[str] = (),
) -> list[Finding]:
    """Returns findings of the evaluation before that are stated no more, with `seen_until`, while they count.

    What is stated again at the same level or above, or as sanctioned or harmless, is not gone, nor is a device or
    monitor of the very same facts that is on another port now. Neither is what
    was quoted from a section that cannot look now, or stated by a detector that failed now: it stays as it was,
    because nobody saw it go.

    failed  ids of detectors that failed
    """
    now_stated: dict[tuple[str, str], int] = {}
    allowed: set[tuple[str, str]] = set()
    for finding in stated:
        moved = _thing(finding) if not finding.seen_until else ""
        for key in {(finding.detector, finding.subject), (finding.detector, moved or finding.subject)}:
            now_stated[key] = max(finding.level, now_stated.get(key, 0))
            if finding.level < 1 or finding.sanctioned:
                allowed.add(key)
    gone: dict[tuple[str, str, int], Finding] = {}
    for finding in view.levels:
        key = (finding.detector, finding.subject)
        thing = (finding.detector, _thing(finding) or finding.subject)
        if finding.level < 1 or finding.sanctioned or {key, thing} & allowed:
            continue
        if max(now_stated.get(key, 0), now_stated.get(thing, 0)) >= finding.level:
            continue
        unseen = finding.detector in failed or any(_unseen(view, each.kind) for each in finding.evidence)
        if unseen and not finding.seen_until:
            gone[*key, finding.level] = finding
            continue
        last = finding.seen_until or _last_seen(view, finding).isoformat()
        old = msgspec.structs.replace(finding, seen_until=last)
        if weigh(old, tables.get(old.detector, {}), view.now, view.enrolled_at, handed_over(view)) is None:
            continue
        place = (*key, finding.level)
        if place not in gone or "" < gone[place].seen_until < last:
            gone[place] = old
    return list(gone.values())


def _unseen(view: DeviceView, kind: str) -> bool:
    section = view.section(kind)
    return section is not None and not section.looked


def _thing(finding: Finding) -> str:
    """What a finding is about, whichever port or connector it is on; "" where the subject is no place."""
    if not finding.evidence or not all(each.kind in ("usb", "displays") for each in finding.evidence):
        return ""
    return "\n".join(sorted(each.fact for each in finding.evidence))


def _last_seen(view: DeviceView, finding: Finding) -> datetime:
    """When evidence that is gone was last there: the latest disappearance in the sections it was quoted from."""
    ends = [
        span.seen_until
        for kind in {each.kind for each in finding.evidence}
        for span in view.spans(kind)
        if span.seen_until is not None
    ]
    return min(max(ends, default=view.now), view.now)


def handed_over(view: DeviceView) -> date | None:
    """Returns the first day of this user's time with the device; None when the roster does not say."""
    return view.roster.start_on if view.roster else None


def prior_of(view: DeviceView) -> Prior:
    """Returns the base rate that holds for a device now: its cohort's in its first days, else the fleet's."""
    fleet = view.policy.prior
    entry = view.roster
    cohort = next((each for each in view.policy.cohorts if entry and entry.cohort and each.name == entry.cohort), None)
    if cohort is not None and entry is not None:
        start = entry.start_on or view.enrolled_at.date()
        until = _midnight(start + timedelta(days=cohort.days))
        if view.now < until:
            return Prior(fleet=fleet, cohort=cohort.name, share=cohort.prior, until=until)
    return Prior(fleet=fleet, share=BASE)


def _ends(view: DeviceView) -> list[datetime]:
    """When policy entries end, and when sections and what was odd about reports grow too old to count."""
    policy = view.policy
    until = [*(entry.until for entry in policy.sanctions), *(entry.until for entry in policy.places)]
    ends = [_midnight(day + timedelta(days=1)) for day in until if day is not None and day < date.max]
    ends += [each.until for each in view.expectations]
    # A day of measuring that is looked at no more may have been what the others agreed with.
    ends += [_midnight(day.day + timedelta(days=DAYS)) for day in (view.placing.days if view.placing else ())]
    ends += reporting_ends(view)
    rows = [row for row in silence_table().values() if row.built]
    needed = {kind for row in rows for kind in row.needs}
    # What takes days to see is known at a moment at which nothing else happens.
    since = [(known_since(view, kind), row.history_days) for row in rows if row.history_days for kind in row.needs]
    ends += [first + timedelta(days=days) for first, days in since if first is not None]
    # A moment after the limit, because at the limit itself the section is still young enough.
    ends += [
        section.observed_at + STALE + timedelta(seconds=1)
        for kind, section in view.sections.items()
        if kind in needed and section.looked
    ]
    return ends


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
