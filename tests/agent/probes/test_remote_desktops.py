"""Real remote-desktop servers on loopback, seen by the probes as root and as an ordinary user."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from farmwatch_schema.codec import decode_items
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.sockets import InboundConnection, Listener
from farmwatch_schema.report import Section

from ..linux_tree import KEYER

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux to look as two users"),
]

KINDS = ("processes", "sockets", "sessions", "services")
#: Everything is loaded before the rights are given up: the interpreter's own folder may be closed to others.
LOOK = """
import os, sys, msgspec
from farmwatch_agent import probes, runner
from farmwatch_agent.health import Health
from farmwatch_agent.host.linux.live import LinuxHost
from farmwatch_agent.probe import collect_function
from farmwatch_schema.identifiers import Keyer
user, *kinds = sys.argv[1:]
for kind in kinds:
    collect_function(probes.load(kind), "linux")
host, keyer = LinuxHost(), Keyer(b"a company's key for tests only..", "testkey0")
if int(user):
    os.setgroups([])
    os.setgid(int(user))
    os.setuid(int(user))
sys.stdout.buffer.write(msgspec.json.encode(runner.run(host, keyer, Health(), kinds)))
"""
NOBODY = 65534


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    pytest.fail(f"{process.args!r} does not answer on port {port}")


@contextlib.contextmanager
def started(*words: str) -> Iterator["subprocess.Popen[bytes]"]:
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def display(number: int) -> Iterator[str]:
    with started("Xvfb", f":{number}", "-screen", "0", "320x240x24", "-nolisten", "tcp") as server:
        place = Path(f"/tmp/.X11-unix/X{number}")
        deadline = time.monotonic() + 20
        while not place.exists() and time.monotonic() < deadline and server.poll() is None:
            time.sleep(0.05)
        yield f":{number}"


def looked(user: int = 0) -> dict[str, list[Observable]]:
    """Returns what the probes see in a process of their own, as root or as another user."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", LOOK, str(user), *KINDS]
    answer = subprocess.run(command, env=environment, cwd="/", capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr.decode()
    sections = msgspec.json.decode(answer.stdout, type=list[Section])
    return {made.kind: [] if made.items is msgspec.UNSET else decode_items(made.kind, made.items) for made in sections}


def test_x11vnc_on_loopback_is_seen_by_root_and_partly_by_an_ordinary_user() -> None:
    port = free_port()
    with (
        display(97) as name,
        started("x11vnc", "-display", name, "-localhost", "-forever", "-nopw", "-rfbport", str(port), "-q") as server,
    ):
        wait_for(port, server)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as viewer:
            assert viewer.recv(12).startswith(b"RFB ")
            as_root = looked()
            as_nobody = looked(NOBODY)
    peer = KEYER.key("address", "127.0.0.1")
    process = next(item for item in as_root["processes"] if isinstance(item, Process) and item.name == "x11vnc")
    assert process.path == "/usr/bin/x11vnc"
    assert set(process.flags) >= {"vnc_forever", "vnc_no_password", "rfbport", "loopback_only", "display_capture"}
    assert process.listens is False
    assert process.sha256 is not None or process.package == "x11vnc"
    listener = Listener(protocol="tcp", port=port, scope="loopback", owner="x11vnc", path="/usr/bin/x11vnc")
    assert listener in as_root["sockets"]
    inbound = InboundConnection(port=port, peer=peer, owner="x11vnc", path="/usr/bin/x11vnc")
    # How far away the viewer is depends on how busy this machine is.
    told = [item for item in as_root["sockets"] if isinstance(item, InboundConnection)]
    assert inbound in [msgspec.structs.replace(item, rtt="") for item in told]
    assert Session(origin="remote", protocol="vnc", client=peer) in as_root["sessions"]

    hidden = next(item for item in as_nobody["processes"] if isinstance(item, Process) and item.name == "x11vnc")
    assert (hidden.path, hidden.listens) == (None, None)
    assert "vnc_forever" in hidden.flags
    assert Listener(protocol="tcp", port=port, scope="loopback") in as_nobody["sockets"]
    for kind in ("processes", "sockets"):
        assert any(isinstance(item, Gap) and item.outcome == "not_permitted" for item in as_nobody[kind])


def test_tigervnc_on_loopback_is_seen() -> None:
    port = free_port()
    words = (
        "Xtigervnc",
        ":98",
        "-rfbport",
        str(port),
        "-localhost=1",
        "-SecurityTypes",
        "None",
        "-geometry",
        "320x240",
    )
    with started(*words) as server:
        wait_for(port, server)
        seen = looked()
    process = next(item for item in seen["processes"] if isinstance(item, Process) and item.name == "Xtigervnc")
    assert set(process.flags) >= {"rfbport", "vnc_no_password", "loopback_only"}
    owners = {(item.port, item.owner, item.scope) for item in seen["sockets"] if isinstance(item, Listener)}
    assert (port, "Xtigervnc", "loopback") in owners


def test_xrdp_on_loopback_is_seen(tmp_path: Path) -> None:
    port = free_port()
    source = Path("/etc/xrdp/xrdp.ini")
    if not source.is_file():
        pytest.skip("xrdp is not installed")
    lines = [
        f"port=tcp://127.0.0.1:{port}" if line.startswith("port=3389") else line
        for line in source.read_text(encoding="utf-8").splitlines()
    ]
    settings = tmp_path / "xrdp.ini"
    settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with started("xrdp", "--nodaemon", "--config", str(settings)) as server:
        wait_for(port, server)
        seen = looked()
    process = next(item for item in seen["processes"] if isinstance(item, Process) and item.name == "xrdp")
    assert process.path == "/usr/sbin/xrdp"
    owners = {(item.port, item.owner, item.scope) for item in seen["sockets"] if isinstance(item, Listener)}
    assert (port, "xrdp", "loopback") in owners
