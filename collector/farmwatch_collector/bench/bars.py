"""What each class is held to: DESIGN section 12, and docs/bench.md."""

from typing import Literal

import msgspec

How = Literal["review", "named tool", "remote software", "network", "integrity"]


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A class of devices: what counts as found, within how many hours, and how many must be.

    kind  a label's `kind`
    bar, goal  shares to reach; None where nothing is promised
    how   `review` (the device stands at review), `named tool` (level 2 of remote software, by the tool's name),
          `remote software` and `network` (level 2 of the group, whatever says so), `integrity` (level 1 of it)
    """

    kind: str
    words: str
    how: How
    hours: float
    bar: float | None = None
    goal: float | None = None


RECALL = (
    Bar(kind="kvm_default", words="IP-KVM as it comes", how="review", hours=1, bar=1.0, goal=0.99),
    Bar(kind="kvm_spoofed", words="IP-KVM, disguised", how="review", hours=24, bar=0.95, goal=0.99),
    Bar(kind="kvm_every_spoof", words="IP-KVM, every disguise at once", how="review", hours=24, bar=0.8, goal=0.99),
    Bar(kind="software", words="remote software with one more group", how="review", hours=24, bar=0.95, goal=0.99),
    Bar(kind="farm", words="farm", how="review", hours=120, bar=0.95, goal=0.99),
)

ALONE = (
    Bar(kind="tool_known", words="known tool at level 2, by its name", how="named tool", hours=24, bar=0.95, goal=0.99),
    Bar(kind="tool_renamed", words="renamed tool at level 2", how="remote software", hours=24, bar=0.7, goal=0.9),
    Bar(kind="vpn", words="VPN that is up at level 2", how="network", hours=24, bar=0.8, goal=0.95),
    Bar(kind="travel_router", words="travel router at level 2", how="network", hours=24, bar=0.8, goal=0.95),
)

#: What a place shows by itself takes a week of measurements, or two of sign-ins.
PLACE_HOURS = 18 * 24

#: Told and held to nothing: what one more group of a later issue finds, or what DESIGN wants at watch at most.
REPORTED = (
    Bar(kind="software_pair", words="remote software, two behind one gateway", how="review", hours=24),
    Bar(kind="software_travel_router", words="remote software behind a travel router", how="review", hours=24),
    Bar(kind="tampered", words="agent tampered with, agent integrity at level 1", how="integrity", hours=120),
    Bar(kind="mesh", words="mesh without an exit node at level 2", how="network", hours=24),
    Bar(kind="shipped_abroad", words="shipped abroad, network at level 2", how="network", hours=PLACE_HOURS),
    Bar(
        kind="far_farm", words="1,900 km and more from the claim, network at level 2", how="network", hours=PLACE_HOURS
    ),
    Bar(kind="vpn_exit", words="VPN's exit claimed as home, network at level 2", how="network", hours=PLACE_HOURS),
    Bar(
        kind="home_exit",
        words="travel router to a home of the claim, network at level 2",
        how="network",
        hours=PLACE_HOURS,
    ),
    Bar(kind="apart", words="person and laptop never together, network at level 2", how="network", hours=PLACE_HOURS),
)

#: Of spoofed KVMs, when no detector reads any of the gadget's interface strings (issue: detectors and bench).
WITHOUT_STRINGS = 0.8

FALSE_FLAGS, FALSE_FLAGS_GOAL = 0.2, 0.02
ENOUGH_DAYS = 100_000
PRECISION_AT_20 = 0.9
CALIBRATION = (0.5, 2.0)
