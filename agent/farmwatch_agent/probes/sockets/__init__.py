"""Who can be reached over the network, and who is connected.

Reads
    /proc/net/tcp, tcp6, udp, udp6; the owner of each socket through /proc/PID/fd, shared with `processes`. While
    somebody is connected, the kernel's round-trip times of these connections (sock_diag).
    macOS: netstat's tables of TCP and UDP sockets with their processes.
    Windows: the tables of IP Helper with the process of each socket.
Why
    A remote-access server listens; a connection to one of the laptop's own ports is somebody coming in.
Never reads
    Traffic. Of outbound connections only how many each executable holds, never to whom.
Rights
    As an ordinary user the tables are whole, owners of other users' sockets are a gap.
    macOS: the tables are whole for every user, with the process of each socket.
    Windows: the tables are whole for every user; where a program's path may not be read, its name is told.
Blind spots
    Tools that only connect outwards show as counts. UDP has no listening state: a bound and unconnected port
    below 32768, or one of the few usual ones above, counts as a listener; all others belong to clients and come
    and go. An outbound connection made before the listener of the same port began looks like an inbound one.
    Sockets of other network namespaces (containers) are not seen. A round-trip time ends where the connection does:
    at a relay or proxy on the way, and at the laptop itself for a tunnel's local end.
    macOS: the process is the last that used the socket. Of a socket that launchd holds for a program that is not
    started yet, the program is told by the usual port (Screen Sharing, Remote Login, file sharing, Apple events).
    Round-trip times are not told.
    Windows: several services may share one svchost.exe, which is all that is told. Round-trip times would have to be
    switched on for each connection first, and the agent switches nothing on.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.sockets import InboundConnection, Listener, OutboundCount

from ...probe import Probe

PROBE = Probe(
    kind="sockets",
    emits=(Listener, InboundConnection, OutboundCount, Gap),
    interval_seconds=120,
    # 20,000 processes take 2 CPU seconds; a crowd of them must not hide all that runs.
    wall_seconds=30.0,
    cpu_seconds=5.0,
    platforms=("linux", "macos", "windows"),
)
