"""Why a device stands where it stands, in as few words as a list has room for."""

import msgspec

from farmwatch_schema.finding import Finding

from .assessment import Assessment, Bar
from .score_words import first_clause


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason in the list: group letter, the finding's first clause, and the bar's words."""

    group: str
    words: str
    label: str


def reasons(assessment: Assessment, most: int = 2) -> tuple[Reason, ...]:
    """Returns the strongest reasons: what the finding behind each bar states first, else the bar's own words."""
    strong = [bar for bar in assessment.bars if bar.kind == "group" and bar.points > 0]
    found: list[Reason] = []
    for bar in sorted(strong, key=lambda bar: -bar.points)[:most]:
        finding = finding_behind(assessment, bar)
        words = first_clause(finding.sentence) if finding is not None else bar.label
        found.append(Reason(group=bar.key, words=words, label=bar.label))
    return tuple(found)


def finding_behind(assessment: Assessment, bar: Bar) -> Finding | None:
    """Returns the finding that gave a bar its level."""
    for finding in assessment.findings:
        same = (finding.group, finding.detector, finding.level) == (bar.key, bar.detector, bar.level)
        if same and not finding.sanctioned:
            return finding
    return None
