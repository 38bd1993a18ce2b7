"""The shipped landmarks, each where it says to stand, under its own name; and cities for those who live somewhere.

The names lead to the lab's addresses because the lab's hosts files say so: nobody outside is asked. A landmark stands
as far from its coordinates as its uncertainty allows, in a direction of chance.
"""

import math
from functools import cache

from farmwatch_collector.place.gazetteer import City, gazetteer
from farmwatch_collector.place.landmarks import shipped

from .geography import Spot, chance
from .lab import Lab

#: For the agent's setting `landmarks`: documentation addresses are nobody's, and an agent measures only somebody's.
NETWORKS = ("198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
KM_PER_DEGREE = 111.2


@cache
def city(name: str, country: str) -> City:
    """Returns the most populous city of a name in a country."""
    return next(it for it in gazetteer().cities if it.name == name and it.country == country)


def spot(label: str, name: str, country: str) -> Spot:
    """Returns a city's place under a label of the lab."""
    found = city(name, country)
    return Spot(label, found.latitude, found.longitude)


def furnish(lab: Lab) -> None:
    """Adds the shipped landmarks."""
    for name, mark in shipped().items():
        km = mark.uncertainty_km * math.sqrt(chance("far", lab.seed, name))
        angle = 2 * math.pi * chance("direction", lab.seed, name)
        north = km * math.sin(angle) / KM_PER_DEGREE
        east = km * math.cos(angle) / KM_PER_DEGREE / max(0.1, math.cos(math.radians(mark.latitude)))
        lab.landmark(name, Spot(f"mark {name}", mark.latitude + north, mark.longitude + east), mark.host)
