"""What the agent keeps of itself survives damage, and forgets in time."""

import os
from pathlib import Path

import pytest

from farmwatch_agent import health
from farmwatch_agent.files import write_whole
from farmwatch_agent.health import Health
from farmwatch_schema.observables.agent import SpoolReset

NOW = 1_790_000_000.0


def test_it_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    kept = Health(restarts=2, boot="ab")
    for _ in range(3):
        kept.killed("usb", "took more than 5 s and was stopped", NOW)
    kept.was_reset(SpoolReset(reset_at="x", epoch="e", first_lost=1, last_lost=2), NOW)
    health.save(kept, str(tmp_path / "health.json"))
    assert health.load(str(tmp_path / "health.json")) == kept


@pytest.mark.parametrize("data", [b"", b"{", b'{"restarts":"many"}', b"\xff" * 100, b"[" * 100_000])
def test_a_damaged_file_gives_a_blank_health(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "health.json").write_bytes(data)
    assert health.load(str(tmp_path / "health.json")) == Health()


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_count(tmp_path: Path) -> None:
    health.save(Health(), str(tmp_path / "none" / "health.json"))


def test_starts_are_counted_within_a_boot() -> None:
    mine = Health()
    for boot in ("a", "a", "b"):
        mine.began(boot)
    assert (mine.boot, mine.restarts) == ("b", 1)


def test_a_reset_is_told_for_a_week() -> None:
    mine = Health()
    mine.was_reset(SpoolReset(reset_at="one"), NOW)
    mine.was_reset(SpoolReset(reset_at="two"), NOW + 8 * 86_400)
    assert [it.reset_at for it in mine.spool_resets()] == ["two"]


def test_a_clock_set_back_frees_a_stopped_probe() -> None:
    mine = Health()
    for _ in range(3):
        mine.killed("usb", "why", NOW)
    assert mine.stop_of("usb", NOW + 1) is not None
    assert mine.stop_of("usb", NOW - 10 * 86_400) is None


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(str(path), b"old", mode=0o640)
    assert path.stat().st_mode & 0o777 == 0o640
    (tmp_path / "file.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(str(path), b"new")
    assert path.read_bytes() == b"old"
    os.rmdir(tmp_path / "file.new")
    write_whole(str(path), b"new")
    assert os.listdir(tmp_path) == ["file"]
