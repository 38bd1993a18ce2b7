"""Reader and sender in one process, for a trial. A service runs them apart: farmwatch-agent read, and send by timer."""

import time
from collections.abc import Callable

from .. import identity
from ..host.wake import open_waker
from ..options import CANCELLED, OK, AgentError, Options
from ..reader import Reader
from ..sender import Sender, Sent
from ..spool import SpoolError
from .read import end_quietly, log, open_reader
from .send import measure, open_sender, show

OPTIONS = {"once": "", "json": ""}
WORDS: tuple[str, ...] = ()


def run(options: Options) -> int:
    """Reads and sends once, or until it is interrupted."""
    state = identity.open_state(options.text("state-dir"))
    if state.apart:
        raise AgentError(
            "reader and sender have accounts of their own here. Start them: systemctl start farmwatch-agent-read"
            " farmwatch-agent-send.timer. For a trial in one process, enrol into another folder with --state-dir."
        )
    reader, store, settings = open_reader(options)
    sender, url = open_sender(options, settings)
    if options.flag("once"):
        reader.once()
        sent = sender.drain()
        show(sent, as_json=options.flag("json"), verb="run")
        measure(sender, state, settings, sent)
        return sent.code
    end_quietly()
    log(f"device {store.device} tells {url}; Ctrl-C ends it")
    waker = open_waker(log)
    try:
        while True:
            turn(reader, sender, lambda sent: measure(sender, state, settings, sent))
            if words := waker.wait(5):
                reader.wake(words, time.monotonic())
    except KeyboardInterrupt:
        log("ended; what was not sent waits in the spool")
        return CANCELLED if store.load().count else OK


def turn(reader: Reader, sender: Sender, after: Callable[[Sent], object] = lambda _: None) -> None:
    """Runs what is due of both halves; a full disk or a collector out of reach is told and ends nothing.

    after  what is done with an exchange's result: measuring, for which the reader waits a minute or two
    """
    try:
        number = reader.step(time.monotonic())
        if number is not None:
            log(f"report {number} is in the spool")
        if sender.due() and (number is not None or sender.waits()):
            sent = sender.drain()
            log(sent.message)
            after(sent)
    except SpoolError as error:
        log(str(error))
