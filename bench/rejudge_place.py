"""What judging round-trip times costs: a day, a device whose days are all new, and one of which nothing changed.

A store is filled by its own `commit` with simulated laptops that measured on so many days; then all of them are judged
twice, as the due loop does it: the first time every day is made, the second time every day is read back. Beside it the
same devices without samples. CPU time of one thread; the days are drawn by geography over the shipped landmarks.
100,000 devices are told from so many as were judged, in proportion.
Usage: python bench/rejudge_place.py [--devices N] [--days N] [--runs N] [--json]
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from farmwatch_collector.evaluate import Company, complete, judge, placed
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.lab import homes
from farmwatch_collector.lab.fleet import people
from farmwatch_collector.lab.homes import Home
from farmwatch_collector.lab.laptop import Look
from farmwatch_collector.place.gazetteer import City, gazetteer
from farmwatch_collector.place.making import places_of
from farmwatch_collector.store import open_store
from farmwatch_collector.store.protocol import Device, Incoming, Store
from farmwatch_detectors.policy import Claim, RosterEntry
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.codec import decode_report, digest_of
from farmwatch_schema.identifiers import Keyer

KEYER = Keyer.from_key(b"a key for timings, of 32 bytes..")
NOW = datetime.now(UTC).replace(hour=18, minute=0, second=0, microsecond=0)
WHOLE = 100_000
FLEET = 60
ROUNDS = (9, 15)
ELSEWHERE = 0.05  # share of laptops that are not where they say


def filled(store: Store, devices: int, days: int) -> dict[str, RosterEntry]:
    """Gives the store laptops, half of which measure; returns the roster of those that do."""
    store.add_token("digest", "bench", 10 * devices, NOW + timedelta(days=1))
    dice = random.Random(1)
    cities = gazetteer().cities[:2_000]
    roster: dict[str, RosterEntry] = {}
    for number in range(devices):
        # The same person twice: once with measurements, once without.
        person = people_of(number // 2 // FLEET)[number // 2 % FLEET]
        laptop = person.laptop(number + 1)
        laptop.device = f"{number:06}"
        laptop._keyer = KEYER  # noqa: SLF001 - what enrolment over the network would give it
        store.enrol("digest", enrolled(laptop.device, person.platform))
        batch: list[Incoming] = []
        measures = number % 2 == 0
        home = home_of(dice, cities)
        for ago in range(days - 1, -1, -1):
            for hour in ROUNDS:
                at = NOW.replace(hour=hour) - timedelta(days=ago)
                laptop.looks["latency"] = Look(observables=tuple(homes.measured(home, at, dice)) if measures else ())
                data = laptop.report(at)
                batch.append(Incoming(decode_report(data), digest_of(data), at))
        answers = store.commit(batch)
        assert all(answer.status == "accepted" for answer in answers), answers[0]
        if measures:
            latitude, longitude = home.claimed
            claim = Claim(place=home.place, latitude=latitude, longitude=longitude)
            roster[laptop.device] = RosterEntry(person=f"person-{number}", claim=claim)
        if number % 200 == 199:
            print(f"{number + 1:,} devices", file=sys.stderr)
    return roster


def people_of(seed: int) -> list:  # type: ignore[type-arg]
    return people(NOW.date(), seed + 1, farm=False)


def enrolled(name: str, platform: str) -> Device:
    return Device(device=name, name=name, platform=platform, public_key=bytes(32), enrolled_at=NOW - timedelta(days=40))


def home_of(dice: random.Random, cities: tuple[City, ...]) -> Home:
    claimed = dice.choice(cities)
    here = dice.choice(cities) if dice.random() < ELSEWHERE else claimed
    return Home(
        place=f"{claimed.name}, {claimed.country}",
        claimed=(claimed.latitude, claimed.longitude),
        here=(here.latitude, here.longitude),
        line_ms=dice.uniform(4, 30),
    )


def run(store: Store, roster: dict[str, RosterEntry], runs: int) -> dict[str, float]:
    """Returns CPU milliseconds per device of each step, medians over devices and runs."""
    names = [each.device for each in store.devices()]
    measuring = [name for name in names if name in roster]
    silent = [name for name in names if name not in roster]
    fleet = Fleet(KEYER)
    for name in names:
        fleet.observe(name, seen(store, name).sections)
    company = Company(roster=roster, places=places_of())
    placed(seen(store, measuring[0]), company, fleet)  # the model of paths is built once per process

    def made(name: str) -> None:
        placed(seen(store, name), company, fleet)

    def keep(name: str) -> None:
        view = seen(store, name)
        store.save_place_days(name, placed(view, company, fleet).fresh, NOW)

    def redetect(name: str) -> None:
        judge(complete(seen(store, name), company, fleet))

    def read(name: str) -> None:
        seen(store, name)

    figures: dict[str, list[float]] = {}
    figures["read and place, every day new"] = each_of(made, measuring)
    figures["the same, and keep it"] = each_of(keep, measuring)
    for _ in range(runs):
        figures.setdefault("re-detect, days read back", []).append(mean(redetect, measuring))
        figures.setdefault("re-detect, never measured", []).append(mean(redetect, silent))
        figures.setdefault("read alone, days read back", []).append(mean(read, measuring))
        figures.setdefault("read alone, never measured", []).append(mean(read, silent))
    return {name: statistics.median(each) for name, each in figures.items()} | {
        "mean of every day new": statistics.mean(figures["read and place, every day new"])
    }


def seen(store: Store, name: str) -> DeviceView:
    view = store.view(name, NOW)
    assert view is not None
    return view


def each_of(work: Callable[[str], object], names: list[str]) -> list[float]:
    found: list[float] = []
    for name in names:
        begun = time.thread_time()
        work(name)
        found.append((time.thread_time() - begun) * 1e3)
    return found


def mean(work: Callable[[str], object], names: list[str]) -> float:
    begun = time.thread_time()
    for name in names:
        work(name)
    return (time.thread_time() - begun) / len(names) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=600)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'farmwatch.db'}")
        try:
            roster = filled(store, options.devices, options.days)
            figures = run(store, roster, options.runs)
        finally:
            store.close()
    a_day = figures["mean of every day new"] / options.days
    whole = {
        "ms_a_day": a_day,
        "hours_100000_devices_every_day_new": figures["mean of every day new"] * WHOLE / 3.6e6,
        "minutes_100000_devices_one_new_day": a_day * WHOLE / 6e4,
        "minutes_100000_devices_nothing_new": figures["re-detect, days read back"] * WHOLE / 6e4,
    }
    if options.json:
        print(msgspec.json.format(json.dumps({"devices": len(roster), "figures": figures, "whole": whole})))
        return
    print(f"{len(roster)} devices that measured on {options.days} days; medians, CPU of one thread")
    for name, one in figures.items():
        print(f"{name:32} {one:9.2f} ms a device")
    for name, one in whole.items():
        print(f"{name:42} {one:9.2f}")


if __name__ == "__main__":
    main()
