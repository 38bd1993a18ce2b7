"""`farmwatch bench farms`: farms found and people accused in simulated fleets, each with its bar. docs/bench.md."""

import argparse
import sys
import time
from typing import Literal

from farmwatch_schema.errors import FarmwatchError

from ..bench.farms_results import HELD_OUT_SEEDS, TUNING_SEEDS, VARIANTS, FarmDocument, WorldOutcome
from ..bench.farms_running import (
    DAYS,
    FULL_DEVICES,
    FULL_FARMS,
    SMALL_DEVICES,
    SMALL_FARMS,
    judge_worlds,
    missed_in,
    orders_of,
    results_of,
)
from ..bench.farms_special import bad_value, early
from ..bench.farms_text import lines_of
from ..evaluate import versions
from ..input_error import InputError
from .bench_output import print_document, write_page

#: What --only takes: the worlds, the twenty clean-looking laptops, and the value that half of a fleet has.
PARTS = ("worlds", "early", "bad_value")
JOBS = 2


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options that only `farms` has."""
    group = parser.add_argument_group("farms", "simulated fleets: docs/simulate.md")
    group.add_argument("--devices", metavar="N", type=int, default=0, help="of each world; 5,000, full scale 100,000")
    group.add_argument("--days", metavar="N", type=int, default=0, help="of each world; 30 when left out")
    group.add_argument("--farms", metavar="N", type=int, default=0, help="in each world; 8, full scale 40")
    group.add_argument(
        "--variant", choices=[*VARIANTS, "all"], default="", help="base, full scale all: without BSSIDs, behind SASE"
    )
    group.add_argument("--verbose", action="store_true", help="every missed and every false farm with its bars")


def run(options: argparse.Namespace) -> int:
    """Prints the figures; 0 when all could be judged, 1 when not, or when a bar is missed and --check was given."""
    begun = time.monotonic()
    try:
        document = _measured(options, begun)
        if options.html:
            _write_page(document, options.html)
    except FarmwatchError as error:
        if options.json:
            print_document(FarmDocument(ok=False, code=1, versions=versions(), error=str(error)))
        print(f"farmwatch bench farms: {error}", file=sys.stderr)
        return 1
    if options.json:
        print_document(document)
    elif document.results is not None:
        print("\n".join(lines_of(document.results, verbose=options.verbose)))
    return document.code


def _measured(options: argparse.Namespace, begun: float) -> FarmDocument:
    if options.only and options.only not in PARTS:
        raise InputError(options.only, 0, "", "is no part of it.", f"There are {', '.join(PARTS)}.")
    scale: Literal["small", "full"] = options.scale or "small"
    full = scale == "full"
    seeds: tuple[int, ...] = TUNING_SEEDS if options.tuning else HELD_OUT_SEEDS
    seeds = seeds[: options.seeds if options.seeds > 0 else len(seeds) if full else 1]
    devices = options.devices or (FULL_DEVICES if full else SMALL_DEVICES)
    farms = options.farms or (FULL_FARMS if full else SMALL_FARMS)
    chosen = options.variant or ("all" if full else "base")
    variants = VARIANTS if chosen == "all" else (chosen,)

    def tell(words: str) -> None:
        print(f"{time.monotonic() - begun:.0f} s: {words}", file=sys.stderr)

    outcomes: list[WorldOutcome] = []
    if options.only in ("", "worlds"):
        orders = orders_of(seeds, variants, devices, options.days or DAYS, farms)
        outcomes = judge_worlds(orders, options.jobs or JOBS, tell)
    found = early(seeds[0], devices if full else devices // 8, tell) if options.only in ("", "early") else None
    bad = bad_value(seeds[0], devices if full else devices // 2, tell) if options.only in ("", "bad_value") else None
    results = results_of(outcomes, "tuning" if options.tuning else "held_out", scale, seeds, farms, found, bad)
    missed = missed_in(results)
    if missed:
        print(f"bars missed: {'; '.join(missed)}", file=sys.stderr)
    return FarmDocument(
        ok=not results.faults,
        code=int(bool(results.faults) or (options.check and bool(missed))),
        versions=versions(),
        seconds=round(time.monotonic() - begun, 1),
        results=results,
        error="a detector failed" if results.faults else "",
    )


def _write_page(document: FarmDocument, path: str) -> None:
    from ..bench.farms_page import page_of  # noqa: PLC0415 - the template engine is loaded only for those who want it

    write_page(page_of(document), path)
