"""Which part of the world a point lies in: coarse, for spreading landmarks and for saying "on several continents"."""

import numpy as np
from numpy.typing import ArrayLike

from .geometry import km_between

#: Seven parts and a point amid each; a point belongs to the nearest one. Good to some hundred km at the seams, so
#: nothing is ever decided by this alone.
PARTS = {
    "africa": (0.0, 20.0),
    "asia": (28.0, 100.0),
    "europe": (50.0, 12.0),
    "middle_east": (27.0, 46.0),
    "north_america": (40.0, -98.0),
    "oceania": (-28.0, 140.0),
    "south_america": (-18.0, -58.0),
}
_NAMES = tuple(PARTS)
_LATITUDE = np.array([point[0] for point in PARTS.values()])
_LONGITUDE = np.array([point[1] for point in PARTS.values()])


def parts_of(latitude: ArrayLike, longitude: ArrayLike) -> tuple[str, ...]:
    """Returns the part of the world of each point, degrees."""
    rows = km_between(
        np.atleast_1d(np.asarray(latitude, float))[:, None],
        np.atleast_1d(np.asarray(longitude, float))[:, None],
        _LATITUDE,
        _LONGITUDE,
    )
    return tuple(_NAMES[index] for index in rows.argmin(axis=1))


def part_of(latitude: float, longitude: float) -> str:
    """Returns the part of the world of one point, degrees."""
    return parts_of(latitude, longitude)[0]
