"""Farms as lines for a terminal. Plain characters, as score_text.py."""

from collections.abc import Sequence

from farmwatch_detectors.view import Rhythm

from .assessment import LEVEL_WORDS
from .farms.sentence import KIND_WORDS, share_words
from .farms.types import FarmBar, Member
from .farms_json import FarmItem, FarmsDocument, SharedValue
from .score_text import printable, wrapped
from .score_words import probability_words

#: Members, values and pairs that are told one by one; the document of `--json` has all of them.
MOST = 25


def lines_of(document: FarmsDocument) -> list[str]:
    """Returns all farms of a document, or the one line that there is none."""
    blocks = ["\n".join(farm_lines(item)) for item in document.items]
    if not blocks:
        blocks = [_nothing(document)]
    elif document.below:
        blocks.append(f"{_groups(document.below)} below {LEVEL_WORDS[document.minimum]}.")
    return "\n\n".join(blocks).split("\n")


def farm_lines(item: FarmItem) -> list[str]:
    """Returns one farm's lines: level, points, probability, sentence, members, what ties them, bars."""
    name = f"farm {item.rank if item.id is None else item.id}"
    head = f"{name}: {LEVEL_WORDS[item.level]}, {item.points} points, {item.words}"
    state = "" if item.state == "open" else f" ({item.state})"
    lines = [head + state + (f", case {item.case}" if item.case is not None else "")]
    lines += wrapped(item.sentence, "  ")
    lines += ["", f"  {_count(len(item.members), 'member')}"]
    for member in item.members[:MOST]:
        lines += wrapped(_member(member), "  - ", "    ")
    lines += _more(len(item.members))
    if item.left:
        lines += wrapped(f"left: {', '.join(item.left[:MOST])}", "  ", "    ")
    lines += ["", "  What ties them"]
    for shared in item.shared[:MOST]:
        lines += wrapped(_shared(shared), "  - ", "    ")
    lines += _more(len(item.shared))
    for rhythm in [each for each in item.rhythms if each.device < each.other][:MOST]:
        lines += wrapped(_rhythm(rhythm), "  - ", "    ")
    lines += ["", "  How the odds come about, in bits", *_bars(item.bars)]
    own = probability_words(item.at_least_one) if item.at_least_one > 0 else "none"
    note = f"That at least one of them is a farm laptop by its own evidence, without what they share: {own}."
    return [*lines, "", *wrapped(note, "  ")]


def brief(item: FarmItem) -> str:
    """Returns one line on a farm, for other verbs."""
    names = [each.device for each in item.members]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    told = f"{LEVEL_WORDS[item.level]}, {item.points} points, {item.words}"
    return printable(f"farm of {', '.join(names[:3])}{more}: {told}; see farmwatch farms")


def _nothing(document: FarmsDocument) -> str:
    least = LEVEL_WORDS[document.minimum]
    if document.source == "store":
        return f"no farm at {least} or above"
    assert document.devices is not None
    looked = f"no farm at {least} or above: {_count(document.devices, 'laptop')} looked at"
    return f"{looked}; {_groups(document.below)} below it." if document.below else f"{looked}; none shares anything."


def _groups(count: int | None) -> str:
    return "1 group that shares something is" if count == 1 else f"{count} groups that share something are"


def _member(member: Member) -> str:
    known = (member.name if member.name != member.device else "") or member.person
    name = f" ({known})" if known else ""
    own = probability_words(member.probability) if member.probability else ""
    points = f"{LEVEL_WORDS[member.attention]}, {member.points} points" if member.points is not None else "not judged"
    by_itself = f"; by itself {own}" if own else ""
    joined = f"; there since {member.joined_at:%Y-%m-%d}" if member.joined_at else ""
    stay = (
        f", on {member.stay:.0%} of {_count(member.days, 'day')}".replace("%", " %") if member.stay is not None else ""
    )
    why = f". {member.why}" if member.why else ""
    return f"{member.device}{name}: {points}{by_itself}{joined}{stay}{why}"


def _shared(shared: SharedValue) -> str:
    words = shared.words or KIND_WORDS.get(shared.kind, shared.kind.replace("_", " "))
    marks = [
        f"explained by {shared.place}" if shared.place else "",
        "scattered over places: no one thing" if shared.scattered else "",
        "made up by software, or a published constant" if shared.soft else "",
        "handed over" if shared.hand_over else "",
    ]
    note = "".join(f"; {mark}" for mark in marks if mark)
    gone = f", and {shared.former} had it" if shared.former else ""
    return (
        f"{words} ({shared.kind} {shared.value[:8]}): {len(shared.members)} members, {shared.unrelated} unrelated, "
        f"{_count(shared.holders, 'laptop')} in all{gone}; about {share_words(shared.u)} of other laptops share one "
        f"with so many: {shared.bits:+.1f} bits{note}"
    )


def _rhythm(rhythm: Rhythm) -> str:
    does = "takes turns with" if rhythm.kind == "alternates" else "starts and stops together with"
    logins = "" if rhythm.source == "input_source" else ", by logins only"
    return (
        f"{rhythm.device} {does} {rhythm.other}: {rhythm.switches} times on {rhythm.days} days, {rhythm.expected:g} by "
        f"chance; p at most {rhythm.p:.1g}{logins}"
    )


def _bars(bars: Sequence[FarmBar]) -> list[str]:
    lines: list[str] = []
    for bar in bars:
        head = f"  {bar.key:11} {bar.bits:+6.1f}  "
        lines += wrapped(bar.label, head, " " * len(head))
    return [*lines, f"  {'sum':11} {sum(bar.bits for bar in bars):+6.1f}"]


def _more(count: int) -> list[str]:
    return [f"    and {count - MOST} more; --json has all"] if count > MOST else []


def _count(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
