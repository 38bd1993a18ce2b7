"""`farmwatch backtest --since DATE`: cases now against cases with changed level tables, from the store."""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from farmwatch_detectors.policy import Policy
from farmwatch_schema.errors import FarmwatchError

from ..backtest import Change, Document, Result, Side, Tables, changed_tables, compare, shipped
from ..evaluate import versions
from ..policy_file import read_policy
from ..store import open_store
from .serve import data_options, store_url

HELP = "cases now against cases with changed level tables"
SHOWN = 30
LEAST_DAYS = 100
"""Device-days below which one case more or less would make any rate."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.epilog = (
        "Examples:  farmwatch backtest --since 2026-10-01 --tables changed/"
        "   farmwatch backtest --since 2026-10-01 --tables changed/ --json"
    )
    parser.add_argument("--since", metavar="DATE", required=True, type=_date, help="first day looked at: 2026-10-01")
    parser.add_argument(
        "--tables", metavar="DIR", help="folder of changed tables, <detector>.toml and groups.toml; else the shipped"
    )
    parser.add_argument("--policy", metavar="YAML", help="base rates to score with; see docs/policy.md")
    parser.add_argument("--json", action="store_true", help="one JSON document; docs/schema/backtest-v1.json")
    data_options(parser)


def _date(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no day; write it like 2026-10-01") from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def run(options: argparse.Namespace) -> int:
    """Prints both counts and the devices that change; 0 when it could be replayed, 1 when not."""
    try:
        result = _result(options)
    except FarmwatchError as error:
        if options.json:
            _print(Document(ok=False, code=1, versions=versions(), error=str(error)))
        print(f"farmwatch backtest: {error}", file=sys.stderr)
        return 1
    if options.json:
        _print(Document(ok=True, code=0, versions=versions(), result=result))
    else:
        print("\n".join(_lines(result)))
    return 0


def _result(options: argparse.Namespace) -> Result:
    now = datetime.now(UTC)
    if options.since >= now:
        raise FarmwatchError(f"--since {options.since:%Y-%m-%d} lies ahead: nothing is stored of it.")
    tables: Tables = changed_tables(options.tables) if options.tables else shipped()
    policy = Policy()
    if options.policy:
        policy, warnings = read_policy(options.policy, now.date())
        for warning in warnings:
            print(f"warning: {warning}", file=sys.stderr)
    store = open_store(store_url(options), make=False)
    try:
        return compare(store.histories(options.since), options.since, now, tables, policy)
    finally:
        store.close()


def _lines(result: Result) -> Iterator[str]:
    yield (
        f"{result.devices:,} devices from {result.since:%Y-%m-%d} to {result.until:%Y-%m-%d %H:%M} UTC, "
        f"{result.device_days:,.1f} device-days"
    )
    if result.tables:
        yield "changed tables:"
        yield from (f"  {words}" for words in result.tables)
    else:
        yield "no table differs from the shipped ones: both counts are of the same weights"
    few = result.device_days < LEAST_DAYS
    if few:
        yield f"fewer than {LEAST_DAYS} device-days: too few for a rate"
    yield _side("now", result.now, few)
    yield _side("after", result.after, few)
    yield from _changes("become cases", result.entering)
    yield from _changes("are cases no more", result.leaving)
    yield "cases that people closed:" if result.decided else "no case was closed in that time"
    for each in result.decided:
        moves = {
            (True, True): "stays a case",
            (False, False): "is none with either",
            (True, False): "IS LOST" if each.closed_as == "confirmed" else "is spared",
            (False, True): "becomes one",
        }[each.flagged_now, each.flagged_after]
        yield (
            f"  case {each.case}, {each.closed_as}, {each.device} {each.name}: "
            f"{each.points_now} points now, {each.points_after} after: {moves}"
        )
    yield "what this cannot tell:"
    yield from (f"  {words}" for words in result.limits)


def _side(name: str, side: Side, few: bool) -> str:
    rate = "" if few else f", {side.per_1000:.3f} per 1,000 devices and day"
    return f"{name:6} {side.cases:5} new cases{rate}; {side.flagged} at the end"


def _changes(words: str, changes: tuple[Change, ...]) -> Iterator[str]:
    yield f"{len(changes)} devices {words}" + (":" if changes else "")
    for each in changes[:SHOWN]:
        said = f" ({', '.join(each.detectors)})" if each.detectors else ""
        yield f"  {each.device} {each.name}: {each.points_now} points now, {each.points_after} after{said}"
    if len(changes) > SHOWN:
        yield f"  and {len(changes) - SHOWN} more: --json tells all"


def _print(document: Document) -> None:
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
