"""A collector in a site of the lab: `farmwatch serve` behind TLS, on the day that it is told."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .lab import Lab
from .sites import LabError, end, environment, line_of

HOST = "collector.example.com"
PORT = 8440
DAY_SECONDS = 86_400


def missing() -> str:
    """Returns why there can be no days here; "" when there can."""
    absent = [name for name in ("cc", "openssl") if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def run(*words: str, **more: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment(more))
    if done.returncode:
        raise LabError(f"{words[0]}: {done.stderr.strip()}")


class Days:
    """Environments in which it is another day: the clock that tells the date is shifted, and no other."""

    def __init__(self, folder: Path) -> None:
        self._library = folder / "clock.so"
        run("cc", "-shared", "-fPIC", "-O1", "-o", str(self._library), str(Path(__file__).with_name("clock.c")))

    def at(self, days: int) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "FWLAB_CLOCK_SECONDS": str(days * DAY_SECONDS)}


class Collector:
    """`farmwatch serve` at https://collector.example.com, in the site of this name."""

    def __init__(self, lab: Lab, site: str, days: Days) -> None:
        self._lab, self._site, self._days = lab, lab.members[site].site, days
        self.folder = lab.folder / "collector"
        self.folder.mkdir()
        self.certificate, self._key = lab.folder / "collector.pem", lab.folder / "collector.key"
        self.link = ""
        self._running: list[subprocess.Popen[bytes]] = []
        run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}",
            "-keyout", str(self._key), "-out", str(self.certificate), **days.at(-10),
        )  # fmt: skip

    def start(self, day: int, *options: str) -> None:
        """Serves on a day: 0 is today, -1 yesterday."""
        with (self._lab.folder / "serve.log").open("ab") as said:
            served = self._site.start(
                sys.executable, "-m", "farmwatch_collector.cli", "serve", "--data", str(self.folder),
                "--port", str(PORT), "--per-minute", "0", *options, stderr=said, env=self._days.at(day),
            )  # fmt: skip
            self._running.append(served)
            assert served.stdout is not None
            if b":8440" not in served.stdout.readline():
                raise LabError(f"farmwatch serve did not start: {(self._lab.folder / 'serve.log').read_text()}")
            self.link = served.stdout.readline().decode().partition(": ")[2].strip()
            front = self._site.start(
                sys.executable, "-m", "tests.lab.servers", "front", self._site.address(), str(self.certificate),
                str(self._key), str(PORT), stderr=said,
            )  # fmt: skip
        self._running.append(front)
        line_of(front, "the TLS front")

    def stop(self) -> None:
        for program in reversed(self._running):
            end(program)
        self._running.clear()

    def command(self, day: int, *words: str) -> str:
        """Returns what a verb of `farmwatch` printed."""
        done = self._site.run(sys.executable, "-m", "farmwatch_collector.cli", *words, env=self._days.at(day))
        if done.returncode:
            raise LabError(f"farmwatch {' '.join(words)}: {done.stderr}")
        return done.stdout

    def pages(self, paths: Sequence[str]) -> list[str]:
        """Returns pages of the console, as a browser in the collector's site gets them. Once a start: links end."""
        code = (
            "import http.cookiejar, json, sys, urllib.request\n"
            "jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())\n"
            "opener = urllib.request.build_opener(jar)\n"
            "print(json.dumps([opener.open(link, timeout=20).read().decode() for link in sys.argv[1:]]))"
        )
        links = [self.link, *(f"http://127.0.0.1:{PORT}{path}" for path in paths)]
        done = self._site.run(sys.executable, "-c", code, *links)
        if done.returncode:
            raise LabError(f"the console: {done.stderr}")
        found: list[str] = json.loads(done.stdout)
        return found[1:]
