"""Servers of the lab, each a process of its own: `python -m tests.lab.servers landmarks|middlebox|front ...`.

landmarks ADDRESS...          accept connects on port 443; whoever sends something gets a TLS alert back, as from a
                              server that the hello did not please
middlebox NAMESPACE PORT...   accepts connects to any address, in its own namespace; what a client sends it carries on
                              from NAMESPACE to where the connect was meant for

front ADDRESS CERTIFICATE KEY PORT
                              speaks TLS on port 443 of an address, and hands on to PORT of this very site

Each prints one line of JSON when it listens, and ends with its standard input.
"""

import ctypes
import json
import os
import selectors
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from .router import CLONE_NEWNET, precise

#: A fatal alert "handshake failure" (RFC 8446, sections 5.1 and 6): what many servers say to a hello without a name.
ALERT = bytes.fromhex("15030300020228")
MOST_OPEN = 2_000

Handler = Callable[[], None]


class Loop:
    """Calls what is to be done when a socket can be read."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.open = 0

    def watch(self, line: socket.socket, handler: Handler) -> None:
        self.open += 1
        self.selector.register(line, selectors.EVENT_READ, handler)

    def drop(self, line: socket.socket) -> None:
        with suppress(KeyError, ValueError):
            self.selector.unregister(line)
            self.open -= 1
        line.close()

    def run(self) -> None:
        """Runs until standard input ends."""
        self.selector.register(0, selectors.EVENT_READ, lambda: None)
        os.write(1, json.dumps({"listening": True}).encode() + b"\n")
        while True:
            for key, _ in self.selector.select():
                if key.fd == 0:
                    if not os.read(0, 4096):
                        return
                elif key.fileobj in self.selector.get_map():
                    key.data()


def listening(address: str, port: int) -> socket.socket:
    """Returns a listening socket for an address of either family."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    line = socket.socket(family, socket.SOCK_STREAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    line.bind((address, port))
    line.listen(256)
    line.setblocking(False)
    return line


def accepting(loop: Loop, server: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    def accept() -> None:
        with suppress(OSError):
            line, _ = server.accept()
            if loop.open >= MOST_OPEN:
                line.close()
                return
            line.setblocking(False)
            serve(line)

    loop.watch(server, accept)


def landmarks(addresses: list[str]) -> None:
    loop = Loop()

    def serve(line: socket.socket) -> None:
        def read() -> None:
            try:
                if line.recv(4096):
                    line.send(ALERT)
            except OSError:
                pass
            loop.drop(line)

        loop.watch(line, read)

    for address in addresses:
        accepting(loop, listening(address, 443), serve)
    loop.run()


def middlebox(namespace: str, ports: list[int]) -> None:
    loop = Loop()
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    far = os.open(namespace, os.O_RDONLY)

    def upstream(family: int) -> socket.socket:
        """Returns a socket that lives in the other namespace."""
        if libc.setns(far, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"{namespace}: cannot be entered")
        try:
            return socket.socket(family, socket.SOCK_STREAM)
        finally:
            if libc.setns(home, CLONE_NEWNET):
                os._exit(70)

    def serve(near: socket.socket) -> None:
        # Connected only when the client says something: what it timed until then was the way to this box.
        far_end: list[socket.socket] = []

        def both() -> None:
            loop.drop(near)
            for line in far_end:
                loop.drop(line)

        def carry(line: socket.socket, to: socket.socket) -> None:
            try:
                data = line.recv(65536)
                if data:
                    to.setblocking(True)
                    to.sendall(data)
                    to.setblocking(False)
                    return
            except OSError:
                pass
            both()

        def first() -> None:
            try:
                asked = near.recv(65536)
                if not asked:
                    both()
                    return
                line = upstream(near.family)
                far_end.append(line)
                line.settimeout(5)
                line.connect(near.getsockname()[:2])
                line.sendall(asked)
                line.setblocking(False)
            except OSError:
                both()
                return
            loop.selector.modify(near, selectors.EVENT_READ, lambda: carry(near, line))
            loop.watch(line, lambda: carry(line, near))

        loop.watch(near, first)

    for port in ports:
        for any_address in ("0.0.0.0", "::"):
            accepting(loop, listening(any_address, port), serve)
    loop.run()


def front(address: str, certificate: str, key: str, port: int) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def pump(source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                to.sendall(data)
        for line in (source, to):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def serve(plain: socket.socket) -> None:
        with suppress(OSError):
            plain.settimeout(20)
            with (
                context.wrap_socket(plain, server_side=True) as near,
                socket.create_connection(("127.0.0.1", port), timeout=20) as far,
            ):
                back = threading.Thread(target=pump, args=(far, near), daemon=True)
                back.start()
                pump(near, far)
                back.join(20)
        plain.close()

    loop = Loop()

    def start(line: socket.socket) -> None:
        line.setblocking(True)
        threading.Thread(target=serve, args=(line,), daemon=True).start()

    accepting(loop, listening(address, 443), start)
    loop.run()


def main() -> None:
    precise()
    what, *rest = sys.argv[1:]
    if what == "landmarks":
        landmarks(rest)
    elif what == "middlebox":
        middlebox(rest[0], [int(port) for port in rest[1:]])
    elif what == "front":
        front(rest[0], rest[1], rest[2], int(rest[3]))
    else:
        raise SystemExit(f"{what}: there is no such server")


if __name__ == "__main__":
    main()
