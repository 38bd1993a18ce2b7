"""What the sender left of measuring, told as observables: data, none, damaged, hostile."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farmwatch_agent.host import SourceBroken, left_rounds, open_host
from farmwatch_agent.identity import State
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


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=70),
    lambda it: st.lists(it, max_size=4) | st.dictionaries(st.text(max_size=9), it, max_size=4),
    max_leaves=12,
)
_TRIPS = st.fixed_dictionaries(
    {"landmark": st.text(max_size=70), "method": st.sampled_from(["tcp", "icmp", "signed"]),
     "family": st.sampled_from(["ipv4", "ipv6"])},
    optional=dict.fromkeys(("address", "count", "min_ms", "mss", "ttl", "problem", "other"), _JSON),
)  # fmt: skip
_ROUNDS = st.fixed_dictionaries(
    {"plan": st.text(max_size=70), "began_at": st.just("2026-11-22T10:41:07Z") | st.text(max_size=20)},
    optional={"trips": st.lists(_TRIPS, max_size=3) | _JSON, "seconds": _JSON, "access": _JSON, "path_mtu": _JSON},
)


@given(st.binary(max_size=200) | st.builds(
    lambda device, rounds: json.dumps({"device": device, "rounds": rounds}).encode(),
    st.text(max_size=70) | _JSON, st.lists(_ROUNDS, max_size=10) | _JSON,
))  # fmt: skip
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_sender_leaves_is_told_with_bounds_or_broken(data: bytes) -> None:
    left_rounds.give(lambda: data)
    try:
        found = list(told.collect(open_host()))
    except SourceBroken:
        return
    assert len(found) <= left_rounds.MOST_ROUNDS * 97
    for it in found:
        assert len(msgspec.json.encode(it)) < 2_000
        if isinstance(it, RoundTrips):
            assert it.min_ms is None or 0 <= it.min_ms <= 60_000
            assert re.fullmatch("[0-9a-f:.]{0,45}", it.address)


def test_a_file_of_any_size_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "sender"
    folder.mkdir()
    (folder / "rounds.json").write_bytes(b"[" * (left_rounds.MAX_BYTES + 1))
    state = State(str(tmp_path))
    left_rounds.give(lambda: state.left_by_sender("rounds.json", left_rounds.MAX_BYTES))
    with pytest.raises(SourceBroken, match="more than 262144 bytes"):
        list(told.collect(open_host()))


def test_what_is_said_of_it_quotes_no_more_than_a_line() -> None:
    left_rounds.give(lambda: ROUND.replace(b'"tcp"', b'"' + b"x\u001b" * 9_000 + b'"'))
    with pytest.raises(SourceBroken) as raised:
        list(told.collect(open_host()))
    assert len(str(raised.value)) < 200
    assert str(raised.value).isprintable()


def test_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "sender").mkdir()
    (tmp_path / "secret").write_bytes(ROUND)
    (tmp_path / "sender" / "rounds.json").symlink_to(tmp_path / "secret")
    state = State(str(tmp_path))
    left_rounds.give(lambda: state.left_by_sender("rounds.json", left_rounds.MAX_BYTES))
    with pytest.raises(SourceBroken, match="cannot be taken over"):
        list(told.collect(open_host()))


def test_the_reader_loads_nothing_that_measures() -> None:
    code = (
        "import sys\nfrom farmwatch_agent.probe import collect_function\nfrom farmwatch_agent import probes\n"
        "for system in ('linux', 'macos', 'windows'):\n    collect_function(probes.load('latency'), system)\n"
        "print([name for name in ('ssl', 'socket', 'nacl', 'statistics', 'requests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
