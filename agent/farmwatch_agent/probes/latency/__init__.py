"""Round-trip times to landmarks: servers whose place is known, as the collector's plan names them.

Reads
    Which rounds of measuring the sender finished (its file `rounds.json`), and tells each of them once. The sender
    measures: how long a TCP connect to a landmark takes, and once for each landmark how long the first byte of a TLS
    answer; what the system knows of the connection (segment size, path MTU); an ICMP echo to it and to the default
    gateway where that needs no rights; a signed answer of the company's own landmarks. Before it looks whether the
    laptop saves its battery and whether its network is metered, and of which kind it is.
    macOS: the same; pmset, netstat and ifconfig tell power and network.
    Windows: the same; power status and the network's cost are asked of the system.
Why
    A round-trip time of so many milliseconds cannot come from farther away than light in fibre allows, so a laptop that
    is near to somewhere else is not where its user says.
Never reads
    Anything that a landmark says: connections are closed at once and carry no request. The laptop's own address, its
    network's and its name servers' are not told. Nothing at home is measured but the way to the default gateway.
Rights
    None are needed, and the reader never opens a connection: the sender's account does.
    Linux: ICMP where `net.ipv4.ping_group_range` lets the sender's group.
Blind spots
    It proves absence, never presence: added delay hides any place behind a farther one, and a laptop that stands at the
    claimed address is there. A VPN measures from its exit; a box that answers connects in the landmark's place makes
    times too short, which the TLS answer shows. Nothing is measured on battery saver, on metered networks, and while
    the collector is out of reach. What a taken-over sender leaves is a claim.
"""

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips

from ...probe import Probe

PROBE = Probe(
    kind="latency",
    emits=(RoundTrips, MeasuringRound, Gap),
    interval_seconds=900,
    platforms=("linux", "macos", "windows"),
)
