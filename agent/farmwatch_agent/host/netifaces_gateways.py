"""Gateways as netifaces tells them: a second opinion beside the system's route table.

Source: the README of netifaces (`gateways()`: by address family, next hop, interface, whether it is the default one)
and of netifaces-plus, which goes on with it. netifaces2 answers in another form and is not taken for it.
"""

from typing import ClassVar

from .protocol import NotSupported, SourceBroken
from .row import Row

MAX_GATEWAYS = 200


class NetifacesGateway(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A next hop of a default route, of any route table; routes without a next hop are not told.

    family     `ipv4` or `ipv6`
    interface  as the system calls it; on Windows its GUID in braces
    address    without a scope (the "%eth0" of a link-local one)
    """

    table: ClassVar[str] = "netifaces_gateway"
    platforms: ClassVar[tuple[str, ...]] = ("linux", "macos", "windows")

    family: str
    interface: str
    address: str

    @classmethod
    def live(cls, of: str) -> "list[NetifacesGateway]":
        try:
            import netifaces  # noqa: PLC0415 (an extra)
        except ImportError:
            raise NotSupported("netifaces is not installed") from None
        try:
            told = netifaces.gateways()
            families = {"ipv4": netifaces.AF_INET, "ipv6": netifaces.AF_INET6}
        except (OSError, AttributeError, NotImplementedError) as error:
            raise SourceBroken(f"netifaces: {type(error).__name__}") from None
        return parse(told, families)


def parse(told: object, families: dict[str, int]) -> list[NetifacesGateway]:
    """Returns what `gateways()` told; raises SourceBroken for another form, as netifaces2 has it."""
    if not isinstance(told, dict) or "default" not in told:
        raise SourceBroken("netifaces: gateways() answers in an unknown form")
    found: dict[NetifacesGateway, None] = {}
    for family, number in families.items():
        entries = told.get(number, [])
        for entry in entries if isinstance(entries, list) else []:
            if not isinstance(entry, tuple) or len(entry) < 2 or not all(isinstance(it, str) for it in entry[:2]):
                raise SourceBroken("netifaces: gateways() answers in an unknown form")
            address, interface = entry[:2]
            found[NetifacesGateway(family=family, interface=interface, address=address.partition("%")[0].lower())] = (
                None
            )
    return list(found)[:MAX_GATEWAYS]
