"""A collector in a process of its own, as `farmwatch serve` runs it, for tests that need a real one."""

import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from farmwatch_collector.app import create_app
from farmwatch_collector.ingest import token_digest
from farmwatch_collector.serving import Serving
from farmwatch_collector.settings import Limits, Settings
from farmwatch_collector.store import Store, open_store
from farmwatch_schema.codec import decode_response
from farmwatch_schema.report import Response

from .laptops import Laptop, post

TOKEN = "token-for-tests"


class Collector:
    """A collector served from a thread of this process, with its store at hand."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.store: Store = open_store(f"sqlite:///{folder}/farmwatch.db")
        self.store.add_token(token_digest(TOKEN), "tests", 1000, datetime.now(UTC) + timedelta(days=1))
        self.app = create_app(Settings(port=0, limits=limits), self.store)
        self.serving = Serving(self.app, Settings(port=0, limits=limits))
        self.serving.start()
        self.port = self.serving.port

    def laptop(self) -> Laptop:
        laptop = Laptop()
        laptop.enrol(self.port, TOKEN)
        return laptop

    def send(self, laptop: Laptop, body: bytes, **signing: Any) -> tuple[int, Response]:
        status, answer = post(self.port, "/v1/reports", body, laptop.signed(body, **signing))
        return status, decode_response(answer)

    def close(self) -> None:
        self.serving.stop()
        self.store.close()


class Served:
    """`farmwatch serve` on a port that the system chose, without a limit on requests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/farmwatch.db"
        self.process: subprocess.Popen[str] | None = None
        self.port = 0
        self.link = ""

    def start(self, *before: str) -> None:
        """Starts it and waits until it answers; `before` is a command that it is run under."""
        command = [*before, sys.executable, "-m", "farmwatch_collector.cli", "serve", "--data", str(self.folder)]
        self.errors = (self.folder / "serve.log").open("a")
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--per-minute", "0"], stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r":(\d+)$", line.strip())
        assert found, f"{line!r}\n{(self.folder / 'serve.log').read_text()}"
        self.port = int(found[1])
        # Under a tracer, which keeps signals to itself, the collector is its child.
        self._own = self.process.pid
        if before:
            self._own = int(Path(f"/proc/{self._own}/task/{self._own}/children").read_text().split()[0])
        self.link = self.process.stdout.readline().partition(": ")[2].strip()

    def token(self, uses: int = 1000) -> str:
        """Makes the token that laptops enrol with."""
        store = open_store(self.url)
        store.add_token(token_digest(TOKEN), "tests", uses, datetime.now(UTC) + timedelta(days=1))
        store.close()
        return TOKEN

    def laptop(self) -> Laptop:
        """Returns an enrolled laptop."""
        laptop = Laptop()
        laptop.enrol(self.port, TOKEN)
        return laptop

    def kill(self) -> None:
        """Ends it as a power cut would, without a chance to tidy up."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._close()

    def stop(self) -> int:
        """Asks it to stop and returns its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            os.kill(self._own, signal.SIGTERM)
        try:
            code = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._close()
        return code

    def _close(self) -> None:
        assert self.process is not None
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.errors.close()


def wait_until(condition: object, seconds: float = 30.0) -> bool:
    """Returns whether `condition()` became true in time."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False
