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
from pathlib import Path

TOOLS = {"ps": "ps -eo pid,ppid,user,lstart,args", "ss": "ss -tuanp", "ip": "ip addr", "who": "who"}


def measure(command: list[str], env: dict[str, str]) -> tuple[float, float, int]:
    """Returns CPU seconds (user + system, children included), peak MiB of the largest process, output bytes."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL, env=env)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        size = output.seek(0, os.SEEK_END)
    if child.returncode != 0:
        sys.exit(f"{command[0]} ended with {child.returncode}: run it by hand to see why")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--processes", type=int, default=400)
    parser.add_argument("--agent", default=str(Path(sys.executable).with_name("farmwatch-agent")))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    # A laptop's Python keeps its compiled modules; a shell that forbids it would time the compiler.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    missing = [name for name in TOOLS if shutil.which(name) is None]
    if missing:
        sys.exit(f"the comparison needs {', '.join(missing)}: apt-get install procps iproute2 coreutils")
    running = sum(1 for name in os.listdir("/proc") if name.isdigit())
    sleepers = [
        subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL) for _ in range(max(0, options.processes - running))
    ]
    try:
        with tempfile.TemporaryDirectory() as state:
            agent = [options.agent, "collect", "--json", "--state-dir", state]
            floor = ["sh", "-c", ";".join(TOOLS.values())]
            rows: dict[str, list[tuple[float, float, int]]] = {"collect": [], "tools": []}
            for _ in range(3):  # fills the caches of both
                measure(agent, env)
                measure(floor, env)
            for _ in range(options.runs):
                rows["collect"].append(measure(agent, env))
                rows["tools"].append(measure(floor, env))
    finally:
        for sleeper in sleepers:
            sleeper.terminate()
        for sleeper in sleepers:
            sleeper.wait()

    result = {
        name: {
            "cpu_seconds": round(statistics.median(run[0] for run in runs), 4),
            "peak_mib": round(statistics.median(run[1] for run in runs), 1),
            "bytes": runs[-1][2],
        }
        for name, runs in rows.items()
    }
    ratio = statistics.median(a[0] / b[0] for a, b in zip(rows["collect"], rows["tools"], strict=True))
    if options.json:
        print(json.dumps({"processes": running + len(sleepers), "runs": options.runs, "ratio": ratio, **result}))
        return
    print(f"{running + len(sleepers)} processes, {options.runs} interleaved runs, medians")
    for name, row in result.items():
        print(f"  {name:8} {row['cpu_seconds']:.4f} CPU-s  {row['peak_mib']:6.1f} MiB  {row['bytes']:>8} bytes")
    print(f"  collect / tools: x{ratio:.2f} CPU (bar 0.15 CPU-s and 32 MiB; far goal x2 and 16 MiB)")


if __name__ == "__main__":
    main()
