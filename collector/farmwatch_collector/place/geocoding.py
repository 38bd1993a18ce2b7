"""From what a record says of a place to coordinates, offline: "Munich, DE", "Portland, OR, US", "48.14, 11.58".

What could be two places is asked back with both, never guessed. docs/roster.md tells people what they may write.
"""

import csv
import difflib
import io
import math
import re
from collections.abc import Collection, Sequence
from functools import cache
from importlib import resources

import numpy as np

from farmwatch_detectors.policy import Claim
from farmwatch_schema.errors import FarmwatchError

from .countries import Country, code_of, country_names, country_of, division_of, has_divisions
from .gazetteer import City, Gazetteer, gazetteer
from .geometry import EARTH_KM, km_between
from .names import fold, spelt_out

#: A claim by coordinates, and the least of any claim: within an hour's drive of the point.
DEFAULT_RADIUS_KM = 50.0
#: How far outside of a city people live who name it: the far end of ordinary commutes.
COMMUTE_KM = 40.0
#: People per km2 of a sparse city: the United States' urban areas have 2,553 a square mile on average (Census 2020).
SPARSE = 986.0
#: Cities of one name so near to each other are one place: a city and the district that bears its name.
SAME_KM = 30.0
#: A point takes the country of the nearest city, unless one of another country is less than so many times as far.
BORDER = 2.0
FAR_FROM_CITIES_KM = 150.0
NEIGHBOURS = 64
KM_PER_DEGREE = 110.5  # of latitude, at the least: 110.57 at the equator
#: Suggestions cost a look at all names: a file in which nothing fits gets them for the first so many places.
MOST_SUGGESTIONS = 200
MOST_CANDIDATES = 6

#: Whose states people write without the country.
_STATES_ALONE = ("US", "CA", "AU")

_NUMBER = r"([-+]?\d{1,4}(?:\.\d{1,12})?)\s*°?\s*"
_POINT = re.compile(rf"{_NUMBER}([NSns]?)\s*[,;\s]\s*{_NUMBER}([EWew]?)\Z")
_ASIDE = re.compile(r"\s*\([^()]*\)\s*")
_NUMERIC = re.compile(r"[-+\d.,;°\sNSEWnsew]+\Z")


class PlaceError(FarmwatchError):
    """A place that was not taken: the `problem`, the `remedy`, and what may be meant (`candidates`)."""

    def __init__(self, problem: str, remedy: str, candidates: Sequence[str] = ()) -> None:
        self.problem = problem
        self.remedy = remedy
        self.candidates = tuple(candidates)
        super().__init__(f"{problem} {remedy}")


