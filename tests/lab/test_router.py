"""The lab itself: what it sets is what is measured, and nothing is left behind."""

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from .geography import WIRED, Access, Spot
from .lab import Lab
from .router import Task
from .sites import NAMESPACES, missing

pytestmark = [pytest.mark.integration, pytest.mark.skipif(bool(missing()), reason=missing() or "can run here")]

#: Round-trip times set by hand, ms. What is measured may be so much more: two wake-ups of the router, four of kernels.
SET = {"near": 2.0, "mid": 37.5, "far": 180.0}
MORE_MS = 1.0

CONNECT = """
import json, os, socket, sys, time
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
address, port, count, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
times, mss = [], 0
for _ in range(count):
    line = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    line.settimeout(4)
    began = time.perf_counter()
    try:
        line.connect((address, port))
        times.append((time.perf_counter() - began) * 1000)
        mss = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    except ConnectionRefusedError:
        times.append((time.perf_counter() - began) * 1000)
    except OSError:
        pass
    line.close()
    time.sleep(pause)
print(json.dumps({"times": times, "mss": mss}))
"""


def connects(lab: Lab, site: str, address: str, count: int = 7, port: int = 443, pause: float = 0.0) -> dict[str, Any]:
    words = (address, str(port), str(count), str(pause))
    done = lab.members[site].site.run(sys.executable, "-c", CONNECT, *words)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def times(lab: Lab, site: str, address: str, count: int = 7, port: int = 443) -> list[float]:
    found: list[float] = connects(lab, site, address, count, port)["times"]
    return found


def least(measure: Callable[[], list[float]], enough: float) -> float:
    """Returns the least time of several rounds: a busy machine makes single ones late, and the test slower."""
    deadline = time.monotonic() + 15
    found = min(measure())
    while found > enough and time.monotonic() < deadline:
        found = min(found, *measure())
    return found


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    made = Lab(seed=5)
    here = Spot("here", 40.0, -75.0)
    made.laptop("plain", here, Access("plain"))
    made.laptop("lossy", Spot("lossy", 41.0, -75.0), Access("lossy", loss=0.2))
    made.laptop("shaky", Spot("shaky", 42.0, -75.0), Access("shaky", jitter_ms=(5.0, 15.0)))
    made.laptop("narrow", Spot("narrow", 43.0, -75.0), Access("narrow"), mtu=1400, mss=1340)
    made.laptop("boxed", Spot("boxed", 44.0, -75.0), Access("boxed"))
    made.server("box", Spot("box", 44.0, -75.0))
    made.server("box-out", Spot("box-out", 44.0, -75.0))
    for name, milliseconds in SET.items():
        made.landmark(name, Spot(name, 10.0, 10.0))
        for site in ("here", "lossy", "shaky", "narrow", "boxed", "box-out"):
            made.fix(site, name, milliseconds)
    made.fix("boxed", "box", 3.0)
    with made:
        made.middlebox("boxed", "box", "box-out")
        yield made


@pytest.mark.parametrize("name", SET)
@pytest.mark.parametrize("family", [0, 1])
def test_a_connect_takes_the_time_that_was_set(lab: Lab, name: str, family: int) -> None:
    address = lab.marks[name].addresses[family]
    most = SET[name] + MORE_MS
    assert SET[name] <= least(partial(times, lab, "plain", address), most) <= most


def test_the_router_is_late_by_well_under_a_millisecond(lab: Lab) -> None:
    def late() -> list[float]:
        lab.tell(Task())
        connects(lab, "plain", lab.marks["near"].addresses[0], 20, pause=0.005)
        return [lab.tell(Task()).late_ms[0]]

    assert least(late, 0.2) <= 0.2


def test_what_a_box_adds_for_one_place_is_added_there_alone(lab: Lab) -> None:
    member = lab.members["plain"]
    member.extra = {"near": 60.0}
    lab.refresh()
    try:
        for name, taken in (("near", 62.0), ("mid", 37.5)):
            address = lab.marks[name].addresses[0]
            found = least(partial(times, lab, "plain", address, 3), taken + MORE_MS)
            assert taken <= found <= taken + MORE_MS
    finally:
        member.extra = None
        lab.refresh()


def test_loss_and_jitter_are_those_that_were_set(lab: Lab) -> None:
    before = lab.tell(Task()).counts
    connects(lab, "lossy", lab.marks["near"].addresses[0], 5)
    after = lab.tell(Task()).counts
    assert after.get("lost", 0) > before.get("lost", 0)
    # A pause, because what a connect sends afterwards stands in the same queue.
    shaky = connects(lab, "shaky", lab.marks["near"].addresses[0], 40, pause=0.04)["times"]
    # Log-normal, median 5, 0.90 quantile 15: spread of logarithms ln(3)/1.28 = 0.86, of the middle of 40 draws 0.17.
    # Within 3.3 of those (0.999), and 2 ms of way below: from 4.8 to 10.8.
    assert 4.8 < median(shaky) < 10.8 + MORE_MS
    assert max(shaky) > 10.0


