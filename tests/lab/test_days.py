"""Three days from end to end: enrolled agents fetch their plans, measure and report; the collector says who is away.

Each day is measured for real. What is not real is the date: the clock that tells it is shifted for all programs of a
day (clock.c), the clock by which anything is timed is not.
"""

import html
import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from farmwatch_collector.store import open_store
from farmwatch_detectors.placing import DayVerdict

from . import collector, tunnel, world
from .collector import HOST, Collector, Days
from .lab import Lab
from .measuring import AGENT, settings_of, state_of
from .scenes import DENVER, HONEST, LONDON, SEATTLE, SEOUL, Scene, arrange, build
from .sites import LabError, missing

WHY_NOT = missing() or tunnel.missing() or collector.missing()
pytestmark = [pytest.mark.soak, pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "can run here")]

SCENES = (
    HONEST[0],
    HONEST[1],
    Scene("away", SEATTLE, SEOUL),
    Scene("vpn", DENVER, SEOUL, exit_at=DENVER),
    Scene("mimic", SEATTLE, SEOUL, mimics="all"),
)
PLACES = {"wired": "Denver, CO, US", "wifi": "Manchester, GB", "away": "Seattle, WA, US", "vpn": "Denver, CO, US",
          "mimic": "Seattle, WA, US"}  # fmt: skip
#: The company's own landmarks; whoever delays public ones does not know them.
OWN = {"tyo": ("Tokyo", "JP"), "lon": LONDON}


