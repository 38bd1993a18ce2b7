"""One look at a Linux that is driven from far away in every way at once: the report names each (remote_stage.py)."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import remote_stage as stage

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None,
        reason="needs root on Linux, unshare and ip, to make namespaces",
    ),
]


class Seen:
    """What the one report says, by kind, and what could not be put on the stage."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.missing: list[str] = told["missing"]
        self.text: str = told["report"]
        self.sections = {section["kind"]: section for section in json.loads(told["report"])["sections"]}

    def all(self, section: str, type_: str, /, **fields: Any) -> list[dict[str, Any]]:
        """Returns the observables of a type that have these fields."""
        return [
            item
            for item in self.sections[section]["items"]
            if item["type"] == type_ and all(item.get(name) == value for name, value in fields.items())
        ]

    def needs(self, *programs: str) -> None:
        """Skips a test whose programs are not installed here."""
        for name in programs:
            if name in self.missing:
                pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("stage")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
         sys.executable, str(Path(stage.__file__)), str(folder)],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    if "unshare failed" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip(f"no namespaces here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["code"] == 0, told["said"]
    assert told["ended"] == [], "what was started must still run when it is looked at"
    return Seen(told)


def test_a_tunnel_over_dev_net_tun_takes_all_traffic(seen: Seen) -> None:
    seen.needs("openvpn")
    assert seen.all("network", "network_interface", name="tun0", kind="tunnel", up=True)
    assert {it["destination"] for it in seen.all("network", "route", interface="tun0")} == {"0.0.0.0/1", "128.0.0.0/1"}
    assert seen.all("processes", "process", name="openvpn", path="/usr/sbin/openvpn")
    assert seen.all("sockets", "listener", protocol="udp", port=stage.PORTS["openvpn"], owner="openvpn")
    assert seen.all("network", "gateway", interface="fw0")


def test_wireguard_in_a_program_is_a_tunnel(seen: Seen) -> None:
    seen.needs("wireguard-go")
    assert seen.all("network", "network_interface", name="wgfw0", kind="tunnel", up=True)
    assert seen.all("processes", "process", name="wireguard-go")


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("x11vnc", {"vnc_forever", "vnc_no_password", "rfbport", "display_capture"}),
        ("Xtigervnc", {"rfbport", "vnc_no_password"}),
        ("xrdp", set()),
    ],
)
def test_a_remote_desktop_with_a_client_is_a_program_a_listener_and_a_connection(
    name: str, flags: set[str], seen: Seen
) -> None:
    seen.needs(name)
    (process,) = seen.all("processes", "process", name=name)
    assert set(process.get("flags", ())) >= flags
    assert seen.all("sockets", "listener", port=stage.PORTS[name], owner=name)
    (inbound,) = seen.all("sockets", "inbound_connection", port=stage.PORTS[name], owner=name)
    assert inbound["peer"]["scope"] == "loopback"
    protocol = "rdp" if name == "xrdp" else "vnc"
    assert seen.all("sessions", "session", origin="remote", protocol=protocol, client=inbound["peer"])


def test_an_x_server_without_a_screen_is_named(seen: Seen) -> None:
    seen.needs("Xvfb")
    assert seen.all("processes", "process", name="Xvfb")


def test_an_inbound_ssh_session_with_a_remote_forward_is_named(seen: Seen) -> None:
    seen.needs("sshd", "ssh")
    (client,) = seen.all("processes", "process", name="ssh")
    assert client["flags"] == ["ssh_remote_forward"]
    assert seen.all("processes", "process", name="sshd", path="/usr/sbin/sshd")
    (inbound,) = seen.all("sockets", "inbound_connection", port=stage.PORTS["sshd"], owner="sshd")
    # The forwarded port listens on the far side: here it is sshd's own.
    assert seen.all("sockets", "listener", port=stage.PORTS["reverse"], owner="sshd", scope="loopback")
    (session,) = seen.all("sessions", "session", origin="remote", protocol="ssh")
    assert session["client"] == inbound["peer"]
    assert session["user"]["kind"] == "user"


def test_each_of_300_distinct_programs_is_named(seen: Seen) -> None:
    names = {it["name"] for it in seen.all("processes", "process")}
    assert names >= {f"tool{number:03d}" for number in range(stage.DISTINCT)}
    assert seen.sections["processes"]["outcome"] == "found"


def test_a_program_that_listens_to_every_frame_is_named(seen: Seen) -> None:
    holders = [it for it in seen.all("processes", "process") if "packet_socket" in it.get("holds", ())]
    assert [it["path"].rpartition("/")[2] for it in holders] == [os.path.basename(os.path.realpath(sys.executable))]


def test_arp_with_payload_on_a_wire_is_named_and_the_payload_is_nowhere(seen: Seen) -> None:
    pytest.importorskip("scapy", reason="scapy is not installed")
    (pattern,) = seen.all("arp", "arp_pattern", interface="fw0")
    assert pattern["signs"] == ["padding_payload", "rhythm"]
    assert (pattern["extra_bytes"], pattern["period_seconds"], pattern["own"]) == (14, 0.5, False)
    assert stage.MARKER not in seen.text


def test_no_argument_address_or_user_travels(seen: Seen) -> None:
    for word in ("192.0.2.", "10.8.0.", "StrictHostKeyChecking", "root@127", "sleep 600", "--genkey"):
        assert word not in seen.text
