"""What an entry of usb_truth.yaml holds: what a widely used keyboard, mouse or receiver truly is, below its name."""

from functools import cache

from . import Catalogue, Entry, load

#: Only rows that rest on a dump of the real product weigh; others are notes.
WEIGHTY = ("dump", "corpus")


class TruthEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product as its dumps show it. What no dump shows is left out, and conflicts with nothing.

    ids            vendor:product
    speeds         in Mbit/s, of every dump
    packet_sizes0  bMaxPacketSize0, of every dump and revision
    triples        class triples of its interfaces
    interfaces     how many it has at most; 0 when no dump tells
    manufacturers  strings, case set aside
    has_serial     null when dumps differ or do not tell
    maker          true when each dump of its report descriptors has a page of the maker's own
    points         false when none of its functions moves a pointer
    disguises      manufacturer and product that KVM settings offer under these ids, and that the product never says
    note           why a row weighs nothing
    """

    ids: str
    name: str
    speeds: tuple[float, ...] = ()
    packet_sizes0: tuple[int, ...] = ()
    triples: tuple[str, ...] = ()
    interfaces: int = 0
    manufacturers: tuple[str, ...] = ()
    has_serial: bool | None = None
    maker: bool = False
    points: bool = True
    disguises: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def weighs(self) -> bool:
        """Whether it rests on a dump of the real product."""
        return self.confidence in WEIGHTY


def catalogue() -> Catalogue[TruthEntry]:
    """Returns the table of truth."""
    return load("usb_truth", TruthEntry)


@cache
def truths() -> dict[str, TruthEntry]:
    """Returns the rows that weigh, by ids."""
    return {entry.ids: entry for entry in catalogue().entries if entry.weighs}
