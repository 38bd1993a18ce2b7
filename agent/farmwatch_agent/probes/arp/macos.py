"""ARP on macOS: adapters from ifconfig, those of hardware ports (`en`) only."""

from collections.abc import Iterator

from farmwatch_schema.observables import Observable

from ...host import Host
from ..network.macos import parse_ifconfig
from . import looks


def collect(host: Host) -> Iterator[Observable]:
    """Yields what the helper saw on each connected adapter."""
    text = host.command("interfaces").decode("utf-8", "replace")
    yield from looks.collect(host, adapters(text))


def adapters(text: str) -> list[looks.Adapter]:
    """Returns the connected Ethernet and Wi-Fi adapters of `ifconfig -a`."""
    return [
        looks.Adapter(it.name, it.name[:32], it.mac)
        for it in parse_ifconfig(text)
        if it.name.startswith("en") and it.up and it.mac and it.status == "active"
    ]
