"""A real x11vnc on this machine, collected by the real agent, is named; a renamed copy of it too."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from farmwatch_detectors.remote_access_tool import DETECTOR
from farmwatch_detectors.view import DeviceView, SectionView
from farmwatch_schema.codec import decode_items, decode_report

from .views import NOW

pytestmark = pytest.mark.integration

AGENT = Path(sys.executable).with_name("farmwatch-agent")
DISPLAY = ":87"
PORT = 5987
QUIET = subprocess.DEVNULL


def _ended(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


@pytest.fixture
def screen() -> Iterator[None]:
    for program in ("Xvfb", "x11vnc"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install xvfb x11vnc")
    if not AGENT.exists():
        pytest.skip("the agent's command is not installed: pip install -e .")
    server = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", "320x240x24", "-nolisten", "tcp"], stderr=QUIET)
    try:
        _wait(lambda: Path(f"/tmp/.X11-unix/X{DISPLAY[1:]}").exists())
        yield
    finally:
        _ended(server)


@contextmanager
def _serving(program: str) -> Iterator[None]:
    options = ["-display", DISPLAY, "-localhost", "-rfbport", str(PORT), "-nopw", "-forever", "-quiet"]
    server = subprocess.Popen([program, *options], stdout=QUIET, stderr=QUIET)
    try:
        _wait(lambda: server.poll() is not None or _listens())
        assert server.poll() is None, "x11vnc ended at once: is the display or the port taken?"
        yield
    finally:
        _ended(server)


def _listens() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", PORT)) == 0


def _wait(condition: Callable[[], bool]) -> None:
    """Waits until it holds, 30 seconds at most; what comes after says what is missing."""
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)


def _view() -> DeviceView:
    output = subprocess.run([str(AGENT), "collect", "--json"], capture_output=True, timeout=60, check=True).stdout
    report = decode_report(output)
    sections = {
        section.kind: SectionView(
            kind=section.kind,
            outcome=section.outcome,
            observed_at=datetime.fromisoformat(section.observed_at),
            items=() if section.items is msgspec.UNSET else tuple(decode_items(section.kind, section.items)),
        )
        for section in report.sections
    }
    return DeviceView(device=report.device, now=NOW, enrolled_at=NOW, sections=sections)


@pytest.mark.usefixtures("screen")
def test_a_running_x11vnc_is_named_with_what_agreed() -> None:
    with _serving("x11vnc"):
        found = {finding.subject: finding for finding in DETECTOR.detect(_view())}
    assert found["x11vnc"].level == 2
    assert any(evidence.subject == "program x11vnc" for evidence in found["x11vnc"].evidence)


@pytest.mark.usefixtures("screen")
def test_a_renamed_copy_of_it_is_found_in_disguise(tmp_path: Path) -> None:
    copy = tmp_path / "gvfsd-helper"
    shutil.copy(str(shutil.which("x11vnc")), copy)
    with _serving(str(copy)):
        found = list(DETECTOR.detect(_view()))
    disguised = [finding for finding in found if 'runs under another name, "gvfsd-helper"' in finding.sentence]
    assert [finding.level for finding in disguised] == [5] * len(disguised)
    assert disguised
