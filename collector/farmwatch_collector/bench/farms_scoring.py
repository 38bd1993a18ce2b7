"""Holds what was found in a simulated fleet against the truth of it, and puts the figures of many together."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ..assessment import level_rank
from ..lab.simulation import Truth
from .farms_results import (
    PER_DEVICES,
    Cost,
    Evasion,
    FalseFarm,
    FalseRate,
    Odds,
    TrueFarm,
    VariantResults,
    WorldOutcome,
)
from .results import Rate
from .stats import poisson_interval, wilson

#: From this level on a farm has a case.
CASE = level_rank("review")

#: Shares of farms of three or more to be found, by care, and of the members of those: the issue's bars.
FOUND_BARS = {"careless": 0.98, "average": 0.95, "careful": 0.5}
MEMBERS_BAR = 0.9
FALSE_BAR = 1.0
SMALLEST = 3

#: Who must never be accused: how they live, and the bench that laptops are set up on.
INNOCENT = ("couple", "flat", "office")
STAGING = "staging_bench"

SIZES = ((3, 4), (5, 9), (10, 24), (25, 60))


class Found(msgspec.Struct, frozen=True):
    """A candidate as it is scored: its members, and what it was given."""

    members: frozenset[str]
    odds: Odds

    @property
    def case(self) -> bool:
        """It stands at review or above."""
        return level_rank(self.odds.attention) >= CASE


def outcome_of(
    seed: int,
    variant: str,
    days: int,
    truths: Mapping[str, Truth],
    found: Sequence[Found],
    cost: Cost,
    faults: Mapping[str, int] | None = None,
) -> WorldOutcome:
    """Returns what became of every farm, and what was accused without one.

    truths  of every device that reported
    """
    laptops: dict[str, set[str]] = {}
    for device, truth in truths.items():
        if truth.farm:
            laptops.setdefault(truth.farm, set()).add(device)
    cases = [each for each in found if each.case]
    return WorldOutcome(
        seed=seed,
        variant=variant,
        devices=len(truths),
        days=days,
        farms=tuple(
            _farm(seed, variant, name, mine, truths, found) for name, mine in sorted(laptops.items()) if len(mine) > 1
        ),
        false=tuple(_false(seed, variant, each, truths) for each in cases if is_false(each, truths)),
        merged=sum(len(_farms_in(each, truths)) > 1 for each in cases),
        groups=_groups(truths),
        cost=cost,
        faults=dict(faults or {}),
    )


def is_false(found: Found, truths: Mapping[str, Truth]) -> bool:
    """Whether most members stand in no farm at all; of exactly half of them it is not said."""
    innocent = sum(not truths[device].farm for device in found.members)
    return 2 * innocent > len(found.members)


def _farms_in(found: Found, truths: Mapping[str, Truth]) -> Counter[str]:
    return Counter(truths[device].farm for device in found.members if truths[device].farm)


def _farm(
    seed: int, variant: str, name: str, mine: set[str], truths: Mapping[str, Truth], found: Sequence[Found]
) -> TrueFarm:
    truth = truths[min(mine)]
    held = [(len(mine & each.members), each) for each in found]
    # Two of its laptops together are the least that can be called found.
    hits = [each for count, each in held if each.case and count >= 2 and 2 * count >= len(each.members)]
    recalled = {device for each in hits for device in mine & each.members}
    others = {other for each in hits for other in _farms_in(each, truths)} - {name}
    together = [(count, each.odds.bits, place) for place, (count, each) in enumerate(held) if count >= 2]
    count, _, place = max(together, default=(0, 0.0, 0))
    return TrueFarm(
        seed=seed,
        variant=variant,
        name=name,
        care=truth.care,
        evasions=truth.evasions,
        size=len(mine),
        found=bool(hits),
        recalled=len(recalled),
        merged=tuple(sorted(others)),
        best=held[place][1].odds if count else None,
        held=count,
    )


def _false(seed: int, variant: str, found: Found, truths: Mapping[str, Truth]) -> FalseFarm:
    innocent = [truths[device] for device in sorted(found.members) if not truths[device].farm]
    dwellings = Counter(truth.dwelling for truth in innocent)
    traps = Counter(trap for truth in innocent for trap in truth.traps)
    most = next((kind for kind in INNOCENT if 2 * dwellings[kind] > len(innocent)), "")
    if not most and 2 * traps[STAGING] > len(innocent):
        most = STAGING
    return FalseFarm(
        seed=seed,
        variant=variant,
        odds=found.odds,
        dwellings=_by_count(dwellings),
        traps=_by_count(traps),
        places=_by_count(Counter(truth.place for truth in innocent if truth.place)),
        innocent=most,
    )


def _by_count(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _groups(truths: Mapping[str, Truth]) -> dict[str, int]:
    places = Counter((truth.dwelling, truth.place) for truth in truths.values() if truth.place and not truth.farm)
    return _by_count(Counter(dwelling for (dwelling, _), count in places.items() if count > 1))


def variant_results(variant: str, outcomes: Sequence[WorldOutcome]) -> VariantResults:
    """Returns the figures of all worlds of one variant."""
    mine = [each for each in outcomes if each.variant == variant]
    farms = [farm for each in mine for farm in each.farms]
    large = [farm for farm in farms if farm.size >= SMALLEST]
    found = [farm for farm in large if farm.found]
    rates = [
        rate_of(
            care, f"{care} farms of three or more, at review", (farm.found for farm in large if farm.care == care), bar
        )
        for care, bar in FOUND_BARS.items()
    ]
    rates.append(_members("members", "laptops of farms found, in their candidates", found, MEMBERS_BAR))
    pairs = [farm for farm in farms if farm.size < SMALLEST]
    told = [
        rate_of("all", "farms of three or more, at review", (farm.found for farm in large)),
        rate_of("pairs", "farms of two, at review", (farm.found for farm in pairs)),
        _members("all members", "laptops of all farms of three or more, in their candidates", large),
    ]
    told += [
        rate_of(
            f"{low} to {high}", f"farms of {low} to {high}", (farm.found for farm in large if low <= farm.size <= high)
        )
        for low, high in SIZES
    ]
    groups: Counter[str] = Counter()
    for each in mine:
        groups.update(each.groups)
    return VariantResults(
        variant=variant,
        worlds=len(mine),
        devices=sum(each.devices for each in mine),
        farms=len(farms),
        rates=tuple(rates),
        told=tuple(told),
        false=false_rate([one for each in mine for one in each.false], sum(each.devices for each in mine)),
        merged=sum(each.merged for each in mine),
        groups=_by_count(groups),
        evasions=tuple(_evasion(name, large) for name in sorted({name for farm in large for name in farm.evasions})),
    )


def rate_of(name: str, words: str, hits: Iterable[bool], bar: float | None = None) -> Rate:
    """Returns a share with its interval; not told where there was nothing to count."""
    all_ = list(hits)
    return _rate(name, words, sum(all_), len(all_), bar)


def _members(name: str, words: str, farms: Sequence[TrueFarm], bar: float | None = None) -> Rate:
    return _rate(name, words, sum(farm.recalled for farm in farms), sum(farm.size for farm in farms), bar)


def _rate(name: str, words: str, hits: int, n: int, bar: float | None) -> Rate:
    low, high = wilson(hits, n)
    share = hits / n if n else 0.0
    met = None if bar is None or not n else share >= bar
    return Rate(name=name, words=words, n=n, hits=hits, share=share, low=low, high=high, bar=bar, met=met)


def false_rate(false: Sequence[FalseFarm], devices: int) -> FalseRate:
    """Returns false farms per 20,000 devices. The bar holds for the rate itself, and for who is accused."""
    low, high = poisson_interval(len(false))
    scale = PER_DEVICES / devices if devices else 0.0
    accused = sum(bool(each.innocent) for each in false)
    return FalseRate(
        count=len(false),
        devices=devices,
        per_20000=len(false) * scale,
        low=low * scale,
        high=high * scale,
        bar=FALSE_BAR,
        met=(len(false) * scale <= FALSE_BAR and not accused) if devices else None,
        by_dwelling=_by_count(Counter(next(iter(each.dwellings), "") for each in false)),
        by_trap=_by_count(Counter(trap for each in false for trap in each.traps if _most(each, trap))),
        accused=accused,
    )


def _most(each: FalseFarm, trap: str) -> bool:
    return 2 * each.traps[trap] > sum(each.dwellings.values())


def _evasion(name: str, farms: Sequence[TrueFarm]) -> Evasion:
    mine = [farm for farm in farms if name in farm.evasions]
    return Evasion(
        name=name,
        rate=rate_of(name, f"farms of three or more with {name.replace('_', ' ')}", (farm.found for farm in mine)),
        carried=_mean_bars([farm.best for farm in mine if farm.found and farm.best]),
        lacked=_mean_bars([farm.best for farm in mine if not farm.found and farm.best]),
    )


def _mean_bars(odds: Sequence[Odds]) -> dict[str, float]:
    """Returns each line's mean bits over all candidates, those that lack it included as 0."""
    if not odds:
        return {}
    sums: dict[str, float] = {}
    for each in odds:
        for bar in each.bars:
            sums[bar.key] = sums.get(bar.key, 0.0) + bar.bits
    means = {key: round(bits / len(odds), 2) for key, bits in sums.items()}
    return dict(sorted(means.items(), key=lambda each: (-each[1], each[0])))


def bars_missed(variants: Sequence[VariantResults]) -> list[str]:
    """Returns every bar of some variants that was missed, in words."""
    missed: list[str] = []
    for each in variants:
        missed += [f"{each.variant}: {rate.name}" for rate in each.rates if rate.met is False]
        if each.false.met is False:
            accused = f", {each.false.accused} of them of the innocent kinds" if each.false.accused else ""
            missed.append(f"{each.variant}: false farms ({each.false.count}{accused})")
    return missed
