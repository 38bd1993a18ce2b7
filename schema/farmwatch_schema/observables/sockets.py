"""Who can be reached over the network, and who is connected."""

from ..identifiers import Identifier
from .base import Kind, Observable


class Listener(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="listener"):
    """A port that takes connections.

    protocol  `tcp` or `udp`
    scope     `loopback` or `network`
    owner     name of the executable; "" when it may not be read
    path      its path, home folders as `~`; null when it may not be read
    """

    protocol: str
    port: int
    scope: str
    owner: str = ""
    path: str | None = None


class InboundConnection(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="inbound_connection"):
    """Someone is connected to one of the laptop's listeners.

    port   the listener's
    peer   keyed address with its scope
    count  connections from that peer, as a bucket
    rtt    round-trip time of the quickest of them as the kernel measures it, milliseconds: `0-4`, `5-19`, `20-59`,
           `60-149`, `150+`; "" when the system does not tell
    """

    port: int
    peer: Identifier
    owner: str = ""
    path: str | None = None
    count: str = "1"
    rtt: str = ""


class OutboundCount(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="outbound_count"):
    """How many connections to public addresses an executable holds, as a bucket."""

    owner: str
    path: str | None = None
    count: str = "1"


KIND = Kind("sockets", "state", (Listener, InboundConnection, OutboundCount))
