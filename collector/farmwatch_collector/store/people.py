"""Roster and personal facts in SQLAlchemy Core: the roster for everybody, the facts inside the writer's transaction."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from farmwatch_detectors.policy import RosterEntry

from ..roster.record import PersonRecord
from ..roster.serials import by_device
from . import tables as t
from .protocol_people import KeptPerson
from .times import micros, moment

AT_ONCE = 500
_entries = msgspec.json.Decoder(RosterEntry)
_records = msgspec.json.Decoder(PersonRecord)


def same_laptop() -> ColumnElement[bool]:
    """Returns whether a row of the roster is a device's: by its id, else by the serial that it reported."""
    named = t.roster.alias("named")
    by_id = select(named.c.device).where(named.c.device == t.device.c.device).scalar_subquery()
    serial = t.device_serial
    by_serial = select(serial.c.roster_key).where(serial.c.device_key == t.device.c.key).scalar_subquery()
    return t.roster.c.device == func.coalesce(by_id, by_serial)


def roster_rows(connection: Connection) -> dict[str, RosterEntry]:
    """Returns the roster as it was imported, by device id or `serial:<digest>`."""
    return {row.device: _entries.decode(row.body) for row in connection.execute(select(t.roster))}


def roster_digests(connection: Connection) -> dict[str, tuple[str, bytes]]:
    """Returns each row's person and a digest of what it says: a third of the memory of the rows themselves."""
    rows = connection.execute(select(t.roster.c.device, t.roster.c.words, t.roster.c.body))
    return {row.device: (row.words.partition("\n")[0], digest_of(bytes(row.body))) for row in rows}


def serials(connection: Connection) -> list[tuple[str, str]]:
    """Returns the devices that reported a serial, each with the roster's key of it, in order of enrolment."""
    query = (
        select(t.device.c.device, t.device_serial.c.roster_key)
        .join(t.device_serial, t.device_serial.c.device_key == t.device.c.key)
        .order_by(t.device.c.key)
    )
    return [(row.device, row.roster_key) for row in connection.execute(query)]


def at_devices(connection: Connection, rows: Mapping[str, RosterEntry]) -> dict[str, RosterEntry]:
    """Returns rows of the roster under the ids of the devices that bear their serials."""
    return by_device(rows, serials(connection))


def set_serial(connection: Connection, device: str, key: str) -> None:
    """Keeps the serial that a device reports; "" drops it."""
    mine = select(t.device.c.key).where(t.device.c.device == device)
    number = connection.execute(mine).scalar()
    connection.execute(delete(t.device_serial).where(t.device_serial.c.device_key == number))
    if key and number is not None:
        connection.execute(insert(t.device_serial).values(device_key=number, roster_key=key))


def replace_roster(connection: Connection, entries: Mapping[str, RosterEntry], at: int) -> None:
    """Replaces the roster; the facts of a person who is in it no more go some days from now, as the table says."""
    connection.execute(delete(t.roster))
    rows = (
        {
            "device": device,
            "body": msgspec.json.encode(entry),
            "words": "\n".join((entry.person, entry.cohort, entry.site)),
        }
        for device, entry in entries.items()
    )
    while part := list(islice(rows, AT_ONCE)):
        connection.execute(insert(t.roster), part)
    named = {entry.person for entry in entries.values()}
    record = t.person_record
    kept = connection.execute(select(record.c.id, record.c.person, record.c.left_at)).all()
    gone = [row.id for row in kept if row.left_at is None and row.person not in named]
    back = [row.id for row in kept if row.left_at is not None and row.person in named]
    for ids, left_at in ((gone, at), (back, None)):
        for start in range(0, len(ids), AT_ONCE):
            chosen = record.c.id.in_(ids[start : start + AT_ONCE])
            connection.execute(update(record).where(chosen).values(left_at=left_at))


def import_roster(
    connection: Connection,
    entries: Mapping[str, RosterEntry],
    records: Iterable[PersonRecord],
    at: datetime,
    actor: str,
) -> None:
    """Replaces roster and personal facts together; facts that the file states no more are deleted."""
    replace_roster(connection, entries, micros(at))
    table = t.person_record
    kept = {row.person: row.id for row in connection.execute(select(table.c.person, table.c.id))}
    here = table.c.id == bindparam("row")
    change = update(table).where(here).values(body=bindparam("body"), imported_at=bindparam("imported_at"))
    waiting = iter(records)
    while part := list(islice(waiting, AT_ONCE)):
        new: list[dict[str, object]] = []
        changed: list[dict[str, object]] = []
        for record in part:
            values = {"body": msgspec.json.encode(record), "imported_at": micros(at)}
            number = kept.pop(record.person, None)
            if number is None:
                new.append({"person": record.person, **values})
            else:
                changed.append({"row": number, **values})
        if new:
            connection.execute(insert(table), new)
        if changed:
            connection.execute(change, changed)
    named = {entry.person for entry in entries.values()}
    emptied = [number for person, number in kept.items() if person in named]
    for start in range(0, len(emptied), AT_ONCE):
        connection.execute(delete(table).where(table.c.id.in_(emptied[start : start + AT_ONCE])))
    _note(connection, at, actor, "imported roster", "", f"{len(named)} people, {len(entries)} laptops")


def digests(connection: Connection) -> dict[str, bytes]:
    """Returns a digest of each person's facts, so that an import can say how many change."""
    table = t.person_record
    rows = connection.execute(select(table.c.person, table.c.body))
    return {row.person: digest_of(bytes(row.body)) for row in rows}


def digest_of(body: bytes) -> bytes:
    """Returns what `digests` holds for these facts."""
    return hashlib.blake2b(body, digest_size=16).digest()


def person(connection: Connection, name: str, at: datetime, actor: str) -> KeptPerson | None:
    """Returns a person's facts and leaves an audit line, that nobody was found too."""
    table = t.person_record
    row = connection.execute(select(table).where(table.c.person == name)).first()
    _note(connection, at, actor, "read personal facts", name, "" if row else "none kept")
    if row is None:
        return None
    return KeptPerson(
        record=_records.decode(bytes(row.body)),
        imported_at=moment(row.imported_at),
        left_at=None if row.left_at is None else moment(row.left_at),
    )


def forget(connection: Connection, name: str, at: datetime, actor: str) -> bool:
    """Deletes a person's facts at once, and returns whether there were any."""
    table = t.person_record
    found = connection.execute(delete(table).where(table.c.person == name)).rowcount > 0
    _note(connection, at, actor, "deleted personal facts", name, "" if found else "none kept")
    return found


def _note(connection: Connection, at: datetime, actor: str, action: str, subject: str, after: str) -> None:
    values = {"at": micros(at), "actor": actor, "action": action, "subject": subject, "before": "", "after": after}
    connection.execute(insert(t.audit).values(**values))
