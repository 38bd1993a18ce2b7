"""`farmwatch`: stdout is the answer, stderr is progress. Exit codes: docs/commands.md."""

import argparse
import importlib
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from farmwatch_schema.errors import FarmwatchError

from . import __version__

#: Every verb, in the order of `farmwatch --help`. Explicit, and loaded only when used.
VERBS: dict[str, str] = {
    "demo": "this machine really probed, a simulated fleet with a farm, the console",
    "serve": "the collector: takes reports, judges, shows the console",
    "tokens": "enrolment tokens: make and list",
    "devices": "devices by points",
    "cases": "what is flagged: list, assign, note, close",
    "policy": "checks a policy file",
    "roster": "who has which laptop: import, check, cohorts; personal facts: show, forget",
    "signins": "people's sign-ins: import a file, make the webhook's token",
    "networks": "data on the networks of addresses: build, show",
    "landmarks": "what laptops measure: list, check, quarantine",
    "landmark": "a company's own landmark: answers laptops, signed",
    "score": "scores the agent's own output, offline",
    "farms": "laptops that share what unrelated people do not share",
    "calibrate": "the claim test's thresholds from claims known to be true",
    "catalog": "checks the catalogues; brings in newer LOLRMM exports",
    "bench": "recall and false flags on labelled fleets, each with its bar",
    "simulate": "a fleet over weeks with farms in it: reports, rows, the truth beside them",
    "backtest": "cases now against cases with changed level tables",
}

OK, FAILED, USAGE, CANCELLED = 0, 1, 2, 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line as a document too, where one was asked for."""

    as_json = False

    def format_help(self) -> str:
        """Returns the help; examples, which three spaces part in an epilog, stand on lines of their own."""
        if self.epilog and self.epilog.startswith("Examples:"):
            self.formatter_class = argparse.RawDescriptionHelpFormatter
            self.epilog = re.sub(r" {2,}(?=farmwatch)", "\n  ", self.epilog)
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        if self.as_json:
            verb = self.prog.partition(" ")[2]
            print(json.dumps({"schema": 1, "verb": verb, "ok": False, "code": USAGE, "error": message}))
        super().error(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(words)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("farmwatch_"):
            raise
        # The base install is the agent: laptops carry no web server.
        message = (
            f"this needs the Python package {error.name!r}, which the base install leaves out. "
            "Install the collector's packages: pip install 'farmwatch[collector]'"
        )
        return _failed(words[0], message, as_json="--json" in words)


def _run(words: list[str]) -> int:
    parser = _Parser(
        prog="farmwatch",
        description="Finds company laptops that someone far away is driving.",
        epilog="Examples:  farmwatch demo   farmwatch score report.jsonl   farmwatch serve --data /var/lib/farmwatch",
    )
    parser.add_argument("--version", action="version", version=f"farmwatch {__version__}")
    parser.as_json = "--json" in words
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, text in VERBS.items():
        verb_parser = verbs.add_parser(verb, help=text, description=text)
        verb_parser.as_json = parser.as_json
        if words[:1] == [verb]:
            importlib.import_module(f"farmwatch_collector.commands.{verb}").arguments(verb_parser)
    options = parser.parse_args(words)
    command = importlib.import_module(f"farmwatch_collector.commands.{options.verb}")
    try:
        code: int = command.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our answer, `head` say, has enough. Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except FarmwatchError as error:
        return _failed(options.verb, str(error), as_json=getattr(options, "json", False))
    except KeyboardInterrupt:
        print(f"farmwatch {options.verb}: stopped by you; nothing was left half-written.", file=sys.stderr)
        return CANCELLED
    return code


def _failed(verb: str, message: str, *, as_json: bool) -> int:
    print(f"farmwatch {verb}: {message}", file=sys.stderr)
    if as_json:
        print(json.dumps({"schema": 1, "verb": verb, "ok": False, "code": FAILED, "error": message}))
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
