"""The claim test on a folder of round-trip times, split by host: half of the hosts calibrate, the other half is judged.

All shares of a seed are taken at the one set of thresholds that its calibrating half gave. False claims are random
cities over 150,000 people at a distance from the true place, give or take 15 %.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date

import msgspec
import numpy as np

from farmwatch_detectors.placing import Verdict

from ..place.calibration import FEWEST_HOSTS, Calibration, Case, TooLittle, calibrate, conformal, false_places
from ..place.claim_test import ClaimTest
from ..place.continents import part_of
from ..place.gazetteer import Gazetteer, gazetteer
from ..place.geometry import km_between
from ..place.path_model import Floats, apart, units
from ..place.types import Observation
from .place_cases import case, planned, true_claims, with_noise
from .place_data import RADIUS_KM, Data, Host
from .place_results import VERSION, Cost, Located, PlaceReport, Point, Share, share

#: The reported splits. What the score is made of was chosen on splits 101 to 108, which are not reported.
SEEDS = (1, 2, 3, 4, 5)
DISTANCES = (300, 500, 1000, 2000, 3000, 5000, 8000, 12000)
BARS = {1000: 0.40, 3000: 0.85, 8000: 0.99}
FALSE_POSITIVES, LIGHT_ON_ACCESS = 0.02, 0.005
CLAIMS, CLAIMS_PER_PLAN = 8, 3
WIRED, PLAN = "mesh, wired, all landmarks", "mesh, wired, 12 landmarks as planned"
NOISY = {"wifi": "mesh with Wi-Fi", "mobile": "mesh with LTE", "satellite": "mesh with Starlink"}
ATTACK = "mesh, delays that mimic the claim"
ACCESS, NO_FLOOR = "real access", "real access, without the floor of 6 landmarks"
_DAY = date(2026, 1, 1)
_BREAKS = ("impossible", "inconsistent")

Changed = Callable[[Host, float, float], Sequence[Observation]]
"""A host's times when it claims these coordinates (degrees)."""


class Tally:
    """Verdicts by setting: on true claims, and on false ones by distance."""

    def __init__(self) -> None:
        self.true: dict[str, list[Verdict]] = defaultdict(list)
        self.false: dict[tuple[str, int], list[Verdict]] = defaultdict(list)
        self.errors: dict[str, list[tuple[float, float, bool, bool]]] = defaultdict(list)
        self.footprint: dict[str, list[bool]] = defaultdict(list)


def split(hosts: Sequence[Host], seed: int) -> tuple[list[Host], list[Host]]:
    """Returns the half that calibrates and the half that is judged."""
    order = np.random.default_rng(seed).permutation(len(hosts))
    half = len(hosts) // 2
    return [hosts[number] for number in order[:half]], [hosts[number] for number in order[half:]]


def measure(data: Data, seeds: Iterable[int] = SEEDS, progress: Callable[[str], None] = lambda _: None) -> PlaceReport:
    """Returns the whole measurement."""
    cities, tally = gazetteer(), Tally()
    seeds = tuple(seeds)
    last: tuple[Calibration, list[Host]] | None = None
    for seed in seeds:
        dice = np.random.default_rng(1000 + seed)
        mesh, judged = split(data.mesh, seed)
        access, probes = split(data.access, seed)
        progress(f"seed {seed}: calibrating on {len(mesh)} hosts and {len(access)} probes")
        cases = true_claims(mesh, access, data, dice)
        made = calibrate(cases, made_on=_DAY, sources=("bench",), cities=cities, seed=seed)
        progress(f"seed {seed}: judging {len(judged)} hosts and {len(probes)} probes")
        _mesh(tally, ClaimTest(made, cities), judged, data, cities, dice)
        for setting, test in ((ACCESS, ClaimTest(made, cities)), (NO_FLOOR, ClaimTest(made, cities, 2))):
            _probes(tally, setting, test, probes, cities, seed)
        last = (made, judged)
    progress("small calibration sets, and regions left out")
    small = (*_small(data, cities), *_ranks())
    regions = tuple(_regions(data, cities))
    costs = tuple(_costs(*last, cities)) if last is not None and last[1] else ()
    return PlaceReport(
        version=VERSION,
        seeds=seeds,
        mesh_hosts=len(data.mesh),
        landmarks=len(data.landmarks),
        access_hosts=len(data.access),
        missing=data.missing,
        dropped=data.dropped,
        shares=tuple(_shares(tally)),
        located=tuple(_located(tally)),
        points=tuple(
            Point(setting=setting, km=km, hits=_broken(found), n=len(found))
            for (setting, km), found in tally.false.items()
        ),
        small=small,
        regions=regions,
        costs=costs,
    )


def _broken(verdicts: Sequence[Verdict]) -> int:
    return sum(verdict in _BREAKS for verdict in verdicts)


def _claims(host: Host, cities: Gazetteer, dice: np.random.Generator, most: int) -> list[tuple[int, float, float]]:
    """False claims of a host: distance that was asked for, latitude, longitude."""
    claims: list[tuple[int, float, float]] = []
    for km in DISTANCES:
        found = false_places(cities, host.latitude, host.longitude, km)
        chosen = [found[number] for number in dice.permutation(len(found))[:most]]
        claims += [(km, float(cities.latitude[number]), float(cities.longitude[number])) for number in chosen]
    return claims


