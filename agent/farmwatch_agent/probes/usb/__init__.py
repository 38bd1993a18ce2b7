"""What is plugged in over USB.

Reads
    Linux: `/sys/bus/usb/devices`: per device its raw descriptors, strings, serial, speed, removable flag and
    active configuration; per interface its string, driver, HID report descriptor and SCSI inquiry strings.
    macOS: `ioreg` for USB devices and all below them: ids, strings, serial, speed, place, interfaces with their class and
    name, HID report descriptors byte by byte, inquiry strings; names of the controllers.
Why
    Network KVMs are USB gadgets. Their ids and names can be rewritten by anybody, their descriptors, interface
    strings and inquiry strings hardly.
Never reads
    Keystrokes, pointer movement, files on storage, network traffic. No device is opened or asked anything:
    the kernel's own copies are read.
Rights
    None: the files are readable by everybody. A serial travels keyed.
Blind spots
    Devices that were unplugged before. Strings that the kernel could not read (null, not "").  A HID driver may
    repair a report descriptor before the kernel shows it. A device without a bound HID driver shows no report
    descriptor. Root hubs are the laptop's own controllers and left out, except those made by software (USB over
    IP). Beyond 32 KiB of report descriptors in all their features stand for them, and the 129th device on is a
    gap: no device may make a report too large to be taken. A kernel without USB is `not_supported`, a bus with
    nothing on it is `none`.
    macOS: the registry tells no endpoints, no bcdHID and no configuration string, so facts about the use of the bus are
    missing; a device that was taken from macOS by a program (for a virtual machine) shows no report descriptor. Devices
    that were unplugged before leave nothing. Of USB over a network a controller made by software is seen, which virtual
    machines make as well.
"""

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.usb import UsbDevice

from ...probe import Probe

PROBE = Probe(kind="usb", emits=(UsbDevice, Gap), interval_seconds=300, platforms=("linux", "macos"))
