"""Notices of new cases that wait to be taken: claimed for a while, sent, or put off. At least once, under one name."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, select, update

from . import tables as t
from .protocol_cases import Notice
from .times import micros, moment

LEASE = timedelta(minutes=2)
"""How long a claimed notice is left to who claimed it: longer than one delivery may take."""


def any_due(connection: Connection, now: datetime, channels: Sequence[str]) -> bool:
    """Whether a notice waits on one of these channels."""
    return connection.execute(_due(now, channels)).first() is not None


def _due(now: datetime, channels: Sequence[str]) -> Select[Any]:
    notice = t.notice
    return (
        select(notice)
        .where(notice.c.sent_at.is_(None), notice.c.due_at <= micros(now), notice.c.channel.in_(channels))
        .order_by(notice.c.due_at, notice.c.id)
        .limit(1)
    )


def claim(connection: Connection, now: datetime, channels: Sequence[str]) -> Notice | None:
    """Returns the notice that has waited longest, put off for as long as one delivery takes; None when none is due."""
    notice = t.notice
    row = connection.execute(_due(now, channels)).first()
    if row is None:
        return None
    claimed = connection.execute(
        update(notice)
        .where(notice.c.id == row.id, notice.c.due_at == row.due_at, notice.c.sent_at.is_(None))
        .values(due_at=micros(now + LEASE), attempts=row.attempts + 1)
    )
    if claimed.rowcount != 1:
        return None  # another collector was faster
    return Notice(
        name=row.name,
        case=row.case_id,
        channel=row.channel,
        body=bytes(row.body),
        made_at=moment(row.made_at),
        attempts=row.attempts + 1,
    )


def sent(connection: Connection, name: str, at: datetime) -> None:
    """Marks a notice as taken."""
    connection.execute(
        update(t.notice).where(t.notice.c.name == name).values(sent_at=micros(at), due_at=None, problem="")
    )


def put_off(connection: Connection, name: str, problem: str, due_at: datetime | None) -> None:
    """Records why a notice was not taken; without another time it is given up."""
    connection.execute(
        update(t.notice)
        .where(t.notice.c.name == name, t.notice.c.sent_at.is_(None))
        .values(problem=problem[:500], due_at=None if due_at is None else micros(due_at))
    )


def waiting(connection: Connection) -> list[Notice]:
    """Returns what has not been taken, oldest first."""
    query = select(t.notice).where(t.notice.c.sent_at.is_(None)).order_by(t.notice.c.id)
    return [
        Notice(
            name=row.name,
            case=row.case_id,
            channel=row.channel,
            body=bytes(row.body),
            made_at=moment(row.made_at),
            attempts=row.attempts,
            problem=row.problem,
            given_up=row.due_at is None,
        )
        for row in connection.execute(query)
    ]
