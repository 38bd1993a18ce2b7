"""ARP frames that carry more than ARP: opt-in by policy, through a helper of its own.

Reads
    For 20 seconds the ARP frames of up to eight connected network adapters, in a separate process that ends by itself.
    Frames of every other protocol are turned away by the kernel, unread. Which adapters there are: as in `network`.
    macOS: the same, with the system's libpcap.
    Windows: the same, with Npcap.
Why
    A published farm case signalled between a laptop and a device beside it with ARP broadcasts, which no firewall sees.
Never reads
    What a frame carries: it is counted and thrown away in the helper, which hands out numbers (how long, how many
    different, how random, how even) and MACs. Nothing is sent, and no adapter is made promiscuous.
Rights
    CAP_NET_RAW, and the extra farmwatch[net].
    macOS: root.
    Windows: an administrator, and Npcap, which the agent does not bring.
Blind spots
    Twenty seconds of each half hour: a rhythm slower than one frame in two seconds is not seen as one. Old network
    drivers pad frames with stale memory ("Etherleak"), so `padding_payload` with one or two different contents is
    weak; routers, VRRP and keep-alives announce themselves evenly, so `rhythm` alone is weak, too. Answers to other
    machines are not seen in a switched network: `unanswered_scan` of another sender only says that it asked for many.
    A Wi-Fi network may keep broadcasts of its members from each other.
"""

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.arp import ArpPattern, ArpWatch

from ...probe import Probe

PROBE = Probe(
    kind="arp",
    emits=(ArpWatch, ArpPattern, Gap),
    interval_seconds=1800,
    platforms=("linux", "macos", "windows"),
    opt_in=True,
    wall_seconds=45.0,
)
