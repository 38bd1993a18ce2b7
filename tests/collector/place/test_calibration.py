"""Thresholds hold their rate, or are not given at all; the file is checked before it is believed."""

import math
from datetime import date
from typing import cast

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.cli import main
from farmwatch_collector.input_error import InputError
from farmwatch_collector.place.calibration import (
    ANY,
    Calibration,
    TooLittle,
    calibrate,
    conformal,
    encode,
    read_calibration,
    shipped,
    size_of,
)
from farmwatch_collector.place.claim_test import ClaimTest
from farmwatch_collector.place.corroborated import fleet_cases
from farmwatch_collector.place.evidence import INPUTS
from farmwatch_collector.place.gazetteer import gazetteer
from farmwatch_collector.place.samples import KeptDay
from farmwatch_collector.place.types import Observation
from farmwatch_collector.store.protocol import Store
from farmwatch_detectors.policy import Claim

from .worlds import DAY, LANDMARKS, MADE_ON, made, times, true_claims


@pytest.mark.parametrize(("count", "expected"), [(48, math.inf), (49, 49.0), (99, 98.0), (199, 196.0)])
def test_the_quantile_is_the_rank_that_vovk_gives(count: int, expected: float) -> None:
    # Rank ceil((n + 1)(1 - rate)) of n: 49 of 49, 98 of 99, 196 of 199; below 49 there is none.
    assert conformal([float(each) for each in range(1, count + 1)], 0.02) == expected


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.floats(0.005, 0.2))
def test_the_quantile_never_lies_below_the_rank_beneath_it(values: list[float], rate: float) -> None:
    found = conformal(values, rate)
    rank = math.floor((len(values) + 1) * (1 - rate) + 1e-9)
    if not math.isinf(found):
        assert found >= sorted(values)[rank - 1] or found == pytest.approx(sorted(values)[rank - 1])


def test_the_quantile_holds_its_rate_on_a_hundred_scores_without_variance() -> None:
    dice = np.random.default_rng(3)
    above = np.mean([float(dice.standard_t(2)) > conformal(dice.standard_t(2, 100), 0.02) for _ in range(4000)])
    assert above <= 0.02 + 3 * math.sqrt(0.02 * 0.98 / 4000)


def test_claims_that_light_breaks_spend_from_the_same_budget() -> None:
    assert conformal([1.0] * 97 + [math.inf] * 2, 0.02) == math.inf
    assert conformal([1.0] * 98 + [math.inf], 0.02) == 1.0


def test_too_few_hosts_are_refused_with_what_is_needed() -> None:
    with pytest.raises(TooLittle, match=r"29 hosts .* 30 are needed, 49 for thresholds"):
        calibrate(true_claims(29), made_on=MADE_ON, sources=())


def test_fewer_than_49_claims_give_no_threshold_and_one_cell_stands_in_for_another() -> None:
    found = made(31)
    assert all(cell.together is None for cell in found.cells)
    plenty = made(80)
    _, cell = plenty.cell("satellite", 14)
    assert (cell.access, cell.size, cell.claims) == (ANY, "usual", 80)


def test_a_kind_with_few_claims_is_held_to_the_highest_of_them_where_that_is_above_all_kinds_together() -> None:
    # Of a kind whose routes are odd: two of every three landmarks answer late.
    odd = [
        msgspec.structs.replace(
            case, access="wifi", host=f"odd {case.host}",
            observations=tuple(
                Observation(each.landmark, each.rtt_ms + (90.0 if number % 3 else 0.0))
                for number, each in enumerate(case.observations)
            ),
        )
        for case in true_claims(20, seed=9)
    ]  # fmt: skip
    found = calibrate([*true_claims(60), *odd], made_on=MADE_ON, sources=())
    by_name = {(cell.access, cell.size): cell for cell in found.cells}
    wider, own = by_name[ANY, "usual"], by_name["wifi", "usual"]
    assert (own.claims, own.by) == (20, ANY)
    assert own.together is not None
    assert wider.together is not None
    assert own.together >= wider.together
    assert found.cell("wifi", 14) == (found.weights[ANY], own)
    # Another calibration of the same claims without a host: its score is above the highest of 19 once in 20.
    test = ClaimTest(found, gazetteer())
    verdicts = [test.judge(case.observations, case.latitude, case.longitude, 25.0, "", "wifi", DAY) for case in odd]
    assert sum(each.verdict not in ("consistent", "unmeasurable") for each in verdicts) <= 1


