"""Sends a fleet to a collector, each laptop through the public protocol: enrolled, signed, in bundles."""

import time
from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec
import requests

from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.report import MAX_REPORTS_PER_REQUEST

from ..laptop import SimulatedLaptop
from ..simulation import SimulatedDevice
from . import telling
from .dice import dice
from .settings import Settings
from .world import world

#: A collector lets a device make 12 requests a minute unless told otherwise, and a laptop has a request for each time
#: that it changed its address: weeks of them come at once here.
TRIES, PAUSE = 24, 5.0


class Sender:
    """Enrols laptops of a fleet at one collector.

    The first one is enrolled at once: with it comes the company's key, under which all of the fleet is made.
    """

    def __init__(self, url: str, token: str, settings: Settings) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._seed = settings.seed
        self._session = requests.Session()
        self._session.trust_env = False  # the fleet is the caller's, and so is the way to the collector
        first = next(world(settings).devices())
        self._first = self._enrolled(1, first)
        self.settings = msgspec.structs.replace(settings, key=self._first.company_key)

    def sent(self, devices: Iterable[SimulatedDevice], every: int) -> Iterator[tuple[SimulatedDevice, int]]:
        """Sends each device's reports; yields it with the id that the collector gave, and how many there were."""
        for number, device in enumerate(devices, 1):
            laptop = self._first if number == 1 else self._enrolled(number, device)
            made = telling.reports(device, telling.times(device, every), laptop.device)
            count = 0
            there = ((telling.exit_at(device, at).text, data) for at, data in made)
            for exit_, some in groupby(there, lambda each: each[0]):
                # Where the collector trusts us as its proxy, this is where the laptop is seen from.
                self._session.headers["X-Forwarded-For"] = exit_
                waiting = [data for _, data in some]
                for start in range(0, len(waiting), MAX_REPORTS_PER_REQUEST):
                    self._deliver(laptop, waiting[start : start + MAX_REPORTS_PER_REQUEST])
                count += len(waiting)
            yield msgspec.structs.replace(device, device=laptop.device), count

    def _deliver(self, laptop: SimulatedLaptop, reports: list[bytes]) -> None:
        """Sends one request, again and again while the collector holds this laptop to its requests a minute."""
        for again in range(TRIES):
            try:
                laptop.send(self._session, self._url, reports)
            except FarmwatchError as error:
                if "throttled" not in str(error) or again == TRIES - 1:
                    raise
                time.sleep(PAUSE)
            else:
                return

    def _enrolled(self, number: int, device: SimulatedDevice) -> SimulatedLaptop:
        secret = dice(self._seed, "secret", number).getrandbits(256).to_bytes(32, "big")
        laptop = SimulatedLaptop(device.name, device.platform, {}, secret)
        laptop.enrol(self._session, self._url, self._token)
        return laptop
