"""States that devices of people who have nothing to do with each other sit behind one gateway or access point.

Detects
    The same gateway MAC address, or access point, on unrelated devices. Level 1: two of them. Level 2: three or
    four. Level 3: five to 24; more are an office sooner (level 2). Addresses that one router makes from one, or
    that were bought together (docs/evasions.md): a level less, three at least. Where the fleet measured how rare
    that is, it decides: up to 2 bits stay at level 1, up to 4 at level 2. Level 0: a registered place or household,
    an address found in many places, and more than 256 holders.
Why
    A farm is many companies' laptops in one house. The router's MAC address is the same for all of them,
    whatever address the house has on the internet, behind carrier NAT too.
Innocent explanations
    Couples and flatmates who work for the same company; offices, co-working rooms and hotels that nobody
    registered; a staging bench; addresses that many routers share.
Blind spots
    One network or travel router per laptop; a single laptop of this company in the house; devices whose
    agents cannot read the neighbour table. What remains of those: docs/evasions.md.
Triage
    Ask who lives or works there; register the place or household in the policy, or open a farm case.
References
    T1090 Proxy, T1219 Remote Access Tools; docs/policy.md for places and households.
"""

from farmwatch_schema.identifiers import Identifier

from . import shared_values
from .detector import Detector, Findings, quote
from .view import DeviceView, Tie

#: Addresses that routers of unrelated networks share: VRRP, RFC 5798 section 7.3 (IANA's 00-00-5E), and HSRP
#: version 1, RFC 2281 section 5.2 (Cisco's 00-00-0C; its ordinary routers are left out with it), and GLBP, whose
#: virtual addresses are 0007.b400.xxyy by group and forwarder (Cisco's documentation of GLBP).
_SHARED_MAKERS = frozenset({"00005e", "00000c", "0007b4"})

TIES = ("gateway_mac", "bssid", "router_block")
_WORDS = {"gateway_mac": "gateway", "bssid": "access point", "router_block": "run of router addresses"}


def detect(device: DeviceView) -> Findings:
    """Yields one finding per gateway that this device shares, and per access point that says more."""
    place = shared_values.known_place(device)
    told: set[str] = set()
    found = [each for each in device.ties if each.kind in TIES and each.size > 1]
    for tie in sorted(found, key=lambda each: (TIES.index(each.kind), each.value)):
        unrelated = tie.others + 1 if tie.others else 0
        level = min(level_of(unrelated, tie.identifier), shared_values.most(tie))
        if tie.kind == "router_block":
            level = max(0, min(level_of(unrelated, None) - 1, shared_values.most(tie, unmeasured=1)))
        if tie.kind != "gateway_mac" and (place or not level or told.issuperset(tie.unrelated)):
            continue  # the same house again, or a place that is known by its gateway
        told |= set(tie.unrelated) if level else set()
        quotes = (quote("fleet", f"{_WORDS[tie.kind]} {tie.value[:8]}", shared_values.holders(tie)),)
        sentence = _sentence(tie, level, unrelated)
        yield DETECTOR.finding(level, sentence, quotes, tie.value, since=shared_values.since(tie), sanctioned=tie.place)


def level_of(count: int, identifier: Identifier | None) -> int:
    """Returns the level for so many unrelated devices behind one gateway.

    A made-up or shared address is no proof of one place: phones, virtual machines and spare routers have
    constant ones. It stays at level 1, however many share it. An office that nobody registered stays at 2.
    """
    level = shared_values.level_for(count)
    if level and identifier is not None and (identifier.local or identifier.oui in _SHARED_MAKERS):
        return 1
    return level


def _sentence(tie: Tie, level: int, unrelated: int) -> str:
    name = _WORDS[tie.kind]
    share = f"{tie.size:,} of {tie.fleet:,} devices have this {name}"
    if tie.place:
        return f"{share}: it is the registered place {tie.place}."
    if not unrelated:
        return f"{share}: the records tie these people together, by household or site."
    if tie.scattered:
        return f"{share}, in different places at the same time: routers of that make bear one address. It ties nobody."
    if shared_values.crowd(tie):
        return f"{share}, more than any house holds: an office, or an address that many routers share. It ties nobody."
    share += shared_values.compared(tie)
    if not level:
        return f"{share}: here that is as common elsewhere as it is in farms, and speaks of nobody."
    innocent = "a shared house or a co-working room"
    if tie.kind == "router_block":
        innocent = "neighbours whom one delivery of a provider's reached"
    elif level == 1 and unrelated > 2:
        soft = tie.bits is None or tie.soft
        innocent = "an address that many routers share" if soft else "a place as many others of this fleet"
    elif unrelated >= shared_values.OFFICE_SIZE or unrelated == 2:
        innocent = "an office nobody registered" if unrelated > 2 else "a couple or shared flat"
    return (
        f"Its {name} also serves {shared_values.others(unrelated - 1)} to its user; {share}. "
        f"Could it be {innocent}? Check: where these people live and work, and register the place if it is one."
    )


DETECTOR = Detector(
    id="shared_gateway",
    group="F",
    title="Unrelated devices behind one gateway",
    attack=("T1090", "T1219"),
    consumes=("network", "wifi"),
    detect=detect,
)