def test_the_same_claims_and_seed_give_the_same_file() -> None:
    again = calibrate(true_claims(31), made_on=MADE_ON, sources=("a made-up world",))
    assert encode(again) == encode(made(31))


def test_a_file_is_read_as_it_was_written(tmp_path: object) -> None:
    path = f"{tmp_path}/calibration.json"
    with open(path, "wb") as file:
        file.write(encode(made(80)))
    assert read_calibration(path) == made(80)


def _changed(**fields: object) -> bytes:
    return encode(msgspec.structs.replace(made(80), **fields))


def _cells(**fields: object) -> bytes:
    return _changed(cells=tuple(msgspec.structs.replace(cell, **fields) for cell in made(80).cells))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no calibration"),
        (b"[" * 100_000, "is no calibration"),
        (b"\xff\xfe", "not UTF-8"),
        (lambda: _changed(version=1), "version 1"),
        (lambda: _changed(inputs=("other",)), "version 2"),
        (lambda: _changed(weights={}), "lacks the score"),
        (lambda: _changed(paths=msgspec.structs.replace(made(80).paths, hosts=())), "places of 0"),
        (lambda: _changed(paths=msgspec.structs.replace(made(80).paths, spread=(0.0,) * 8)), "not above 0"),
        (lambda: encode(made(80)).replace(b"0.", b"NaN", 1), "is no calibration"),
        (lambda: _cells(by="wired fibre"), "a score that it lacks"),
        (lambda: _cells(errs=0.0), "leans or errs"),
        (lambda: _cells(lean=-1.0), "leans or errs"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_reason(tmp_path: object, data: object, words: str) -> None:
    path = f"{tmp_path}/calibration.json"
    with open(path, "wb") as file:
        file.write(data() if callable(data) else data)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=words):
        read_calibration(path)


def test_the_shipped_file_has_thresholds_for_every_kind_of_access_and_holds_no_measurement() -> None:
    found = shipped()
    assert isinstance(found, Calibration)
    assert found.inputs == INPUTS
    assert {cell.access for cell in found.cells} == {"wired", "wifi", "mobile", "satellite", ANY}
    assert all(found.cell(access, count)[1].together for access in ("wired", "mobile", "new") for count in (6, 14, 46))
    assert found.rate <= 0.02
    assert b"rtt" not in encode(found)


def test_sizes_follow_what_a_plan_asks_for() -> None:
    assert [size_of(count) for count in (6, 9, 10, 16, 19, 20, 46)] == ["few"] * 2 + ["usual"] * 3 + ["many"] * 2


def _csv(path: str, count: int, **wrong: str) -> None:
    rows = ["device,access,claim_lat,claim_lon,radius_km,landmark,provider,lat,lon,rtt_ms"]
    for case in true_claims(count):
        for each in case.observations:
            one = each.landmark
            cells = {
                "device": case.host, "access": case.access, "claim_lat": case.latitude, "claim_lon": case.longitude,
                "radius_km": 25, "landmark": one.landmark, "provider": one.provider, "lat": one.latitude,
                "lon": one.longitude, "rtt_ms": round(each.rtt_ms, 3),
            }  # fmt: skip
            rows.append(
                ",".join(str(wrong.get(name, value) if len(rows) == 3 else value) for name, value in cells.items())
            )
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(rows) + "\n")


