"""From one day's round-trip times and a claim to a verdict. It proves absence from a place, never presence in one.

    light       100 km per ms of round trip, and not more: two landmarks of different providers prove, one does not
    together    one score of likelihood ratio, misfit, light, speed margin and excess near the claim, against one
                threshold that calibration set for this kind of access and number of landmarks

`margin`, `likelihood` and `excess` name what in the score speaks loudest; none of them decides by itself, so that they
do not each spend false positives. docs/place.md has the formulae and the measured rates.
"""

import math
from collections.abc import Sequence
from datetime import date

import numpy as np

from farmwatch_detectors.placing import Circle, DayVerdict, Rule, Spot, Verdict

from .calibration import Calibration, Cell
from .estimate import SUBURBS_KM, beside, guess, reach
from .evidence import Reading, read
from .gazetteer import Gazetteer
from .geometry import KM_PER_MS, km_between
from .path_model import Floats, PathModel, apart, units
from .types import Observation

#: Fewer landmarks cannot disprove enough to call anything consistent.
FEWEST_LANDMARKS = 6
#: Times beyond these are faults: nothing answers in no time, and nothing on earth needs five seconds.
LEAST_MS, LONGEST_MS = 0.01, 5_000.0
MOST_CIRCLES = 24
#: "Consistent" has to mean something: so much of the world's cities the day must have been able to rule out.
LEAST_RULED_OUT = 0.1
#: Landmarks that contradict others by light, whatever the place, before it is the path and not a landmark.
_WRONG_SHARE = 0.2
#: Times are rounded to 0.1 ms.
_ROUNDING_KM = 0.1 * KM_PER_MS
#: How much likelier than the claim, as a logarithm, a place must be that a sentence names.
_FAR_BETTER = 2.0
#: A least time this high, and residuals more even than of one in a hundred true claims: somebody may add delay.
_HIGH_MS = 40.0


