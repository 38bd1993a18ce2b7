"""A candidate read out: fact, comparison in this fleet, innocent reading, next check."""

from collections.abc import Sequence

from .types import FarmBar, FarmFacts, Shared

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


def share_words(share: float) -> str:
    """Returns a share as people read it: "1 in 10,000", "12 %", "none"."""
    if share <= 0:
        return "none"
    return f"{share:.0%}".replace("%", " %") if share >= 0.095 else f"1 in {round(1 / share):,}"


def name_of(shared: Shared) -> str:
    """Returns what a shared value is called: "TP-Link gateway", or its kind's word."""
    seen = shared.node.seen
    return seen.words or KIND_WORDS.get(seen.kind, seen.kind.replace("_", " "))


def odds_sentence(facts: FarmFacts, bars: Sequence[FarmBar]) -> str:
    """Returns the sentence for the head of a farm's page."""
    if not facts.shared:
        return f"Nothing ties these {len(facts.members)} laptops any more."
    anchor = facts.shared[0]
    fact = f"{anchor.unrelated} laptops of people whom nothing relates share one {name_of(anchor)}"
    comparison = f"of {anchor.worth.measured:,} other laptops {share_words(anchor.worth.u)} share one with so many"
    return f"{fact}; {comparison}. Could it be {_innocent(facts, bars)}? Check: {_check(facts, bars)}."


def _innocent(facts: FarmFacts, bars: Sequence[FarmBar]) -> str:
    size = facts.shared[0].unrelated
    if _bits(bars, "use") < 0:
        return "a staging bench or a store room that no policy names"
    if _bits(bars, "visitors") < -1 or _bits(bars, "stay") < -1:
        return "an office, a co-working room or a training room that nobody registered"
    if size == 2:
        return "a couple, or two who share a flat"
    if size <= 4:
        return "a flat shared by colleagues"
    if _bits(bars, "egress") < 0:
        return "an office that nobody registered"
    return "a company flat, a dormitory or a small office that nobody registered"


def _check(facts: FarmFacts, bars: Sequence[FarmBar]) -> str:
    if _bits(bars, "use") < 0:
        return "who sets up laptops there, and register the bench"
    if any(each.known for each in facts.members):
        return "where these people live and work and where their laptops were sent; register the place if it is one"
    return "whose laptops these are, for records do not tell; register the place if it is one"


def _bits(bars: Sequence[FarmBar], key: str) -> float:
    return sum(bar.bits for bar in bars if bar.key == key)
