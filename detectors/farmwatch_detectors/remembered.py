"""What a system remembers of devices that are gone, as sightings beside those that reports held.

Windows keeps every USB device and monitor that was ever plugged in, with the days: the first one before its names
were changed, and a KVM that is unplugged before every look. Days are the system's word. Without a day nobody can say
whether it was there before the hand-over, so such a memory is left out.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TypeVar

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.displays import Display, RememberedDisplay
from farmwatch_schema.observables.usb import RememberedUsb, UsbDevice, UsbInterface

from .hardware import GONE_DAYS, sightings
from .view import DeviceView, Sighting, once

Memory = TypeVar("Memory", bound=Observable)


@once
def usb_sightings(device: DeviceView) -> tuple[Sighting[UsbDevice], ...]:
    """Returns USB devices that are there or were, then those that only the system remembers.

    A remembered one has ids, serial, class triples and inquiry strings; the rest of it is unread. Its interfaces are
    one per distinct triple.
    """
    seen = list(sightings(device, "usb", UsbDevice))
    known = {(each.item.ids, _serial(each.item)) for each in seen}
    for memory in _told(device, "usb", RememberedUsb):
        item = UsbDevice(
            vendor_id=memory.vendor_id,
            product_id=memory.product_id,
            product=memory.product,
            serial=memory.serial,
            has_serial=memory.has_serial,
            bcd_device=memory.bcd_device,
            interfaces=tuple(UsbInterface(number=n, class_triple=t) for n, t in enumerate(memory.class_triples)),
            scsi=memory.scsi,
        )
        if (item.ids, _serial(item)) not in known:
            seen += _dated(device, item, memory.installed_on, memory.last_removal or memory.last_arrival)
    return tuple(seen)


@once
def display_sightings(device: DeviceView) -> tuple[Sighting[Display], ...]:
    """Returns monitors that are there or were, then those that only the system remembers, as `usb_sightings` does."""
    seen = list(sightings(device, "displays", Display))
    known = {(each.item.base_digest, each.item.serial) for each in seen}
    for memory in _told(device, "displays", RememberedDisplay):
        item = Display(
            connector="a connector it remembers",
            edid_digest=memory.edid_digest,
            base_digest=memory.base_digest,
            edid=memory.edid,
            manufacturer=memory.manufacturer,
            product=memory.product,
            name=memory.name,
            serial_number=memory.serial_number,
            serial=memory.serial,
            week=memory.week,
            year=memory.year,
            fault=memory.fault,
        )
        if (item.base_digest, item.serial) not in known:
            seen += _dated(device, item, memory.installed_on, memory.last_removal or memory.last_arrival)
    return tuple(seen)


def _told(device: DeviceView, kind: str, memory: type[Memory]) -> list[Memory]:
    """What is remembered now; what was remembered last while nobody can look."""
    section = device.section(kind)
    if section is not None and section.looked:
        return section.of(memory)
    return [span.item for span in device.spans(kind) if span.seen_until is None and isinstance(span.item, memory)]


def _dated(device: DeviceView, item: Memory, installed_on: str, last: str) -> Iterator[Sighting[Memory]]:
    first, until = _moment(installed_on), _moment(last) or _moment(installed_on)
    if until is None or (device.now - until).days > GONE_DAYS or until > device.now:
        return
    yield Sighting(item, first.isoformat() if first else "", until.isoformat(), remembered=True)


def _moment(day: str) -> datetime | None:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return None
    return datetime(found.year, found.month, found.day, tzinfo=UTC)


def _serial(item: UsbDevice) -> str:
    return item.serial.digest if item.serial is not None else ""
