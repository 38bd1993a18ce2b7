"""Every probe, by name. A new one is a folder here and one line in `NAMES`."""

import importlib

from ..probe import Probe

#: In the order in which sections stand in a report. Explicit, because scanning finds nothing in a frozen build.
NAMES: tuple[str, ...] = (
    "host",
    "usb",
    "displays",
    "bluetooth",
    "processes",
    "software",
    "services",
    "sockets",
    "network",
    "wifi",
    "sessions",
    "power",
    "media",
    "agent",
)


def load(name: str) -> Probe:
    """Returns the declaration of one probe."""
    probe: Probe = importlib.import_module(f"{__name__}.{name}").PROBE
    return probe
