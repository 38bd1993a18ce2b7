"""What the device page says of the networks that reports came from; no address is at hand here."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from farmwatch_detectors.exits import days_of
from farmwatch_detectors.placing import Egress

KIND_WORDS = {
    "hosting": "servers",
    "vpn": "VPN",
    "residential": "homes' lines",
    "mobile": "carrier or satellite",
    "shared": "shared by a carrier",
    "sase": "security client",
    "company": "the company's own",
    "private": "no public address was seen",
}


class ExitRow(msgspec.Struct, frozen=True):
    """A network: how many addresses of it and days, first and last report."""

    network: str
    asn: int
    kind: str
    country: str
    addresses: int
    days: int
    since: datetime
    until: datetime


def exit_rows(found: Iterable[Egress]) -> list[ExitRow]:
    """Returns one row per network, class and country, the latest first."""
    groups: dict[tuple[str, int, str, str], list[Egress]] = {}
    for each in found:
        groups.setdefault((each.network, each.asn, each.kind, each.country), []).append(each)
    rows = [
        ExitRow(
            network,
            asn,
            KIND_WORDS.get(kind, kind),
            country,
            len(group),
            len({day for each in group for day in days_of(each)}),
            min(each.seen_from for each in group),
            max(each.seen_until for each in group),
        )
        for (network, asn, kind, country), group in groups.items()
    ]
    return sorted(rows, key=lambda row: row.until, reverse=True)
