"""How the agent is, from its own files: no network, no probe. One line per subject, the worst first."""

import os
import time

import msgspec

from .. import health, identity, spool
from ..options import FAILED, INTEGRITY, NOT_ENROLLED, OK, UNREACHABLE, Options, readable
from ..outbox import Outbox

OPTIONS = {"json": ""}
WORDS: tuple[str, ...] = ()

#: Three heartbeats without one: agents.md's "late".
LATE_SECONDS = 3 * 1080


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One subject: how it is (`ok`, `warn`, `fail`, or `skipped` where rights are missing), and in words."""

    subject: str
    state: str
    text: str
    code: int = OK


class LastSent(msgspec.Struct, frozen=True, kw_only=True):
    """The part of sent.json that status needs."""

    sent_at: str
    status: str
    message: str


def run(options: Options) -> int:
    """Prints the lines; the exit code is the worst one's."""
    state = identity.open_state(options.text("state-dir"), to_look=True)
    order = {"fail": 0, "warn": 1, "skipped": 2, "ok": 3}
    lines = sorted(subjects(state, time.time()), key=lambda line: order[line.state])
    code = next((line.code for line in lines if line.state in ("fail", "warn")), OK)
    if options.flag("json"):
        document = {"schema": 1, "verb": "status", "ok": code == OK, "code": code, "items": lines}
        print(msgspec.json.encode(document).decode())
    else:
        for line in lines:
            print(f"{line.state:7} {line.subject:10} {line.text}")
    return code


def subjects(state: identity.State, now: float) -> list[Line]:
    """Returns every subject of a state folder."""
    try:
        known = identity.load_identity(state)
    except identity.IdentityError as error:
        return [Line(subject="identity", state="fail", text=str(error), code=INTEGRITY)]
    if known is None:
        text = f"not enrolled ({state.identity} is not there); farmwatch-agent enrol --url URL"
        return [Line(subject="identity", state="fail", text=text, code=NOT_ENROLLED)]
    return [
        Line(subject="identity", state="ok", text=f"{known.device} at {known.url}, enrolled {known.enrolled_at}"),
        _spool(state, known.device, now),
        _sent(state),
        _probes(state, now),
        Line(subject="measuring", state="ok", text=readable(_measuring(state, now))),
    ]


def _measuring(state: identity.State, now: float) -> str:
    from ..rounds import told  # noqa: PLC0415 (beside its use)

    return told(state, now)


def _spool(state: identity.State, device: str, now: float) -> Line:
    if not os.path.exists(state.spool):
        text = "no spool yet: the reader has never run; farmwatch-agent read"
        return Line(subject="spool", state="warn", text=text, code=FAILED)
    if not os.access(state.spool, os.R_OK):
        return Line(subject="spool", state="skipped", text="is the agent's own; sudo farmwatch-agent status shows it")
    try:
        load = Outbox(state, device).load()
    except spool.DamagedSpool as error:
        return Line(subject="spool", state="fail", text=str(error), code=INTEGRITY)
    except spool.SpoolError as error:
        return Line(subject="spool", state="warn", text=str(error), code=FAILED)
    text = f"{load.count} reports wait ({load.size_bytes} bytes), the last one is number {load.last}"
    if load.count and now - load.oldest_at > LATE_SECONDS:
        hours = (now - load.oldest_at) / 3600
        text += f"; the oldest for {hours:.1f} hours: farmwatch-agent doctor"
        return Line(subject="spool", state="warn", text=text, code=UNREACHABLE)
    return Line(subject="spool", state="ok", text=text)


def _sent(state: identity.State) -> Line:
    try:
        last = msgspec.json.decode(state.left_by_sender(identity.SENT), type=LastSent)
    except FileNotFoundError:
        return Line(subject="sent", state="warn", text="nothing was ever sent; farmwatch-agent send", code=FAILED)
    except (OSError, msgspec.MsgspecError) as error:
        return Line(subject="sent", state="warn", text=f"{state.sent}: cannot be read ({error})", code=FAILED)
    text = readable(f"{last.sent_at}: {last.message}")
    if last.status != "accepted":
        return Line(subject="sent", state="warn", text=text, code=UNREACHABLE)
    return Line(subject="sent", state="ok", text=text)


def _probes(state: identity.State, now: float) -> Line:
    if os.path.exists(state.health) and not os.access(state.health, os.R_OK):
        return Line(subject="probes", state="skipped", text="are the agent's own; sudo farmwatch-agent status shows it")
    kept = health.load(state.health)
    stopped = [probe for probe in kept.stopped_probes() if kept.stop_of(probe.kind, now)]
    if stopped:
        text = "; ".join(f"{probe.kind} {probe.reason}, until {probe.until}" for probe in stopped)
        return Line(subject="probes", state="warn", text=text, code=FAILED)
    return Line(subject="probes", state="ok", text="none is stopped")
