"""Makes and judges simulated worlds in several processes, and puts their figures together."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Literal

from .farms_results import VARIANTS, BadValue, Early, FarmResults, WorldOutcome
from .farms_scoring import SMALLEST, bars_missed, variant_results
from .farms_world import FarmOrder, judge_world

Tell = Callable[[str], None]

#: The small scale: one world that ends well within a minute.
SMALL_DEVICES, SMALL_FARMS = 5_000, 8
#: The issue's: 100,000 devices over 30 days with 40 farms.
FULL_DEVICES, FULL_FARMS = 100_000, 40
DAYS = 30


def orders_of(seeds: Sequence[int], variants: Sequence[str], devices: int, days: int, farms: int) -> list[FarmOrder]:
    """Returns the worlds that are wanted, variant by variant."""
    return [
        FarmOrder(seed=seed, variant=variant, devices=devices, days=days, farms=farms)
        for variant in variants
        for seed in seeds
    ]


def judge_worlds(orders: Sequence[FarmOrder], jobs: int, tell: Tell) -> list[WorldOutcome]:
    """Returns the outcomes of all orders, in their order, each made and judged in one of `jobs` processes."""
    found: list[WorldOutcome] = []

    def told(outcome: WorldOutcome) -> None:
        found.append(outcome)
        cost = outcome.cost
        seconds = cost.make + cost.records + cost.take + cost.find + cost.judge
        tell(f"{len(found)} of {len(orders)} worlds: {outcome.variant}, seed {outcome.seed}, {seconds:.0f} s of CPU")

    if jobs <= 1 or len(orders) <= 1:
        for order in orders:
            told(judge_world(order))
        return found
    # A process for each world: what one leaves behind in memory is nobody's any more.
    with ProcessPoolExecutor(max_workers=min(jobs, len(orders)), max_tasks_per_child=1) as pool:
        try:
            for outcome in pool.map(judge_world, orders):
                told(outcome)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def results_of(
    outcomes: Sequence[WorldOutcome],
    part: Literal["held_out", "tuning"],
    scale: Literal["small", "full"],
    seeds: Sequence[int],
    farms: int,
    early: Early | None = None,
    bad_value: BadValue | None = None,
) -> FarmResults:
    """Returns every figure of some worlds, and beside them what was run by itself."""
    faults: Counter[str] = Counter()
    for each in outcomes:
        faults.update(each.faults)
    return FarmResults(
        part=part,
        scale=scale,
        seeds=tuple(seeds),
        devices=max((each.devices for each in outcomes), default=0),
        days=max((each.days for each in outcomes), default=0),
        farms=farms,
        variants=tuple(
            variant_results(name, outcomes) for name in VARIANTS if any(each.variant == name for each in outcomes)
        ),
        early=early,
        bad_value=bad_value,
        missed=tuple(farm for each in outcomes for farm in each.farms if farm.size >= SMALLEST and not farm.found),
        false=tuple(farm for each in outcomes for farm in each.false),
        costs=tuple(each.cost for each in outcomes),
        faults=dict(sorted(faults.items())),
    )


def missed_in(results: FarmResults) -> list[str]:
    """Returns every bar that was missed, in words."""
    missed = bars_missed(results.variants)
    if results.early is not None and not results.early.met:
        missed.append(f"{results.early.laptops} clean-looking laptops within {results.early.bar} days")
    if results.bad_value is not None and not results.bad_value.met:
        missed.append("one bad value")
    return missed
