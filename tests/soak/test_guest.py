"""What only a kernel of one's own can show: real gadgets, radios and input, and the units under the real systemd.

One boot of a Debian guest (tests/soak/guest), in which each test finds what those before it left.
"""

import gzip
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from farmwatch_agent import runner
from farmwatch_agent.health import Health
from farmwatch_agent.host import input_counts
from farmwatch_agent.host.capture import unpack
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.probes import input_days
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables.input_timing import GAP_EDGES_MS

from .guest import lsusb, machine
from .guest.sections import lost

pytestmark = pytest.mark.soak
PYTHON = "/opt/agent/bin/python"
TESTS = "/opt/farmwatch/tests/soak/guest"
STATE = "/var/lib/farmwatch-agent"
READER = "farmwatch-agent-read.service"
LOGIN = (
    "systemd-run --quiet --unit=second -p User=anna -p PAMName=login -p TTYPath=/dev/tty4 -p StandardInput=tty"
    " -p UtmpIdentifier=tty4 -p UtmpMode=user /home/anna/.local/bin/helper 900"
)
#: Under emulation a quarter of a processor is a hundredth of one; the units' own lines stay otherwise as they are.
WITHOUT_QUOTA = f"""
mkdir -p /run/systemd/system/{READER}.d
printf '[Service]\\nCPUQuota=\\n' > /run/systemd/system/{READER}.d/emulated.conf
"""


@pytest.fixture(scope="module")
def guest() -> Iterator[machine.Guest]:
    problem = machine.why_not()
    if problem:
        pytest.skip(problem)
    with machine.Guest() as running:
        running.ask(
            "modprobe -a dummy_hcd libcomposite usb_f_hid uinput && { mountpoint -q /sys/kernel/config ||"
            " mount -t configfs none /sys/kernel/config; }"
        )
        yield running


def section(data: bytes, kind: str) -> list[dict[str, Any]]:
    """Returns what a probe sees in a capture."""
    host = ReplayingHost(unpack(data))
    (found,) = runner.run(host, Keyer(b"a key for tests only", "test"), Health(), [kind], log=pytest.fail)
    items: list[dict[str, Any]] = [] if found.items is msgspec.UNSET else msgspec.json.decode(found.items)
    return items


def captured(guest: machine.Guest, kinds: str) -> bytes:
    guest.ask(f"farmwatch-agent capture /share/now.gz --only {kinds}")
    return (guest.share / "now.gz").read_bytes()


@pytest.mark.parametrize("gadget", ["none", "pikvm", "nanokvm", "ethernet"])
def test_the_usb_probe_agrees_with_lsusb(guest: machine.Guest, gadget: str) -> None:
    guest.ask(f"{PYTHON} {TESTS}/gadgets.py {gadget}")
    plugged = "" if gadget == "none" else "$(cat /sys/bus/usb/devices/3-1/idVendor):"
    told = guest.ask(f"for id in 0627:0001 46f4:0001 {plugged}; do lsusb -v -d $id 2>/dev/null; done; true")
    seen = [item for item in section(captured(guest, "usb"), "usb") if item["type"] == "usb_device"]
    wanted = [
        device for device in lsusb.devices(told) if device["vendor_id"] != "1d6b" or device["product_id"] == "0104"
    ]
    assert len(wanted) == (4 if gadget == "none" else 5)
    for device in wanted:
        assert any(all(_equal(item.get(name, ""), value) for name, value in device.items()) for item in seen), device