class Geocoder:
    """Finds claims in words; answers are kept, as a roster says the same few thousand places over and over."""

    def __init__(self, cities: Gazetteer) -> None:
        self._all = cities
        self._cities = cities.cities
        self._by_latitude = np.argsort(cities.latitude)
        self._northward = cities.latitude[self._by_latitude]
        self._by_name: dict[str, list[City]] = {}
        self._also: dict[str, list[City]] = {}
        self._known: dict[str, Claim | PlaceError] = {}
        self._suggestions = 0
        by_id = {city.geonames: city for city in self._cities}
        for city in self._cities:
            # "Wuerzburg" is Würzburg, and "Frankfurt" may be Frankfurt (Oder).
            for name in {fold(city.name), spelt_out(city.name), fold(_ASIDE.sub("", city.name))} - {""}:
                self._by_name.setdefault(name, []).append(city)
        for geonames, names in _other_names():
            if geonames in by_id:
                for name in names:
                    self._also.setdefault(name, []).append(by_id[geonames])

    def claim(self, text: str) -> Claim:
        """Returns the place that a text names; raises PlaceError when there is none, or more than one."""
        found = self._known.get(text)
        if found is None:
            try:
                found = self._claim(text.strip())
            except PlaceError as error:
                found = error
            if len(self._known) < 100_000:
                self._known[text] = found
        if isinstance(found, PlaceError):
            raise found
        return found

    def _claim(self, text: str) -> Claim:
        bare = _ASIDE.sub("", text)  # "9.93, -84.08 (San José, CR)" is how a candidate is written
        if any(sign.isdigit() for sign in bare) and _NUMERIC.match(bare):
            return self._point(bare)
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts or not any(fold(part) for part in parts):
            raise PlaceError("names no place.", 'Write it like "Munich, DE", "Portland, OR, US" or "48.14, 11.58".')
        if len(parts) > 3:
            problem = f"has {len(parts)} parts: a place is a city, a state where needed, and a country."
            raise PlaceError(problem, 'Write it like "Portland, OR, US"; leave street and postal code out.')
        if len(parts) == 1:
            return self._alone(parts[0])
        found, where = self._within_any(parts)
        if not where:
            raise self._no_country(parts[-1])
        if not found:
            raise self._unknown(parts[0], " or ".join(where), where.values())
        return self._one(text, found)

    def _within_any(self, parts: Sequence[str]) -> tuple[list[City], dict[str, str]]:
        """Returns the cities that two or three parts may mean, and the names of where they were looked for, with codes.

        "Portland, OR" is how Americans write it, and "CA" is Canada or California: both are looked at.
        """
        whole = country_of(parts[-1])
        if len(parts) == 3:
            if whole is None:
                return [], {}
            found, name = self._in_division(parts[0], parts[1], whole)
            return found, {name: whole.iso}
        found = self._named(parts[0], whole.iso) if whole is not None else []
        where = {whole.name: whole.iso} if whole is not None else {}
        for country in _STATES_ALONE:
            if (state := division_of(country, parts[1])) is not None:
                found = [*found, *self._named(parts[0], country, state.admin1)]
                where[state.name] = country
        return _apart(found), where

    def _alone(self, name: str) -> Claim:
        primary = _apart(self._by_name.get(fold(name), []))
        whole = country_of(name)
        if whole is not None and len(fold(name)) > 2:
            inside = [city for city in self._cities if city.country == whole.iso] if whole.small else []
            if inside and all(city.country == whole.iso for city in primary):
                return _claim_of(inside[0], whole.name)
            if not any(city.country == whole.iso for city in primary):
                problem = f"{name!r} is a whole country, and no place in it."
                raise PlaceError(problem, f'Name a city too: "City, {whole.iso}".')
        found = self._named(name, "")
        if not found:
            raise self._unknown(name, "", set())
        return self._one(name, found)

    def _named(self, name: str, country: str, admin1: str = "") -> list[City]:
        """Returns the cities of a name, in one country or division where one is given.

        A city's further names count where no city bears the name itself, or only less populous ones: Halle is the
        town in Westphalia, and people say it of Halle (Saale).
        """
        key = fold(name)

        def inside(names: dict[str, list[City]]) -> list[City]:
            return [
                city
                for city in names.get(key, ())
                if (not country or city.country == country) and (not admin1 or city.admin1 == admin1)
            ]

        found = inside(self._by_name)
        largest = max((city.population for city in found), default=-1)
        return _apart([*found, *(city for city in inside(self._also) if city.population > largest)])

    def _in_division(self, name: str, division: str, country: Country) -> tuple[list[City], str]:
        """Returns the cities of a name in a division, and what that division is called."""
        if not has_divisions(country.iso):
            return self._named(name, country.iso), country.name  # what is unknown here cannot contradict
        known = division_of(country.iso, division)
        if known is None:
            problem = f"{division!r} is no state of {country.name} that is known here."
            raise PlaceError(problem, f'Leave it out, as "{name}, {country.iso}", or write coordinates.')
        return self._named(name, known.country, known.admin1), known.name

    def _one(self, text: str, found: Sequence[City]) -> Claim:
        cities = _apart(found)
        if len(cities) == 1:
            return _claim_of(cities[0])
        candidates = [self._unmistakable(city) for city in cities[:MOST_CANDIDATES]]
        more = f" or {len(cities) - MOST_CANDIDATES} more" if len(cities) > MOST_CANDIDATES else ""
        problem = f"{text!r} could be {len(cities)} places: {'; '.join(candidates)}{more}."
        raise PlaceError(problem, "Write one of them as it stands here, or coordinates.", candidates)

    def _unmistakable(self, city: City) -> str:
        """Returns words for a city that mean it and no other."""
        code = code_of(city.country, city.admin1)
        longer = f"{city.name}, {code}, {city.country}"
        for words in (label_of(city), longer if code else ""):
            if words.count(",") in (1, 2) and self._within_any(words.split(", "))[0] == [city]:
                return words
        return f"{city.latitude:.2f}, {city.longitude:.2f} ({label_of(city)})"

    def _point(self, text: str) -> Claim:
        match = _POINT.match(text)
        if match is None:
            raise PlaceError(
                f"{text!r} is no pair of coordinates.", 'Write degrees with a point, latitude first: "48.14, 11.58".'
            )
        latitude, longitude = float(match[1]), float(match[3])
        latitude = -abs(latitude) if match[2] in ("S", "s") else latitude
        longitude = -abs(longitude) if match[4] in ("W", "w") else longitude
        if abs(latitude) > 90 or abs(longitude) > 180:
            swapped = abs(longitude) <= 90 and abs(latitude) <= 180
            remedy = "Latitude comes first." if swapped else "Latitude is -90 to 90, longitude -180 to 180."
            raise PlaceError(f"{text!r} lies on no map.", remedy)
        if latitude == 0 and longitude == 0:
            raise PlaceError("0, 0 is in the sea, and what a program writes that knows no place.", "Leave it empty.")
        if not match[2] and not match[4] and "." not in match[1] + match[3]:
            # "48,14" is what a spreadsheet makes of half a pair where people write commas.
            problem = f"{text!r} may be whole degrees, or one number with a comma in it."
            raise PlaceError(problem, 'Write both numbers with a point, latitude first: "48.14, 11.58".')
        # To 0.01 degrees, 1 km: nobody's front door is kept.
        latitude, longitude = round(latitude, 2), round(longitude, 2)
        return Claim(
            place=f"{latitude:.2f}, {longitude:.2f}",
            latitude=latitude,
            longitude=longitude,
            radius_km=DEFAULT_RADIUS_KM,
            country=self._country_at(latitude, longitude),
        )

    def _country_at(self, latitude: float, longitude: float) -> str:
        """Returns the country of the nearest city; "" far from any, and where a border may lie between."""
        span = FAR_FROM_CITIES_KM / KM_PER_DEGREE
        first, last = np.searchsorted(self._northward, (latitude - span, latitude + span))
        belt = self._by_latitude[first:last]
        east = np.abs(self._all.longitude[belt] - longitude)
        # A degree of longitude shrinks towards the poles: there, everybody is near enough to be looked at.
        belt = belt[np.minimum(east, 360 - east) * math.cos(math.radians(min(88.0, abs(latitude) + span))) <= span]
        away = km_between(latitude, longitude, self._all.latitude[belt], self._all.longitude[belt])
        near: dict[str, float] = {}
        for place in np.argsort(away)[:NEIGHBOURS]:
            near.setdefault(self._cities[belt[place]].country, float(away[place]))
        ranked = sorted((km, country) for country, km in near.items())
        if not ranked or ranked[0][0] > FAR_FROM_CITIES_KM:
            return ""
        if len(ranked) > 1 and ranked[1][0] < BORDER * ranked[0][0]:
            return ""
        return ranked[0][1]

    def _no_country(self, text: str) -> PlaceError:
        near = difflib.get_close_matches(fold(text), country_names(), n=1, cutoff=0.75)
        known = country_of(near[0]) if near else None
        hint = f'Did you mean {known.name}? Its code is "{known.iso}".' if known else 'Write a code, as "DE" or "US".'
        return PlaceError(f"{text!r} is no country and no state of the US.", hint)

    def _unknown(self, name: str, where: str, countries: Collection[str]) -> PlaceError:
        within = f" in {where}" if where else ""
        problem = f"no city of 15,000 people or more is called {name!r}{within}."
        remedy = "Write the nearest larger city, or coordinates."
        candidates: list[str] = []
        if self._suggestions < MOST_SUGGESTIONS:
            self._suggestions += 1
            candidates = self._near(fold(name), countries)
        if candidates:
            remedy = f"Did you mean {' or '.join(repr(each) for each in candidates)}? Else w{remedy[1:]}"
        return PlaceError(problem, remedy, candidates)

    def _near(self, key: str, countries: Collection[str]) -> list[str]:
        """Returns up to three cities whose names are like a folded one, or begin with it."""
        pool: dict[str, City] = {}
        for other, cities in self._by_name.items():
            if abs(len(other) - len(key)) <= 3 or other.startswith(f"{key} "):
                fit = next((each for each in cities if not countries or each.country in countries), None)
                if fit is not None:
                    pool[other] = fit
        longer = [other for other in pool if key and other.startswith(f"{key} ")]
        like = difflib.get_close_matches(key, pool, n=3, cutoff=0.78)
        names = [*sorted(longer, key=lambda each: -pool[each].population), *like]
        return list(dict.fromkeys(label_of(pool[each]) for each in names))[:3]


