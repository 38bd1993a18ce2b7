"""One simulated world: made, taken in by a fleet as a collector would, and searched for farms."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

import msgspec

from farmwatch_detectors.policy import Policy, RosterEntry
from farmwatch_detectors.view import SectionView
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables import Observable

from ..evaluate import Company, keyed_assets
from ..farms.types import FarmFacts, FarmOdds
from ..farms.watch import Candidate, find
from ..fleet import Fleet
from ..lab.simulate import Settings, World, farms, records, world
from ..lab.simulate.dice import identity
from ..lab.simulation import SimulatedDevice, Stretch, Truth
from ..policy_file import parse_policy
from ..roster_file import parse_roster
from ..score import REVIEW_BITS
from ..ties.kinds import SECTIONS, exit_values, remembered_in, sources_in
from ..ties.types import Seen
from .farms_members import Members, egress_of, end_of, section_of
from .farms_results import BarLine, Cost, Odds, WorldOutcome
from .farms_scoring import Found, outcome_of

#: Members are judged where their evidence and rhythm, at most 9 and 4 bits, could lift a candidate to review.
WITHIN_REACH = REVIEW_BITS - 13.0

#: Of the fleet, in a company as any: behind its security client.
SASE = {"base": 0.1, "no_bssid": 0.1, "sase70": 0.7}

_KEPT = 20_000

Taken = tuple[Mapping[str, Sequence[Seen]], datetime, datetime, tuple[date, ...]]
Shown = tuple[tuple[str, tuple[Seen, ...], int | None, int | None], ...]


class FarmOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One world to be made and judged."""

    seed: int
    variant: str
    devices: int
    days: int
    farms: int


def settings_of(order: FarmOrder) -> Settings:
    """Returns how a world of this order is made."""
    wanted = farms(order.farms, seed=order.seed)
    settings = Settings(devices=order.devices, days=order.days, seed=order.seed, farms=wanted, sase=SASE[order.variant])
    return msgspec.structs.replace(settings, bssids=0.0) if order.variant == "no_bssid" else settings


class Clock:
    """CPU seconds of what is done in turns, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.process_time()

    def lap(self, name: str) -> None:
        """Counts the time since the last lap under a name."""
        now = time.process_time()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now


class Reader:
    """Reads the values that a device's stretches show: each distinct section once, whoever shows it."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, int], tuple[tuple[Observable, ...], Shown]] = {}

    def shown(self, stretch: Stretch) -> Shown:
        """Returns source, values, and from when to when they were held where the system only remembers them."""
        key = (stretch.kind, id(stretch.items))
        known = self._read.get(key)
        if known is None:
            if len(self._read) >= _KEPT:
                self._read.clear()
            # The items are kept beside: their id is theirs while they live.
            known = self._read[key] = (stretch.items, _shown(section_of(stretch)))
        return known[1]


def _shown(section: SectionView) -> Shown:
    now = tuple((source, values, None, None) for source, values in sources_in(section).items())
    return now + tuple((source, (seen,), first, last) for source, seen, first, last in remembered_in(section))


def shown_by(made: SimulatedDevice, reader: Reader, until: datetime | None = None) -> Iterator[Taken]:
    """Yields what a device shows up to a moment, as `Fleet.take` wants it.

    A laptop that goes to and fro shows the same again and again: that is taken in at once, with all its days, which
    comes to the same because memory merges in any order.
    """
    spells: dict[tuple[str, int], tuple[Stretch, datetime, datetime, set[date]]] = {}
    for stretch in made.stretches:
        if stretch.kind not in SECTIONS or stretch.outcome not in ("found", "none"):
            continue
        if until is not None and stretch.first >= until:
            continue
        last, days = _cut(stretch.until, stretch.days, until)
        key = (stretch.kind, id(stretch.items))
        known = spells.get(key)
        if known is None:
            spells[key] = (stretch, stretch.first, last, set(days))
        else:
            known[3].update(days)
            spells[key] = (known[0], min(known[1], stretch.first), max(known[2], last), known[3])
    for stretch, first, last, told in spells.values():
        now: dict[str, Sequence[Seen]] = {}
        for source, values, first_at, last_at in reader.shown(stretch):
            if first_at is None or last_at is None:
                now[source] = values
            else:
                then = datetime.fromtimestamp(first_at, UTC), datetime.fromtimestamp(last_at, UTC)
                yield {source: values}, *then, ()
        if now:
            yield now, first, last, tuple(told)
    for each in made.exits:
        if until is None or each.first < until:
            last, days = _cut(each.until, each.days, until)
            yield {"egress": exit_values(egress_of(each))}, each.first, last, days


def _cut(last: datetime, days: tuple[date, ...], until: datetime | None) -> tuple[datetime, tuple[date, ...]]:
    if until is None or last < until:
        return last, days
    return until, tuple(day for day in days if day < until.date())


