"""Round-trip times on Linux: what the sender left."""

from collections.abc import Iterator

from farmwatch_schema.observables import Observable

from ...host import Host
from . import told


def collect(host: Host) -> Iterator[Observable]:
    """Yields each finished round that was not told yet."""
    yield from told.collect(host)
