"""`farmwatch policy check FILE`: whether a policy file can be taken, and what in it needs a look."""

import argparse
import sys
from datetime import UTC, datetime

import msgspec

from ..input_error import InputError
from ..policy_file import read_policy

HELP = "checks a policy file"
SCHEMA = "farmwatch-policy-check-v1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("action", choices=["check"], help="what to do")
    parser.add_argument("file", help="policy file, YAML; see docs/policy.md")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(options: argparse.Namespace) -> int:
    """Prints what the file holds and its warnings; 0 when it can be taken, 1 when it cannot."""
    try:
        policy, warnings = read_policy(options.file, datetime.now(UTC).date())
    except InputError as error:
        if options.json:
            fault = {
                "file": error.file,
                "line": error.line,
                "field": error.field,
                "problem": error.problem,
                "remedy": error.remedy,
            }
            _print({"schema": SCHEMA, "ok": False, "code": 1, "items": [], "error": fault})
        else:
            print(f"farmwatch policy: {error}", file=sys.stderr)
        return 1
    counts = {
        "cohorts": len(policy.cohorts),
        "sanctions": len(policy.sanctions),
        "places": len(policy.places),
    }
    if options.json:
        _print({"schema": SCHEMA, "ok": True, "code": 0, "items": [{**counts, "warnings": warnings}]})
        return 0
    print(f"{options.file}: sound. " + ", ".join(f"{count} {what}" for what, count in counts.items()) + ".")
    for warning in warnings:
        print(f"warning: {warning}")
    return 0


def _print(document: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
