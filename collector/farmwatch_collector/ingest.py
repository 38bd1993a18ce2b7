"""What agents ask, as a raw ASGI application: authenticates, validates, stores, judges nothing.

`POST /v1/reports`, `POST /v1/enrol`, and `POST /v1/plan`: what to measure.

Order: size while reading, signature, then gunzip, then decode, then group commit, then the answer. Small bodies
are taken apart in the event loop, because a hand-over costs more than they do; large ones in a thread. The store
is only ever spoken to from threads.
"""

import asyncio
import hashlib
import logging
import re
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

from farmwatch_schema.codec import decode_enrol_request, encode
from farmwatch_schema.errors import CodecError, SignatureError
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.plan import PLAN_PATH, PlanResponse
from farmwatch_schema.report import Answer, AnswerStatus, EnrolResponse, Response
from farmwatch_schema.signature import DEVICE_HEADER, verify

from .intake import Refused, take_apart, unpack, utc_text, validate
from .origins import Origins
from .place.plans import Plans
from .settings import Limits
from .store.protocol import Device, Incoming, Store, TokenError
from .store.protocol_network import Origin

T = TypeVar("T")
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

REPORTS = "/v1/reports"
ENROL = "/v1/enrol"
ROUTES = (REPORTS, ENROL, PLAN_PATH)

_SMALL_PACKED = 16 * 1024
_SMALL_UNPACKED = 64 * 1024
_ENROL_BYTES = 16 * 1024
_PLAN_BYTES = 256
_KEYS_SECONDS = 30.0
_KEYS_AGAIN_SECONDS = 2.0
_DISK_SECONDS = 60
_SIGNED = (DEVICE_HEADER.encode(), b"content-digest", b"signature-input", b"signature")
_PUBLIC_KEY = re.compile(r"[0-9a-f]{64}\Z")
_PLATFORMS = ("linux", "macos", "windows")
_HTTP: dict[str, int] = {"bad_signature": 401, "clock_skew": 401}
_log = logging.getLogger("farmwatch.ingest")


