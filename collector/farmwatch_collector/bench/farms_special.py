"""Two fleets by themselves: twenty clean-looking laptops on one home gateway, and one gateway on half of a fleet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median

import msgspec

from ..evaluate import Company
from ..farms.watch import Candidate, find
from ..fleet import Fleet
from ..lab.simulate import FarmSpec, Settings, World, farms, world
from ..lab.simulation import SimulatedDevice
from ..ties.kinds import value_of
from ..ties.types import Seen
from .farms_members import Members, end_of
from .farms_results import BadValue, BarLine, Early, EarlyDay
from .farms_world import SASE, Clock, Reader, Searched, Taken, found_of, shown_by

Tell = Callable[[str], None]

LAPTOPS, EARLY_DEVICES, EARLY_DAYS, EARLY_BAR = 20, 10_000, 10, 5
HOLDERS, BAD_DAYS, BAD_FARMS, ROUNDS = 50_000, 3, 8, 3
#: Beside the same fleet without it: as much again is what may be measured between two equal runs.
RATIO_BAR = 1.25

CLAIMS = frozenset({"place", "time_zone", "shipped_to", "shipped_on"})

#: As the gateway that every laptop of half a fleet tells: a firmware's default that no list knows.
BAD = Seen("gateway_mac", value_of("gateway_mac", "one value for all"), "001b21", "gateway")


def early(seed: int, devices: int, tell: Tell) -> Early:
    """Returns on which day the twenty are found, judged at the end of each day from the first on.

    devices  of the fleet around them, at most the issue's 10,000
    """
    # Average care: they came one by one over ten weeks, and nearly all of them are there when the agent comes.
    shelf = FarmSpec(name="shelf", size=LAPTOPS, care="average", evasions=(), clean=True)
    count = min(devices, EARLY_DEVICES)
    settings = Settings(devices=count, days=EARLY_DAYS, seed=seed, farms=(shelf,), sase=SASE["base"])
    made = world(settings)
    devices_made = [_without_claim(device) for device in made.devices()]
    days: list[EarlyDay] = []
    bars: tuple[BarLine, ...] = ()
    found_on: int | None = None
    reported = 0
    for number in range(1, EARLY_DAYS + 1):
        at = end_of(settings.first_day + timedelta(days=number - 1))
        searched = Searched(made, Clock(), at, devices_made)
        reported = len(searched.truths)
        twenty = {device for device, truth in searched.truths.items() if truth.farm}
        held = [(len(twenty & each.members), each.odds.bits, each) for each in found_of(searched.candidates())]
        count, bits, best = max(held, key=lambda each: each[:2], default=(0, 0.0, None))
        if best is None or count < 2:
            days.append(EarlyDay(day=number, here=len(twenty), held=0, bits=0.0, points=0, attention="none"))
            continue
        odds = best.odds
        days.append(EarlyDay(day=number, here=len(twenty), held=count, bits=bits, points=odds.points,
                             attention=odds.attention))  # fmt: skip
        if found_on is None and best.case and 2 * count >= len(best.members):
            found_on = number
        if found_on in (None, number):
            bars = odds.bars
        tell(f"twenty laptops, day {number}: {count} together, {odds.attention}")
    return Early(
        devices=reported,
        laptops=LAPTOPS,
        found_on=found_on,
        bar=EARLY_BAR,
        met=found_on is not None and found_on <= EARLY_BAR,
        days=tuple(days),
        bars=bars,
    )


def _without_claim(device: SimulatedDevice) -> SimulatedDevice:
    """Nothing else speaks against the twenty: records do not even say that they should be elsewhere."""
    if not device.truth.farm:
        return device
    records = {name: text for name, text in device.roster.items() if name not in CLAIMS}
    return msgspec.structs.replace(device, roster=records)


def bad_value(seed: int, devices: int, tell: Tell) -> BadValue:
    """Returns what one gateway MAC on half of a fleet costs, beside the very same fleet without it.

    Who lives alone has it at home in place of the own router's; nothing else differs.
    devices  of the fleet, at most twice the issue's 50,000
    """
    count = min(devices, 2 * HOLDERS)
    settings = Settings(devices=count, days=BAD_DAYS, seed=seed, farms=farms(BAD_FARMS, seed=seed), sase=SASE["base"])
    shown = list(_shown(world(settings), min(HOLDERS, count // 2)))
    tell(f"one bad value: {count:,} devices made")
    times: dict[bool, list[float]] = {True: [], False: []}
    kept: dict[bool, set[frozenset[str]]] = {}
    anchored = False
    for number in range(ROUNDS):
        # Who comes first alternates, so that neither always meets a warm cache.
        for bad in (True, False) if number % 2 == 0 else (False, True):
            seconds, candidates = _round(settings, shown, bad)
            times[bad].append(seconds)
            kept[bad] = {each.members for each in found_of(candidates) if each.case}
            anchored = anchored or any(shared.node.seen == BAD for each in candidates for shared in each.facts.shared)
            tell(f"one bad value, round {number + 1}: {seconds:.1f} s {'with' if bad else 'without'} it")
    mine, plain = median(times[True]), median(times[False])
    ratio = mine / plain if plain else 1.0
    return BadValue(
        devices=count,
        holders=len({each.device for each in shown if each.spoilt}),
        rounds=ROUNDS,
        seconds=round(mine, 2),
        plain_seconds=round(plain, 2),
        ratio=round(ratio, 3),
        made_farm=anchored,
        same=kept[True] == kept[False],
        met=not anchored and ratio <= RATIO_BAR,
    )


class _Shown(msgspec.Struct, frozen=True):
    """One taking-in; `spoilt` is what stands in place of `seen` where the bad value is."""

    device: str
    seen: Mapping[str, Sequence[Seen]]
    spoilt: Mapping[str, Sequence[Seen]] | None
    first: datetime
    until: datetime
    days: tuple[date, ...]


def _shown(made: World, holders: int) -> Iterator[_Shown]:
    reader = Reader()
    for device in made.devices():
        taken = list(shown_by(device, reader))
        homely = holders > 0 and device.truth.dwelling == "alone"
        home = _home(taken) if homely else None
        holders -= home is not None
        for seen, first, until, days in taken:
            has = home is not None and any(each.value == home for each in seen.get("network", ()))
            yield _Shown(device.device, seen, _swapped(seen, home) if has else None, first, until, days)


def _home(taken: Sequence[Taken]) -> bytes | None:
    """Returns the gateway that was told on most days."""
    days: dict[bytes, int] = {}
    for seen, _, _, told in taken:
        for each in seen.get("network", ()):
            if each.kind == BAD.kind:
                days[each.value] = days.get(each.value, 0) + len(told)
    return max(days, key=lambda value: (days[value], value), default=None)


def _swapped(seen: Mapping[str, Sequence[Seen]], home: bytes | None) -> Mapping[str, Sequence[Seen]]:
    return {**seen, "network": tuple(BAD if each.value == home else each for each in seen["network"])}


def _round(settings: Settings, shown: Sequence[_Shown], bad: bool) -> tuple[float, list[Candidate]]:
    """Returns CPU seconds of taking all in and finding, and the candidates."""
    at = end_of(settings.last_day)
    fleet, clock = Fleet(settings.keyer()), Clock()
    for each in shown:
        seen = each.spoilt if bad and each.spoilt is not None else each.seen
        fleet.take(each.device, seen, each.first, each.until, each.days)
    company = Company()
    candidates = find(fleet, Members(lambda _: None, company, at), company.policy, at)
    clock.lap("all")
    return clock.seconds["all"], candidates
