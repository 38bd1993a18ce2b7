"""ARP frames that carry more than ARP: opt-in by policy. Counts and shapes, never the payload."""

from ..identifiers import Identifier
from .base import Kind, Observable


class ArpWatch(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="arp_watch"):
    """One look at one interface.

    interface  its name
    seconds    how long was looked, rounded to 10
    frames     ARP frames seen, as a bucket
    """

    interface: str
    seconds: int
    frames: str = "0"


class ArpPattern(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="arp_pattern"):
    """Frames of one sender that are not what address resolution needs.

    interface  where they were seen
    sender     its MAC, keyed
    own        the laptop sent them itself; null when not known
    signs      sorted: `padding_payload` (bytes other than zero where Ethernet pads), `oversize` (longer than the 46
               bytes of padded ARP and 4 of a checksum that some drivers leave), `odd_fields` (hardware or
               protocol type or lengths that ARP does not have), `rhythm` (even gaps), `burst_code` (the same few
               gaps again and again, in no simple turn), `unanswered_scan` (asks for many addresses, and no answer
               is seen; those to others seldom are)
    frames     how many, as a bucket
    extra_bytes  length of what was carried beyond ARP: the commonest one; 0 when none
    distinct   how many different payloads, as a bucket: told by their digests, which are thrown away
    entropy    of the carried bytes, bits per byte rounded to a whole number; null when there are too few
    period_seconds  of a rhythm, rounded to 0.1; null when there is none
    """

    interface: str
    sender: Identifier | None = None
    own: bool | None = None
    signs: tuple[str, ...] = ()
    frames: str = "1"
    extra_bytes: int = 0
    distinct: str = "0"
    entropy: int | None = None
    period_seconds: float | None = None


KIND = Kind("arp", "state", (ArpWatch, ArpPattern))
