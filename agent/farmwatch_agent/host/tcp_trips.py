"""How long a TCP connect takes, and how long the first byte of a TLS answer: one address at a time, nothing is sent
but a TLS hello without a request, and connections are closed at once.

Only an address is asked, which the caller has checked. Beside each connect one to this machine itself is timed: what it
takes too long for, this machine was too busy to measure.

Sources: RFC 6298 (a second SYN goes out after one second); RFC 8446, section 5.1 (types of records).
"""

import random
import socket
import ssl
import sys
import time
from types import TracebackType
from typing import ClassVar, Self

from .protocol import SourceBroken
from .resolving import parse_place
from .row import Row
from .tcp_facts import facts_of

#: Before the second SYN: a later answer cannot be told from the answer to that one.
CONNECT_SECONDS = 0.95
FIRST_BYTE_SECONDS = 3.0
#: Between two connects, drawn anew each time.
BETWEEN_SECONDS = (0.15, 0.25)
MOST_CONNECTS = 10
_GIVE_UP_AFTER = 2
#: A TLS record: 22 is a handshake, 21 an alert.
_TLS_RECORDS = (b"\x16", b"\x15")


class Connect(Row, frozen=True, kw_only=True, omit_defaults=True):
    """One connect. `of`: address, port, how many.

    micros          how long it took, microseconds; null when it failed
    control_micros  the same to this machine itself just before; null when that failed
    problem         `refused`, `unreachable`, `timeout`; "" when it was made
    mss, mtu        as in `tcp_facts`, of this connection
    interface       by which it left, as this system names it; "" when not known
    """

    table: ClassVar[str] = "tcp_connect"
    platforms: ClassVar[tuple[str, ...]] = ("linux", "macos", "windows")

    micros: int | None = None
    control_micros: int | None = None
    problem: str = ""
    mss: int = 0
    mtu: int = 0
    interface: str = ""

    @classmethod
    def live(cls, of: str) -> "list[Connect]":
        address, port, count = parse_place(of, 3)
        if not count.isdecimal() or not 0 < int(count) <= MOST_CONNECTS:
            raise SourceBroken(f"{of!r}: from 1 to {MOST_CONNECTS} connects can be asked for")
        found: list[Connect] = []
        with _Control() as control:
            while len(found) < int(count):
                if found:
                    time.sleep(random.uniform(*BETWEEN_SECONDS))  # noqa: S311 (spreads load, guards nothing)
                found.append(_connect(address, int(port), control))
                if len(found) == _GIVE_UP_AFTER and all(it.problem for it in found):
                    break  # Nobody is asked again and again who does not answer.
        return found


class FirstByte(Row, frozen=True, kw_only=True, omit_defaults=True):
    """One TLS hello. `of`: address, port, and the name that the server bears; "-" for none.

    connect_micros  how long the connect took
    micros          from the hello to the first byte of a TLS answer; null without one
    problem         `refused`, `unreachable`, `timeout`, `closed`, `not_tls` (it speaks first, or something else)
    bytes           sent and read
    """

    table: ClassVar[str] = "tls_first_byte"
    platforms: ClassVar[tuple[str, ...]] = ("linux", "macos", "windows")

    connect_micros: int | None = None
    micros: int | None = None
    problem: str = ""
    bytes: int = 0

    @classmethod
    def live(cls, of: str) -> "list[FirstByte]":
        address, port, name = parse_place(of, 3)
        hello = client_hello("" if name == "-" else name)
        try:
            with _socket(address) as sock:
                sock.settimeout(CONNECT_SECONDS)
                started = time.perf_counter_ns()
                sock.connect((address, int(port)))
                connected = (time.perf_counter_ns() - started) // 1000
                return [_first_byte(sock, hello, connected)]
        except OSError as error:
            return [cls(problem=_problem(error))]


def client_hello(name: str) -> bytes:
    """Returns the bytes that begin a TLS connection with a server of this name. No certificate is ever looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    outgoing = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name or None).do_handshake()
    except ssl.SSLWantReadError:
        pass
    except (ssl.SSLError, ValueError) as error:
        raise SourceBroken(f"{name!r}: no TLS hello can be made ({error})") from None
    return outgoing.read()


def _first_byte(sock: socket.socket, hello: bytes, connected: int) -> FirstByte:
    sock.settimeout(0)
    try:
        early = sock.recv(1)
    except OSError:
        early = None
    if early is not None:
        return FirstByte(connect_micros=connected, problem="not_tls" if early else "closed", bytes=len(early))
    sock.settimeout(FIRST_BYTE_SECONDS)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started = time.perf_counter_ns()
        sock.sendall(hello)
        data = sock.recv(4096)
        micros = (time.perf_counter_ns() - started) // 1000
    except TimeoutError:
        return FirstByte(connect_micros=connected, problem="timeout", bytes=len(hello))
    except OSError:
        return FirstByte(connect_micros=connected, problem="closed", bytes=len(hello))
    problem = "" if data[:1] in _TLS_RECORDS else "not_tls" if data else "closed"
    return FirstByte(
        connect_micros=connected,
        micros=None if problem else micros,
        problem=problem,
        bytes=len(hello) + len(data),
    )


def _connect(address: str, port: int, control: "_Control") -> Connect:
    control_micros = control.micros()
    try:
        with _socket(address) as sock:
            sock.settimeout(CONNECT_SECONDS)
            started = time.perf_counter_ns()
            sock.connect((address, port))
            micros = (time.perf_counter_ns() - started) // 1000
            mss, mtu = facts_of(sock)
            interface = interface_of(str(sock.getsockname()[0]))
    except OSError as error:
        return Connect(control_micros=control_micros, problem=_problem(error))
    return Connect(micros=micros, control_micros=control_micros, mss=mss, mtu=mtu, interface=interface)


def _socket(address: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)


def _problem(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "timeout" if isinstance(error, TimeoutError) else "unreachable"


_interfaces: dict[str, str] = {}


def interface_of(address: str) -> str:
    """Returns the name of the interface that has an address of this machine; "" when none has."""
    address = address.partition("%")[0]
    if address not in _interfaces:
        import psutil  # noqa: PLC0415 (beside its use)

        try:
            known = {
                str(it.address).partition("%")[0]: name for name, its in psutil.net_if_addrs().items() for it in its
            }
        except (OSError, psutil.Error):
            known = {}
        _interfaces.clear()
        _interfaces.update(known)
        _interfaces.setdefault(address, "")
    return _interfaces[address]


class _Control:
    """A port of this machine that no other machine can reach. Its refusal comes as fast as an answer; Windows asks
    a refusing port three times over, so there it listens.
    """

    def __enter__(self) -> Self:
        self._port = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._port.bind(("127.0.0.1", 0))
            if sys.platform == "win32":
                self._port.listen(MOST_CONNECTS)
        except OSError as error:
            self._port.close()
            raise SourceBroken(f"no connect to this machine itself can be timed ({error.strerror})") from None
        return self

    def micros(self) -> int | None:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.settimeout(CONNECT_SECONDS)
            place = self._port.getsockname()
            started = time.perf_counter_ns()
            try:
                sock.connect(place)
            except ConnectionRefusedError:
                pass
            except OSError:
                return None
            return (time.perf_counter_ns() - started) // 1000

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._port.close()
