"""Where reports came from, as rows: raw SQL on the writer's connection, inside the writer's transaction.

A device's latest address is held in memory, so that a report from where the one before came from costs a comparison.
"""

import sqlite3
from collections.abc import Sequence
from datetime import date

import msgspec

from farmwatch_detectors.placing import Egress
from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.report import Answer

from .protocol import Incoming
from .protocol_network import EGRESS_DAYS, MAX_NEW_ADDRESSES_PER_DAY, Origin
from .times import micros, moment

REMEMBERED = 50_000
REFRESH = 6 * 3_600_000_000
"""How old `seen_until` may grow while reports come, microseconds."""

_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1).toordinal()


class _Body(msgspec.Struct, array_like=True):
    """The row's blob. days: since 1970, the latest 31; block: its digest, "" in rows made before it was kept."""

    key_id: str
    scope: str
    kind: str
    asn: int
    network: str
    country: str
    days: list[int]
    block: str = ""


class _Last(msgspec.Struct):
    """A device's latest address: its digest, the day that is noted, last report, and last report that is on disk."""

    key: int
    digest: str
    day: int
    seen: int
    written: int


_pack = msgspec.msgpack.Encoder()
_unpack = msgspec.msgpack.Decoder(_Body)


def egress_of(address: bytes, body: bytes, seen_from: int, seen_until: int, today: int) -> Egress:
    """Returns a row as detectors see it. today: days since 1970."""
    held = _unpack.decode(body)
    block = Identifier(kind="address", key_id=held.key_id, digest=held.block) if held.block else None
    return Egress(
        address=Identifier(kind="address", key_id=held.key_id, digest=address.hex(), scope=held.scope),
        kind=held.kind,
        asn=held.asn,
        network=held.network,
        country=held.country,
        seen_from=moment(seen_from),
        seen_until=moment(seen_until),
        days=tuple(date.fromordinal(_EPOCH + day) for day in held.days if day > today - EGRESS_DAYS),
        block=block,
    )


class EgressSpans:
    """Takes note of origins within a transaction that the writer begins and ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._last: dict[str, _Last] = {}

    def forget(self) -> None:
        """Called after ROLLBACK."""
        self._last.clear()

    def apply(self, batch: Sequence[Incoming], answers: Sequence[Answer]) -> None:
        """Takes the origins of the reports that were accepted."""
        for incoming, answer in zip(batch, answers, strict=True):
            origin = incoming.origin
            if origin is None or answer.status != "accepted":
                continue
            received = micros(incoming.received_at)
            last = self._last.get(incoming.report.device)
            if (
                last is not None
                and last.digest == origin.address.digest
                and last.day == received // _DAY
                and received - last.written < REFRESH
            ):
                last.seen = max(last.seen, received)
                continue
            self._take(incoming.report.device, origin, received, last)

    def _take(self, device: str, origin: Origin, received: int, last: _Last | None) -> None:
        address, day = bytes.fromhex(origin.address.digest), received // _DAY
        if last is not None and last.seen > last.written:
            before = bytes.fromhex(last.digest)
            self._sql.execute(
                "UPDATE egress_span SET seen_until=max(seen_until, ?) WHERE device_key=? AND address=?",
                (last.seen, last.key, before),
            )
        row = self._sql.execute(
            "SELECT d.key, e.id, e.body, e.seen_until FROM device d"
            " LEFT JOIN egress_span e ON e.device_key=d.key AND e.address=?2 WHERE d.device=?1",
            (device, address),
        ).fetchone()
        if row is None:
            return
        key, span, blob, written = row
        days = _unpack.decode(blob).days if span is not None else []
        news = span is None or day not in days
        if news:
            days = sorted({*days, day})[-EGRESS_DAYS - 1 :]
        body = _Body(
            key_id=origin.address.key_id,
            scope=origin.address.scope,
            kind=origin.kind,
            asn=origin.asn,
            network=origin.network,
            country=origin.country,
            days=days,
            block=origin.block.digest if origin.block else "",
        )
        if span is None:
            if self._new_today(key, day) >= MAX_NEW_ADDRESSES_PER_DAY:
                return
            self._sql.execute(
                "INSERT INTO egress_span (device_key, address, body, seen_from, seen_until) VALUES (?, ?, ?, ?, ?)",
                (key, address, _pack.encode(body), received, received),
            )
            written = received
        elif news or received - written >= REFRESH or (last is not None and last.digest != origin.address.digest):
            written = max(written, received)
            self._sql.execute(
                "UPDATE egress_span SET body=?, seen_until=? WHERE id=?", (_pack.encode(body), written, span)
            )
        if news:
            self._sql.execute(
                "UPDATE device_state SET due_at=CASE WHEN due_at IS NULL OR due_at>?1 THEN ?1 ELSE due_at END"
                " WHERE device_key=?2",
                (received, key),
            )
        if len(self._last) >= REMEMBERED:
            self._last.clear()
        self._last[device] = _Last(key, origin.address.digest, day, max(received, written), written)

    def _new_today(self, key: int, day: int) -> int:
        (new,) = self._sql.execute(
            "SELECT count(*) FROM egress_span WHERE device_key=? AND seen_from>=?", (key, day * _DAY)
        ).fetchone()
        return int(new)
