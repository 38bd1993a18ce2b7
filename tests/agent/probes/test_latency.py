"""What the sender left of measuring, told as observables: data, none, damaged, hostile."""

from collections.abc import Iterator

import pytest

from farmwatch_agent.host import SourceBroken, left_rounds, open_host
from farmwatch_agent.probes.latency import told
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips

ROUND = (
    b'{"device":"d","rounds":[{"plan":"p","began_at":"2026-11-22T10:41:07Z","seconds":9,"trips":'
    b'[{"landmark":"a","method":"tcp","family":"ipv4","address":"198.51.100.7","count":1,"min_ms":7.5}]}]}'
)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    left_rounds.give(lambda: b'{"device":"","rounds":[]}')


def test_a_round_is_told_with_its_round_trips() -> None:
    left_rounds.give(lambda: ROUND)
    assert list(told.collect(open_host())) == [
        MeasuringRound(plan="p", began_at="2026-11-22T10:41:07Z", seconds=9),
        RoundTrips(landmark="a", method="tcp", family="ipv4", address="198.51.100.7", count=1, min_ms=7.5),
    ]


def test_without_a_file_there_is_none() -> None:
    def gone() -> bytes:
        raise FileNotFoundError

    left_rounds.give(gone)
    assert list(told.collect(open_host())) == []


def test_rounds_of_another_device_are_nobodys() -> None:
    left_rounds.give(lambda: ROUND, "another")
    assert list(told.collect(open_host())) == []


def test_what_is_told_is_not_told_again() -> None:
    giver = left_rounds.give(lambda: ROUND)
    list(told.collect(open_host()))
    left_rounds.give(lambda: ROUND, told=giver.offered)
    assert list(told.collect(open_host())) == []


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b"[" * 100_000, ROUND[:-9], ROUND.replace(b"7.5", b"-1"), ROUND.replace(b"tcp", b"x" * 99)],
)
def test_what_makes_no_sense_is_broken_and_never_none(data: bytes) -> None:
    left_rounds.give(lambda: data)
    with pytest.raises(SourceBroken, match="cannot be taken over"):
        list(told.collect(open_host()))
