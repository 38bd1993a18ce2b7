"""Signed, unique, durable reports at a served collector, beside an empty handler in the same server, interleaved.

Both run as processes of their own on this machine's loopback; their CPU time (user + system) is read from /proc.
A report is about 1.7 KB: eleven states, ten named by their digest, and one in eight reports carries a changed one.
The client holds 32 connections, has signed everything before the clock starts, and sends a fixed number of requests.
Usage: python bench/ingest.py [--rounds N] [--reports N] [--devices N] [--judging] [--json]
"""

import argparse
import gzip
import hashlib
import json
import os
import re
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nacl.signing import SigningKey

from farmwatch_collector.store import open_store
from farmwatch_collector.store.protocol import Device
from farmwatch_schema.signature import sign

KINDS = (
    *("host", "usb", "displays", "processes", "software", "services"),
    *("sockets", "network", "sessions", "power", "agent"),
)
CONNECTIONS = 32
TICK = os.sysconf("SC_CLK_TCK")

EMPTY = """
import sys
from farmwatch_collector.serving import Serving
from farmwatch_collector.settings import Settings
BODY = b'{"server_time":"2026-11-22T08:00:00Z","answers":[]}'
START = {"type": "http.response.start", "status": 200,
         "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]}
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send({"type": "http.response.body", "body": BODY})
serving = Serving(app, Settings(port=0))
serving.run(lambda: print("empty handler at " + serving.url, flush=True))
"""


