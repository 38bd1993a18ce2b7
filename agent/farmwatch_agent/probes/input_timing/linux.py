"""The rhythm of input on Linux: what was counted is the same on every platform."""

from collections.abc import Iterator

from farmwatch_schema.observables import Observable

from ...host import Host
from .. import input_days


def collect(host: Host) -> Iterator[Observable]:
    """Yields an InputTiming for each source of each day; the host's error when nobody counted."""
    yield from input_days.timings(host)
