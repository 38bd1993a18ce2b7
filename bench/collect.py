"""One whole `collect` process beside ps, ss, ip and who: CPU seconds and peak memory, interleaved.

Starts sleeping processes of its own until PROCESSES run, and ends exactly those.
Usage: python bench/collect.py [--agent FILE] [--runs N] [--processes N] [--json]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

TOOLS = {"ps": "ps -eo pid,ppid,user,lstart,args", "ss": "ss -tuanp", "ip": "ip addr", "who": "who"}
FLOOR = ["sh", "-c", ";".join(TOOLS.values())]
#: A laptop's Python keeps its compiled modules; a shell that forbids it would time the compiler.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

#: A process starts as its parent, whose memory the kernel counts as its own; so a small one starts what is measured.
_LAUNCHER = """
import os, sys
child = os.fork()
if not child:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
os.write(2, b"%d %f %f" % (os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
"""

Run = tuple[float, float, int]


def measure(command: Sequence[str]) -> Run:
    """Returns CPU seconds (user + system, children included), peak MiB of the largest process, output bytes."""
    with tempfile.TemporaryFile() as output:
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command]
        done = subprocess.run(launcher, stdout=output, stderr=subprocess.PIPE, env=ENVIRONMENT, check=False)
        code, seconds, peak = done.stderr.split()
        size = output.seek(0, os.SEEK_END)
    if code != b"0":
        sys.exit(f"{command[0]} ended with {int(code)}: run it by hand to see why")
    return float(seconds), float(peak), size


def interleaved(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, list[Run]]:
    """Returns the measured runs of each command, in turn; three more before them fill the caches of all."""
    rows: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(-3, runs):
        for name, command in commands.items():
            run = measure(command)
            if turn >= 0:
                rows[name].append(run)
    return rows


def ratio(rows: Sequence[Run], others: Sequence[Run]) -> float:
    """Returns the median of CPU ratios, turn by turn."""
    return statistics.median(row[0] / max(other[0], 1e-6) for row, other in zip(rows, others, strict=True))


@contextmanager
def running(commands: Sequence[Sequence[str]]) -> Iterator[None]:
    """Keeps processes running inside, and ends exactly those."""
    children: list[subprocess.Popen[bytes]] = []
    try:
        children += [subprocess.Popen(command, stdin=subprocess.DEVNULL) for command in commands]
        yield
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait()


def sleepers(processes: int) -> list[list[str]]:
    """Returns as many commands that sleep as are missing until so many processes run."""
    now = sum(1 for name in os.listdir("/proc") if name.isdigit())
    return [["sleep", "3600"]] * max(0, processes - now)


def need_tools() -> None:
    missing = [name for name in TOOLS if shutil.which(name) is None]
    if missing:
        sys.exit(f"the comparison needs {', '.join(missing)}: apt-get install procps iproute2 coreutils")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--processes", type=int, default=400)
    parser.add_argument("--agent", default=str(Path(sys.executable).with_name("farmwatch-agent")))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    need_tools()
    with running(sleepers(options.processes)), tempfile.TemporaryDirectory() as state:
        processes = sum(1 for name in os.listdir("/proc") if name.isdigit())
        agent = [options.agent, "collect", "--json", "--state-dir", state]
        rows = interleaved({"collect": agent, "tools": FLOOR}, options.runs)

    result = {
        name: {
            "cpu_seconds": round(statistics.median(run[0] for run in runs), 4),
            "peak_mib": round(statistics.median(run[1] for run in runs), 1),
            "bytes": runs[-1][2],
        }
        for name, runs in rows.items()
    }
    times = ratio(rows["collect"], rows["tools"])
    if options.json:
        print(json.dumps({"processes": processes, "runs": options.runs, "ratio": times, **result}))
        return
    print(f"{processes} processes, {options.runs} interleaved runs, medians")
    for name, row in result.items():
        print(f"  {name:8} {row['cpu_seconds']:.4f} CPU-s  {row['peak_mib']:6.1f} MiB  {row['bytes']:>8} bytes")
    print(f"  collect / tools: x{times:.2f} CPU (bar 0.15 CPU-s and 32 MiB; far goal x2 and 16 MiB)")


if __name__ == "__main__":
    main()
