"""Three days from end to end: enrolled agents fetch their plans, measure and report; the collector says who is away.

Each day is measured for real. What is not real is the date: the clock that tells it is shifted for all programs of a
day (clock.c), the clock by which anything is timed is not.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from . import collector, tunnel, world
from .collector import HOST, Collector, Days
from .geography import Spot
from .lab import Lab
from .measuring import AGENT, settings_of, state_of
from .scenes import DENVER, HONEST, LONDON, SEATTLE, SEOUL, Scene, arrange, build
from .sites import LabError, line_of, missing

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


class Told:
    """What the collector says after three days: by laptop, the judged device and its page."""

    def __init__(self) -> None:
        self.devices: dict[str, dict[str, Any]] = {}
        self.pages: dict[str, str] = {}


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
        found = Told()
        time.sleep(3)
        print((lab.folder / "serve.log").read_text())
        listed = json.loads(served.command(0, "devices", "--json", "--data", str(served.folder)))
        print(json.dumps(listed)[:3000])
        print(served.link)
        for name, device in ids.items():
            found.pages[name] = served.page(f"/devices/{device}")
        yield found


def test_it(told: Told) -> None:
    import re

    for name, page in told.pages.items():
        print(name, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))[:3000])
    raise AssertionError
