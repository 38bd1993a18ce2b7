"""Thresholds of the claim test, from claims known to be true: one budget of false positives for all rules together.

Every case is scored by a model that never saw its host (cross-fitting over hosts). The threshold is the conformal
quantile of these scores: with n of them, at most a share `rate` of further true claims of the same kind score higher,
whatever the distribution, because a new claim is as likely to hold any of the n + 1 ranks. A claim that light alone
breaks counts as infinitely high, so the light rule spends from the same budget. Too few claims give no threshold, and
then only light accuses.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources

import msgspec
import numpy as np

from farmwatch_schema.errors import FarmwatchError

from ..input_error import InputError, read_text
from .estimate import LEANS, SUBURBS_KM, guess
from .evidence import INPUTS, Reading, read
from .fitting import Taught, Weights, learn_paths, learn_weights
from .gazetteer import Gazetteer, gazetteer
from .path_model import KNOTS_KM, Floats, PathModel, Paths, apart, units
from .types import Observation

VERSION = 2
#: True claims that may be called anything but consistent or unmeasurable, and how many hosts that needs at least.
RATE = 0.02
FEWEST_HOSTS = 30
#: Fewer landmarks than this are "few", fewer than that "usual" (a plan has 12 to 16), the rest "many".
FEW, USUAL = 10, 20
ACCESS = ("wired", "wifi", "mobile", "satellite")
ANY = "any"
FOLDS = 5
#: False claims that teach the score: this many random cities at each distance, km, give or take 15 %.
_FALSE_KM, _FALSE_EACH, _FALSE_PEOPLE = (700, 1000, 1500, 2200, 3000, 4500, 7000), 4, 150_000
#: Hosts that heard many landmarks, and wired ones, that the model of paths needs before it leaves the others out.
_ENOUGH_TEACHERS = 30
#: Share of true places within the estimate's radius, and km that are added to an error before its logarithm counts.
_WITHIN, _ERROR_KM = 0.9, 100.0
#: Fewer claims of a kind tell nothing of how its estimates err.
_ENOUGH_ERRORS = 20
#: Residuals more even than this share of true claims are a sign that somebody made them; told from so many on.
_EVEN_SHARE, _ENOUGH_EVEN = 0.01, 49
#: A score is not stretched over times that are longer than this many times the longest it was made from.
_BEYOND = 1.25
#: Nor over those by way of a geostationary satellite (500 ms for the way alone), whatever a single odd host had.
_MOST_MS = 400.0
#: Below these a margin or an excess is none, whatever true claims have.
_LEAST_MARGIN_KM, _LEAST_EXCESS_MS = 50.0, 5.0
_LIMIT = 4_000_000


class TooLittle(FarmwatchError):
    """Too few true claims to calibrate with."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A true claim: a host where it says it is, and one day's times. Several cases of one host stay together.

    access     `wired`, `wifi`, `mobile`, `satellite` or `unknown`
    radius_km  of the claim
    """

    host: str
    access: str
    latitude: float
    longitude: float
    observations: tuple[Observation, ...]
    radius_km: float = 25.0


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds for a kind of access and a number of landmarks; None where there were too few claims for one.

    access, size  class (or `any`), and `few`, `usual`, `many` (or `any`)
    claims        that it rests on
    together      of the score that decides
    margin_km, likelihood, excess_ms  of each rule by itself, to name what speaks; they decide nothing
    evenness      less spread in the residuals is odd
    most_ms       longest least time of a day that the score may judge: what calibration saw, and a quarter more
    lean          of the estimate towards the fastest landmark (estimate.py)
    errs          radius of the estimate that nine of ten true places lie in, in units of its average distance
    by            whose score the thresholds are of, when not its own: too few claims for one
    """

    access: str
    size: str
    claims: int
    together: float | None = None
    margin_km: float | None = None
    likelihood: float | None = None
    excess_ms: float | None = None
    evenness: float = 0.0
    most_ms: float = 0.0
    lean: float = 0.0
    errs: float = 1.0
    by: str = ""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What `farmwatch calibrate` writes and the claim test reads.

    made_on   day it was made; sources: of what
    rate      of false positives that the thresholds are for
    inputs    names of the score's inputs, as a check of versions
    paths     model of networks
    weights   score by kind of access, and `any`
    cells     thresholds
    """

    version: int
    made_on: date
    sources: tuple[str, ...]
    hosts: int
    claims: int
    rate: float
    inputs: tuple[str, ...]
    paths: Paths
    weights: dict[str, Weights]
    cells: tuple[Cell, ...]

    def cell(self, access: str, landmarks: int) -> tuple[Weights, Cell]:
        """Returns the score and the thresholds for a day: of its own kind, or of all kinds where that is too rare."""
        size = size_of(landmarks)
        by_name = {(each.access, each.size): each for each in self.cells}
        for name in ((access, size), (ANY, size), (ANY, ANY)):
            found = by_name.get(name)
            if found is not None and found.by:
                return self.weights[found.by], found
            if found is not None and found.together is not None and name[0] in self.weights:
                return self.weights[name[0]], found
        return self.weights[ANY], by_name.get((ANY, size)) or by_name[ANY, ANY]


def size_of(landmarks: int) -> str:
    """Returns the class of a number of landmarks."""
    return "few" if landmarks < FEW else "usual" if landmarks < USUAL else "many"


def conformal(values: Sequence[float] | Floats, rate: float) -> float:
    """Returns the value that a further one exceeds with probability `rate` at most; infinite when there are too few.

    It is the value of rank (n + 1)(1 - rate). Between two ranks it is interpolated, which keeps the promise wherever
    the tail thins out, as tails do: their exceedance is convex.
    """
    ordered = np.sort(np.asarray(values, float))
    rank = (len(ordered) + 1) * (1 - rate)
    low = math.floor(rank + 1e-9)
    part = max(0.0, rank - low)
    if low < 1 or low > len(ordered) or (low == len(ordered) and part > 1e-9):
        return math.inf
    below = float(ordered[low - 1])
    if part <= 1e-9:
        return below
    above = float(ordered[low])
    return above if math.isinf(above) else below + part * (above - below)


@cache
def shipped() -> Calibration:
    """Returns the calibration that farmwatch comes with, read once."""
    text = resources.files(__package__ or "").joinpath("data/calibration.json").read_text(encoding="utf-8")
    return _decoded("data/calibration.json", text)


def read_calibration(path: str) -> Calibration:
    """Returns a calibration file's content; raises InputError when it is none."""
    return _decoded(path, read_text(path, _LIMIT))