def label_of(city: City) -> str:
    """Returns a city's name for people: "Munich, DE"; with the state in the US, Canada and Australia."""
    code = code_of(city.country, city.admin1) if city.country in _STATES_ALONE else ""
    return f"{city.name}, {code}, {city.country}" if code else f"{city.name}, {city.country}"


def radius_of(population: float) -> float:
    """Returns within how many km of its middle people live who name a city: its own size, and a commute around it.

    The size is a disc on which so many people live at the density of a sparse city: 1,000,000 make 18 km, so that
    their claim holds within 58 km; 50 km at least, whatever the city.
    """
    return float(round(max(DEFAULT_RADIUS_KM, COMMUTE_KM + math.sqrt(max(0.0, population) / (math.pi * SPARSE)))))


def km_apart(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Returns the great-circle distance in km between two points in degrees."""
    one, other = math.radians(latitude), math.radians(to_latitude)
    half = math.sin((other - one) / 2) ** 2
    half += math.cos(one) * math.cos(other) * math.sin(math.radians(to_longitude - longitude) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def _claim_of(city: City, whole: str = "") -> Claim:
    return Claim(
        place=f"{whole}, {city.country}" if whole else label_of(city),
        latitude=round(city.latitude, 4),
        longitude=round(city.longitude, 4),
        radius_km=radius_of(city.population),
        country=city.country,
    )


def _apart(found: Sequence[City]) -> list[City]:
    """Returns the cities that are places of their own, most populous first."""
    kept: list[City] = []
    for city in sorted(
        {each.geonames: each for each in found}.values(), key=lambda each: (-each.population, each.geonames)
    ):
        near = (
            other.country == city.country
            and km_apart(other.latitude, other.longitude, city.latitude, city.longitude) < SAME_KM
            for other in kept
        )
        if not any(near):
            kept.append(city)
    return kept


def _other_names() -> list[tuple[int, list[str]]]:
    text = resources.files(__package__ or "").joinpath("data/names.csv").read_text(encoding="utf-8")
    return [(int(row["geonameid"]), row["names"].split("|")) for row in csv.DictReader(io.StringIO(text))]


@cache
def geocoder() -> Geocoder:
    """Returns the finder over the shipped cities, made once."""
    return Geocoder(gazetteer())
