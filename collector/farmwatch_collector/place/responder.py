"""A company's own landmark: answers signed questions over UDP and TCP (farmwatch_schema/landmark.py). Keeps nothing.

What comes from anybody costs little: a question is 64 bytes exactly, its answer 96, nothing else is answered; one
source and all together have a limit; a source port below 1024 gets nothing, so that two services cannot be set against
each other. Addresses are neither kept nor logged. Loads no more than asyncio, msgspec and PyNaCl.
"""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence

import msgspec
from nacl.signing import SigningKey

from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.landmark import QUESTION_BYTES, answer, nonce_of

DEFAULT_PORT = 7177
ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 (a landmark is asked from everywhere)

# Values of <linux/in.h> and of <netinet/in.h> of macOS; Python 3.11 names none of them (ip(7), RFC 3542).
_LINUX = sys.platform == "linux"
_IP_RECVTTL = 12 if _LINUX else 24
_IP_TTL = 2 if _LINUX else 24
_IP_PKTINFO = 8
_PKTINFO = struct.Struct("=I4s4s")
_PKTINFO6 = struct.Struct("=16sI")
_ANCILLARY = 256
#: Datagrams taken in one go, before anything else gets its turn.
_AT_ONCE = 64
_UNPRIVILEGED = 1024
_TOLD_SECONDS = 3_600.0
_log = logging.getLogger("farmwatch.landmark")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What anybody may cost.

    per_second, burst    questions of one source: an IPv4 address, or an IPv6 /64. An office of a thousand laptops
                         behind one address asks about 10,000 times a day
    in_all, burst_in_all of all sources together; bounds CPU at about a seventh of a core
    sources              remembered at once; the longest silent one is forgotten
    connections, of_one  open TCP connections in all and of one source
    questions, seconds   of one TCP connection, and how long it may be silent
    """

    per_second: float = 20.0
    burst: int = 100
    in_all: float = 2_000.0
    burst_in_all: int = 4_000
    sources: int = 65_536
    connections: int = 1_024
    of_one: int = 32
    questions: int = 16
    seconds: float = 5.0


class Counts(msgspec.Struct):
    """What happened since the start, without a word on who it was."""

    answered: int = 0
    no_question: int = 0
    too_many: int = 0
    low_port: int = 0
    not_sent: int = 0


class ListenProblem(FarmwatchError):
    """An address that cannot be listened at; str() says why and what to do."""


class Gate:
    """Lets a source ask, or not: token buckets in bounded memory."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._levels: dict[bytes, tuple[float, float]] = {}
        self._all = (float(limits.burst_in_all), 0.0)

    def lets(self, source: bytes, now: float) -> bool:
        """Takes one question of a source; False when it, or all together, ask too much."""
        limits = self._limits
        total = min(limits.burst_in_all, self._all[0] + (now - self._all[1]) * limits.in_all)
        if total < 1:
            self._all = (total, now)
            return False
        level, at = self._levels.pop(source, (float(limits.burst), now))
        level = min(limits.burst, level + (now - at) * limits.per_second)
        if len(self._levels) >= limits.sources:
            del self._levels[next(iter(self._levels))]  # in order of the last question
        if level < 1:
            self._levels[source] = (level, now)
            return False
        self._levels[source] = (level - 1, now)
        self._all = (total - 1, now)
        return True

    def __len__(self) -> int:
        return len(self._levels)