def agent(lab: Lab, days: Days, day: int, name: str, *words: str) -> str:
    done = lab.members[name].site.run(
        *AGENT, *words, "--state-dir", str(state_of(lab, name)), "--config", str(lab.folder / f"{name}.yaml"),
        env=days.at(day), timeout=200,
    )  # fmt: skip
    if done.returncode:
        raise LabError(f"{name}, day {day}, {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def own_landmarks(lab: Lab) -> Path:
    """Starts the company's landmarks; returns the file that names them."""
    entries = []
    for name, place in OWN.items():
        member = lab.members[f"own-{name}"]
        key = lab.folder / f"{name}.landmark"
        program = member.site.start(
            *(AGENT[0], "-m", "farmwatch_collector.cli", "landmark", "serve", "--key", str(key)),
            "--host", member.site.address(), stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert program.stdout is not None
        assert b"7177" in program.stdout.readline()
        public = program.stdout.readline().decode().partition(": ")[2].strip()
        entries.append(
            {
                "id": f"own:{name}", "provider": "own", "place": ", ".join(place), "country": place[1],
                "latitude": member.spot.latitude, "longitude": member.spot.longitude, "uncertainty_km": 5.0,
                "host": f"own-{name}.example.com", "port": 7177, "method": "signed", "public_key": public,
            }
        )  # fmt: skip
    path = lab.folder / "landmarks.yaml"
    path.write_text(json.dumps({"version": 1, "landmarks": entries}))
    return path


def one_day(lab: Lab, days: Days, day: int) -> None:
    """Every laptop reports, asks for its plan, measures, and reports what it measured; all at once."""

    def live(name: str) -> None:
        agent(lab, days, day, name, "read", "--once")
        agent(lab, days, day, name, "send", "--measure")
        agent(lab, days, day, name, "read", "--once")
        agent(lab, days, day, name, "send")

    with ThreadPoolExecutor(len(SCENES)) as threads:
        list(threads.map(live, (scene.name for scene in SCENES)))


class Told(msgspec.Struct):
    """What the collector says after three days, by laptop: the judged device, its console page, its days."""

    devices: dict[str, dict[str, Any]]
    pages: dict[str, str]
    days: dict[str, list[DayVerdict]]


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    lab, _ = build(SCENES, seed=11)
    lab.server("collector", world.spot("collector", "Frankfurt am Main", "DE"), host=HOST)
    for name, place in OWN.items():
        lab.server(f"own-{name}", world.spot(f"own {name}", *place), host=f"own-{name}.example.com")
    with lab:
        arrange(lab, SCENES)
        days = Days(lab.folder)
        served = Collector(lab, "collector", days)
        landmarks = own_landmarks(lab)
        served.start(-2)
        token = lab.folder / "token"
        token.write_text(served.command(-2, "tokens", "new", "--uses", "9", "--data", str(served.folder)).split()[0])
        ids = {}
        for scene in SCENES:
            settings_of(lab, scene.name, ca_file=str(served.certificate), url=f"https://{HOST}")
            printed = agent(lab, days, -2, scene.name, "enrol", "--token-file", str(token), "--json")
            ids[scene.name] = json.loads(printed)["device"]
        served.stop()
        roster = lab.folder / "roster.csv"
        rows = [f'p-{name},{device},"{PLACES[name]}"' for name, device in ids.items()]
        roster.write_text("\n".join(["person,device,place", *rows, ""]))
        for day in (-2, -1, 0):
            served.start(day, "--landmarks", str(landmarks), "--roster", str(roster))
            one_day(lab, days, day)
            if day:
                served.stop()
        yield answers(served, ids)


def answers(served: Collector, ids: Mapping[str, str]) -> Told:
    """Returns what is told when every laptop was judged after its last report."""
    deadline = time.monotonic() + 30
    while True:
        listed = json.loads(served.command(0, "devices", "--json", "--data", str(served.folder)))["items"]
        devices = {name: next(it for it in listed if it["device"] == device) for name, device in ids.items()}
        if all((it["judged_at"] or "") >= it["last_seen_at"] for it in devices.values()):
            break
        if time.monotonic() > deadline:
            raise LabError("not every laptop was judged within 30 s")
        time.sleep(0.5)
    pages = served.pages([f"/devices/{device}" for device in ids.values()])
    store = open_store(f"sqlite:///{served.folder}/farmwatch.db")
    try:
        kept = {name: store.place_days(device, date(2000, 1, 1)) for name, device in ids.items()}
    finally:
        store.close()
    verdicts = {name: [it.verdict for it in sorted(days, key=lambda it: it.day)] for name, days in kept.items()}
    return Told(devices, dict(zip(ids, map(plain, pages), strict=True)), verdicts)


def plain(page: str) -> str:
    """Returns a page's words."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_each_of_three_days_was_measured_by_a_plan_of_its_own(told: Told) -> None:
    assert {name: len(days) for name, days in told.days.items()} == {scene.name: 3 for scene in SCENES}
    for name in ("wired", "away"):
        assert all(day.landmarks >= 12 for day in told.days[name])
        assert len({tuple(sorted(it.landmark for it in day.circles)) for day in told.days[name]}) > 1


@pytest.mark.parametrize("name", ["wired", "wifi"])
def test_who_is_at_home_stays_unsuspected(told: Told, name: str) -> None:
    assert [day.verdict for day in told.days[name]] == ["consistent"] * 3
    assert f"do not disprove {PLACES[name].split(',')[0]}" in told.pages[name]
    assert told.devices[name]["points"] < told.devices["away"]["points"]


def test_who_is_8000_km_away_is_told_on_the_page_with_the_proof(told: Told) -> None:
    against = [day for day in told.days["away"] if day.verdict in ("impossible", "inconsistent")]
    assert len(against) >= 2
    assert any(day.sentence in told.pages["away"] for day in against)
    assert "Seattle" in against[-1].sentence


def test_an_exit_at_the_claim_is_unmeasurable_and_the_tunnel_is_named(told: Told) -> None:
    assert {(day.verdict, day.why_not) for day in told.days["vpn"]} == {("unmeasurable", "tunnelled")}
    assert "went through a tunnel" in told.pages["vpn"]


def test_delay_that_does_not_know_the_companys_own_landmark_is_found_out(told: Told) -> None:
    days = told.days["mimic"]
    assert all(day.verdict in ("impossible", "inconsistent") for day in days), [day.sentence for day in days]
    # 1,160 km from Seoul a landmark of the company's own signs: its time is the true one.
    assert any("control_differs" in day.footprint or day.at_least_km > 1_000 for day in days)
