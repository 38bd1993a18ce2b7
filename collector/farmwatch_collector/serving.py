"""Runs the application with uvicorn, with a limit on how long the head of a request may take and how large it is."""

import asyncio
import contextlib
import ipaddress
import logging
import os
import socket
import threading
from typing import Any

import uvicorn
from uvicorn.config import Config

from farmwatch_schema.errors import FarmwatchError

from .settings import Settings

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as _Protocol
except ImportError:  # no httptools on this system: slower, the same otherwise
    from uvicorn.protocols.http.h11_impl import H11Protocol as _Protocol  # type: ignore[assignment]

MAX_HEAD_BYTES = 32 * 1024
CONNECTIONS = 1024
_IDLE_SECONDS = 30
_STOP_SECONDS = 10
_log = logging.getLogger("farmwatch.serving")


class ListenError(FarmwatchError):
    """An address that cannot be listened at; str() says why and what to do."""


def loopback(host: str) -> str:
    """Returns `host` when it is this machine's own; raises ListenError otherwise."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        own = ipaddress.ip_address(host).is_loopback
    except ValueError:
        own = False
    if not own:
        raise ListenError(
            f"--host {host}: the console has no accounts yet, so the collector listens on this machine only. "
            "Leave --host out, and let a TLS proxy on this machine pass /v1/ on to it."
        )
    return host


def listen(host: str, port: int) -> socket.socket:
    """Returns a listening socket; port 0 lets the system choose. Raises ListenError."""
    if not 0 <= port <= 65_535:
        raise ListenError(f"--port {port}: there is no such port. Choose one from 1 to 65535, or 0 for any free one.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(CONNECTIONS)
    except OSError as error:
        listener.close()
        reason = error.strerror or error
        raise ListenError(f"cannot listen at {host} port {port}: {reason}. Choose another with --port.") from error
    return listener


class Patient(_Protocol):
    """Closes a connection whose request head takes too long or grows too large: a slow client holds nothing."""

    head_seconds = 10.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._await_head()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._give_up)

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        if self._head_timer is None and (before is None or before.response_complete):
            self._await_head()
        super().data_received(data)
        if self._head_timer is None:
            return
        if self.cycle is not before:
            self._head_timer.cancel()
            self._head_timer = None
            self._head_bytes = 0
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._give_up()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        super().connection_lost(exc)

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.abort()


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self.ready.set()


class Serving:
    """A served application, in a thread of its own or in the caller's.

    app  any ASGI application
    """

    def __init__(self, app: Any, settings: Settings) -> None:
        self._socket = listen(loopback(settings.host), settings.port)
        host, port = self._socket.getsockname()[:2]
        self.port: int = port
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        protocol = type("Protocol", (Patient,), {"head_seconds": settings.limits.request_seconds})
        config = Config(
            app,
            http=protocol,
            ws="none",
            lifespan="on",
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_STOP_SECONDS,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
        )
        self._server = _Server(config)
        self._thread: threading.Thread | None = None

    def start(self, seconds: float = 30.0) -> None:
        """Serves in a thread and returns once requests are answered; raises ListenError when that fails."""
        self._thread = threading.Thread(target=self._run, name="farmwatch-serving", daemon=True)
        self._thread.start()
        for _ in range(int(seconds * 20)):
            if self._server.ready.wait(0.05):
                return
            if not self._thread.is_alive():
                break
        self.stop()
        raise ListenError("the service did not start; its log says why.")

    def stop(self) -> None:
        """Ends after the requests under way are answered."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._socket.close()

    def run(self, when_ready: Any) -> None:
        """Serves in this thread until SIGTERM or Ctrl-C; calls `when_ready` once requests are answered."""

        def tell() -> None:
            if self._server.ready.wait(60.0):
                when_ready()

        threading.Thread(target=tell, name="farmwatch-ready", daemon=True).start()
        try:
            self._run()
        finally:
            self._socket.close()

    def _run(self) -> None:
        with contextlib.suppress(SystemExit):  # uvicorn's way to say that the application did not start
            self._server.run(sockets=[self._socket])
