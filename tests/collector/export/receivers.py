"""Real receivers on this machine: an HTTP server and syslog sockets that keep what they are given."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from farmwatch_collector.export.telling import Telling
from farmwatch_collector.store.protocol_cases import NoticeBody

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def telling(**changes: Any) -> Telling:
    values: dict[str, Any] = {
        "event": "case_opened",
        "case": 12,
        "device": "d-1",
        "level": "review",
        "points": 60,
        "groups": ("H", "R"),
        "sentence": "Review, about 1 in 5: a PiKVM is plugged in (hardware control).",
        "at": AT,
    }
    link = changes.pop("link", "https://farmwatch.example/cases/12")
    return Telling(name="fw-1", body=NoticeBody(**{**values, **changes}), link=link, at=AT)


class Hook:
    """A webhook's receiver: `answers` are its statuses in turn, the last one for ever."""

    def __init__(self) -> None:
        self.answers = [204]
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.location = ""
        self.url = ""

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        self.paths.append(path)
        self.headers.append(headers)
        self.bodies.append(body)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def hook(certificate: Path | None = None) -> Iterator[Hook]:
    taken = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = taken.take(self.path, {name.lower(): text for name, text in self.headers.items()}, body)
            self.send_response(status)
            if taken.location:
                self.send_header("location", taken.location)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https" if certificate else "http"
    taken.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def udp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        yield receiver


@contextmanager
def tcp(certificate: Path | None = None) -> Iterator[tuple[int, list[bytes]]]:
    lines: list[bytes] = []
    context: ssl.SSLContext | None = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            lines.extend(self.rfile)

        def handle_error(self) -> None:
            pass

    class Server(socketserver.TCPServer):
        allow_reuse_address = True

        def get_request(self) -> Any:
            plain, address = super().get_request()
            return (context.wrap_socket(plain, server_side=True) if context else plain), address

        def handle_error(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], lines
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate_for(folder: Path, host: str = "127.0.0.1") -> Path:
    """Returns a PEM file with a key and a certificate that nobody but itself vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "farmwatch test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
