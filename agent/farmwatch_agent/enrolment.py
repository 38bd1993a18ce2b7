"""Enrolment: a token and a new public key against an identity. The private key never leaves the laptop."""

import os
import re
import time
from contextlib import suppress

from farmwatch_schema import codec
from farmwatch_schema.errors import CodecError
from farmwatch_schema.report import EnrolRequest, EnrolResponse
from farmwatch_schema.signature import public_key_of

from .files import write_whole
from .health import seconds_of
from .identity import Account, Identity, IdentityError, State, save_identity
from .options import CLOCK, FAILED, NOT_ENROLLED, TLS, UNAUTHORISED, UNREACHABLE, AgentError, readable
from .spool import Spool
from .transport import Reply, Transport, TransportError

PATH = "/v1/enrol"
_DEVICE = re.compile(r"[a-z0-9-]{1,64}\Z")
_KEY = re.compile(r"(?:[0-9a-f]{2}){16,64}\Z")
_CODES = {"clock_skew": CLOCK, "throttled": UNREACHABLE, "invalid": FAILED, "too_large": FAILED}


def enrol(state: State, transport: Transport, url: str, token: str, platform: str, name: str, version: str,
          account: Account | None = None) -> Identity:  # fmt: skip
    """Returns the identity that the collector gave, kept in the state folder.

    The key is kept before it is sent: when the answer is lost, the next try shows the same key, so that a
    collector can give the same identity again although the token is used up.

    account  the sender's own, which alone is to read the signing key; None where both halves share one

    Raises AgentError with the exit code that fits, with nothing enrolled.
    """
    seed = _pending_seed(state, account)
    request = EnrolRequest(
        token=token, public_key=public_key_of(seed).hex(), platform=platform, name=name, version=version
    )
    try:
        reply = transport.post(PATH, {"content-type": "application/json"}, codec.encode(request))
    except TransportError as error:
        code = TLS if error.kind in ("tls", "proxy", "redirect") else UNREACHABLE
        raise AgentError(f"{error} Nothing was enrolled; try again.", code) from error
    given = _given(reply, url)
    identity = Identity(device=given.device, url=url, key_id=given.key_id, enrolled_at=given.server_time)
    save_identity(state, identity, seed, bytes.fromhex(given.identifier_key), account)
    _learn_clock(state, given)
    with suppress(OSError):
        os.unlink(_pending(state))
    return identity


def _given(reply: Reply, url: str) -> EnrolResponse:
    if reply.status in (200, 201):
        with suppress(CodecError):
            given = codec.decode_enrol_response(reply.body)
            if _DEVICE.match(given.device) and _KEY.match(given.identifier_key):
                return given
    else:
        with suppress(CodecError):
            refusal = codec.decode_response(reply.body)
            message = readable(refusal.message) or f"the collector refused ({refusal.status})."
            refused = UNAUTHORISED if reply.status in (401, 403) else _CODES.get(refusal.status, UNAUTHORISED)
            raise AgentError(f"{message} Nothing was enrolled.", refused)
    if reply.status in (401, 403):
        raise AgentError(f"{url} does not take this token. Ask for a new one; nothing was enrolled.", UNAUTHORISED)
    raise AgentError(
        f"{url} answered (HTTP {reply.status}), but not as a collector does. A network's sign-in page or a wrong"
        " address answers so: open a browser, or check --url. Nothing was enrolled.",
        UNREACHABLE if reply.status >= 500 else NOT_ENROLLED,
    )


def _learn_clock(state: State, given: EnrolResponse) -> None:
    """Leaves the clock's offset for the reader, so that the very first report has the right time."""
    server = seconds_of(given.server_time)
    if server is not None:
        spool = Spool(state.spool, given.device, time.time, mends=True)
        spool.leave_note("clock_offset", f"{server - time.time():.0f}")
        spool.close()


def _pending(state: State) -> str:
    return f"{state.signing_key}.pending"


def _pending_seed(state: State, account: Account | None) -> bytes:
    state.make(account)
    try:
        with open(_pending(state), "rb") as file:
            seed = bytes.fromhex(file.read(256).decode("ascii", "replace").strip())
        if len(seed) == 32:
            return seed
    except (OSError, ValueError):
        pass
    seed = os.urandom(32)
    try:
        write_whole(_pending(state), seed.hex().encode() + b"\n", mode=0o600)
    except OSError as error:
        raise IdentityError(
            f"{state.folder}: the new key cannot be kept ({error.strerror}). Run as root, or name a folder with"
            " --state-dir. Nothing was enrolled.",
            FAILED,
        ) from error
    return seed
