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

from collections.abc import Iterator

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.identifiers import Identifier

from .detector import Detector
from .view import DeviceView, Tie

#: Addresses that routers of unrelated networks share: VRRP, RFC 5798 section 7.3 (IANA's 00-00-5E), and HSRP
#: version 1, RFC 2281 section 5.2 (Cisco's 00-00-0C; its ordinary routers are left out with it), and GLBP, whose
#: virtual addresses are 0007.b400.xxyy by group and forwarder (Cisco's documentation of GLBP).
_SHARED_MAKERS = frozenset({"00005e", "00000c", "0007b4"})

#: So many devices behind one gateway are an office or a constant address sooner than one house.
_OFFICE_SIZE = 25


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per gateway that this device shares."""
    for tie in device.ties:
        if tie.kind == "gateway_mac" and len(tie.holders) > 1:
            yield _finding(tie)


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


def _finding(tie: Tie) -> Finding:
    unrelated = len(tie.unrelated) + 1 if tie.unrelated and not tie.place else 0
    level = level_of(unrelated, tie.identifier)
    share = f"{len(tie.holders)} of {tie.fleet:,} devices have this gateway"
    sanctioned = ""
    if tie.place:
        sentence, sanctioned = f"{share}: it is the registered place {tie.place}.", tie.place
    elif not tie.unrelated:
        sentence = f"{share}: the records tie these people together, by household or site."
    else:
        weak = level == 1 and unrelated > 2
        innocent = (
            "an address that many routers share" if weak
            else "an office nobody registered" if unrelated >= _OFFICE_SIZE
            else "a couple or shared flat" if unrelated == 2
            else "a shared house or a co-working room"
        )  # fmt: skip
        others = "1 device of somebody" if unrelated == 2 else f"{unrelated - 1} devices of people"
        sentence = (
            f"Its gateway also serves {others} unrelated to its user; {share}. "
            f"Could it be {innocent}? Check: where these people live and work, and register the place if it is one."
        )
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=sentence,
        evidence=(
            Evidence(
                kind="fleet",
                subject=f"gateway {tie.value[:8]}",
                fact=f"Shared by {', '.join(tie.holders[:6])}{' and more' if len(tie.holders) > 6 else ''}.",
            ),
        ),
        subject=tie.value,
        seen_from=tie.since.isoformat() if tie.since else "",
        sanctioned=sanctioned,
    )


DETECTOR = Detector(
    id="shared_gateway",
    group="F",
    title="Unrelated devices behind one gateway",
    attack=("T1090", "T1219"),
    consumes=("network",),
    detect=detect,
)
