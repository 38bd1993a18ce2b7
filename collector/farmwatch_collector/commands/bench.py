"""`farmwatch bench`: recall and false flags on labelled fleets, each with n, interval and bar. docs/bench.md."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import Literal

from farmwatch_schema.errors import FarmwatchError

from ..bench import corpus
from ..bench.bars import ENOUGH_DAYS
from ..bench.results import Document
from ..bench.running import bars_missed, judge_orders, results_of
from ..bench.text import lines_of
from ..evaluate import versions
from ..input_error import InputError
from ..lab import scenarios
from ..lab.sample import HELD_OUT_SEEDS, TUNING_SEEDS, Order
from . import bench_farms
from .bench_output import print_document, write_page

HELP = "recall and false flags on labelled fleets, each with its bar"

#: The small scale: the first days of so many samples of each scenario, spread over it, so that it ends in two minutes.
SMALL_SAMPLES = 1
SMALL_DAYS = 3


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.epilog = (
        "Examples:  farmwatch bench   farmwatch bench --scale full --html bench.html"
        "   farmwatch bench --scenarios my-fleets/ --json   farmwatch bench --tuning --only matrix"
        "   farmwatch bench farms --verbose"
    )
    parser.add_argument(
        "what", nargs="?", choices=["farms"], help="farms: whole simulated fleets instead of scenarios, judged by ties"
    )
    parser.add_argument(
        "--scenarios", metavar="DIR", help="scenarios and recorded fleets from outside; docs/scenarios.md"
    )
    parser.add_argument(
        "--scale", choices=["small", "full"], help="small (the default): within two minutes; full: 100,000 device-days"
    )
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--held-out", action="store_true", help="the seeds that figures are quoted from (the default)")
    part.add_argument("--tuning", action="store_true", help="the seeds that weights may be set on")
    parser.add_argument(
        "--corpus",
        metavar="DIR",
        default="",
        help="folder of public dumps: alone, what the hardware detectors say of each; else real hardware for fleets",
    )
    parser.add_argument("--only", metavar="NAME", default="", help="one scenario; farms: worlds, early or bad_value")
    parser.add_argument("--seeds", metavar="N", type=int, default=0, help="the first N of five seeds (full scale: all)")
    parser.add_argument("--html", metavar="FILE", help="writes a page with plots, too")
    parser.add_argument("--jobs", metavar="N", type=int, default=0, help="processes; one per processor when left out")
    parser.add_argument("--check", action="store_true", help="end with 1 when a bar is missed")
    parser.add_argument("--json", action="store_true", help="one JSON document; docs/schema/bench-v1.json")
    bench_farms.arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Prints the figures; 0 when all could be judged, 1 when not, or when a bar is missed and --check was given."""
    if options.what == "farms":
        return bench_farms.run(options)
    if options.corpus and not (options.scenarios or options.scale or options.only):
        return corpus.main([options.corpus, *(["--json"] if options.json else [])])
    begun = time.monotonic()
    try:
        document = _measured(options, begun)
        if options.html:
            _write_page(document, options.html)
    except FarmwatchError as error:
        if options.json:
            print_document(Document(ok=False, code=1, versions=versions(), error=str(error)))
        print(f"farmwatch bench: {error}", file=sys.stderr)
        return 1
    if options.json:
        print_document(document)
    elif document.results is not None:
        print("\n".join(lines_of(document.results)))
    return document.code


def _measured(options: argparse.Namespace, begun: float) -> Document:
    outside = bool(options.scenarios)
    seeds: tuple[int, ...] = TUNING_SEEDS if options.tuning else HELD_OUT_SEEDS
    scale: Literal["small", "full", "outside"] = "outside" if outside else options.scale or "small"
    if scale == "small":
        seeds = seeds[:1]
    elif options.seeds > 0:
        seeds = seeds[: options.seeds]
    orders = _orders(options, seeds, scale)

    def tell(done: int, of: int, name: str) -> None:
        print(f"{done} of {of} samples, {time.monotonic() - begun:.0f} s: {name}", file=sys.stderr)

    jobs = options.jobs if options.jobs > 0 else os.cpu_count() or 1
    outcomes = judge_orders(orders, scenarios.make, jobs, tell, days=SMALL_DAYS if scale == "small" else 0)
    part: Literal["held_out", "tuning", "outside"] = (
        "outside" if outside else "tuning" if options.tuning else "held_out"
    )
    results = results_of(outcomes, part, scale, () if outside else seeds)
    missed = bars_missed(results)
    code = int(bool(results.faults) or (options.check and bool(missed)))
    if missed:
        print(f"bars missed: {', '.join(missed)}", file=sys.stderr)
    return Document(
        ok=not results.faults,
        code=code,
        versions=versions(),
        seconds=round(time.monotonic() - begun, 1),
        results=results,
        error="a detector failed" if results.faults else "",
    )


def _orders(options: argparse.Namespace, seeds: Sequence[int], scale: str) -> list[Order]:
    if options.scenarios:
        if not os.path.isdir(options.scenarios):
            raise InputError(options.scenarios, 0, "", "is no folder.", "docs/scenarios.md says what one holds.")
        return scenarios.orders(options.scenarios, seeds[:1], corpus=options.corpus)
    names = scenarios.shipped()
    if options.only:
        if options.only not in names:
            raise InputError(options.only, 0, "", "is no scenario.", f"There are {', '.join(names)}.")
        names = (options.only,)
    orders: list[Order] = []
    # A quarter more, because people join in the course of a sample and some of its devices are driven from afar.
    wanted = 0 if scale == "small" else ENOUGH_DAYS * 5 // 4
    for name in names:
        mine = scenarios.orders(name, seeds, device_days=wanted, corpus=options.corpus)
        orders += spread(mine, SMALL_SAMPLES) if scale == "small" else mine
    return orders


def spread(orders: Sequence[Order], most: int) -> list[Order]:
    """Returns at most so many orders, evenly spread."""
    if len(orders) <= most:
        return list(orders)
    return [orders[place * len(orders) // most] for place in range(most)]


def _write_page(document: Document, path: str) -> None:
    from ..bench.page import page_of  # noqa: PLC0415 - the template engine is loaded only for those who want the page

    write_page(page_of(document), path)
