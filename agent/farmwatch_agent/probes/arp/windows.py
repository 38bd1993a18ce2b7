r"""ARP on Windows: adapters from IP Helper, asked for as Npcap names them, `\Device\NPF_{GUID}`.

Source of the name: npcap.com, Npcap Users' Guide; no look was ever taken on a Windows.
"""

from collections.abc import Iterator

from farmwatch_schema.observables import Observable

from ...host import Host
from ...host.windows.network import NetworkAdapter
from ..network.windows import told_name
from . import looks

_ETHERNET, _WIFI = 6, 71


def collect(host: Host) -> Iterator[Observable]:
    """Yields what the helper saw on each connected adapter."""
    yield from looks.collect(host, adapters(host.rows(NetworkAdapter)))


def adapters(rows: list[NetworkAdapter]) -> list[looks.Adapter]:
    """Returns the connected Ethernet and Wi-Fi adapters, those with hardware behind them first."""
    usable = [it for it in rows if it.up and it.mac and it.guid and it.type in (_ETHERNET, _WIFI)]
    return [
        looks.Adapter(rf"\Device\NPF_{it.guid}", told_name(it), it.mac)
        for it in sorted(usable, key=lambda it: (it.hardware is False, it.name))
    ]
