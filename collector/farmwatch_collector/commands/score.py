"""`farmwatch score REPORT...`: judges the agent's own output, offline. Nothing is stored or sent."""

import argparse
import difflib
import importlib
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from farmwatch_detectors.policy import Policy, RosterEntry
from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.identifiers import Keyer

from ..evaluate import Company, keyed_assets, versions
from ..fleet import Fleet
from ..input_error import InputError, read_text
from ..offline import Judged, Laptop, Located, fed, judged, key_ids, read_reports
from ..place.days import DayJudge
from ..place.samples import SAMPLED
from ..policy_file import read_policy
from ..score_json import Document, Fault, document_of
from ..score_text import lines_of

HELP = "scores the agent's own output, offline"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.epilog = (
        "Examples:  farmwatch-agent collect --json | farmwatch score -"
        "   farmwatch score monday.jsonl tuesday.jsonl --explain"
        "   farmwatch score *.jsonl --roster people.csv --policy policy.yaml --key-file identifier.key"
    )
    parser.add_argument(
        "reports", nargs="+", metavar="REPORT", help="file of reports, one per line; - is standard input"
    )
    company_options(parser)
    parser.add_argument("--explain", action="store_true", help="draws each bar and reads it out")
    parser.add_argument("--json", action="store_true", help="one JSON document; docs/schema/score-v1.json")


def company_options(parser: argparse.ArgumentParser) -> None:
    """Adds what says how reports are judged offline."""
    parser.add_argument("--roster", metavar="CSV", help="who has which device; see docs/roster.md")
    parser.add_argument("--policy", metavar="YAML", help="what the company allows; see docs/policy.md")
    parser.add_argument("--landmarks", metavar="YAML", default="", help="a company's own; see docs/landmarks.md")
    parser.add_argument("--calibration", metavar="FILE", default="", help="of farmwatch calibrate; see docs/place.md")
    parser.add_argument("--key-file", metavar="FILE", help="company's identifier key in hex, to recognise serials")


class Given(NamedTuple):
    """What a command line gives to judge: reports, what the company says, its key."""

    found: list[Located]
    company: Company
    keyer: Keyer | None


def given(options: argparse.Namespace) -> Given:
    """Returns the reports and the company that options name; says on stderr what is odd. Raises FarmwatchError."""
    policy = _policy(options.policy)
    keyer = _keyer(options.key_file)
    roster = _roster(options.roster, keyer)
    _say_which_cohorts_are_unknown(policy, roster)
    found = read_reports(options.reports)
    _say_what_cannot_be_compared(policy, keyer, found)
    places = _places(options, roster, found)
    return Given(found, Company(policy=policy, roster=roster, assets=keyed_assets(policy, keyer), places=places), keyer)


def run(options: argparse.Namespace) -> int:
    """Prints every device, highest points first; 0 when all input was taken, 1 when none was."""
    try:
        found, company, keyer = given(options)
        fleet = Fleet(keyer)
        laptops = fed(found, company, fleet)
        scored = judged(laptops, company, fleet)
        farms = {} if options.json else _farms(laptops, scored, company, fleet)
    except FarmwatchError as error:
        if options.json:
            _print(Document(ok=False, code=1, versions=versions(), errors=faults(error)))
        print(f"farmwatch score: {error}", file=sys.stderr)
        return 1
    if options.json:
        _print(document_of(scored))
        return 0
    blocks = [
        "\n".join([*lines_of(each, explained=options.explain), *farms.get(each.assessment.device, ())])
        for each in scored
    ]
    print("\n\n".join(blocks))
    return 0


def _farms(
    laptops: Mapping[str, Laptop], scored: Sequence[Judged], company: Company, fleet: Fleet
) -> Mapping[str, Sequence[str]]:
    """Returns the lines of each device that belongs to a farm; finding farms comes with the collector's packages."""
    if len(laptops) < 2:
        return {}
    try:
        finding = importlib.import_module("farmwatch_collector.offline_farms")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("farmwatch_"):
            raise
        return {}
    lines: Mapping[str, Sequence[str]] = finding.lines_by_device(laptops, scored, company, fleet)
    return lines


