"""Bluetooth on Windows."""

from collections.abc import Iterator

from farmwatch_schema.observables import Observable

from ...host import Host, NotSupported


def collect(host: Host) -> Iterator[Observable]:
    """Yields the radios, paired devices and casting."""
    raise NotSupported("not looked at yet")
    yield
