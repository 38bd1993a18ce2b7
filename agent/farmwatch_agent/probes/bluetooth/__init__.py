r"""Bluetooth: what is paired and connected, and where the screen is cast to.

Reads
    Linux: /sys/class/bluetooth, the HID bus (name, address, report descriptor), and of BlueZ's folder
    /var/lib/bluetooth each device's name, class, services and Device ID.
    Windows: `BTHPORT\Parameters\Devices` in the registry, the device list (BTHENUM, BTHLE, radios), which devices are
    connected (BluetoothFindFirstDevice), whether wireless projection to this laptop was switched on.
    macOS: `system_profiler` for adapter, paired devices and, of its list of displays, AirPlay and Sidecar; the setting
    of the AirPlay receiver in each home folder's com.apple.controlcenter.
Why
    A keyboard and mouse need no cable: boards that type for somebody far away also pair as Bluetooth keyboards. A
    laptop of a person has a headset or a phone; one in a farm has none. A cast screen can be watched elsewhere.
Never reads
    Keystrokes, messages, calls, contacts, what is played. Nothing is scanned for and no device is asked anything.
    Names only of devices that give input, because other names are people's.
Rights
    Linux: what gives input now is readable by every user, BlueZ's folder by root only. Link keys stand in the same
    file there: they are passed over and stand in no capture.
    Windows: the list of paired devices is readable by every user; link keys are not read by anybody.
    macOS: none for devices; other users' settings are a gap.
Blind spots
    Linux: what else than input devices is connected, an adapter that is down without being blocked, and casting
    programs of desktops; nothing is asked over D-Bus.
    A device that was never paired. A report descriptor that the system hides. What a casting program of its own
    (without Miracast or AirPlay) shows to others: see `processes`.
    macOS: no report descriptors, no day on which a device was last seen. The AirPlay receiver's setting is seen only
    where somebody changed it.
    Windows: devices whose pairing was removed are left out, though the registry keeps them. `powered` is true for the
    radio that answers and null for others. Who casts to this laptop over Miracast is seen in no way.
"""

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.bluetooth import BluetoothAdapter, BluetoothDevice, Casting

from ...probe import Probe

PROBE = Probe(
    kind="bluetooth",
    emits=(BluetoothAdapter, BluetoothDevice, Casting, Gap),
    interval_seconds=600,
    wakes=("bluetooth",),
    platforms=("linux", "macos", "windows"),
)
