"""The kinds of tie, and how each is read from what a device reports. Pure: the same sections give the same values.

A new kind is one entry of `KINDS` and, where a section shows it, one extractor in `_READ`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

import msgspec

from farmwatch_detectors.catalog.travel_routers import makers
from farmwatch_detectors.placing import Egress
from farmwatch_detectors.view import SectionView
from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables.displays import Display, RememberedDisplay
from farmwatch_schema.observables.network import Gateway, Neighbours, NetworkInterface
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.sockets import InboundConnection
from farmwatch_schema.observables.usb import RememberedUsb, UsbDevice
from farmwatch_schema.observables.wifi import WifiConnection

from .models import as_published, display_model, usb_model
from .types import Nature, Seen


class TieKind(msgspec.Struct, frozen=True, kw_only=True):
    """A sort of value that devices share.

    source  what shows it: a key of `seen_in`'s answer; "" for what is made from another kind's memory
    words   for people, after "a" or "the"
    shown   detectors get ties of it; what is not shown counts in a farm's odds alone
    slack   seconds by which a value may be older than its source's latest look and still be held: what comes and goes
            within a day, and what is noted once in some hours
    """

    kind: str
    nature: Nature
    source: str
    words: str
    shown: bool = True
    slack: int = 0


_DAY = 86_400

#: Every kind of tie. Their order is that of `Fleet.ties`; what is kept of a device names them by `kind`.
KINDS: Mapping[str, TieKind] = {
    each.kind: each
    for each in (
        TieKind(kind="gateway_mac", nature="place", source="network", words="gateway"),
        TieKind(kind="bssid", nature="place", source="wifi", words="Wi-Fi access point"),
        TieKind(kind="first_network", nature="place", source="", words="network it was first seen on"),
        TieKind(kind="router_block", nature="place", source="routers", words="run of router addresses", slack=_DAY),
        TieKind(kind="egress", nature="exit", source="egress", words="public address", slack=_DAY),
        TieKind(kind="egress_block", nature="exit", source="egress", words="block of public addresses", slack=_DAY),
        TieKind(kind="usb_serial", nature="hardware", source="usb", words="USB device"),
        TieKind(kind="edid_serial", nature="hardware", source="displays", words="monitor"),
        TieKind(kind="remote_peer", nature="trait", source="peers", words="address that connects to it", slack=_DAY),
        TieKind(kind="kvm_model", nature="trait", source="kvm", words="KVM model", shown=False, slack=_DAY),
        TieKind(kind="gateway_maker", nature="trait", source="network", words="maker of the gateway", shown=False),
        TieKind(kind="neighbours", nature="trait", source="network", words="neighbours on the network", shown=False),
        TieKind(
            kind="egress_network", nature="trait", source="egress", words="internet provider", shown=False, slack=_DAY
        ),
    )
}

#: What the system remembers of things that are gone: shown by these keys, it is never held now.
REMEMBERED_SOURCES: Mapping[str, str] = {"usb_remembered": "usb", "displays_remembered": "displays"}

#: Of so many values of one kind a section may tell; a laptop that makes up more is believed no further.
MOST = 64

#: Makers' prefixes of addresses that routers of unrelated networks share: IANA's virtual router (RFC 9568).
SHARED_OUI = frozenset({"00005e"})

#: Prefixes under which routers of unrelated networks answer alike: HSRP version 1 and 2 (RFC 2281; Cisco's 00-00-0C)
#: and GLBP (Cisco: 0007.b400.xxyy). Makers' own, so a gateway that bears one is softened and not left out.
SOFT_OUI = frozenset({"00000c", "0007b4"})

#: Serials shorter than this tell units of one product apart at best; longer ones are the same thing's under any ids.
_OWN_SERIAL = 8
#: Serials shorter than this are a firmware's counter or nothing.
_NO_SERIAL = 4

#: Exits that say nothing of where a laptop stands, and that thousands have in common by intent.
_NO_EXIT = frozenset({"sase", "company", "vpn", "hosting", "private"})
#: Exits that a carrier shares out among its customers: they tie nobody alone.
_CARRIERS = frozenset({"mobile", "shared"})
#: Exits of which a network's number is a trait of the laptop's line.
_NO_NETWORK = frozenset({"sase", "company", "private"})

_PUBLIC = frozenset({"public", "shared"})

#: Fewer makers than this in the neighbour table are a router and a phone: every home has them.
NEIGHBOUR_OUIS = 4
_BANDS, _ROWS = 4, 2


def seen_in(sections: Mapping[str, SectionView], egress: Sequence[Egress] = ()) -> dict[str, tuple[Seen, ...]]:
    """Returns the values that sections and exits show, by source: () where a probe looked and found none.

    A source whose probe could not look is left out. Neither first networks, which come from memory, nor what the
    system remembers of things that are gone are among them; see `remembered_in`.
    """
    found: dict[str, list[Seen]] = {}
    for source, kind, read in _READ:
        section = sections.get(kind)
        if section is not None and section.looked:
            found.setdefault(source, []).extend(_most(read(section)))
    if egress:
        found["egress"] = [seen for each in egress for seen in exit_values(each)]
    return {source: tuple(dict.fromkeys(values)) for source, values in found.items()}


def sources_in(section: SectionView) -> dict[str, tuple[Seen, ...]]:
    """Returns what one section shows, by source; {} when its probe could not look."""
    return seen_in({section.kind: section})


def remembered_in(section: SectionView) -> Iterator[tuple[str, Seen, int, int]]:
    """Yields what the system remembers of USB devices and monitors that are gone: source, value, and the seconds since
    1970 at which the first and the last of the days begin that it tells. Without a day nothing is told."""
    if not section.looked:
        return
    latest = int(section.observed_at.timestamp()) - 1
    for usb in section.of(RememberedUsb)[:MOST]:
        for seen in _usb_serial(usb.vendor_id, usb.product_id, usb.serial, usb.product):
            yield from _dated("usb_remembered", seen, usb, latest)
    for display in section.of(RememberedDisplay)[:MOST]:
        for seen in _edid_serial(display):
            yield from _dated("displays_remembered", seen, display, latest)


def _dated(
    source: str, seen: Seen, memory: RememberedUsb | RememberedDisplay, latest: int
) -> Iterator[tuple[str, Seen, int, int]]:
    last = _second(memory.last_removal) or _second(memory.last_arrival) or _second(memory.installed_on)
    if last is not None:
        until = min(last, latest)
        yield source, seen, min(_second(memory.installed_on) or until, until), until


def _second(day: str) -> int | None:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return None
    at = datetime(found.year, found.month, found.day, tzinfo=UTC)
    return int(at.timestamp()) if at.year >= 1990 else None


def _most(values: Iterable[Seen]) -> list[Seen]:
    counts: dict[str, int] = {}
    kept: list[Seen] = []
    for seen in values:
        counts[seen.kind] = counts.get(seen.kind, 0) + 1
        if counts[seen.kind] <= MOST:
            kept.append(seen)
    return kept


def value_of(*parts: str) -> bytes:
    """Returns 16 bytes that stand for these parts together."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.digest()


