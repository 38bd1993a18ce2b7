"""The demo's answer: one row a device, for the terminal and as one JSON document."""

from collections.abc import Sequence
from typing import Any

import msgspec

from farmwatch_schema.finding import GROUPS

from ..assessment import LEVEL_WORDS, Assessment
from ..score_words import probability_words
from ..store.protocol import DeviceRow

SCHEMA = "farmwatch-demo-1"
SHAPES = {"none": " ", "watch": "o", "review": "!", "urgent": "!!", "near_certain": "!!!"}
FLAGGED = ("review", "urgent", "near_certain")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One device of the demo.

    part     `this machine` or `simulated`
    reasons  strongest first, in words
    oddity   what the simulation put there; "" for nothing and for this machine
    farm     whether the simulation put it on the farm's shelf
    """

    device: str
    name: str
    part: str
    attention: str
    points: int
    probability: float
    reasons: tuple[str, ...]
    oddity: str = ""
    farm: bool = False


def row(found: DeviceRow, part: str, oddity: str = "", farm: bool = False) -> Row:
    """Returns a device's row; one that was not judged yet is said to be so."""
    assessment = found.assessment
    return Row(
        device=found.device.device,
        name=found.device.name,
        part=part,
        attention=assessment.attention if assessment else "unjudged",
        points=assessment.points if assessment else 0,
        probability=assessment.probability if assessment else 0.0,
        reasons=reasons(assessment) if assessment else (),
        oddity=oddity,
        farm=farm,
    )


def reasons(assessment: Assessment) -> tuple[str, ...]:
    """Returns what counts towards the score, strongest group first."""
    counting = sorted((level for level in assessment.groups if level.bits > 0), key=lambda level: -level.bits)
    return tuple(f"{GROUPS[level.group]}: {level.meaning}" for level in counting)


def text(rows: Sequence[Row], width: int = 120) -> str:
    """Returns the table as lines: what is flagged first, then this machine, then what is clear."""
    lines = [f"{'':3} {'level':12} {'points':>6}  {'probability':24} {'device':18} why"]
    for each in rows:
        why = "; ".join(each.reasons) or (f"nothing ({each.oddity})" if each.oddity else "nothing")
        name = f"{each.name} *" if each.part == "this machine" else each.name
        level = LEVEL_WORDS.get(each.attention, "not judged")  # type: ignore[call-overload]
        line = (
            f"{SHAPES.get(each.attention, '?'):3} {level:12} {each.points:>6}  "
            f"{probability_words(each.probability) if each.probability else '':24} {each.name if not name else name:18} {why}"
        )
        lines.append(line if len(line) <= width else line[: width - 3] + "...")
    flagged = [each for each in rows if each.attention in FLAGGED]
    farm = sum(each.farm for each in flagged)
    lines.append("")
    lines.append(
        f"{len(flagged)} of {len(rows)} devices need a look; {farm} of them stand on the simulated farm's shelf. "
        "* is this machine, really probed."
    )
    return "\n".join(lines)


def document(rows: Sequence[Row], ok: bool = True) -> dict[str, Any]:
    """Returns the one JSON document of `--json`."""
    return {"schema": SCHEMA, "ok": ok, "code": 0 if ok else 1, "items": [msgspec.to_builtins(each) for each in rows]}
