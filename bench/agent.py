"""What the agent costs, in one run side by side: collect, warm pass, reader, send, each beside other tools.

CPU seconds are user + system of the whole process tree; memory is the largest process's peak. Peers that are not
installed are said to be absent: apt-get install fusioninventory-agent prometheus-node-exporter. The reader reports
to nobody, `send` to a collector of this run on loopback. Prints the tables of docs/cost.md.
Usage: python bench/agent.py [--agent FILE] [--minutes N] [--runs N] [--processes N] [--only PART,...]
"""

import argparse
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from collect import ENVIRONMENT, FLOOR, Run, interleaved, measure, need_tools, ratio, running, sleepers
from ingest import TICK, Server

from farmwatch_agent import health, probes, runner
from farmwatch_agent.host.linux.live import LinuxHost
from farmwatch_agent.identity import State
from farmwatch_agent.reader import Reader
from farmwatch_agent.spool import Spool
from farmwatch_schema.identifiers import Keyer

PARTS = ("reader", "once", "send", "growth", "usb", "input")
PEERS = {"fusioninventory-inventory": "fusioninventory-agent", "prometheus-node-exporter": "prometheus-node-exporter"}
SCRAPE_SECONDS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent", default=str(Path(sys.executable).with_name("farmwatch-agent")))
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the reader is watched")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--processes", type=int, default=400)
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    options = parser.parse_args()
    need_tools()
    wanted = options.only.split(",")
    load = os.getloadavg()[0]
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, load {load:.1f} at the start\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        with running(sleepers(options.processes)), Collector(folder) as collector:
            print(f"With {options.processes} processes\n")
            enrolled = collector.enrol(options.agent)
            if "reader" in wanted:
                table(("steady", "% of a core", "CPU-s at start", "MiB", "peak MiB", "wake-ups a minute"),
                      steady(options.agent, enrolled, options.minutes))  # fmt: skip
            if "once" in wanted:
                table(("once", "CPU-s", "x tools", "peak MiB", "bytes"), once(options.agent, folder, options.runs))
                warm = Warm(folder)
                table(("in a running reader", "CPU ms"), warm.passes(options.runs))
                table(("kind", "warm ms", "every s", "% of a core"), warm.shares(options.runs))
            if "send" in wanted:
                table(("send", "CPU-s", "x curl", "peak MiB", "bytes"), sends(options.agent, enrolled, collector,
                                                                             options.runs))  # fmt: skip
        if "growth" in wanted:
            table(("executables", "first CPU-s", "CPU-s", "x tools", "peak MiB", "warm pass ms"),
                  [growth(options.agent, folder, count, options.runs) for count in (100, 1000)])  # fmt: skip
        if "usb" in wanted:
            table(("USB devices", "CPU-s", "x 6 devices", "peak MiB", "bytes"), usb(options.agent, folder,
                                                                                   options.runs))  # fmt: skip
        if "input" in wanted:
            table(("input", "% of a core"), inputs())
    print(f"load {os.getloadavg()[0]:.1f} at the end")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for row in rows:
        print(f"| {' | '.join((*row, *[''] * (len(head) - len(row))))} |")
    print(flush=True)


class Collector:
    """A collector of this run on loopback, which one laptop is enrolled at."""

    def __init__(self, folder: str) -> None:
        self.data = os.path.join(folder, "collector")
        self.folder = folder

    def __enter__(self) -> "Collector":
        serve = ("-m", "farmwatch_collector.cli", "serve", "--data", self.data, "--port", "0", "--per-minute", "0")
        self.server = Server(*serve)
        self.url = f"http://127.0.0.1:{self.server.port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def enrol(self, agent: str) -> str:
        """Returns the state folder of a laptop that was just enrolled."""
        state = os.path.join(self.folder, "state")
        tokens = [sys.executable, "-m", "farmwatch_collector.cli", "tokens", "new", "--label", "bench"]
        made = subprocess.run([*tokens, "--data", self.data], capture_output=True, text=True, check=True)
        token = made.stdout.split()[0]
        subprocess.run(
            [agent, "enrol", "--url", self.url, "--state-dir", state],
            env={**ENVIRONMENT, "FARMWATCH_TOKEN": token}, check=True, capture_output=True,
        )  # fmt: skip
        return state


