"""What detectors of shared values ask alike: how heavy a tie may weigh by what the fleet measures, and how it is told.

Values that many unrelated people share lose their weight by measurement: `Tie.bits` is log2(m / u) of so many sharing
it, u measured in this fleet. A tie whose bits nobody measured is judged by its count, where its detector allows that.
"""

from collections.abc import Sequence

from .view import DeviceView, Tie

#: Kinds of tie that say two devices stand behind one router or access point.
NETWORKS = ("gateway_mac", "bssid")
#: Measured bits from which a tie may reach level 2, and level 3: as much as those levels weigh (shared_gateway.toml).
UNUSUAL, RARE = 2.0, 4.0
#: So many are an office or a bench that nobody registered sooner than one house, however rare: simulated fleets have
#: 1 laptop in 70 there on a day. What a farm of so many weighs more is the farm's own odds.
OFFICE_SIZE = 25
#: So many holders are named.
_NAMED = 6


def most(tie: Tie, unmeasured: int = 3) -> int:
    """Returns the highest level that a tie may state, however many share it.

    0 where it is no one thing, where its holders are too many to be one house's, or where the fleet measures that
    other laptops share such values as often as a farm's do.

    unmeasured  what holds where nobody measured
    """
    if tie.place or tie.scattered or crowd(tie) or (tie.bits is not None and tie.bits <= 0):
        return 0
    if tie.bits is None:
        return min(1, unmeasured) if tie.soft else unmeasured
    return 1 if tie.soft or tie.bits < UNUSUAL else 2 if tie.bits < RARE else 3


def crowd(tie: Tie) -> bool:
    """Whether more devices hold it than are named: no house holds so many."""
    return not tie.holders and tie.size > 1


def level_for(unrelated: int) -> int:
    """Returns the level for so many unrelated devices, this one among them, that share one thing."""
    if unrelated >= OFFICE_SIZE:
        return 2
    return 0 if unrelated < 2 else 1 if unrelated == 2 else 2 if unrelated < 5 else 3


def compared(tie: Tie) -> str:
    """Returns how common such sharing is, as the end of a sentence's part; "" where nobody measured.

    "About": in a small fleet most of the share is the shipped rate.
    """
    if tie.share is None or tie.share <= 0:
        return ""
    return f", as about 1 other laptop in {max(1, round(1 / tie.share)):,} shares one with so many"


def others(count: int) -> str:
    """Returns unrelated devices beside this one, in words."""
    return "1 device of somebody unrelated" if count == 1 else f"{count:,} devices of people unrelated"


def holders(tie: Tie) -> str:
    """Returns the fact that a finding quotes: who has it."""
    if crowd(tie):
        return f"Shared by {tie.size:,} devices."
    return f"Shared by {listed(tie.holders)}."


def listed(devices: Sequence[str]) -> str:
    """Returns the first of some devices by name."""
    return f"{', '.join(devices[:_NAMED])}{' and more' if len(devices) > _NAMED else ''}"


def since(tie: Tie) -> str:
    """Returns when this device was first seen with it, as findings state it."""
    return tie.since.isoformat() if tie.since else ""


def known_place(device: DeviceView) -> str:
    """Returns the place of the policy in which the device stands, by its gateway or access point; "" for none."""
    return next((tie.place for tie in device.ties if tie.kind in NETWORKS and tie.place), "")


def beside(device: DeviceView) -> frozenset[str]:
    """Returns the devices behind the same router or access point, as far as they are named."""
    return frozenset(other for tie in device.ties if tie.kind in NETWORKS and most(tie) for other in tie.holders)
