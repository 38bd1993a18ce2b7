"""Judges many samples in several processes, and puts their figures together. The same orders give the same figures."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Literal

import msgspec

from ..lab.sample import Order, Sample
from .bars import ALONE, RECALL, REPORTED
from .contributions import contributions
from .judging import judge_sample
from .measures import (
    calibration,
    delays,
    driven,
    facet_rates,
    false_flags,
    hindered_recalls,
    missed,
    precision,
    recalls,
)
from .outcomes import Outcome
from .results import Results

Make = Callable[[Order], Sample]
Tell = Callable[[int, int, str], None]


def judge_order(order: Order, make: Make, ablations: bool = True, days: int = 0) -> list[Outcome]:
    """Makes one sample and judges it: its first `days` only, all of it when that is 0."""
    # A detector that fails is counted, and told once; its trace on each of a thousand devices would bury that.
    logging.getLogger("farmwatch_collector.evaluate").setLevel(logging.CRITICAL)
    sample = make(order)
    return list(judge_sample(shortened(sample, days) if days else sample, ablations=ablations))


def shortened(sample: Sample, days: int) -> Sample:
    """Returns a sample's first days; all of it when it lasts no longer."""
    if days >= sample.days:
        return sample

    def reports() -> Iterator[bytes]:
        last: date | None = None
        for data in sample.reports():
            made = _made_at(data)
            last = last or made + timedelta(days=days)
            if made >= last:
                return
            yield data

    return msgspec.structs.replace(sample, days=days, reports=reports)


def _made_at(data: bytes) -> date:
    return datetime.fromisoformat(_times.decode(data).created_at).astimezone(UTC).date()


class _Made(msgspec.Struct):
    created_at: str


_times = msgspec.json.Decoder(_Made)


def judge_orders(
    orders: Sequence[Order], make: Make, jobs: int, tell: Tell, *, ablations: bool = True, days: int = 0
) -> list[Outcome]:
    """Returns the outcomes of all orders, in their order, made and judged in `jobs` processes.

    make  a function of a module, so that other processes can be told of it
    days  of each sample that are looked at; 0 for all
    tell  is called with samples done, samples in all, and the name of the one just done
    """
    found: list[Outcome] = []
    judge = partial(judge_order, make=make, ablations=ablations, days=days)
    if jobs <= 1 or len(orders) <= 1:
        for done, order in enumerate(orders, start=1):
            found += judge(order)
            tell(done, len(orders), name_of(order))
        return found
    with ProcessPoolExecutor(max_workers=min(jobs, len(orders))) as pool:
        try:
            for done, outcomes in enumerate(pool.map(judge, orders), start=1):
                found += outcomes
                tell(done, len(orders), name_of(orders[done - 1]))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def name_of(order: Order) -> str:
    """Returns an order in words."""
    return f"{order.scenario}, seed {order.seed}, part {order.part}"


def results_of(
    outcomes: Sequence[Outcome],
    part: Literal["held_out", "tuning", "outside"],
    scale: Literal["small", "full", "outside"],
    seeds: Sequence[int],
) -> Results:
    """Returns every figure of some outcomes."""
    return Results(
        part=part,
        scale=scale,
        seeds=tuple(seeds),
        samples=len({each.sample for each in outcomes}),
        devices=len(outcomes),
        farms=len(driven(outcomes)),
        device_days=sum(each.days for each in outcomes),
        judgements=sum(each.judged for each in outcomes),
        recall=recalls(outcomes, RECALL),
        alone=recalls(outcomes, ALONE),
        hindered=hindered_recalls(outcomes),
        reported=recalls(outcomes, REPORTED),
        facets=facet_rates(outcomes),
        missed=missed(outcomes),
        false_flags=false_flags(outcomes),
        precision=precision(outcomes),
        delays=delays(outcomes),
        calibration=calibration(outcomes),
        without=contributions(outcomes),
        faults=dict(sorted(Counter(name for each in outcomes for name in each.faults).items())),
    )


def bars_missed(results: Results) -> list[str]:
    """Returns every bar that was missed, in words."""
    found = [each.name for each in (*results.recall, *results.alone) if each.met is False]
    found += [
        f"{each.name} without gadget strings"
        for without in results.without
        if without.kind == "strings"
        for each in without.recall
        if each.name == "kvm_spoofed" and each.met is False
    ]
    if results.false_flags.met is False:
        found.append("false flags")
    if results.precision is not None and results.precision.met is False:
        found.append("precision at 20")
    if results.calibration is not None and results.calibration.met is False:
        found.append("calibration")
    return found
