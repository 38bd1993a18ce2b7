"""The whole text of `farmwatch score --explain` for one made-up laptop, against a file that people can read.

Tables and findings are made up, so that the text changes only where the words of the score do.
"""

from datetime import timedelta
from pathlib import Path

from farmwatch_collector.offline import Judged
from farmwatch_collector.score import Prior, group_levels, score_levels
from farmwatch_collector.score_text import lines_of
from farmwatch_detectors.detector import Level
from farmwatch_detectors.groups import SilenceRow
from farmwatch_schema.finding import GROUPS, Group

from ..scoring import ENROLLED, NOW, finding, row

TEXT = Path(__file__).parent / "explained.txt"
TABLES: dict[str, dict[int, Level]] = {
    "phantom_display": {1: row(1, 7)},
    "built_in_unused": {1: row(1, 3)},
    "remote_access_tool": {1: row(1, 5, "judgement")},
}
SILENCE = {
    group: SilenceRow(
        group=group,
        meaning=f"nothing in {name}",
        m0=0.6,
        u0=0.9,
        basis="judgement",
        needs=(),
        sources=("m: made up", "u: made up"),
    )
    for group, name in GROUPS.items()
}


def explained() -> str:
    findings = (
        finding("phantom_display", "H", 1, absorbs=("built_in_unused",)),
        finding("built_in_unused", "I", 1),
        finding("remote_access_tool", "R", 1, subject="anydesk", seen_until=NOW - timedelta(days=7)),
    )
    grey: dict[Group, str] = {"P": "power: its source failed", "HR": "farmwatch has no detector for this yet"}
    levels, change = group_levels(findings, grey, TABLES, SILENCE, NOW, ENROLLED)
    prior = Prior(cohort="remote_new_hire", share=0.001, until=NOW + timedelta(days=3))
    result = score_levels("laptop-7", NOW, levels, prior, findings, change)
    judged = Judged(
        assessment=result,
        platform="windows",
        reports=3,
        first_at=NOW - timedelta(days=20),
        last_at=NOW,
        origins=("live",),
    )
    return "\n".join(lines_of(judged, explained=True)) + "\n"


def test_the_text_is_the_one_written_down() -> None:
    assert explained() == TEXT.read_text(encoding="utf-8")
