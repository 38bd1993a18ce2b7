"""`farmwatch demo`, run as a stranger runs it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ..served import wait_until

pytestmark = pytest.mark.integration

FARMWATCH = [sys.executable, "-m", "farmwatch_collector.cli"]
FLAGGED = {"review", "urgent", "near_certain"}


def answer(*words: str) -> dict[str, Any]:
    done = subprocess.run(
        [*FARMWATCH, "demo", "--json", *words], capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["schema"], document["ok"]) == ("farmwatch-demo-1", True)
    assert len(document["items"]) == 61
    found: dict[str, Any] = document
    return found


def demo(*words: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = answer(*words)["items"]
    return items


def test_it_flags_the_five_of_the_farm_and_nobody_else() -> None:
    document = answer()
    rows = document["items"]
    (farm,) = document["farms"]
    assert farm["members"] == [f"laptop-{n:03}" for n in range(56, 61)]
    assert farm["case"] is not None
    assert {row["name"] for row in rows if row["attention"] in FLAGGED} == {f"laptop-{n:03}" for n in range(56, 61)}
    assert all(row["farm"] == (row["attention"] in FLAGGED) for row in rows if row["part"] == "simulated")


@pytest.mark.parametrize("seed", ["2", "3"])
def test_another_fleet_gives_the_same_five(seed: str) -> None:
    rows = demo("--seed", seed)
    assert {row["name"] for row in rows if row["attention"] in FLAGGED} == {row["name"] for row in rows if row["farm"]}


def test_without_the_farm_it_flags_nobody() -> None:
    document = answer("--without-farm")
    assert [row["name"] for row in document["items"] if row["attention"] in FLAGGED] == []
    assert document["farms"] == []


def test_the_table_names_the_renamed_program_and_this_machine() -> None:
    done = subprocess.run([*FARMWATCH, "demo", "--once"], capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    assert "RustDesk" in done.stdout
    assert " * " in done.stdout
    assert "5 of 61 devices need a look" in done.stdout


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_when_it_is_ended_nothing_is_left_behind(ending: signal.Signals) -> None:
    with tempfile.TemporaryDirectory() as folder:
        running = subprocess.Popen(
            [*FARMWATCH, "demo"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "TMPDIR": folder},
            # A test run in the background of a shell would hand down that Ctrl-C is ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )  # fmt: skip
        assert running.stdout is not None
        try:
            for line in running.stdout:
                if line.startswith("sign in"):
                    break
            assert list(Path(folder).iterdir())
            running.send_signal(ending)
            assert running.wait(30) == 0
        finally:
            running.kill()
            running.wait()
        assert list(Path(folder).iterdir()) == []


@contextmanager
def x11vnc() -> Iterator[None]:
    """A real x11vnc on a virtual display, on loopback; both processes are ended by id."""
    display = f":{90 + os.getpid() % 900}"
    screen = subprocess.Popen(
        ["Xvfb", display, "-screen", "0", "640x480x16", "-nolisten", "tcp"], stderr=subprocess.DEVNULL
    )
    wait_until(lambda: Path(f"/tmp/.X11-unix/X{display[1:]}").exists())
    server = subprocess.Popen(
        ["x11vnc", "-display", display, "-localhost", "-forever", "-quiet", "-nopw", "-autoport", "15900"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        # It says PORT=15900 on stdout once it listens.
        assert server.stdout is not None
        assert server.stdout.readline().startswith("PORT="), "x11vnc did not start"
        yield
    finally:
        for process in (server, screen):
            process.terminate()
            process.wait(10)


@pytest.mark.skipif(not (shutil.which("x11vnc") and shutil.which("Xvfb")), reason="x11vnc and Xvfb are not installed")
def test_a_real_remote_desktop_server_changes_this_machines_row() -> None:
    before = next(row for row in demo() if row["part"] == "this machine")
    with x11vnc():
        after = next(row for row in demo() if row["part"] == "this machine")
    assert after["points"] > before["points"]
    assert any("x11vnc" in reason for reason in after["reasons"])
