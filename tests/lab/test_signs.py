"""Signs of added delay in drawn worlds, without a packet: on laptops where nobody adds any, and where somebody does."""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import cache

import msgspec
import pytest

from farmwatch_collector.place.landmarks import shipped
from farmwatch_collector.place.placing import Places
from farmwatch_collector.place.planning import Planner
from farmwatch_collector.place.types import Landmark

from . import world
from .geography import LTE, STARLINK, WIFI, WIRED, Access
from .judging import CONNECTS, NOW, by_arithmetic, placed, places
from .scenes import DALLAS, DENVER, LONDON, SEATTLE, SEOUL, WARSAW, Place, Scene, build, claim_of

TOKYO = ("Tokyo", "JP")
HOMES = (
    LONDON, DENVER, WARSAW, ("Chicago", "US"), ("Manila", "PH"), ("Bengaluru", "IN"), ("São Paulo", "BR"),
    ("Lagos", "NG"), ("Melbourne", "AU"), ("Toronto", "CA"),
)  # fmt: skip
LINES = (WIRED, WIFI, LTE, STARLINK)
#: Claim, and where the laptop is.
LIES = ((SEATTLE, SEOUL), (DENVER, WARSAW), (LONDON, ("Lagos", "NG")), (DENVER, DALLAS))
OWN = "own:one"


@cache
def known(stands: Place) -> dict[str, Landmark]:
    """Returns the shipped landmarks and one of the company's own, which the box that delays does not know."""
    city = world.city(*stands)
    own = Landmark(
        landmark=OWN, provider="example-hosting", place=", ".join(stands), country=stands[1],
        latitude=city.latitude, longitude=city.longitude, uncertainty_km=5, host="own.example.com", port=7177,
        method="signed", public_key="00" * 32, own=True,
    )  # fmt: skip
    return {**shipped(), OWN: own}


@cache
def tools(stands: Place) -> tuple[Places, Planner]:
    return Places(places()._test, known(stands)), Planner(known(stands), b"key of the delay lab")


def signs_of(scene: Scene, seed: int, own: Place, days: int = 3) -> Counter[str]:
    """Returns how often each sign, verdict and finding came in so many days of one laptop."""
    judge, planner = tools(own)
    lab, _ = build([scene], seed)
    lab.landmark(OWN, world.spot(f"mark {OWN}", *own), "own.example.com")
    if scene.mimics:
        lab.members[scene.name].extra = lab.mimic(scene.name, world.spot("claim", *scene.claim), only=shipped())
    rounds = []
    for day in reversed(range(days)):
        plan = planner.plan(scene.name, claim_of(scene), None, (), (NOW - timedelta(days=day)).date())
        rounds.append(by_arithmetic(lab, scene, day, msgspec.structs.replace(plan, connects=CONNECTS)))
    placing, findings = placed(scene, rounds, judge)
    found = Counter(sign for day in placing.days for sign in day.footprint)
    found.update(day.verdict for day in placing.days)
    found.update(f"level {each.level}" for each in findings)
    found.update(days=len(placing.days), laptops=1, two=sum(len(day.footprint) > 1 for day in placing.days))
    return found


def honest(lines: Sequence[Access], owns: Sequence[Place], seeds: range) -> Counter[str]:
    found: Counter[str] = Counter()
    for line in lines:
        for home in HOMES:
            for own in owns:
                for seed in seeds:
                    found += signs_of(Scene(f"{home[0]} {line.kind}", home, home, line), seed, own)
    return found


def mimics(owns: Sequence[Place], seeds: range) -> Counter[str]:
    found: Counter[str] = Counter()
    for claim, stands in LIES:
        for own in owns:
            for seed in seeds:
                found += signs_of(Scene(f"mimic {stands[0]}", claim, stands, mimics="all"), seed, own)
    return found


SIGNS = ("control_differs", "plan_dependent")


def test_no_honest_laptop_of_some_shows_a_sign() -> None:
    found = honest(LINES[:1], (LONDON,), range(1))
    assert found["days"] == 30
    assert [found[sign] for sign in SIGNS] == [0, 0], found


def test_delays_that_are_prepared_for_public_landmarks_show_beside_the_companys_own() -> None:
    found = signs_of(Scene("mimic", DENVER, WARSAW, mimics="all"), 3, WARSAW)
    assert found["consistent"] == 0, found
    assert found["impossible"] + found["inconsistent"] == 3


@pytest.mark.soak
def test_signs_in_many_worlds() -> None:
    """Prints what docs/placing.md tells. The rule before asked whether estimates agree: 6 of 480 honest days."""
    found = honest(LINES, (LONDON, TOKYO), range(1000, 1002))
    sys.stdout.write(f"honest {dict(found)}\n")
    # At a true rate of 1 % none in 480 days is seen once in 120 times.
    assert found["days"] == 480
    assert [found[sign] for sign in SIGNS] == [0, 0], found
    lied = mimics((LONDON, TOKYO, WARSAW, DALLAS), range(2000, 2004))
    sys.stdout.write(f"mimics {dict(lied)}\n")
    assert lied["days"] == 192
    # Delays for landmarks that the box does not know cannot be prepared: those days are against the claim.
    assert lied["control_differs"] > 0
