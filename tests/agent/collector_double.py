"""A collector on 127.0.0.1 that does what a test tells it: answers well, badly, slowly, or not at all."""

import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from farmwatch_schema import codec
from farmwatch_schema.errors import SignatureError
from farmwatch_schema.plan import PLAN_PATH
from farmwatch_schema.report import Report
from farmwatch_schema.signature import verify

Answer = dict[str, Any]


@dataclass
class Exchange:
    """What came: path, headers by lower-case name, body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Collector:
    """Keeps what came; `react` makes the answer as (status, body)."""

    public_key: bytes = b""
    clock: Callable[[], float] = time.time
    seen: list[Exchange] = field(default_factory=list)
    taken: list[tuple[str, int]] = field(default_factory=list)
    react: Callable[["Collector", Exchange], tuple[int, bytes]] = lambda collector, exchange: collector.accept(exchange)
    # What is asked beside reports and enrolment: a plan. An older collector knows none.
    plan: Callable[["Collector", Exchange], tuple[int, bytes]] = lambda _, __: (404, b"not found")
    asked: list[Exchange] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    drip_seconds: float = 0.0
    drips_headers: bool = False
    url: str = ""

    def server_time(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock()))

    def reports(self, exchange: Exchange) -> list[Report]:
        return [codec.decode_report(raw) for raw in codec.decode_bundle(zlib.decompress(exchange.body, 31)).reports]

    def accept(self, exchange: Exchange) -> tuple[int, bytes]:
        try:
            verify("POST", exchange.path, exchange.headers, exchange.body, self.public_key, self.clock())
        except SignatureError as error:
            return 401, self.response([], status=error.status, message=str(error))
        return 200, self.response([self.judge(report) for report in self.reports(exchange)])

    def judge(self, report: Report) -> Answer:
        number = (report.epoch, report.sequence)
        status = "duplicate" if number in self.taken else "accepted"
        if status == "accepted":
            self.taken.append(number)
        return self.answer(report, status)

    def answer(self, report: Report, status: str, **more: Any) -> Answer:
        return {"device": report.device, "epoch": report.epoch, "sequence": report.sequence, "status": status, **more}

    def response(self, answers: list[Answer], **more: Any) -> bytes:
        return json.dumps({"server_time": self.server_time(), "answers": answers, **more}).encode()

    def each(self, status: str, **more: Any) -> Callable[["Collector", Exchange], tuple[int, bytes]]:
        """Returns a reaction that answers every report with one status and takes none."""
        return lambda collector, exchange: (
            200,
            collector.response([collector.answer(report, status, **more) for report in collector.reports(exchange)]),
        )


def handler_of(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            exchange = Exchange(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            if exchange.path == PLAN_PATH:
                collector.asked.append(exchange)
                status, answer = collector.plan(collector, exchange)
            else:
                collector.seen.append(exchange)
                status, answer = collector.react(collector, exchange)
            if collector.drips_headers:
                self.drip(b"HTTP/1.1 200 OK\r\nx-long: " + b"x" * 1_000)
                return
            self.send_response(status)
            for name, value in {"content-length": str(len(answer)), **collector.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if collector.drip_seconds:
                self.drip(answer)
                return
            with suppress(OSError):
                self.wfile.write(answer)

        def drip(self, data: bytes) -> None:
            with suppress(OSError):
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(collector.drip_seconds)

        def log_message(self, *_: Any) -> None:
            return

    return Handler


@contextmanager
def running(collector: Collector) -> Iterator[Collector]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(collector))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
