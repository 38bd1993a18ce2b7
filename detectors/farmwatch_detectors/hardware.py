"""What the hardware detectors share: devices with their times, and words."""

from typing import Any

import msgspec

from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.usb import UsbDevice, UsbInterface

from .catalog import Entry
from .view import DeviceView, Seen, Sighting, once

#: Evidence gone for longer than this many days is history: its weight would be under 1/16 at 90 days' half-life.
GONE_DAYS = 360


@once
def sightings(device: DeviceView, kind: str, observable: type[Seen]) -> tuple[Sighting[Seen], ...]:
    """Returns what is there now, then what was there after the hand-over and is gone.

    A gone one is left out while its like is there (it moved to another port), and after `GONE_DAYS`.
    While the probe cannot look, what it saw last counts as there: unknown is never clean.
    """
    present = device.of(kind, observable)
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
    return (*(Sighting(item, device.since(kind, item)) for item in present), *gone.values())


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


def place_of(device: UsbDevice) -> str:
    """Returns "USB device 046d:c52b on port 1-4"."""
    return f"USB device {device.ids}" + (f" on port {device.port_path}" if device.port_path else "")


def port_of(device: UsbDevice) -> str:
    """Returns what tells two findings apart: the port that a USB device is on, else its ids."""
    return device.port_path or device.ids


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
