"""Numbered checks: result, what was found, why it matters, and the command that mends it. Exit: the worst one's."""

import os
import sys
import time
from collections.abc import Callable

import msgspec

from .. import config, health, identity, probes, runner, spool
from ..host import HostError, open_host
from ..identity import State
from ..options import CLOCK, FAILED, INTEGRITY, NOT_ENROLLED, OK, TLS, UNREACHABLE, USAGE, Options, readable
from ..outbox import Outbox

OPTIONS = {"offline": "", "only": "ID", "json": ""}
WORDS: tuple[str, ...] = ()


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One check's result: `ok`, `warn`, `fail` or `skipped`.

    what  what was found
    why   why it matters
    fix   command that mends it; "" when there is nothing to mend
    code  exit code when it is not ok
    """

    id: str
    result: str
    what: str
    why: str = ""
    fix: str = ""
    code: int = OK


def run(options: Options) -> int:
    """Runs the checks in order and prints each as it ends."""
    state = identity.open_state(options.text("state-dir"), to_look=True)
    only = {name for name in options.text("only").split(",") if name}
    done: list[Check] = []
    for number, (name, check) in enumerate(_checks(options, state).items(), start=1):
        if only and name not in only and str(number) not in only:
            continue
        result = check()
        done.append(result)
        if not options.flag("json"):
            _show(number, result)
    fails = [check.code for check in done if check.result == "fail"] or [
        check.code for check in done if check.result == "warn"
    ]
    code = fails[0] if fails else OK
    if options.flag("json"):
        document = {"schema": 1, "verb": "doctor", "ok": code == OK, "code": code, "items": done}
        print(msgspec.json.encode(document).decode())
    return code


def _show(number: int, check: Check) -> None:
    print(f"{number}. {check.result:7} {check.id:10} {check.what}")
    if check.result in ("warn", "fail"):
        print(f"   why: {check.why}")
        if check.fix:
            print(f"   fix: {check.fix}")
    sys.stdout.flush()


def _checks(options: Options, state: State) -> dict[str, Callable[[], Check]]:
    folder = f" --state-dir {options.text('state-dir')}" if options.flag("state-dir") else ""
    return {
        "rights": _rights,
        "settings": lambda: _settings(options.text("config")),
        "identity": lambda: _identity(state, folder),
        "keys": lambda: _keys(state),
        "spool": lambda: _spool(state, folder),
        "disk": lambda: _disk(state),
        "probes": lambda: _probes(state),
        "collector": lambda: _collector(options, state),
        "measuring": lambda: _measuring(options, state),
    }


def _rights() -> Check:
    try:
        is_root = open_host().euid() == 0
    except HostError as error:
        return Check(id="rights", result="skipped", what=str(error))
    if is_root:
        return Check(id="rights", result="ok", what="runs as root: every probe may look")
    return Check(
        id="rights",
        result="warn",
        what="runs as an ordinary user",
        why="other users' programs and sockets stay unseen, and their sections say so",
        fix="sudo farmwatch-agent doctor",
        code=FAILED,
    )


def _settings(path: str) -> Check:
    try:
        settings = config.load(path)
    except config.ConfigError as error:
        return Check(
            id="settings", result="fail", what=str(error), why="the agent does not start with it",
            fix=f"edit {path or config.DEFAULT_FILE}", code=USAGE,
        )  # fmt: skip
    set_ones = [f"{name} from {origin}" for name, origin in settings.origins.items() if origin != "default"]
    return Check(id="settings", result="ok", what="; ".join(set_ones) or "all at their defaults")


def _identity(state: State, folder: str) -> Check:
    try:
        state.check()
        known = identity.load_identity(state)
    except identity.IdentityError as error:
        damaged = error.code == INTEGRITY
        anew = f"farmwatch-agent enrol --force --url URL --token-file FILE{folder}"
        return Check(
            id="identity",
            result="fail" if damaged else "skipped",
            what=str(error),
            why="without it nothing can be sent",
            fix=anew if damaged else "",
            code=error.code,
        )
    if known is None:
        return Check(
            id="identity", result="fail", what="this laptop is not enrolled", why="without an identity nothing is sent",
            fix=f"farmwatch-agent enrol --url URL --token-file FILE{folder}", code=NOT_ENROLLED,
        )  # fmt: skip
    return Check(id="identity", result="ok", what=f"{known.device} at {known.url}")


def _keys(state: State) -> Check:
    try:
        status = os.stat(state.signing_key)
        mode, owner = status.st_mode & 0o777, status.st_uid
    except FileNotFoundError:
        return Check(id="keys", result="skipped", what="there is no signing key before enrolment")
    except OSError as error:
        return Check(id="keys", result="skipped", what=f"{state.signing_key}: {error.strerror}")
    account = state.account()
    if account is not None and owner != account.uid:
        return Check(
            id="keys", result="fail", what=f"{state.signing_key} does not belong to the sender's account",
            why="the sender alone is to read it, and must be able to",
            fix=f"chown --reference={state.sender} {state.signing_key}", code=INTEGRITY,
        )  # fmt: skip
    if os.name == "posix" and mode & 0o077:
        return Check(
            id="keys", result="fail", what=f"{state.signing_key} can be read by others (mode {mode:o})",
            why="whoever reads it can report as this laptop", fix=f"chmod 600 {state.signing_key}", code=INTEGRITY,
        )  # fmt: skip
    return Check(id="keys", result="ok", what="the signing key is its owner's alone")


def _spool(state: State, folder: str) -> Check:
    if os.path.exists(state.spool) and not os.access(state.spool, os.R_OK):
        return Check(id="spool", result="skipped", what=f"{state.spool} is the agent's own, and root's to look at")
    if not os.path.exists(state.spool):
        return Check(
            id="spool", result="warn", what="there is no spool yet", why="the reader has never run",
            fix=f"farmwatch-agent read --once{folder}", code=FAILED,
        )  # fmt: skip
    try:
        known = identity.load_identity(state)
        load = Outbox(state, known.device if known else "").load()
    except (spool.SpoolError, identity.IdentityError) as error:
        return Check(
            id="spool", result="fail", what=str(error), why="reports cannot be kept or sent",
            fix=f"farmwatch-agent read --once{folder}", code=INTEGRITY,
        )  # fmt: skip
    return Check(id="spool", result="ok", what=f"{load.count} reports wait, {load.size_bytes} of 14,680,064 bytes")


def _disk(state: State) -> Check:
    folder = state.folder if os.path.isdir(state.folder) else os.path.dirname(state.folder) or "/"
    try:
        import shutil  # noqa: PLC0415 (doctor alone asks)

        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(id="disk", result="skipped", what=f"{folder}: {error.strerror}")
    if free < 64 << 20:
        return Check(
            id="disk", result="fail", what=f"{free >> 20} MiB are free under {folder}",
            why="a spool that cannot grow drops what it cannot write", fix=f"du -xh {folder} | sort -h | tail",
            code=FAILED,
        )  # fmt: skip
    return Check(id="disk", result="ok", what=f"{free >> 20} MiB are free under {folder}")


def _probes(state: State) -> Check:
    kept = health.load(state.health)
    stopped = [probe for probe in kept.stopped_probes() if kept.stop_of(probe.kind, time.time())]
    if stopped:
        what = "; ".join(f"{probe.kind} {probe.reason}, until {probe.until}" for probe in stopped)
        return Check(
            id="probes", result="warn", what=what, why="what it looks at is not seen until then",
            fix=f"farmwatch-agent collect --only {stopped[0].kind}", code=FAILED,
        )  # fmt: skip
    try:
        from farmwatch_schema.identifiers import Keyer  # noqa: PLC0415 (beside its use)

        sections = runner.run(open_host(), Keyer.generate(), health.Health(), probes.usual())
    except HostError as error:
        return Check(id="probes", result="fail", what=str(error), why="nothing can be looked at here", code=FAILED)
    broken = [f"{section.kind}: {section.reason}" for section in sections if section.outcome == "broken"]
    if broken:
        return Check(
            id="probes", result="warn", what="; ".join(broken), why="what is broken is not seen",
            fix="farmwatch-agent collect", code=FAILED,
        )  # fmt: skip
    looked = sum(section.outcome in ("found", "none") for section in sections)
    return Check(id="probes", result="ok", what=f"{looked} of {len(sections)} kinds could be looked at, none is broken")


def _collector(options: Options, state: State) -> Check:
    if options.flag("offline"):
        return Check(id="collector", result="skipped", what="not asked, because of --offline")
    try:
        known = identity.load_identity(state)
        settings = config.load(options.text("config"))
    except (identity.IdentityError, config.ConfigError) as error:
        return Check(id="collector", result="skipped", what=str(error))
    url = settings.url or (known.url if known else "")
    if not url:
        return Check(id="collector", result="skipped", what="no address is known before enrolment")

    from ..contact import look  # noqa: PLC0415 (what the offline checks never load)

    found = look(url, settings.proxy, settings.ca_file, time.time)
    through = f" through proxy {found.proxy}" if found.proxy else ""
    by = f", certificate by {found.issuer}" if found.issuer else ""
    if found.problem:
        return Check(
            id="collector", result="fail", what=f"{found.problem}{through}{by}", why="reports wait in the spool",
            fix=f"curl -v {url}/v1/reports", code=TLS if found.kind in ("tls", "proxy", "redirect") else UNREACHABLE,
        )  # fmt: skip
    if found.offset is not None and abs(found.offset) > 300:
        return Check(
            id="collector", result="warn", what=f"{url} answers{through}{by}; this clock is {found.offset:+.0f} s off",
            why="the agent corrects it in what it sends, other programs do not",
            fix="timedatectl set-ntp true", code=CLOCK,
        )  # fmt: skip
    return Check(id="collector", result="ok", what=f"{url} answers{through}{by}")


def _measuring(options: Options, state: State) -> Check:
    from ..rounds import load, told  # noqa: PLC0415 (beside its use)

    try:
        settings = config.load(options.text("config"))
    except config.ConfigError as error:
        return Check(id="measuring", result="skipped", what=str(error))
    if "latency" in settings.off:
        return Check(id="measuring", result="ok", what=f"latency is turned off ({settings.origins['off']})")
    what = readable(told(state, time.time()))
    kept = load(state)
    if kept.plan is not None and kept.why:
        return Check(
            id="measuring", result="warn", what=what, why="nothing tells how far this laptop is from anywhere",
            fix="farmwatch-agent measure", code=FAILED,
        )  # fmt: skip
    return Check(id="measuring", result="ok", what=what)
