"""Addresses that reports and sign-ins came from, for detector tests."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from farmwatch_detectors.placing import Egress, SignIn

from .views import KEYER, NOW

DAY = timedelta(days=1)


def egress(
    kind: str, country: str, back: Iterable[int], address: str = "192.0.2.1", network: str = "Example", asn: int = 64496
) -> Egress:
    """Returns an address with the days, counted back from today, on which reports came from there."""
    days = tuple(sorted(NOW.date() - number * DAY for number in back))
    return Egress(
        address=KEYER.key("address", address),
        kind=kind,
        asn=asn,
        network=network,
        country=country,
        seen_from=datetime.combine(days[0], time(9), UTC),
        seen_until=datetime.combine(days[-1], time(9), UTC),
        days=days,
    )


def signs(kind: str, country: str, back: Iterable[int], address: str = "198.51.100.7") -> list[SignIn]:
    """Returns a sign-in at eight o'clock on each of some days, counted back from today."""
    return [
        SignIn(
            at=datetime.combine(NOW.date() - number * DAY, time(8), UTC),
            address=KEYER.key("address", address),
            kind=kind,
            country=country,
        )
        for number in back
    ]


def seen_from() -> tuple[Egress, ...]:
    """A laptop behind a security client that was once seen from a server."""
    return egress("sase", "US", range(12)), egress("hosting", "DE", [1], "192.0.2.2")


def signed_in() -> tuple[SignIn, ...]:
    """Its person, elsewhere."""
    return tuple(signs("residential", "FR", range(12)))
