"""Where CEF lines go: a file, or a syslog receiver over UDP, TCP or TLS.

Over TCP and TLS a line ends with a line feed (RFC 6587, section 3.4.2), and the connection is closed in both directions
before the line counts as taken. UDP tells nothing: what the network loses is lost.
"""

import os
import re
import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec
import truststore

from farmwatch_schema.errors import FarmwatchError

from .cef import SEVERITY, cef_line
from .telling import DeliveryError, Telling

SECONDS = 10.0
#: How long the receiver may take to close after us; then the line counts as taken.
LINGER_SECONDS = 2.0
FACILITY = 16  # local use 0
_SYSLOG_SEVERITY = ((10, 2), (8, 3), (0, 4))  # critical, error, warning
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}


class CefTargetError(FarmwatchError):
    """A target that cannot be used; str() names the forms that can."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """`scheme` is `file`, `udp`, `tcp` or `tls`; a file has a path, the others host and port."""

    scheme: str
    path: str = ""
    host: str = ""
    port: int = 0


def target_of(text: str) -> Target:
    """Returns what `--cef` names: a path, or `udp://HOST:PORT`, `tcp://...`, `tls://...`. Raises CefTargetError."""
    if "://" not in text:
        if not text.strip():
            raise CefTargetError("--cef is empty. Name a file, or udp://HOST:514, tcp://HOST:601, tls://HOST:6514.")
        return Target(scheme="file", path=text)
    problem = f"--cef {text!r} names no target. Name a file, or udp://HOST:514, tcp://HOST:601, tls://HOST:6514."
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise CefTargetError(problem) from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.username:
        raise CefTargetError(problem)
    return Target(scheme=parts.scheme, host=parts.hostname, port=port or _PORTS[parts.scheme])


class CefChannel:
    """Delivers CEF lines.

    ca_file  PEM file of more authorities for `tls://`, or ""
    """

    def __init__(self, target: Target, ca_file: str = "") -> None:
        self._target = target
        self._context: ssl.SSLContext | None = None
        if target.scheme == "tls":
            self._context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            if ca_file:
                self._context.load_verify_locations(cafile=ca_file)

    def deliver(self, telling: Telling) -> None:
        line, target = cef_line(telling), self._target
        try:
            if target.scheme == "file":
                _append(target.path, line)
                return
            data = framed(line, telling)
            if target.scheme == "udp":
                family, _, _, _, address = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)[0]
                with socket.socket(family, socket.SOCK_DGRAM) as sender:
                    sender.sendto(data, address)
                return
            with socket.create_connection((target.host, target.port), SECONDS) as plain:
                if self._context is None:
                    _send(plain, data)
                    return
                with self._context.wrap_socket(plain, server_hostname=target.host) as secured:
                    _send(secured, data)
        except OSError as error:
            where = target.path or f"{target.scheme}://{target.host}:{target.port}"
            raise DeliveryError(f"{where} did not take the line: {error.strerror or error}.") from error


def framed(line: str, telling: Telling) -> bytes:
    """Returns the line with the header of RFC 3164, as the CEF standard's examples have it."""
    severity = SEVERITY.get(telling.body.level, 5)
    priority = FACILITY * 8 + next(word for least, word in _SYSLOG_SEVERITY if severity >= least)
    return f"<{priority}>{_stamp(telling.at)} {_own_name()} {line}".encode()


def _stamp(at: datetime) -> str:
    moment = at.astimezone(UTC)
    return f"{_MONTHS[moment.month - 1]} {moment.day:2} {moment:%H:%M:%S}"


def _own_name() -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:63] or "collector"


def _append(path: str, line: str) -> None:
    # One write of one line: two collectors that append at once do not mix their lines.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line.encode() + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)


def _send(connection: socket.socket, data: bytes) -> None:
    connection.settimeout(SECONDS)
    connection.sendall(data + b"\n")
    if isinstance(connection, ssl.SSLSocket):
        return  # closing waits for nothing more: sendall has handed it to the kernel, as far as TLS tells
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(LINGER_SECONDS)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return  # it keeps the connection open, as some receivers do; a reset would have been told
