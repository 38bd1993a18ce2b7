"""The ARP helper with real frames on a veth pair between two namespaces; what it says without rights or scapy."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux to make namespaces"),
]

MARKER = "rendezvous-42"
#: Sends ARP as a published farm case did: a broadcast with something where Ethernet pads, again and again.
SEND = """
import socket, sys, time
marker, every = sys.argv[2].encode(), float(sys.argv[3])
sender = bytes.fromhex("0200000000aa")
line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
line.bind((sys.argv[1], 0))
number, at = 0, time.monotonic()
while True:
    number += 1
    padding = (marker + bytes([number % 200 + 1])).ljust(18, b"\\0") if marker else b"\\0" * 18
    fields = b"\\0\\x01\\x08\\0\\x06\\x04\\0\\x01" + sender + b"\\xc0\\0\\x02\\x05" + b"\\0" * 6 + b"\\xc0\\0\\x02\\x01"
    line.send(b"\\xff" * 6 + sender + b"\\x08\\x06" + fields + padding)
    line.send(b"\\xff" * 6 + sender + b"\\x08\\x00" + marker * 4)
    at += every
    time.sleep(max(0, at - time.monotonic()))
"""
#: A pass with a shorter look, in a process of its own; with another helper when asked.
LOOK = """
import sys
from farmwatch_agent.probes.arp import looks
from farmwatch_agent import cli
looks.SECONDS = int(sys.argv[1])
sys.executable = sys.argv[2] or sys.executable
sys.exit(cli.main(sys.argv[3:]))
"""


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def wire() -> Iterator[tuple[str, str]]:
    """Yields the names of two namespaces with a veth pair between them: fw0 in the first, fw1 in the second."""
    if shutil.which("ip") is None:
        pytest.skip("ip is not installed")
    names = f"fw-arp-a-{os.getpid()}", f"fw-arp-b-{os.getpid()}"
    with contextlib.ExitStack() as after:
        for name in names:
            run("ip", "netns", "add", name)
            after.callback(run, "ip", "netns", "delete", name)
        run("ip", "-n", names[0], "link", "add", "fw0", "type", "veth", "peer", "name", "fw1", "netns", names[1])
        run("ip", "-n", names[0], "link", "set", "fw0", "up")
        run("ip", "-n", names[1], "link", "set", "fw1", "up")
        # The kernel's state of a link follows within a second.
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not all(is_up(name) for name in names):
            time.sleep(0.1)
        yield names


def is_up(namespace: str) -> bool:
    told = subprocess.run(["ip", "-n", namespace, "-br", "link"], capture_output=True, text=True, check=True).stdout
    return any(line.startswith("fw") and line.split()[1] == "UP" for line in told.splitlines())


@contextlib.contextmanager
def sending(namespace: str, marker: str, every: float) -> Iterator[None]:
    sender = subprocess.Popen(["ip", "netns", "exec", namespace, sys.executable, "-c", SEND, "fw0", marker, str(every)])
    try:
        time.sleep(0.5)
        assert sender.poll() is None
        yield
    finally:
        sender.terminate()
        sender.wait(10)


def looked(namespace: str, *arguments: str, seconds: int = 6, python: str = "", before: tuple[str, ...] = ()) -> Any:
    """Returns what one pass in a namespace printed, and all that it printed, as text."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, *before, sys.executable, "-c", LOOK, str(seconds), python,
         *(arguments or ("collect", "--only", "arp", "--json"))],
        env=environment, cwd="/", capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout + done.stderr


def section_of(printed: bytes) -> dict[str, Any]:
    (section,) = json.loads(printed)["sections"]
    return dict(section)


def test_payload_and_rhythm_on_a_wire_are_named_and_the_payload_goes_nowhere(
    wire: tuple[str, str], tmp_path: Path
) -> None:
    pytest.importorskip("scapy", reason="scapy is not installed")
    here, there = wire
    with sending(here, MARKER, 0.2):
        printed = looked(there)
        sent_by_itself = looked(here)
        capture = tmp_path / "capture.gz"
        looked(there, "capture", str(capture), "--only", "arp", "--raw")
    section = section_of(printed)
    (watch,) = (item for item in section["items"] if item["type"] == "arp_watch")
    assert (watch["interface"], watch["seconds"]) == ("fw1", 10)
    (pattern,) = (item for item in section["items"] if item["type"] == "arp_pattern")
    assert pattern["signs"] == ["padding_payload", "rhythm"]
    assert pattern["own"] is False
    assert (pattern["extra_bytes"], pattern["period_seconds"], pattern["distinct"]) == (14, 0.2, "10-49")
    assert set(pattern["sender"]) >= {"digest", "local"}
    # The laptop's own frames are seen, too: it may be the one that signals.
    (own,) = (item for item in section_of(sent_by_itself)["items"] if item["type"] == "arp_pattern")
    assert own["signs"] == ["padding_payload", "rhythm"]
    import gzip

    for data in (printed, sent_by_itself, gzip.decompress(capture.read_bytes())):
        for form in (MARKER.encode(), MARKER.encode().hex().encode()):
            assert form not in data


def test_ordinary_frames_in_a_rhythm_bear_that_sign_alone(wire: tuple[str, str]) -> None:
    pytest.importorskip("scapy", reason="scapy is not installed")
    here, there = wire
    found: list[dict[str, Any]] = []
    with sending(here, "", 0.5):
        # A busy machine may not send evenly enough at once.
        for _ in range(3):
            found = [it for it in section_of(looked(there, seconds=12))["items"] if it["type"] == "arp_pattern"]
            if found:
                break
    assert [it["signs"] for it in found] == [["rhythm"]]


def test_without_the_right_to_packet_sockets_it_is_not_permitted(wire: tuple[str, str]) -> None:
    pytest.importorskip("scapy", reason="scapy is not installed")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    section = section_of(looked(wire[1], seconds=2, before=("setpriv", "--bounding-set=-net_raw")))
    assert section["outcome"] == "not_permitted"


def test_without_scapy_it_says_what_to_install(wire: tuple[str, str], tmp_path: Path) -> None:
    # An environment of its own, with the agent and without what the extra brings.
    program = tmp_path / "python"
    paths = [path for path in sys.path if path]
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {paths!r}\nsys.modules['scapy'] = None\n"
        "sys.argv = sys.argv[3:]\nfrom farmwatch_agent.host import arp_helper\n"
        "sys.exit(arp_helper.main(sys.argv[1:]))\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    section = section_of(looked(wire[1], seconds=2, python=str(program)))
    assert section["outcome"] == "not_supported"
    assert "install farmwatch[net]" in section["reason"]


def test_nothing_is_left_behind_and_nothing_is_written_home(wire: tuple[str, str]) -> None:
    pytest.importorskip("scapy", reason="scapy is not installed")
    looked(wire[1], seconds=1)
    assert not Path("/nonexistent").exists()
    left = [
        pid
        for pid in filter(str.isdigit, os.listdir("/proc"))
        if b"arp_helper" in (Path("/proc") / pid / "cmdline").read_bytes()
        and b"fw1" in (Path("/proc") / pid / "cmdline").read_bytes()
    ]
    assert left == []