def _mesh(
    tally: Tally, test: ClaimTest, hosts: Sequence[Host], data: Data, cities: Gazetteer, dice: np.random.Generator
) -> None:
    for host in hosts:
        _as_it_is(tally, WIRED, test, host, host.observations, "wired", _claims(host, cities, dice, CLAIMS))
        for access, setting in NOISY.items():
            if access in data.noise:
                noisy = with_noise(host.observations, data.noise[access], dice)
                _as_it_is(tally, setting, test, host, noisy, access, _claims(host, cities, dice, CLAIMS))
        few = _claims(host, cities, dice, CLAIMS_PER_PLAN)
        _by_claim(tally, PLAN, test, host, few, lambda one, lat, lon: planned(one.observations, lat, lon))
        _by_claim(tally, ATTACK, test, host, few, lambda one, lat, lon: mimicking(test, one.observations, lat, lon))


def mimicking(
    test: ClaimTest, observations: Sequence[Observation], latitude: float, longitude: float
) -> tuple[Observation, ...]:
    """Returns times with delay added wherever a host at the claim would be slower; the attacker knows the model."""
    tables = test.model.at(units([latitude], [longitude]), [each.landmark for each in observations])
    usual = np.exp(tables.offset[0] / tables.scale[0])
    return tuple(
        Observation(each.landmark, max(each.rtt_ms, float(wanted)))
        for each, wanted in zip(observations, usual, strict=True)
    )


def _as_it_is(
    tally: Tally, setting: str, test: ClaimTest, host: Host, seen: Sequence[Observation], access: str,
    claims: Sequence[tuple[int, float, float]],
) -> None:  # fmt: skip
    """Judges the true claim and the false ones on the same times."""
    tally.true[setting].append(_judged(tally, setting, test, host, seen, access))
    if claims:
        found = test.verdicts(seen, _points(claims), RADIUS_KM, access)
        for (km, _, _), verdict in zip(claims, found, strict=True):
            tally.false[setting, km].append(verdict)


def _points(claims: Sequence[tuple[int, float, float]]) -> Floats:
    return units([latitude for _, latitude, _ in claims], [longitude for _, _, longitude in claims])


def _judged(
    tally: Tally, setting: str, test: ClaimTest, host: Host, seen: Sequence[Observation], access: str
) -> Verdict:
    """Returns the verdict on the true claim, and keeps how far the estimate errs."""
    found = test.judge(seen, host.latitude, host.longitude, RADIUS_KM, host.place, access, _DAY)
    tally.footprint[setting].append("uniform_minimum" in found.footprint)
    if found.estimate is not None:
        fastest = min(seen, key=lambda one: one.rtt_ms).landmark
        here = units([host.latitude], [host.longitude])
        there = units([found.estimate.latitude, fastest.latitude], [found.estimate.longitude, fastest.longitude])
        error, guess = apart(here, there)[0].tolist()
        # As drawn: half a km of rounding. A time that contradicts all others has no circle.
        beyond = any(
            float(km_between(circle.latitude, circle.longitude, found.estimate.latitude, found.estimate.longitude))
            > circle.radius_km + 0.5
            for circle in found.circles
        )
        tally.errors[setting].append((error, guess, error <= found.estimate.radius_km, beyond))
    return found.verdict


def _by_claim(
    tally: Tally, setting: str, test: ClaimTest, host: Host, claims: Sequence[tuple[int, float, float]], seen: Changed
) -> None:
    """The same where the times hang on what is claimed."""
    own = seen(host, host.latitude, host.longitude)
    tally.true[setting].append(_judged(tally, setting, test, host, own, "wired"))
    for km, latitude, longitude in claims:
        times = seen(host, latitude, longitude)
        point = units([latitude], [longitude])
        tally.false[setting, km] += test.verdicts(times, point, RADIUS_KM, "wired")
        if setting == ATTACK and km == 3000:
            found = test.judge(times, latitude, longitude, RADIUS_KM, "", "wired", _DAY)
            tally.footprint["attacker, 3,000 km"].append("uniform_minimum" in found.footprint)


def _probes(tally: Tally, setting: str, test: ClaimTest, probes: Sequence[Host], cities: Gazetteer, seed: int) -> None:
    dice = np.random.default_rng(2000 + seed)
    for host in probes:
        claims = _claims(host, cities, dice, CLAIMS)
        _as_it_is(tally, setting, test, host, host.observations, host.access, claims)
        named = f"{setting}: {host.access}"
        tally.true[named].append(tally.true[setting][-1])
        for (km, _, _), verdict in zip(claims, _last(tally, setting, claims), strict=True):
            tally.false[named, km].append(verdict)


def _last(tally: Tally, setting: str, claims: Sequence[tuple[int, float, float]]) -> list[Verdict]:
    """The verdicts that were just added, in the order of the claims."""
    taken = {km: tally.false[setting, km][-sum(1 for one in claims if one[0] == km) :] for km, _, _ in claims}
    return [taken[km].pop(0) for km, _, _ in claims]