class ClaimTest:
    """Judges days with one calibration. Safe to share by threads; a few ms a call."""

    def __init__(
        self, calibration: Calibration, gazetteer: Gazetteer, fewest_landmarks: int = FEWEST_LANDMARKS
    ) -> None:
        self._calibration = calibration
        self._gazetteer = gazetteer
        self._fewest = max(2, fewest_landmarks)
        self.model = PathModel(calibration.paths, gazetteer)

    def judge(
        self,
        observations: Sequence[Observation],
        latitude: float,
        longitude: float,
        radius_km: float,
        place: str,
        access: str,
        day: date,
    ) -> DayVerdict:
        """Returns the day's verdict on the claim to be within `radius_km` of the coordinates (degrees).

        Times that are not finite or out of range are left out, of several to one landmark the least counts. A claim
        that is no place on earth is unmeasurable.
        """
        measured, doubted = _sound(observations)
        if not (math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 360):
            return _unmeasurable(day, access, len(measured), "no_claim", "The claim names no place on earth.")
        radius = radius_km if math.isfinite(radius_km) and radius_km > 0 else 0.0
        if doubted:
            words = "No place on earth explains all the times together: something near answers for landmarks."
            return _unmeasurable(day, access, len(measured), "answered_locally", words)
        if len(measured) < self._fewest:
            words = f"{len(measured)} landmarks answered; {self._fewest} are needed to say anything about {place}."
            return _unmeasurable(day, access, len(measured), "few_landmarks", words)
        reading = read(self.model, measured, units([latitude], [longitude]), radius)
        return self._verdict(measured, reading, radius, place, access, day)

    def _verdict(
        self, measured: Sequence[Observation], reading: Reading, radius: float, place: str, access: str, day: date
    ) -> DayVerdict:
        _, cell = self._calibration.cell(access, len(measured))
        verdict, rules, scores = self.decide(measured, reading, access)[0]
        light = reading.light_km[0]
        vague = self._vague(measured, reading, radius, cell) if verdict == "consistent" else ""
        if vague:
            return _unmeasurable(day, access, len(measured), "noisy", vague)
        spot, fits = self._estimate(measured, reading, cell)
        return DayVerdict(
            day=day,
            verdict=verdict,
            sentence=_sentence(measured, reading, place, rules, spot.place if fits else ""),
            rules=rules,
            at_least_km=round(max(0.0, float(light.max())), 1),
            landmarks=len(measured),
            access=access,
            scores=scores,
            estimate=spot,
            footprint=_footprint(measured, reading, cell),
            circles=_circles(measured, reading),
        )

    def decide(
        self, measured: Sequence[Observation], reading: Reading, access: str
    ) -> list[tuple[Verdict, tuple[Rule, ...], dict[str, float]]]:
        """Returns verdict, rules and scores of each claim that was read."""
        weights, cell = self._calibration.cell(access, len(measured))
        values = weights.score(reading.inputs)
        providers = [each.landmark.provider for each in measured]
        decided: list[tuple[Verdict, tuple[Rule, ...], dict[str, float]]] = []
        for row, value in enumerate(values):
            broken = {providers[number] for number in np.flatnonzero(reading.light_km[row] > 0)}
            scores = _scores(reading, row, float(value), cell)
            light: tuple[Rule, ...] = ("light",) if broken else ()
            if len(broken) >= 2:
                decided.append(("impossible", (*light, *_speaking(scores, at_least_one=False)), scores))
            elif broken or scores["together"] >= 1.0:
                decided.append(("inconsistent", (*light, *_speaking(scores, at_least_one=not broken)), scores))
            else:
                decided.append(("consistent", (), scores))
        return decided

    def verdicts(
        self, observations: Sequence[Observation], points: Floats, radius_km: float, access: str
    ) -> list[Verdict]:
        """Returns what `judge` would call each claim (unit vectors), from one look at the times."""
        measured, doubted = _sound(observations)
        if doubted or len(measured) < self._fewest:
            return ["unmeasurable"] * len(points)
        reading = read(self.model, measured, points, radius_km)
        _, cell = self._calibration.cell(access, len(measured))
        vague = bool(self._vague(measured, reading, radius_km, cell))
        decided = [verdict for verdict, _, _ in self.decide(measured, reading, access)]
        return ["unmeasurable" if vague and verdict == "consistent" else verdict for verdict in decided]

    def _vague(self, measured: Sequence[Observation], reading: Reading, radius: float, cell: Cell) -> str:
        """Says why these times could hardly have spoken against any claim; "" when they could."""
        if reading.least_ms > cell.most_ms:
            return f"The shortest time, {reading.least_ms:.0f} ms, is longer than any that calibration knows."
        distance = self.model.over([each.landmark for each in measured]).distance
        out = (distance - reach(measured) - radius).max(axis=1) > 0
        if cell.likelihood is not None:
            out |= reading.behind > cell.likelihood
        share = float(out.mean())
        return (
            f"The times are so long that they rule out {share:.0%} of the world's cities only."
            if share < LEAST_RULED_OUT
            else ""
        )

    def _estimate(self, measured: Sequence[Observation], reading: Reading, cell: Cell) -> tuple[Spot, bool]:
        """Returns where the laptop may be, and whether that fits far better than the claim.

        It is the city that errs least among those that light allows; the fastest landmark's place where it leaves none.
        """
        fast = min(measured, key=lambda one: one.rtt_ms)
        found = guess(self.model, reading, cell.lean)
        number = int(self.model.cities[found.number]) if found else beside(measured, self._gazetteer)
        mark = fast.landmark
        if number is None:
            place, latitude, longitude = mark.place, mark.latitude, mark.longitude
        else:
            city = self._gazetteer.cities[number]
            place, latitude, longitude = f"{city.name}, {city.country}", city.latitude, city.longitude
        # Light bounds the error too: the laptop is within reach of the fastest landmark, wherever the guess is.
        most = float(km_between(latitude, longitude, mark.latitude, mark.longitude)) + float(reach([fast])[0])
        usual = cell.errs * (found.spread_km + SUBURBS_KM) if found else most
        radius = round(min(most, usual, 20_000.0), 0)
        fits = found is not None and float(reading.ratio[0] - reading.behind[found.number]) >= _FAR_BETTER
        return Spot(place=place, latitude=latitude, longitude=longitude, radius_km=radius), fits


def _sound(observations: Sequence[Observation]) -> tuple[list[Observation], bool]:
    """Returns what can be used, the least of each landmark, and whether the rest contradicts itself throughout.

    Two landmarks d km apart need d / 100 ms between them by way of any place: less comes from two places. One
    landmark that contradicts others is left out; several are the path's fault.
    """
    least: dict[str, Observation] = {}
    for each in observations:
        one = each.landmark
        sound = (
            LEAST_MS <= each.rtt_ms <= LONGEST_MS
            and abs(one.latitude) <= 90
            and abs(one.longitude) <= 360
            and 0 <= one.uncertainty_km <= 20_000
        )
        if sound and (one.landmark not in least or each.rtt_ms < least[one.landmark].rtt_ms):
            least[one.landmark] = each
    measured = [least[name] for name in sorted(least)]
    if len(measured) < 2:
        return measured, False
    places = units([each.landmark.latitude for each in measured], [each.landmark.longitude for each in measured])
    far = reach(measured)
    conflict = apart(places, places) > far[:, None] + far[None, :] + _ROUNDING_KM
    np.fill_diagonal(conflict, False)
    left = np.ones(len(measured), bool)
    while (count := (conflict & left).sum(axis=1) * left).any():
        left &= count < count.max()
    gone = len(measured) - int(left.sum())
    return [each for each, kept in zip(measured, left, strict=True) if kept], gone > max(
        1, _WRONG_SHARE * len(measured)
    )