def test_the_command_makes_a_file_from_a_csv_that_the_claim_test_can_read(
    tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    _csv(f"{tmp_path}/claims.csv", 31)
    code = main(["calibrate", f"{tmp_path}/claims.csv", "--output", f"{tmp_path}/made.json", "--json"])
    answer = msgspec.json.decode(capsys.readouterr().out)
    assert (code, answer["ok"], answer["hosts"], answer["claims"]) == (0, True, 31, 31)
    found = read_calibration(f"{tmp_path}/made.json")
    assert (found.hosts, len(found.paths.landmarks)) == (31, len(LANDMARKS))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("rtt_ms", "nan", "line 4, rtt_ms: 'nan' is not a number"),
        ("rtt_ms", "-3", "line 4, rtt_ms"),
        ("claim_lat", "north", "line 4, claim_lat"),
        ("access", "5g", "line 4, access: '5g' is no kind of access"),
        ("claim_lon", "12.5", "line 4, device: claims another place"),
    ],
)
def test_the_command_names_a_bad_row_and_leaves_no_file(
    tmp_path: object, capsys: pytest.CaptureFixture[str], field: str, value: str, words: str
) -> None:
    _csv(f"{tmp_path}/claims.csv", 1, **{field: value})
    assert main(["calibrate", f"{tmp_path}/claims.csv", "--output", f"{tmp_path}/made.json"]) == 1
    assert words in capsys.readouterr().err
    with pytest.raises(InputError):
        read_calibration(f"{tmp_path}/made.json")


def test_the_command_refuses_too_little_in_words(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    _csv(f"{tmp_path}/claims.csv", 12)
    assert main(["calibrate", f"{tmp_path}/claims.csv", "--output", f"{tmp_path}/made.json"]) == 1
    assert "12 hosts with a known place are too few" in capsys.readouterr().err


class _Store:
    """What of a store `fleet_cases` asks for."""

    def __init__(self, days: dict[str, list[KeptDay]], claims: dict[str, Claim]) -> None:
        self._days, self._claims = days, claims

    def place_days(self, device: str, since: date) -> list[KeptDay]:
        return [day for day in self._days.get(device, []) if day.day >= since]

    def plan_facts(self, device: str) -> tuple[Claim | None, None]:
        return self._claims.get(device), None


def _kept(day: date, seen: tuple[Observation, ...]) -> KeptDay:
    verdict = ClaimTest(made(80), gazetteer()).judge(seen, 47.61, -122.33, 50.0, "Seattle", "wifi", day)
    return KeptDay(day=day, basis=b"", verdict=verdict)


def test_the_fleet_s_own_claims_are_the_newest_measured_day_of_those_that_a_person_named() -> None:
    seen = times(47.61, -122.33)
    nothing = _kept(DAY, ())
    days = {
        "lt-1": [_kept(MADE_ON, seen), _kept(DAY, seen[:9]), nothing],
        "lt-2": [_kept(DAY, seen)],
        "lt-3": [nothing],
    }
    claim = Claim(place="Seattle", latitude=47.61, longitude=-122.33)
    store = cast("Store", _Store(days, {"lt-1": claim, "lt-3": claim}))
    (found,) = fleet_cases(store, ["lt-3", "lt-2", "lt-1", "lt-1", "lt-9"], MADE_ON)
    assert (found.host, found.access, found.radius_km, len(found.observations)) == ("lt-1", "wifi", 50.0, 9)
    by_name = {each.landmark.landmark: each for each in found.observations}
    assert by_name["test:Dublin"].rtt_ms == pytest.approx(seen[0].rtt_ms, abs=0.06)
    assert by_name["test:Dublin"].landmark.uncertainty_km == pytest.approx(25.0, abs=6)


def test_the_command_takes_one_source_and_not_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "-o", "made.json"]) == 1
    assert "either a source or --corroborated" in capsys.readouterr().err
