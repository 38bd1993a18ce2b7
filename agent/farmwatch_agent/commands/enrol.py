"""Gets this laptop an identity. The token comes from a file, FARMWATCH_TOKEN or stdin, never from the command line."""

import os
import platform
import sys

from .. import __version__, config, identity
from ..host import open_host
from ..options import OK, USAGE, AgentError, Options, UsageError

OPTIONS = {"url": "URL", "token-file": "FILE", "proxy": "URL", "ca-file": "FILE", "sender-account": "NAME",
           "force": "", "json": ""}  # fmt: skip
WORDS: tuple[str, ...] = ()


def run(options: Options) -> int:
    """Enrols and prints the device id."""
    flags = {"url": options.text("url"), "proxy": options.text("proxy"), "ca_file": options.text("ca-file")}
    settings = config.load(options.text("config"), flags)
    if not settings.url:
        raise UsageError("--url is missing: the collector's address, https://farmwatch.example.com.")
    state = identity.open_state(options.text("state-dir"))
    if not options.flag("force"):
        known = identity.load_identity(state)
        if known is not None:
            raise AgentError(
                f"this laptop is enrolled already, as {known.device} at {known.url}. Nothing was changed; --force"
                " gives it a new identity."
            )
    account = _account(options, state)
    token = _token(options)

    # Loaded late: a mistyped option must not cost a quarter of a second.
    from ..enrolment import enrol  # noqa: PLC0415
    from ..transport import HttpTransport  # noqa: PLC0415

    url = settings.url.rstrip("/")
    transport = HttpTransport(url, settings.proxy, settings.ca_file)
    given = enrol(state, transport, url, token, open_host().platform, platform.node(), __version__, account)
    if options.flag("json"):
        import msgspec  # noqa: PLC0415

        document = {"schema": 1, "verb": "enrol", "ok": True, "code": OK, "device": given.device, "url": given.url}
        print(msgspec.json.encode(document).decode())
    else:
        print(f"enrolled as {given.device} at {given.url}")
        print(f"next: {_next(options, state)}", file=sys.stderr)
    return OK


def _account(options: Options, state: identity.State) -> identity.Account | None:
    """Returns the account that the sender has for itself; None for a trial, in which one does both."""
    name = options.text("sender-account")
    if sys.platform == "win32" or os.geteuid() != 0:
        if name:
            raise UsageError("--sender-account needs root, who alone can give files to another account.")
        return None
    if not name:
        # In a folder that was named it is a trial, unless it was set up otherwise before.
        known = state.account()
        return known if options.flag("state-dir") or known else identity.find_account(identity.SENDER_ACCOUNT)
    found = identity.find_account(name)
    if found is None or found.uid == 0:
        raise UsageError(f"--sender-account {name}: there is no such account, or it is root. Nothing was enrolled.")
    return found


def _next(options: Options, state: identity.State) -> str:
    if state.apart:
        return "systemctl enable --now farmwatch-agent-read.service farmwatch-agent-send.timer"
    return f"farmwatch-agent run{_state_hint(options)}"


def _state_hint(options: Options) -> str:
    return f" --state-dir {options.text('state-dir')}" if options.flag("state-dir") else ""


def _token(options: Options) -> str:
    path = options.text("token-file")
    if path:
        try:
            with open(path, "rb") as file:
                token = file.read(4096).decode("utf-8", "replace").strip()
        except OSError as error:
            raise AgentError(f"{path}: the token cannot be read ({error.strerror}).", USAGE) from error
        where = path
    elif os.environ.get("FARMWATCH_TOKEN"):
        token, where = os.environ["FARMWATCH_TOKEN"].strip(), "FARMWATCH_TOKEN"
    elif sys.stdin is not None and not sys.stdin.isatty():
        token, where = sys.stdin.readline(4096).strip(), "stdin"
    else:
        raise UsageError("there is no token. Give --token-file FILE, set FARMWATCH_TOKEN, or pipe it in.")
    if not token or not token.isprintable() or " " in token:
        raise AgentError(f"{where}: holds no token. A token is one word of printable characters.", USAGE)
    return token
