"""The laptop's own switches that keep it from knowing where it is, and whether its person works remotely."""

from datetime import timedelta

from farmwatch_schema.observables.bluetooth import BluetoothAdapter
from farmwatch_schema.observables.network import Radio

from .view import DeviceView

#: What stands so for less is a flight, a meeting, a weekend.
LASTING = timedelta(days=5)
_OFF = ("off", "blocked")
#: States of each switch that keep the laptop silent; location that is blocked was blocked by policy.
_QUIET = {"wifi": _OFF, "bluetooth": _OFF, "location": ("off",), "airplane_mode": ("on",)}
_WORDS = {
    "wifi": "Wi-Fi",
    "bluetooth": "Bluetooth",
    "location": "the location service",
    "airplane_mode": "airplane mode",
}


def silent_switches(device: DeviceView) -> dict[str, tuple[str, str]]:
    """Returns each switch that has kept the laptop silent for long: kind of section that tells it, and words."""
    found: dict[str, tuple[str, str]] = {}
    for radio in device.of("network", Radio):
        if radio.state in _QUIET.get(radio.kind, ()) and _stands(device, "network", radio):
            found[radio.kind] = ("network", f"{_WORDS[radio.kind]} is {radio.state}")
    adapters = device.of("bluetooth", BluetoothAdapter)
    if adapters and all(it.powered is False and _stands(device, "bluetooth", it) for it in adapters):
        found["bluetooth"] = ("bluetooth", "Bluetooth is off")
    return found


def _stands(device: DeviceView, kind: str, item: Radio | BluetoothAdapter) -> bool:
    since = device.seen_from(kind, item) or device.enrolled_at
    return device.now - since >= LASTING


def works_remotely(device: DeviceView) -> bool:
    """Whether records say that its person works away from the company's own places."""
    entry = device.roster
    return entry is not None and not entry.site and (entry.cohort.startswith("remote") or entry.claim is not None)
