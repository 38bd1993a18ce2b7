"""A process of its own for `growth.py`: a real store of so many devices, the due loop over it, and a farm's page.

A simulated fleet of some hundred laptops, a farm of 60 among them, is committed and judged by the collector's own code;
then every row about a device is copied under other keys until there are enough, ties under other values. The laptops
of the first fleet send on: how much a report costs then, with all others beside it, is what is measured.
Usage: python bench/growth_store.py FILE COUNT REPORTS
"""

import hashlib
import heapq
import json
import logging
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from growth_fleet import copied
from rescore import copied as copied_rows

from farmwatch_collector.app import create_app
from farmwatch_collector.lab.simulate import FarmSpec, Settings, World, world
from farmwatch_collector.lab.simulate.telling import exit_at, reports, times
from farmwatch_collector.lab.simulation import SimulatedDevice
from farmwatch_collector.loop import DueLoop
from farmwatch_collector.origins import Origin
from farmwatch_collector.policy_file import parse_policy
from farmwatch_collector.roster_file import parse_roster
from farmwatch_collector.serving import Serving
from farmwatch_collector.settings import Settings as Serve
from farmwatch_collector.store import Store, open_store
from farmwatch_collector.store.protocol import Device, Incoming
from farmwatch_collector.ties import memory
from farmwatch_schema.codec import decode_report, digest_of

FLEET, MEMBERS, DAYS, EVERY = 240, 60, 10, 6 * 3600
PAGES = 15
BATCH = 64


class Clock:
    """The present, as the reports have it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def told(made: World) -> Iterator[Incoming]:
    """Yields the fleet's reports by time, with where each came from."""
    streams = [_of(device) for device in made.devices()]
    for _, _, incoming in heapq.merge(*streams, key=lambda each: each[:2]):
        yield incoming


def _of(device: SimulatedDevice) -> Iterator[tuple[int, str, Incoming]]:
    for at, data in reports(device, times(device, EVERY)):
        out = exit_at(device, at)
        origin = Origin(out.address, out.kind, out.asn, out.network, out.country, out.block)
        yield at, device.device, Incoming(decode_report(data), digest_of(data), datetime.fromtimestamp(at, UTC), origin)


def filled(store: Store, made: World, loop: DueLoop, clock: Clock) -> list[Incoming]:
    """Commits and judges the fleet's reports but for the last day's, which it returns."""
    ends = datetime.combine(made.settings.last_day, datetime.min.time(), tzinfo=UTC)
    clock.now = ends - timedelta(days=DAYS)
    store.add_token("digest", "bench", 100_000, clock.now + timedelta(days=60))
    for device in made.devices():
        store.enrol("digest", Device(device=device.device, name=device.name, platform=device.platform,
                                     public_key=bytes(32), enrolled_at=device.enrolled_at))  # fmt: skip
    store.set_roster(parse_roster(made.roster_csv(), "simulated roster", made.settings.keyer()))
    loop.prepare()
    every = list(told(made))
    before = [each for each in every if each.received_at < ends]
    for place in range(0, len(before), BATCH):
        store.commit(before[place : place + BATCH])
    clock.now = ends
    judged_all(loop)
    return [each for each in every if each.received_at >= ends]


def judged_all(loop: DueLoop) -> int:
    """Lets the due loop go on until nothing is due; returns how many were judged."""
    count = 0
    while done := loop.once():
        count += done
    return count


def ties_of_their_own(path: Path, first: int) -> None:
    """Gives the ties of copied devices values of their own, a pad for each copy."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("BEGIN")
    rows = database.execute("SELECT device_key, body FROM device_ties WHERE device_key > ?", (first,))
    while part := rows.fetchmany(5_000):
        database.executemany(
            "UPDATE device_ties SET body = ? WHERE device_key = ?",
            [(_padded(body, key // first), key) for key, body in part],
        )
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def _padded(body: bytes, turn: int) -> bytes:
    pad = int.from_bytes(hashlib.blake2b(b"%d" % turn, digest_size=16).digest(), "big")
    return memory.encoded(copied(memory.decoded(body), pad))


def reported(store: Store, loop: DueLoop, clock: Clock, last: list[Incoming], most: int) -> dict[str, float]:
    """Commits reports and lets the loop judge who is due; returns CPU microseconds each, medians of batches."""
    ingest: list[float] = []
    judging: list[float] = []
    judged = 0
    for place in range(0, min(most, len(last)), BATCH):
        batch = last[place : place + BATCH]
        clock.now = batch[-1].received_at
        began = time.process_time()
        answers = store.commit(batch)
        committed = time.process_time()
        assert all(answer.status == "accepted" for answer in answers), answers[0]
        count = judged_all(loop)
        ingest.append((committed - began) / len(batch) * 1e6)
        if count:
            judging.append((time.process_time() - committed) / count * 1e6)
        judged += count
    return {
        "ingest_us": statistics.median(ingest),
        "loop_us": statistics.median(judging),
        "reports": float(min(most, len(last))),
        "judged": float(judged),
    }


def pages(store: Store) -> dict[str, float]:
    """Returns how long pages take to be answered on loopback, in milliseconds: medians."""
    found = store.farms(("open",))
    assert found, "no farm was found"
    farm = max(found, key=lambda each: len(each.members))
    settings = Serve(port=0, judging=False)
    app = create_app(settings, store)
    serving = Serving(app, settings)
    serving.start()
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.get(app.sessions.new_link(serving.url), timeout=60).raise_for_status()
            member = next(each.member.device for each in farm.members if each.left_at is None)
            return {
                "farm_page_ms": _answered(session, f"{serving.url}/farms/{farm.id}"),
                "device_page_ms": _answered(session, f"{serving.url}/devices/{member}"),
                "members": float(sum(each.left_at is None for each in farm.members)),
            }
    finally:
        serving.stop()


def _answered(session: requests.Session, url: str) -> float:
    times: list[float] = []
    for _ in range(PAGES):
        began = time.perf_counter()
        session.get(url, timeout=60).raise_for_status()
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times[1:])


def main() -> None:
    path, count, most = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    logging.getLogger("farmwatch").setLevel(logging.ERROR)
    today = datetime.now(UTC).date()
    farm = FarmSpec(name="shelf", size=min(MEMBERS, count // 2), care="average", evasions=())
    size = min(count, FLEET)
    made = world(Settings(devices=size, days=DAYS, first_day=today - timedelta(days=DAYS), seed=31, farms=(farm,)))
    policy = parse_policy(made.policy_yaml, "simulated policy", today)[0]
    store, clock = open_store(f"sqlite:///{path}"), Clock(datetime.now(UTC))
    last = filled(store, made, DueLoop(store, made.settings.keyer(), policy, clock), clock)
    if count > size:
        store.close()
        copied_rows(path, size, count)
        ties_of_their_own(path, size)
        store = open_store(f"sqlite:///{path}")
    # Copies stay as they were judged: what is measured are the first fleet's reports, beside all others.
    loop = DueLoop(store, made.settings.keyer(), policy, clock)
    began = time.process_time()
    loop.prepare()
    prepared = time.process_time() - began
    judged_all(loop)
    figures = reported(store, loop, clock, last, most)
    figures |= pages(store)
    size_on_disk = sum(each.stat().st_size for each in path.parent.glob(path.name + "*"))
    print(json.dumps({**figures, "prepare_seconds": prepared, "store_mib": size_on_disk / 2**20}), flush=True)
    store.close()


if __name__ == "__main__":
    main()