def _equal(seen: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return all(_equal(seen.get(name, [] if name == "endpoints" else ""), part) for name, part in wanted.items())
    if isinstance(wanted, list):
        return len(seen) == len(wanted) and all(map(_equal, seen, wanted))
    return bool(seen == wanted)


def test_a_capture_of_a_gadget_keeps_the_paths_that_say_software(guest: machine.Guest) -> None:
    guest.ask(f"{PYTHON} {TESTS}/gadgets.py pikvm")
    data = captured(guest, "usb,input_source")
    assert b"/devices/platform/dummy_hcd.0/" in gzip.decompress(data)
    assert {item["bus"] for item in section(data, "input_source") if item.get("vendor_id") == "1d6b"} == {"virtual"}


def test_under_its_unit_the_reader_loses_nothing_that_root_sees(installed: machine.Guest) -> None:
    guest = installed
    for _ in range(3):
        told_by_root = guest.ask("farmwatch-agent collect --json")
        told_by_reader = guest.ask(f"sh {TESTS}/as_unit.sh read '/usr/bin/farmwatch-agent collect --json'")
        # On a busy machine an emulated probe can run into its limit of CPU time: that compares nothing.
        if "took more than" not in told_by_root + told_by_reader:
            break
    else:
        pytest.skip("this machine is too busy: probes in the guest run into their limits of CPU time")
    root, reader = json.loads(told_by_root), json.loads(told_by_reader)
    told = {found["kind"]: json.dumps(found.get("items", [])) for found in root["sections"]}
    for kind, word in (("processes", "~/.local/bin/helper"), ("processes", '"uinput"'), ("services", "helper.desktop"),
                       ("wifi", "wlan1"), ("network", "wg0"), ("sessions", "console"), ("media", "vivid"),
                       ("sockets", "5900"), ("usb", "PiKVM")):  # fmt: skip
        assert word in told[kind], f"nothing to lose: {kind} of root names no {word}"
    assert lost(reader, root) == {}


@pytest.fixture(scope="module")
def installed(guest: machine.Guest) -> machine.Guest:
    """The guest with the units, much to see, and enrolled with a collector on its own loopback."""
    guest.ask("cd /opt/farmwatch/packaging/systemd && cp *.service *.timer *.path /etc/systemd/system/"
              " && systemd-sysusers $PWD/farmwatch-agent.sysusers && mkdir -p /etc/farmwatch")  # fmt: skip
    guest.ask(
        "ip link set lo up\n"
        "systemd-run --unit=collector --quiet /opt/collector/bin/farmwatch serve --data /srv/collector --port 8440\n"
        "until ss -ltn | grep -q 8440; do sleep 1; done\n"
        "/opt/collector/bin/farmwatch tokens new --data /srv/collector 2>/dev/null | head -n 1 > /run/token\n"
        "farmwatch-agent enrol --url http://127.0.0.1:8440 --token-file /run/token"
    )
    guest.ask(f"sh {TESTS}/busy.sh")
    return guest


def test_what_the_units_let_reader_and_sender_do(installed: machine.Guest) -> None:
    clean = f"rm -f {STATE}/written {STATE}/sender/written"
    reader, sender = (
        json.loads(installed.ask(f"sh {TESTS}/as_unit.sh {unit} '/usr/bin/python3 {TESTS}/rights.py'; {clean}"))
        for unit in ("read", "send")
    )
    for right in ("netlink socket", "read identifier.key", "write state", "list home", "see process 1", "open input"):
        assert reader.pop(right) == "yes", right
    for right in ("list sys", "list input", "read spool.db"):
        assert reader.pop(right) == "yes", right
    assert set(reader.values()) <= {"empty", "Read-only file system", "Operation not permitted",
                                    "Address family not supported by protocol"}, reader  # fmt: skip
    assert reader["inet socket"] == reader["inet6 socket"] == "Address family not supported by protocol"
    assert reader["read signing.key"] == reader["read shadow"] == "empty"
    for right in ("inet socket", "inet6 socket", "netlink socket", "read signing.key", "read spool.db", "write sender"):
        assert sender.pop(right) == "yes", right
    assert sender.pop("write tmp") == "yes", "its own /tmp, gone with it"
    assert "yes" not in sender.values(), sender
    assert sender["read identifier.key"] == sender["list home"] == "Permission denied"


def test_a_device_and_a_session_wake_the_reader_and_the_sender_follows(installed: machine.Guest) -> None:
    guest = installed
    guest.ask(f"{PYTHON} {TESTS}/gadgets.py none; pkill -f injector.py; {WITHOUT_QUOTA}")
    guest.ask("printf 'heartbeat_seconds: 3600\\non: [input_timing]\\n' > /etc/farmwatch/agent.yaml\n"
              f"systemctl daemon-reload; systemctl start {READER} farmwatch-agent-send.path")  # fmt: skip
    # A reader settles for up to three minutes after boot, and then tells of everything once.
    assert wait(lambda: bool(spooled(guest)), 240)
    time.sleep(12)
    began = float(guest.ask(f"date +%s.%N; {PYTHON} {TESTS}/gadgets.py pikvm").split()[0])
    assert wait(lambda: last(guest) > began, 40)
    print(f"a gadget was in a report {last(guest) - began:.1f} s after its controller was bound")  # noqa: T201
    assert last(guest) - began < 10 + 10, "under emulation"
    time.sleep(12)
    began = float(guest.ask(f"date +%s.%N; {LOGIN}").split()[0])
    assert wait(lambda: last(guest) > began, 40)
    print(f"a session was in a report {last(guest) - began:.1f} s after it began")  # noqa: T201
    assert last(guest) - began < 15 + 10, "under emulation"
    assert wait(lambda: "with the collector" in guest.ask("journalctl -u farmwatch-agent-send --no-pager"), 60)


def spooled(guest: machine.Guest) -> list[float]:
    """Returns when the reader put reports into the spool, by the guest's clock."""
    lines = guest.ask(f"journalctl -u {READER} -o short-unix --no-pager")
    return [float(found[1]) for found in re.finditer(r"^([\d.]+) .* is in the spool$", lines, re.MULTILINE)]


def last(guest: machine.Guest) -> float:
    return max(spooled(guest), default=0.0)


def wait(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.5)
    return False


def test_input_of_a_device_of_software_and_of_a_gadget_is_told_apart(installed: machine.Guest) -> None:
    guest = installed
    guest.ask(f"systemd-run --quiet {PYTHON} {TESTS}/injector.py 40 mouse:8\n"
              f"systemd-run --quiet {PYTHON} {TESTS}/pointer.py 40 10")  # fmt: skip
    guest.move(40, 20)
    guest.ask(f"systemctl stop {READER}")
    guest.ask(f"cp {STATE}/input.json /share/")
    day = input_counts.load(str(guest.share / "input.json"))[-1]
    counted = {(item.source.bus, item.source.absolute, item.source.vendor_id): item.seconds for item in day.sources}
    sources = ("usb", True, "0627"), ("virtual", False, "1234"), ("virtual", True, "1d6b")
    assert all(20 <= counted[source] <= 60 for source in sources), counted
    shares = {(share.bus, share.function, share.absolute) for share in input_days.day_of(day).shares}
    assert shares == {("usb", "pointer", True), ("virtual", "pointer", False), ("virtual", "pointer", True)}
    # An emulated processor keeps no cadence of a few milliseconds, so which bucket has most is shown and not asked for.
    timings = {timing.vendor_id: timing.gaps for timing in input_days.timings_of(day)}
    print(timings)  # noqa: T201
    assert set(timings) == {"0627", "1234", "1d6b"}
    assert all(sum(gaps[: bucket_of(120) + 1]) >= 80 for gaps in timings.values()), timings


def bucket_of(milliseconds: float) -> int:
    return next(index for index, edge in enumerate(GAP_EDGES_MS) if milliseconds <= edge)
