"""A process of its own for `growth.py`: a fleet of so many devices in memory, and what reports cost it.

A simulated fleet of `SAMPLE` laptops over two weeks is copied under other names and values until there are enough:
what people share at home, at offices and on farms is shared in each copy alike, makes and providers in all of them.
Commands come as words on stdin, answers are lines of JSON on stdout.
Usage: python bench/growth_fleet.py make FILE COUNT | python bench/growth_fleet.py serve FILE COUNT
"""

import gc
import hashlib
import json
import random
import resource
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from farmwatch_collector.bench.farms_members import end_of
from farmwatch_collector.bench.farms_world import Reader, shown_by
from farmwatch_collector.farms.source import Activity, MemberScore
from farmwatch_collector.farms.watch import FarmWatch
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.lab.simulate import FarmSpec, Settings, farms, world
from farmwatch_collector.ties import memory
from farmwatch_collector.ties.kinds import KINDS
from farmwatch_collector.ties.types import Seen
from farmwatch_detectors.policy import Policy

SAMPLE, DAYS, FARMS, SEED = 10_000, 14, 4, 31
BATCH = 64  # as the due loop takes them
VISITS = 0.1
FIRST_DAY = date(2026, 10, 5)
AT = end_of(FIRST_DAY + timedelta(days=DAYS - 1))


class Nobody:
    """A `Source` that knows no device: what judging them costs is measured elsewhere."""

    def scores(self, devices: Collection[str]) -> Mapping[str, MemberScore]:  # noqa: ARG002 - as the protocol has it
        return {}

    def activity(self, devices: Collection[str], since: date) -> Mapping[str, Activity]:  # noqa: ARG002
        return {}


def rss() -> int:
    """Returns the resident bytes of this process now."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def sampled(count: int) -> list[memory.Kept]:
    """Returns what is remembered of the laptops of a simulated fleet of at most `SAMPLE`."""
    size = min(count, SAMPLE)
    wanted = farms(FARMS, seed=SEED) if size >= 1_000 else (FarmSpec(name="shelf", size=10, care="average"),)
    made = world(Settings(devices=size, days=DAYS, seed=SEED, farms=wanted, first_day=FIRST_DAY, sase=0.1))
    fleet, reader = Fleet(made.settings.keyer()), Reader()
    for device in made.devices():
        for seen, first, until, days in shown_by(device, reader):
            fleet.take(device.device, seen, first, until, days)
    return [memory.decoded(fleet.memory(device)) for device in fleet.known()]


def copied(kept: memory.Kept, pad: int) -> memory.Kept:
    """Returns the same with values of its own; what is only a make, or made up by software, stays the same."""
    held = [
        (_of_copy(seen, pad), first, last, days) if pad and _own(seen) else (seen, first, last, days)
        for seen, first, last, days in kept.held
    ]
    return memory.Kept(kept.looks, held)


def _own(seen: Seen) -> bool:
    return not seen.soft and KINDS[seen.kind].nature != "trait"


def _of_copy(seen: Seen, pad: int) -> Seen:
    value = (int.from_bytes(seen.value, "big") ^ pad).to_bytes(16, "big")
    return Seen(seen.kind, value, seen.stratum, seen.words, seen.soft)


def make(path: Path, count: int) -> None:
    """Writes what is remembered of so many devices: id and record, each behind its length."""
    bodies = sampled(count)
    with open(path, "wb") as file:
        for number in range(count):
            turn = number // len(bodies)
            pad = int.from_bytes(hashlib.blake2b(b"%d" % turn, digest_size=16).digest(), "big") if turn else 0
            name = hashlib.blake2b(b"device %d" % number, digest_size=8).hexdigest().encode()
            body = memory.encoded(copied(bodies[number % len(bodies)], pad))
            file.write(len(body).to_bytes(4, "big") + name + body)


def read(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yields every device with what is remembered of it, as the store does."""
    with open(path, "rb") as file:
        while size := file.read(4):
            name = file.read(16).decode()
            yield name, file.read(int.from_bytes(size, "big"))


