"""How each system tells of one thing: what the probes see of it there. See docs/facts.md for every field."""

import msgspec

from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.usb import UsbDevice

from .. import systems


def told(platform: str, item: Observable, identity_only: bool = False) -> tuple[Observable, ...]:
    """Returns a thing, described as Linux tells it, as this system tells it, with the gap that belongs to it.

    identity_only  a Mac whose display ports do not tell the EDID: a monitor's names come without bytes
    """
    seen = systems.told(platform, item)
    if platform == "macos" and isinstance(seen, UsbDevice):
        # The registry has no raw configuration: no index of its string (agent's probes/usb/macos.py).
        return (msgspec.structs.replace(seen, configuration_index=None),)
    if identity_only and isinstance(seen, Display) and not seen.internal:
        bare = msgspec.structs.replace(seen, edid="", edid_digest="", base_digest="", serial=None, serial_number=None)
        return bare, Gap(what=f"EDID on {seen.connector}", outcome="not_supported")
    return (seen,)
