"""The reader as a process: fills the spool until it is ended. No network; it never loads what the sender needs."""

import sys
from collections.abc import Callable

from .. import config, identity, spool
from ..host import open_host
from ..host.wake import open_waker
from ..options import NOT_ENROLLED, OK, AgentError, Options
from ..reader import Reader

OPTIONS = {"once": ""}
WORDS: tuple[str, ...] = ()


def run(options: Options) -> int:
    """Reads once, or until it is ended."""
    reader, _, _ = open_reader(options)
    if options.flag("once"):
        print(reader.once())
        return OK
    end_quietly()
    reader.run(log, open_waker(log).wait)
    return OK


def open_reader(options: Options) -> tuple[Reader, spool.Spool, config.Settings]:
    """Returns this laptop's reader, its spool and its settings; raises AgentError when it is not enrolled."""
    settings = config.load(options.text("config"))
    state = identity.open_state(options.text("state-dir"))
    state.check()
    known = identity.load_identity(state)
    if known is None:
        raise AgentError(
            f"this laptop is not enrolled: there is no {state.identity}. Enrol it: farmwatch-agent enrol --url URL.",
            NOT_ENROLLED,
        )
    host = open_host()
    store = spool.Spool(state.spool, known.device, host.now, mends=True)
    keyer = identity.load_keyer(state.identifier_key)
    reader = Reader(
        host, keyer, store, state,
        heartbeat=settings.heartbeat_seconds, off=settings.off, on=settings.on, enrolled_at=known.enrolled_at,
    )  # fmt: skip
    return reader, store, settings


def log(text: str) -> None:
    """Writes one line to stderr, where the service manager's journal takes it."""
    sys.stderr.write(f"farmwatch-agent: {text}\n")
    sys.stderr.flush()


def end_quietly() -> None:
    """Makes a service manager's SIGTERM end the process as an exit of its own, between two passes or in one."""
    import signal  # noqa: PLC0415 (a single pass needs none)

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(OK)

    handler: Callable[[int, object], None] = end
    signal.signal(signal.SIGTERM, handler)