class Served:
    """The fleet while it is asked."""

    def __init__(self, path: Path, count: int) -> None:
        gc.collect()
        before = rss()
        began = time.process_time()
        self.fleet = Fleet()
        for device, body in read(path):
            self.fleet.recall(device, body)
        self.recall_seconds = time.process_time() - began
        self.bytes_a_device = (rss() - before) / count
        self.watch = FarmWatch(self.fleet, Nobody(), Policy())
        self.watch.load([])
        began = time.process_time()
        changes = self.watch.refresh(AT)
        self.find_seconds = time.process_time() - began
        self.watch.named({change.farm.id: place for place, change in enumerate(changes, 1) if change.farm.id < 0})
        self._names = list(self.fleet.known())
        self._draw = random.Random(count)
        self._at = AT

    def built(self) -> dict[str, float]:
        """Returns what building it took."""
        return {
            "recall_seconds": self.recall_seconds,
            "find_seconds": self.find_seconds,
            "bytes_a_device": self.bytes_a_device,
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "farms": len(self.watch.farms),
        }

    def now_of(self, device: str) -> dict[str, tuple[Seen, ...]]:
        """Returns what a device's latest sections show, by source."""
        found: dict[str, list[Seen]] = {}
        for held in self.fleet.held(device):
            source = KINDS[held.seen.kind].source
            if held.now and source:
                found.setdefault(source, []).append(held.seen)
        return {source: tuple(values) for source, values in found.items()}

    def _elsewhere(self) -> tuple[Seen, ...]:
        """Returns a network that nobody else of the fleet is on, as hotels are; of ten one is another laptop's own."""
        if self._draw.random() < VISITS:
            return self.now_of(self._draw.choice(self._names)).get("network", ())
        return (Seen("gateway_mac", self._draw.randbytes(16), "001b21"),)

    def round(self, count: int, changed: bool) -> dict[str, float]:
        """Returns CPU of so many reports, in microseconds each: taken in, ties told, farms followed.

        changed  each laptop is on another network now, and with the next report back on its own
        """
        reports: list[tuple[str, dict[str, tuple[Seen, ...]]]] = []
        while len(reports) < count:
            device = self._draw.choice(self._names)
            own = self.now_of(device)
            if not changed:
                reports.append((device, own))
                continue
            there = self._elsewhere()
            reports += [(device, {**own, "network": there}), (device, own)]
        spent = {"take": 0.0, "ties": 0.0, "farms": 0.0}
        touched_in_all = 0
        for place, (device, seen) in enumerate(reports, 1):
            self._at += timedelta(milliseconds=50)
            began = time.process_time()
            touched = self.fleet.take(device, seen, self._at)
            if self.fleet.changed(device):
                self.fleet.memory(device)
            taken = time.process_time()
            self.watch.touch(touched)
            followed = time.process_time()
            for each in touched | {device}:
                self.fleet.ties(each, self._at.date())
            _ = self.fleet.sizes
            told = time.process_time()
            if place % BATCH == 0:
                self.watch.update(self._at)
            spent["take"] += taken - began
            spent["ties"] += told - followed
            spent["farms"] += followed - taken + time.process_time() - told
            touched_in_all += len(touched)
        each = {name: seconds / len(reports) * 1e6 for name, seconds in spent.items()}
        return {**each, "all": sum(each.values()), "touched": touched_in_all / len(reports)}


def main() -> None:
    command, path, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if command == "make":
        make(path, count)
        return
    served = Served(path, count)
    print(json.dumps(served.built()), flush=True)
    for line in sys.stdin:
        words = line.split()
        print(json.dumps(served.round(int(words[1]), words[0] == "changed")), flush=True)


if __name__ == "__main__":
    main()
