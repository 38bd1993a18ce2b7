"""What was acknowledged is there after a power cut: the client's ledger against the store, nothing missing or twice."""

import random
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest

from farmwatch_collector.store import open_store
from farmwatch_collector.store.bundles import RECENT

from .laptops import section
from .served import Served, wait_until

CLIENTS = 4


class Client:
    """A laptop that sends without end, repeats what was not acknowledged, and keeps a ledger."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.laptop = served.laptop()
        self.ledger: dict[int, str] = {}
        self.statuses: list[str] = []
        self.wrong: list[str] = []
        self.waiting: list[bytes] = []
        self.stop = threading.Event()
        self.count = 0

    def run(self) -> None:
        numbers = random.Random(self.laptop.device)
        while not self.stop.is_set():
            while len(self.waiting) < numbers.randint(1, 8):
                self.count += 1
                items = f'[{{"type":"usb_device","vendor_id":"046d","product_id":"{self.count:04x}"}}]'
                self.waiting.append(self.laptop.report(section("usb", items)))
            try:
                http, response = self.laptop.send(self.served.port, *self.waiting)
            except (OSError, ValueError):  # killed in between: what was sent stays in the spool
                self.stop.wait(0.02)
                continue
            except Exception as error:
                if "HTTPException" in str(type(error).__mro__):
                    self.stop.wait(0.02)
                    continue
                raise
            if http != 200:
                self.wrong.append(f"{http} {response.message}")
                return
            for answer in response.answers:
                self.statuses.append(answer.status)
                if answer.status not in ("accepted", "duplicate"):
                    self.wrong.append(f"{answer.sequence}: {answer.status} {answer.message}")
                elif answer.sequence in self.ledger:
                    self.wrong.append(f"{answer.sequence} acknowledged twice although sent once")
                self.ledger[answer.sequence] = answer.status
            del self.waiting[: len(response.answers)]


def cut(tmp_path: Path, kills: int) -> None:
    served = Served(tmp_path)
    served.start()
    served.token()
    clients = [Client(served) for _ in range(CLIENTS)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    offsets = random.Random(7)
    try:
        for _ in range(kills):
            before = sum(len(client.ledger) for client in clients)
            assert wait_until(lambda low=before: sum(len(client.ledger) for client in clients) > low + 20, 30)
            time.sleep(offsets.uniform(0.0, 0.3))
            served.kill()
            served.start()
    finally:
        # One last answer each, so that every ledger is complete up to what still waits.
        time.sleep(0.5)
        for client in clients:
            client.stop.set()
        for thread in threads:
            thread.join(30)
        served.kill()
    assert [client.wrong for client in clients] == [[]] * CLIENTS
    store = open_store(served.url)
    try:
        for client in clients:
            check(store, client)
    finally:
        store.close()
    total = sum(len(client.ledger) for client in clients)
    again = sum(client.statuses.count("duplicate") for client in clients)
    sys.stderr.write(f"{kills} kills: {total} acknowledged, {again} of them stored before their answer was cut off\n")


def check(store: object, client: Client) -> None:
    """Every acknowledged report left its own observable and the mark; none left two."""
    from farmwatch_collector.store.sqlite import SqliteStore

    assert isinstance(store, SqliteStore)
    ledger, device = client.ledger, client.laptop.device
    assert sorted(ledger) == list(range(1, len(ledger) + 1)), "the ledger itself has a hole"
    rows = store._raw.execute(
        "SELECT item FROM observable_span o JOIN device d ON d.key=o.device_key WHERE d.device=? ORDER BY o.id",
        (device,),
    ).fetchall()
    stored = [int(msgspec.json.decode(item)["product_id"], 16) for (item,) in rows]
    assert len(stored) == len(set(stored)), "stored twice"
    assert set(ledger) <= set(stored), f"acknowledged and missing: {sorted(set(ledger) - set(stored))[:5]}"
    assert set(stored) <= set(ledger) | set(range(len(ledger) + 1, len(ledger) + 1 + len(client.waiting)))
    row = store.device(device)
    assert row is not None
    assert row.device.mark == max(stored)
    (recent,) = store._raw.execute(
        "SELECT recent FROM device_state s JOIN device d ON d.key=s.device_key WHERE d.device=?", (device,)
    ).fetchone()
    assert len(recent) == RECENT * 8


@pytest.mark.integration
def test_nothing_acknowledged_is_lost_or_doubled_by_five_kills(tmp_path: Path) -> None:
    cut(tmp_path, 5)


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_or_doubled_by_fifty_kills(tmp_path: Path) -> None:
    cut(tmp_path, 50)


def _tracer() -> list[str]:
    tracer = shutil.which("strace")
    if tracer is None:
        pytest.skip("strace is not installed: the order of fsync and answer cannot be watched")
    if subprocess.run([tracer, "-f", "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace may not trace here: the order of fsync and answer cannot be watched")
    return [tracer, "-f", "-tt", "-s", "64", "-e", "trace=read,recvfrom,write,sendto,writev,sendmsg,fsync,fdatasync"]


@pytest.mark.integration
def test_an_fsync_lies_between_reading_a_request_and_acknowledging_it(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    served = Served(tmp_path)
    served.start(*_tracer(), "-o", str(trace))
    try:
        served.token()
        laptop = served.laptop()
        for _ in range(5):
            assert laptop.send(served.port, laptop.report())[1].answers[0].status == "accepted"
    finally:
        served.stop()
    requests = synced = answered = 0
    reading = False
    for line in trace.read_text(errors="replace").splitlines():
        if '"POST /v1/reports HTTP' in line and re.search(r"(read|recvfrom)\(", line):
            reading, synced, requests = True, 0, requests + 1
        elif reading and re.search(r"(fsync|fdatasync)(\(\d+\)| resumed>.*\)) += 0", line):
            synced += 1
        elif reading and "HTTP/1.1 200" in line and re.search(r"(write|sendto|writev|sendmsg)\(", line):
            assert synced >= 1, f"acknowledged without an fsync before: {line}"
            answered += 1
            reading = False
    assert (requests, answered) == (5, 5)


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets one process limit another's files")
def test_a_disk_that_takes_nothing_more_throttles_until_there_is_room(tmp_path: Path) -> None:
    import resource

    served = Served(tmp_path)
    served.start()
    try:
        served.token()
        laptop = served.laptop()
        first, second = laptop.report(), laptop.report(section("usb", "[]"))
        assert laptop.send(served.port, first)[1].answers[0].status == "accepted"
        assert served.process is not None
        everything = resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        for _ in range(3):
            http, response = laptop.send(served.port, second)
            assert (http, response.status, response.answers[0].status) == (503, "throttled", "throttled")
            assert "disk" in response.message
        resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, everything)
        assert laptop.send(served.port, first)[1].answers[0].status == "duplicate"
        assert laptop.send(served.port, second)[1].answers[0].status == "accepted"
    finally:
        served.stop()


@pytest.mark.integration
def test_sigterm_answers_what_is_under_way_and_ends_with_zero(tmp_path: Path) -> None:
    served = Served(tmp_path)
    served.start()
    served.token()
    laptop = served.laptop()
    laptop.send(served.port, laptop.report())
    assert served.stop() == 0
    store = open_store(served.url)
    assert [device.mark for device in store.devices()] == [1]
    store.close()
    assert "Traceback" not in (tmp_path / "serve.log").read_text()


@pytest.mark.integration
def test_the_printed_link_signs_in_once(tmp_path: Path) -> None:
    import http.client

    served = Served(tmp_path)
    served.start()
    try:
        path = served.link.partition(f":{served.port}")[2]
        statuses = []
        for _ in range(2):
            connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
            connection.request("GET", path)
            statuses.append(connection.getresponse().status)
            connection.close()
        assert statuses == [200, 401]
    finally:
        served.stop()
