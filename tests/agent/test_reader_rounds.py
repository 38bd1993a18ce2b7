"""The reader tells what the sender measured: each finished round once, after a crash perhaps twice, and never none."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from farmwatch_agent import health, probes
from farmwatch_agent.health import Health
from farmwatch_agent.host import Host
from farmwatch_agent.host.linux.live import BOOT_ID
from farmwatch_agent.host.row import live_rows
from farmwatch_agent.identity import State
from farmwatch_agent.reader import Reader
from farmwatch_agent.spool import Spool
from farmwatch_schema import codec
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.report import Report

from .fake_host import FakeHost

NOW = 1_790_000_000.0
OTHERS = [name for name in probes.NAMES if name != "latency"]


class AskedHost(FakeHost):
    """Answers rows as a live Linux does."""

    def rows(self, kind: type[Any], of: str = "") -> list[Any]:
        return live_rows(kind, of, "linux")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(str(tmp_path / "spool.db"), "d-01", lambda: NOW, mends=True)
    yield made
    made.close()
    health.remember(Health())


def reader_of(spool: Spool, tmp_path: Path, **more: Any) -> Reader:
    host = cast("Host", AskedHost({BOOT_ID: b"boot"}))
    settings = {"off": OTHERS, **more}
    return Reader(host, Keyer.from_key(b"k" * 32), spool, State(str(tmp_path)), dice=random.Random(1), **settings)


def reports(spool: Spool) -> list[Report]:
    return [codec.decode_report(it.body) for it in spool.waiting(limit=1000)]


ROUND = (
    '{"plan":"p","began_at":"2026-11-22T10:41:0%dZ","trips":[{"landmark":"a","method":"tcp","family":"ipv4","count":1,'
    '"min_ms":7.5}]}'
)


def leave_rounds(tmp_path: Path, *seconds: int, device: str = "d-01") -> None:
    """Leaves rounds as the sender does."""
    rounds = ",".join(ROUND % second for second in seconds)
    (tmp_path / "rounds.json").write_text(f'{{"device":"{device}","rounds":[{rounds}]}}')


def measured(report: Report) -> list[str]:
    """Returns when the rounds of a report began; the section is a sample, so it has no digest."""
    (found,) = [it for it in report.sections if it.kind == "latency"]
    assert (found.outcome, found.digest) == ("found", "")
    assert isinstance(found.items, msgspec.Raw)
    return [it["began_at"][17:19] for it in msgspec.json.decode(found.items) if it["type"] == "measuring_round"]


@pytest.fixture
def mine(spool: Spool, tmp_path: Path) -> Reader:
    """Returns a reader that looks at nothing but what the sender measured."""
    return reader_of(spool, tmp_path)


def test_each_finished_round_is_told_once_in_the_next_report(mine: Reader, spool: Spool, tmp_path: Path) -> None:
    assert mine.once()
    assert "latency" not in [it.kind for it in reports(spool)[-1].sections], "nothing was measured: no news"
    leave_rounds(tmp_path, 1, 2)
    mine.once()
    assert measured(reports(spool)[-1]) == ["01", "02"]
    leave_rounds(tmp_path, 1, 2, 3)
    mine.once()
    assert measured(reports(spool)[-1]) == ["03"]
    mine.once()
    assert "latency" not in [it.kind for it in reports(spool)[-1].sections]


def test_a_round_waits_for_the_next_report_and_makes_none_of_its_own(
    mine: Reader, spool: Spool, tmp_path: Path
) -> None:
    mine.step(0.0)
    leave_rounds(tmp_path, 1)
    # Two looks before the heartbeat: what was offered there and not reported is not told.
    assert mine.step(700.0) is None
    assert mine.step(1_100.0) is not None
    assert measured(reports(spool)[-1]) == ["01"]


def test_another_reader_goes_on_where_the_last_one_ended(spool: Spool, tmp_path: Path) -> None:
    leave_rounds(tmp_path, 1)
    reader_of(spool, tmp_path).once()
    leave_rounds(tmp_path, 1, 2)
    reader_of(spool, tmp_path).once()
    assert [measured(it) for it in reports(spool)] == [["01"], ["02"]]


def test_a_crash_after_a_report_tells_its_rounds_twice_and_one_before_loses_none(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_rounds(tmp_path, 1)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(spool, "append", crash)
        with pytest.raises(KeyboardInterrupt):
            reader_of(spool, tmp_path).once()
    with monkeypatch.context() as broken:
        broken.setattr(spool, "leave_note", crash)
        with pytest.raises(KeyboardInterrupt):
            reader_of(spool, tmp_path).once()
    reader_of(spool, tmp_path).once()
    assert [measured(it) for it in reports(spool)] == [["01"], ["01"]]


def test_rounds_of_another_laptop_and_damaged_ones_are_never_told_as_measured(
    mine: Reader, spool: Spool, tmp_path: Path
) -> None:
    leave_rounds(tmp_path, 1, device="d-02")
    mine.once()
    assert "latency" not in [it.kind for it in reports(spool)[-1].sections]
    (tmp_path / "rounds.json").write_bytes(b'{"device":"d-01","rounds":[{"plan":"p","began_at":"soon"}]}')
    mine.once()
    (found,) = [it for it in reports(spool)[-1].sections if it.kind == "latency"]
    assert (found.outcome, found.items) == ("broken", msgspec.UNSET)


def test_turned_off_it_says_so_and_reads_nothing(spool: Spool, tmp_path: Path) -> None:
    leave_rounds(tmp_path, 1)
    reader_of(spool, tmp_path, off=probes.NAMES).once()
    (found,) = [it for it in reports(spool)[-1].sections if it.kind == "latency"]
    assert (found.outcome, found.reason) == ("not_supported", "latency is turned off in this laptop's settings")
