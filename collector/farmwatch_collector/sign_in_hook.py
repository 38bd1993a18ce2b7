"""`POST /v1/sign-ins`: an identity provider's sign-ins, as a JSON list under a bearer token of its own.

One request is taken as a whole or not at all, and may be sent again: what is there already is not added twice. The
token is stored as its SHA-256; it lets its holder add sign-ins and read nothing.
"""

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import msgspec

from farmwatch_schema.errors import FarmwatchError

from .ingest import Buckets, Receive, Scope, Send
from .sign_ins import Fault, SignInError, SignInReader, Told, numbered
from .store import Store

SIGN_INS = "/v1/sign-ins"
TOKEN_SETTING = "sign_in_token"  # noqa: S105 (the setting's name)
MAX_BYTES = 1 << 20
MAX_ROWS = 5_000
MAX_FAULTS = 100
"""Faults that one answer tells; the rest follows when these are mended."""

_BODY_SECONDS = 10.0
_PER_SECOND, _BURST = 5.0, 60
_rows = msgspec.json.Decoder(list[Told])
_log = logging.getLogger("farmwatch.sign_ins")


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer's body. added: new ones; known: there already; too_old: beyond what is kept."""

    ok: bool
    added: int = 0
    known: int = 0
    too_old: int = 0
    error: str = ""
    faults: tuple[Fault, ...] = ()


class _Refused(Exception):
    def __init__(self, http: int, error: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(error)
        self.http = http
        self.faults = faults


def digest_of(token: str) -> bytes:
    """Returns what is stored of a token."""
    return hashlib.sha256(token.strip().encode("utf-8", "surrogatepass")).digest()


class SignInHook:
    """The raw application for the route. `reader` is given once the company's key is known."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.reader: SignInReader | None = None
        self._store = store
        self._clock = clock
        self._bucket = Buckets(_PER_SECOND, _BURST)
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="farmwatch-sign-ins")

    def close(self) -> None:
        """Ends the thread after the request under way."""
        self._threads.shutdown(wait=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            http, answer = 200, await self._take(scope, receive)
        except _Refused as refusal:
            http, answer = refusal.http, Answer(ok=False, error=str(refusal), faults=refusal.faults)
        except ConnectionError:
            return
        except FarmwatchError as error:  # the disk: the sender keeps what it has and sends it again
            http, answer = 503, Answer(ok=False, error=str(error))
        except Exception:
            _log.exception("a request failed")
            http, answer = 500, Answer(ok=False, error="The collector failed at this request; its log says why.")
        body = msgspec.json.encode(answer)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        headers += [(b"cache-control", b"no-store")]
        if http != 200:
            headers.append((b"connection", b"close"))  # the rest of the body is not waited for
        if http == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        await send({"type": "http.response.start", "status": http, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _take(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            raise _Refused(405, f"{SIGN_INS} takes POST only.")
        wait = self._bucket.wait("", time.monotonic())
        if wait:
            raise _Refused(429, f"Too many requests. Come again in {int(wait) + 1} s.")
        headers: dict[bytes, bytes] = dict(scope["headers"])
        await self._in_thread(self._authenticate, headers.get(b"authorization", b"").decode("latin-1"))
        body = await self._body(receive)
        answer: Answer = await self._in_thread(self._store_rows, body)
        return answer

    def _authenticate(self, header: str) -> None:
        scheme, _, token = header.partition(" ")
        stored = self._store.setting(TOKEN_SETTING) or b""
        if not stored:
            raise _Refused(401, "No token was made here yet: farmwatch signins token.")
        if scheme.lower() != "bearer" or not hmac.compare_digest(digest_of(token), stored):
            raise _Refused(401, "The bearer token is missing or not the one that holds. Make a new one if it is lost.")

    async def _body(self, receive: Receive) -> bytes:
        parts, size = [], 0
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ConnectionResetError
                    part: bytes = message.get("body", b"")
                    size += len(part)
                    if size > MAX_BYTES:
                        raise _Refused(413, f"The body is larger than {MAX_BYTES} bytes. Send fewer at once.")
                    parts.append(part)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError as error:
            raise _Refused(408, f"The body did not come within {_BODY_SECONDS:g} s. Try again.") from error

    def _store_rows(self, body: bytes) -> Answer:
        try:
            rows = _rows.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _Refused(
                400, f"The body is no list of sign-ins: {error}. docs/networks.md has the format."
            ) from error
        if len(rows) > MAX_ROWS:
            raise _Refused(413, f"{len(rows)} sign-ins; at most {MAX_ROWS} at once.")
        assert self.reader is not None
        try:
            taken = self.reader.take(numbered(rows), "request", self._clock())
        except SignInError as error:
            count = len(error.faults)
            raise _Refused(400, f"{count} bad rows, nothing was taken.", error.faults[:MAX_FAULTS]) from error
        added = self._store.add_sign_ins(taken.found) if taken.found else 0
        return Answer(ok=True, added=added, known=taken.rows - added, too_old=taken.too_old)

    async def _in_thread(self, work: Callable[..., Any], *values: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *values)
