"""Routers that people carry, as a laptop behind them sees them: the maker's prefix, and what fits through their tunnel.

Makers' prefixes are the registry's of the IEEE. Sizes: WireGuard 1420 on a line of 1500 and 1412 on PPPoE, Tailscale
1280, OpenVPN 2.5 what `mssfix 1450` leaves with AES-GCM (24 bytes of its own). Which share of such routers is whose,
and how many let full-sized packets through (in pieces), nobody has published: the weights are assumed, after the one
documented case (a GL-MT3000) and what guides for working from elsewhere name.
"""

import msgspec

from ..ways_out import Way
from .device import Change, Facts

GL_INET, TP_LINK, ASUS = "94:83:c4", "50:c7:bf", "04:d9:f5"


class Model(msgspec.Struct, frozen=True):
    """A router with its tunnel; `weight` of 100."""

    name: str
    oui: str
    mtu: int
    weight: int


MODELS = (
    Model("GL-MT3000 WireGuard", GL_INET, 1420, 35),
    Model("GL-AXT1800 WireGuard", GL_INET, 1420, 22),
    Model("GL-MT3000 OpenVPN", GL_INET, 1426, 12),
    Model("GL-MT3000 Tailscale", GL_INET, 1280, 8),
    Model("GL-AR750S WireGuard on PPPoE", GL_INET, 1412, 4),
    Model("GL-MT3000 full-sized packets", GL_INET, 1500, 4),
    Model("TP-Link WireGuard", TP_LINK, 1420, 6),
    Model("ASUS WireGuard", ASUS, 1420, 5),
    Model("TP-Link full-sized packets", TP_LINK, 1500, 4),
)


def through(way: Way) -> Change:
    """Returns the change to another way out."""

    def change(facts: Facts) -> None:
        facts.way = way

    return change