def keyed_value(identifier: Identifier) -> bytes:
    """Returns an identifier's own digest as bytes; of one that is no digest, a digest of it."""
    try:
        value = bytes.fromhex(identifier.digest)
    except ValueError:
        value = b""
    return value if len(value) == 16 else value_of(identifier.digest)


def gateway_values(section: SectionView) -> dict[str, Identifier]:
    """Returns the MAC of the default gateway with the lowest metric, by its keyed digest; tunnels left aside."""
    tunnels = {each.name for each in section.of(NetworkInterface) if each.kind == "tunnel"}
    hops = [each for each in section.of(Gateway) if each.mac is not None and each.interface not in tunnels]
    best = min(hops, key=lambda each: (each.metric, each.family, each.interface), default=None)
    if best is None or best.mac is None or best.mac.oui in SHARED_OUI:
        return {}
    return {best.mac.digest: best.mac}


def _of_mac(kind: str, mac: Identifier) -> Seen:
    soft = mac.local or not mac.oui or mac.oui in SOFT_OUI
    return Seen(kind, keyed_value(mac), _short(mac.oui)[:12], "", soft)


def _network(section: SectionView) -> Iterator[Seen]:
    for mac in gateway_values(section).values():
        yield _of_mac("gateway_mac", mac)
        if mac.oui:
            yield Seen("gateway_maker", value_of("gateway_maker", mac.oui), "", f"gateway maker {_short(mac.oui)[:12]}")
    yield from _neighbours(section)


def _neighbours(section: SectionView) -> Iterator[Seen]:
    """MinHash with bands: two tables of neighbours share a band about as often as they share most makers."""
    makers = sorted({each.oui for each in section.of(Neighbours) if each.oui})[:MOST]
    if len(makers) < NEIGHBOUR_OUIS:
        return
    least = [
        min(hashlib.blake2b(oui.encode(), digest_size=8, salt=bytes([turn])).digest() for oui in makers)
        for turn in range(_BANDS * _ROWS)
    ]
    for band in range(_BANDS):
        rows = least[band * _ROWS : (band + 1) * _ROWS]
        yield Seen("neighbours", value_of("neighbours", str(band), *(row.hex() for row in rows)), str(band))


def _wifi(section: SectionView) -> Iterator[Seen]:
    for each in section.of(WifiConnection):
        if each.bssid is not None:
            yield _of_mac("bssid", each.bssid)


def _routers_of_network(section: SectionView) -> Iterator[Seen]:
    for mac in gateway_values(section).values():
        yield from _near(mac)


def _routers_of_wifi(section: SectionView) -> Iterator[Seen]:
    for each in section.of(WifiConnection):
        if each.bssid is not None:
            yield from _near(each.bssid)


def _near(mac: Identifier) -> Iterator[Seen]:
    """What addresses made from one have in common, where it can say anything (docs/evasions.md): of a network name
    beside the first, whose address is made up from it, and of makers of travel routers, bought several at a time."""
    maker = makers().get(mac.oui)
    if mac.near and (mac.local or (maker is not None and not maker.shared)):
        yield Seen("router_block", value_of("router_block", mac.near), _short(mac.oui)[:12])


