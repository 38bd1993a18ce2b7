"""Cases now against cases with changed level tables, over a collector's stored history. Nothing is written.

What the store keeps is what was stated, and when: findings and levels. They are weighed again at each moment at
which anything changed, once with either set of tables. What detectors would state today about past facts is not
replayed, nor whom a policy of another day allowed.
"""

import difflib
import json
import os
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import cache
from inspect import cleandoc
from typing import Any, Literal

import msgspec

from farmwatch_detectors.detector import Level, LevelTableError, parse_level_table
from farmwatch_detectors.groups import SilenceRow, parse_silence_table, silence_table
from farmwatch_detectors.policy import Policy
from farmwatch_detectors.registry import DETECTORS
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.finding import GROUPS, Finding, Group

from .assessment import Assessment, AttentionLevel
from .evaluate import handed_over, prior_of, table_of
from .flagging import FLAGGED, Flag
from .input_error import InputError, read_text
from .score import group_levels, score_levels
from .store.protocol_history import DeviceHistory, Stood

MAX_TABLE = 1 << 20
GROUPS_FILE = "groups.toml"
DAY = timedelta(days=1)

#: Why a group's silence is not weighed where changed tables leave nothing of what spoke for it.
NOT_STORED = "what its silence would weigh beside the evidence was not stored"

LIMITS = (
    "Detectors are not run again: what they stated then is weighed anew, what they would state today is not known.",
    "A finding that changed in place while it stood (its words, or whether it was sanctioned) counts as it was last.",
    "Sanctions and expectations count as when each finding was last stated; --policy changes base rates only.",
    "Where changed tables leave nothing of what spoke for a group, its silence counts nothing: it was not stored.",
)


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """Level tables by detector and the groups' silence; `changed` names what differs from what is shipped."""

    levels: Mapping[str, Mapping[int, Level]]
    silence: Mapping[Group, SilenceRow]
    changed: tuple[str, ...] = ()


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """Cases with one set of tables.

    cases      new cases within the time looked at; a device flagged before it began is none
    flagged    devices at review or above at its end
    per_1000   new cases per 1,000 devices and day
    """

    cases: int
    flagged: int
    per_1000: float


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A device that is a case with one set of tables only; points are the highest within the time."""

    device: str
    name: str
    points_now: int
    points_after: int
    detectors: tuple[str, ...]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A case that a person closed within the time, and whether its device reached review while it was open."""

    case: int
    device: str
    name: str
    closed_as: str
    points_now: int
    points_after: int
    flagged_now: bool
    flagged_after: bool


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The whole comparison. `tables` says what was changed, `limits` what could not be replayed."""

    since: datetime
    until: datetime
    devices: int
    device_days: float
    tables: tuple[str, ...]
    now: Side
    after: Side
    entering: tuple[Change, ...]
    leaving: tuple[Change, ...]
    decided: tuple[Decided, ...]
    limits: tuple[str, ...] = LIMITS


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What `farmwatch backtest --json` prints; `code` is the exit code."""

    schema: Literal["farmwatch-backtest-v1"] = "farmwatch-backtest-v1"
    ok: bool
    code: int
    versions: str
    result: Result | None = None
    error: str = ""


@cache
def shipped() -> Tables:
    """Returns the tables of this program."""
    return Tables(levels={each.id: table_of(each.id) for each in DETECTORS}, silence=silence_table())


def changed_tables(folder: str) -> Tables:
    """Returns the shipped tables with those of a folder in their place: `<detector>.toml`, `groups.toml`.

    Raises InputError that names file and remedy for a folder without tables, a name that is no detector's, and a
    table that breaks a rule.
    """
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".toml"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(folder, 0, "", f"cannot be read: {reason}.", "Give a folder of changed tables.") from error
    if not names:
        remedy = f"Copy <detector>.toml or {GROUPS_FILE} of farmwatch_detectors there and change it."
        raise InputError(folder, 0, "", "holds no table.", remedy)
    levels = dict(shipped().levels)
    silence = shipped().silence
    changed: list[str] = []
    for name in names:
        path = os.path.join(folder, name)
        text = read_text(path, MAX_TABLE)
        detector = name.removesuffix(".toml")
        if name != GROUPS_FILE and detector not in levels:
            near = difflib.get_close_matches(detector, levels, n=1)
            remedy = f"Did you mean {near[0]}.toml?" if near else "docs/detectors.md lists the detectors."
            raise InputError(path, 0, "", "is no detector's table.", remedy)
        try:
            if name == GROUPS_FILE:
                rows = parse_silence_table(text)
                changed += _differences(silence, rows, GROUPS_FILE)
                silence = rows
            else:
                table = parse_level_table(text, detector)
                changed += _differences(levels[detector], table, name)
                levels[detector] = table
        except LevelTableError as error:
            raise InputError(path, _line_of(text), "", f"{error}", "") from error
    return Tables(levels=levels, silence=silence, changed=tuple(changed))


