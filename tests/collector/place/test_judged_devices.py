"""From stored samples to findings, with the real claim test and the shipped landmarks: due loop, offline, honest twins.

Round-trip times are those of measured.py: geography, a detour and an access delay.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from farmwatch_collector.cli import main
from farmwatch_collector.evaluate import Company, complete, judge
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.loop import DueLoop
from farmwatch_collector.place.landmarks import shipped
from farmwatch_collector.place.making import places_of
from farmwatch_collector.place.placing import Places
from farmwatch_collector.place.planning import Planner
from farmwatch_collector.store import Store, open_store
from farmwatch_collector.store.protocol import Device, Incoming
from farmwatch_detectors.placing import Verdict
from farmwatch_detectors.policy import Claim, Place, Policy, RosterEntry
from farmwatch_detectors.view import SectionView
from farmwatch_schema.codec import decode_report, digest_of, encode
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables.latency import MeasuringRound
from farmwatch_schema.observables.network import Gateway

from ..laptops import Laptop, section
from .measured import NOW, at, sample, trips
from .test_placing import view

KEYER = Keyer(b"k" * 32, "test")
PLANNER = Planner(shipped(), b"a key for tests, of 32 bytes....")
SEATTLE = Claim(place="Seattle, WA, US", latitude=47.61, longitude=-122.33, radius_km=55, country="US")
TACOMA, LONDON, SHENYANG = (47.25, -122.44), (51.51, -0.13), (41.80, 123.43)
WORKER = RosterEntry(person="p1", claim=SEATTLE)


@pytest.fixture(scope="module")
def places() -> Places:
    return places_of()


def measured(where: tuple[float, float], ago: int, claim: Claim = SEATTLE, **changes: Any) -> SectionView:
    """A round of one day by the day's own plan."""
    plan = PLANNER.plan("laptop-1", claim, None, (), at(ago).date())
    access = {name: changes.pop(name) for name in ("access", "gateway_ms") if name in changes}
    return sample(
        at(ago), trips(where, landmarks=[shipped()[each.landmark] for each in plan.targets], **changes), **access
    )


def together(places: Places, *sections: SectionView, entry: RosterEntry = WORKER) -> tuple[Verdict, str]:
    placing = places.place(view(*sections), entry).placing
    assert placing is not None
    return placing.verdict, next((day.why_not for day in placing.days if day.why_not), "")


# the guilty ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("here", [LONDON, SHENYANG])
def test_a_laptop_over_the_sea_from_its_claim_is_impossible(places: Places, here: tuple[float, float]) -> None:
    assert together(places, *(measured(here, ago) for ago in (1, 0))) == ("impossible", "")


# the innocent -------------------------------------------------------------------------------------
def test_honest_twin_a_commuter_within_the_radius(places: Places) -> None:
    days = [measured((47.61, -122.33), 2), measured(TACOMA, 1), measured((47.61, -122.33), 0)]
    assert together(places, *days) == ("consistent", "")


@pytest.mark.parametrize(("kind", "delay"), [("wifi", 13.5), ("mobile", 40.1), ("wifi", 35.7)])
def test_honest_twin_on_wifi_lte_and_a_low_satellite(places: Places, kind: str, delay: float) -> None:
    """Delays are the 0.90 quantiles of real probes (conmob 2023); Starlink's router looks like any Wi-Fi."""
    days = [measured((47.61, -122.33), ago, access=kind, access_ms=delay) for ago in (2, 1, 0)]
    assert together(places, *days) == ("consistent", "")


def test_honest_twin_a_full_tunnel_is_unmeasurable_and_a_split_one_measures(places: Places) -> None:
    through = [measured(LONDON, ago, access="tunnel") for ago in (2, 1, 0)]
    assert together(places, *through) == ("unmeasurable", "tunnelled")
    beside = [measured((47.61, -122.33), ago) for ago in (2, 1, 0)]
    assert together(places, *through, *beside) == ("consistent", "")


def test_honest_twin_a_security_client_that_answers_itself(places: Places) -> None:
    days = [measured((47.61, -122.33), ago, seen=lambda _: 1.4) for ago in (2, 1, 0)]
    assert together(places, *days) == ("unmeasurable", "answered_locally")


def test_honest_twin_a_metered_line_is_skipped(places: Places) -> None:
    skipped = [
        SectionView(
            kind="latency",
            outcome="found",
            observed_at=at(ago),
            items=(MeasuringRound(plan="p", began_at="", skipped="metered"),),
        )
        for ago in (1, 0)
    ]
    assert together(places, *skipped) == ("unmeasurable", "skipped")


