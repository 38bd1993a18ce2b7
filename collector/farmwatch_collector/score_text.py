"""Assessments as lines for a terminal. Plain characters: nothing depends on colour, width or a font."""

import textwrap
from collections.abc import Sequence

from farmwatch_schema.finding import GROUPS, Finding

from .assessment import Assessment, Bar
from .clearing import clearing_of
from .offline import Judged
from .score_words import bar_sentence, level_words, probability_words, signed

WIDTH = 100
SCALE = 50  # characters that 100 points take

ORIGINS = {"replay": "replayed from a capture", "root": "read from a file tree"}


def printable(text: str) -> str:
    """Returns text of a report without control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() else "�" for char in text)


def lines_of(judged: Judged, *, explained: bool) -> list[str]:
    """Returns one device's lines: level, points, probability, groups, findings; with `explained` the waterfall too."""
    result = judged.assessment
    word = level_words(result.attention, result.groups)
    lines = [f"{printable(result.device)}: {word}, {result.points} points, {probability_words(result.probability)}"]
    lines += wrapped(result.sentence, "  ")
    lines.append(f"  {_provenance(judged)}")
    lines += [f"  notice: {printable(notice)}" for notice in judged.notices]
    lines += ["", *(_group_lines(result))]
    if result.findings:
        lines += ["", "  Findings"]
        for finding in result.findings:
            lines += _finding_lines(finding)
    if explained:
        lines += ["", "  How the points come about", *waterfall(result.bars), "", "  In words"]
        for bar in result.bars:
            lines += wrapped(bar_sentence(bar), "  - ", "    ")
    clearing = clearing_of(result)
    if clearing is not None:
        lines += ["", "  What would clear this", *wrapped(clearing.words, "  ")]
        for each in clearing.groups:
            facts = "; ".join(each.facts) or each.meaning
            lines += wrapped(f"{GROUPS[each.group]}: {facts}", "  - ", "    ")
            lines += wrapped(f"cleared when {', or '.join(each.clears)}", "    ") if each.clears else []
    if explained and result.next_change:
        lines += ["", f"  Could change by itself on {result.next_change:%Y-%m-%d %H:%M} UTC."]
    return lines


def _provenance(judged: Judged) -> str:
    count = "1 report" if judged.reports == 1 else f"{judged.reports} reports"
    marks = [ORIGINS[origin] for origin in judged.origins if origin in ORIGINS]
    note = f"; {' and '.join(marks)}, not live" if marks else ""
    return f"{count}, the last of {judged.last_at:%Y-%m-%d %H:%M} UTC, {printable(judged.platform)}{note}"


def _group_lines(result: Assessment) -> list[str]:
    points = {bar.key: bar.points for bar in result.bars if bar.kind == "group"}
    lines: list[str] = []
    for level in result.groups:
        grey = level.level is None
        state = "unknown" if grey else f"level {level.level}"
        figure = "" if grey else signed(points[level.group])
        head = f"  {level.group:2} {GROUPS[level.group]:18} {state:9} {figure:>4}  "
        lines += wrapped(level.grey if grey else level.meaning, head, " " * len(head))
    return lines


def _finding_lines(finding: Finding) -> list[str]:
    state = f" Gone since {finding.seen_until[:16]}." if finding.seen_until else ""
    state += f" Sanctioned: {finding.sanctioned}; not counted." if finding.sanctioned else ""
    lines = wrapped(finding.sentence + state, "  - ", "    ")
    for evidence in finding.evidence:
        source = f" (compared with {evidence.source})" if evidence.source else ""
        lines += wrapped(f"{evidence.subject}: {evidence.fact}{source}", "      ", "      ")
    return lines


def waterfall(bars: Sequence[Bar]) -> list[str]:
    """Returns the bars as lines: where each begins and ends between 0 and 100 points, its points, its label.

    `#` adds, `-` takes away, `?` could not be measured.
    """
    lines = [f"    0{'100':>{SCALE}}"]
    at = 0.0
    for bar in bars:
        begin, at = at, at + bar.points
        low, high = sorted((_column(begin), _column(at)))
        sign = "?" if bar.grey else "#" if bar.points > 0 else "-"
        drawn = (" " * low + sign * max(high - low, 1 if bar.points or bar.grey else 0)).ljust(SCALE + 1)
        figure = "" if bar.grey or bar.kind == "prior" else signed(bar.points)
        head = f"    {drawn} {figure:>4}  "
        label = f"{GROUPS[bar.key]}: {bar.grey}" if bar.grey else bar.label  # type: ignore[index]
        lines += wrapped(label, head, " " * len(head), WIDTH + 30)
    lines.append(f"    {' ' * (SCALE + 1)} {round(at):>4}  points")
    return lines


def _column(points: float) -> int:
    return round(min(100.0, max(0.0, points)) / 100 * SCALE)


def wrapped(text: str, first: str, rest: str | None = None, width: int = WIDTH) -> list[str]:
    """Returns text as lines that begin with `first`, the later ones with `rest`."""
    return textwrap.wrap(
        printable(text) or "-",
        width,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_on_hyphens=False,
        break_long_words=False,
        drop_whitespace=True,
    )
