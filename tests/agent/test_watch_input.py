"""The verb of the helper in a user's session: where it counts, into which file, and when it does not."""

import json
import sys
from pathlib import Path

import pytest

from farmwatch_agent.cli import main
from farmwatch_agent.commands import watch_input
from farmwatch_agent.host import input_counts
from farmwatch_agent.host.input_counts import InputDayCounts, InputSource
from farmwatch_agent.host.input_watch import InputCounter

NOON = 1_795_348_800.0


class Session:
    """A watcher that counts five seconds and ends."""

    def __init__(self, kept: list[InputDayCounts]) -> None:
        self.counter = InputCounter("raw_input", NOON, 100.0, kept)

    def run(self) -> None:
        self.counter.tick(NOON + 5, 105.0, [InputSource(bus="usb", function="keyboard")])

    def refresh(self) -> None:
        return

    def stop(self) -> None:
        return


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Makes the helper run anywhere; returns whether timing was asked for, each time."""
    found: list[bool] = []

    def watcher(path: str, *, timing: bool) -> Session:
        found.append(timing)
        return Session(input_counts.load(path))

    monkeypatch.setattr(watch_input, "_watcher", watcher)
    monkeypatch.setattr(watch_input, "end_quietly", lambda: None)
    monkeypatch.setattr(watch_input, "_name", lambda: "1-0123456789ab")
    return found


def settings(folder: Path, text: str) -> str:
    path = folder / "agent.yaml"
    path.write_text(text)
    return str(path)


def test_counts_lie_in_a_file_of_its_own_and_go_on_when_it_starts_again(tmp_path: Path, asked: list[bool]) -> None:
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    words = ["watch-input", "--folder", str(sessions), "--config", settings(tmp_path, "heartbeat_seconds: 900\n")]
    assert main(words) == main(words) == 0
    (row,) = input_counts.load(str(sessions / "1-0123456789ab.json"))
    assert (row.method, row.watched) == ("raw_input", 10)
    assert asked == [False, False]


def test_timing_is_as_the_settings_have_it(tmp_path: Path, asked: list[bool]) -> None:
    config = settings(tmp_path, "on: [input_timing]\n")
    assert main(["watch-input", "--folder", str(tmp_path), "--config", config]) == 0
    assert asked == [True]


def test_nothing_is_counted_where_it_is_turned_off(tmp_path: Path, asked: list[bool]) -> None:
    config = settings(tmp_path, "off: [input_source]\n")
    assert main(["watch-input", "--folder", str(tmp_path), "--config", config]) == 0
    assert asked == []


def test_a_folder_that_is_not_there_is_told(
    tmp_path: Path, asked: list[bool], capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(tmp_path, "heartbeat_seconds: 900\n")
    assert main(["watch-input", "--folder", str(tmp_path / "no"), "--config", config]) == 1
    assert "there is no such folder" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there the helper runs")
def test_on_linux_the_reader_counts_and_the_helper_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch-input"]) == 1
    assert "farmwatch-agent read" in capsys.readouterr().err


def test_no_word_of_a_user_is_in_a_file(tmp_path: Path, asked: list[bool]) -> None:
    config = settings(tmp_path, "heartbeat_seconds: 900\n")
    main(["watch-input", "--folder", str(tmp_path), "--config", config])
    said = json.loads((tmp_path / "1-0123456789ab.json").read_text())
    assert set(said) == {"version", "days"}
    assert set(said["days"][0]) <= set(InputDayCounts.__struct_fields__)
