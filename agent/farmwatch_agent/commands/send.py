"""The sender as a process: sends what is in the spool and ends."""

import os
import sys
import time
from typing import TYPE_CHECKING

import msgspec

from .. import config, identity, spool
from ..options import INTEGRITY, NOT_ENROLLED, OK, AgentError, Options
from ..outbox import Outbox
from ..sender import MAX_PACKED_BYTES, PATH, Sender, Sent
from ..transport import HttpTransport

if TYPE_CHECKING:
    from ..host.left_rounds import Skipped

OPTIONS = {"dry-run": "", "scheduled": "", "measure": "", "json": ""}
WORDS: tuple[str, ...] = ()


def run(options: Options) -> int:
    """Sends all that waits, then measures what is due; with --scheduled only when the wait that earlier answers asked
    for is over, with --measure a round at once.
    """
    state = identity.open_state(options.text("state-dir"))
    become_sender(state)
    settings = config.load(options.text("config"))
    sender, url = open_sender(options, settings)
    if options.flag("dry-run"):
        return _dry_run(sender, url, as_json=options.flag("json"))
    if options.flag("scheduled") and not sender.due():
        sent = Sent(status="waiting", message="the last answer asked for a longer wait; nothing was sent.")
    else:
        sent = sender.drain()
    show(sent, as_json=options.flag("json"))
    # Whoever reads our output need not wait for what is measured.
    sys.stdout.flush()
    if measure(sender, state, settings, sent, at_once=options.flag("measure")) and sender.waits() and sender.due():
        again = sender.drain()
        return again.code
    return sent.code


#: What an exchange that failed says of the network.
_WHY_NOT: "dict[str, Skipped]" = {
    "not_a_collector": "captive", "redirect": "captive", "tls": "captive",
    "unreachable": "no_network", "slow": "no_network", "proxy": "no_network",
}  # fmt: skip


def measure(
    sender: Sender, state: identity.State, settings: config.Settings, sent: Sent, *, at_once: bool = False
) -> bool:
    """Measures when a round is due and the collector answered just now; returns whether it did."""
    reached, nothing = sent.status == "accepted", sent.status == "nothing"
    why: Skipped = _WHY_NOT.get(sent.status, "")
    if "latency" in settings.off:
        if at_once:
            log(f"latency is turned off ({settings.origins['off']}); nothing is measured")
        return False
    if not (reached or nothing or why) or not (at_once or sender.may_measure()):
        return False
    from ..host import open_host  # noqa: PLC0415 (a plain send looks at nothing)
    from ..rounds import Measuring  # noqa: PLC0415

    measuring = Measuring(sender, state, settings.landmarks, open_host, log=log)
    return measuring.step(reached=reached, why=why, at_once=at_once) is not None


def log(text: str) -> None:
    """Writes one line to stderr, where the service manager's journal takes it."""
    sys.stderr.write(f"farmwatch-agent: {text}\n")
    sys.stderr.flush()


def open_sender(options: Options, settings: config.Settings | None = None) -> tuple[Sender, str]:
    """Returns this laptop's sender and the address it sends to; raises AgentError when it is not enrolled."""
    settings = settings or config.load(options.text("config"))
    state = identity.open_state(options.text("state-dir"))
    known = identity.load_identity(state)
    if known is None:
        raise AgentError(
            f"this laptop is not enrolled: there is no {state.identity}. Enrol it: farmwatch-agent enrol --url URL.",
            NOT_ENROLLED,
        )
    url = settings.url or known.url
    config.check_url(url, state.identity if not settings.url else settings.origins["url"])
    key = identity.load_signing_key(state)
    store: spool.Spool | Outbox
    if state.apart:
        store = Outbox(state, known.device)
    else:
        store = spool.Spool(state.spool, known.device, time.time, mends=False)
    return Sender(store, state, HttpTransport(url, settings.proxy, settings.ca_file), key), url


def become_sender(state: identity.State) -> None:
    """Makes root the sender's account, where it has one: root neither speaks to a network nor writes in its folder."""
    account = state.account()
    if sys.platform == "win32" or account is None or os.geteuid() != 0:
        return
    state.check()
    if account.uid == 0:
        raise AgentError(f"{state.sender}: belongs to root. Give it to the sender's account, or enrol anew.", INTEGRITY)
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)


def show(sent: Sent, *, as_json: bool, verb: str = "send") -> None:
    """Prints what one sending came to, in the name of the verb that did it."""
    if as_json:
        document = {"schema": 1, "verb": verb, "ok": sent.code == OK, "code": sent.code, "status": sent.status,
                    "message": sent.message, "acknowledged": sent.acknowledged}  # fmt: skip
        if sent.code != OK:
            document["error"] = sent.message
        print(msgspec.json.encode(document).decode())
    elif sent.code == OK:
        print(sent.message)
    else:
        print(f"farmwatch-agent {verb}: {sent.message}", file=sys.stderr)


def _dry_run(sender: Sender, url: str, *, as_json: bool) -> int:
    waiting = sender.take()
    if not waiting:
        show(Sent(status="nothing", message="nothing waits to be sent."), as_json=as_json)
        return OK
    headers, body = sender.request(waiting)
    reports = [msgspec.Raw(it.body) for it in waiting]
    if as_json:
        document = {"schema": 1, "verb": "send", "ok": True, "code": OK, "status": "dry_run", "url": url + PATH,
                    "headers": headers, "packed_bytes": len(body), "reports": reports}  # fmt: skip
        print(msgspec.json.encode(document).decode())
        return OK
    print(f"POST {url}{PATH}")
    for name, value in headers.items():
        print(f"{name}: {value}")
    print()
    for waiting_report in waiting:
        print(waiting_report.body.decode())
    print(
        f"{len(waiting)} reports, {len(body)} of at most {MAX_PACKED_BYTES} bytes packed; nothing was sent.",
        file=sys.stderr,
    )
    return OK