def _shares(tally: Tally) -> Iterable[Share]:
    for setting, verdicts in tally.true.items():
        n = len(verdicts)
        bar = FALSE_POSITIVES if setting == WIRED else None
        proof = LIGHT_ON_ACCESS if setting in (ACCESS, NO_FLOOR) else None
        yield share(setting, "false positives", _broken(verdicts), n, bar, most=True)
        yield share(setting, "impossible though true", verdicts.count("impossible"), n, proof, most=True)
        yield share(setting, "unmeasurable", verdicts.count("unmeasurable"), n)
        for km in DISTANCES:
            found = tally.false[setting, km]
            wanted = BARS.get(km) if setting == WIRED else None
            yield share(setting, f"{km:,} km", _broken(found), len(found), wanted)
    for setting, signs in tally.footprint.items():
        yield share(setting, "footprint of added delay", sum(signs), len(signs))


def _located(tally: Tally) -> Iterable[Located]:
    for setting, errors in tally.errors.items():
        if setting != ATTACK:
            yield Located(
                setting=setting,
                n=len(errors),
                estimate_km=float(np.median([each[0] for each in errors])),
                nearest_landmark_km=float(np.median([each[1] for each in errors])),
                within_radius=sum(each[2] for each in errors) / len(errors),
                estimate_90_km=float(np.quantile([each[0] for each in errors], 0.9)),
                nearest_landmark_90_km=float(np.quantile([each[1] for each in errors], 0.9)),
                beyond_light=sum(each[3] for each in errors),
            )


# Does the promise hold: small sets, other regions --------------------------------------------------


def _wired(hosts: Sequence[Host]) -> list[Case]:
    return [case(host, host.observations, "wired") for host in hosts]


def _tested(hosts: Sequence[Host], others: Sequence[Host], cities: Gazetteer, seed: int) -> list[Verdict]:
    made = calibrate(_wired(hosts), made_on=_DAY, sources=("bench",), cities=cities, seed=seed)
    test = ClaimTest(made, cities)
    return [
        test.verdicts(one.observations, units([one.latitude], [one.longitude]), RADIUS_KM, "wired")[0] for one in others
    ]


#: Calibrating hosts, and how many splits are tried with them.
SMALL = ((30, 8), (60, 6), (100, 4), (150, 3))


def _small(data: Data, cities: Gazetteer) -> Iterable[Share]:
    for count, splits in SMALL:
        if len(data.mesh) < count + 20:
            continue
        found: list[Verdict] = []
        for number in range(splits):
            order = np.random.default_rng(3000 + number).permutation(len(data.mesh))
            chosen = [data.mesh[each] for each in order]
            found += _tested(chosen[:count], chosen[count:], cities, number)
        yield share(f"{count} hosts calibrate, {splits} splits", "false positives", _broken(found), len(found))


def _ranks(draws: int = 4000) -> Iterable[Share]:
    """The quantile alone, on scores with tails so heavy that they have no variance: Student's t with 2 degrees."""
    for count in (30, 60, 100, 200):
        dice = np.random.default_rng(4000 + count)
        above = sum(
            float(dice.standard_t(2)) > conformal(dice.standard_t(2, count), FALSE_POSITIVES) for _ in range(draws)
        )
        yield share(f"{count} simulated scores, the quantile alone", "false positives", above, draws)


def _regions(data: Data, cities: Gazetteer) -> Iterable[Share]:
    """Calibrated on all other regions, tested in one: no claim is exchangeable then, so nothing is promised."""
    by_region: dict[str, list[Host]] = defaultdict(list)
    for host in data.mesh:
        by_region[_region(host)].append(host)
    for region, inside in sorted(by_region.items()):
        outside = [host for host in data.mesh if _region(host) != region]
        if len(inside) < 10 or len(outside) < FEWEST_HOSTS:
            continue
        try:
            found = _tested(outside, inside, cities, 0)
        except TooLittle:
            continue
        yield share(f"{region}, calibrated on all others", "false positives", _broken(found), len(found))


def _region(host: Host) -> str:
    return part_of(host.latitude, host.longitude).replace("_", " ")


def _costs(made: Calibration, hosts: Sequence[Host], cities: Gazetteer) -> Iterable[Cost]:
    test = ClaimTest(made, cities)
    for width in (12, 16, 46):
        chosen = [(host, host.observations[:width]) for host in hosts if len(host.observations) >= width]
        if not chosen:
            continue
        spent: list[float] = []
        for number in range(600):
            host, seen = chosen[number % len(chosen)]
            began = time.process_time()
            test.judge(seen, host.latitude, host.longitude, RADIUS_KM, host.place, "wired", _DAY)
            spent.append((time.process_time() - began) * 1000)
        mean = float(np.mean(spent))
        yield Cost(
            landmarks=width, verdicts=len(spent), median_ms=float(np.median(spent)), mean_ms=mean,
            minutes_100000=mean * 100_000 / 60_000,
        )  # fmt: skip


def encoded(report: PlaceReport) -> str:
    """Returns the report as one JSON document."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()