class Watched:
    """A process whose cost is read from /proc while it runs."""

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=ENVIRONMENT
        )
        self.cpu_at_start, self.wakes_at_start, self.at = 0.0, 0, time.monotonic()

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return sum(map(int, fields[11:15])) / TICK

    def status(self, name: str) -> int:
        """Returns a number of /proc/PID/status: KiB of memory; context switches of all threads."""
        total = 0
        for thread in os.listdir(f"/proc/{self.process.pid}/task") if "switches" in name else [str(self.process.pid)]:
            text = Path(f"/proc/{self.process.pid}/task/{thread}/status").read_text()
            found = re.search(rf"^{name}:\s*(\d+)", text, re.MULTILINE)
            total += int(found[1]) if found else 0
        return total

    def begin(self) -> None:
        """What came before is the start; what follows is steady."""
        self.cpu_at_start, self.wakes_at_start = self.cpu(), self.status("voluntary_ctxt_switches")
        self.at = time.monotonic()

    def row(self, name: str) -> tuple[str, ...]:
        seconds = time.monotonic() - self.at
        wakes = (self.status("voluntary_ctxt_switches") - self.wakes_at_start) * 60 / seconds
        return (
            name,
            f"{100 * (self.cpu() - self.cpu_at_start) / seconds:.3f}",
            f"{self.cpu_at_start:.2f}",
            f"{self.status('VmRSS') / 1024:.1f}",
            f"{self.status('VmHWM') / 1024:.1f}",
            f"{wakes:.0f}",
        )

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


def steady(agent: str, state: str, minutes: float) -> list[tuple[str, ...]]:
    """The reader with its own intervals, and node-exporter scraped each minute, over the same minutes."""
    watched = {"reader": Watched([agent, "read", "--state-dir", state])}
    port = free_port()
    exporter = shutil.which("prometheus-node-exporter")
    if exporter:
        watched["prometheus-node-exporter"] = Watched([exporter, f"--web.listen-address=127.0.0.1:{port}"])
    try:
        # The first pass is the start's; it is over in two seconds, and one scrape is the exporter's.
        time.sleep(15)
        if exporter:
            scrape(port)
        for it in watched.values():
            it.begin()
        end = time.monotonic() + 60 * minutes
        woke = 0
        while time.monotonic() < end:
            time.sleep(min(SCRAPE_SECONDS, max(0.0, end - time.monotonic())))
            if exporter:
                scrape(port)
            woke += wake()
        rows = [it.row(f"{name}, {minutes:g} min") for name, it in watched.items()]
        rows[0] = (f"{rows[0][0]}, woken {woke} times", *rows[0][1:])
        if not exporter:
            rows.append(("prometheus-node-exporter: not installed",))
        return rows
    finally:
        for it in watched.values():
            it.end()


def wake() -> int:
    """Makes an interface come and go, which wakes a reader; returns 1 when that is allowed here, else 0."""
    done = subprocess.run(["ip", "link", "add", "fwbench0", "type", "veth", "peer", "name", "fwbench1"],
                          capture_output=True, check=False)  # fmt: skip
    if done.returncode == 0:
        subprocess.run(["ip", "link", "del", "fwbench0"], capture_output=True, check=False)
    return int(done.returncode == 0)


