"""States that unrelated devices are seen from one public address although no gateway ties them.

Detects
    One public address that this device shares with unrelated ones, some of them behind another gateway or one that is
    not known. Level 1: two, or a carrier's network, or neighbours in one block of addresses. Level 2: three or four.
    Level 3: five to 24. What the fleet measures caps it (2 and 4 bits), and what nobody measured stays at level 1.
Why
    A travel router or a network of its own for each laptop hides the gateway, and all of them still leave by the
    house's one line.
Innocent explanations
    Carrier translation puts a district behind an address (RFC 6598); offices, dormitories and co-working rooms; a
    company's security client. Those lose their weight by measurement, and by class where it is known.
Blind spots
    A line, mobile stick or VPN exit for each laptop; security clients, VPNs and hosters, whose exits tie nobody.
    Addresses change hands: two devices may have held one on different days of the same week.
Triage
    Do these people live in one building? Compare gateways' makers, monitors and hours; register the place if it is one.
References
    T1090 Proxy; RFC 6598 (100.64.0.0/10, shared address space); docs/networks.md; docs/evasions.md.
"""

from . import shared_values
from .detector import Detector, Findings, quote
from .exits import COMPANYS, HIDING
from .placing import Egress
from .view import DeviceView, Tie

TIES = ("egress", "egress_block")
#: Behind these addresses are many subscribers at once, by design.
_TRANSLATED = ("mobile", "shared")
_NOWHERE = (*COMPANYS, *HIDING, "private")
#: A block of 256 addresses is a district's: two colleagues in it are neighbours.
_NEIGHBOURS = 3


def detect(device: DeviceView) -> Findings:
    """Yields one finding per address, and one per block that holds others than its addresses do."""
    if shared_values.known_place(device):
        return
    near = set(shared_values.beside(device))
    for tie in sorted(device.ties, key=lambda each: (each.kind, each.value)):
        if tie.kind not in TIES or not set(tie.unrelated) - near:
            continue
        seen = _exit(device, tie)
        level = _level(tie, seen.kind if seen else "")
        if level:
            near |= set(tie.holders)
            what = "block of addresses" if tie.kind == "egress_block" else "public address"
            name = f" ({seen.network})" if seen and seen.network else ""
            sentence = (
                f"It is seen from one {what}{name} with {shared_values.others(tie.others)} to its user, who are not "
                f"all behind its gateway; {tie.size:,} of {tie.fleet:,} devices have it{shared_values.compared(tie)}. "
                "Could it be a house or office of many, or a carrier's translation? Check: where these people live."
            )
            quotes = (quote("egress", f"{what} {tie.value[:8]}", shared_values.holders(tie)),)
            yield DETECTOR.finding(level, sentence, quotes, tie.value, since=shared_values.since(tie))


def _exit(device: DeviceView, tie: Tie) -> Egress | None:
    """Returns the address of this device that the tie is about."""
    for each in reversed(device.egress):
        if tie.value in (each.address.digest, each.block.digest if each.block else ""):
            return each
    return None


def _level(tie: Tie, kind: str) -> int:
    if kind in _NOWHERE:
        return 0
    level = min(shared_values.level_for(tie.others + 1), shared_values.most(tie, unmeasured=1))
    if tie.kind == "egress_block" or kind in _TRANSLATED:
        # Only measuring tells these from a district, and a block's two may be neighbours.
        enough = tie.others + 1 >= _NEIGHBOURS or tie.kind == "egress"
        return min(level, 1) if enough and (tie.bits or 0) >= shared_values.UNUSUAL else 0
    return level


DETECTOR = Detector(
    id="shared_egress",
    group="F",
    title="Unrelated devices behind one public address",
    attack=("T1090",),
    consumes=(),
    detect=detect,
)
