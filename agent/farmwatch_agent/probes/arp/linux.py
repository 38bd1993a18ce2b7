"""ARP on Linux: adapters from /sys/class/net, those with hardware behind them first.

Sources: Documentation/ABI/testing/sysfs-class-net; include/uapi/linux/if_arp.h, if.h.
"""

from collections.abc import Iterator

from farmwatch_schema.observables import Observable

from ...host import Host, HostError, Missing, NotSupported
from ..asking import link_of
from ..network.linux import NET, is_up, told_name
from . import looks

_ETHERNET = "1"
_IFF_NOARP = 0x80


def collect(host: Host) -> Iterator[Observable]:
    """Yields what the helper saw on each connected adapter."""
    yield from looks.collect(host, adapters(host))


def adapters(host: Host) -> list[looks.Adapter]:
    """Returns the adapters that speak ARP and are connected, hardware first, then by name."""
    try:
        names = host.names(NET)
    except Missing as error:
        raise NotSupported(f"{error}; network interfaces cannot be listed") from None
    found = []
    for name in names:
        folder = f"{NET}/{name}"
        flags = _text(host, f"{folder}/flags")
        if _text(host, f"{folder}/type") != _ETHERNET or not is_up(_text(host, f"{folder}/operstate"), flags):
            continue
        if not _is_without_arp(flags):
            mac = _text(host, f"{folder}/address")
            found.append((not link_of(host, f"{folder}/device"), looks.Adapter(name, told_name(name), mac)))
    return [adapter for _, adapter in sorted(found, key=lambda it: (it[0], it[1].asked))]


def _is_without_arp(flags: str) -> bool:
    try:
        return bool(int(flags, 16) & _IFF_NOARP)
    except ValueError:
        return False


def _text(host: Host, path: str) -> str:
    try:
        return host.text(path)
    except HostError:
        return ""
