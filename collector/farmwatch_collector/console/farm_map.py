"""The map of a farm's members: where records say each works, and where round-trip times fit best.

Both are rounded to about 50 km, and members of one place are told as a count: nobody's home is drawn.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from farmwatch_detectors.placing import Spot
from farmwatch_detectors.policy import Claim

from ..farms.types import Farm
from .farm_view import current
from .words import plain

#: Half a degree of latitude is 55.6 km.
GRID_DEGREES = 0.5
#: Rows of the table, and spots of the map.
MOST_PLACES = 60
#: Members whose measurements are looked up.
MOST_MEASURED = 60


class FarmPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place with how many members claim it, or seem to be near it. `kind` is that of the map's mark."""

    kind: Literal["claim", "estimate"]
    name: str
    at: tuple[float, float]
    radius_km: float
    count: int


class FarmMap(msgspec.Struct, frozen=True, kw_only=True):
    """Places for the table, who has none, and the map's JSON; "" when there is nothing to draw."""

    places: tuple[FarmPlace, ...]
    more: int
    claims: int
    estimates: int
    members: int
    map: str


def farm_map(farm: Farm, estimates: Mapping[str, Spot]) -> FarmMap:
    """Returns the places of the members that a farm has now; `estimates` by device."""
    members = [each.member for each in current(farm)]
    found: dict[tuple[str, tuple[float, float]], list[Claim | Spot]] = {}
    for member in members:
        for kind, spot in (("claim", member.claim), ("estimate", estimates.get(member.device))):
            if spot is not None and _drawable(spot):
                found.setdefault((kind, rounded(spot)), []).append(spot)
    places = [
        FarmPlace(
            kind="claim" if kind == "claim" else "estimate",
            name=spots[0].place,
            at=at,
            radius_km=max(spot.radius_km for spot in spots),
            count=len(spots),
        )
        for (kind, at), spots in found.items()
    ]
    places.sort(key=lambda place: (place.kind, -place.count, place.name))
    shown = places[:MOST_PLACES]
    return FarmMap(
        places=tuple(shown),
        more=len(places) - len(shown),
        claims=sum(place.count for place in places if place.kind == "claim"),
        estimates=sum(place.count for place in places if place.kind == "estimate"),
        members=len(members),
        map=_drawn(shown) if shown else "",
    )


def rounded(spot: Claim | Spot) -> tuple[float, float]:
    """Returns a spot on the grid."""
    return (
        round(spot.latitude / GRID_DEGREES) * GRID_DEGREES,
        round(spot.longitude / GRID_DEGREES) * GRID_DEGREES,
    )


def _drawable(one: Claim | Spot) -> bool:
    numbers = (one.latitude, one.longitude, one.radius_km)
    return all(map(math.isfinite, numbers)) and abs(one.latitude) <= 90 and abs(one.longitude) <= 180


def _drawn(places: list[FarmPlace]) -> str:
    spots: list[dict[str, Any]] = []
    for place in places:
        count = f"{place.count:,} {'member' if place.count == 1 else 'members'}"
        verb = ("claims" if place.count == 1 else "claim") if place.kind == "claim" else "by round-trip times:"
        near = f"{place.radius_km:,.0f} km around " if place.kind == "estimate" else ""
        words = f"{count} {verb} {near}{plain(place.name, 80)}"
        spots.append({"at": list(place.at), "kind": place.kind, "count": place.count, "words": words})
    return msgspec.json.encode({"circles": [], "spots": spots}).decode()
