"""`farmwatch-agent`: stdout is the answer, stderr is progress. Exit codes: docs/commands.md."""

import gc
import importlib
import sys
from collections.abc import Sequence

from farmwatch_schema.errors import FarmwatchError

from . import __version__
from .options import CANCELLED, FAILED, OK, USAGE, parse

#: Every verb in the order of help: module under commands/, what it does. A module is loaded only when used.
VERBS: dict[str, tuple[str, str]] = {
    "collect": ("collect", "one report of this machine on stdout; needs neither enrolment nor root"),
    "capture": ("capture", "writes what the probes read into a file, for a bug report or a test"),
    "enrol": ("enrol", "gets this laptop an identity from the collector"),
    "enroll": ("enrol", "the same as enrol"),
    "run": ("run", "reads and sends in one process, for a trial"),
    "read": ("read", "the reader: runs the probes and fills the spool; no network"),
    "watch-input": ("watch_input", "Windows and macOS: counts this user's input for the reader; never keys"),
    "send": ("send", "the sender: sends what is in the spool, then ends"),
    "measure": ("measure", "one round to the plan's landmarks now; prints it, keeps and sends nothing"),
    "status": ("status", "how the agent is; fast, no network"),
    "explain": ("explain", "exactly what was last sent, and why"),
    "doctor": ("doctor", "numbered checks, each with the command that mends it"),
}

#: Verbs whose process ends within a second. Looking for cycles of garbage takes a sixteenth of their time.
SHORT = frozenset({"collect", "send", "status"})

COMMON: dict[str, str] = {"state-dir": "DIR", "config": "FILE", "help": ""}

_HELP = """farmwatch-agent VERB [OPTION ...]      looks at how this laptop can be controlled, and tells the collector

Examples:
  farmwatch-agent collect                            a table of what this machine shows
  farmwatch-agent collect --json | farmwatch score - its score, offline
  farmwatch-agent doctor                             what is wrong, and how to mend it

Verbs:
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _write_anything()
    if arguments is None and not SHORT.isdisjoint(words[:1]):
        gc.disable()
    if not words or words[0] in ("--help", "-h", "help"):
        shown = "".join(f"  {verb:11} {text}\n" for verb, (_, text) in VERBS.items() if verb != "enroll")
        print(f"{_HELP}{shown}\nfarmwatch-agent VERB --help shows a verb's options. Exit codes: docs/commands.md.")
        return OK if words else USAGE
    if words[0] in ("--version", "version"):
        print(f"farmwatch-agent {__version__}")
        return OK
    if words[0] not in VERBS:
        print(f"farmwatch-agent: there is no verb “{words[0]}”. It knows {', '.join(VERBS)}.", file=sys.stderr)
        return USAGE
    return _run(words[0], words[1:])


def _run(verb: str, words: list[str]) -> int:
    command = importlib.import_module(f"{__package__}.commands.{VERBS[verb][0]}")
    try:
        if "--help" in words or "-h" in words:
            print(_help(verb, command.OPTIONS, command.WORDS))
            return OK
        code: int = command.run(parse(words, {**COMMON, **command.OPTIONS}, command.WORDS))
    except FarmwatchError as error:
        # Errors with an exit code of their own carry it; all others are failures.
        return _failed(verb, getattr(error, "code", FAILED), str(error), as_json="--json" in words)
    except KeyboardInterrupt:
        return _failed(verb, CANCELLED, "stopped by you; nothing was left half-written.", as_json="--json" in words)
    except BrokenPipeError:
        # The reader of our output left; leaving quietly is what a filter does.
        sys.stderr.close()
        return FAILED
    return code


def _write_anything() -> None:
    """Makes no device's name able to end a verb: JSON goes out as UTF-8, and a terminal shows what it can."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace", encoding=None if stream.isatty() else "utf-8")


def _failed(verb: str, code: int, message: str, *, as_json: bool) -> int:
    if as_json:
        import msgspec  # noqa: PLC0415 (the usage error of a plain call needs none)

        print(msgspec.json.encode({"schema": 1, "verb": verb, "ok": False, "code": code, "error": message}).decode())
    print(f"farmwatch-agent {verb}: {message}", file=sys.stderr)
    return code


def _help(verb: str, options: dict[str, str], positional: Sequence[str]) -> str:
    shown = " ".join(f"[--{name}{' ' + value if value else ''}]" for name, value in {**options, **COMMON}.items())
    return f"farmwatch-agent {verb} {' '.join([*positional, shown])}\n\n{VERBS[verb][1]}"


if __name__ == "__main__":
    sys.exit(main())