def _policy(path: str | None) -> Policy:
    if not path:
        return Policy()
    policy, warnings = read_policy(path, datetime.now(UTC).date())
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return policy


def _places(
    options: argparse.Namespace, roster: Mapping[str, RosterEntry], found: Sequence[Located]
) -> DayJudge | None:
    """Returns what judges round-trip times, where there are any and a claim to hold them against.

    Its mathematics come with the collector's packages; the base install, which is the agent's, says so and goes on.
    """
    measured = any(section.kind in SAMPLED for each in found for section in each.report.sections)
    asked = bool(options.landmarks or options.calibration)
    if not asked and not (measured and any(entry.claim for entry in roster.values())):
        return None
    try:
        making = importlib.import_module("farmwatch_collector.place.making")
    except ModuleNotFoundError as error:
        if asked or error.name is None or error.name.startswith("farmwatch_"):
            raise
        message = "round-trip times are not held against claims without the collector's packages"
        print(f"warning: {message}: pip install 'farmwatch[collector]'.", file=sys.stderr)
        return None
    places: DayJudge = making.places_from(options.landmarks or "", options.calibration)
    return places


def _roster(path: str | None, keyer: Keyer | None) -> Mapping[str, RosterEntry]:
    """Places in a roster are found with the collector's packages; without a roster none of them is needed."""
    if not path:
        return {}
    reader = importlib.import_module("farmwatch_collector.roster_file")
    entries: Mapping[str, RosterEntry] = reader.read_roster(path, keyer)
    return entries


def _say_which_cohorts_are_unknown(policy: Policy, roster: Mapping[str, RosterEntry]) -> None:
    """Only what looks like a typo is said: most cohorts of a roster need no base rate of their own."""
    known = [cohort.name for cohort in policy.cohorts]
    written = sorted({entry.cohort for entry in roster.values()} - {"", *known})
    for name in written:
        near = difflib.get_close_matches(name.lower().replace(" ", "_").replace("-", "_"), known, n=1, cutoff=0.9)
        if near:
            message = f"the roster's cohort {name!r} is none of the policy's, so it has no base rate of its own"
            print(f"warning: {message}. Did you mean {near[0]!r}?", file=sys.stderr)


def _keyer(path: str | None) -> Keyer | None:
    if not path:
        return None
    try:
        return Keyer.from_key(bytes.fromhex(read_text(path, 1024).strip()))
    except ValueError as error:
        remedy = "It is the agent's identifier.key: 32 to 128 hex digits."
        raise InputError(path, 0, "", "is no identifier key.", remedy) from error


def _say_what_cannot_be_compared(policy: Policy, keyer: Keyer | None, found: list[Located]) -> None:
    plain = any(entry.asset_serial for entry in policy.sanctions) or any(place.gateway_macs for place in policy.places)
    if keyer is None:
        if plain:
            message = "serials and MAC addresses of the policy cannot be compared without --key-file"
            print(f"warning: {message}; assets and places are not recognised.", file=sys.stderr)
        return
    others = key_ids(found) - {keyer.key_id}
    if others:
        message = f"some reports were keyed with {', '.join(sorted(others))}, the key file is {keyer.key_id}"
        print(f"warning: {message}; their serials and addresses cannot be compared.", file=sys.stderr)


def faults(error: FarmwatchError) -> tuple[Fault, ...]:
    """Returns an error as a document tells it: one, or one a row of a roster."""
    several: Sequence[FarmwatchError] | None = getattr(error, "faults", None)  # a roster's, one a row
    if several is not None:
        return tuple(fault for each in several for fault in faults(each))
    if isinstance(error, InputError):
        return (Fault(file=error.file, line=error.line, field=error.field, problem=error.problem, remedy=error.remedy),)
    return (Fault(problem=str(error)),)


def _print(document: Document) -> None:
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