def encode(calibration: Calibration) -> bytes:
    """Returns the file's content, rows of weights one a line."""
    return msgspec.json.format(msgspec.json.encode(calibration), indent=0) + b"\n"


def _decoded(path: str, text: str) -> Calibration:
    remedy = "Make it anew: farmwatch calibrate."
    try:
        found = msgspec.json.decode(text, type=Calibration)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(path, 0, "", f"is no calibration: {error}.", remedy) from error
    problem = _problem(found)
    if problem:
        raise InputError(path, 0, "", problem, remedy)
    return found


def _problem(one: Calibration) -> str:
    """Returns what is wrong with a decoded calibration, in words; "" when nothing is."""
    if one.version != VERSION or one.inputs != INPUTS:
        return f"is of version {one.version}, this farmwatch reads version {VERSION}."
    paths = one.paths
    if not (len(paths.mean) == len(paths.spread) == len(KNOTS_KM)):
        return f"names {len(paths.mean)} and {len(paths.spread)} points of the curves, {len(KNOTS_KM)} are needed."
    if not paths.hosts or len(paths.weights) != len(paths.hosts) or len(paths.hosts) > 1000:
        return f"has weights of {len(paths.weights)} hosts but places of {len(paths.hosts)} (1 to 1000)."
    if any(len(row) != len(paths.landmarks) for row in paths.weights):
        return "has a row of weights that is not as long as the list of landmarks."
    if ANY not in one.weights or (ANY, ANY) not in {(cell.access, cell.size) for cell in one.cells}:
        return "lacks the score or the thresholds for any kind of access."
    for score in one.weights.values():
        if not (len(score.weight) == len(score.centre) == len(score.scale) == len(INPUTS)) or min(score.scale) <= 0:
            return "has a score whose weights do not fit its inputs."
    if any(cell.by and cell.by not in one.weights for cell in one.cells):
        return "has thresholds of a score that it lacks."
    if any(not (0 <= cell.lean <= 100 and 0 < cell.errs <= 1000) for cell in one.cells):
        return "has an estimate that leans or errs out of range."
    if min(paths.spread) <= 0:
        return "has a spread that is not above 0."
    return ""


class _Scored(msgspec.Struct, frozen=True):
    """A case, how it reads where it truly is, how false claims of it read, and by how far its estimate errs."""

    case: Case
    fold: int
    true: Reading
    false: Floats
    errors: tuple[tuple[float, float], ...]


Progress = Callable[[str], None]