def _unmeasurable(day: date, access: str, landmarks: int, why_not: str, words: str) -> DayVerdict:
    return DayVerdict(
        day=day, verdict="unmeasurable", sentence=words, why_not=why_not, landmarks=landmarks, access=access
    )


def _over(value: float, threshold: float | None) -> float:
    """A statistic over its threshold; 0 without a threshold above 0."""
    return round(min(max(0.0, value / threshold), 99.0), 3) if threshold is not None and threshold > 0 else 0.0


def _scores(reading: Reading, row: int, score: float, cell: Cell) -> dict[str, float]:
    together = 0.0
    if cell.together is not None and reading.least_ms <= cell.most_ms:
        # Of the logistic score the odds count: 1.0 exactly at the threshold, twice the odds at 2.0.
        together = round(min(math.exp(min(score - cell.together, 4.6)), 99.0), 3)
        together = together if score > cell.together else min(together, 0.999)
    return {
        "together": together,
        "margin": _over(float(reading.margin_km[row]), cell.margin_km),
        "likelihood": _over(float(reading.ratio[row]), cell.likelihood),
        "excess": _over(float(reading.excess_ms[row]), cell.excess_ms),
    }


def _speaking(scores: dict[str, float], *, at_least_one: bool) -> tuple[Rule, ...]:
    """Returns the rules beyond their own thresholds, strongest first, or else the strongest."""
    names: tuple[Rule, ...] = ("likelihood", "margin", "excess")
    ranked = sorted(names, key=lambda rule: -scores[rule])
    loud = tuple(rule for rule in ranked if scores[rule] >= 1.0)
    return loud or (tuple(ranked[:1]) if at_least_one else ())


def _footprint(measured: Sequence[Observation], reading: Reading, cell: Cell) -> tuple[str, ...]:
    high = min(each.rtt_ms for each in measured) >= _HIGH_MS
    return ("uniform_minimum",) if high and float(reading.evenness[0]) < cell.evenness else ()


def _circles(measured: Sequence[Observation], reading: Reading) -> tuple[Circle, ...]:
    circles = [
        Circle(
            landmark=each.landmark.landmark,
            place=each.landmark.place,
            latitude=each.landmark.latitude,
            longitude=each.landmark.longitude,
            rtt_ms=round(each.rtt_ms, 1),
            radius_km=round(KM_PER_MS * each.rtt_ms + each.landmark.uncertainty_km, 1),
            claim_km=round(float(reading.distance[0, number]), 1),
            breaks=bool(reading.light_km[0, number] > 0),
        )
        for number, each in enumerate(measured)
    ]
    return tuple(sorted(circles, key=lambda circle: circle.radius_km)[:MOST_CIRCLES])


def _sentence(measured: Sequence[Observation], reading: Reading, place: str, rules: Sequence[Rule], fits: str) -> str:
    """Says what speaks loudest. `fits` names the estimate, where its likelihood is far better than the claim's."""
    distance = reading.distance[0]
    if "light" in rules:
        # Of the circles that the claim lies outside, the one that it lies outside by the largest factor.
        factor = distance / np.array([each.rtt_ms for each in measured])
        each, far = _named(measured, distance, int(np.argmax(np.where(reading.light_km[0] > 0, factor, 0.0))))
        most = _km(each.rtt_ms * KM_PER_MS)
        return f"{_ms(each)}: at most {most} from there; the claim, {place}, is {_km(far)} away."
    near, far = _named(measured, distance, int(np.argmin(distance)))
    fast = min(measured, key=lambda one: one.rtt_ms)
    if not rules:
        return (
            f"The times to {len(measured)} landmarks do not disprove {place}. "
            f"The nearest: {_ms(near)}, {_km(far)} from the claim."
        )
    if rules[0] == "margin":
        number = int(np.argmax(distance - [KM_PER_MS * one.rtt_ms for one in measured]))
        each, far = _named(measured, distance, number)
        return f"{_ms(each)}, {_km(far)} from the claim, {place}: nearly no real route is that fast."
    if rules[0] == "excess":
        return f"{_ms(fast)}, but {_ms(near)}, the landmark nearest the claim, {place} ({_km(far)} from it)."
    other = fits.partition(",")[0] or "other places"
    return (
        f"The times to {len(measured)} landmarks fit {other} far better than the claim, {place}: "
        f"{_ms(fast)}, {_ms(near)}, which is nearest the claim."
    )


def _named(measured: Sequence[Observation], distance: Floats, number: int) -> tuple[Observation, float]:
    return measured[number], float(distance[number])


def _ms(one: Observation) -> str:
    return f"{one.rtt_ms:.3g} ms to {one.landmark.place.split(',')[0]}"


def _km(value: float) -> str:
    rounded = round(value, -2) if value >= 1000 else round(value, -1)
    return f"{rounded:,.0f} km"
