"""One round of measuring now, by the kept plan or by a file: prints what it finds, and keeps and sends nothing."""

import sys
import time

import msgspec

from farmwatch_schema.plan import Plan

from .. import config, identity, rounds
from ..files import locked
from ..health import stamp
from ..host import open_host
from ..host.left_rounds import LeftRound
from ..options import FAILED, NOT_ENROLLED, OK, USAGE, AgentError, Options, readable
from ..probes.latency.told import observables
from .send import become_sender, log

OPTIONS = {"plan": "FILE", "json": ""}
WORDS: tuple[str, ...] = ()

_HEAD = ("LANDMARK", "METHOD", "FAMILY", "ADDRESS", "COUNT", "LOST", "MIN", "MEDIAN", "MAX", "TLS", "MSS", "HOPS", "")
_MAX_PLAN_BYTES = 1 << 18


def run(options: Options) -> int:
    """Prints one round: a table, or with --json its observables."""
    settings = config.load(options.text("config"))
    if "latency" in settings.off:
        raise AgentError(f"latency is turned off ({settings.origins['off']}); nothing is measured.")
    state = identity.open_state(options.text("state-dir"))
    path = options.text("plan")
    plan = _plan_in(path) if path else None
    become_sender(state)
    if plan is None:
        plan = _kept_plan(state)
    found = _measured(state, plan, settings.landmarks)
    if options.flag("json"):
        items = list(observables([found]))
        document = {"schema": 1, "verb": "measure", "ok": True, "code": OK, "items": items}
        print(msgspec.json.encode(document).decode())
    else:
        print(table(found))
    return OK


def table(found: LeftRound) -> str:
    """Returns a round as lines for people."""
    if found.skipped:
        return f"nothing was measured: {found.skipped.replace('_', ' ')}"
    rows = [_HEAD]
    rows += [
        (
            readable(it.landmark), it.method, it.family, it.address, str(it.count), str(it.lost), _told(it.min_ms),
            _told(it.median_ms), _told(it.max_ms), _told(it.first_byte_ms), str(it.mss or ""), _told(it.ttl),
            it.problem.replace("_", " "),
        )
        for it in found.trips
    ]  # fmt: skip
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    left = (0, 1, 2, 3, len(_HEAD) - 1)
    lines = [
        "  ".join(cell.ljust(width) if at in left else cell.rjust(width)
                  for at, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip()
        for row in rows
    ]  # fmt: skip
    about = [
        "times in ms",
        f"{found.seconds} s, {found.connects} connects, about {found.bytes} bytes",
        f"by {found.access}" if found.access else "",
        f"gateway {found.gateway_ms} ms" if found.gateway_ms is not None else "",
        f"this machine {found.control_ms} ms" if found.control_ms is not None else "",
        f"{found.dropped} dropped, because this machine was busy" if found.dropped else "",
        f"path MTU {found.path_mtu}" if found.path_mtu else "",
    ]
    return "\n".join([*lines, "", "; ".join(part for part in about if part)])


def _told(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _measured(state: identity.State, plan: Plan, landmarks: tuple[str, ...]) -> LeftRound:
    from ..probes.latency.allowed import AllowList  # noqa: PLC0415 (what a verb without a plan never loads)
    from ..probes.latency.measuring import measure  # noqa: PLC0415

    log(f"measures {len(plan.targets)} landmarks; Ctrl-C ends it")
    most = rounds.MOST_CONNECTS_A_DAY
    try:
        with locked(state.of_sender(rounds.LOCK)) as ours:
            if not ours:
                raise AgentError("the sender measures just now, and two at once would disturb each other. Try again.")
            return measure(open_host(), plan, AllowList(landmarks), most_connects=most)
    except OSError:
        # Without a state folder of one's own there is no sender to disturb.
        return measure(open_host(), plan, AllowList(landmarks), most_connects=most)


def _kept_plan(state: identity.State) -> Plan:
    kept = rounds.load(state)
    if kept.plan is None:
        raise AgentError(
            f"no plan is kept in {state.of_sender(rounds.KEPT)}. Let the sender fetch one (farmwatch-agent send"
            " --measure), or name one with --plan FILE.",
            NOT_ENROLLED if identity.load_identity(state) is None else FAILED,
        )
    if time.time() >= kept.ends_at:
        raise AgentError(
            f"the kept plan ended at {stamp(kept.ends_at)}. Let the sender fetch a new one:"
            " farmwatch-agent send --measure."
        )
    return kept.plan


def _plan_in(path: str) -> Plan:
    """Returns the plan in a file, which may be one that ended: whoever names it means it."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(_MAX_PLAN_BYTES)
        else:
            with open(path, "rb") as file:
                data = file.read(_MAX_PLAN_BYTES)
        return msgspec.json.decode(data, type=Plan)
    except OSError as error:
        raise AgentError(f"{path}: cannot be read ({error.strerror}).", USAGE) from error
    except (msgspec.MsgspecError, RecursionError) as error:
        raise AgentError(f"{path}: is no plan ({error}). docs/report.md shows one.", USAGE) from error