def scrape(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        answer.read()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def once(agent: str, folder: str, runs: int) -> list[tuple[str, ...]]:
    """Whole processes, interleaved: collect, the tools, psutil, and the inventory agent where it is installed."""
    state = os.path.join(folder, "remembered")
    os.makedirs(state, mode=0o700)
    commands = {
        "ps + ss + ip + who": FLOOR,
        "farmwatch-agent collect": [agent, "collect", "--json", "--state-dir", state],
        "psutil script": [sys.executable, str(Path(__file__).with_name("psutil_facts.py"))],
    }
    inventory = shutil.which("fusioninventory-inventory")
    if inventory:
        commands["fusioninventory-inventory"] = [inventory]
    rows = described(interleaved(commands, runs), next(iter(commands)))
    return rows if inventory else [*rows, ("fusioninventory-inventory: not installed",)]


def described(rows: dict[str, list[Run]], floor: str) -> list[tuple[str, ...]]:
    return [
        (
            name,
            f"{statistics.median(run[0] for run in runs):.3f}",
            f"{ratio(runs, rows[floor]):.2f}",
            f"{statistics.median(run[1] for run in runs):.1f}",
            f"{runs[-1][2]}",
        )
        for name, runs in rows.items()
    ]


class Ahead(LinuxHost):
    """This machine, later: what one pass shares for five seconds is over, and processes have settled."""

    seconds = 100.0

    def uptime(self) -> float:
        return super().uptime() + self.seconds


class Warm:
    """A reader in this process, whose CPU time is taken pass by pass."""

    def __init__(self, folder: str) -> None:
        self.host = Ahead()
        self.keyer = Keyer.from_key(bytes(32))
        state = State(tempfile.mkdtemp(dir=folder))
        spool = Spool(state.spool, "bench", self.host.now, mends=True)
        self.reader = Reader(self.host, self.keyer, spool, state, dice=random.Random(1))
        self.now = 0.0
        self.cold = self.step()

    def step(self) -> float:
        """Returns CPU seconds of one pass over every kind, with its report."""
        self.host.seconds += 10
        self.now += 100_000
        before = time.process_time()
        self.reader.step(self.now)
        return time.process_time() - before

    def passes(self, runs: int) -> list[tuple[str, ...]]:
        for _ in range(12):  # hashes and packages are read within a budget per pass
            self.step()
        took = [self.step() for _ in range(runs)]
        return [
            ("first pass, modules loaded by it", f"{1000 * self.cold:.1f}"),
            ("warm pass over every kind", f"{1000 * statistics.median(took):.1f}"),
        ]

    def shares(self, runs: int) -> list[tuple[str, ...]]:
        """What each kind costs when it alone is due, which it seldom is: sockets then reads processes, too."""
        rows: list[tuple[float, tuple[str, ...]]] = []
        for name in probes.usual():
            took = []
            for _ in range(runs):
                self.host.seconds += 10
                before = time.process_time()
                runner.run(self.host, self.keyer, health.current, [name])
                took.append(time.process_time() - before)
            cost, every = statistics.median(took), probes.load(name).interval_seconds
            row = (name, f"{1000 * cost:.2f}", f"{every}", f"{100 * cost / every:.4f}")
            rows.append((cost / every, row))
        total = 100 * sum(share for share, _ in rows)
        return [*(row for _, row in sorted(rows, reverse=True)), ("all, each alone", "", "", f"{total:.4f}")]


def sends(agent: str, state: str, collector: Collector, runs: int) -> list[tuple[str, ...]]:
    """One `send` of one report, and curl posting as many bytes to the same collector, in turn."""
    sample = os.path.join(collector.folder, "sample")
    Path(sample).write_bytes(random.Random(1).randbytes(20_000))
    post = ["curl", "-s", "-o", "/dev/null", "--data-binary", f"@{sample}", f"{collector.url}/v1/reports"]
    rows: dict[str, list[Run]] = {"curl": [], "farmwatch-agent send": []}
    measure([agent, "read", "--once", "--state-dir", state])
    measure([agent, "send", "--state-dir", state])
    for _ in range(runs):
        measure([agent, "read", "--once", "--state-dir", state])
        rows["curl"].append(measure(post))
        rows["farmwatch-agent send"].append(measure([agent, "send", "--state-dir", state]))
    return described(rows, "curl")


@contextmanager
def distinct(folder: str, count: int) -> Iterator[None]:
    """Runs so many different executables: copies of sleep, each with another end."""
    sleep = Path(shutil.which("sleep") or "/bin/sleep").read_bytes()
    programs = os.path.join(folder, f"programs{count}")
    os.makedirs(programs)
    for number in range(count):
        path = os.path.join(programs, f"program-{number}")
        Path(path).write_bytes(sleep + f"\n{count}-{number}".encode())
        os.chmod(path, 0o755)
    with running([[os.path.join(programs, f"program-{number}"), "3600"] for number in range(count)]):
        yield
    shutil.rmtree(programs)


def growth(agent: str, folder: str, count: int, runs: int) -> tuple[str, ...]:
    """Collect and a warm pass when so many more distinct executables run."""
    state = os.path.join(folder, f"growth{count}")
    os.makedirs(state, mode=0o700)
    collect = [agent, "collect", "--json", "--state-dir", state]
    with distinct(folder, count):
        first = measure(collect)[0]
        for _ in range(12):
            measure(collect)
        rows = described(interleaved({"tools": FLOOR, str(count): collect}, runs), "tools")[1]
        warm = Warm(folder).passes(runs)[1][1]
    return (rows[0], f"{first:.3f}", *rows[1:4], warm)


def usb(agent: str, folder: str, runs: int) -> list[tuple[str, ...]]:
    """`collect --only usb` of file trees with so many devices, ten to a hub."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.cases import machines  # noqa: PLC0415 (the trees that tests are made of)
    from tests.cases.builders import system, usb_device  # noqa: PLC0415

    devices = (machines.UNIFYING, machines.K120, machines.MOUSE, machines.WEBCAM, machines.PHONE, machines.PEN_TABLET)
    commands = {}
    for count in (6, 60):
        root = os.path.join(folder, f"usb{count}")
        system(root)
        for number in range(count):
            usb_device(root, f"{1 + number // 10}-{1 + number % 10}", devices[number % len(devices)])
        commands[str(count)] = [agent, "collect", "--json", "--only", "usb", "--root", root]
    return described(interleaved(commands, runs), "6")


def inputs() -> list[tuple[str, ...]]:
    """The watcher of a mouse that reports 8,000 times a second, for 10 s of constant use: bench/input_watch.py."""
    from input_watch import measured  # noqa: PLC0415 (it needs Linux's reader of input)

    rows: list[tuple[str, ...]] = []
    for timing in (False, True):
        cost = measured(8000, 10.0, timing=timing)
        rows.append((f"mouse at 8 kHz{', timing' if timing else ''}", f"{10 * cost:.2f}"))
    return rows


if __name__ == "__main__":
    main()
