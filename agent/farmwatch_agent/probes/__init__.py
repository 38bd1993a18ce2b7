"""Every probe, by name. A new one is a folder here and one line in `NAMES`."""

import importlib

from ..probe import Probe

#: In the order in which sections stand in a report. Explicit, because scanning finds nothing in a frozen build.
NAMES: tuple[str, ...] = (
    "host",
    "usb",
    "displays",
    "bluetooth",
    "input_source",
    "input_timing",
    "processes",
    "software",
    "services",
    "browsers",
    "sockets",
    "network",
    "wifi",
    "latency",
    "sessions",
    "power",
    "media",
    "arp",
    "agent",
)


def usual() -> tuple[str, ...]:
    """Returns the kinds that are looked at without being asked for by name."""
    return tuple(name for name in NAMES if not is_opt_in(name))


def is_opt_in(name: str) -> bool:
    """Whether a kind is looked at only where it is named; one without a probe is not, so that its section says so."""
    try:
        return load(name).opt_in
    except (ModuleNotFoundError, AttributeError):
        return False


def load(name: str) -> Probe:
    """Returns the declaration of one probe."""
    probe: Probe = importlib.import_module(f"{__name__}.{name}").PROBE
    return probe
