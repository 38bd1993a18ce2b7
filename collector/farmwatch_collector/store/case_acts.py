"""What people do to a case, inside the writer's transaction: each act changes, is told, and leaves an audit line."""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, exists, insert, select, update

from ..assessment import Assessment
from ..cases import LONGEST_NAME, LONGEST_TEXT, Case, CaseConflict, CaseError, Closing, closing, written
from ..expectations import expectations_from
from . import tables as t
from .case_following import case_from, tell
from .times import micros

_assessments = msgspec.json.Decoder(Assessment)


#: How long an act may wait for the writer.
_WRITTEN_WITHIN = timedelta(seconds=5)


def _case(connection: Connection, number: int, version: int | None, *, closed: bool = False) -> tuple[Case, int]:
    """Returns a case with its device's key; raises CaseError when it is not there or not as the caller has seen it."""
    head = t.case_head
    row = connection.execute(
        select(head, t.device.c.device).join(t.device, t.device.c.key == head.c.device_key).where(head.c.id == number)
    ).first()
    if row is None:
        raise CaseError(f"There is no case {number}. List them: farmwatch cases list.")
    case = case_from(row, row.device)
    if (case.state == "closed") != closed:
        state = "closed already" if case.state == "closed" else "still open"
        raise CaseConflict(f"Case {number} is {state}; nothing was changed. Look at it again.")
    if version is not None and version != case.version:
        raise CaseConflict(f"Case {number} has changed since you looked at it; nothing was changed. Look at it again.")
    return case, row.device_key


def _update(connection: Connection, case: Case, at: datetime, **values: object) -> None:
    head = t.case_head
    changed = connection.execute(
        update(head)
        .where(head.c.id == case.id, head.c.version == case.version)
        .values(version=case.version + 1, changed_at=micros(at), **values)
    )
    if changed.rowcount != 1:
        raise CaseConflict(f"Case {case.id} was changed at the same moment; nothing was changed. Look at it again.")


def assign(connection: Connection, number: int, at: datetime, actor: str, owner: str, version: int | None) -> None:
    """Gives a case to somebody; "" to nobody."""
    owner = written(owner, "An owner", LONGEST_NAME, line=True)
    case, _ = _case(connection, number, version)
    _update(connection, case, at, owner=owner, standing="ongoing")
    tell(connection, number, at, actor, "assigned", f"to {owner or 'nobody'}", case.owner, owner)


def note(connection: Connection, number: int, at: datetime, actor: str, text: str) -> None:
    """Adds a note to an open or closed case."""
    text = written(text, "A note", LONGEST_TEXT)
    if not text:
        raise CaseError("An empty note says nothing; nothing was changed.")
    head = t.case_head
    state = connection.execute(select(head.c.state).where(head.c.id == number)).scalar()
    case, _ = _case(connection, number, None, closed=state == "closed")
    _update(connection, case, at, standing="ongoing")
    tell(connection, number, at, actor, "noted", text, after=text)


def wait(connection: Connection, number: int, at: datetime, actor: str, on: str, version: int | None) -> None:
    """Marks a case as waiting on somebody; "" ends the wait."""
    on = written(on, "Whom a case waits on", LONGEST_NAME, line=True)
    case, _ = _case(connection, number, version)
    _update(connection, case, at, waiting_on=on, state="waiting" if on else "open", standing="ongoing")
    words = f"on {on}" if on else "no longer"
    tell(connection, number, at, actor, "waiting", words, case.waiting_on, on)


def close(
    connection: Connection,
    number: int,
    at: datetime,
    actor: str,
    closed_as: str,
    reason: str,
    until: str,
    version: int | None,
) -> Closing:
    """Closes a case; a sanctioned or benign close writes what it expects, and has the device judged again."""
    how = closing(closed_as, reason, until, at)
    case, key = _case(connection, number, version)
    body = connection.execute(select(t.assessment.c.body).where(t.assessment.c.device_key == key)).scalar()
    now = None if body is None else _assessments.decode(body)
    rest = None if how.until is not None else (now.points if now else case.points)
    _update(
        connection,
        case,
        at,
        state="closed",
        standing="ongoing",
        waiting_on="",
        closed_at=micros(at),
        closed_as=how.closed_as,
        reason=how.reason,
        until=None if how.until is None else micros(how.until),
        rest=rest,
        fell=0,
        low_since=None,
    )
    if how.until is not None and now is not None:
        _expect(connection, case, key, now, at, how, case.owner or actor)
        _judge_again(connection, key, at)
    end = f", expected until {how.until:%Y-%m-%d %H:%M} UTC" if how.until else ""
    decided = f"{how.closed_as}{end}: {how.reason}"
    tell(connection, number, at, actor, "closed", f"as {decided}", case.state, decided)
    return how


def _expect(
    connection: Connection, case: Case, key: int, now: Assessment, at: datetime, how: Closing, owner: str
) -> None:
    assert how.until is not None
    rows = [
        {
            "device_key": key,
            "case_id": case.id,
            "detector": each.detector,
            "subject": each.subject,
            "fingerprint": each.fingerprint,
            "level": each.level,
            "group": each.group,
            "groups": " ".join(each.groups),
            "begins_at": micros(at),
            "until": micros(each.until),
            "owner": each.owner,
            "reason": each.reason,
        }
        for each in expectations_from(now, case.id, how.until, owner, how.reason)
    ]
    if rows:
        connection.execute(insert(t.expectation), rows)


def reopen(connection: Connection, number: int, at: datetime, actor: str, reason: str) -> None:
    """Opens a closed case again and ends what its close expected: for a decision that was wrong."""
    reason = written(reason, "A reason", LONGEST_TEXT)
    if not reason:
        raise CaseError("A reason is needed to open a case again; nothing was changed.")
    case, key = _case(connection, number, None, closed=True)
    head = t.case_head
    another = connection.execute(select(exists().where(head.c.device_key == key, head.c.closed_at.is_(None)))).scalar()
    if another:
        raise CaseConflict(f"Another case about this device is open; case {number} stays closed. Work on that one.")
    expectation = t.expectation
    connection.execute(
        update(expectation)
        .where(expectation.c.case_id == number, expectation.c.until > micros(at))
        .values(until=micros(at))
    )
    values = {"closed_at": None, "closed_as": "", "reason": "", "until": None, "rest": None, "fell": 0}
    _update(connection, case, at, state="open", standing="ongoing", low_since=None, **values)
    _judge_again(connection, key, at)
    tell(connection, number, at, actor, "reopened", reason, case.closed_as, f"open: {reason}")


def _judge_again(connection: Connection, key: int, at: datetime) -> None:
    """Makes a device due, also when it is being judged right now.

    An act is written a moment after `at`: a judgement that began in between still saw what was before, and is repeated.
    """
    state = t.device_state
    values = {"due_at": micros(at), "changed_at": micros(at + _WRITTEN_WITHIN)}
    connection.execute(update(state).where(state.c.device_key == key).values(values))
