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
        for path in _sources(_PACKAGE):
            digest.update(os.path.relpath(path, _PACKAGE).replace(os.sep, "/").encode() + b"\0")
            with open(path, "rb") as file:
                digest.update(hashlib.sha256(file.read()).digest())
    except OSError:
        return ""
    return digest.hexdigest()


def _sources(folder: str) -> list[str]:
    found: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and entry.name != "__pycache__":
                found += _sources(entry.path)
            elif entry.name.endswith(".py"):
                found.append(entry.path)
    return sorted(found)
