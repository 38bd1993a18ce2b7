"""`farmwatch farms`: the farms of a collector, or of reports offline. Nothing is stored or sent."""

import argparse
import sys
from typing import Literal

import msgspec

from farmwatch_schema.errors import FarmwatchError

from ..assessment import LEVEL_WORDS
from ..farms_json import FarmsDocument, of_reports, of_store
from ..farms_text import lines_of
from ..fleet import Fleet
from ..offline import fed, judged, key_ids
from ..offline_farms import farms_of
from ..score_json import Fault
from ..store import open_store
from .score import company_options, faults, given
from .serve import data_options, store_url

HELP = "laptops that share what unrelated people do not share"

#: Of explained farms no more are counted.
EXPLAINED_AT_MOST = 1_000


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.epilog = (
        "Examples:  farmwatch farms *.jsonl --roster people.csv --policy policy.yaml"
        "   farmwatch farms --data /var/lib/farmwatch --minimum review"
        "   farmwatch farms - --json"
    )
    parser.add_argument(
        "reports", nargs="*", metavar="REPORT", help="file of reports, one per line; - is standard input; none: --data"
    )
    company_options(parser)
    parser.add_argument("--minimum", choices=list(LEVEL_WORDS), default="watch", help="this level and above (watch)")
    parser.add_argument("--limit", type=int, default=100, help="at most so many of the collector's (100)")
    parser.add_argument("--json", action="store_true", help="one JSON document; docs/schema/farms-v1.json")
    data_options(parser)


def run(options: argparse.Namespace) -> int:
    """Prints every farm, highest odds first; 0, also when there is none; 1 when input could not be taken."""
    misused = _misused(options)
    if misused:
        return _failed(options, 2, misused, (Fault(problem=misused),))
    try:
        document = _of_reports(options) if options.reports else _of_store(options)
    except FarmwatchError as error:
        return _failed(options, 1, str(error), faults(error))
    if options.json:
        _print(document)
    else:
        print("\n".join(lines_of(document)))
    return 0


def _misused(options: argparse.Namespace) -> str:
    """Why options do not go together; "" when they do."""
    if options.reports:
        return (
            "reports are read without a store: leave out --data and --store." if options.data or options.store else ""
        )
    names = ("roster", "policy", "landmarks", "calibration", "key_file")
    extra = [f"--{name.replace('_', '-')}" for name in names if getattr(options, name)]
    return f"{', '.join(extra)}: for reports only, and none is named; a collector has its own." if extra else ""


def _failed(options: argparse.Namespace, code: int, message: str, problems: tuple[Fault, ...]) -> int:
    if options.json:
        source: Literal["reports", "store"] = "reports" if options.reports else "store"
        _print(FarmsDocument(ok=False, code=code, source=source, minimum=options.minimum, errors=problems))
    print(f"farmwatch farms: {message}", file=sys.stderr)
    return code


def _of_reports(options: argparse.Namespace) -> FarmsDocument:
    found, company, keyer = given(options)
    keys = key_ids(found)
    if len(keys) > 1:
        message = f"the reports were keyed with {len(keys)} keys, and what was keyed with different ones is never alike"
        print(f"warning: {message}. Collect them with --key-file and the company's key.", file=sys.stderr)
    fleet = Fleet(keyer)
    laptops = fed(found, company, fleet)
    candidates = farms_of(laptops, judged(laptops, company, fleet), company, fleet)
    return of_reports(candidates, options.minimum, len(laptops))


def _of_store(options: argparse.Namespace) -> FarmsDocument:
    store = open_store(store_url(options), make=False)
    try:
        explained = len(store.farms(("explained",), limit=EXPLAINED_AT_MOST))
        if explained:
            groups = "1 more is" if explained == 1 else f"{explained} more are"
            print(f"{groups} explained by a label or the policy; the console lists them, too.", file=sys.stderr)
        return of_store(store.farms(minimum=options.minimum, limit=max(1, options.limit)), options.minimum)
    finally:
        store.close()


def _print(document: FarmsDocument) -> None:
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
