"""Which laptop of the fleet lives with which: blocks of laptops are divided into homes, farms stand between them.

A block is divided by dice of its own, so that any laptop's home is found without making the others.
"""

import random
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate

import msgspec

from .dice import dice
from .settings import FarmSpec, Settings

BLOCK = 1024
#: Kinds of homes with more than one laptop, and from how many to how many.
SHARED = {"couple": (2, 2), "flat": (3, 4), "dormitory": (8, 20), "student_house": (5, 12), "branch": (4, 40)}


class Group(msgspec.Struct, frozen=True):
    """Laptops that live together.

    kind   `alone`, of `SHARED`, or `farm`
    name   of the place: dice are thrown by it
    first  number of the first of them in the fleet; size: how many
    farm   what was ordered
    """

    kind: str
    name: str
    first: int
    size: int
    farm: FarmSpec | None = None


class Layout:
    """Divides the fleet's numbers: from 0 on the others', the farms' last."""

    def __init__(self, settings: Settings) -> None:
        self._seed = settings.seed
        self._rates = [(kind, settings.rate(kind)) for kind in SHARED]
        self._farms = settings.farms
        self.others = settings.devices - sum(farm.size for farm in settings.farms)
        self._starts = [self.others + before for before in accumulate((farm.size for farm in self._farms), initial=0)]
        self._block = lru_cache(maxsize=8)(self._divided)

    def groups(self) -> Iterator[Group]:
        """Yields every group once; farms stand among the others, so that none comes first or last for being one."""
        blocks = max(1, -(-self.others // BLOCK))
        for block in range(blocks):
            yield from self._block(block)
            for place in range(len(self._farms)):
                if place * blocks // len(self._farms) == block:
                    yield self._farm(place)

    def group_of(self, number: int) -> Group:
        """Returns the group of a laptop; raises IndexError for one that the fleet does not have."""
        if not 0 <= number < self._starts[-1]:
            raise IndexError(f"the fleet's laptops bear the numbers 0 to {self._starts[-1] - 1}, not {number}")
        if number >= self.others:
            return self._farm(bisect_right(self._starts, number) - 1)
        groups = self._block(number // BLOCK)
        return groups[bisect_right(groups, number, key=lambda group: group.first) - 1]

    def _farm(self, place: int) -> Group:
        farm = self._farms[place]
        return Group("farm", farm.name, self._starts[place], farm.size, farm)

    def _divided(self, block: int) -> tuple[Group, ...]:
        chance = dice(self._seed, "block", block)
        at, end = block * BLOCK, min((block + 1) * BLOCK, self.others)
        found: list[Group] = []
        while at < end:
            kind, size = self._drawn(chance)
            if at + size > end:
                kind, size = "alone", 1
            found.append(Group(kind, f"{kind}-{at}", at, size))
            at += size
        return tuple(found)

    def _drawn(self, chance: random.Random) -> tuple[str, int]:
        left = chance.random()
        for kind, rate in self._rates:
            left -= rate
            if left < 0:
                least, most = SHARED[kind]
                # Small ones are as frequent as large ones.
                return kind, min(most, int(least * (most / least) ** chance.random() + 0.5))
        return "alone", 1
