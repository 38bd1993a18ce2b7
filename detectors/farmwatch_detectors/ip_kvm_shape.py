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

from collections.abc import Iterator

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.usb import UsbDevice

from .catalog.ip_kvm import products
from .detector import Detector
from .hardware import place_of, quoted, sanction_for_asset, was_or_is, words_of
from .remembered import usb_sightings
from .usb_shape import Fact, facts, is_server_controller, plays
from .view import DeviceView, Sighting

_IN_PARTS = "A Linux computer plays a keyboard in one device and a pointer in another: {}."


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per USB device whose build speaks for an IP-KVM, with every fact that spoke."""
    host = next(iter(device.of("host", HostFacts)), HostFacts())
    virtual = None if host.hypervisor is None else bool(host.hypervisor)
    parts = _parts(device)
    for sighting in usb_sightings(device):
        found = facts(sighting.item, virtual=virtual)
        if (
            len(parts) > 1
            and not sighting.seen_until
            and sighting.item in parts
            and not any(f.family == "set" for f in found)
        ):
            found = (*found, Fact(3, "set", _IN_PARTS.format(" and ".join(place_of(part) for part in parts))))
        level = level_of(found)
        # A server's controller is soldered in; a laptop has none, and where the case is not known a laptop is meant.
        soldered = is_server_controller(sighting.item) and host.chassis == "desktop"
        server = host.chassis == "server" or soldered
        if level:
            yield _finding(device, sighting, sighting.capped(min(level, 1) if server else level), found, server)


def _parts(device: DeviceView) -> list[UsbDevice]:
    """Returns the devices in which a Linux computer plays a keyboard here and a pointer there; none otherwise."""
    played = [(item, plays(item)) for item in device.of("usb", UsbDevice)]
    one = [(item, role) for item, role in played if role in ((True, False), (False, True))]
    return [item for item, _ in one] if len({role for _, role in one}) > 1 else []


def level_of(found: tuple[Fact, ...]) -> int:
    """Returns the level that facts of one device reach together.

    Confirmed (3) are: the gadget stack with an absolute mouse, or with both keyboard and pointer; an absolute mouse
    beside a keyboard, at high speed, with the gadget's use of the bus or in a KVM firmware's own bytes; keyboard and
    relative mouse in a firmware's bytes with the gadget's use of the bus; both marks of the bus, which no ordinary
    device has, with an absolute mouse or two lesser facts. Both marks by themselves are strong (2), and one cause.
    """
    families = {fact.family for fact in found}
    both = any(fact.rank == 3 and fact.family == "pointer" for fact in found)
    bus = {fact.rank for fact in found if fact.family == "bus" and fact.rank in (5, 6)}
    lesser = {fact.rank for fact in found if fact.family == "support"}
    if "gadget" in families and families & {"pointer", "set", "firmware"}:
        return 3
    if (both and families & {"bus", "firmware"}) or ("pair" in families and families & {"bus", "firmware"}):
        return 3
    if len(bus) > 1 and ("pointer" in families or len(lesser) > 1):
        return 3
    if "gadget" in families or both or len(bus) > 1:
        return 2
    return 1 if families & {"pointer", "pair", "bus"} or len({fact.rank for fact in found}) > 1 else 0


def _finding(
    device: DeviceView, sighting: Sighting[UsbDevice], level: int, found: tuple[Fact, ...], server: bool
) -> Finding:
    item = sighting.item
    sanction = sanction_for_asset(device, (item.serial,), products(item), sighting.seen_until)
    named = f", which calls itself {quoted(item.product)}," if item.product else ""
    if sanction is not None:
        level, sentence = 0, f"{place_of(item)} is a registered KVM of {sanction.owner}: {sanction.reason}."
    elif level == 3:
        strong = sum(fact.family != "support" for fact in found)
        sentence = (
            f"{place_of(item)}{named} {was_or_is(sighting)} built like an IP-KVM by {strong} facts that names do "
            f"not change; no ordinary device examined has two of them. "
            f"Could it be a KVM, board or phone of the owner's? Check: what the cable on that port leads to."
        )
    else:
        innocent = "a server's controller" if server else "a development board, pen tablet or phone that plays keyboard"
        sentence = (
            f"{place_of(item)}{named} {was_or_is(sighting)} built like an IP-KVM in {len(found)} "
            f"{'point' if len(found) == 1 else 'points'}, unusual for a keyboard or mouse. It can be {innocent}. "
            f"Check: ask what is plugged in there."
        )
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=sentence,
        evidence=tuple(
            Evidence(kind="usb", subject=place_of(item), fact=fact.text, source=fact.source) for fact in found
        ),
        subject=item.port_path or item.ids,
        seen_from=sighting.seen_from,
        seen_until=sighting.seen_until,
        sanctioned=words_of(sanction) if sanction else "",
        floor=level == 3,
    )


DETECTOR = Detector(
    id="ip_kvm_shape",
    group="H",
    title="Build of an IP-KVM under any name",
    attack=("T1219.003",),
    consumes=("usb", "host"),
    detect=detect,
)
