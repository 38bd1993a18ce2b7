"""One report of this machine, a file tree or a capture on stdout. Needs neither enrolment nor root."""

import hashlib
import os
import sys

import msgspec

from farmwatch_schema import codec
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.report import Report

from .. import health, identity, probes, runner
from ..host import Host, HostError, left_rounds, open_host
from ..numbering import Numbering
from ..options import OK, Options, UsageError
from ..probes.processes import cache as executables

OPTIONS = {"json": "", "only": "KIND", "root": "DIR", "replay": "FILE", "key-file": "FILE"}
WORDS: tuple[str, ...] = ()

#: Reports that no spool has numbered bear this epoch; ingest knows none of them.
NO_EPOCH = "0" * 32


def run(options: Options) -> int:
    """Prints one report: a JSON line with --json, else a table."""
    names = names_of(options.text("only"))
    host = open_host(options.text("root") or None, options.text("replay") or None)
    state = identity.open_state(options.text("state-dir"))
    # What an agent here remembers of executables is read, and added to; a folder is never made for it.
    remembers = host.origin == "live" and "processes" in names and _may_remember(state)
    if remembers:
        executables.load(state.executables)
    if host.origin == "live":
        give_rounds(options.text("state-dir"))
    sections = runner.run(host, _keyer(options.text("key-file"), state), health.current, names)
    if remembers:
        executables.save(state.executables)
    report = runner.build(host, Numbering(device=_device(host, state), epoch=NO_EPOCH), sections)
    sys.stdout.write(codec.encode(report).decode() + "\n" if options.flag("json") else table(report))
    return OK


def give_rounds(state_dir: str) -> None:
    """Makes the `latency` probe tell what this machine's sender measured last: in its files, whoever asks."""
    state = identity.open_state(state_dir, to_look=True)
    left_rounds.give(lambda: state.left_by_sender(identity.ROUNDS, left_rounds.MAX_BYTES))


def _may_remember(state: identity.State) -> bool:
    try:
        state.check()
    except identity.IdentityError:
        return False
    return os.access(state.folder, os.R_OK | os.W_OK)


def table(report: Report) -> str:
    """Returns a report as lines for people: kind, outcome, how many observables, reason."""
    lines = [f"{report.device}  {report.created_at}  {report.agent.platform}  {report.origin}", ""]
    lines.append(f"{'KIND':10} {'OUTCOME':13} {'COUNT':>5}  REASON")
    for section in report.sections:
        count = len(msgspec.json.decode(section.items, type=list[msgspec.Raw])) if section.items else 0
        lines.append(f"{section.kind:10} {section.outcome:13} {count:>5}  {section.reason}".rstrip())
    return "\n".join(lines) + "\n"


def names_of(only: str) -> tuple[str, ...]:
    """Returns the kinds of a comma-separated list in the report's order; all but the opt-in ones when it is empty."""
    wanted = [name for name in only.split(",") if name]
    for name in wanted:
        if name not in probes.NAMES:
            raise UsageError(f"--only {name}: there is no such kind. It knows {', '.join(probes.NAMES)}.")
    return tuple(name for name in probes.NAMES if name in wanted) if wanted else probes.usual()


def _keyer(key_file: str, state: identity.State) -> Keyer:
    """Returns the keyer of the named file, of the enrolment, or one whose values compare within this report only."""
    if key_file:
        return identity.load_keyer(key_file)
    if os.access(state.identifier_key, os.R_OK):
        return identity.load_keyer(state.identifier_key)
    return Keyer.from_key(os.urandom(32))


def _device(host: Host, state: identity.State) -> str:
    """Returns the enrolled id, or a name that stays the same on this machine and tells nothing.

    machine-id(5) asks that the id itself is not shown and that programs derive their own from it.
    """
    if host.origin == "live":
        try:
            enrolled = identity.load_identity(state)
        except identity.IdentityError:
            enrolled = None
        if enrolled is not None:
            return enrolled.device
    try:
        machine = host.text("/etc/machine-id", 64)
    except HostError:
        return "local"
    return "local-" + hashlib.blake2b(machine.encode(), digest_size=6, person=b"fw-local-id").hexdigest()