class Buckets:
    """Token buckets: each name may do `burst` at once and `per_second` in the long run; 0 is without limit."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._levels: dict[str, tuple[float, float]] = {}

    def wait(self, name: str, now: float) -> float:
        """Takes one and returns 0, or returns the seconds until there is one."""
        if self._per_second <= 0:
            return 0.0
        level, at = self._levels.get(name, (float(self._burst), now))
        level = min(self._burst, level + (now - at) * self._per_second)
        if level < 1:
            self._levels[name] = (level, now)
            return (1 - level) / self._per_second
        self._levels[name] = (level - 1, now)
        return 0.0


class Ingest:
    """The raw application for the routes that agents use.

    store  where reports go
    clock  the present, replaced in tests
    plans  what laptops measure; over the shipped landmarks when left out
    origins  what tells where requests come from, made with the company's keyer; without it nothing is kept of that
    """

    def __init__(
        self,
        store: Store,
        limits: Limits | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        plans: Plans | None = None,
        origins: Callable[[Keyer], Origins] | None = None,
    ) -> None:
        self._store = store
        self._make_origins = origins
        self._origins: Origins | None = None
        self._plans = plans or Plans(store)
        self._limits = limits or Limits()
        self._clock = clock
        self._keys: dict[str, Device] = {}
        self._keys_at = -_KEYS_SECONDS
        self._keys_lock = asyncio.Lock()
        self._company: Keyer | None = None
        self._company_key = b""
        self._reports = Buckets(self._limits.per_minute / 60, self._limits.burst)
        self._asked = Buckets(self._limits.plans_per_minute / 60, self._limits.plan_burst)
        self._enrolments = Buckets(self._limits.enrolments_per_second, self._limits.enrolment_burst)
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="farmwatch-ingest")
        self._answered: deque[tuple[asyncio.Future[list[Answer]], list[Answer]]] = deque()
        self._told = False
        self._waiting = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Loads the keys, and makes the company's identifier key at the very first start."""
        self._loop = asyncio.get_running_loop()
        self._company_key = await self._in_thread(company_key, self._store)
        self._company = Keyer.from_key(self._company_key)
        if self._make_origins is not None:
            self._origins = self._make_origins(self._company)
        await self._load_keys(0.0)

    def close(self) -> None:
        """Ends the threads; requests under way are answered before."""
        self._threads.shutdown(wait=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] != "POST":
                raise Refused(405, "invalid", f"{scope['path']} takes POST only.")
            path = scope["path"]
            work = self._take if path == REPORTS else self._plan if path == PLAN_PATH else self._enrol
            http, body, wait = await work(scope, receive)
        except Refused as refusal:
            http, wait = refusal.http, refusal.retry_after_seconds
            body = self._refusal(scope["path"], refusal.status, str(refusal), wait)
        except ConnectionError:
            return
        except Exception:  # whatever one device sends, the service goes on; the report stays with the agent
            _log.exception("a request failed")
            http, wait = 500, _DISK_SECONDS
            body = self._refusal(
                scope["path"], "throttled", "The collector failed at this request; its log says why.", wait
            )
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if http in (405, 408, 413):
            headers.append((b"connection", b"close"))  # the rest of the body is not waited for
        if wait:
            headers.append((b"retry-after", str(wait).encode()))
        await send({"type": "http.response.start", "status": http, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, path: str, status: AnswerStatus, message: str, wait: int) -> bytes:
        kind = PlanResponse if path == PLAN_PATH else Response
        return encode(
            kind(server_time=utc_text(self._clock()), status=status, message=message, retry_after_seconds=wait)
        )

    # reports ---------------------------------------------------------------------------------------
    async def _take(self, scope: Scope, receive: Receive) -> tuple[int, bytes, int]:
        device, body, now = await self._authenticated(scope, receive, self._limits.packed_bytes, self._reports)
        if self._waiting > self._limits.waiting_reports:
            raise Refused(503, "throttled", "Too many reports wait for the disk. Come again in 5 s.", 5)
        origin = self._origins.of(scope) if self._origins is not None else None
        checked = await self._check(body, device.device, now, origin)
        return await self._commit(checked, now)

    async def _authenticated(
        self, scope: Scope, receive: Receive, most: int, bucket: Buckets
    ) -> tuple[Device, bytes, datetime]:
        """Returns who signed the request, its body, and when it was checked. Raises Refused."""
        headers: dict[str, str] = {}
        length = b""
        for name, value in scope["headers"]:
            if name in _SIGNED:
                field, text = name.decode(), value.decode("latin-1")
                # A proxy may add a signature of its own in a second line: one list, RFC 9110, section 5.3.
                headers[field] = f"{headers[field]}, {text}" if field in headers else text
            elif name == b"content-length":
                length = value
        device = self._keys.get(headers.get(DEVICE_HEADER, "")) or await self._late_key(headers.get(DEVICE_HEADER, ""))
        body = await self._body(receive, length, most)
        now = self._clock()
        try:
            verify("POST", scope["path"], headers, body, device.public_key, now.timestamp())
        except SignatureError as error:
            status: AnswerStatus = "clock_skew" if error.status == "clock_skew" else "bad_signature"
            raise Refused(_HTTP[status], status, str(error)) from error
        if device.revoked:
            raise Refused(403, "revoked", "This device was revoked by the company. Ask the one who runs farmwatch.")
        wait = bucket.wait(device.device, time.monotonic())
        if wait:
            seconds = int(wait) + 1
            raise Refused(429, "throttled", f"Too many requests of this device. Come again in {seconds} s.", seconds)
        return device, body, now

    async def _check(
        self, body: bytes, device: str, now: datetime, origin: Origin | None
    ) -> Sequence[Incoming | Answer]:
        if len(body) > _SMALL_PACKED:
            return await self._in_thread(self._check_all, unpack, body, device, now, origin)
        data = unpack(body, self._limits)
        if len(data) > _SMALL_UNPACKED:
            return await self._in_thread(self._check_all, None, data, device, now, origin)
        return self._check_all(None, data, device, now, origin)

    def _check_all(
        self,
        unpacker: Callable[[bytes, Limits], bytes] | None,
        data: bytes,
        device: str,
        now: datetime,
        origin: Origin | None,
    ) -> Sequence[Incoming | Answer]:
        if unpacker is not None:
            data = unpacker(data, self._limits)
        return [validate(raw, device, now, self._limits, origin) for raw in take_apart(data)]

    async def _commit(self, checked: Sequence[Incoming | Answer], now: datetime) -> tuple[int, bytes, int]:
        fit = [one for one in checked if isinstance(one, Incoming)]
        answers: Sequence[Answer] = []
        if fit:
            assert self._loop is not None
            future: asyncio.Future[list[Answer]] = self._loop.create_future()
            self._waiting += len(fit)
            try:
                self._store.submit(fit, lambda given: self._tell(future, given))
                answers = await future
            finally:
                self._waiting -= len(fit)
        if len(fit) < len(checked):
            stored = iter(answers)
            answers = [next(stored) if isinstance(one, Incoming) else one for one in checked]
        if fit and answers[0].status == "throttled" and all(one.status == "throttled" for one in answers):
            message = answers[0].message
            refusal = Response(
                server_time=utc_text(now),
                answers=list(answers),
                status="throttled",
                message=message,
                retry_after_seconds=_DISK_SECONDS,
            )
            return 503, encode(refusal), _DISK_SECONDS
        return 200, encode(Response(server_time=utc_text(now), answers=list(answers))), 0

    def _tell(self, future: "asyncio.Future[list[Answer]]", answers: list[Answer]) -> None:
        """Called in the store's thread; wakes the event loop once for all that a commit answered."""
        self._answered.append((future, answers))
        if not self._told and self._loop is not None:
            self._told = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._told = False
        while self._answered:
            future, answers = self._answered.popleft()
            if not future.done():
                future.set_result(answers)

    async def _body(self, receive: Receive, length: bytes, most: int) -> bytes:
        too_large = Refused(413, "too_large", f"The body is larger than {most} bytes. Send fewer reports at once.")
        if length.isdigit() and int(length[:12]) > most:
            raise too_large
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._limits.request_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ConnectionResetError
                    part: bytes = message.get("body", b"")
                    size += len(part)
                    if size > most:
                        raise too_large
                    parts.append(part)
                    if not message.get("more_body", False):
                        return parts[0] if len(parts) == 1 else b"".join(parts)
        except TimeoutError as error:
            seconds = self._limits.request_seconds
            raise Refused(408, "throttled", f"The body did not come within {seconds:g} s. Try again.", 1) from error

    # plans -----------------------------------------------------------------------------------------
    async def _plan(self, scope: Scope, receive: Receive) -> tuple[int, bytes, int]:
        device, body, now = await self._authenticated(scope, receive, _PLAN_BYTES, self._asked)
        if body != b"{}":
            raise Refused(400, "invalid", 'The body of a request for a plan is "{}". Send the agent\'s own request.')
        plan, message = await self._in_thread(self._plans.plan, device.device, now)
        answer = PlanResponse(server_time=utc_text(now), device=device.device, plan=plan, message=message)
        return 200, encode(answer), 0

    # keys ------------------------------------------------------------------------------------------
    async def _late_key(self, device: str) -> Device:
        """Returns a device that another process may have enrolled meanwhile. Raises Refused."""
        if not device:
            raise Refused(401, "bad_signature", f"Header {DEVICE_HEADER} is missing: the request is not signed.")
        await self._load_keys(_KEYS_AGAIN_SECONDS)
        found = self._keys.get(device)
        if found is None:
            raise Refused(404, "unknown_device", "This device is not enrolled here. Enrol it with a token.")
        return found

    async def refresh(self) -> None:
        """Runs until it is cancelled: takes up what other processes changed, revocations above all."""
        while True:
            await asyncio.sleep(_KEYS_SECONDS)
            try:
                await self._load_keys(_KEYS_SECONDS / 2)
            except Exception:
                _log.exception("the devices' keys could not be read again")

    async def _load_keys(self, older_than: float) -> None:
        async with self._keys_lock:
            if time.monotonic() - self._keys_at < older_than:
                return
            devices = await self._in_thread(self._store.devices)
            self._keys_at = time.monotonic()
            self._keys.update({device.device: device for device in devices})

    async def _in_thread(self, work: Callable[..., T], *values: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *values)

    # enrolment -------------------------------------------------------------------------------------
    async def _enrol(self, scope: Scope, receive: Receive) -> tuple[int, bytes, int]:
        wait = self._enrolments.wait("", time.monotonic())
        if wait:
            raise Refused(429, "throttled", "Too many enrolments at once. Come again in a moment.", int(wait) + 1)
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        body = await self._body(receive, length, _ENROL_BYTES)
        try:
            wanted = decode_enrol_request(body)
        except CodecError as error:
            raise Refused(400, "invalid", str(error)) from error
        if not _PUBLIC_KEY.match(wanted.public_key):
            raise Refused(400, "invalid", "enrolment request $.public_key: is not an Ed25519 key, 64 hex digits.")
        if wanted.platform not in _PLATFORMS:
            raise Refused(400, "invalid", f"enrolment request $.platform: is none of {', '.join(_PLATFORMS)}.")
        now = self._clock()
        device = Device(
            device=secrets.token_hex(8),
            name=_printable(wanted.name)[:255],
            platform=wanted.platform,
            public_key=bytes.fromhex(wanted.public_key),
            enrolled_at=now,
            agent_version=_printable(wanted.version)[:64],
        )
        digest = token_digest(wanted.token)
        try:
            await self._in_thread(self._store.enrol, digest, device)
        except TokenError as error:
            raise Refused(403, "invalid", str(error)) from error
        self._keys[device.device] = device
        assert self._company is not None
        answer = EnrolResponse(
            device=device.device,
            identifier_key=self._company_key.hex(),
            key_id=self._company.key_id,
            server_time=utc_text(now),
        )
        return 200, encode(answer), 0


def company_key(store: Store) -> bytes:
    """Returns the key that identifiers are keyed with, made at the very first start; blocks."""
    return store.setting("identifier_key", secrets.token_bytes(32)) or b""


def token_digest(token: str) -> str:
    """Returns what is stored of an enrolment token: SHA-256 as hex."""
    return hashlib.sha256(token.strip().encode("utf-8", "surrogatepass")).hexdigest()


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
