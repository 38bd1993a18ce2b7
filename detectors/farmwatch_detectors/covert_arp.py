"""States that the laptop itself sends address requests that carry what address resolution has no use for.

Detects
    Patterns that the opt-in ARP watch tells of frames under the laptop's own address: bytes beyond ARP (an oversize
    frame, fields that ARP does not have, a payload where Ethernet pads) and a rhythm or code in their timing. Level 1:
    such bytes. Level 2: such bytes in a rhythm or code.
Why
    A farm's laptop was found to signal over ARP broadcasts to a box beside it, which no firewall looks at.
Innocent explanations
    Drivers and cards that pad with what was in memory (Etherleak): they pad below where the watch looks, so it shows on
    others' frames, and on one's own only where a switch sends them back. Tools of network engineers. Rhythms alone
    are VRRP, keepalived, sleep proxies and monitors of a line; scans are inventory software: neither counts.
Blind spots
    Only while the watch looks, where policy turned it on. Another protocol, or signals in the addresses asked for.
    Other devices' frames are never counted, and where it is not known whose a frame is nothing is said.
Triage
    Look which program holds a packet socket (`processes`). Ask what the person develops.
References
    T1095 Non-Application Layer Protocol; Sygnia's case (jpost.com); CERT VU#412115, CVE-2003-0001; RFC 826, RFC 1042.
"""

from farmwatch_schema.observables.arp import ArpPattern

from .detector import Detector, Findings, quote
from .view import DeviceView

_CARRIES = frozenset({"oversize", "odd_fields", "padding_payload"})
_TIMING = frozenset({"rhythm", "burst_code"})
#: One frame in a look of seconds may be an accident; a bucket of the schema's.
_ONE = ("0", "1")


def detect(device: DeviceView) -> Findings:
    """Yields one finding per interface, the strongest."""
    found: dict[str, tuple[int, ArpPattern]] = {}
    for pattern in device.of("arp", ArpPattern):
        level = _level(pattern)
        if level > found.get(pattern.interface, (0, pattern))[0]:
            found[pattern.interface] = (level, pattern)
    for interface, (level, pattern) in sorted(found.items()):
        timed = "in a rhythm or code" if level > 1 else "at no special time"
        sentence = (
            f"The laptop sends ARP frames on {interface} that carry more than ARP, {timed}; hardly any program does. "
            f"Could it be a test bench or a network engineer's tool? Check: which program holds a packet socket."
        )
        fact = f"{pattern.frames} frames, {pattern.extra_bytes} bytes more: {', '.join(pattern.signs)}."
        quotes = (quote("arp", f"interface {interface}", fact),)
        yield DETECTOR.finding(level, sentence, quotes, interface, since=device.since("arp", pattern))


def _level(pattern: ArpPattern) -> int:
    if not pattern.own or pattern.frames in _ONE or not _CARRIES.intersection(pattern.signs):
        return 0
    return 2 if _TIMING.intersection(pattern.signs) else 1


DETECTOR = Detector(
    id="covert_arp",
    group="N",
    title="Address requests that carry something else",
    attack=("T1095",),
    consumes=("arp",),
    detect=detect,
)
