"""What the sender left, as observables: the same on every system."""

from collections.abc import Iterable, Iterator

import msgspec

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips

from ...host import Host
from ...host.left_rounds import LeftRound

_ROUND = [name for name in MeasuringRound.__struct_fields__ if name in LeftRound.__struct_fields__]


def collect(host: Host) -> Iterator[Observable]:
    """Yields each round that was not told yet, and its round trips."""
    yield from observables(host.rows(LeftRound))


def observables(rounds: Iterable[LeftRound]) -> Iterator[Observable]:
    """Yields rounds as they travel."""
    for left in rounds:
        yield MeasuringRound(**{name: getattr(left, name) for name in _ROUND})
        for trips in left.trips:
            yield RoundTrips(**msgspec.structs.asdict(trips))
