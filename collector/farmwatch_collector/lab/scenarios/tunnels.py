"""VPNs and travel routers: what a laptop shows of them."""

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.network import Gateway, Route

from .. import programs, systems
from .device import Change, Device, Facts

#: The first two are on the laptop; `travel_router` is a GL.iNet box between it and the house's router.
VPNS = ("none", "protonvpn", "tailscale", "travel_router")

#: GL Technologies (IEEE registry), maker of travel routers.
TRAVEL_ROUTER_OUI = "94:83:c4"


def set_up(device: Device, product: str, at: int) -> None:
    """Lets a VPN or travel router come into use at a time."""
    if product == "travel_router":
        mac = TRAVEL_ROUTER_OUI + "".join(f":{device.chance.randrange(256):02x}" for _ in range(3))
        device.later(at, _router(mac))
    elif product != "none":
        device.later(at, _program(product))


def _router(mac: str) -> Change:
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
        interface = systems.tunnel(facts.platform, product)
        facts.add("network", interface)
        if product == "protonvpn":
            facts.add("processes", *programs.proton_vpn(facts.platform))
            for half in ("0.0.0.0/1", "128.0.0.0/1"):
                facts.add("network", Route(destination=half, interface=interface.name))
        if product == "tailscale":
            facts.add("processes", *programs.tailscale(facts.platform))

    return change
