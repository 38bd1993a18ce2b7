"""Great circles on a sphere of 6,371 km."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_KM = 6371.0088
#: Light in fibre goes about 200 km in a ms (2/3 of c), so a round trip of 1 ms reaches at most so far.
KM_PER_MS = 100.0


def km_between(
    latitude: ArrayLike, longitude: ArrayLike, to_latitude: ArrayLike, to_longitude: ArrayLike
) -> NDArray[np.float64]:
    """Returns great-circle distances in km between points in degrees; shapes broadcast."""
    one, other = np.radians(np.asarray(latitude, float)), np.radians(np.asarray(to_latitude, float))
    across = np.radians(np.asarray(to_longitude, float) - np.asarray(longitude, float))
    half = np.sin((other - one) / 2) ** 2 + np.cos(one) * np.cos(other) * np.sin(across / 2) ** 2
    distances: NDArray[np.float64] = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return distances
