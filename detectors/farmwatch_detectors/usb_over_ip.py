"""States that USB devices of another computer appear on this laptop over the network, or its own elsewhere.

Detects
    A driver that takes USB devices from the network: usbip, VirtualHere and others (level 1). A driver that gives
    devices away is shown and never counted.
Why
    A security key or camera in a far person's hand can so be plugged into a laptop in a farm, and pass for local.
Innocent explanations
    Developers who flash boards from virtual machines or WSL; a shared licence dongle or scanner in an office;
    thin clients; a driver that stayed behind after a test. Guests of a hypervisor are left out.
Blind spots
    A driver under another name. Appliances that pass USB on without a driver on the laptop (see ip_kvm_shape).
    Whether anything is attached through it now: systems do not say.
Triage
    Ask what it is used for. Is a security key or camera among the devices that came over it?
References
    T1219.003 Remote Access Hardware; Linux drivers/usb/usbip; vadimgrn/usbip-win2; libusb issue 187 (VirtualHere).
"""

from farmwatch_schema.observables.usb import UsbOverIp

from .detector import Detector, Findings, quote
from .hardware import quoted, sightings
from .machine import is_virtual
from .view import DeviceView

_SOURCES = {
    "vhci_hcd": "torvalds/linux:drivers/usb/usbip/Kconfig",
    "usbip_host": "torvalds/linux:drivers/usb/usbip/Kconfig",
    "usbip_vudc": "torvalds/linux:drivers/usb/usbip/Kconfig",
    "usbip2_ude": "vadimgrn/usbip-win2:drivers/ude/usbip2_ude.inf@74f5a7fa",
    "usbip2_filter": "vadimgrn/usbip-win2:drivers/ude_filter/usbip2_filter.inf@74f5a7fa",
    "vhhub": "libusb/libusb issue 187",
    "usbipd": "dorssel/usbipd-win",
}


def detect(device: DeviceView) -> Findings:
    """Yields one finding per driver."""
    # A guest's USB is its hypervisor's, through just such a driver (macOS: AppleUSBUserHCI).
    for sighting in sightings(device, "usb", UsbOverIp) if not is_virtual(device) else ():
        name, client = sighting.item.name, sighting.item.role == "client"
        when = f"was there until {sighting.seen_until[:10]}" if sighting.seen_until else "is there"
        sentence = (
            f"A driver that takes USB devices from the network ({quoted(name)}) {when}: a security key or camera "
            "elsewhere can appear here. Few laptops have one; developers and shared dongles do. "
            "Could it be that? Check: ask what it is used for."
            if client
            else f"A driver that gives this laptop's USB devices away ({quoted(name)}) {when}, as developers use "
            "to reach boards from a virtual machine or WSL. It lets nobody in by itself."
        )
        fact = "It takes devices from the network." if client else "It gives devices to the network."
        quotes = (quote("usb", f"driver {quoted(name)}", fact, _SOURCES.get(name, "")),)
        yield DETECTOR.finding(1 if client else 0, sentence, quotes, name, sighting=sighting)


DETECTOR = Detector(
    id="usb_over_ip",
    group="H",
    title="USB devices over the network",
    attack=("T1219.003",),
    consumes=("usb", "host"),
    detect=detect,
)
