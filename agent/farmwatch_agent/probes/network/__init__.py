"""How the laptop is connected: interfaces, default routes and gateways, name servers, neighbours by maker.

Reads
    /sys/class/net/* (type, uevent, address, mtu, operstate, flags, device links), /proc/net/route,
    /proc/net/ipv6_route, /proc/net/if_inet6, /proc/net/arp, /run/systemd/resolve/resolv.conf or /etc/resolv.conf;
    /sys/class/rfkill; over rtnetlink IPv6 neighbours and, while a tunnel is up, policy rules with the far-reaching
    routes of every table.
Why
    A VPN or tunnel adapter, a travel router's MAC, a gateway shared by laptops that should not share one, a USB
    network card of an IP-KVM.
Never reads
    Traffic, names of Wi-Fi networks, VPN settings. Of a hardware address in an interface's name (enx...) only the
    maker's half is told. It sends nothing: no scan of the home network.
Rights
    All of it is readable by every user.
Blind spots
    IPv6 neighbours and policy routing are gaps in a file tree, which answers no netlink. Rules that choose by user,
    mark, program or interface are not followed: where one leads into a tunnel, how much goes there is a gap. IPsec
    without an interface of its own (XFRM policies) is not seen. A VPN on the router, not on the laptop, is invisible
    here. Interfaces of other network namespaces are not seen.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.network import Gateway, NameServer, Neighbours, NetworkInterface, Radio, Route

from ...probe import Probe

PROBE = Probe(
    kind="network",
    emits=(NetworkInterface, Gateway, Route, NameServer, Neighbours, Radio, Gap),
    interval_seconds=300,
    platforms=("linux",),
)