class Laptop:
    """A device that makes ready-to-send requests."""

    def __init__(self, number: int) -> None:
        self.device = f"bench-{number}"
        self.key = hashlib.sha256(self.device.encode()).digest()
        self.epoch = hashlib.sha256(self.key).hexdigest()[:32]
        self.sequence = 0
        self.previous = ""
        self.items = {kind: f'[{{"type":"seen_{kind}","value":0}}]' for kind in KINDS}

    def report(self) -> bytes:
        self.sequence += 1
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        fresh = set(KINDS) if self.sequence == 1 else set()
        if self.sequence % 8 == 0:
            kind = KINDS[self.sequence // 8 % len(KINDS)]
            self.items[kind] = f'[{{"type":"seen_{kind}","value":{self.sequence}}}]'
            fresh.add(kind)
        sections = []
        for kind, items in self.items.items():
            digest = hashlib.sha256(items.encode()).hexdigest()
            content = f',"items":{items}' if kind in fresh else ""
            head = f'"kind":"{kind}","outcome":"found","observed_at":"{now}","digest":"{digest}"'
            sections.append(f"{{{head}{content}}}")
        previous = f',"previous":"{self.previous}"' if self.previous else ""
        text = (
            f'{{"device":"{self.device}","epoch":"{self.epoch}","sequence":{self.sequence},"boot":"0123456789abcdef",'
            f'"created_at":"{now}","uptime_seconds":{900 * self.sequence},"agent":{{"version":"0.1.0",'
            f'"platform":"linux"}},"sections":[{",".join(sections)}]{previous}}}'
        )
        data = text.encode()
        self.previous = hashlib.sha256(data).hexdigest()
        return data

    def request(self, bundle: int) -> bytes:
        body = gzip.compress(b'{"reports":[' + b",".join(self.report() for _ in range(bundle)) + b"]}", 6)
        headers = sign("POST", "/v1/reports", self.device, body, self.key, int(time.time()))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST /v1/reports HTTP/1.1\r\nhost: 127.0.0.1\r\n{lines}content-length: {len(body)}\r\n\r\n"
        return head.encode() + body


def requests_of(laptops: list[Laptop], bundle: int, reports: int) -> list[list[bytes]]:
    """Returns requests by connection; a device's requests all go over one connection, in order."""
    queues: list[list[bytes]] = [[] for _ in range(CONNECTIONS)]
    for _ in range(max(1, reports // bundle // len(laptops))):
        for number, laptop in enumerate(laptops):
            queues[number % CONNECTIONS].append(laptop.request(bundle))
    return queues


LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def drive(port: int, queues: list[list[bytes]]) -> tuple[float, list[float], int]:
    """Sends every queue over its connection; returns wall seconds, seconds per request, and reports accepted."""
    chooser = selectors.DefaultSelector()
    waits: list[float] = []
    accepted = 0
    left = 0
    for queue in queues:
        if queue:
            raw = socket.create_connection(("127.0.0.1", port))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            state = {"queue": iter(queue), "left": len(queue), "buffer": b"", "at": 0.0}
            chooser.register(raw, selectors.EVENT_READ, state)
            left += len(queue)
    start = time.perf_counter()
    for key in list(chooser.get_map().values()):
        key.data["at"] = time.perf_counter()
        _socket(key).sendall(next(key.data["queue"]))
    while left:
        for key, _ in chooser.select(30) or sys.exit("no answer within 30 s"):
            state, raw = key.data, _socket(key)
            data = state["buffer"] + raw.recv(262144)
            head, mark, body = data.partition(b"\r\n\r\n")
            found = LENGTH.search(head)
            if not mark or found is None or len(body) < int(found[1]):
                state["buffer"] = data
                continue
            if not head.startswith(b"HTTP/1.1 200"):
                sys.exit(f"refused: {data[:500]!r}")
            now = time.perf_counter()
            waits.append(now - state["at"])
            accepted += body.count(b'"status":"accepted"')
            state["buffer"] = b""
            left -= 1
            state["left"] -= 1
            if state["left"]:
                state["at"] = now
                raw.sendall(next(state["queue"]))
            else:
                chooser.unregister(raw)
                raw.close()
    return time.perf_counter() - start, waits, accepted


def _socket(key: selectors.SelectorKey) -> socket.socket:
    assert isinstance(key.fileobj, socket.socket)
    return key.fileobj


class Server:
    """A process that answers, and its CPU seconds."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r":(\d+)$", line.strip())
        if found is None:
            sys.exit(f"the server did not start: {line!r}")
        self.port = int(found[1])

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reports", type=int, default=6000, help="per round and form")
    parser.add_argument("--devices", type=int, default=96)
    parser.add_argument("--judging", action="store_true", help="the same process judges meanwhile, as serve does")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = run(options, folder)
    print(json.dumps(results, indent=2) if options.json else words(results))


def run(options: argparse.Namespace, folder: str) -> dict[str, object]:
    url = f"sqlite:///{folder}/farmwatch.db"
    store = open_store(url)
    now = datetime.now(UTC)
    store.add_token("bench", "bench", options.devices, now + timedelta(days=1))
    laptops = [Laptop(number) for number in range(options.devices)]
    for laptop in laptops:
        public = bytes(SigningKey(laptop.key).verify_key)
        store.enrol(
            "bench",
            Device(device=laptop.device, name=laptop.device, platform="linux", public_key=public, enrolled_at=now),
        )
    store.close()
    judging = [] if options.judging else ["--without-judging"]
    serve = ["-m", "farmwatch_collector.cli", "serve", "--data", folder, "--port", "0", "--per-minute", "0"]
    collector, empty = Server(*serve, *judging), Server("-c", EMPTY)
    rows: dict[str, list[dict[str, float]]] = {}
    acknowledged = 0
    try:
        for number in range(options.rounds + 1):  # the first one fills caches and is left out
            for bundle in (1, 16):
                queues = requests_of(laptops, bundle, options.reports)
                reports = sum(map(len, queues)) * bundle
                for name, server in ((f"empty/{bundle}", empty), (f"collector/{bundle}", collector)):
                    before = server.cpu()
                    wall, waits, accepted = drive(server.port, queues)
                    spent = server.cpu() - before
                    if server is collector:
                        acknowledged += accepted
                        if accepted != reports:
                            sys.exit(f"{reports} sent, {accepted} accepted")
                    if number:
                        rows.setdefault(name, []).append(
                            {
                                "cpu_us_per_report": spent / reports * 1e6,
                                "cpu_us_per_request": spent / len(waits) * 1e6,
                                "reports_per_second": reports / wall,
                                "p50_ms": percentile(waits, 0.5) * 1e3,
                                "p99_ms": percentile(waits, 0.99) * 1e3,
                            }
                        )
    finally:
        collector.stop()
        empty.stop()
    store = open_store(url)
    stored = sum(device.mark for device in store.devices())
    store.close()
    medians = {
        name: {key: statistics.median(row[key] for row in many) for key in many[0]} for name, many in rows.items()
    }
    ratios = {
        bundle: statistics.median(
            mine["cpu_us_per_request"] / floor["cpu_us_per_request"]
            for mine, floor in zip(rows[f"collector/{bundle}"], rows[f"empty/{bundle}"], strict=True)
        )
        for bundle in (1, 16)
    }
    sample = Laptop(0)
    sample.report()
    return {
        "rounds": options.rounds,
        "connections": CONNECTIONS,
        "devices": options.devices,
        "judging": options.judging,
        "report_bytes": len(sample.report()),
        "acknowledged": acknowledged,
        "stored": stored,
        "medians": medians,
        "cpu_ratio_per_request": ratios,
    }


def words(results: dict[str, object]) -> str:
    medians, ratios = results["medians"], results["cpu_ratio_per_request"]
    assert isinstance(medians, dict)
    assert isinstance(ratios, dict)
    judging = "judging meanwhile" if results["judging"] else "not judging"
    titles = ("CPU us/report", "CPU us/request", "reports/s", "per core", "p50 ms", "p99 ms")
    setting = f"reports of {results['report_bytes']} bytes, {results['connections']} connections"
    lines = [
        f"{setting}, {results['devices']} devices, medians of {results['rounds']} interleaved rounds, {judging}",
        f"{'':14} " + " ".join(f"{title:>14}" for title in titles),
    ]
    for name, row in medians.items():
        core = 1e6 / row["cpu_us_per_report"]
        lines.append(
            f"{name:14} {row['cpu_us_per_report']:14.1f} {row['cpu_us_per_request']:14.1f} "
            f"{row['reports_per_second']:14.0f} {core:14.0f} {row['p50_ms']:14.1f} {row['p99_ms']:14.1f}"
        )
    one_empty = medians["empty/1"]["cpu_us_per_request"]
    for bundle, ratio in ratios.items():
        each = medians[f"collector/{bundle}"]["cpu_us_per_report"] / one_empty
        name = "1 report" if bundle == 1 else f"{bundle} reports"
        lines.append(f"{name} a request: {ratio:.2f} x the empty handler's CPU by request, {each:.2f} x by report")
    equal = "equal" if results["acknowledged"] == results["stored"] else "NOT EQUAL"
    lines.append(f"acknowledged {results['acknowledged']}, stored {results['stored']}: {equal}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
