"""How each system tells of one thing: what the probes see of it there. See docs/facts.md for every field."""

import msgspec

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.usb import UsbDevice

from .. import systems


def told(platform: str, item: Observable) -> Observable:
    """Returns a thing, described as Linux tells it, as this system tells it."""
    seen = systems.told(platform, item)
    if platform == "macos" and isinstance(seen, UsbDevice):
        # The registry has no raw configuration: no index of its string (agent's probes/usb/macos.py).
        return msgspec.structs.replace(seen, configuration_index=None)
    return seen
