"""The collector as one ASGI application: the agents' routes raw, everything else through Litestar."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from litestar import Litestar, MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from farmwatch_detectors.policy import Policy
from farmwatch_schema.identifiers import Keyer

from .console import Sessions, problem_pages, routes
from .export import Courier, channels_of
from .ingest import ROUTES, Ingest, Receive, Scope, Send, company_key
from .loop import DueLoop
from .origins import Origins, TrustedProxies, company_addresses
from .place.networks import Networks
from .place.placing import Places
from .place.plans import Plans
from .place.types import Landmark
from .settings import Settings
from .sign_in_hook import SIGN_INS, SignInHook
from .sign_ins import SignInReader
from .store import Store

#: For every answer that is not a console page; pages bring their own, which win.
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"same-origin"),
)


class App:
    """Routes by path: agents' requests never touch the console's stack.

    sessions   makes sign-in links and knows who is signed in
    landmarks  what laptops measure; the shipped ones when left out
    places     judges what they measured; without it nothing is said of any place
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        policy: Policy | None = None,
        landmarks: Mapping[str, Landmark] | None = None,
        places: Places | None = None,
    ) -> None:
        self.sessions = Sessions()
        self.ingest = Ingest(store, settings.limits, plans=Plans(store, landmarks, policy), origins=self._origins_with)
        self.sign_ins = SignInHook(store)
        self._proxies = TrustedProxies(settings.trusted_proxies, settings.proxy_header)
        self._networks = Networks.load(settings.networks or None, company_addresses(policy.places if policy else ()))
        self._store = store
        self._settings = settings
        self._policy = policy
        self._places = places
        self._channels = channels_of(settings)
        #: Where links lead; whoever knows the address that is listened at sets it.
        self.console_url = settings.console_url
        self._courier: Courier | None = None
        self._loop: DueLoop | None = None
        self._helper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="farmwatch-app")
        self._console = Litestar(
            route_handlers=[self._healthz(), *routes(store, self.sessions)],
            exception_handlers=problem_pages,
            lifespan=[self._life],
            openapi_config=None,
            logging_config=None,
            debug=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if scope["path"] in ROUTES:
                await self.ingest(scope, receive, send)
                return
            if scope["path"] == SIGN_INS:
                await self.sign_ins(scope, receive, send)
                return

            async def hardened(message: "dict[str, object]") -> None:
                if message["type"] == "http.response.start":
                    headers = list(message["headers"])  # type: ignore[call-overload]
                    names = {name for name, _ in headers}
                    message["headers"] = [*headers, *(pair for pair in _HEADERS if pair[0] not in names)]
                await send(message)

            await self._console(scope, receive, hardened)  # type: ignore[arg-type]
            return
        await self._console(scope, receive, send)  # type: ignore[arg-type]

    def _origins_with(self, keyer: Keyer) -> Origins:
        self.sign_ins.reader = SignInReader(self._networks, keyer)
        return Origins(self._proxies, self._networks, keyer)

    @asynccontextmanager
    async def _life(self, _: Litestar) -> AsyncIterator[None]:
        await self.ingest.start()
        refreshing = asyncio.create_task(self.ingest.refresh())
        if self._settings.judging:
            running = asyncio.get_running_loop()
            keyer = Keyer.from_key(await running.run_in_executor(self._helper, company_key, self._store))
            self._loop = DueLoop(self._store, keyer, self._policy, channels=tuple(self._channels), places=self._places)
            self._loop.start()
            self._courier = Courier(self._store, self._channels, lambda: self.console_url)
            self._courier.start()
        try:
            yield
        finally:
            refreshing.cancel()
            with suppress(asyncio.CancelledError):
                await refreshing
            if self._loop is not None:
                await asyncio.get_running_loop().run_in_executor(self._helper, self._loop.stop)
            if self._courier is not None:
                await asyncio.get_running_loop().run_in_executor(self._helper, self._courier.stop)
            self.ingest.close()
            self.sign_ins.close()
            self._helper.shutdown(wait=True)

    def _healthz(self) -> HTTPRouteHandler:
        @get("/healthz", media_type=MediaType.JSON, sync_to_thread=False)
        def healthz() -> Response[dict[str, str]]:
            """Whether the process takes reports and judges; for load balancers, tells nothing else."""
            stopped = self._settings.judging and (self._loop is None or not self._loop.alive)
            return Response(
                {"status": "judging stopped" if stopped else "ok", "time": datetime.now(UTC).isoformat()},
                status_code=503 if stopped else 200,
            )

        return healthz


def create_app(
    settings: Settings,
    store: Store,
    policy: Policy | None = None,
    landmarks: Mapping[str, Landmark] | None = None,
    places: Places | None = None,
) -> App:
    """Returns the collector's application over an open store; `store` stays the caller's to close."""
    return App(settings, store, policy, landmarks, places)
