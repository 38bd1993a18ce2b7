"""Which devices can give input, and how much of a day's activity each kind of them had.

Reads
    Linux: name, ids, capabilities and driver of each device in `/sys/class/input`; `removable` of its USB port.
    Counts that the running reader keeps (`host/input_watch.py`): of `/dev/input/event*` the time and the type of each
    event, else `/proc/interrupts` and the `urbnum` of USB devices that are HID and nothing else.
    Windows: the device list (classes keyboard, mouse, HID). Counts that the helper in the user's session keeps of
    Raw Input: the header of each message, and of a mouse's the flags.
    macOS: `ioreg` on IOHIDDevice. Counts of minutes in which an idle clock was reset: by the reader for all input,
    by the helper in the session for hardware and programs apart.
Why
    Nobody sits at a laptop in a farm: its own keyboard and touchpad rest for weeks, and what types is a device that
    points by absolute position, software's device, or no device at all.
Never reads
    Keys, buttons, positions: of an event its code and value are stepped over in the buffer; of a keyboard's message
    on Windows only the header is fetched. No device is grabbed or written to. Serials and addresses of devices, and
    an owner's name in a device's ("Anna's Mouse"), are left out.
Rights
    Linux: the list is everybody's. Events need root or the group `input`, else counters are looked at, which are
    everybody's. Windows and macOS: none; the helper runs as the user.
Blind spots
    A single `collect` has nobody who watches: its days are a gap. What was not watched is unknown, not idle. A
    program that grabs a device (key remappers do) leaves it silent here and speaks through a virtual one. Counters
    tell half minutes; a USB device with another function beside HID is not counted by them. A touchpad or keyboard
    that is wired by USB inside counts as `usb` unless its port says `fixed`; on Windows it always does. A held key
    repeats, and counts. On X11, what a program injects (XTEST) reaches no device and is not seen; nor is what a
    Wayland portal injects. On a Windows laptop with a touch screen or a pen, a pointer that no device moves is `other`:
    it may be a finger's. A Bluetooth device that is made by software passes for one where the laptop has a radio.
    Whoever is at a session may write what they like into its helper's file; it is bounded, and believed for two days.
"""

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.input_source import InputDay, InputDevice

from ...probe import Probe

PROBE = Probe(
    kind="input_source",
    emits=(InputDevice, InputDay, Gap),
    interval_seconds=900,
    platforms=("linux", "macos", "windows"),
    opt_in=True,
    first_days=30,
    wakes=("input",),
)
