"""What a store tells of public addresses and sign-ins, in SQLAlchemy Core."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import sqlite

from farmwatch_detectors.placing import Egress, SignIn

from . import tables as t
from .egress_spans import egress_of
from .protocol_network import EGRESS_DAYS
from .times import micros

MAX_EGRESS = 500
MAX_SIGN_INS = 1_000

_DAY = 86_400_000_000
_sign_ins = msgspec.json.Decoder(SignIn)

# Read for every judgement: building it anew each time cost more than running it.
_EGRESS = (
    select(t.egress_span.c.address, t.egress_span.c.body, t.egress_span.c.seen_from, t.egress_span.c.seen_until)
    .where(t.egress_span.c.device_key == bindparam("key"), t.egress_span.c.seen_until >= bindparam("since"))
    .order_by(t.egress_span.c.seen_until.desc(), t.egress_span.c.id.desc())
    .limit(MAX_EGRESS)
)


def egress(connection: Connection, key: int, now: datetime) -> tuple[Egress, ...]:
    """Returns a device's addresses of the last 30 days, oldest first; the latest ones when there are very many."""
    since = micros(now - timedelta(days=EGRESS_DAYS))
    rows = connection.execute(_EGRESS, {"key": key, "since": since}).all()
    today = micros(now) // _DAY
    found = [egress_of(row.address, row.body, row.seen_from, row.seen_until, today) for row in rows]
    return tuple(sorted(found, key=lambda each: (each.seen_from, each.address.digest)))


def egress_by_id(connection: Connection, device: str, now: datetime) -> list[Egress]:
    """The same by the device's id; [] for an unknown one."""
    key = connection.execute(select(t.device.c.key).where(t.device.c.device == device)).scalar()
    return [] if key is None else list(egress(connection, key, now))


def add_sign_ins(connection: Connection, found: Mapping[str, Sequence[SignIn]]) -> int:
    """Adds what is not there yet; returns how many were new."""
    rows = [
        {
            "person": person,
            "at": micros(one.at),
            "digest": hashlib.sha256(_told(one)).digest()[:16],
            "body": msgspec.json.encode(one),
        }
        for person, sign_ins in found.items()
        for one in sign_ins
    ]
    statement = sqlite.insert(t.sign_in).on_conflict_do_nothing()
    return sum(connection.execute(statement.values(row)).rowcount for row in rows)


def _told(one: SignIn) -> bytes:
    """What was told of a sign-in, without what we found out about it: newer data would make it another one."""
    address = one.address.digest if one.address else ""
    country = "" if address else one.country
    return msgspec.json.encode((address, country, one.latitude, one.longitude))


def set_sign_in_token(connection: Connection, digest: bytes) -> None:
    """Puts the token's digest in the place of the one before."""
    statement = sqlite.insert(t.setting).values(name="sign_in_token", value=digest)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": digest}))


def sign_ins(connection: Connection, person: str, since: datetime) -> list[SignIn]:
    """Returns a person's sign-ins at or after `since`, oldest first."""
    rows = connection.execute(
        select(t.sign_in.c.body)
        .where(t.sign_in.c.person == person, t.sign_in.c.at >= micros(since))
        .order_by(t.sign_in.c.at.desc(), t.sign_in.c.id.desc())
        .limit(MAX_SIGN_INS)
    ).scalars()
    return [_sign_ins.decode(body) for body in rows][::-1]
