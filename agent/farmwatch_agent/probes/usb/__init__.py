"""What is plugged in over USB.

Reads
    Linux: `/sys/bus/usb/devices`: per device its raw descriptors, strings, serial, speed, removable flag and
    active configuration; per interface its string, driver, HID report descriptor and SCSI inquiry strings.
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
"""

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.usb import UsbDevice

from ...probe import Probe

PROBE = Probe(kind="usb", emits=(UsbDevice, Gap), interval_seconds=300, platforms=("linux",))
