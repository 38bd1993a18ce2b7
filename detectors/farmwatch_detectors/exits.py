"""Days on which a laptop was seen from somewhere: which networks, which countries, and what speaks of a place at all.

A country is where an address is registered. An address of a security client, of the company, or of a network that hides
its users tells of no place, and a carrier's tells of the one who sold the card: neither is held against anybody.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from .matching import tunnel_index
from .placing import Egress
from .programs import recognised
from .view import DeviceView, once

#: Networks that nobody lives in and whoever hides can rent.
HIDING = ("hosting", "vpn")
#: What lets a company's own traffic out.
COMPANYS = ("company", "sase")
#: What speaks of the place where somebody is; "" is a network that no list knows, which most access networks are.
PLACED = ("residential", "")

_MOST_DAYS = 31


def days_of(egress: Egress) -> tuple[date, ...]:
    """Returns the days (UTC) with reports from there; all from first to last where they were not kept one by one."""
    if egress.days:
        return egress.days
    first, last = egress.seen_from.date(), egress.seen_until.date()
    span = min((last - first).days, _MOST_DAYS - 1)
    return tuple(last - timedelta(days=back) for back in range(span, -1, -1))


@once
def exits_by_day(device: DeviceView) -> dict[date, tuple[Egress, ...]]:
    """Returns for each of the last 30 days the addresses that reports came from, those left out of which nothing is
    known: no public address was seen, or no data say whose it is."""
    found: dict[date, list[Egress]] = {}
    since = device.now.date() - timedelta(days=_MOST_DAYS - 1)
    for egress in device.egress:
        if egress.kind != "private" and (egress.kind or egress.asn):
            for day in days_of(egress):
                if since <= day <= device.now.date():
                    found.setdefault(day, []).append(egress)
    return {day: tuple(found[day]) for day in sorted(found)}


def countries(exits: Iterable[Egress]) -> set[str]:
    """Returns the countries in which somebody was, as far as these addresses speak of a place."""
    return {each.country for each in exits if each.country and each.kind in PLACED}


def client_of_company(device: DeviceView) -> str:
    """Returns the name of a company's VPN or security client that runs here; "" when none does."""
    own = (it for it in recognised(device, tunnel_index()) if it.programs and it.product.category == "corporate")
    return next((it.product.name for it in own), "")


def networks(exits: Iterable[Egress]) -> Iterator[str]:
    """Yields each network once, in words: "M247 (RO)"."""
    seen: dict[str, None] = {}
    for each in exits:
        seen.setdefault(f"{each.network or 'a network without a name'} ({each.country or 'country not known'})")
    yield from seen
