"""States that a USB device is built like an IP-KVM, whatever it calls itself.

Detects
    What the Linux gadget stack and the firmware write below the names: the driver's own interface name, an
    absolute mouse beside a keyboard, how both use the bus; also when keyboard and pointer are two devices. Each
    is a fact of its own and any may be missing.
    Level 3 is a shape confirmed by two facts without an innocent cause in common; level 2 one strong fact;
    level 1 a weak one. docs/catalogues.md lists facts, ranks and measured rates.
Why
    Settings and guides change names, ids and monitor data. They do not change report descriptors, interface
    names of the kernel, endpoint sizes or the speed.
Innocent explanations
    A development board or meeting-room panel that plays keyboard (gadget stack alone); a pen tablet, touch
    panel, virtual machine or KVM switch (absolute pointer alone); an 8 kHz gaming keyboard (high speed alone); a
    server's controller, which is an IP-KVM by trade and is never confirmed on servers and desktops. What truly is
    built as a KVM: one of one's own, a board or phone programmed as keyboard and mouse, a meeting room's sharing
    button that passes touch back.
Blind spots
    A serial-to-keyboard cable has no gadget marks: level 2 at most, and only in absolute mode. Firmware that
    serves HID from user space, runs at full speed and moves relatively shows nothing here. A KVM that poses as a
    touch screen is a meeting-room panel by its build: level 2. Without gadget marks, a pen collection hides an absolute
    mouse that is not a known firmware's, and keyboard and absolute mouse on two boards are level 1 (who has two). A
    board that keeps its maker's ids is left to hid_emulator.
Triage
    Look at the port: what the cable leads to decides. Compare the claimed product with the facts quoted.
References
    T1219.003 Remote Access Hardware; Linux drivers/usb/gadget/function/f_hid.c; firmware named per fact.
"""

from farmwatch_schema.finding import Finding
from farmwatch_schema.observables.usb import UsbDevice

from .assets import sanction_for_usb
from .detector import Detector, Findings, quote
from .hardware import place_of, port_of, quoted, was_or_is
from .machine import host_of, virtual_if_told
from .remembered import usb_sightings
from .usb_shape import Fact, facts, in_parts, is_server_controller, level_of
from .view import DeviceView, Sighting

_IN_PARTS = "A Linux computer plays a keyboard in one device and a pointer in another: {}."


def detect(device: DeviceView) -> Findings:
    """Yields one finding per USB device whose build speaks for an IP-KVM, with every fact that spoke."""
    chassis, virtual, parts = host_of(device).chassis, virtual_if_told(device), in_parts(device)
    for sighting in usb_sightings(device):
        item = sighting.item
        found = facts(item, virtual=virtual)
        if item in parts and not sighting.seen_until and not any(fact.family == "set" for fact in found):
            found = (*found, Fact(3, "set", _IN_PARTS.format(" and ".join(place_of(part) for part in parts))))
        level = level_of(found)
        # A server's controller is soldered in; a laptop has none, and where the case is not known a laptop is meant.
        server = chassis == "server" or (is_server_controller(item) and chassis == "desktop")
        if level:
            yield _finding(device, sighting, sighting.capped(min(level, 1) if server else level), found, server)


def _finding(
    device: DeviceView, sighting: Sighting[UsbDevice], level: int, found: tuple[Fact, ...], server: bool
) -> Finding:
    item, place = sighting.item, place_of(sighting.item)
    sanction = sanction_for_usb(device, sighting)
    what = f"{place}{f', which calls itself {quoted(item.product)},' if item.product else ''} {was_or_is(sighting)}"
    if sanction is not None:
        level, sentence = 0, f"{place} is a registered KVM of {sanction.words}."
    elif level == 3:
        strong = sum(fact.family != "support" for fact in found)
        sentence = (
            f"{what} built like an IP-KVM by {strong} facts that names do "
            f"not change; no ordinary device examined has two of them. "
            f"Could it be a KVM, board or phone of the owner's? Check: what the cable on that port leads to."
        )
    else:
        innocent = "a server's controller" if server else "a development board, pen tablet or phone that plays keyboard"
        sentence = (
            f"{what} built like an IP-KVM in {len(found)} "
            f"{'point' if len(found) == 1 else 'points'}, unusual for a keyboard or mouse. Could it be {innocent}? "
            f"Check: ask what is plugged in there."
        )
    quotes = (quote("usb", place, fact.text, fact.source) for fact in found)
    return DETECTOR.finding(
        level, sentence, quotes, port_of(item), sighting=sighting, sanction=sanction, floor=level == 3
    )


DETECTOR = Detector(
    id="ip_kvm_shape",
    group="H",
    title="Build of an IP-KVM under any name",
    attack=("T1219.003",),
    consumes=("usb", "host"),
    detect=detect,
)