def roster_of(devices: Iterable[SimulatedDevice], keyer: Keyer) -> dict[str, RosterEntry]:
    """Returns the records as the roster's own reader takes them from a file."""
    return parse_roster(records.roster(devices, "device"), "simulated roster", keyer)


def company_of(made: World, roster: Mapping[str, RosterEntry]) -> Company:
    """Returns what the company says, its policy read from the text of a policy file."""
    policy: Policy = parse_policy(made.policy_yaml, "simulated policy", made.settings.last_day)[0]
    return Company(policy=policy, roster=roster, assets=keyed_assets(policy, made.settings.keyer()))


class Searched:
    """A world that was taken in.

    until    only what was reported until then counts; all of it when left out
    devices  those of the world, where they were made before
    truths   of every device that reported
    """

    def __init__(
        self,
        made: World,
        clock: Clock,
        until: datetime | None = None,
        devices: Iterable[SimulatedDevice] | None = None,
    ) -> None:
        self.world = made
        self.fleet = Fleet(made.settings.keyer())
        self.truths: dict[str, Truth] = {}
        self.at = until or end_of(made.settings.last_day)
        self._clock = clock
        settings = made.settings
        self._numbers = {identity(settings.seed, number): number for number in range(settings.devices)}
        known: list[SimulatedDevice] = []
        reader = Reader()
        for device in made.devices() if devices is None else devices:
            clock.lap("make")
            if device.enrolled_at < self.at:
                for seen, first, last, days in shown_by(device, reader, until):
                    self.fleet.take(device.device, seen, first, last, days)
                self.truths[device.device] = device.truth
            # What the records say alone is kept: all of its days would be too much for a large fleet.
            known.append(msgspec.structs.replace(device, stretches=(), exits=()))
            clock.lap("take")
        self.company = company_of(made, roster_of(known, settings.keyer()))
        clock.lap("records")
        self.fleet.set_roster(self.company.roster)
        self.fleet.set_policy(self.company.policy)
        self.members = Members(self._made_again, self.company, self.at)
        clock.lap("take")

    def _made_again(self, device: str) -> SimulatedDevice | None:
        number = self._numbers.get(device)
        return None if number is None else self.world.device(number)

    def candidates(self) -> list[Candidate]:
        """Returns every candidate, its members judged where that can matter."""
        first = find(self.fleet, self.members, self.company.policy, self.at)
        self._clock.lap("find")
        within = {member.device for each in first if each.odds.bits >= WITHIN_REACH for member in each.facts.members}
        self.members.judge(within)
        self._clock.lap("judge")
        if not within:
            return first
        second = find(self.fleet, self.members, self.company.policy, self.at)
        self._clock.lap("find")
        return second


def found_of(candidates: Iterable[Candidate]) -> list[Found]:
    """Returns candidates as they are scored."""
    return [
        Found(frozenset(member.device for member in each.facts.members), odds_of(each.facts, each.odds))
        for each in candidates
    ]


def odds_of(facts: FarmFacts, odds: FarmOdds) -> Odds:
    """Returns the odds of a candidate as the bench tells them."""
    anchor = facts.shared[0].node if facts.shared else None
    return Odds(
        members=len(facts.members),
        bits=round(odds.bits, 2),
        points=odds.points,
        attention=odds.attention,
        anchor=f"{anchor.seen.kind} {anchor.seen.words}".strip() if anchor else "",
        bars=tuple(BarLine(bar.key, bar.label, round(bar.bits, 2)) for bar in odds.bars),
    )


def judge_world(order: FarmOrder, tell: Callable[[str], None] | None = None) -> WorldOutcome:
    """Makes a world, searches it, and holds what was found against the truth."""
    clock = Clock()
    searched = Searched(world(settings_of(order)), clock)
    candidates = searched.candidates()
    seconds = {name: round(value, 2) for name, value in clock.seconds.items()}
    cost = Cost(
        make=seconds.get("make", 0.0),
        records=seconds.get("records", 0.0),
        take=seconds.get("take", 0.0),
        find=seconds.get("find", 0.0),
        judge=seconds.get("judge", 0.0),
        judged=searched.members.judged,
        candidates=len(candidates),
        peak_mib=_peak_mib(),
    )
    if tell is not None:
        tell(f"{order.variant}, seed {order.seed}: {len(candidates)} candidates")
    return outcome_of(
        order.seed,
        order.variant,
        order.days,
        searched.truths,
        found_of(candidates),
        cost,
        searched.members.faults,
    )


def _peak_mib() -> int:
    """Returns the most memory that this process ever held; 0 on Windows, which has no such count."""
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 - there is no such module on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1 << 20 if sys.platform == "darwin" else 1 << 10)
