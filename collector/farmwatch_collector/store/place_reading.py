"""Measurements of the last days and what was made of them, in SQLAlchemy Core."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select

from farmwatch_detectors.view import SectionView

from ..place.samples import AHEAD, DAYS, KEPT_DAYS, MOST_SAMPLES, SAMPLED, KeptDay, Sample, Samples, days_since
from . import tables as t
from .times import micros, moment

_days = msgspec.json.Decoder(KeptDay)
_KEY: "BindParameter[int]" = bindparam("key")
_SINCE: "BindParameter[int]" = bindparam("since")
_SAMPLES = (
    select(t.sample.c.id, t.sample.c.observed_at, t.sample.c.content)
    .where(
        t.sample.c.device_key == _KEY,
        t.sample.c.kind == bindparam("kind"),
        t.sample.c.observed_at >= _SINCE,
        t.sample.c.observed_at <= bindparam("until"),
    )
    .order_by(t.sample.c.id.desc())
    .limit(MOST_SAMPLES)
)
_DAYS = (
    select(t.place_day.c.body)
    .where(t.place_day.c.device_key == _KEY, t.place_day.c.day >= _SINCE)
    .order_by(t.place_day.c.day)
)


def samples(connection: Connection, key: int, now: datetime) -> Mapping[str, Sequence[SectionView]]:
    """Returns a view's samples, with what was made of their days before; an empty mapping when there are none."""
    values = {"key": key, "since": micros(days_since(now, DAYS)), "until": micros(now + AHEAD)}
    stored = {
        kind: [
            Sample(moment(observed_at), content, number)
            for number, observed_at, content in connection.execute(_SAMPLES, {**values, "kind": kind})
        ]
        for kind in SAMPLED
    }
    if not any(stored.values()):
        return {}
    return Samples(stored, _kept(connection, key, days_since(now, KEPT_DAYS).date()))


def place_days(connection: Connection, device: str, since: date) -> list[KeptDay]:
    """Returns what was made of a device's days, oldest first."""
    key = connection.execute(select(t.device.c.key).where(t.device.c.device == device)).scalar()
    return [] if key is None else _kept(connection, key, since)


def _kept(connection: Connection, key: int, since: date) -> list[KeptDay]:
    rows = connection.execute(_DAYS, {"key": key, "since": since.toordinal()}).scalars()
    return [_days.decode(body) for body in rows]


def save_place_days(connection: Connection, device: str, days: Sequence[KeptDay], at: datetime) -> None:
    """Puts days in place of those that were kept before."""
    key = connection.execute(select(t.device.c.key).where(t.device.c.device == device)).scalar()
    if key is None or not days:
        return
    table = t.place_day
    numbers = [each.day.toordinal() for each in days]
    connection.execute(delete(table).where(table.c.device_key == key, table.c.day.in_(numbers)))
    connection.execute(
        insert(table),
        [
            {
                "device_key": key,
                "day": number,
                "basis": each.basis,
                "body": msgspec.json.encode(each),
                "at": micros(at),
            }
            for number, each in zip(numbers, days, strict=True)
        ],
    )
