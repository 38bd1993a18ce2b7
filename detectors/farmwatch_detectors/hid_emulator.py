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

from typing import Any

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.bluetooth import BluetoothDevice

from .assets import sanction_for_asset, sanction_for_usb
from .catalog.hid_emulators import bluetooth_matches
from .detector import Detector, Findings, quote
from .hardware import place_of, port_of, quoted, sightings, was_or_is
from .machine import virtual_if_told
from .phantom_screen import in_place_of_a_panel
from .policy import Sanction
from .programmed_input import Part, named, part_of
from .remembered import usb_sightings
from .view import DeviceView, Sighting

_INNOCENT = {
    1: "Macro pads and home-made keyboards are such boards.",
    2: "Kiosks, scanners and meters use such parts; so do KVM cables.",
    3: "With a display that is no panel it makes a KVM; a streamer's macro pad and capture box look alike.",
}


def detect(device: DeviceView) -> Findings:
    """Yields one finding per device recognised as such hardware."""
    screen, virtual = in_place_of_a_panel(device), virtual_if_told(device)
    for usb in usb_sightings(device):
        part = part_of(usb.item, other_end=bool(screen and not usb.seen_until), virtual=virtual)
        if part:
            sanction = sanction_for_usb(device, usb, part.known)
            yield _finding("usb", place_of(usb.item), port_of(usb.item), usb, part, screen, sanction)
    for paired in sightings(device, "bluetooth", BluetoothDevice):
        match = next(bluetooth_matches(paired.item), None)
        if match is not None and paired.item.hid is not False:
            part, name = named(2, match), f"Bluetooth device {quoted(paired.item.name)}"
            sanction = sanction_for_asset(device, (paired.item.address,), {part.known} - {""}, paired.seen_until)
            yield _finding("bluetooth", name, f"bluetooth {part.known}", paired, part, screen, sanction)


def _finding(
    kind: str, name: str, subject: str, sighting: Sighting[Any], part: Part, screen: Evidence | None,
    sanction: Sanction | None,
) -> Finding:  # fmt: skip
    both = () if screen is None or sighting.seen_until else (screen,)
    level = 3 if both else sighting.capped(part.level)
    sentence = (
        f"{name} {was_or_is(sighting)} a {part.name} ({quoted(part.seen)}) that types or points as it was "
        f"programmed to, where laptops have ordinary keyboards. {_INNOCENT[level]} "
        f"Could it be the owner's own? Check: ask what it is for and what is at its other end."
    )
    if sanction is not None:
        level, sentence = 0, f"{name} is a registered {part.name} of {sanction.words}."
    quotes = (quote(kind, name, part.fact, part.source), *both)
    return DETECTOR.finding(level, sentence, quotes, subject, sighting=sighting, sanction=sanction)


DETECTOR = Detector(
    id="hid_emulator",
    group="H",
    title="Board or cable that plays keyboard or mouse",
    attack=("T1219.003", "T1200"),
    consumes=("usb", "bluetooth", "displays", "host"),
    detect=detect,
)
