"""Times that light allows and no network has: what shows where something answers for the landmarks near a claim.

Who is within a few milliseconds of one landmark is beside it, and then the ways to all others are known well. On public
times of 84 hosting sites within 15 ms of another one (July 2020; 420 draws of 15 landmarks), two such times never came
together, and one in 7 of the draws.
"""

from collections.abc import Sequence

from .geometry import KM_PER_MS, km_between
from .types import Observation

#: Within so little, the landmark's place is the laptop's, as far as ways of so many km go.
BESIDE_MS, FROM_KM = 15.0, 2_000.0
#: Times light's own: real ways lie between, their 0.05 and 0.95 quantiles well within at any distance.
SLOW, FAST = 6.0, 1.2
#: One may be an odd cable.
FEWEST = 2


def odd_ways(observations: Sequence[Observation]) -> list[Observation]:
    """Returns the times that fit no network from beside the nearest landmark; none where no landmark is that near."""
    nearest = min(observations, key=lambda each: each.rtt_ms, default=None)
    if nearest is None or nearest.rtt_ms > BESIDE_MS:
        return []
    here = nearest.landmark
    found: list[Observation] = []
    for each in observations:
        there = each.landmark
        away = float(km_between(here.latitude, here.longitude, there.latitude, there.longitude))
        unsure = here.uncertainty_km + there.uncertainty_km
        least = away - unsure - KM_PER_MS * nearest.rtt_ms
        if away < FROM_KM:
            continue
        if each.rtt_ms - nearest.rtt_ms > SLOW * (away + unsure) / KM_PER_MS or each.rtt_ms < FAST * least / KM_PER_MS:
            found.append(each)
    return found
