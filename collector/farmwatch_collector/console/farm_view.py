"""What the pages of farms say in words and figures: rows of the list, of the members, of what they share.

No HTTP here and no HTML. A farm's facts are those of its latest judgement; nothing is computed anew but sums.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from ..assessment import AttentionLevel
from ..farms.following import values_of_place
from ..farms.types import Farm, FarmBar, FarmEvent, FarmMember, Label, LabelKind, Member, Shared
from ..score import L0, POINTS_PER_BIT
from ..ties.kinds import KINDS
from ..ties.types import Seen
from .waterfall import MARKS

BAR_WORDS = {
    "prior": "Base rate",
    "rarity": "Rarity of what they share",
    "second_tie": "A second kind of tie",
    "stay": "Staying",
    "visitors": "Visitors",
    "egress": "Exits",
    "relation": "Relation in the roster",
    "joining": "Joining",
    "cohort": "Cohort",
    "use": "Use",
    "rhythm": "Rhythm",
    "traits": "Alike in",
    "members": "Members' own evidence",
    "alone": "A place by itself",
}
STATE_WORDS = {"open": "open", "explained": "explained by a place", "ended": "ended"}
LABEL_WORDS: dict[LabelKind, str] = {
    "office": "office",
    "lab": "lab",
    "staging_bench": "staging bench",
    "household": "household",
    "co_working": "co-working room",
}
#: Farms are said to grow by who joined in so many days.
GROWTH = timedelta(days=7)
#: Values that a list row names.
MOST_NAMED = 3
_ID = re.compile(r"[\w.:-]*\w")
#: Rows of members on a page.
MEMBERS = 200


def tie_words(seen: Seen) -> str:
    """Returns how a shared value is called: "Dell U2419H monitor"; never the value itself."""
    kind = kind_words(seen.kind)
    if not seen.words:
        return kind
    return seen.words if kind.split()[-1].casefold() in seen.words.casefold() else f"{seen.words} ({kind})"


def kind_words(kind: str) -> str:
    """Returns a kind of tie in words; one that this version does not know by its name."""
    return KINDS[kind].words if kind in KINDS else kind.replace("_", " ")


def kinds_words(kinds: Iterable[str]) -> str:
    """Returns kinds of tie as one line, each once."""
    return ", ".join(dict.fromkeys(map(kind_words, kinds)))


class FarmLine(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the list.

    expected  how many members are farm laptops, on average: the sum of the likelier of farm and member
    tied      what ties them
    first     when the first of them joined; None when that is not known
    came, went  members who joined and left in the last `GROWTH`
    """

    farm: Farm
    key: str
    size: int
    expected: float
    tied: tuple[str, ...]
    first: datetime | None
    came: int
    went: int


def current(farm: Farm) -> list[FarmMember]:
    """Returns the members it has now."""
    return [each for each in farm.members if each.left_at is None]


def farm_line(farm: Farm, now: datetime) -> FarmLine:
    """Returns a farm's row of the list."""
    members = current(farm)
    joined = [each.member.joined_at for each in members if each.member.joined_at is not None]
    return FarmLine(
        farm=farm,
        key=mark_key(farm),
        size=len(members),
        expected=expected(farm),
        tied=tuple(shared_words(each) for each in farm.facts.shared[:MOST_NAMED]),
        first=min(joined, default=None),
        came=sum(1 for each in members if now - (each.member.joined_at or each.added_at) <= GROWTH),
        went=sum(1 for each in farm.members if each.left_at is not None and now - each.left_at <= GROWTH),
    )


def mark_key(farm: Farm) -> str:
    """Returns the key of a farm's mark and colour: one that is explained or over is shown as such, never as clear."""
    return farm.odds.attention if farm.state == "open" and farm.odds.attention != "none" else "dim"


def expected(farm: Farm) -> float:
    """Returns the sum over members of the likelier of the two: that all are a farm's, or that this one is."""
    whole = farm.odds.probability
    return sum(max(whole, each.member.probability or 0.0) for each in current(farm))


