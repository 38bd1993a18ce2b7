"""The same on every platform: what the reader knows of itself."""

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache

from farmwatch_schema.observables import Observable, bucket
from farmwatch_schema.observables.agent import AgentHealth

from ... import health
from ...host import Host, HostError

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
#: Collector's clocks and networks differ by seconds at every request.
_ROUND_SECONDS = 10
#: Larger than any of our files.
_PIECE = 1 << 17


def collect(host: Host) -> Iterator[Observable]:
    """Yields AgentHealth, stopped probes and spool resets."""
    now = health.current
    offset = now.clock_offset
    try:
        rights = "root" if host.euid() == 0 else "user"
    except HostError:
        rights = "user"
    yield AgentHealth(
        rights=rights,
        clock_offset=None if offset is None else round(offset / _ROUND_SECONDS) * _ROUND_SECONDS,
        restarts=bucket(now.restarts) if now.restarts else "",
        frozen=bool(getattr(sys, "frozen", False)),
        source_digest=source_digest(),
    )
    yield from now.stopped_probes()
    yield from now.spool_resets()


@cache
def source_digest() -> str:
    """Returns the SHA-256 over names and bytes of the agent's .py files; of the program file when frozen; "" if unread.

    Read once per process: what runs is what was read at its start.
    """
    digest = hashlib.sha256()
    try:
        if getattr(sys, "frozen", False):
            with open(sys.executable, "rb") as file:
                while part := file.read(1 << 20):
                    digest.update(part)
            return digest.hexdigest()
        for name in _sources(_PACKAGE):
            digest.update(name.replace(os.sep, "/").encode() + b"\0")
            content = _content(os.path.join(_PACKAGE, name))
            digest.update(b"%d\0" % len(content))
            digest.update(content)
    except OSError:
        return ""
    return digest.hexdigest()


def _sources(folder: str, within: str = "") -> list[str]:
    """Returns the program files below a folder, by their names inside the package, sorted."""
    found: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = within + entry.name
            if name.endswith(".py"):
                found.append(name)
            elif entry.name != "__pycache__" and entry.is_dir(follow_symlinks=False):
                found += _sources(entry.path, name + os.sep)
    return sorted(found)


def _content(path: str) -> bytes:
    # Without the objects of `open`, which cost more than reading: there are hundreds of files.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        parts = [os.read(descriptor, _PIECE)]
        while len(parts[-1]) == _PIECE:
            parts.append(os.read(descriptor, _PIECE))
    finally:
        os.close(descriptor)
    return b"".join(parts)
