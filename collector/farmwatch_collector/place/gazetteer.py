"""Cities of the world by name and by place, offline. Data: GeoNames cities15000, CC BY 4.0 (NOTICE)."""

import csv
import io
from functools import cache
from importlib import resources

import msgspec
import numpy as np
from numpy.typing import NDArray


class City(msgspec.Struct, frozen=True, gc=False):
    """A city of 15,000 people or more.

    country    ISO 3166 alpha-2
    admin1     code of the first division as GeoNames has it: the state's letters in the US
    time_zone  IANA name
    """

    geonames: int
    name: str
    country: str
    admin1: str
    latitude: float
    longitude: float
    population: int
    time_zone: str


class Gazetteer:
    """All cities, most populous first, with their coordinates as arrays of the same order (degrees)."""

    def __init__(self, cities: tuple[City, ...]) -> None:
        self.cities = cities
        self.latitude: NDArray[np.float64] = np.array([city.latitude for city in cities])
        self.longitude: NDArray[np.float64] = np.array([city.longitude for city in cities])
        self.population: NDArray[np.float64] = np.array([city.population for city in cities], float)


@cache
def gazetteer() -> Gazetteer:
    """Returns the shipped cities, read once."""
    text = resources.files(__package__ or "").joinpath("data/cities.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(io.StringIO(text))
    cities = [
        City(
            int(row["geonameid"]), row["name"], row["country"], row["admin1"], float(row["lat"]), float(row["lon"]),
            int(row["population"] or 0), row["timezone"],
        )
        for row in rows
    ]  # fmt: skip
    cities.sort(key=lambda city: (-city.population, city.geonames))
    return Gazetteer(tuple(cities))
