"""States that devices of people who have nothing to do with each other sit behind one gateway.

Detects
    The same gateway MAC address on unrelated devices. Level 1: two of them. Level 2: three or four.
    Level 3: five or more. A registered place or household explains it: level 0.
Why
    A farm is many companies' laptops in one house. The router's MAC address is the same for all of them,
    whatever address the house has on the internet, behind carrier NAT too.
Innocent explanations
    Couples and flatmates who work for the same company; offices, co-working rooms and hotels that nobody
    registered; a staging bench; addresses that many routers share.
Blind spots
    One network or travel router per laptop; a single laptop of this company in the house; devices whose
    agents cannot read the neighbour table.
Triage
    Ask who lives or works there; register the place or household in the policy, or open a farm case.
References
    T1090 Proxy, T1219 Remote Access Tools; docs/policy.md for places and households.
"""

from farmwatch_schema.identifiers import Identifier

from .detector import Detector, Findings, quote
from .view import DeviceView, Tie

#: Addresses that routers of unrelated networks share: VRRP, RFC 5798 section 7.3 (IANA's 00-00-5E), and HSRP
#: version 1, RFC 2281 section 5.2 (Cisco's 00-00-0C; its ordinary routers are left out with it), and GLBP, whose
#: virtual addresses are 0007.b400.xxyy by group and forwarder (Cisco's documentation of GLBP).
_SHARED_MAKERS = frozenset({"00005e", "00000c", "0007b4"})

#: So many devices behind one gateway are an office or a constant address sooner than one house.
_OFFICE_SIZE = 25


def detect(device: DeviceView) -> Findings:
    """Yields one finding per gateway that this device shares."""
    for tie in device.ties:
        if tie.kind == "gateway_mac" and len(tie.holders) > 1:
            unrelated = len(tie.unrelated) + 1 if tie.unrelated and not tie.place else 0
            level = level_of(unrelated, tie.identifier)
            holders = f"{', '.join(tie.holders[:6])}{' and more' if len(tie.holders) > 6 else ''}"
            quotes = (quote("fleet", f"gateway {tie.value[:8]}", f"Shared by {holders}."),)
            since = tie.since.isoformat() if tie.since else ""
            sentence = _sentence(tie, level, unrelated)
            yield DETECTOR.finding(level, sentence, quotes, tie.value, since=since, sanctioned=tie.place)


def level_of(count: int, identifier: Identifier | None) -> int:
    """Returns the level for so many unrelated devices behind one gateway.

    A made-up or shared address is no proof of one place: phones, virtual machines and spare routers have
    constant ones. It stays at level 1, however many share it. An office that nobody registered stays at 2.
    """
    if count < 2:
        return 0
    if identifier is not None and (identifier.local or identifier.oui in _SHARED_MAKERS):
        return 1
    if count >= _OFFICE_SIZE or count < 5:
        return 1 if count == 2 else 2
    return 3


def _sentence(tie: Tie, level: int, unrelated: int) -> str:
    share = f"{len(tie.holders)} of {tie.fleet:,} devices have this gateway"
    if tie.place:
        return f"{share}: it is the registered place {tie.place}."
    if not tie.unrelated:
        return f"{share}: the records tie these people together, by household or site."
    innocent = "a shared house or a co-working room"
    if level == 1 and unrelated > 2:
        innocent = "an address that many routers share"
    elif unrelated >= _OFFICE_SIZE or unrelated == 2:
        innocent = "an office nobody registered" if unrelated > 2 else "a couple or shared flat"
    others = "1 device of somebody" if unrelated == 2 else f"{unrelated - 1} devices of people"
    return (
        f"Its gateway also serves {others} unrelated to its user; {share}. "
        f"Could it be {innocent}? Check: where these people live and work, and register the place if it is one."
    )


DETECTOR = Detector(
    id="shared_gateway",
    group="F",
    title="Unrelated devices behind one gateway",
    attack=("T1090", "T1219"),
    consumes=("network",),
    detect=detect,
)
