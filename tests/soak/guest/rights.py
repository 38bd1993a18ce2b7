"""Runs in the guest under a unit's restrictions: says what this process may do, one JSON object."""

import json
import os
import socket
from collections.abc import Callable

STATE = "/var/lib/farmwatch-agent"


def tried(what: Callable[[], object]) -> str:
    """Returns "yes", the error's words, or "empty" for a file that stands in for the real one."""
    try:
        return "empty" if what() == b"" else "yes"
    except OSError as error:
        return os.strerror(error.errno or 0)


def read(path: str) -> Callable[[], object]:
    """Returns a reading of one file; InaccessiblePaths= puts an empty one in its place, which root may open."""

    def first() -> bytes:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
            data = file.read(4096)
            return b"nothing now" if data is None else data

    return first


def listed(path: str) -> Callable[[], object]:
    """Returns a listing of one folder."""
    return lambda: os.listdir(path) or b""


def write(path: str) -> Callable[[], object]:
    """Returns a writing of one new file."""
    return lambda: os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


RIGHTS: dict[str, Callable[[], object]] = {
    "inet socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
    "inet6 socket": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close(),
    "packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close(),
    "read identifier.key": read(f"{STATE}/identifier.key"),
    "read signing.key": read(f"{STATE}/signing.key"),
    "read spool.db": read(f"{STATE}/spool.db"),
    "write state": write(f"{STATE}/written"),
    "write sender": write(f"{STATE}/sender/written"),
    "write etc": write("/etc/written"),
    "write home": write("/home/anna/written"),
    "write tmp": write("/tmp/written"),
    "list home": listed("/home/anna"),
    "read shadow": read("/etc/shadow"),
    "list sys": listed("/sys/bus/usb/devices"),
    "see process 1": lambda: os.readlink("/proc/1/exe"),
    "list input": listed("/dev/input"),
    "open input": read("/dev/input/event0"),
    "open uinput": read("/dev/uinput"),
    "open disk": read("/dev/vda"),
    "open camera": read("/dev/video0"),
    "become nobody": lambda: os.setresuid(65534, 65534, 65534),
}

if __name__ == "__main__":
    print(json.dumps({name: tried(what) for name, what in RIGHTS.items()}))  # noqa: T201 (its answer)