@pytest.mark.parametrize(
    ("kind", "backhaul", "expected"),
    [
        ("office", True, "unmeasurable"),
        ("staging_bench", False, "unmeasurable"),
        ("household", False, "impossible"),
        ("household", True, "unmeasurable"),
    ],
)
def test_honest_twin_at_a_place_of_the_companys(places: Places, kind: str, backhaul: bool, expected: str) -> None:
    mac = KEYER.key("mac", "00:1b:21:0a:0b:0c")
    office = Place(
        name="branch", kind=kind, owner="it@example.com", gateway_macs=("00:1b:21:0a:0b:0c",), backhaul=backhaul
    )
    gateway = Gateway(family="ipv4", interface="eth0", address=KEYER.key("address", "192.0.2.1"), mac=mac)
    seen = view(*(measured(LONDON, ago) for ago in (1, 0)))
    seen.sections["network"] = SectionView(kind="network", outcome="found", observed_at=NOW, items=(gateway,))  # type: ignore[index]
    fleet = Fleet(KEYER)
    for policy, verdict in ((Policy(), "impossible"), (Policy(places=(office,)), expected)):
        fleet.set_policy(policy)
        fleet.observe(seen.device, seen.sections)
        company = Company(policy=policy, roster={seen.device: WORKER}, places=places)
        placing = complete(seen, company, fleet).placing
        assert placing is not None
        assert placing.verdict == verdict


# the due loop -------------------------------------------------------------------------------------
@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    yield opened
    opened.close()


def report(laptop: Laptop, round_: SectionView) -> bytes:
    one = section("latency", encode(list(round_.items)).decode(), at=round_.observed_at.timestamp())
    one["digest"] = ""
    return laptop.report(one, created_at=round_.observed_at.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_the_loop_states_it_keeps_its_days_and_makes_none_of_them_twice(store: Store, places: Places) -> None:
    laptop = Laptop("laptop-1")
    store.add_token("t", "", 1, NOW + timedelta(days=1))
    store.enrol(
        "t",
        Device(device="laptop-1", name="x", platform="linux", public_key=laptop.public_key, enrolled_at=at(30)),
    )
    store.set_roster({"laptop-1": WORKER})
    for ago in (1, 0):
        data = report(laptop, measured(LONDON, ago))
        (answer,) = store.commit([Incoming(decode_report(data), digest_of(data), at(ago))])
        assert answer.status == "accepted"
    due = DueLoop(store, KEYER, clock=lambda: NOW, places=places)
    due.prepare()
    assert due.once() == 1
    row = store.device("laptop-1")
    assert row is not None
    assert row.assessment is not None
    (finding,) = [each for each in row.assessment.findings if each.detector == "latency_disproof"]
    assert finding.level == 3
    kept = store.place_days("laptop-1", at(9).date())
    assert [each.verdict.verdict for each in kept] == ["impossible", "impossible"]
    seen = store.view("laptop-1", NOW)
    assert seen is not None
    assert places.place(seen, WORKER).fresh == ()


def test_a_corrected_roster_clears_it(store: Store, places: Places) -> None:
    laptop = Laptop("laptop-1")
    store.add_token("t", "", 1, NOW + timedelta(days=1))
    store.enrol(
        "t",
        Device(device="laptop-1", name="x", platform="linux", public_key=laptop.public_key, enrolled_at=at(30)),
    )
    for ago in (1, 0):
        data = report(laptop, measured(LONDON, ago))
        store.commit([Incoming(decode_report(data), digest_of(data), at(ago))])
    seen = store.view("laptop-1", NOW)
    assert seen is not None
    moved = Claim(place="London, GB", latitude=51.51, longitude=-0.13, radius_km=55, country="GB")
    company = Company(roster={"laptop-1": RosterEntry(person="p1", claim=moved)}, places=places)
    found = judge(complete(seen, company, Fleet(KEYER))).findings
    assert [each for each in found if each.detector == "latency_disproof"] == []


# offline ------------------------------------------------------------------------------------------
def test_farmwatch_score_holds_files_against_a_roster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laptop = Laptop("laptop-1")
    file, people = tmp_path / "reports.jsonl", tmp_path / "people.csv"
    file.write_bytes(b"".join(report(laptop, measured(LONDON, ago)) + b"\n" for ago in (1, 0)))
    people.write_text('person,device,claimed_place\np1,laptop-1,"Seattle, WA, US"\n', encoding="utf-8")
    assert main(["score", str(file), "--roster", str(people), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (device,) = document["items"]
    (finding,) = [each for each in device["findings"] if each["detector"] == "latency_disproof"]
    assert finding["level"] == 3
    assert "the claim, Seattle, WA, US, is" in finding["sentence"]


def test_a_missing_calibration_is_said_with_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    laptop = Laptop("laptop-1")
    file = tmp_path / "reports.jsonl"
    file.write_bytes(report(laptop, measured(LONDON, 0)) + b"\n")
    assert main(["score", str(file), "--calibration", str(tmp_path / "none.json")]) == 1
    assert "none.json" in capsys.readouterr().err
