"""Puts a made fleet into a new store: raw rows by the thousand, for stores of a size that no test could send.

What is loaded is how each device stands at its last report, as ingest would have left it: latest sections, addresses,
times. There is no history before it, and no report's digest to chain the next one to.
"""

import sqlite3
from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from ..hearing import Hearing, packed
from .bundles import RECENT
from .egress_spans import _Body  # the row's form has one owner
from .protocol import Device
from .protocol_network import EGRESS_DAYS, Origin
from .times import micros

_EPOCH = date(1970, 1, 1).toordinal()
_pack = msgspec.msgpack.Encoder()
#: Of a bundle's memory of sequences: 8 bytes each, all unknown.
_NOTHING_RECENT = bytes(RECENT * 8)


class LoadedSection(msgspec.Struct, frozen=True):
    """A kind's latest section.

    digest    SHA-256 of the content; b"" where there is none by nature
    content   JSON array of observables
    since     from when it has been so; seen: when it was last told
    """

    kind: str
    outcome: str
    reason: str
    digest: bytes
    content: bytes
    since: datetime
    seen: datetime


class LoadedExit(msgspec.Struct, frozen=True):
    """A public address with the first and last report from there, and their days."""

    origin: Origin
    first: datetime
    until: datetime
    days: tuple[date, ...]


class LoadedDevice(msgspec.Struct, frozen=True):
    """A device as it stands; `device.last_seen_at` says when it last reported."""

    device: Device
    sections: tuple[LoadedSection, ...]
    exits: tuple[LoadedExit, ...]


class Loader:
    """Writes into a store that `open_store` made and nobody else has open. A crash on the way leaves no usable one.

    Each `add` is a transaction; a device that is there already raises sqlite3.IntegrityError.
    """

    def __init__(self, path: str) -> None:
        self._sql = sqlite3.connect(path, isolation_level=None)
        # Whoever loads a fleet makes it again after a crash: nothing waits for the disk.
        self._sql.execute("PRAGMA synchronous=OFF")
        self._sql.execute("PRAGMA cache_size=-65536")
        (self._key,) = self._sql.execute("SELECT coalesce(max(key), 0) FROM device").fetchone()

    def add(self, devices: Sequence[LoadedDevice]) -> None:
        """Writes devices that the store does not have; all of them are due."""
        self._sql.execute("BEGIN")
        try:
            self._add(list(enumerate(devices, self._key + 1)))
        except BaseException:
            self._sql.execute("ROLLBACK")
            raise
        self._sql.execute("COMMIT")
        self._key += len(devices)

    def _add(self, pairs: Sequence[tuple[int, LoadedDevice]]) -> None:
        self._sql.executemany(
            "INSERT INTO device (key, device, name, platform, public_key, enrolled_at) VALUES (?, ?, ?, ?, ?, ?)",
            [(key, each.device.device, each.device.name, each.device.platform, each.device.public_key,
              micros(each.device.enrolled_at)) for key, each in pairs],
        )  # fmt: skip
        self._sql.executemany(
            "INSERT INTO device_state (device_key, epoch, mark, last_digest, recent, last_seen_at, agent_version,"
            " sections, hearing, changed_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_state(key, each) for key, each in pairs],
        )
        self._sql.executemany(
            "INSERT INTO section_content (device_key, kind, digest, content, received_at) VALUES (?, ?, ?, ?, ?)",
            [(key, some.kind, some.digest, some.content, micros(some.since))
             for key, each in pairs for some in each.sections if some.digest],
        )  # fmt: skip
        self._sql.executemany(
            "INSERT INTO section_span (device_key, kind, outcome, reason, digest, seen_from) VALUES (?, ?, ?, ?, ?, ?)",
            [(key, some.kind, some.outcome, some.reason, some.digest, micros(some.since))
             for key, each in pairs for some in each.sections],
        )  # fmt: skip
        self._sql.executemany(
            "INSERT INTO egress_span (device_key, address, body, seen_from, seen_until) VALUES (?, ?, ?, ?, ?)",
            [(key, bytes.fromhex(exit_.origin.address.digest), _body(exit_), micros(exit_.first), micros(exit_.until))
             for key, each in pairs for exit_ in each.exits],
        )  # fmt: skip

    def close(self) -> None:
        """Writes the log into the file."""
        self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._sql.close()


def _state(key: int, each: LoadedDevice) -> tuple[object, ...]:
    device = each.device
    seen = micros(device.last_seen_at or device.enrolled_at)
    times = {
        some.kind: (micros(some.seen), micros(some.seen) if some.outcome in ("found", "none") else 0, False)
        for some in each.sections
    }
    return (
        key, device.epoch, device.mark, bytes.fromhex(device.last_digest), _NOTHING_RECENT, seen, device.agent_version,
        _pack.encode(times), packed(Hearing()), seen, seen,
    )  # fmt: skip


def _body(exit_: LoadedExit) -> bytes:
    origin = exit_.origin
    days = sorted(day.toordinal() - _EPOCH for day in exit_.days)[-EGRESS_DAYS - 1 :]
    return _pack.encode(
        _Body(
            key_id=origin.address.key_id, scope=origin.address.scope, kind=origin.kind, asn=origin.asn,
            network=origin.network, country=origin.country, days=days,
            block=origin.block.digest if origin.block else "",
        )
    )  # fmt: skip
