"""What the hardware detectors share: devices with their times, sanctions by asset, and words."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.usb import UsbDevice, UsbInterface

from .catalog import Entry
from .catalog.ip_kvm import products
from .policy import Sanction
from .view import DeviceView, Seen, Sighting

#: Evidence gone for longer than this many days is history: its weight would be under 1/16 at 90 days' half-life.
GONE_DAYS = 360


def sightings(device: DeviceView, kind: str, observable: type[Seen]) -> Iterator[Sighting[Seen]]:
    """Yields what is there now, then what was there after the hand-over and is gone.

    A gone one is left out while its like is there (it moved to another port), and after `GONE_DAYS`.
    While the probe cannot look, what it saw last counts as there: unknown is never clean.
    """
    present = device.of(kind, observable)
    for item in present:
        since = device.seen_from(kind, item)
        yield Sighting(item, since.isoformat() if since else "")
    known = {_likeness(item) for item in present}
    section = device.section(kind)
    looked = section is not None and section.looked
    gone: dict[bytes, Sighting[Seen]] = {}
    for span in device.spans(kind, device.enrolled_at):
        # A span still open is among `present`, or nobody could look since: then it counts as still there.
        if not isinstance(span.item, observable) or (span.seen_until is None and looked):
            continue
        if span.seen_until is not None and (device.now - span.seen_until).days > GONE_DAYS:
            continue
        likeness = _likeness(span.item)
        until = span.seen_until.isoformat() if span.seen_until else ""
        older = gone.get(likeness)
        if likeness not in known and (older is None or (older.seen_until and (not until or until > older.seen_until))):
            gone[likeness] = Sighting(span.item, "" if span.from_start else span.seen_from.isoformat(), until)
    yield from gone.values()


def _likeness(item: Observable) -> bytes:
    """The observable's bytes without its place and momentary state: what stays when it is plugged in elsewhere."""
    if isinstance(item, UsbDevice):
        interfaces = tuple(msgspec.structs.replace(interface, driver="") for interface in item.interfaces)
        return msgspec.json.encode(msgspec.structs.replace(item, port_path="", interfaces=interfaces))
    if isinstance(item, Display):
        return msgspec.json.encode(msgspec.structs.replace(item, connector="", active_mode=""))
    return msgspec.json.encode(item)


def hid_interfaces(device: UsbDevice) -> list[UsbInterface]:
    """Returns the interfaces of class HID."""
    return [interface for interface in device.interfaces if interface.class_triple.startswith("03/")]


def sanction_for_asset(
    device: DeviceView,
    serials: Iterable[Identifier | None] = (),
    products: Collection[str] = (),
    seen_until: str = "",
) -> Sanction | None:
    """Returns the policy entry that registers this asset for this laptop, or None.

    serials     what the asset says
    products    catalogue ids it was recognised as; none when its names were changed
    seen_until  of its sighting: an entry must hold today, or on the last day that a gone asset was there

    A serial of its own is enough, unless the entry names another product. A serial that a firmware gives
    to every unit (CAFEBABE) is nobody's: then, and for an asset without serial, the entry must name the
    product recognised and this laptop. So a colleague's registered PiKVM never clears somebody else's.
    """
    day = datetime.fromisoformat(seen_until).date() if seen_until else device.now.date()
    holding = [
        entry
        for entry in device.policy.sanctions
        if (entry.until is None or entry.until >= day) and (not entry.devices or device.device in entry.devices)
    ]
    for serial in serials:
        for entry in _registered(device, serial, holding):
            if serial is not None and serial.constant:
                if entry.asset_product in products and device.device in entry.devices:
                    return entry
            elif not entry.asset_product or not products or entry.asset_product in products:
                return entry
    for entry in holding:
        if not entry.asset_serial and entry.asset_product in products and device.device in entry.devices:
            return entry
    return None


def sanction_for_ids(device: DeviceView, ids: Collection[str]) -> Sanction | None:
    """Returns the policy entry of the registered asset on this laptop's USB that alone has these ids, or None."""
    for item in device.of("usb", UsbDevice) if len(ids) == 1 else ():
        if item.ids in ids:
            return sanction_for_asset(device, (item.serial,), products(item))
    return None


def _registered(device: DeviceView, serial: Identifier | None, entries: Iterable[Sanction]) -> list[Sanction]:
    """Returns the entries with this serial; several may share one, as units of a product share a constant."""
    place = device.assets.get(serial.digest) if serial is not None else None
    if place is None or place >= len(device.policy.sanctions):
        return []
    text = device.policy.sanctions[place].asset_serial.strip()
    return [entry for entry in entries if entry.asset_serial.strip() == text]


def words_of(sanction: Sanction) -> str:
    """Returns owner and reason, as a finding states what allows it."""
    return f"{sanction.owner}: {sanction.reason}"


def place_of(device: UsbDevice) -> str:
    """Returns "USB device 046d:c52b on port 1-4"."""
    return f"USB device {device.ids}" + (f" on port {device.port_path}" if device.port_path else "")


def quoted(text: str | None, limit: int = 40) -> str:
    """Returns a device's own string in quotes, made short and printable."""
    plain = "".join(char if char.isprintable() else "?" for char in text or "")
    return f'"{plain if len(plain) <= limit else plain[: limit - 1] + "…"}"'


def cited(file: str, entry: Entry) -> str:
    """Returns what evidence names as source: the catalogue's entry, which lists files, and its repository."""
    repository, _, commit = entry.source[0].partition(" (")[0].partition("@")
    origin = repository.partition(":")[0] + (f"@{commit[:8]}" if commit else "")
    return f"catalog/{file} {entry.id}: {origin}"


def fleet_words(device: DeviceView, kind: str, *serials: Identifier | None) -> str:
    """Returns "Seen on 2 of 4,812 laptops." from the ties of this value, or "" when the fleet is not known."""
    digests = {serial.digest for serial in serials if serial is not None}
    for tie in device.ties:
        if tie.kind == kind and tie.value in digests:
            return f"The same serial is on {len(tie.holders):,} of {tie.fleet:,} laptops."
    return ""


def was_or_is(sighting: Sighting[Any]) -> str:
    """Returns "is" while it is there, else "was, until 2026-11-02,"."""
    if sighting.remembered:
        return f"was, as the system remembers of {sighting.seen_until[:10]},"
    return f"was, until {sighting.seen_until[:10]}," if sighting.seen_until else "is"
