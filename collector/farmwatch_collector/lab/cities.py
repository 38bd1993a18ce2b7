"""Cities of the lab's own: where made people live, claim to live and travel to.

Names and degrees to a hundredth are GeoNames' (the gazetteer's, place/data/cities.csv); which people live where is
assumed. Laptops' zones are those of their cities.
"""

import math
import random
from collections.abc import Callable

import msgspec

_EARTH_KM = 6371.0


class City(msgspec.Struct, frozen=True, kw_only=True):
    """A city, or a spot near one.

    place    as a roster names it; a spot near a city bears the city's
    country  ISO 3166 alpha-2
    zone     IANA name
    """

    place: str
    latitude: float
    longitude: float
    country: str
    zone: str


_EAST, _CENTRAL, _MOUNTAIN, _WEST = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"

#: Homes in the United States, by the zones that made people live in.
HOMES: tuple[City, ...] = tuple(
    City(place=f"{name}, US", latitude=latitude, longitude=longitude, country="US", zone=zone)
    for zone, rows in {
        _EAST: (
            ("New York City, NY", 40.71, -74.01), ("Philadelphia, PA", 39.95, -75.16), ("Boston, MA", 42.36, -71.06),
            ("Atlanta, GA", 33.75, -84.39), ("Miami, FL", 25.77, -80.19), ("Charlotte, NC", 35.23, -80.84),
            ("Columbus, OH", 39.96, -83.0), ("Buffalo, NY", 42.89, -78.88), ("Portland, ME", 43.66, -70.26),
            ("Richmond, VA", 37.55, -77.46), ("Rochester, NY", 43.15, -77.62), ("Columbia, SC", 34.0, -81.03),
        ),
        _CENTRAL: (
            ("Chicago, IL", 41.85, -87.65), ("Houston, TX", 29.76, -95.36), ("Dallas, TX", 32.78, -96.81),
            ("Minneapolis, MN", 44.98, -93.26), ("Kansas City, MO", 39.1, -94.58), ("Nashville, TN", 36.17, -86.78),
            ("New Orleans, LA", 29.95, -90.08), ("Columbia, MO", 38.95, -92.33), ("Rochester, MN", 44.02, -92.47),
            ("Aurora, IL", 41.76, -88.32), ("Fort Smith, AR", 35.39, -94.4),
        ),
        _MOUNTAIN: (
            ("Denver, CO", 39.74, -104.98), ("Salt Lake City, UT", 40.76, -111.89), ("Aurora, CO", 39.73, -104.83),
            ("Albuquerque, NM", 35.08, -106.65), ("Boise, ID", 43.61, -116.2),
        ),
        _WEST: (
            ("Los Angeles, CA", 34.05, -118.24), ("San Francisco, CA", 37.77, -122.42), ("Seattle, WA", 47.61, -122.33),
            ("Portland, OR", 45.52, -122.68), ("San Diego, CA", 32.72, -117.16), ("Spokane, WA", 47.66, -117.43),
            ("Las Vegas, NV", 36.18, -115.14), ("Richmond, CA", 37.94, -122.35),
        ),
    }.items()
    for name, latitude, longitude in rows
)  # fmt: skip

#: Cities abroad: of journeys, of relatives, and of those who only say that they live here.
ABROAD: tuple[City, ...] = tuple(
    City(place=place, latitude=latitude, longitude=longitude, country=place[-2:], zone=zone)
    for place, latitude, longitude, zone in (
        ("Berlin, DE", 52.52, 13.41, "Europe/Berlin"), ("London, GB", 51.51, -0.13, "Europe/London"),
        ("Lisbon, PT", 38.73, -9.15, "Europe/Lisbon"), ("Madrid, ES", 40.42, -3.7, "Europe/Madrid"),
        ("Toronto, ON, CA", 43.71, -79.4, "America/Toronto"), ("Mexico City, MX", 19.43, -99.13, "America/Mexico_City"),
        ("Manila, PH", 14.6, 120.98, "Asia/Manila"), ("Mumbai, IN", 19.07, 72.88, "Asia/Kolkata"),
        ("Tokyo, JP", 35.69, 139.69, "Asia/Tokyo"), ("São Paulo, BR", -23.55, -46.64, "America/Sao_Paulo"),
    )
)  # fmt: skip
#: Where such laptops or their drivers were reported or supposed to be (docs/place.md names no person).
OPERATORS: tuple[City, ...] = tuple(
    City(place=place, latitude=latitude, longitude=longitude, country=place[-2:], zone=zone)
    for place, latitude, longitude, zone in (
        ("Vladivostok, RU", 43.11, 131.87, "Asia/Vladivostok"), ("Shenyang, CN", 41.79, 123.43, "Asia/Shanghai"),
        ("Lagos, NG", 6.45, 3.39, "Africa/Lagos"), ("Manila, PH", 14.6, 120.98, "Asia/Manila"),
        ("Belgrade, RS", 44.8, 20.47, "Europe/Belgrade"), ("São Paulo, BR", -23.55, -46.64, "America/Sao_Paulo"),
    )
)  # fmt: skip


def km(one: City, other: City) -> float:
    """Returns the great-circle distance."""
    return km_between(one.latitude, one.longitude, other.latitude, other.longitude)


def km_between(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Returns the great-circle distance between two points in degrees."""
    one, other, across = map(math.radians, (latitude, to_latitude, to_longitude - longitude))
    half = math.sin((other - one) / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(across / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def in_zone(zone: str, chance: random.Random) -> City:
    """Returns a home in a zone; of a zone without any, New York City."""
    return chance.choice([each for each in HOMES if each.zone == zone] or [HOMES[0]])


def another(fits: Callable[[City], bool], chance: random.Random) -> City | None:
    """Returns one of the homes that fit; None where none does."""
    found = [each for each in HOMES if fits(each)]
    return chance.choice(found) if found else None


def namesakes(city: City) -> list[City]:
    """Returns the other homes of the same name: what a clerk picks by a slip."""
    name = city.place.partition(",")[0]
    return [each for each in HOMES if each.place.partition(",")[0] == name and each != city]


def beside(city: City, distance_km: float, chance: random.Random) -> City:
    """Returns a spot so far from a city, in some direction."""
    bearing = chance.uniform(0, 2 * math.pi)
    north, east = distance_km * math.cos(bearing), distance_km * math.sin(bearing)
    degree = math.pi * _EARTH_KM / 180
    return msgspec.structs.replace(
        city,
        latitude=round(city.latitude + north / degree, 2),
        longitude=round(city.longitude + east / degree / math.cos(math.radians(city.latitude)), 2),
    )
