"""Two weeks of a laptop's life for tests of physical use: what its lid, plug, network and camera went through."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from farmwatch_detectors.view import DeviceView, Span
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.media import MediaDevice
from farmwatch_schema.observables.network import Gateway
from farmwatch_schema.observables.power import PowerFacts

from .views import KEYER, NOW, view

#: As an x86 laptop on a shelf tells it: closed, charging, never suspended since boot.
SHELF = PowerFacts(lid="closed", on_ac=True, battery=True, charge=100, cycles=10, suspends="0")
CAMERA = MediaDevice(what="camera", name="Integrated Camera", virtual=False, bus="usb", in_use=False)
LAPTOP = HostFacts(os="Debian GNU/Linux", chassis="laptop", hypervisor="")


def gateway(number: int = 1) -> Gateway:
    mac = KEYER.key("mac", f"50:c7:bf:00:00:{number:02x}")
    return Gateway(family="ipv4", interface="wlp1s0", mac=mac)


def lived(
    was: Iterable[tuple[str, Observable]] = (),
    *,
    power: PowerFacts = SHELF,
    camera: MediaDevice | None = CAMERA,
    days: int = 30,
    host: HostFacts = LAPTOP,
) -> DeviceView:
    """A laptop as it is now, known for so many days; `was` (kind, observable) was there from five to four days ago."""
    now: dict[str, list[Observable]] = {"power": [power], "network": [gateway()], "media": [camera] if camera else []}
    began = NOW - timedelta(days=days)
    spans = {
        kind: [Span(kind=kind, item=item, seen_from=began, from_start=True) for item in items]
        for kind, items in now.items()
    }
    for kind, item in was:
        five, four = NOW - timedelta(days=5), NOW - timedelta(days=4)
        spans[kind].append(Span(kind=kind, item=item, seen_from=five, seen_until=four))
    device = view(host=[host], **now)  # type: ignore[arg-type]
    return msgspec.structs.replace(device, history={kind: tuple(each) for kind, each in spans.items()})