def _line_of(text: str) -> int:
    """Returns the last line that can be read when a text is no TOML; 0 when it is."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        for number in range(text.count("\n") + 1, 0, -1):
            try:
                tomllib.loads("\n".join(text.split("\n")[: number - 1]))
            except tomllib.TOMLDecodeError:
                continue
            return number
    return 0


def _differences(
    before: Mapping[int, Level] | Mapping[Group, SilenceRow],
    after: Mapping[int, Level] | Mapping[Group, SilenceRow],
    name: str,
) -> list[str]:
    """Returns, in words, which rows weigh otherwise."""
    old = {str(key): _shares(row) for key, row in before.items()}
    new = {str(key): _shares(row) for key, row in after.items()}
    return [
        f"{name} {key}: {old.get(key, 'not there')} becomes {new.get(key, 'not there')}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def _shares(row: Level | SilenceRow) -> str:
    if isinstance(row, Level):
        return f"m {row.m:g}, u {row.u:g}, {row.basis}, half-life {row.half_life_days:g} days"
    return f"m0 {row.m0:g}, u0 {row.u0:g}, {row.basis}"


class _Course:
    """One device with one set of tables."""

    def __init__(self) -> None:
        self.flag = Flag()
        self.cases = 0
        self.points = 0
        self.attention: AttentionLevel = "none"
        self.detectors: dict[str, None] = {}
        self.marks: list[tuple[datetime, int, bool]] = []

    def see(self, result: Assessment, *, new: bool) -> None:
        """Takes in an assessment; a case that is not `new` stood before the time that is looked at."""
        flagged = result.attention in FLAGGED
        if self.flag.see(result.at, result.points, result.attention) and new:
            self.cases += 1
        self.points = max(self.points, result.points)
        self.attention = result.attention
        self.marks.append((result.at, result.points, flagged))
        if flagged:
            self.detectors.update(dict.fromkeys(level.detector for level in result.groups if level.bits > 0))

    @property
    def was_case(self) -> bool:
        """It stood at review or above at some moment."""
        return any(flagged for _, _, flagged in self.marks)


def compare(
    histories: Iterable[DeviceHistory], since: datetime, until: datetime, after: Tables, policy: Policy
) -> Result:
    """Returns cases with the shipped tables beside cases with others, from `since` to `until`.

    histories  with every span that held at or after `since`
    """
    devices = 0
    days = 0.0
    now_side, after_side = [0, 0], [0, 0]
    entering: list[Change] = []
    leaving: list[Change] = []
    decided: list[Decided] = []
    for history in histories:
        begun = max(since, history.enrolled_at)
        if begun >= until:
            continue
        devices += 1
        days += (until - begun) / DAY
        if not _can_matter(history, policy):
            continue
        courses = _Course(), _Course()
        for at in _moments(history, since, until):
            for course, tables in zip(courses, (shipped(), after), strict=True):
                course.see(weighed(history, at, tables, policy), new=at > since or history.enrolled_at >= since)
        now, then = courses
        for side, course in ((now_side, now), (after_side, then)):
            side[0] += course.cases
            side[1] += course.attention in FLAGGED
        in_now, in_then = now.was_case, then.was_case
        if in_now != in_then:
            (entering if in_then else leaving).append(
                Change(
                    device=history.device,
                    name=history.name,
                    points_now=now.points,
                    points_after=then.points,
                    detectors=tuple((then if in_then else now).detectors),
                )
            )
        decided += _decided(history, now, then, since)
    return Result(
        since=since,
        until=until,
        devices=devices,
        device_days=days,
        tables=after.changed,
        now=_side(now_side, days),
        after=_side(after_side, days),
        entering=tuple(sorted(entering, key=lambda each: (-each.points_after, each.device))),
        leaving=tuple(sorted(leaving, key=lambda each: (-each.points_now, each.device))),
        decided=tuple(sorted(decided, key=lambda each: each.case)),
    )


def _side(counts: Sequence[int], days: float) -> Side:
    return Side(cases=counts[0], flagged=counts[1], per_1000=counts[0] / days * 1000 if days else 0.0)


def _can_matter(history: DeviceHistory, policy: Policy) -> bool:
    """Whether a device can be a case at all: it never is without evidence, unless base rates alone make it one."""
    highest = max([policy.prior, *(cohort.prior for cohort in policy.cohorts)])
    return bool(history.closed) or highest >= 0.1 or any(span.finding.level > 0 for span in history.findings)


def _moments(history: DeviceHistory, since: datetime, until: datetime) -> list[datetime]:
    """Returns when anything changed, the beginning, the end of each day, and the end: evidence fades in between."""
    begun = max(since, history.enrolled_at)
    found = {begun, until}
    for finding in history.findings:
        found |= {finding.seen_from, finding.seen_until or until}
        if finding.finding.seen_until:
            found.add(_gone_at(finding.finding))
    for level in history.levels:
        found |= {level.seen_from, level.seen_until or until}
    midnight = datetime.combine(begun.date() + DAY, time(), tzinfo=UTC)
    while midnight < until:
        found.add(midnight)
        midnight += DAY
    return sorted(at for at in found if begun <= at <= until)


def _gone_at(finding: Finding) -> datetime:
    gone = datetime.fromisoformat(finding.seen_until)
    return gone if gone.tzinfo else gone.replace(tzinfo=UTC)


def weighed(history: DeviceHistory, at: datetime, tables: Tables, policy: Policy) -> Assessment:
    """Returns a device's score at a moment from what is stored of it, with the tables given: no detector runs."""
    view = DeviceView(
        device=history.device,
        now=at,
        enrolled_at=history.enrolled_at,
        sections={},
        policy=policy,
        roster=history.roster,
    )
    findings = [
        _as_then(span.finding, at)
        for span in history.findings
        if span.seen_from <= at and (span.seen_until is None or span.seen_until > at)
    ]
    levels, _ = group_levels(
        findings, _grey(history, at), tables.levels, tables.silence, at, history.enrolled_at, handed_over(view)
    )
    return score_levels(history.device, at, levels, prior_of(view), findings)


