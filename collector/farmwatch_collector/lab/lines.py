"""Lines that laptops are seen from, as a collector classes them: network, number, class, country.

Numbers and classes are rows of place/data/network_classes.csv; a network that no list knows has the class "". Which
share of homes hangs on which is assumed. Addresses are words: nothing but their equality matters.
"""

import random

import msgspec

#: Access networks by country: name, number, class.
_HOMES: dict[str, tuple[tuple[str, int, str], ...]] = {
    "US": (
        ("Comcast Cable Communications, LLC", 7922, "residential"), ("Verizon Business", 701, "residential"),
        ("AT&T Enterprises, LLC", 7018, "residential"), ("Charter Communications", 20115, "residential"),
        ("Cox Communications Inc.", 22773, "residential"), ("a town's own network", 64500, ""),
        ("a valley's cooperative", 64501, ""),
    ),
    "DE": (("Deutsche Telekom AG", 3320, "residential"),),
    "GB": (("British Telecommunications PLC", 2856, "residential"), ("Virgin Media Limited", 5089, "residential")),
    "CA": (("Bell Canada", 577, "residential"),),
    "PT": (("NOS COMUNICACOES, S.A.", 2860, "residential"),),
    "ES": (("Orange Espagne SA", 12479, "residential"),),
    "MX": (("Uninet S.A. de C.V.", 8151, "residential"),),
    "PH": (("Philippine Long Distance Telephone Co.", 9299, "residential"),),
}  # fmt: skip
_CARRIERS = {"US": ("T-Mobile USA, Inc.", 21928), "IN": ("Bharti Airtel Limited", 24560),
             "NG": ("Airtel Networks Limited", 36873)}  # fmt: skip


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A public address as the collector keeps it: docs/networks.md has the kinds."""

    address: str
    kind: str
    asn: int
    network: str
    country: str


def _line(chance: random.Random, name: str, asn: int, kind: str, country: str) -> Line:
    return Line(address=f"line-{chance.getrandbits(48):012x}", kind=kind, asn=asn, network=name, country=country)


def home(country: str, chance: random.Random) -> Line:
    """Returns a line to a home of a country."""
    name, asn, kind = chance.choice(_HOMES.get(country, ((f"a network of {country}", 64502, ""),)))
    return _line(chance, name, asn, kind, country)


def mobile(country: str, chance: random.Random) -> Line:
    """Returns a carrier's address: that of the card, wherever it roams."""
    name, asn = _CARRIERS.get(country, (f"a carrier of {country}", 64503))
    return _line(chance, name, asn, "mobile", country)


def satellite(chance: random.Random) -> Line:
    """Returns Starlink's, as a ground station in the United States has it."""
    return _line(chance, "Space Exploration Technologies Corporation", 14593, "mobile", "US")


def vpn(country: str, chance: random.Random) -> Line:
    """Returns a consumer VPN's exit."""
    name, asn = chance.choice((("M247 Europe SRL", 9009), ("Datacamp Limited", 212238)))
    return _line(chance, name, asn, "vpn", country)


def cloud(country: str, chance: random.Random) -> Line:
    """Returns an address of rented servers."""
    return _line(chance, "Amazon.com, Inc.", 16509, "hosting", country)


def security_client(country: str, chance: random.Random) -> Line:
    """Returns an exit of Zscaler."""
    return _line(chance, "ZSCALER, INC.", 22616, "sase", country)


def company(chance: random.Random) -> Line:
    """Returns the company's own exit, which its policy names."""
    return _line(chance, "the company's own", 64504, "company", "US")
