"""Which findings a closed case explains: a sanctioned or benign close says what may be there, and until when.

While it holds, such a finding is shown and counts as nothing; everything else counts as always. It is told by
detector, subject and fingerprint, holds up to the level that was looked at, never for agent integrity, and not
while a group that was not there at the close lifts the device to urgent.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from farmwatch_detectors.policy import Expectation
from farmwatch_schema.finding import Finding, Group

from .assessment import Assessment, GroupLevel

#: Signs that an agent was tampered with are never expected.
NEVER: frozenset[Group] = frozenset({"A"})

# What moves while the thing stays the same: counts, shares, dates and lengths of time.
_MOVING = re.compile(
    r"\b\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:\d\d)?)?"
    r"|\b[\d.,]+ ?(?:%|of [\d,]+\b|(?:working )?(?:days?|nights?|hours?|minutes?|seconds?|min|ms|h|s)\b"
    r"|(?:devices?|laptops?|times?|events?|reports?)\b)"
)


def fingerprint(finding: Finding) -> str:
    """Returns 16 hex digits that stay while a finding quotes the same facts, whatever its counts and dates are.

    Evidence from the fleet names its other holders, who come and go: there the subject alone tells.
    """
    facts = sorted({f"{each.kind}\0{_MOVING.sub('#', each.fact)}" for each in finding.evidence if each.kind != "fleet"})
    parts = [finding.detector, finding.subject, *facts]
    return hashlib.sha256("\0\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def counts(finding: Finding) -> bool:
    """Whether a finding can weigh anything: it is neither harmless nor sanctioned."""
    return finding.level > 0 and not finding.sanctioned


def evidence_of(findings: Iterable[Finding]) -> str:
    """Returns one digest over everything that counts, so that a change of it can be told."""
    each = sorted(f"{fingerprint(finding)} {finding.level}" for finding in findings if counts(finding))
    return hashlib.sha256("\n".join(each).encode()).hexdigest()[:16]


def counting(levels: Iterable[GroupLevel]) -> frozenset[Group]:
    """Returns the groups that speak for a farm laptop."""
    return frozenset(level.group for level in levels if level.bits > 0 or level.floor)


def expected(finding: Finding, expectations: Iterable[Expectation], at: datetime) -> Expectation | None:
    """Returns what explains a finding at a moment; None when nothing does."""
    if not counts(finding) or finding.group in NEVER:
        return None
    mine = [each for each in expectations if each.detector == finding.detector and each.until > at]
    if not mine:
        return None
    mark = fingerprint(finding)
    return next(
        (
            each
            for each in mine
            if (each.subject, each.fingerprint) == (finding.subject, mark) and finding.level <= each.level
        ),
        None,
    )


def with_expected(
    findings: Sequence[Finding], expectations: Sequence[Expectation], at: datetime
) -> tuple[list[Finding], set[int]]:
    """Returns the findings, those explained marked with words, and the cases that explained any."""
    if not expectations:
        return list(findings), set()
    marked: list[Finding] = []
    cases: set[int] = set()
    for finding in findings:
        why = expected(finding, expectations, at)
        if why is None:
            marked.append(finding)
            continue
        cases.add(why.case)
        words = f"case {why.case}, until {why.until:%Y-%m-%d}, by {why.owner}: {why.reason}"
        marked.append(msgspec.structs.replace(finding, sanctioned=words))
    return marked, cases


def new_groups(levels: Iterable[GroupLevel], expectations: Iterable[Expectation], cases: set[int]) -> frozenset[Group]:
    """Returns the groups that count now and did not when these cases were closed."""
    known = {group for each in expectations if each.case in cases for group in each.groups}
    return frozenset(group for group in counting(levels) if group not in known)


def expectations_from(
    assessment: Assessment, case: int, until: datetime, owner: str, reason: str
) -> tuple[Expectation, ...]:
    """Returns what a case's close says may be there: everything that counts now, agent integrity left out."""
    groups = tuple(sorted(counting(assessment.groups)))
    found: dict[tuple[str, str, str], Expectation] = {}
    for finding in assessment.findings:
        if not counts(finding) or finding.group in NEVER:
            continue
        key = (finding.detector, finding.subject, fingerprint(finding))
        before = found.get(key)
        found[key] = Expectation(
            detector=finding.detector,
            subject=finding.subject,
            fingerprint=key[2],
            level=max(finding.level, before.level if before else 0),
            group=finding.group,
            groups=groups,
            until=until,
            owner=owner,
            reason=reason,
            case=case,
        )
    return tuple(found.values())