def shared_words(shared: Shared) -> str:
    """Returns a shared value with how many members have it."""
    count = len(shared.members)
    return f"{tie_words(shared.node.seen)}, {count:,} {'member' if count == 1 else 'members'}"


class BarStrip(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a farm's odds, and where it is drawn, in percent of the track; as of the device page's waterfall.

    after  running total in points
    """

    bar: FarmBar
    title: str
    shape: str
    after: float
    x: float
    width: float
    begin: float
    end: float


class BarChart(msgspec.Struct, frozen=True, kw_only=True):
    """A farm's lines, the marks of the levels (x, points, word), the zero line and the end of the final bar."""

    strips: tuple[BarStrip, ...]
    marks: tuple[tuple[float, float, str], ...]
    zero: float
    final: float


def bar_chart(farm: Farm) -> BarChart:
    """Returns the chart of a farm's log-odds: bits add up, and are drawn in points, five a bit."""
    bars = farm.odds.bars
    totals = [0.0]
    for bar in bars:
        totals.append(totals[-1] + bar.bits)
    points = [(total - L0) * POINTS_PER_BIT for total in totals]
    if bars and bars[0].key == "prior":
        points[0] = points[1]
    low, high = min(0.0, *points), max(100.0, *points)
    margin = (high - low) * 0.03
    low, width = low - margin, (high - low) + 2 * margin

    def x(value: float) -> float:
        return round(100 * (min(max(value, low), low + width) - low) / width, 3)

    strips = tuple(
        BarStrip(
            bar=bar,
            title=BAR_WORDS.get(bar.key) or bar.key.replace("_", " "),
            shape="start"
            if bar.key == "prior"
            else "none"
            if abs(bar.bits) < 0.05
            else "more"
            if bar.bits > 0
            else "less",
            after=after,
            x=x(min(before, after)),
            width=round(x(max(before, after)) - x(min(before, after)), 3),
            begin=x(before),
            end=x(after),
        )
        for bar, before, after in zip(bars, points, points[1:], strict=False)
    )
    return BarChart(
        strips=strips,
        marks=tuple((x(value), value, word) for value, word in MARKS),
        zero=x(0),
        final=x(farm.odds.points),
    )


class MemberRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the members' table."""

    member: Member
    added_at: datetime
    left_at: datetime | None
    kinds: str
    stay: str


def member_rows(farm: Farm) -> list[MemberRow]:
    """Returns every member: those it has by points, highest first, then those who left, the latest first."""
    held = sorted(current(farm), key=lambda each: (-(each.member.points or 0), each.member.device))
    gone = [(each.left_at, each) for each in farm.members if each.left_at is not None]
    gone.sort(key=lambda pair: (pair[0], pair[1].member.device), reverse=True)
    return [_row(each) for each in (*held, *(each for _, each in gone))]


def _row(one: FarmMember) -> MemberRow:
    member = one.member
    days = "1 day" if member.days == 1 else f"{member.days:,} days"
    stay = "" if member.stay is None else f"{member.stay * 100:.0f} % of {days}"
    return MemberRow(
        member=member, added_at=one.added_at, left_at=one.left_at, kinds=kinds_words(member.ties), stay=stay
    )


class TieRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of what members share.

    value    its digest in hex, as labels name it
    offered  a label on the place would speak of it, too
    """

    shared: Shared
    words: str
    value: str
    bits: float
    notes: tuple[str, ...]
    offered: bool


def tie_rows(farm: Farm) -> list[TieRow]:
    """Returns the shared values, the heaviest first."""
    place = {each.node.seen for each in values_of_place(farm)}
    return [
        TieRow(
            shared=each,
            words=words,
            value=each.node.seen.value.hex(),
            bits=each.worth.bits,
            notes=_notes(each),
            offered=each.node.seen in place,
        )
        for each, words in zip(farm.facts.shared, shared_names(farm), strict=True)
    ]


def shared_names(farm: Farm) -> list[str]:
    """Returns how each shared value is called; two gateways are told apart by how their keyed values begin."""
    words = [tie_words(each.node.seen) for each in farm.facts.shared]
    count = Counter(words)
    return [
        f"{one} {each.node.seen.value.hex()[:8]}" if count[one] > 1 else one
        for one, each in zip(words, farm.facts.shared, strict=True)
    ]


def _notes(shared: Shared) -> tuple[str, ...]:
    node = shared.node
    notes = [f"explained by {node.place}"] if node.place else []
    if node.scattered:
        notes.append("in different places at once: no one thing")
    if node.seen.soft:
        notes.append("made up by software, or a published constant")
    if shared.hand_over:
        notes.append("handed on from one to the next, never at two at once")
    if not node.holders and node.count:
        notes.append("a crowd, whose holders are not named")
    return tuple(notes)


def names_of(farm: Farm) -> dict[str, str]:
    """Returns the name of every member, former ones included; the device's id where nobody gave one."""
    return {each.member.device: each.member.name or each.member.device for each in farm.members}


def closed_by(farm: Farm, history: Sequence[FarmEvent]) -> FarmEvent | None:
    """Returns what explained or ended a farm; None while it is open."""
    if farm.state == "open":
        return None
    return next((each for each in reversed(history) if each.action in ("explained", "ended", "merged")), None)


class Piece(msgspec.Struct, frozen=True):
    """A piece of a line of history: words, or the name of a device with its id."""

    words: str
    device: str = ""


def told(words: str, names: Mapping[str, str]) -> list[Piece]:
    """Returns a line of history with the ids of members as their names."""
    found: list[Piece] = []
    begin = 0
    for match in _ID.finditer(words):
        if match[0] in names:
            found += [Piece(words[begin : match.start()]), Piece(names[match[0]], match[0])]
            begin = match.end()
    return [each for each in (*found, Piece(words[begin:])) if each.words]


def at_least(farm: Farm, level: AttentionLevel) -> bool:
    """Whether a farm stands at a level or above."""
    order: Sequence[AttentionLevel] = ("none", "watch", "review", "urgent", "near_certain")
    return order.index(farm.odds.attention) >= order.index(level)


def labels_of(farm: Farm, labels: Sequence[Label]) -> list[Label]:
    """Returns the words that concern a farm: said of it, or of a value that its members share."""
    values = {(each.node.seen.kind, each.node.seen.value.hex()) for each in farm.facts.shared}
    return [each for each in labels if each.farm == farm.id or (each.kind, each.value) in values]


class LabelRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the list of labels. `holds` while its last day has not passed."""

    label: Label
    what: str
    place: str
    holds: bool


def label_rows(labels: Sequence[Label], today: date, words: Mapping[tuple[str, str], str]) -> list[LabelRow]:
    """Returns rows of labels, those that hold first; `words` are of values at hand, by kind and digest in hex."""
    rows = [
        LabelRow(
            label=each,
            what=words.get((each.kind, each.value)) or kind_words(each.kind),
            place=LABEL_WORDS.get(each.place) or each.place,
            holds=each.until >= today,
        )
        for each in labels
    ]
    return sorted(rows, key=lambda row: not row.holds)


class DeviceFarm(msgspec.Struct, frozen=True, kw_only=True):
    """A farm as a member's page tells it: why the device belongs there, and which places explain what ties it."""

    line: FarmLine
    why: str
    kinds: str
    joined: datetime | None
    places: str


def device_farms(farms: Sequence[Farm], device: str, now: datetime) -> list[DeviceFarm]:
    """Returns the farms of a device for its page."""
    found: list[DeviceFarm] = []
    for farm in farms:
        member = next((each.member for each in current(farm) if each.member.device == device), None)
        if member is None:
            continue
        held = [each.node.place for each in farm.facts.shared if each.node.place and device in each.members]
        found.append(
            DeviceFarm(
                line=farm_line(farm, now),
                why=member.why,
                kinds=kinds_words(member.ties),
                joined=member.joined_at,
                places=", ".join(dict.fromkeys(held)),
            )
        )
    return found
