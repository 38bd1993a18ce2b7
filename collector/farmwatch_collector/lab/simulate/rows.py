"""Makes a collector's store of a fleet, through the store's own methods: the rows are those that ingest would write."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from farmwatch_schema.codec import decode_report, digest_of
from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.report import Answer

from ...store import Store, open_store
from ...store.loading import LoadedDevice, LoadedExit, LoadedSection, Loader
from ...store.protocol import Device, Incoming
from ...store.protocol_network import Origin
from ..scenarios.stream import VERSION
from ..simulation import Exit, SimulatedDevice
from . import telling
from .settings import Settings, SettingsError

#: Devices that are enrolled at once: the writer puts what waits into one transaction, so that one fsync pays for all.
TOGETHER = 256
#: Reports on their way to the disk; as many again are made meanwhile, and no more.
WAITING = 2_048
KEY_SETTING = "identifier_key"


#: Kinds that a store of last states holds. Programs and services are left out: they are the same on every laptop here,
#: ten kilobytes of each.
LAST_KINDS = ("host", "usb", "displays", "input_source", "network", "wifi", "sessions", "power")
#: Devices of one transaction when states are loaded.
LOADED = 1_000


class RowsError(FarmwatchError):
    """The store refused a report; str() says what it answered."""


class Rows:
    """A new store in a folder.

    every   seconds between two reports; 0 for one at each change that is more than input and mains
    """

    def __init__(self, folder: str, settings: Settings, every: int) -> None:
        self._store = _new_store(folder)
        self._every = every
        self._room = threading.Semaphore(WAITING)
        self._refused: list[Answer] = []
        self._store.setting(KEY_SETTING, settings.key)
        self._token = hashlib.sha256(f"simulated fleet {settings.seed}".encode()).hexdigest()
        until = datetime.now(UTC) + timedelta(days=1)
        self._store.add_token(self._token, "simulated fleet", settings.devices, until)

    def kept(self, devices: Iterable[SimulatedDevice]) -> Iterator[tuple[SimulatedDevice, int]]:
        """Writes each device; yields it with the number of its reports. Raises RowsError."""
        waiting = iter(devices)
        with ThreadPoolExecutor(TOGETHER) as pool:
            while group := list(islice(waiting, TOGETHER)):
                list(pool.map(self._enrol, group))
                for device in group:
                    yield device, self._report(device)

    def close(self) -> None:
        """Waits until everything is on the disk."""
        for _ in range(WAITING):
            self._room.acquire()
        self._store.close()
        self._check()

    def _enrol(self, device: SimulatedDevice) -> None:
        self._store.enrol(
            self._token,
            _row(device),
        )

    def _report(self, device: SimulatedDevice) -> int:
        moments = telling.times(device, self._every) if self._every else telling.marks(device)
        for at, data in telling.reports(device, moments):
            origin = _origin(telling.exit_at(device, at))
            received = datetime.fromtimestamp(at, UTC)
            incoming = Incoming(report=decode_report(data), digest=digest_of(data), received_at=received, origin=origin)
            self._room.acquire()
            self._store.submit([incoming], self._done)
        self._check()
        return len(moments)

    def _done(self, answers: list[Answer]) -> None:
        self._refused += [answer for answer in answers if answer.status != "accepted"]
        self._room.release()

    def _check(self) -> None:
        if self._refused:
            first = self._refused[0]
            raise RowsError(f"device {first.device}: the store answered {first.status}: {first.message}")


class LastStates:
    """A new store in a folder with how each device stands at its last report, and no history: fleets of a million."""

    def __init__(self, folder: str, settings: Settings) -> None:
        store = _new_store(folder)
        store.setting(KEY_SETTING, settings.key)
        store.close()
        self._loader = Loader(str(_path(folder)))

    def kept(self, devices: Iterable[SimulatedDevice]) -> Iterator[tuple[SimulatedDevice, int]]:
        """Writes each device; yields it with the one report that its row stands for."""
        waiting = iter(devices)
        while group := list(islice(waiting, LOADED)):
            self._loader.add([_loaded(device) for device in group])
            yield from ((device, 1) for device in group)

    def close(self) -> None:
        """Puts everything into the file."""
        self._loader.close()


def _path(folder: str) -> Path:
    return Path(folder) / "farmwatch.db"


def _new_store(folder: str) -> Store:
    path = _path(folder)
    if path.exists():
        raise SettingsError(f"{path} is there already; a fleet is never mixed with another one's rows.")
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{folder} cannot be made: {error.strerror}. Choose another folder with --rows.") from error
    return open_store(f"sqlite:///{path}")


def _row(device: SimulatedDevice, **more: Any) -> Device:
    return Device(
        device=device.device, name=device.name, platform=device.platform, agent_version=VERSION,
        # Of no private key: nobody can send in this device's name.
        public_key=hashlib.sha256(device.device.encode()).digest(), enrolled_at=device.enrolled_at, **more,
    )  # fmt: skip


def _origin(exit_: Exit) -> Origin:
    return Origin(exit_.address, exit_.kind, exit_.asn, exit_.network, exit_.country, exit_.block)


def _loaded(device: SimulatedDevice) -> LoadedDevice:
    last = {each.kind: each for each in device.stretches if each.kind in LAST_KINDS}
    seen = max(each.until for each in device.stretches)
    sections = []
    for kind, stretch in last.items():
        content = telling.content_of(stretch.items) if stretch.items else b""
        digest = hashlib.sha256(content).digest() if content else b""
        sections.append(LoadedSection(kind, stretch.outcome, telling.reason_of(stretch), digest, content,
                                      stretch.first, stretch.until))  # fmt: skip
    exits = [LoadedExit(_origin(each), each.first, each.until, each.days) for each in device.exits]
    epoch = hashlib.sha256(f"epoch {device.device}".encode()).hexdigest()
    row = _row(device, epoch=epoch[:32], mark=1, last_digest=epoch, last_seen_at=seen)
    return LoadedDevice(row, tuple(sections), tuple(exits))