def calibrate(
    cases: Sequence[Case],
    *,
    made_on: date,
    sources: Sequence[str],
    rate: float = RATE,
    cities: Gazetteer | None = None,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> Calibration:
    """Returns a calibration from true claims; raises TooLittle below FEWEST_HOSTS hosts. Deterministic for a seed."""
    places = cities or gazetteer()
    hosts = sorted({case.host for case in cases if case.observations})
    if len(hosts) < FEWEST_HOSTS:
        raise TooLittle(
            f"{len(hosts)} hosts with a known place are too few to calibrate with; {FEWEST_HOSTS} are needed, "
            f"{math.ceil(1 / rate) - 1} for thresholds at a rate of {rate:.1%}. Until then use the shipped calibration."
        )
    dice = np.random.default_rng(seed)
    fold_of = dict(zip(hosts, (dice.permutation(len(hosts)) % FOLDS).tolist(), strict=True))
    scored: list[_Scored] = []
    for fold in range(FOLDS):
        progress(f"fold {fold + 1} of {FOLDS}")
        model = PathModel(learn_paths(_teachers([case for case in cases if fold_of.get(case.host) != fold])), places)
        inside = [case for case in cases if fold_of.get(case.host) == fold and case.observations]
        scored += [_scored(case, fold, model, places, dice) for case in inside]
    weights, cells = _thresholds(scored, rate)
    progress("the model of all hosts")
    return Calibration(
        version=VERSION,
        made_on=made_on,
        sources=tuple(sources),
        hosts=len(hosts),
        claims=len(scored),
        rate=rate,
        inputs=INPUTS,
        paths=learn_paths(_teachers(cases)),
        weights=weights,
        cells=tuple(cells),
    )


def _teachers(cases: Sequence[Case]) -> list[Taught]:
    """Returns a case for each host that teaches the model of paths: wired ones that heard many landmarks, if enough."""
    best: dict[str, Case] = {}
    for case in sorted(cases, key=lambda case: (case.access != "wired", -len(case.observations), case.host)):
        best.setdefault(case.host, case)
    chosen = list(best.values())
    for wanted in (lambda case: len(case.observations) >= FEW, lambda case: case.access == "wired"):
        narrower = [case for case in chosen if wanted(case)]
        chosen = narrower if len(narrower) >= _ENOUGH_TEACHERS else chosen
    return [Taught(case.latitude, case.longitude, case.observations) for case in chosen]


def false_places(cities: Gazetteer, latitude: float, longitude: float, km: float) -> list[int]:
    """Returns the cities over 150,000 people at that distance, give or take 15 %, as numbers of the gazetteer."""
    large = np.flatnonzero(cities.population > _FALSE_PEOPLE)
    points = units(cities.latitude[large], cities.longitude[large])
    away = apart(units([latitude], [longitude]), points)[0]
    return [int(number) for number in large[np.abs(away - km) <= 0.15 * km]]


def _scored(case: Case, fold: int, model: PathModel, cities: Gazetteer, dice: np.random.Generator) -> _Scored:
    here = units([case.latitude], [case.longitude])
    false: list[int] = []
    for km in _FALSE_KM:
        found = false_places(cities, case.latitude, case.longitude, km)
        false += [found[number] for number in dice.permutation(len(found))[:_FALSE_EACH]]
    points = np.concatenate([here, units(cities.latitude[false], cities.longitude[false])])
    reading = read(model, case.observations, points, case.radius_km)
    away = apart(here, model.points)[0]
    guesses = [guess(model, reading, lean) for lean in LEANS]
    errors = tuple((float(away[one.number]), one.spread_km) for one in guesses if one)
    return _Scored(case, fold, reading, reading.inputs[1:], errors)


def _out_of_fold(members: Sequence[_Scored], teachers: Sequence[_Scored]) -> tuple[list[float], Weights]:
    """Returns each member's score by weights that its host did not teach, and the weights of all."""
    scores = [0.0] * len(members)
    for fold in {member.fold for member in members}:
        weights = _taught([each for each in teachers if each.fold != fold])
        for place, member in enumerate(members):
            if member.fold == fold:
                scores[place] = float(weights.score(member.true.inputs[:1])[0])
    return scores, _taught(teachers)


def _taught(scored: Sequence[_Scored]) -> Weights:
    return learn_weights(
        np.concatenate([each.true.inputs[:1] for each in scored]), np.concatenate([each.false for each in scored])
    )


def _thresholds(scored: Sequence[_Scored], rate: float) -> tuple[dict[str, Weights], list[Cell]]:
    weights: dict[str, Weights] = {}
    cells: list[Cell] = []
    pooled: list[tuple[float, _Scored]] = []
    for access in (*ACCESS, ANY):
        members = [each for each in scored if access in (ANY, each.case.access)]
        if len({each.case.host for each in members}) < FEWEST_HOSTS:
            continue
        scores, weights[access] = _out_of_fold(members, members)
        for size in ("few", "usual", "many", ANY):
            chosen = [
                (score, each)
                for score, each in zip(scores, members, strict=True)
                if size in (ANY, size_of(len(each.case.observations)))
            ]
            if chosen:
                cells.append(_cell(access, size, chosen, rate))
        pooled = list(zip(scores, members, strict=True))
    by_name = {(cell.access, cell.size): cell for cell in cells}
    if ANY in weights:
        by_name |= {(cell.access, cell.size): cell for cell in _small_classes(pooled, by_name, rate)}
    return weights, list(by_name.values())


def _small_classes(
    pooled: Sequence[tuple[float, _Scored]], named: Mapping[tuple[str, str], Cell], rate: float
) -> list[Cell]:
    """Returns thresholds for the kinds of access that have too few claims for a quantile of their own.

    All kinds together hold the rate on the average, and one kind may pay for the others. So the highest score of the
    kind's own n claims counts too, where it is higher: a further one exceeds it with probability 1 / (n + 1) at most.
    """
    found: list[Cell] = []
    for access in ACCESS:
        for size in ("few", "usual", "many"):
            wider = next((one for one in (named.get((ANY, size)), named.get((ANY, ANY))) if one and one.together), None)
            chosen = [
                pair for pair in pooled
                if pair[1].case.access == access and size_of(len(pair[1].case.observations)) == size
            ]  # fmt: skip
            if not chosen or wider is None or wider.together is None or (len(chosen) + 1) * rate >= 1:
                continue
            highest = max(math.inf if _broken(each) else score for score, each in chosen)
            own = _cell(access, size, chosen, rate) if len(chosen) >= _ENOUGH_ERRORS else wider
            found.append(
                msgspec.structs.replace(
                    wider, access=access, size=size, claims=len(chosen), by=ANY, lean=own.lean, errs=own.errs,
                    together=None if math.isinf(highest) else round(max(wider.together, highest), 4),
                )
            )  # fmt: skip
    return found


def _broken(each: _Scored) -> bool:
    """Whether light alone breaks the true claim."""
    return float(each.true.light_km[0].max()) > 0


def _cell(access: str, size: str, chosen: Sequence[tuple[float, _Scored]], rate: float) -> Cell:
    broken = [_broken(each) for _, each in chosen]

    def threshold(values: Sequence[float], least: float = -math.inf) -> float | None:
        found = conformal([math.inf if off else one for one, off in zip(values, broken, strict=True)], rate)
        return None if math.isinf(found) else round(max(found, least), 4)

    lean, errs = _estimated([each for _, each in chosen])
    even = np.sort([float(each.true.evenness[0]) for _, each in chosen])
    return Cell(
        access=access,
        size=size,
        claims=len(chosen),
        together=threshold([score for score, _ in chosen]),
        margin_km=threshold([float(each.true.margin_km[0]) for _, each in chosen], _LEAST_MARGIN_KM),
        likelihood=threshold([float(each.true.ratio[0]) for _, each in chosen]),
        excess_ms=threshold([float(each.true.excess_ms[0]) for _, each in chosen], _LEAST_EXCESS_MS),
        # Of fewer than a hundred the least: it is met or undercut by one in so many.
        evenness=round(float(even[math.floor(_EVEN_SHARE * len(even))]), 4) if len(even) >= _ENOUGH_EVEN else 0.0,
        most_ms=round(
            min(_MOST_MS, _BEYOND * max(min(o.rtt_ms for o in each.case.observations) for _, each in chosen)), 1
        ),
        lean=lean,
        errs=errs,
    )


def _estimated(chosen: Sequence[_Scored]) -> tuple[float, float]:
    """Returns the lean whose guesses err least, and the share of their average distance that _WITHIN lie in."""
    errors = np.array([each.errors for each in chosen if each.errors], float).reshape(-1, len(LEANS), 2)
    if not len(errors):
        return 0.0, 1.0
    best = int(np.argmin(np.log(errors[:, :, 0] + _ERROR_KM).mean(axis=0)))
    shares = errors[:, best, 0] / (errors[:, best, 1] + SUBURBS_KM)
    return LEANS[best], round(max(0.1, float(np.quantile(shares, _WITHIN, method="higher"))), 3)
