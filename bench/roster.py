"""A roster of 100,000 rows, without fault and with 50 bad ones: seconds and memory, each run a process of its own.

    .venv/bin/python bench/roster.py [--rows 100000] [--bad 50] [--runs 3]

Ends with 1 when a bad row is not named, or anything of a file with bad rows was taken.
"""

import argparse
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CITIES = ("Munich, DE", "Portland, OR, US", "Toronto, ON", "Leeds, England", "São Paulo, BR", "Pune, IN",
          "48.14, 11.58", "Nashville, TN", "Utrecht, NL", "Warsaw, PL", "Nairobi, KE", "Osaka, JP")  # fmt: skip
PHONES = ("+49 89 {:06d}", "+1 503 555 {:04d}", "+1 416 555 {:04d}", "+44 113 496 {:04d}")
HEAD = "person,serial,place,time_zone,cohort,start_on,shipped_to,shipped_on,household,phone,address,previous_addresses,"
HEAD += "bank_account,education,work\n"
#: One way to be wrong per kind of message, by column.
FAULTS = ("Springfield", "Atlantis, DE", "Germany", "91.0, 10.0", "", "0, 0", "Munich, Bavaria, Germany, Earth")


def write(path: str, rows: int, bad: int) -> list[int]:
    """Writes a roster and returns the lines that are bad."""
    draw = random.Random(7)
    wrong = set(draw.sample(range(rows), bad))
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEAD)
        for number in range(rows):
            city = draw.choice(CITIES)
            # A tenth by coordinates of their own: no two rows share what was found for them.
            place = f"{draw.uniform(-55, 65):.2f}, {draw.uniform(-120, 140):.2f}" if number % 10 == 3 else city
            if number in wrong:
                place = draw.choice(FAULTS)
            phone = PHONES[number % 4].format(number % 9_000)
            cells = [
                f"p-{number:06d}", f"5CG{number:07d}", place, "UTC", "remote", f"2026-{number % 12 + 1:02d}-02",
                city if number % 20 else "Utrecht, NL", f"2026-{number % 12 + 1:02d}-01", f"h-{number // 2}",
                phone, f"{number} Example Road, Springfield", "2019-04-01: 5 Old Street", f"DE{number:018d}",
                "2008-09/2012-06 degree", "2012-09/2018-01 | 2018-03/",
            ]  # fmt: skip
            file.write(",".join(f'"{cell}"' for cell in cells) + "\n")
    return sorted(number + 2 for number in wrong)


def run(path: str, data: str) -> tuple[float, float, float, int, dict[str, object]]:
    """Runs one import; returns seconds, seconds of CPU, MiB at the most, exit code and the answer."""
    command = [sys.executable, "-m", "farmwatch_collector.cli", "roster", "import", path, "--data", data, "--json"]
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        answer = json.load(out)
    cpu = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - begun, cpu, usage.ru_maxrss / 1024, child.returncode, answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--bad", type=int, default=50)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for bad in (options.bad, 0):
            path, data = f"{folder}/people-{bad}.csv", f"{folder}/data-{bad}"
            lines = write(path, options.rows, bad)
            runs = [run(path, data) for _ in range(options.runs)]
            seconds, cpu, memory = (statistics.median(each[place] for each in runs) for place in (0, 1, 2))
            named = [fault["line"] for fault in runs[0][4].get("faults", [])]  # type: ignore[attr-defined]
            with sqlite3.connect(f"{data}/farmwatch.db") as file:
                counts = [
                    file.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("roster", "person_record")
                ]
            size = Path(path).stat().st_size / 2**20
            what = f"{options.rows:,} rows ({size:.0f} MiB), {bad} bad"
            print(f"{what}: {seconds:.1f} s, {cpu:.1f} s of CPU, {memory:.0f} MiB at the most")
            if bad:
                print(f"  {len(named)} named, each by its line: {named == lines}; in the store: {counts}")
            else:
                print(f"  taken, the second time over the first: exit {runs[0][3]}; in the store: {counts}")
            wanted = [0, 0] if bad else [options.rows] * 2
            failed |= named != lines or counts != wanted or runs[0][3] != (1 if bad else 0)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
