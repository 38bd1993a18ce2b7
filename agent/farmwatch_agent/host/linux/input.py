"""What watches input on Linux: events where they may be read, else the kernel's counters."""

import time
from contextlib import suppress

from ..input_counts import InputDayCounts, InputSource
from ..input_watch import InputCounter, Watcher
from ..protocol import Host, HostError
from .evdev import EvdevWatcher, may_watch
from .input_devices import Found, devices
from .interrupts import CounterWatcher

NODES = "/dev/input"
#: More devices than this nobody's laptop has; the rest are not watched.
MAX_WATCHED = 200


class Listing:
    """The devices that can give input; what was seen last stands while they cannot be listed."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._known: list[Found] = []

    def found(self) -> list[Found]:
        """Returns the devices."""
        with suppress(HostError):
            self._known = [found for found in devices(self._host) if isinstance(found, Found)][:MAX_WATCHED]
        return self._known

    def nodes(self) -> dict[str, InputSource]:
        """Returns the source of each device's events, by node."""
        return {f"{NODES}/{found.node}": found.source for found in self.found() if found.node}


def watcher(host: Host, timing: bool, kept: list[InputDayCounts]) -> Watcher:
    """Returns the best watcher that the agent's rights allow."""
    listing = Listing(host)
    now = time.time(), time.monotonic()
    nodes = listing.nodes()
    if may_watch(nodes) or (not nodes and host.euid() == 0 and _has_nodes(host)):
        return EvdevWatcher(InputCounter("evdev", *now, kept), listing.nodes, timing=timing)
    return CounterWatcher(host, InputCounter("interrupts", *now, kept), listing.found)


def _has_nodes(host: Host) -> bool:
    try:
        host.names(NODES)
    except HostError:
        return False
    return True
