"""`farmwatch catalog check|import-lolrmm`: whether the catalogues are sound, and what a newer LOLRMM brings."""

import argparse
import os
import sys
from collections import Counter
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import msgspec

from farmwatch_schema.errors import FarmwatchError

from ..catalogues import checking, overlay
from ..catalogues.merging import Outcome
from ..input_error import InputError

HELP = "checks the catalogues; brings in newer LOLRMM exports"
CHECK_SCHEMA = "farmwatch-catalog-check-v1"
IMPORT_SCHEMA = "farmwatch-catalog-import-v1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's actions and their options."""
    parser.epilog = (
        "Examples:  farmwatch catalog check   "
        "farmwatch catalog import-lolrmm rmm_tools.json --dry-run   farmwatch catalog import-lolrmm LOLRMM/yaml"
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="every rule of docs/catalogues.md")
    importing = actions.add_parser(
        "import-lolrmm", help="lays a LOLRMM export over our catalogue, under our corrections"
    )
    importing.add_argument("file", help="rmm_tools.json of LOLRMM, one of its YAML records, or a folder of them")
    importing.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")
    importing.add_argument("--output", metavar="FILE", help="write there, not among the installed catalogues")
    for action in (check, importing):
        setattr(action, "as_json", getattr(parser, "as_json", False))  # noqa: B010
        action.add_argument("--dir", metavar="DIR", help="another folder of catalogues than the installed one")
        action.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(options: argparse.Namespace) -> int:
    """Prints what is in the catalogues or what an export brings; 0 when sound, 1 with a fault or bad input."""
    folder = options.dir or str(resources.files("farmwatch_detectors.catalog"))
    try:
        catalogues = checking.read_folder(folder)
    except OSError as error:
        raise InputError(folder, 0, "", f"cannot be read: {error.strerror}.", "Name a folder of catalogues.") from error
    if options.action == "check":
        return _check(catalogues, as_json=options.json)
    return _import(options, folder, catalogues)


def _check(catalogues: dict[str, bytes], *, as_json: bool) -> int:
    summaries, faults = checking.check(catalogues, datetime.now(UTC).date())
    code = 1 if faults else 0
    if as_json:
        _print({"schema": CHECK_SCHEMA, "ok": not faults, "code": code, "items": summaries, "faults": faults})
        return code
    if not faults:
        print(f"{'catalogue':22} {'version':12} {'entries':>7} {'unverified':>10}")
        for summary in summaries:
            print(f"{summary.name:22} {summary.version:12} {summary.entries:7} {summary.unverified:10}")
        print(f"sound: {sum(summary.entries for summary in summaries):,} entries in {len(summaries)} catalogues")
    for fault in faults:
        print(f"farmwatch catalog: {fault}", file=sys.stderr)
    if faults:
        print(f"farmwatch catalog: {len(faults)} faults. Rules: docs/catalogues.md.", file=sys.stderr)
    return code


def _import(options: argparse.Namespace, folder: str, catalogues: dict[str, bytes]) -> int:
    missing = {overlay.BASE, overlay.CORRECTIONS, "vpn_tunnel"} - set(catalogues)
    if missing:
        raise CatalogFolderError(f"{folder}: has no {min(missing)}.yaml. Name a folder of catalogues with --dir.")
    worked = overlay.work_out(options.file, catalogues, datetime.now(UTC).date())
    target = options.output or os.path.join(folder, f"{checking.OVERLAY}.yaml")
    if not options.dry_run:
        overlay.write(target, worked.text)
    counts = Counter(outcome.what for outcome in worked.outcomes)
    if options.json:
        item = {
            "output": "" if options.dry_run else target,
            "counts": {what: counts[what] for what in ("added", "changed", "unchanged", "left_out", "refused")},
            "records": worked.outcomes,
            "broken": worked.broken,
        }
        _print({"schema": IMPORT_SCHEMA, "ok": True, "code": 0, "items": [item]})
        return 0
    for outcome in worked.outcomes:
        for line in _lines(outcome):
            print(line)
    for sentence in worked.broken:
        print(f"no record: {sentence}")
    before = sum(refusal.before for outcome in worked.outcomes for refusal in outcome.refused)
    print(
        f"{len(worked.outcomes)} records: {counts['added']} tools added, {counts['changed']} changed, "
        f"{counts['unchanged']} unchanged, {counts['refused']} refused, "
        f"{counts['left_out']} left out by our corrections; {before} facts refused before stay refused"
    )
    print("nothing was written" if options.dry_run else f"written: {target}", file=sys.stderr)
    return 0


class CatalogFolderError(FarmwatchError):
    """A folder that holds no catalogues; str() says what is missing."""


def _lines(outcome: Outcome) -> list[str]:
    lines: list[str] = []
    name = f"{outcome.record} ({outcome.tool})"
    if outcome.taken:
        facts = "; ".join(f"{field} {value}" for field, value in outcome.taken)
        lines.append(f"{outcome.what}: {name}: {facts}")
    elif outcome.what == "refused":
        lines.append(f"refused: {name}: {outcome.reason}")
    lines += [
        f"refused: {name}: {refusal.field} {refusal.value} {refusal.reason}"
        for refusal in outcome.refused
        if not refusal.before
    ]
    return lines


def _print(document: dict[str, Any]) -> None:
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