def _length(serial: Identifier) -> int:
    text = serial.shape.partition(":")[0]
    return int(text) if text.isdecimal() and len(text) < 4 else _OWN_SERIAL  # an agent that tells no shape


def _usb(section: SectionView) -> Iterator[Seen]:
    for each in section.of(UsbDevice):
        # What is built in goes nowhere without its laptop, and Linux gives a root hub its controller's PCI address.
        if each.removable != "fixed" and not (each.vendor_id == "1d6b" and each.device_class[:2] == "09"):
            yield from _usb_serial(each.vendor_id, each.product_id, each.serial, each.product)


def _usb_serial(vendor: str, product: str, serial: Identifier | None, name: str | None) -> Iterator[Seen]:
    if serial is None:
        return
    ids, length = f"{vendor[:4]}:{product[:4]}", _length(serial)
    own = length >= _OWN_SERIAL and not serial.constant
    value = keyed_value(serial) if own else value_of("usb_serial", ids, serial.digest)
    yield Seen("usb_serial", value, ids, _short(name or ""), bool(serial.constant) or length < _NO_SERIAL)


def _displays(section: SectionView) -> Iterator[Seen]:
    for each in section.of(Display):
        if not each.internal and not each.virtual:
            yield from _edid_serial(each)


def _edid_serial(display: Display | RememberedDisplay) -> Iterator[Seen]:
    """A serial and a second feature: units of many makers count from one, so the serial alone is no monitor's own."""
    serials = [each for each in (display.serial, display.serial_number) if each is not None]
    own = [each for each in serials if not each.constant and _length(each) >= _NO_SERIAL]
    made = f"{display.manufacturer}:{display.product}" if display.manufacturer and display.product else ""
    feature = f"{made}:{display.year}:{display.week}" if made else display.base_digest
    if serials and feature:
        best = (own or serials)[0]
        words = " ".join(part for part in (display.manufacturer, display.name or display.product) if part)
        soft = not own or as_published(display)
        yield Seen("edid_serial", value_of("edid_serial", best.digest, feature), made[:16], _short(words), soft)


def _sockets(section: SectionView) -> Iterator[Seen]:
    for each in section.of(InboundConnection):
        yield from _peer(each.peer)


def _sessions(section: SectionView) -> Iterator[Seen]:
    for each in section.of(Session):
        if each.origin == "remote" and each.client is not None:
            yield from _peer(each.client)


def _peer(peer: Identifier) -> Iterator[Seen]:
    if peer.kind == "address" and peer.scope in _PUBLIC:
        yield Seen("remote_peer", keyed_value(peer), peer.scope)


def _usb_kvm(section: SectionView) -> Iterator[Seen]:
    for each in section.of(UsbDevice):
        model = usb_model(each)
        if model:
            yield Seen("kvm_model", value_of("kvm_model", model.id, model.version), "", _short(model.words))


def _display_kvm(section: SectionView) -> Iterator[Seen]:
    for each in section.of(Display):
        model = display_model(each)
        if model:
            yield Seen("kvm_model", value_of("kvm_model", model.id, model.version), "", _short(model.words))


def exit_values(egress: Egress) -> tuple[Seen, ...]:
    """Returns what one public address tells: itself, the block around it, and whose network it is of.

    stratum is the network's number, of the network itself its class. An address that a carrier shares out is soft.
    """
    found: list[Seen] = []
    stratum = str(egress.asn) if egress.asn else ""
    words, soft = _short(egress.network), egress.kind in _CARRIERS
    if egress.kind not in _NO_EXIT:
        found.append(Seen("egress", keyed_value(egress.address), stratum, words, soft))
        if egress.block is not None:
            found.append(Seen("egress_block", keyed_value(egress.block), stratum, words, soft))
    if egress.asn and egress.kind not in _NO_NETWORK:
        network = value_of("egress_network", stratum)
        found.append(Seen("egress_network", network, egress.kind, words or f"AS{stratum}"))
    return tuple(found)


def _short(words: str) -> str:
    """At most 48 characters of what a device calls itself, none of which ends a line."""
    return "".join(char if char.isprintable() else " " for char in words[:48]).strip()


#: Source, section, extractor. Two sections may feed one source: a value is held while either shows it.
_READ: tuple[tuple[str, str, Callable[[SectionView], Iterator[Seen]]], ...] = (
    ("network", "network", _network),
    ("wifi", "wifi", _wifi),
    ("routers", "network", _routers_of_network),
    ("routers", "wifi", _routers_of_wifi),
    ("usb", "usb", _usb),
    ("displays", "displays", _displays),
    ("peers", "sockets", _sockets),
    ("peers", "sessions", _sessions),
    ("kvm", "usb", _usb_kvm),
    ("kvm", "displays", _display_kvm),
)

#: Sections that ties are read from.
SECTIONS: tuple[str, ...] = tuple(sorted({section for _, section, _ in _READ}))
