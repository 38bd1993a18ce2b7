"""A real x11vnc on this machine, collected by the real agent, is named by the detector."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
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


def _ended(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


@pytest.fixture
def x11vnc(tmp_path: Path) -> Iterator[None]:
    for program in ("Xvfb", "x11vnc"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install xvfb x11vnc")
    if not AGENT.exists():
        pytest.skip("the agent's command is not installed: pip install -e .")
    quiet = subprocess.DEVNULL
    screen = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", "320x240x24", "-nolisten", "tcp"], stderr=quiet)
    try:
        time.sleep(1)
        server = subprocess.Popen(
            ["x11vnc", "-display", DISPLAY, "-localhost", "-rfbport", str(PORT), "-nopw", "-forever", "-quiet"],
            stdout=quiet,
            stderr=quiet,
        )
        try:
            time.sleep(2)
            assert server.poll() is None, "x11vnc ended at once: is the display or the port taken?"
            yield
        finally:
            _ended(server)
    finally:
        _ended(screen)


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


@pytest.mark.usefixtures("x11vnc")
def test_a_running_x11vnc_is_named_with_what_agreed() -> None:
    found = {finding.subject: finding for finding in DETECTOR.detect(_view())}
    assert "x11vnc" in found
    finding = found["x11vnc"]
    assert finding.level >= 2
    assert any(evidence.subject == "program x11vnc" for evidence in finding.evidence)
