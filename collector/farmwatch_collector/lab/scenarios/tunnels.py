"""VPNs and travel routers: what a laptop shows of them.

Facts, looked up 2026-11-22. Mullvad: its adapter is named and typed "Mullvad" on Windows
(mullvad/mullvadvpn-app:talpid-wireguard/src/wireguard_nt/mod.rs@02464e2b7b4567b63d1d6f72b5d8bc3a33c95832; WireGuardNT
writes " Tunnel" behind the type), on Linux a rule sends whatever bears no mark into a table whose default route is the
tunnel (talpid-routing/src/unix/linux.rs@1c4bbdc082304caf1baa50fc99766b066c88dffd). NordVPN: interface `nordlynx`, 80
bytes under the link's MTU (NordSecurity/nordvpn-linux:daemon/vpn/nordlynx/nordlynx.go@
0a940a65f8d9215d49631f20935e7799f7dc5bab), a table of its own, 205 (daemon/routes/rule.go, same commit). Tailscale's
exit node: table 52, to which a rule sends all unmarked packets. Where programs lie on Windows and macOS is judged by
their installers' habit; no such laptop was at hand.
"""

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.network import Gateway, NetworkInterface, Route
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service

from .. import lines, programs, systems
from ..ways_out import Way
from . import routers, whereabouts
from .device import Change, Device, Facts
from .remote import process

#: VPNs that people buy; `tailscale_exit` is the mesh with all traffic sent to one of its members.
CONSUMER = ("protonvpn", "nordvpn", "mullvad")
#: All but the last are on the laptop; `travel_router` is a GL.iNet box between it and the house's router.
VPNS = ("none", *CONSUMER, "tailscale", "tailscale_exit", "travel_router")

#: Name and driver of the interface on Linux and Windows, and its MTU; a Mac's is a utun like its own.
_INTERFACES = {
    "nordvpn": (("nordlynx", "wireguard"), ("NordLynx", "NordLynx Tunnel"), 1420),
    "mullvad": (("wg0-mullvad", "wireguard"), ("Mullvad", "Mullvad Tunnel"), 1380),
}
_MAC_TUNNEL = "utun6"
#: Metrics of a tunnel's default route: Windows adds the interface's own, a Mac's other default route becomes scoped.
_METRICS = {"windows": 5, "macos": 0}

_PROGRAM_FILES = r"C:\Program Files"
#: Countries of the exits that people choose, and of 100 how many; assumed.
_EXITS = (("US", "CA", "GB", "CH", "NL", "RO"), (70, 8, 6, 6, 6, 4))


def set_up(device: Device, product: str, at: int) -> None:
    """Lets a VPN or travel router come into use at a time."""
    if product == "travel_router":
        model = device.chance.choices(routers.MODELS, [each.weight for each in routers.MODELS])[0]
        device.facets["router"] = model.name
        mac = model.oui + "".join(f":{device.chance.randrange(256):02x}" for _ in range(3))
        abroad = device.chance.uniform(60, 200)  # from somewhere in the world to the home's line and on
        device.later(at, another_gateway(mac))
        device.later(at, routers.through(Way(mtu=model.mtu, added_ms=abroad, spread_ms=4.0)), wakes=False)
    elif product != "none":
        device.later(at, _program(product))
        if product == "tailscale_exit":  # a member's home is the exit
            whereabouts.hide(device, lines.home("US", whereabouts.dice(device, "exit")), at)
        elif product in CONSUMER:
            dice = whereabouts.dice(device, "exit")
            whereabouts.hide(device, lines.vpn(dice.choices(*_EXITS)[0], dice), at)


def another_gateway(mac: str) -> Change:
    """Another gateway, and nothing else: such a router clamps what it forwards and leaves the laptop's MTU alone."""

    def change(facts: Facts) -> None:
        facts.items["network"] = tuple(
            msgspec.structs.replace(item, mac=unkeyed("mac", mac), address=unkeyed("address", "192.168.8.1"))
            if isinstance(item, Gateway)
            else item
            for item in facts.items["network"]
        )

    return change


def _program(product: str) -> Change:
    def change(facts: Facts) -> None:
        interface = free(facts, _interface(facts.platform, product))
        facts.add("network", interface)
        if product == "protonvpn":
            for half in ("0.0.0.0/1", "128.0.0.0/1"):
                facts.add("network", Route(destination=half, interface=interface.name))
        elif product != "tailscale":
            take_all(facts, interface.name)
        facts.add("processes", *_PROGRAMS[product](facts.platform))
        for service in _services(facts.platform, product):
            facts.add("services", service)

    return change


