"""What is plugged in over USB.

Reads
    Linux: `/sys/bus/usb/devices`: per device its raw descriptors, strings, serial, speed, removable flag and
    active configuration; per interface its string, driver, HID report descriptor and SCSI inquiry strings;
    names in `/sys/module` for drivers of USB over the network.
    macOS: `ioreg` for USB devices and all below them: ids, strings, serial, speed, place, interfaces with their class
    and name, HID report descriptors byte by byte, inquiry strings; names of the controllers.
    Windows: the device list (USB, HID, USBSTOR, devices made by software), gone devices with their days included; each
    hub's ports: speed, device and configuration descriptor, strings; what Windows made of each HID report descriptor;
    names of services that carry USB over the network.
Why
    Network KVMs are USB gadgets. Their ids and names can be rewritten by anybody, their descriptors, interface
    strings and inquiry strings hardly.
Never reads
    Keystrokes, pointer movement, files on storage, network traffic. No device is opened or asked anything:
    the kernel's own copies are read. Windows keeps no copy of configuration and strings: its hub driver asks the
    device for them, as it does when one is plugged in. HID devices are opened without any access, which gives no input.
Rights
    None: the files are readable by everybody. A serial travels keyed.
    Windows: none that is known of; a hub that refuses is a gap, and ids, classes and HID features still go out.
Blind spots
    Devices that were unplugged before (Linux, macOS). Strings that the kernel could not read (null, not "").
    A HID driver may repair a report descriptor before the kernel shows it. A device without a bound HID driver
    shows no report descriptor. Root hubs are the laptop's own controllers and left out, except those made by software
    (USB over IP). Beyond 32 KiB of report descriptors in all their features stand for them, and the 129th device on is
    a gap: no device may make a report too large to be taken. A kernel without USB is `not_supported`, a bus with
    nothing on it is `none`.
    macOS: the registry tells no endpoints, no bcdHID and no configuration string, so facts about the use of the bus are
    missing; a device that was taken from macOS by a program (for a virtual machine) shows no report descriptor. Devices
    that were unplugged before leave nothing. Of USB over a network a controller made by software is seen, which virtual
    machines make as well; keyboards that a driver extension makes (Karabiner's) hang on no bus: see `input_source`.
    Windows: report descriptors stand as their features; of several configurations the first is read; a serial that only
    the device list tells is in capitals; storage that uses UAS shows no inquiry strings; hubs that are gone are not
    told, and one device without a serial in several ports is told once. The list of gone devices can be cleaned by an
    administrator.
"""

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.usb import RememberedUsb, UsbDevice, UsbOverIp

from ...probe import Probe

PROBE = Probe(
    kind="usb",
    emits=(UsbDevice, RememberedUsb, UsbOverIp, Gap),
    interval_seconds=300,
    wakes=("usb",),
    platforms=("linux", "macos", "windows"),
)
