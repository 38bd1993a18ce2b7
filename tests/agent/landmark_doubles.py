"""Landmarks on this machine that answer well, late, wrongly, or never."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from nacl.signing import SigningKey

from farmwatch_schema import landmark

KEY, OTHER_KEY = SigningKey(bytes(range(32))), SigningKey(bytes(range(1, 33)))
PUBLIC_KEY = bytes(KEY.verify_key).hex()
#: A TLS alert (RFC 8446, section 6): record of type 21, version 3.3, two bytes: fatal, handshake_failure.
ALERT = bytes.fromhex("15030300020228")

Serve = Callable[[socket.socket], None]


@contextmanager
def tcp(serve: Serve, address: str = "127.0.0.1") -> Iterator[int]:
    """Yields the port of a server that serves each connection in a thread."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind((address, 0))
        server.listen(16)
        server.settimeout(0.1)
        ended = threading.Event()

        def one(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(5)
                serve(connection)

        def run() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    connection, _ = server.accept()
                    threading.Thread(target=one, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            ended.set()
            thread.join()


def tls_after(seconds: float) -> Serve:
    """Returns a server that answers a TLS hello with an alert, so many seconds later."""

    def serve(connection: socket.socket) -> None:
        if connection.recv(4096):
            time.sleep(seconds)
            connection.sendall(ALERT)

    return serve


def speaks_first(connection: socket.socket) -> None:
    """Serves as a mail server does."""
    connection.sendall(b"220 mail.example.com ESMTP\r\n")
    connection.recv(4096)


def answers_in_plain(connection: socket.socket) -> None:
    """Serves as a web server without TLS does."""
    if connection.recv(4096):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def says_nothing(connection: socket.socket) -> None:
    """Takes connections and never answers."""
    connection.recv(4096)
    connection.recv(4096)


def echo_over_tcp(connection: socket.socket) -> None:
    """Serves as a company's own landmark does."""
    nonce = landmark.nonce_of(connection.recv(landmark.QUESTION_BYTES))
    if nonce is not None:
        connection.sendall(landmark.answer(nonce, KEY, 1, 60))


@contextmanager
def full(address: str = "127.0.0.1") -> Iterator[int]:
    """Yields a port whose queue is full: Linux drops further SYNs, as a black hole does."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.bind((address, 0))
        server.listen(0)
        port = int(server.getsockname()[1])
        waiting = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect((address, port))
        time.sleep(0.05)
        try:
            yield port
        finally:
            for one in waiting:
                one.close()


@contextmanager
def udp(answers: Callable[[bytes], list[bytes]], address: str = "127.0.0.1") -> Iterator[int]:
    """Yields the port of a server that answers each datagram with what `answers` makes of it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.bind((address, 0))
        server.settimeout(0.1)
        ended = threading.Event()

        def run() -> None:
            while not ended.is_set():
                with suppress(OSError):
                    data, sender = server.recvfrom(2048)
                    for answer in answers(data):
                        server.sendto(answer, sender)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            ended.set()
            thread.join()


def signs(key: SigningKey = KEY) -> Callable[[bytes], list[bytes]]:
    """Returns what a landmark with this key answers."""

    def answers(data: bytes) -> list[bytes]:
        nonce = landmark.nonce_of(data)
        return [] if nonce is None else [landmark.answer(nonce, key, 1, 57)]

    return answers


def closed_port() -> int:
    """Returns a port on which nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
