"""States that hardware made to type or point by program poses as keyboard or mouse, over USB or Bluetooth.

Detects
    Serial-to-keyboard cables (CH9329), keystroke injectors, and boards over Bluetooth by their names as shipped, or a
    programmable board that is keyboard and absolute mouse in one (level 2); a programmable board with a keyboard or
    mouse (level 1). Any of them, or one that is a Linux gadget or keyboard and absolute mouse in one under any name,
    while an external display is no panel by a measured sign (phantom_screen): both ends of a KVM (level 3).
Why
    With such a part and a capture dongle anybody builds an IP-KVM for twenty dollars, and it bears no KVM's name.
Innocent explanations
    Macro pads and home-made keyboards; a developer's board on the desk; a kiosk's, scanner's or meter's cable; a
    security team's test.
Blind spots
    Ids and strings of all of them can be changed; ids that ordinary mice share say nothing alone (hardware_jiggler,
    usb_identity_conflict and ip_kvm_shape look further). Boards over Bluetooth under another name.
Triage
    Ask what the board is for and look at it. A KVM cable has a second computer at its other end.
References
    T1219.003 Remote Access Hardware, T1200 Hardware Additions; catalog/hid_emulators.yaml.
"""

from collections.abc import Iterator

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.bluetooth import BluetoothDevice
from farmwatch_schema.observables.usb import UsbDevice

from .catalog.hid_emulators import bluetooth_matches
from .catalog.ip_kvm import products
from .detector import Detector
from .hardware import place_of, quoted, sanction_for_asset, sightings, was_or_is, words_of
from .phantom_screen import in_place_of_a_panel
from .programmed_input import Part, hypervised, named, part_of
from .remembered import usb_sightings
from .view import DeviceView, Sighting

_INNOCENT = {
    1: "Macro pads and home-made keyboards are such boards.",
    2: "Kiosks, scanners and meters use such parts; so do KVM cables.",
    3: "With a display that is no panel it makes a KVM; a streamer's macro pad and capture box look alike.",
}


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per device recognised as such hardware."""
    screen, virtual = in_place_of_a_panel(device), hypervised(device)
    for sighting in usb_sightings(device):
        both = screen if not sighting.seen_until else None
        part = part_of(sighting.item, other_end=both is not None, virtual=virtual)
        if part:
            yield _finding(device, "usb", place_of(sighting.item), sighting, part, both)
    for paired in sightings(device, "bluetooth", BluetoothDevice):
        item = paired.item
        match = next(bluetooth_matches(item), None)
        if match is not None and item.hid is not False:
            both = screen if not paired.seen_until else None
            yield _finding(device, "bluetooth", f"Bluetooth device {quoted(item.name)}", paired, named(2, match), both)


def _finding(
    device: DeviceView,
    kind: str,
    subject: str,
    sighting: Sighting[UsbDevice] | Sighting[BluetoothDevice],
    part: Part,
    screen: Evidence | None,
) -> Finding:
    item, level = sighting.item, 3 if screen else sighting.capped(part.level)
    serial = item.serial if isinstance(item, UsbDevice) else item.address
    known = products(item) if isinstance(item, UsbDevice) else ()
    sanction = sanction_for_asset(device, (serial,), {part.known, *known} - {""}, sighting.seen_until)
    if sanction is not None:
        level, sentence = 0, f"{subject} is a registered {part.name} of {words_of(sanction)}."
    else:
        sentence = (
            f"{subject} {was_or_is(sighting)} a {part.name} ({quoted(part.seen)}) that types or points as it was "
            f"programmed to, where laptops have ordinary keyboards. {_INNOCENT[level]} "
            f"Could it be the owner's own? Check: ask what it is for and what is at its other end."
        )
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=sentence,
        evidence=(
            Evidence(kind=kind, subject=subject, fact=part.fact, source=part.source),
            *((screen,) if screen else ()),
        ),
        subject=(item.port_path or item.ids) if isinstance(item, UsbDevice) else f"bluetooth {part.known}",
        seen_from=sighting.seen_from,
        seen_until=sighting.seen_until,
        sanctioned=words_of(sanction) if sanction else "",
    )


DETECTOR = Detector(
    id="hid_emulator",
    group="H",
    title="Board or cable that plays keyboard or mouse",
    attack=("T1219.003", "T1200"),
    consumes=("usb", "bluetooth", "displays", "host"),
    detect=detect,
)