def free(facts: Facts, interface: NetworkInterface) -> NetworkInterface:
    """Returns the interface under the next free name: a Mac's second tunnel is another utun."""
    names = {getattr(item, "name", "") for item in facts.items.get("network", ())}
    while facts.platform == "macos" and interface.name in names:
        interface = msgspec.structs.replace(interface, name=f"utun{int(interface.name[4:]) + 1}")
    return interface


def _interface(platform: str, product: str) -> NetworkInterface:
    if product not in _INTERFACES:
        return systems.tunnel(platform, product.removesuffix("_exit"))
    linux, windows, mtu = _INTERFACES[product]
    name, driver = {"linux": linux, "windows": windows}.get(platform, (_MAC_TUNNEL, ""))
    return NetworkInterface(name=name, kind="tunnel", driver=driver, mtu=mtu, bus="virtual", up=True)


def take_all(facts: Facts, interface: str) -> None:
    """Sends all traffic into the tunnel: by a table of its own on Linux, by a better default route elsewhere."""
    if facts.platform == "linux":
        facts.add("network", Route(destination="default", interface=interface))
        return
    metric = _METRICS[facts.platform]
    if facts.platform == "macos":
        facts.items["network"] = tuple(
            msgspec.structs.replace(item, metric=1) if isinstance(item, Gateway) else item
            for item in facts.items["network"]
        )
    facts.add("network", Gateway(family="ipv4", interface=interface, metric=metric, sources=("routes",)))


def _nord(platform: str) -> list[Process]:
    if platform == "windows":
        folder = rf"{_PROGRAM_FILES}\NordVPN"
        return [
            process(platform, "NordVPN.exe", rf"{folder}\NordVPN.exe", signer="nordvpn S.A.", run_by="user", count="1"),
            process(platform, "nordvpn-service.exe", rf"{folder}\nordvpn-service.exe", signer="nordvpn S.A.",
                    run_by="system", count="1"),
        ]  # fmt: skip
    if platform == "macos":
        path = "/Applications/NordVPN.app/Contents/MacOS/NordVPN"
        return [process(platform, "NordVPN", path, package="com.nordvpn.macos", signer="W5W395V82Y", run_by="user",
                        count="1")]  # fmt: skip
    return [process(platform, "nordvpnd", "/usr/sbin/nordvpnd", package="nordvpn", run_by="system", count="1")]


def _mullvad(platform: str) -> list[Process]:
    if platform == "windows":
        folder = rf"{_PROGRAM_FILES}\Mullvad VPN"
        return [
            process(platform, "Mullvad VPN.exe", rf"{folder}\Mullvad VPN.exe", signer="Mullvad VPN AB", run_by="user"),
            process(platform, "mullvad-daemon.exe", rf"{folder}\resources\mullvad-daemon.exe", signer="Mullvad VPN AB",
                    run_by="system", count="1"),
        ]  # fmt: skip
    if platform == "macos":
        folder = "/Applications/Mullvad VPN.app/Contents"
        return [
            process(platform, "Mullvad VPN", f"{folder}/MacOS/Mullvad VPN", package="net.mullvad.vpn", run_by="user"),
            process(platform, "mullvad-daemon", f"{folder}/Resources/mullvad-daemon", run_by="system", count="1"),
        ]
    return [process(platform, "mullvad-daemon", "/usr/bin/mullvad-daemon", package="mullvad-vpn", run_by="system",
                    count="1")]  # fmt: skip


_PROGRAMS = {
    "protonvpn": programs.proton_vpn,
    "nordvpn": _nord,
    "mullvad": _mullvad,
    "tailscale": programs.tailscale,
    "tailscale_exit": programs.tailscale,
}

#: Service of a product by platform: kind, name, path.
_SERVICES = {
    ("nordvpn", "linux"): ("systemd", "nordvpnd.service", "/usr/sbin/nordvpnd"),
    ("nordvpn", "windows"): ("service", "nordvpn-service", rf"{_PROGRAM_FILES}\NordVPN\nordvpn-service.exe"),
    ("mullvad", "linux"): ("systemd", "mullvad-daemon.service", "/usr/bin/mullvad-daemon"),
    ("mullvad", "macos"): ("launchd", "net.mullvad.daemon",
                           "/Applications/Mullvad VPN.app/Contents/Resources/mullvad-daemon"),
    ("mullvad", "windows"): ("service", "MullvadVPN", rf"{_PROGRAM_FILES}\Mullvad VPN\resources\mullvad-daemon.exe"),
}  # fmt: skip


def _services(platform: str, product: str) -> list[Observable]:
    found = _SERVICES.get((product, platform))
    if found is None:
        return []
    kind, name, path = found
    return [Service(name=name, kind=kind, path=path, enabled=True, running=True)]
