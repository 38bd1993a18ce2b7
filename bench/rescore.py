"""Re-score and re-detect of stored devices, out of a real SQLite store of many of them, interleaved.

Re-score: a device's stored findings and levels are read and weighed, as `farmwatch backtest` does with each table.
Re-detect: its sections and spans are read, every detector runs, and the result is scored, as the due loop does.
The store is filled by its own `commit` and `save` with some hundreds of simulated laptops, whose rows are then copied
under other keys until there are enough. Devices are drawn at random from all of it: one by one to re-detect, as many
in a row from a random one to re-score, because a fleet is re-scored as a whole. CPU time of one thread.
Usage: python bench/rescore.py [--devices N] [--runs N] [--sample N] [--store FILE] [--json]
"""

import argparse
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from farmwatch_collector.backtest import shipped, weighed
from farmwatch_collector.evaluate import Company, complete, judge
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.lab.fleet import people
from farmwatch_collector.store import open_store
from farmwatch_collector.store.protocol import Device, Incoming, Store
from farmwatch_collector.store.protocol_history import DeviceHistory
from farmwatch_detectors.policy import Policy
from farmwatch_schema.codec import decode_report, digest_of
from farmwatch_schema.identifiers import Keyer

KEYER = Keyer.from_key(b"a key for timings, of 32 bytes..")
NOW = datetime.now(UTC).replace(microsecond=0)
FLEETS = 10  # of 60 laptops each: all the demo's oddities, on every system
BARS = {"re-score": 100.0, "re-detect": 5000.0}
GOALS = {"re-score": 10.0, "re-detect": 1000.0}


def seeded(path: Path) -> int:
    """Makes a store of some hundreds of laptops, two reports each, all judged; returns how many."""
    store = open_store(f"sqlite:///{path}")
    try:
        store.add_token("digest", "bench", 100_000, NOW + timedelta(days=1))
        made = 0
        for number in range(FLEETS):
            batch: list[Incoming] = []
            for person in people(NOW.date(), number + 1):
                laptop = person.laptop(number + 1)
                laptop.device = f"{number:02}-{person.name}"
                laptop._keyer = KEYER  # noqa: SLF001 - what enrolment over the network would give it
                store.enrol("digest", device(laptop.device, person.platform))
                for hours in (30, 1):
                    data = laptop.report(NOW - timedelta(hours=hours))
                    batch.append(Incoming(decode_report(data), digest_of(data), NOW - timedelta(hours=hours)))
                made += 1
            answers = store.commit(batch)
            assert all(answer.status == "accepted" for answer in answers), answers[0]
        judge_all(store)
        return made
    finally:
        store.close()


def device(name: str, platform: str) -> Device:
    return Device(device=name, name=name, platform=platform, public_key=bytes(32), enrolled_at=NOW - timedelta(days=40))


def judge_all(store: Store) -> None:
    fleet = Fleet(KEYER)
    views = [view for each in store.devices() if (view := store.view(each.device, NOW)) is not None]
    for view in views:
        fleet.observe(view.device, view.sections)
    for view in views:
        assessment = judge(complete(view, Company(), fleet))
        store.save(assessment, "bench", assessment.next_change)


def copied(path: Path, made: int, wanted: int) -> None:
    """Copies every row about a device under other keys, until there are as many devices as wanted."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous=OFF")
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = {name: [row[1] for row in database.execute(f'PRAGMA table_info("{name}")')] for name in tables}
    (step,) = database.execute("SELECT max(key) FROM device").fetchone()
    for copy in range(1, -(-wanted // made)):
        database.execute("BEGIN")
        key = f"key + {copy * step}"
        taken = [
            f"device || '-{copy}'" if name == "device" else key if name == "key" else name for name in columns["device"]
        ]
        left = wanted - made * copy
        rows = f"FROM device WHERE key <= {step} ORDER BY key LIMIT {left}"
        database.execute(f"INSERT INTO device SELECT {', '.join(taken)} {rows}")
        for table in tables:
            if "device_key" not in columns[table] or table.startswith("case"):
                continue
            kept = [name for name in columns[table] if name != "id"]
            new = ", ".join(f"device_key + {copy * step}" if name == "device_key" else f'"{name}"' for name in kept)
            names = ", ".join(f'"{name}"' for name in kept)
            among = f"device_key IN (SELECT key FROM device WHERE key <= {step} ORDER BY key LIMIT {left})"
            database.execute(f'INSERT INTO "{table}" ({names}) SELECT {new} FROM "{table}" WHERE {among}')
        database.execute("COMMIT")
        if copy % 20 == 0:
            print(f"{made * (copy + 1):,} devices", file=sys.stderr)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def timed(work: Callable[[list[str]], object], devices: list[str]) -> float:
    """Returns CPU microseconds per device."""
    begun = time.thread_time()
    work(devices)
    return (time.thread_time() - begun) / len(devices) * 1e6


def run(store: Store, runs: int, sample: int) -> dict[str, dict[str, float]]:
    names = [each.device for each in store.devices()]
    print(f"{len(names):,} devices stored", file=sys.stderr)
    dice = random.Random(1)
    fleet = Fleet(KEYER)
    for each in names[: FLEETS * 60]:
        known = store.view(each, NOW)
        assert known is not None
        fleet.observe(each, known.sections)
    company, policy, tables = Company(), Policy(), shipped()

    def read(chosen: list[str]) -> list[DeviceHistory]:
        return list(islice(store.histories(NOW, after=chosen[0]), len(chosen)))

    def rescore(chosen: list[str]) -> object:
        return [weighed(history, NOW, tables, policy) for history in read(chosen)]

    def view(chosen: list[str]) -> object:
        return [store.view(name, NOW) for name in chosen]

    def redetect(chosen: list[str]) -> object:
        for name in chosen:
            seen = store.view(name, NOW)
            assert seen is not None
            judge(complete(seen, company, fleet))
        return None

    forms: dict[str, Callable[[list[str]], object]] = {
        "re-score": rescore,
        "re-score, reading alone": read,
        "re-detect": redetect,
        "re-detect, reading alone": view,
    }
    figures: dict[str, list[float]] = {name: [] for name in forms}
    for number in range(runs + 1):
        for name, work in forms.items():
            figure = timed(work, dice.sample(names[:-sample], sample))
            if number:  # the first round warms caches
                figures[name].append(figure)
    return {
        name: {"median_us": statistics.median(each), "low_us": min(each), "high_us": max(each), "runs": len(each)}
        for name, each in figures.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--sample", type=int, default=200, help="devices per run and form, drawn at random")
    parser.add_argument("--store", metavar="FILE", help="keeps the store there, and takes it when it is there")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(options.store or Path(folder) / "farmwatch.db").absolute()
        if not path.exists():
            made = seeded(path)
            copied(path, made, options.devices)
        store = open_store(f"sqlite:///{path}")
        try:
            results = run(store, options.runs, options.sample)
        finally:
            store.close()
        size = path.stat().st_size
    if options.json:
        print(json.dumps({"devices": options.devices, "bytes": size, "figures": results}, indent=2))
        return
    print(f"{options.devices:,} devices, {size / 1e9:.2f} GB; medians of {options.runs} interleaved runs")
    for name, one in results.items():
        bar = f"  bar {BARS[name]:,.0f}, goal {GOALS[name]:,.0f}" if name in BARS else ""
        print(f"{name:26} {one['median_us']:9,.0f} us a device ({one['low_us']:,.0f} to {one['high_us']:,.0f}){bar}")


if __name__ == "__main__":
    main()
