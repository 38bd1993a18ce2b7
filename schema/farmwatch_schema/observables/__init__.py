"""One module per kind of section, one frozen type per kind of thing seen. To add one, see CONTRIBUTING.md."""

from . import (
    agent,
    arp,
    bluetooth,
    browsers,
    displays,
    host,
    input_source,
    input_timing,
    latency,
    media,
    network,
    power,
    processes,
    services,
    sessions,
    sockets,
    software,
    usb,
    wifi,
)
from .base import Gap, Kind, Observable, UnknownObservable, bucket

__all__ = ["KINDS", "OBSERVABLES", "Gap", "Kind", "Observable", "UnknownObservable", "bucket"]

#: Every kind of section, by name, in the order in which pages show them.
KINDS: dict[str, Kind] = {
    module.KIND.kind: module.KIND
    for module in (
        *(host, usb, bluetooth, displays, input_source, input_timing, processes, software, services, browsers),
        *(sockets, network, wifi, latency, sessions, power, media, arp, agent),
    )
}

#: Every observable type, by the name it bears on the wire.
OBSERVABLES: dict[str, type[Observable]] = {
    str(observable.__struct_config__.tag): observable
    for kind in KINDS.values()
    for observable in (*kind.observables, *Kind.SHARED)
}