def _as_then(finding: Finding, at: datetime) -> Finding:
    """Returns a finding as it was: what went away later was there."""
    if finding.seen_until and _gone_at(finding) > at:
        return msgspec.structs.replace(finding, seen_until="")
    return finding


def _grey(history: DeviceHistory, at: datetime) -> dict[Group, str]:
    grey: dict[Group, str] = dict.fromkeys(GROUPS, "not judged yet")
    for span in history.levels:
        if span.seen_from <= at and (span.seen_until is None or span.seen_until > at):
            grey[span.level.group] = _why_grey(span.level)
    return grey


def _why_grey(level: Stood) -> str:
    if level.level is None:
        return level.grey or NOT_STORED
    return "" if level.level == 0 else NOT_STORED


def _decided(history: DeviceHistory, now: _Course, after: _Course, since: datetime) -> Iterable[Decided]:
    for case in history.closed:
        if case.closed_at < since:
            continue
        best = [
            max(
                ((points, flagged) for at, points, flagged in course.marks if case.opened_at <= at <= case.closed_at),
                default=(0, False),
            )
            for course in (now, after)
        ]
        yield Decided(
            case=case.number,
            device=history.device,
            name=history.name,
            closed_as=case.closed_as,
            points_now=best[0][0],
            points_after=best[1][0],
            flagged_now=best[0][1],
            flagged_after=best[1][1],
        )


def schema() -> dict[str, Any]:
    """Returns the JSON schema of `Document`, as docs/schema/backtest-v1.json holds it."""
    made = msgspec.json.schema(Document)
    for definition in made["$defs"].values():
        # As Python 3.13 keeps docstrings, on every version.
        if "description" in definition:
            definition["description"] = cleandoc(definition["description"])
    title = "farmwatch backtest, version 1"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **made}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2, sort_keys=True) + "\n")