def test_a_narrow_line_is_seen_in_the_segment_size_and_says_so_to_large_packets(lab: Lab) -> None:
    assert connects(lab, "plain", lab.marks["near"].addresses[0], 1)["mss"] == 1448
    assert connects(lab, "narrow", lab.marks["near"].addresses[0], 1)["mss"] == 1328
    before = lab.tell(Task()).counts.get("too_big", 0)
    code = (
        "import socket, sys, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.setsockopt(0, 10, 2); s.connect((sys.argv[1], 9)); s.send(bytes(1450)); time.sleep(0.2)\n"
        "print(s.getsockopt(0, 14))"
    )
    done = lab.members["narrow"].site.run(sys.executable, "-c", code, lab.marks["near"].addresses[0])
    assert done.stdout.strip() == "1400", done.stderr
    assert lab.tell(Task()).counts["too_big"] == before + 1


def test_the_gateway_resets_a_connect_and_answers_a_ping(lab: Lab) -> None:
    for gateway in lab.members["plain"].site.gateways:
        found = least(partial(times, lab, "plain", gateway, 3, 80), 0.5 + MORE_MS)
        assert 0.5 <= found <= 0.5 + MORE_MS
        done = lab.members["plain"].site.run(sys.executable, "-c", PING, gateway)
        assert done.stdout == "b'lab'\n", done.stderr


PING = """
import socket, sys
six = ":" in sys.argv[1]
line = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, 58 if six else 1)
line.settimeout(3)
line.connect((sys.argv[1], 0))
# Echo request, number 7, content "lab"; the kernel sums IPv6's, IPv4's sum stands here: 0x0800 + 7 + "la" + "b\\0".
line.send(b"\\x80\\0\\0\\0\\0\\7\\0\\0lab" if six else b"\\x08\\0\\x29\\x97\\0\\7\\0\\0lab")
kind = (129,) if six else (0,)
while True:
    data = line.recv(2000)
    data = data if six else data[20:]
    if data[0] in kind:
        print(data[8:])
        break
"""
HELLO = """
import socket, sys, time
line = socket.create_connection((sys.argv[1], 443), timeout=5)
began = time.perf_counter()
line.sendall(b"\\x16\\x03\\x01\\x00\\x05hello")
data = line.recv(100)
print((time.perf_counter() - began) * 1000, data.hex())
"""


@pytest.mark.parametrize(("site", "connect_ms", "first_ms"), [("plain", 180.0, 180.0), ("boxed", 3.0, 363.0)])
def test_a_box_answers_connects_near_by_and_what_is_said_goes_all_the_way(
    lab: Lab, site: str, connect_ms: float, first_ms: float
) -> None:
    address = lab.marks["far"].addresses[0]
    most = connect_ms + MORE_MS
    assert connect_ms <= least(partial(times, lab, site, address, 3), most) <= most

    def hello() -> list[float]:
        done = lab.members[site].site.run(sys.executable, "-c", HELLO, address)
        taken, alert = done.stdout.split()
        assert alert == "15030300020228"
        return [float(taken)]

    most = first_ms + 4 * MORE_MS
    assert first_ms <= least(hello, most) <= most


def test_names_come_from_the_lab_and_nothing_outside_is_reached(lab: Lab) -> None:
    code = (
        "import socket; print(sorted({it[4][0] for it in socket.getaddrinfo('far.example.com', 443)}))\n"
        "try: socket.getaddrinfo('elsewhere.example.com', 443)\n"
        "except socket.gaierror: print('no such name')\n"
        "print(sorted(name for _, name in socket.if_nameindex()))"
    )
    done = lab.members["plain"].site.run(sys.executable, "-c", code, timeout=5)
    assert done.stdout.splitlines() == [
        str(sorted(lab.marks["far"].addresses)), "no such name", "['lab0', 'lo']",
    ]  # fmt: skip


def test_nothing_is_left_behind_even_when_its_maker_is_killed() -> None:
    code = (
        "import sys, time\nfrom tests.lab.lab import Lab\nfrom tests.lab.geography import Spot, WIRED\n"
        "lab = Lab()\nlab.laptop('one', Spot('one', 1, 1), WIRED)\nlab.landmark('two', Spot('two', 2, 2))\n"
        "lab.__enter__()\nprint(lab._router.pid, flush=True)\ntime.sleep(60)\n"
    )
    maker = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={"PATH": "/usr/sbin:/usr/bin:/bin:/sbin",
        "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": tempfile.gettempdir()},
    )  # fmt: skip
    assert maker.stdout is not None
    router = Path(f"/proc/{maker.stdout.readline().decode().strip()}")
    left = NAMESPACES / f"fwlab-{maker.pid}-1-one"
    assert router.exists()
    assert left.exists()
    maker.kill()
    maker.wait()
    maker.stdout.close()
    deadline = time.monotonic() + 5
    while router.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not router.exists()
    with Lab() as following:
        assert not left.exists()
        assert not list(Path(tempfile.gettempdir()).glob(f"fwlab-{maker.pid}-*"))
        folder = following.folder
        assert folder.is_dir()
    assert not folder.exists()


def test_a_packet_of_the_world_is_not_taken_for_a_landmarks() -> None:
    """A site's address belongs to the documentation networks: the lab's packets could go nowhere else."""
    made = Lab()
    member = made.laptop("one", Spot("one", 1, 1), WIRED)
    mark = made.landmark("two", Spot("two", 2, 2))
    for address in (*member.site.addresses, *mark.addresses):
        packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
        assert packed[:3] in (bytes([192, 0, 2]), bytes([198, 51, 100])) or packed[:4] == bytes.fromhex("20010db8")
    with made:
        pass
