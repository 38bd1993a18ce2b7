"""A real collector on loopback: SQLite, signed reports of simulated laptops, judged by the due loop, pages by HTTP."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import requests

from farmwatch_collector.app import App, create_app
from farmwatch_collector.ingest import token_digest
from farmwatch_collector.lab.fleet import people
from farmwatch_collector.lab.laptop import Look, SimulatedLaptop
from farmwatch_collector.serving import Serving
from farmwatch_collector.settings import Settings
from farmwatch_collector.store import open_store
from farmwatch_collector.store.protocol import Store
from farmwatch_detectors.policy import RosterEntry
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.usb import UsbDevice

from .memory import ENDLESS, FORMULA, OVERRIDE, SCRIPT

WAIT_SECONDS = 60
#: The farm's five are the last of the fleet; with them some honest neighbours.
TAKEN = 12


class Hologram(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="hologram"):
    """An observable of a newer agent than this collector knows."""

    text: str


class Served(msgspec.Struct, frozen=True):
    """A running collector with its fleet.

    devices  ids by the laptop's name
    """

    url: str
    app: App
    store: Store
    devices: dict[str, str]

    def link(self) -> str:
        return self.app.sessions.new_link(self.url)


def hostile_laptop() -> SimulatedLaptop:
    """A laptop whose every string would harm whoever reads it."""
    usb = UsbDevice(vendor_id="1d6b", product_id="0104", manufacturer=SCRIPT, product=OVERRIDE, port_path=ENDLESS)
    program = Process(name=FORMULA, path=f"~/{SCRIPT}", package="<img src=x onerror=alert(1)>", signer="\0\x1b[31m")
    looks = {
        "usb": Look(observables=(usb, Hologram(text=SCRIPT))),
        "processes": Look(observables=(program, Gap(what=SCRIPT, outcome="not_permitted", count=SCRIPT))),
        "sockets": Look(outcome="broken", reason=f"{SCRIPT}{OVERRIDE}"),
        "gait": Look(observables=(Hologram(text=SCRIPT),)),
    }
    return SimulatedLaptop(f"{SCRIPT}{OVERRIDE}", "linux", looks, b"h" * 32)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A collector that has judged a farm of five, seven honest laptops, a hostile one and one that never reported."""
    folder: Path = tmp_path_factory.mktemp("collector")
    store = open_store(f"sqlite:///{folder}/farmwatch.db")
    now = datetime.now(UTC)
    store.add_token(token_digest("a token for tests"), "tests", 100, now + timedelta(hours=1))
    app = create_app(Settings(port=0), store)
    serving = Serving(app, Settings(port=0))
    serving.start()
    try:
        devices = _fill(store, serving.url, now)
        yield Served(serving.url, app, store, devices)
    finally:
        serving.stop()
        store.close()


def _fill(store: Store, url: str, now: datetime) -> dict[str, str]:
    fleet = people(now.date())[-TAKEN:]
    laptops = [(person.name, person.laptop(1)) for person in fleet]
    laptops += [("hostile", hostile_laptop()), ("silent", SimulatedLaptop("silent", "linux", {}, b"s" * 32))]
    devices: dict[str, str] = {}
    with requests.Session() as session:
        session.trust_env = False
        for name, laptop in laptops:
            devices[name] = laptop.enrol(session, url, "a token for tests")
        store.set_roster(
            {
                devices[person.name]: RosterEntry(
                    person=f"person-{person.number}",
                    cohort=person.cohort,
                    start_on=person.start_on,
                    site=person.site,
                    household=person.household,
                )
                for person in fleet
            }
        )
        for name, laptop in laptops:
            if name != "silent":
                laptop.send(session, url, [laptop.report(now)])
    ends = time.monotonic() + WAIT_SECONDS
    while store.counts().get("unjudged", 0) > 1 or store.due(datetime.now(UTC), 1):
        assert time.monotonic() < ends, "the collector did not judge its fleet in time"
        time.sleep(0.2)
    return devices
