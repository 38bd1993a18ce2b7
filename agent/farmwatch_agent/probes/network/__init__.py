"""How the laptop is connected: interfaces, default routes and gateways, name servers, neighbours by maker.

Reads
    /sys/class/net/* (type, uevent, address, mtu, operstate, flags, device links), /proc/net/route,
    /proc/net/ipv6_route, /proc/net/if_inet6, /proc/net/arp, /run/systemd/resolve/resolv.conf or /etc/resolv.conf;
    /sys/class/rfkill; over rtnetlink IPv6 neighbours and, while a tunnel is up, policy rules with the far-reaching
    routes of every table.
    Everywhere, where the extra farmwatch[netifaces] is installed: gateways as netifaces tells them, too.
    macOS: ifconfig, networksetup, netstat, scutil, arp and ndp; the switches of Wi-Fi, Bluetooth and location.
    Windows: IP Helper's adapters, routes and neighbours; the network class in the registry for drivers; the Wi-Fi
    radio, airplane mode and the location switch.
Why
    A VPN or tunnel adapter, a travel router's MAC, a gateway shared by laptops that should not share one, a USB
    network card of an IP-KVM.
Never reads
    Traffic, names of Wi-Fi networks, VPN settings. Of a hardware address in an interface's name (enx...) only the
    maker's half is told. It sends nothing: no scan of the home network.
Rights
    All of it is readable by every user.
    macOS: the location service's switch is root's, a gap for an ordinary user.
    Windows: readable by every user.
Blind spots
    IPv6 neighbours and policy routing are gaps in a file tree, which answers no netlink. Rules that choose by user,
    mark, program or interface are not followed: where one leads into a tunnel, how much goes there is a gap. IPsec
    without an interface of its own (XFRM policies) is not seen. A VPN on the router, not on the laptop, is invisible
    here. Interfaces of other network namespaces are not seen.
    macOS: the utun interfaces that every Mac has for itself, without an address and without a route that takes
    traffic, are left out. Of a VPN that macOS itself connects the maker is told only when there is one tunnel and one
    connection. A network extension that redirects traffic without an interface (a transparent proxy) is seen in
    `services` only.
    Windows: adapters that are switched off are not listed. Policy-based routing of a filter driver (WFP), as VPNs
    with per-program tunnels use, is not seen. The name of a dial-up or VPN connection stays on the laptop. The
    Bluetooth radio is told under `bluetooth`.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.network import Gateway, NameServer, Neighbours, NetworkInterface, Radio, Route

from ...probe import Probe

PROBE = Probe(
    kind="network",
    emits=(NetworkInterface, Gateway, Route, NameServer, Neighbours, Radio, Gap),
    interval_seconds=300,
    wakes=("net",),
    platforms=("linux", "macos", "windows"),
)
