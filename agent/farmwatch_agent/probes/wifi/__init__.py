"""The Wi-Fi network that the laptop is connected to, or why it cannot be told.

Reads
    Linux: nl80211 over netlink: the interfaces, the access point in use; without it /proc/net/wireless; no scan.
    Windows: wlanapi, the current connection of each Wi-Fi interface; no scan.
    macOS: `ipconfig getsummary` and the driver's registry entry of each Wi-Fi interface; no scan.
Why
    Two laptops of strangers on one access point; a laptop that says it is at home and shares a farm's network.
Never reads
    Names of other networks in reach, saved networks, passwords. Name and address of the access point travel keyed.
Rights
    Linux: none.
    Windows 11 from version 24H2 tells neither name nor address while location is off for desktop programs: a gap.
    macOS withholds name and address from programs that may not use location (14 for the address, 15.6 for the
    name): a gap. An agent without a window cannot be given that right.
Blind spots
    A laptop on a cable says nothing here. The name of a network is chosen by its owner; only the address counts, and
    software can make that up, too.
    Linux: in a file tree only the signal is to be had, and the rest is a gap. With several links at once (802.11be)
    the address is that of the access point as a whole.
    macOS: signal and standard are not told; the band only of Broadcom's adapters.
    Windows: the band stays open where its channel's number exists in two bands.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.wifi import WifiConnection

from ...probe import Probe

PROBE = Probe(
    kind="wifi",
    emits=(WifiConnection, Gap),
    interval_seconds=300,
    wakes=("net",),
    platforms=("linux", "macos", "windows"),
)
