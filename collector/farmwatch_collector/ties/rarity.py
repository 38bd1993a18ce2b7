"""What a shared value is worth: how much more often farm laptops share one with so many than others of this fleet do.

`worth = log2(m / u)`. u is measured: of all values of the same kind and stratum that no place explains, this one's own
left out, the share that so many unrelated devices have. Where few are known, the kind as a whole speaks, and before
that the shipped rate:

    u_kind = (n_kind + S * u0) / (N_kind + S)              S = max(SHIPPED, NODES * size / u0)
    u      = (n_stratum + A * u_kind) / (N_stratum + A)    A = max(ALPHA, NODES * size / u_kind)

Devices come in houses: 1,000 of which none shares with eight others say little of a rate at which one house of eight
is due. So what was known before counts for half a house at least, besides its number of devices.

Counts are whole numbers of devices, so that no order of reports makes a difference. A value's own holders neither
vouch for it nor against it.
"""

import math
from array import array
from bisect import bisect_right
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from .types import Worth

#: Bits of a value that names a place, a thing or a way out; and of one that software made up, at most.
LEAST, MOST, SOFT_MOST = -3.0, 9.0, 1.0


#: So many houses, of the size asked about, what was known before counts for at least.
NODES = 0.5


class KindRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rates by bucket, a crowd last. basis, sources: what they rest on."""

    m: tuple[float, ...]
    u0: tuple[float, ...]
    basis: Literal["judgement", "published", "measured"]
    sources: tuple[str, ...]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`rarity.toml`."""

    alpha: int
    shipped: int
    sizes: tuple[tuple[int, int], ...]
    kinds: dict[str, KindRates]


@cache
def table() -> Table:
    """Returns the shipped rates, read once."""
    body = resources.files("farmwatch_collector.ties").joinpath("rarity.toml").read_bytes()
    return msgspec.toml.decode(body, type=Table)


#: Bucket of values that one device has; those that others share follow it.
ALONE = 0
_FROM = tuple(low for low, _ in table().sizes)
CROWDED = len(_FROM) + 1
#: A place that policy or labels know: it is counted, and speaks for no size.
EXPLAINED = CROWDED + 1
_WIDTH = EXPLAINED + 1


def bucket(size: int) -> int:
    """Returns the bucket of so many unrelated holders; a crowd's is `CROWDED`."""
    return bisect_right(_FROM, size)


class Rarity:
    """How many devices have a value of which kind and stratum that so many share, and what that makes of one more."""

    def __init__(self) -> None:
        self._strata: dict[tuple[str, str, bool], array[int]] = {}
        self._kinds: dict[tuple[str, bool], array[int]] = {}

    def add(self, kind: str, stratum: str, place: int, devices: int, *, soft: bool) -> None:
        """Counts devices whose value falls into a bucket; fewer where `devices` is negative."""
        of_kind = self._kinds.setdefault((kind, soft), array("q", bytes(8 * _WIDTH)))
        of_kind[place] += devices
        key = (kind, stratum, soft)
        of_stratum = self._strata.setdefault(key, array("q", bytes(8 * _WIDTH)))
        of_stratum[place] += devices
        if devices < 0 and not any(of_stratum):
            del self._strata[key]

    def worth(
        self, kind: str, stratum: str, size: int, *, own: int, own_place: int, crowd: bool = False, soft: bool = False
    ) -> Worth:
        """Returns what it is worth that so many unrelated devices share a value.

        own, own_place  how many devices this value itself was counted with, and in which bucket
        """
        rates = table().kinds.get(kind)
        place = CROWDED if crowd else bucket(size)
        n_kind, of_kind = self._counted(self._kinds.get((kind, soft)), place, own, own_place)
        n_stratum, of_stratum = self._counted(self._strata.get((kind, stratum, soft)), place, own, own_place)
        at = place - 1
        u0 = rates.u0[at] if rates is not None and at >= 0 else 0.0
        u_kind = _pooled(n_kind, of_kind, u0, table().shipped, size)
        u = _pooled(n_stratum, of_stratum, u_kind, table().alpha, size)
        if rates is None or place == ALONE or u <= 0:
            return Worth(bits=0.0, m=0.0, u=u, size=size, stratum=stratum, measured=of_stratum)
        bits = min(max(math.log2(rates.m[at] / u), LEAST), SOFT_MOST if soft else MOST)
        pooled = of_stratum < table().alpha
        return Worth(
            bits=bits,
            m=rates.m[at],
            u=u,
            size=size,
            stratum="" if pooled else stratum,
            measured=of_kind if pooled else of_stratum,
        )

    @staticmethod
    def _counted(counts: "array[int] | None", place: int, own: int, own_place: int) -> tuple[int, int]:
        """Devices in a bucket, and in all of them but the explained ones, without the value's own."""
        if counts is None:
            return 0, 0
        known = sum(counts) - counts[EXPLAINED]
        return counts[place] - (own if own_place == place else 0), known - (own if own_place != EXPLAINED else 0)

    def counts(self) -> dict[tuple[str, str, bool], tuple[int, ...]]:
        """Returns devices by kind, stratum and softness, per bucket."""
        return {key: tuple(counts) for key, counts in self._strata.items()}


def _pooled(counted: int, known: int, before: float, devices: int, size: int) -> float:
    """Returns a share that was counted, with what was known before it as so many more devices."""
    if before <= 0:
        return counted / (known + devices)
    weight = max(devices, NODES * size / before)
    return (counted + weight * before) / (known + weight)
