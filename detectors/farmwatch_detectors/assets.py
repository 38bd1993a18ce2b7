"""Registered assets: the policy entry that a device on the laptop's USB, or a monitor, is there by."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.usb import UsbDevice

from .catalog.ip_kvm import products
from .policy import Sanction
from .remembered import usb_sightings
from .view import DeviceView, Sighting


def sanction_for_usb(device: DeviceView, sighting: Sighting[UsbDevice], *known: str) -> Sanction | None:
    """Returns the entry that registers a USB device for this laptop, or None.

    known  catalogue ids that it was recognised as, beside those of the IP-KVMs that its names and ids say
    """
    item = sighting.item
    return sanction_for_asset(device, (item.serial,), {*products(item), *known} - {""}, sighting.seen_until)


def sanction_for_ids(device: DeviceView, ids: Collection[str]) -> Sanction | None:
    """Returns the entry of the registered asset on this laptop's USB that alone has these ids, or None."""
    for item in device.of("usb", UsbDevice) if len(ids) == 1 else ():
        if item.ids in ids:
            return sanction_for_usb(device, Sighting(item))
    return None


def sanction_for_picture(device: DeviceView, sighting: Sighting[Display], product: str) -> Sanction | None:
    """Returns the entry for a monitor, or for a KVM on this laptop's USB at the same time: both ends are one device.

    product  catalogue id of the KVM that the monitor was recognised as; "" for none
    """
    display = sighting.item
    if not device.policy.sanctions:
        return None
    serials = (display.serial, display.serial_number)
    own = sanction_for_asset(device, serials, {product} - {""}, sighting.seen_until)
    if own is not None:
        return own
    for usb in usb_sightings(device):
        sanction = sanction_for_usb(device, usb) if _together(sighting.seen_until, usb.seen_until) else None
        if sanction is not None and (sanction.asset_product or products(usb.item)):
            return sanction
    return None


def has_registered_usb(device: DeviceView) -> bool:
    """Whether anything on this laptop's USB is a registered asset: a KVM's picture is registered with it."""
    return bool(device.policy.sanctions) and any(
        sanction_for_usb(device, each) is not None for each in usb_sightings(device) if not each.seen_until
    )


def _together(picture: str, usb: str) -> bool:
    """Whether the USB end was there as long as the picture was; "" is still there. Both leave within a day."""
    if not usb or not picture:
        return not usb
    return datetime.fromisoformat(usb) >= datetime.fromisoformat(picture) - timedelta(days=1)


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


def _registered(device: DeviceView, serial: Identifier | None, entries: Iterable[Sanction]) -> list[Sanction]:
    """Returns the entries with this serial; several may share one, as units of a product share a constant."""
    place = device.assets.get(serial.digest) if serial is not None else None
    if place is None or place >= len(device.policy.sanctions):
        return []
    text = device.policy.sanctions[place].asset_serial.strip()
    return [entry for entry in entries if entry.asset_serial.strip() == text]
