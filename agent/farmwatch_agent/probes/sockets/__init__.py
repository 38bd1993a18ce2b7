"""Who can be reached over the network, and who is connected.

Reads
    /proc/net/tcp, tcp6, udp, udp6; the owner of each socket through /proc/PID/fd, shared with `processes`. While
    somebody is connected, the kernel's round-trip times of these connections (sock_diag).
Why
    A remote-access server listens; a connection to one of the laptop's own ports is somebody coming in.
Never reads
    Traffic. Of outbound connections only how many each executable holds, never to whom.
Rights
    As an ordinary user the tables are whole, owners of other users' sockets are a gap.
Blind spots
    Tools that only connect outwards show as counts. UDP has no listening state: a bound and unconnected port
    below 32768, or one of the few usual ones above, counts as a listener; all others belong to clients and come
    and go. An outbound connection made before the listener of the same port began looks like an inbound one.
    Sockets of other network namespaces (containers) are not seen. A round-trip time ends where the connection does:
    at a relay or proxy on the way, and at the laptop itself for a tunnel's local end.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.sockets import InboundConnection, Listener, OutboundCount

from ...probe import Probe

PROBE = Probe(
    kind="sockets",
    emits=(Listener, InboundConnection, OutboundCount, Gap),
    interval_seconds=120,
    platforms=("linux",),
)
