r"""Bluetooth: what is paired and connected, and where the screen is cast to.

Reads
    Windows: `BTHPORT\Parameters\Devices` in the registry, the device list (BTHENUM, BTHLE, radios), which devices are
    connected (BluetoothFindFirstDevice), whether wireless projection to this laptop was switched on.
Why
    A keyboard and mouse need no cable: boards that type for somebody far away also pair as Bluetooth keyboards. A
    laptop of a person has a headset or a phone; one in a farm has none. A cast screen can be watched elsewhere.
Never reads
    Keystrokes, messages, calls, contacts, what is played. Nothing is scanned for and no device is asked anything.
    Names only of devices that give input, because other names are people's.
Rights
    Windows: the list of paired devices is readable by every user; link keys are not read by anybody.
Blind spots
    A device that was never paired. A report descriptor that the system hides. What a casting program of its own
    (without Miracast or AirPlay) shows to others: see `processes`.
"""

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.bluetooth import BluetoothAdapter, BluetoothDevice, Casting

from ...probe import Probe

PROBE = Probe(
    kind="bluetooth",
    emits=(BluetoothAdapter, BluetoothDevice, Casting, Gap),
    interval_seconds=600,
    platforms=("windows",),
)
