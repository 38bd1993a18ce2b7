"""Which landmarks a device measures on a day: some near its claim, some near its last estimate, some all over.

The core is the same every day, so that days compare. A few more are drawn for each device and day under a key that
never leaves the collector: whoever prepares delays for the landmarks that a laptop is known to ask has prepared none
for these, and nothing in the plan tells them apart (docs/landmarks.md).
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from farmwatch_detectors.placing import Spot
from farmwatch_detectors.policy import Claim
from farmwatch_schema.plan import Plan, Target

from .continents import parts_of
from .geometry import km_between
from .types import Landmark

NEAR_CLAIM, NEAR_ESTIMATE, CONTROLS, TARGETS = 5, 3, 3, 15
#: Of those near one point: more of one provider, or in one town, would be one witness heard twice.
MOST_OF_A_PROVIDER, MOST_IN_A_TOWN, TOWN_KM = 2, 2, 40.0
#: A company's own landmark goes before others up to so far from the point: what it says cannot be forged.
OWN_BEFORE_KM = 1_000.0
#: One control lies among so many nearest to the claim, where a liar has most to lose; the rest anywhere.
CONTROL_NEAR = 20
#: A plan lasts into the next day, so that a laptop that asks in the morning is not without one.
LASTS_INTO_NEXT_DAY = timedelta(hours=6)


class Planner:
    """Makes plans over one set of landmarks. Thread-safe; half a millisecond a plan.

    key  secret of the collector, 16 bytes or more; not the company's identifier key, which every laptop has
    """

    def __init__(self, landmarks: Mapping[str, Landmark], key: bytes) -> None:
        self._key = hashlib.blake2b(key, digest_size=32, person=b"farmwatch-plan").digest()
        self._all = tuple(landmarks[name] for name in sorted(landmarks))
        self._latitude = np.array([one.latitude for one in self._all], float)
        self._longitude = np.array([one.longitude for one in self._all], float)
        marks = b"".join(self._draw(f"landmark|{one.landmark}")[:8] for one in self._all)
        self._marks = np.frombuffer(marks, np.uint64)
        self._own = np.array([one.own or one.method == "signed" for one in self._all], bool)
        self._parts = parts_of(self._latitude, self._longitude) if self._all else ()
        self._apart = km_between(
            self._latitude[:, None], self._longitude[:, None], self._latitude[None, :], self._longitude[None, :]
        )

    def plan(
        self, device: str, claim: Claim | None, estimate: Spot | None, quarantined: Collection[str], day: date
    ) -> Plan:
        """Returns the plan of a device for a day: the same whenever it is asked with the same values.

        estimate  of its last measured day; None before the first
        """
        usable = {index for index, one in enumerate(self._all) if one.landmark not in quarantined}
        chosen: list[int] = []
        for point, count in ((claim, NEAR_CLAIM), (estimate, NEAR_ESTIMATE)):
            if point is not None:
                self._near(point.latitude, point.longitude, count, usable, chosen)
        homes = {self._parts[index] for index in chosen[:1]}
        steady = self._order(usable, f"spread|{device}")
        self._spread(steady, homes, TARGETS - CONTROLS - len(chosen), chosen)
        self._controls(claim, self._order(usable, f"control|{device}|{day.isoformat()}"), chosen)
        mixed = self._order(chosen, f"order|{device}|{day.isoformat()}")
        targets = tuple(_target(self._all[index]) for index in mixed)
        until = datetime.combine(day, time(), UTC) + timedelta(days=1) + LASTS_INTO_NEXT_DAY
        words = "|".join((device, *sorted(target.landmark for target in targets)))
        return Plan(
            plan=f"{day:%Y%m%d}-{self._draw(words)[:6].hex()}",
            valid_until=until.strftime("%Y-%m-%dT%H:%M:%SZ"),
            targets=targets,
        )

    def _near(self, latitude: float, longitude: float, count: int, usable: Iterable[int], chosen: list[int]) -> None:
        """Adds the nearest ones, mixed by provider and town; less mixed where there are not enough."""
        away: NDArray[np.float64] = km_between(latitude, longitude, self._latitude, self._longitude)
        away = np.where(self._own & (away <= OWN_BEFORE_KM), away - OWN_BEFORE_KM, away)
        free = set(usable) - set(chosen)
        nearest = [index for index in np.argsort(away, kind="stable").tolist() if index in free]
        found: list[int] = []
        tests: tuple[Callable[[int], bool], ...] = (
            lambda index: self._fits(index, found, in_town=True),
            lambda index: self._fits(index, found, in_town=False),
            lambda _: True,
        )
        for fits in tests:
            for index in nearest:
                if len(found) == count:
                    break
                if index not in found and fits(index):
                    found.append(index)
        chosen += found

    def _fits(self, index: int, found: list[int], *, in_town: bool) -> bool:
        one = self._all[index]
        same = sum(self._all[other].provider == one.provider for other in found)
        near = sum(self._apart[index, other] <= TOWN_KM for other in found)
        return same < MOST_OF_A_PROVIDER and (not in_town or near < MOST_IN_A_TOWN)

    def _spread(self, order: list[int], homes: Collection[str], count: int, chosen: list[int]) -> None:
        """Adds landmarks in turn from each part of the world, those of home last; own ones and new providers first."""
        parts: dict[str, list[int]] = {}
        for index in order:
            parts.setdefault(self._parts[index], []).append(index)
        turns = sorted(parts, key=lambda part: part in homes)  # stable: otherwise in the device's own order
        left = count
        while left > 0:
            before = left
            for part in turns:
                free = [index for index in parts[part] if index not in chosen]
                if free and left > 0:
                    used = [self._all[index].provider for index in chosen]
                    chosen.append(
                        min(free, key=lambda index: (not self._own[index], used.count(self._all[index].provider)))
                    )
                    left -= 1
            if left == before:
                return

    def _controls(self, claim: Claim | None, order: list[int], chosen: list[int]) -> None:
        free = [index for index in order if index not in chosen]
        if claim is not None and free:
            away = km_between(claim.latitude, claim.longitude, self._latitude, self._longitude)
            left = set(free)
            nearest = (index for index in np.argsort(away, kind="stable").tolist() if index in left)
            around = set(islice(nearest, CONTROL_NEAR))
            first = next(index for index in free if index in around)
            free.remove(first)
            free.insert(0, first)
        chosen += free[:CONTROLS]

    def _order(self, indexes: Collection[int], purpose: str) -> list[int]:
        """Returns landmarks in an order that only the holder of the key can tell; one more landmark shifts no other.

        The purpose (device and day in it) makes a seed under the key; a mixing function spreads it over marks that are
        made under the key, too. What one day's order shows of its seed says nothing of the next day's.
        """
        places = np.fromiter(sorted(indexes), np.intp, len(indexes))
        seed = np.frombuffer(self._draw(purpose)[:8], np.uint64)
        return [int(index) for index in places[np.argsort(_mixed(self._marks[places] + seed), kind="stable")]]

    def _draw(self, words: str) -> bytes:
        return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Returns each value mixed: the finalizer of SplitMix64 (Steele, Lea and Flood, 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = values ^ (values >> np.uint64(31))
    return mixed


def plan_for(
    device: str,
    claim: Claim | None,
    estimate: Spot | None,
    landmarks: Mapping[str, Landmark],
    quarantined: Collection[str],
    day: date,
    key: bytes,
) -> Plan:
    """Returns one plan; who makes many keeps a `Planner`."""
    return Planner(landmarks, key).plan(device, claim, estimate, quarantined, day)


def _target(landmark: Landmark) -> Target:
    method: Literal["tcp", "signed"] = "signed" if landmark.method == "signed" else "tcp"
    return Target(
        landmark=landmark.landmark,
        host=landmark.host,
        port=landmark.port,
        method=method,
        public_key=landmark.public_key if method == "signed" else "",
    )
