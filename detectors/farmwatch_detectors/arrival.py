"""Where a laptop came out after it was sent: its first days' home networks, and its first measured estimate."""

import math
from datetime import timedelta

from .exits import countries
from .view import DeviceView

#: A parcel is opened, and a laptop set up, where it was sent; a week later its user may be anywhere.
FIRST_DAYS = timedelta(days=7)
#: Estimates from round-trip times are some hundred km off; beyond their radius and this, it is another region.
FAR_KM = 1_000.0
EARTH_KM = 6371.0088


def first_seen_elsewhere(device: DeviceView) -> str:
    """Returns in words where the laptop was first seen, when that is not where it was sent; "" otherwise, and when
    nothing is known of it.

    A carrier's address tells of the card, a VPN's or company's of nothing: only homes' networks count. An estimate
    counts while the laptop is new, and not where round-trip times could not be measured.
    """
    sent = device.roster.shipped_to if device.roster else None
    if sent is None:
        return ""
    until = device.enrolled_at + FIRST_DAYS
    first = [each for each in device.egress if device.enrolled_at <= each.seen_from <= until]
    seen = countries(first)
    if sent.country and seen and sent.country not in seen:
        return f"in {', '.join(sorted(seen))} by its first home networks"
    judged = device.placing.judged if device.placing else None
    if seen or judged is None or judged.estimate is None or judged.verdict == "unmeasurable":
        return ""
    spot = judged.estimate
    km = km_between(spot.latitude, spot.longitude, sent.latitude, sent.longitude) - spot.radius_km - sent.radius_km
    early = device.enrolled_at.date() <= judged.day <= until.date()
    return f"about {round(km, -2):,.0f} km away by its first round-trip times" if early and km > FAR_KM else ""


def km_between(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Returns the great-circle distance in km between two points in degrees."""
    one, other = math.radians(latitude), math.radians(to_latitude)
    half = math.sin((other - one) / 2) ** 2
    half += math.cos(one) * math.cos(other) * math.sin(math.radians(to_longitude - longitude) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))
