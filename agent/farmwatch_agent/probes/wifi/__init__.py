"""The Wi-Fi network that the laptop is connected to, or why it cannot be told.

Reads
    Windows: wlanapi, the current connection of each Wi-Fi interface; no scan.
Why
    Two laptops of strangers on one access point; a laptop that says it is at home and shares a farm's network.
Never reads
    Names of other networks in reach, saved networks, passwords. Name and address of the access point travel keyed.
Rights
    Windows 11 from version 24H2 tells neither name nor address while location is off for desktop programs: a gap.
Blind spots
    A laptop on a cable says nothing here. The name of a network is chosen by its owner; only the address counts, and
    software can make that up, too.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.wifi import WifiConnection

from ...probe import Probe

PROBE = Probe(kind="wifi", emits=(WifiConnection, Gap), interval_seconds=300, platforms=())