def source_of(address: str) -> bytes:
    """Returns what counts as one source: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" in address:
        return socket.inet_pton(socket.AF_INET6, address.partition("%")[0])[:8]
    return socket.inet_pton(socket.AF_INET, address)


class Responder:
    """Answers on its sockets until it is told to stop.

    hosts  addresses to listen at; of `ANYWHERE`, IPv6 is left out where this machine has none
    port   for UDP and TCP; 0 lets the system choose one
    """

    def __init__(
        self, key: SigningKey, hosts: Sequence[str] = ANYWHERE, port: int = DEFAULT_PORT, limits: Limits | None = None
    ) -> None:
        self._key = key
        self._limits = limits or Limits()
        self.counts = Counts()
        self._gate = Gate(self._limits)
        self._open: dict[bytes, int] = {}
        self._connections: set[_Connection] = set()
        self._datagrams: list[socket.socket] = []
        self._streams: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self.port = port
        self.hosts: list[str] = []
        try:
            for host in hosts:
                self._listen(host, wanted=tuple(hosts) != ANYWHERE or host != "::")
        except BaseException:
            self._close_sockets()
            raise

    # sockets ---------------------------------------------------------------------------------------
    def _listen(self, host: str, *, wanted: bool) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            for attempt in range(10):
                datagram = _bound(family, socket.SOCK_DGRAM, host, self.port)
                self._datagrams.append(datagram)
                port = datagram.getsockname()[1]
                try:
                    stream = _bound(family, socket.SOCK_STREAM, host, port)
                except OSError as error:
                    # The system chose a port whose other half is taken: another one.
                    if self.port or attempt == 9 or error.errno != errno.EADDRINUSE:
                        raise
                    self._datagrams.pop().close()
                    continue
                self._streams.append(stream)
                stream.listen(128)
                self.port = port
                self.hosts.append(host)
                return
        except OSError as error:
            if not wanted and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                return
            reason = error.strerror or str(error)
            raise ListenProblem(
                f"cannot listen at {host} port {self.port}: {reason}. Choose another with --host and --port."
            ) from error

    def _close_sockets(self) -> None:
        for one in (*self._datagrams, *self._streams):
            one.close()

    # running ---------------------------------------------------------------------------------------
    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Answers until SIGTERM, Ctrl-C or cancellation; calls `ready` once it does."""
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # Windows; not the main thread
                loop.add_signal_handler(number, stopped.set)
        telling = loop.create_task(self._tell())
        try:
            for one in self._datagrams:
                loop.add_reader(one, self._drain, one)
            for stream in self._streams:
                self._servers.append(await loop.create_server(lambda: _Connection(self), sock=stream))
            ready()
            await stopped.wait()
        finally:
            telling.cancel()
            for one in self._datagrams:
                loop.remove_reader(one)
            for server in self._servers:
                server.close()
            for connection in list(self._connections):
                connection.end()
            self._close_sockets()

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(_TOLD_SECONDS)
            _log.info("since the start: %s", msgspec.json.encode(self.counts).decode())

    # UDP -------------------------------------------------------------------------------------------
    def _drain(self, one: socket.socket) -> None:
        if sys.platform == "win32":  # no recvmsg; the verb does not start there
            return
        for _ in range(_AT_ONCE):
            try:
                data, ancillary, _, source = one.recvmsg(QUESTION_BYTES + 1, _ANCILLARY)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # an ICMP error of an earlier answer; the next datagram is no worse for it
                continue
            self._answer(one, data, ancillary, source)

    def _answer(
        self,
        one: socket.socket,
        data: bytes,
        ancillary: Sequence[tuple[int, int, bytes]],
        source: "tuple[str, int] | tuple[str, int, int, int]",
    ) -> None:
        if sys.platform == "win32":
            return
        nonce = nonce_of(data)
        if nonce is None:
            self.counts.no_question += 1
        elif source[1] < _UNPRIVILEGED:
            self.counts.low_port += 1
        elif not self._gate.lets(source_of(source[0]), time.monotonic()):
            self.counts.too_many += 1
        else:
            ttl, way_back = _seen(ancillary)
            reply = answer(nonce, self._key, time.time_ns() // 1000, ttl)
            try:
                one.sendmsg([reply], way_back, 0, source)
                self.counts.answered += 1
            except OSError:  # no way back, or the kernel's buffer is full: the question counts as lost
                self.counts.not_sent += 1

    # TCP -------------------------------------------------------------------------------------------
    def admit(self, connection: "_Connection", source: bytes) -> bool:
        """Returns whether one more connection of a source is taken."""
        mine = self._open.get(source, 0)
        if len(self._connections) >= self._limits.connections or mine >= self._limits.of_one:
            self.counts.too_many += 1
            return False
        self._open[source] = mine + 1
        self._connections.add(connection)
        return True

    def leave(self, connection: "_Connection", source: bytes) -> None:
        """Forgets a connection that was admitted."""
        self._connections.discard(connection)
        left = self._open.get(source, 1) - 1
        if left:
            self._open[source] = left
        else:
            self._open.pop(source, None)

    def reply(self, question: bytes, source: bytes) -> bytes | None:
        """Returns the answer to a question over TCP; None ends the connection."""
        nonce = nonce_of(question)
        if nonce is None:
            self.counts.no_question += 1
            return None
        if not self._gate.lets(source, time.monotonic()):
            self.counts.too_many += 1
            return None
        self.counts.answered += 1
        return answer(nonce, self._key, time.time_ns() // 1000, None)

    @property
    def limits(self) -> Limits:
        """What anybody may cost."""
        return self._limits


class _Connection(asyncio.Protocol):
    """One TCP connection: question, answer, up to a few times, then it ends."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._transport: asyncio.Transport | None = None
        self._source = b""
        self._admitted = False
        self._data = b""
        self._left = responder.limits.questions
        self._silence: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        if not peer:  # it left before it was taken
            transport.abort()
            return
        self._source = source_of(peer[0])
        self._admitted = self._responder.admit(self, self._source)
        if not self._admitted:
            transport.abort()
            return
        own = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._wait()

    def data_received(self, data: bytes) -> None:
        self._data += data
        while len(self._data) >= QUESTION_BYTES and self._transport is not None:
            question, self._data = self._data[:QUESTION_BYTES], self._data[QUESTION_BYTES:]
            reply = self._responder.reply(question, self._source)
            if reply is None or self._left <= 0:
                self.end()
                return
            self._left -= 1
            self._transport.write(reply)
            self._wait()

    def connection_lost(self, _: Exception | None) -> None:
        if self._silence is not None:
            self._silence.cancel()
        if self._admitted:
            self._admitted = False
            self._responder.leave(self, self._source)
        self._transport = None

    def _wait(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
        self._silence = asyncio.get_running_loop().call_later(self._responder.limits.seconds, self.end)

    def end(self) -> None:
        """Ends the connection at once."""
        if self._transport is not None:
            self._transport.abort()


def _bound(family: int, kind: int, host: str, port: int) -> socket.socket:
    """Returns a bound socket that tells TTL and own address of what comes; raises OSError."""
    one = socket.socket(family, kind)
    try:
        one.setblocking(False)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        elif family == socket.AF_INET6:
            for option in ("IPV6_RECVHOPLIMIT", "IPV6_RECVPKTINFO"):
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.IPPROTO_IPV6, getattr(socket, option), 1)
        else:
            for number in (_IP_RECVTTL, *((_IP_PKTINFO,) if _LINUX else ())):
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.IPPROTO_IP, number, 1)
        one.bind((host, port))
    except BaseException:
        one.close()
        raise
    return one


def _seen(ancillary: Sequence[tuple[int, int, bytes]]) -> tuple[int | None, list[tuple[int, int, bytes]]]:
    """Returns the TTL that a datagram arrived with, and what makes its answer leave from the address it came to."""
    ttl: int | None = None
    way_back: list[tuple[int, int, bytes]] = []
    for level, kind, data in ancillary:
        if (level, kind) in ((socket.IPPROTO_IP, _IP_TTL), (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT)):
            ttl = int.from_bytes(data, sys.byteorder)
            ttl = ttl if 0 < ttl < 256 else None
        elif _LINUX and (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO) and len(data) == _PKTINFO.size:
            _, own, _ = _PKTINFO.unpack(data)
            way_back.append((level, kind, _PKTINFO.pack(0, own, bytes(4))))
        elif (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO) and len(data) == _PKTINFO6.size:
            address, interface = _PKTINFO6.unpack(data)
            # Routing knows the way, except within one link.
            linked = interface if address[0] == 0xFE and address[1] & 0xC0 == 0x80 else 0
            way_back.append((level, kind, _PKTINFO6.pack(address, linked)))
    return ttl, way_back
