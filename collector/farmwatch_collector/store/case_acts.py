"""What people do to a case, inside the writer's transaction: each act changes, is told, and leaves an audit line."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, exists, insert, select, update

from ..assessment import Assessment
from ..cases import LONGEST_NAME, LONGEST_TEXT, Case, CaseConflict, CaseError, Closing, closing, written
from ..expectations import expectations_from
from . import farm_acts
from . import tables as t
from .case_following import case_from, tell
from .farm_following import members, points_of
from .times import micros

_assessments = msgspec.json.Decoder(Assessment)


def _case(connection: Connection, number: int, version: int | None, *, closed: bool = False) -> tuple[Case, int | None]:
    """Returns a case with its device's key, None of a farm's; raises CaseError when it is not there or not as the
    caller has seen it."""
    head = t.case_head
    row = connection.execute(
        select(head, t.device.c.device)
        .outerjoin(t.device, t.device.c.key == head.c.device_key)
        .where(head.c.id == number)
    ).first()
    if row is None:
        raise CaseError(f"There is no case {number}. List them: farmwatch cases list.")
    case = case_from(row, row.device, members(connection, number))
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
    place: str = "",
) -> Closing:
    """Closes a case; a sanctioned or benign close writes what it expects, and has its devices judged again."""
    how = closing(closed_as, reason, until, at)
    case, key = _case(connection, number, version)
    if place and (case.farm is None or how.until is None):
        raise CaseError("A place goes with a sanctioned or benign close of a farm's case only; nothing was changed.")
    now = None if key is None else _assessment(connection, key)
    points = points_of(connection, case.farm) if case.farm is not None else now.points if now else None
    rest = None if how.until is not None else case.points if points is None else points
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
    if how.until is not None:
        if case.farm is not None:
            farm_acts.explain(connection, case, at, actor, how, place)
        elif key is not None and now is not None:
            _expect(connection, case, key, now, at, how, case.owner or actor)
        farm_acts.judge_again(connection, _keys(connection, case, key), at)
    end = f", expected until {how.until:%Y-%m-%d %H:%M} UTC" if how.until else ""
    decided = f"{how.closed_as}{end}: {how.reason}"
    tell(connection, number, at, actor, "closed", f"as {decided}", case.state, decided)
    return how


def _assessment(connection: Connection, key: int) -> Assessment | None:
    body = connection.execute(select(t.assessment.c.body).where(t.assessment.c.device_key == key)).scalar()
    return None if body is None else _assessments.decode(body)


def _keys(connection: Connection, case: Case, key: int | None) -> Sequence[int]:
    return farm_acts.member_keys(connection, case) if key is None else [key]


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
    about = head.c.device_key == key if key is not None else head.c.farm_id == case.farm
    another = connection.execute(select(exists().where(about, head.c.closed_at.is_(None)))).scalar()
    if another:
        raise CaseConflict(
            f"Another case about this {case.kind} is open; case {number} stays closed. Work on that one."
        )
    expectation = t.expectation
    connection.execute(
        update(expectation)
        .where(expectation.c.case_id == number, expectation.c.until > micros(at))
        .values(until=micros(at))
    )
    farm_acts.take_back(connection, case, at, actor, reason)
    values = {"closed_at": None, "closed_as": "", "reason": "", "until": None, "rest": None, "fell": 0}
    _update(connection, case, at, state="open", standing="ongoing", low_since=None, **values)
    farm_acts.judge_again(connection, _keys(connection, case, key), at)
    tell(connection, number, at, actor, "reopened", reason, case.closed_as, f"open: {reason}")
