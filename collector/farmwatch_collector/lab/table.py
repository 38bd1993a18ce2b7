"""The demo's answer: one row a device, for the terminal and as one JSON document."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ..reasons import reasons
from ..score_words import level_words, probability_words
from ..store.protocol import DeviceRow

SCHEMA = "farmwatch-demo-1"
SHAPES = {"none": " ", "watch": "o", "review": "!", "urgent": "!!", "near_certain": "!!!"}
FLAGGED = ("review", "urgent", "near_certain")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One device of the demo.

    part     `this machine` or `simulated`
    level    the level of attention in words; "not enough seen" where hardware or software stayed unseen
    reasons  strongest first, in words
    oddity   what the simulation put there; "" for nothing and for this machine
    farm     whether the simulation put it on the farm's shelf
    """

    device: str
    name: str
    part: str
    attention: str
    level: str
    points: int
    probability: float
    reasons: tuple[str, ...]
    oddity: str = ""
    farm: bool = False


class FarmRow(msgspec.Struct, frozen=True, kw_only=True):
    """A farm that the collector found: laptops tied by what they share, judged as one thing.

    members  names of its laptops
    case     number of its case; None below review
    """

    id: int
    attention: str
    points: int
    probability: float
    members: tuple[str, ...]
    sentence: str
    case: int | None = None


def row(found: DeviceRow, part: str, oddity: str = "", farm: bool = False) -> Row:
    """Returns a device's row; one that was not judged yet is said to be so."""
    assessment = found.assessment
    return Row(
        device=found.device.device,
        name=found.device.name,
        part=part,
        attention=assessment.attention if assessment else "unjudged",
        level=level_words(assessment.attention, assessment.groups) if assessment else "not judged",
        points=assessment.points if assessment else 0,
        probability=assessment.probability if assessment else 0.0,
        reasons=tuple(reason.words for reason in reasons(assessment)) if assessment else (),
        oddity=oddity,
        farm=farm,
    )


def text(rows: Sequence[Row], farms: Sequence[FarmRow] = (), width: int = 0) -> str:
    """Returns the table as lines: every device with a reason or a story; the rest as one line; then the farms.

    width  cuts longer lines; 0 for none
    """
    shown = [
        each for each in rows if each.attention != "none" or each.reasons or each.oddity or each.part == "this machine"
    ]
    lines = [f"{'':3} {'level':15} {'points':>6}  {'probability':20} {'device':13} why"]
    for each in shown:
        story = f" [{each.oddity}]" if each.oddity else ""
        line = (
            f"{SHAPES.get(each.attention, '?'):3} {each.level:15} {each.points:>6}  "
            f"{probability_words(each.probability) if each.probability else '':20} "
            f"{each.name + (' *' if each.part == 'this machine' else ''):13} "
            f"{'; '.join(each.reasons) or 'nothing stands out'}{story}"
        )
        lines.append(line if not width or len(line) <= width else line[: width - 3] + "...")
    if len(shown) < len(rows):
        lines.append(f"    and {len(rows) - len(shown)} more, all clear and usual")
    flagged = [each for each in rows if each.attention in FLAGGED]
    farm = sum(each.farm for each in flagged)
    lines += [
        "",
        f"{len(flagged)} of {len(rows)} devices need a look (level review and above); {farm} of them stand on the",
    ]
    lines += ["simulated farm's shelf. * is this machine, really probed. [ ] is what the simulation put there."]
    for found in farms:
        case = f", case {found.case}" if found.case is not None else ""
        words = f"{found.points} points, {probability_words(found.probability)}"
        lines += [
            "",
            f"{SHAPES.get(found.attention, '?'):3} farm {found.id}{case}: {len(found.members)} laptops, {words}",
        ]
        lines += [f"    {', '.join(found.members)}", f"    {found.sentence}"]
    return "\n".join(lines)


def document(rows: Sequence[Row], farms: Sequence[FarmRow] = (), ok: bool = True) -> dict[str, Any]:
    """Returns the one JSON document of `--json`."""
    items = [msgspec.to_builtins(each) for each in rows]
    found = [msgspec.to_builtins(each) for each in farms]
    return {"schema": SCHEMA, "ok": ok, "code": 0 if ok else 1, "items": items, "farms": found}
