"""Cities of the world with a landmark in each, and where a laptop's user may say to live. Places are GeoNames'."""

import json
from functools import cache
from pathlib import Path

from farmwatch_collector.place.gazetteer import City, gazetteer

from .geography import Spot
from .lab import Lab

#: City, country, whose network the lab says it is: no two of a town, no more than a quarter of one provider.
LANDMARKS = (
    ("Seattle", "US", "alder"), ("San Jose", "US", "birch"), ("Los Angeles", "US", "cedar"), ("Phoenix", "US", "elder"),
    ("Denver", "US", "alder"), ("Dallas", "US", "birch"), ("Chicago", "US", "cedar"), ("Atlanta", "US", "elder"),
    ("Ashburn", "US", "alder"), ("New York City", "US", "birch"), ("Miami", "US", "cedar"), ("Toronto", "CA", "elder"),
    ("Vancouver", "CA", "birch"), ("Santiago de Querétaro", "MX", "alder"), ("São Paulo", "BR", "birch"),
    ("Santiago", "CL", "cedar"), ("Bogotá", "CO", "elder"), ("Dublin", "IE", "alder"), ("London", "GB", "birch"), ("Paris", "FR", "cedar"),
    ("Amsterdam", "NL", "elder"), ("Frankfurt am Main", "DE", "alder"), ("Zürich", "CH", "birch"),
    ("Milan", "IT", "cedar"), ("Madrid", "ES", "elder"), ("Stockholm", "SE", "alder"), ("Warsaw", "PL", "birch"),
    ("Helsinki", "FI", "cedar"), ("Istanbul", "TR", "elder"), ("Dubai", "AE", "alder"), ("Tel Aviv", "IL", "birch"),
    ("Johannesburg", "ZA", "cedar"), ("Cape Town", "ZA", "elder"), ("Lagos", "NG", "alder"), ("Mumbai", "IN", "birch"),
    ("Chennai", "IN", "cedar"), ("Singapore", "SG", "elder"), ("Jakarta", "ID", "alder"), ("Hong Kong", "HK", "birch"),
    ("Tokyo", "JP", "cedar"), ("Osaka", "JP", "elder"), ("Seoul", "KR", "alder"), ("Sydney", "AU", "birch"),
    ("Melbourne", "AU", "cedar"), ("Auckland", "NZ", "elder"),
)  # fmt: skip


@cache
def city(name: str, country: str) -> City:
    """Returns the most populous city of a name in a country."""
    return next(it for it in gazetteer().cities if it.name == name and it.country == country)


def spot(label: str, name: str, country: str) -> Spot:
    """Returns a city's place under a label of the lab."""
    found = city(name, country)
    return Spot(label, found.latitude, found.longitude)


def furnish(lab: Lab) -> None:
    """Adds the landmarks."""
    for name, country, provider in LANDMARKS:
        found = city(name, country)
        label = f"{country.lower()}-{found.geonames}"
        lab.landmark(label, Spot(f"mark-{label}", found.latitude, found.longitude), provider)


def landmark_file(lab: Lab, path: Path) -> Path:
    """Writes the lab's landmarks as a company's file (docs/landmarks.md) that leaves no other; returns the path.

    JSON is YAML.
    """
    entries = [
        {
            "id": f"{mark.provider}:{name}",
            "provider": mark.provider,
            "place": f"{found.name}, {found.country}",
            "country": found.country,
            "latitude": found.latitude,
            "longitude": found.longitude,
            "host": mark.host,
            "uncertainty_km": 0.0,
        }
        for (name, mark), (label, country, _) in zip(lab.marks.items(), LANDMARKS, strict=True)
        for found in (city(label, country),)
    ]
    path.write_text(json.dumps({"version": 1, "landmarks": entries, "without": ["*"]}, indent=1))
    return path
