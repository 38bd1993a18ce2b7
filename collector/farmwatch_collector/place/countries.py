"""Countries and their first divisions by name and code. Data: GeoNames, CC BY 4.0 (NOTICE); ISO 3166-1 codes."""

import csv
import io
from collections.abc import Iterator
from functools import cache
from importlib import resources

import msgspec

from .names import fold

#: What people write besides GeoNames' own names. "England" and its like are divisions of GB, and mean the country.
_ALSO = {
    "US": ("USA", "United States of America", "America"),
    "GB": ("UK", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland"),
    "CZ": ("Czech Republic",),
    "KR": ("South Korea", "Republic of Korea", "Korea"),
    "KP": ("North Korea", "DPRK"),
    "NL": ("Netherlands", "Holland", "The Netherlands"),
    "AE": ("UAE", "Emirates"),
    "DE": ("Deutschland",),
    "AT": ("Österreich",),
    "CH": ("Schweiz", "Suisse", "Svizzera"),
    "ES": ("España",),
    "BR": ("Brasil",),
    "TR": ("Turkey", "Türkiye"),
    "CI": ("Côte d'Ivoire",),
    "CD": ("DR Congo", "Democratic Republic of the Congo"),
    "CG": ("Congo", "Republic of the Congo"),
    "MK": ("Macedonia",),
    "SZ": ("Swaziland",),
    "MM": ("Burma",),
    "CV": ("Cape Verde",),
    "TL": ("Timor-Leste", "East Timor"),
    "RU": ("Russian Federation",),
    "VN": ("Viet Nam",),
    "TW": ("Taiwan",),
    "HK": ("Hong Kong",),
    "MO": ("Macau", "Macao"),
    "VA": ("Vatican City", "Holy See"),
    "PS": ("Palestine",),
    "BS": ("The Bahamas",),
    "GM": ("The Gambia",),
    "PH": ("The Philippines",),
}

#: A country up to so large is one place: nobody in it lives 60 km from its middle. Luxembourg has 2,586 km2.
SMALL_KM2 = 3_000


class Country(msgspec.Struct, frozen=True):
    """A country: ISO 3166 alpha-2, name in English, area."""

    iso: str
    name: str
    area_km2: int

    @property
    def small(self) -> bool:
        """Whether its name alone says where somebody lives."""
        return 0 < self.area_km2 <= SMALL_KM2


class Division(msgspec.Struct, frozen=True):
    """A state or province: GeoNames' code, the one people write, and its name."""

    country: str
    admin1: str
    code: str
    name: str


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = resources.files(__package__ or "").joinpath(f"data/{name}").read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text))


@cache
def countries() -> dict[str, Country]:
    """Returns every country by its code."""
    return {row["iso"]: Country(row["iso"], row["name"], int(row["area_km2"])) for row in _rows("countries.csv")}


@cache
def _by_name() -> dict[str, Country]:
    known = countries()
    found: dict[str, Country] = {}
    for row in _rows("countries.csv"):
        for name in (row["iso"], row["iso3"], row["name"], *_ALSO.get(row["iso"], ())):
            found.setdefault(fold(name), known[row["iso"]])
    return found


def country_of(text: str) -> Country | None:
    """Returns the country that a name or code of two or three letters means; None when there is none."""
    return _by_name().get(fold(text))


def country_names() -> list[str]:
    """Returns every folded name and code, for suggestions."""
    return list(_by_name())


@cache
def _divisions() -> dict[str, dict[str, Division]]:
    found: dict[str, dict[str, Division]] = {}
    for row in _rows("divisions.csv"):
        names = row["names"].split("|")
        division = Division(row["country"], row["admin1"], row["code"], names[0])
        mine = found.setdefault(row["country"], {})
        for name in (row["code"], *names):
            mine[fold(name)] = division
    return found


def division_of(country: str, text: str) -> Division | None:
    """Returns the state or province of a country that a name or code means; None when there is none."""
    return _divisions().get(country, {}).get(fold(text))


def has_divisions(country: str) -> bool:
    """Whether the divisions of this country are known by name here."""
    return country in _divisions()


@cache
def _codes() -> dict[tuple[str, str], str]:
    return {(each.country, each.admin1): each.code for mine in _divisions().values() for each in mine.values()}


def code_of(country: str, admin1: str) -> str:
    """Returns what people write for GeoNames' code of a division; "" when it is not known."""
    return _codes().get((country, admin1), "")
