"""A candidate read out: fact, comparison in this fleet, innocent reading, next check."""

from collections.abc import Sequence

from ..ties.types import Worth
from .types import FarmBar, FarmFacts, Shared

#: Where fewer laptops are measured than the shipped rate counts as (docs/ties.md), it carries most of the share.
SHIPPED = 2_000

#: What a shared value is called where it has no words of its own.
KIND_WORDS = {
    "gateway_mac": "gateway",
    "bssid": "Wi-Fi access point",
    "first_network": "first network",
    "router_block": "run of router addresses",
    "egress": "public address",
    "egress_block": "block of public addresses",
    "usb_serial": "USB device",
    "edid_serial": "monitor",
}


#: From so many on a place is an office or a camp sooner than a house.
LARGE = 25
WEEK = 7


def share_words(share: float) -> str:
    """Returns a share as people read it: "1 in 10,000", "12 %", "none"."""
    if share <= 0:
        return "none"
    return f"{share:.0%}".replace("%", " %") if share >= 0.095 else f"1 in {round(1 / share):,}"


def name_of(shared: Shared) -> str:
    """Returns what a shared value is called: "TP-Link gateway", "monitor (Dell U2419H)", or its kind's word."""
    seen = shared.node.seen
    kind = KIND_WORDS.get(seen.kind, seen.kind.replace("_", " "))
    if not seen.words:
        return kind
    return seen.words if kind.split()[-1].casefold() in seen.words.casefold() else f"{kind} ({seen.words})"


def compared(worth: Worth) -> str:
    """Returns what share of others have the like, and what it rests on: in a small fleet mostly on the shipped rate."""
    shipped = " and the shipped rate" if worth.measured < SHIPPED else ""
    return f"about {share_words(worth.u)} (by {worth.measured:,} measured here{shipped})"


def odds_sentence(facts: FarmFacts, bars: Sequence[FarmBar]) -> str:
    """Returns the sentence for the head of a farm's page."""
    if not facts.shared:
        return f"Nothing ties these {len(facts.members)} laptops any more."
    anchor = facts.shared[0]
    count = len(facts.members)
    who = "laptops of" if count == anchor.unrelated else f"of these {count} laptops belong to"
    join = " share" if count == anchor.unrelated else ", and share"
    fact = f"{anchor.unrelated} {who} people whom nothing relates{join} one {name_of(anchor)}"
    comparison = f"of other laptops {compared(anchor.worth)} share one with so many"
    return f"{fact}; {comparison}. Could it be {_innocent(facts, bars)}? Check: {_check(facts, bars)}."


def _innocent(facts: FarmFacts, bars: Sequence[FarmBar]) -> str:
    size = facts.shared[0].unrelated
    if _bits(bars, "use") < 0:
        return "a staging bench or a store room that no policy names"
    if 2 * size > size + max(facts.shared[0].worth.measured, facts.fleet - size):
        return "the company's own rooms, for most laptops known here are there"
    if any(each.kind == "alternates" for each in facts.rhythms):
        return "laptops that several people share at work, at a counter, on a ward or in shifts"
    if _came_together(bars):
        return "a course, a hotel or a journey of people who have homes of their own"
    if _bits(bars, "visitors") < -1 or _bits(bars, "stay") < -1:
        return "an office, a co-working room or a training room that nobody registered"
    if size > 4 and _began_together(facts):
        return "a course for new people, or an office where they begin"
    if facts.shared[0].node.nature == "hardware" and _bits(bars, "stay") <= 0:
        return "a thing that IT or colleagues carry from laptop to laptop"
    if size <= 4:
        home = "a couple, or two who share a flat" if size == 2 else "a family, or a flat shared by colleagues"
        moved = any("live too far apart" in bar.label and bar.bits > 0 for bar in bars)
        return f"{home}, who moved in after their records were made" if moved else home
    if _bits(bars, "egress") < 0:
        return "an office that nobody registered"
    bench = ", a staging bench" if all(each.used_days is None for each in facts.members) else ""
    if size >= LARGE:
        return f"an office, a call centre, a ship or camp{bench} that nobody registered"
    return f"a large family, a company flat, a dormitory, a small office or room for work{bench} that nobody registered"


def _came_together(bars: Sequence[FarmBar]) -> bool:
    return any("came from homes of their own" in bar.label for bar in bars)


def _began_together(facts: FarmFacts) -> bool:
    """Whether nearly all came there in one week, and began at the company in it."""
    new = [
        each.joined_at
        for each in facts.members
        if each.joined_at and each.start_on and abs((each.joined_at.date() - each.start_on).days) <= WEEK
    ]
    return len(new) >= 0.8 * len(facts.members) and (max(new) - min(new)).days <= WEEK


def _check(facts: FarmFacts, bars: Sequence[FarmBar]) -> str:
    if _bits(bars, "use") < 0:
        return "who sets up laptops there, and register the bench"
    if any(each.known for each in facts.members):
        return "where these people live and work and where their laptops were sent; register the place if it is one"
    return "whose laptops these are, for records do not tell; register the place if it is one"


def _bits(bars: Sequence[FarmBar], key: str) -> float:
    return sum(bar.bits for bar in bars if bar.key == key)
