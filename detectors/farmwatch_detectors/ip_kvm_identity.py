"""States that a USB device bears the published identity of an IP-KVM, or part of one.

Detects
    Strings, serial constants, ids and SCSI inquiry strings that the firmware of an IP-KVM gives to every unit,
    on a device with a keyboard or pointer interface. Level 3 is a name that only one product bears; level 2
    part of such an identity, or a KVM-over-IP dongle; level 1 the ids of any Linux gadget or of a server's
    management controller. Cables and boards: hid_emulator.
Why
    An IP-KVM shows the screen to somebody far away and plays keyboard and mouse, with no software on the laptop.
    Many are used as they come out of the box.
Innocent explanations
    An engineer's or lab's own KVM; a desk shared with a home server; a development board that plays keyboard;
    a server room's crash cart.
Blind spots
    Every product lets its owner change ids and strings (see ip_kvm_shape). A KVM whose HID functions are off.
    Serials that other firmware shares (0123456789ABCDEF) are left aside.
Triage
    Ask the owner what is plugged into that port. Compare serial and port with the asset register; look for the
    same serial on other laptops. If it is registered, add it to the policy as an asset.
References
    T1219.003 Remote Access Hardware; docs/catalogues.md; catalog/ip_kvm.yaml names file and commit per entry.
"""

from farmwatch_schema.finding import Finding
from farmwatch_schema.observables.usb import UsbDevice

from .assets import sanction_for_asset, sanction_for_usb
from .catalog.ip_kvm import ORDER, Match, matches
from .detector import Detector, Findings, quote
from .hardware import cited, fleet_words, hid_interfaces, place_of, port_of, quoted, was_or_is
from .remembered import usb_sightings
from .usb_shape import controls
from .view import DeviceView, Sighting

#: From this speed on a serial that others may think of counts as the product's own: hobby keyboards that
#: bear CAFEBABE for fun are full-speed devices, the products that do run at high speed.
_HIGH_SPEED = 480.0

_FACTS = {
    "name": "It calls itself {}.",
    "serial": "Its serial is {}, the same on every unit.",
    "magic_serial": "Its serial is {}, the same on every unit.",
    "scsi": "Its storage answers as {}.",
    "ids_and_serial": "Its ids and serial are {}, as on every unit.",
    "ids": "Its ids are {}.",
}

_WHAT = {
    "kvm_over_ip_dongle": "Server rooms use these; a laptop on a crash cart may wear one for an hour.",
    "bmc": "Normal on servers and workstations, unusual on a laptop.",
    "gadget": "Development boards and phones use these ids too, seldom with a keyboard or pointer.",
}


def detect(device: DeviceView) -> Findings:
    """Yields one finding per USB device that bears such an identity, with all its marks."""
    for sighting in usb_sightings(device):
        found = list(matches(sighting.item))
        # Two products may share a serial; the name then says which one it is.
        graded = [(_level(sighting.item, match), -ORDER.index(match.how), match) for match in found]
        level, _, best = max(graded, key=lambda row: row[:2], default=(0, 0, None))
        if level and best:
            marks = [match for match in found if match.entry is best.entry]
            yield _finding(device, sighting, sighting.capped(level), marks)


def _level(item: UsbDevice, match: Match) -> int:
    hid = hid_interfaces(item)
    if match.entry.category != "ip_kvm":
        return (2 if match.entry.category == "kvm_over_ip_dongle" else 1) if controls(item) else 0
    if match.how == "ids":
        return 2 if hid or not item.interfaces else 0
    if match.how == "magic_serial" and not hid:
        return 0
    slow = item.speed_mbps is not None and item.speed_mbps < _HIGH_SPEED
    if match.entry.confidence == "unverified" or (match.how == "magic_serial" and slow):
        return 2
    # With its interfaces read and none of them HID it cannot type, whatever it is called.
    return 3 if hid or not item.interfaces else 2


def _finding(device: DeviceView, sighting: Sighting[UsbDevice], level: int, marks: list[Match]) -> Finding:
    item, entry, place = sighting.item, marks[0].entry, place_of(sighting.item)
    is_one = (
        f"{place} {was_or_is(sighting)} {'a' if level == 3 or entry.category != 'ip_kvm' else 'perhaps a'} {entry.name}"
    )
    sanction = sanction_for_usb(device, sighting) or sanction_for_asset(
        device,
        (item.serial,),
        {entry.id},
        sighting.seen_until,  # a dongle may be registered under its own id
    )
    if sanction is not None:
        level, sentence = 0, f"{place} is the registered {entry.name} of {sanction.words}."
    elif entry.category == "ip_kvm":
        fleet = fleet_words(device, "usb_serial", item.serial) or "No ordinary device examined bears these marks."
        seen = ", ".join(dict.fromkeys(quoted(mark.seen) for mark in marks))
        sentence = (
            f"{is_one} by its own words ({seen}): it can show the screen and type for somebody far away. {fleet} "
            f"Could it be the owner's or a lab's? Check: asset register, then ask who uses it."
        )
    else:
        what = _WHAT[entry.category]
        sentence = f"{is_one} that can type or point. {what} Could it be that? Check: what is plugged in there."
    quotes = (
        quote("usb", place, _FACTS[mark.how].format(quoted(mark.seen)), cited("ip_kvm.yaml", mark.entry))
        for mark in marks
    )
    return DETECTOR.finding(
        level, sentence, quotes, port_of(item), sighting=sighting, sanction=sanction, floor=level == 3
    )


DETECTOR = Detector(
    id="ip_kvm_identity",
    group="H",
    title="Published identity of an IP-KVM on the USB",
    attack=("T1219.003",),
    consumes=("usb",),
    detect=detect,
)
