"""What the collector makes of a laptop's measurements: several days of them, by the code that serves."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec

from farmwatch_collector.place import calibration
from farmwatch_collector.place.claim_test import ClaimTest
from farmwatch_collector.place.gazetteer import gazetteer
from farmwatch_collector.place.landmarks import shipped
from farmwatch_collector.place.placing import Places
from farmwatch_detectors.placing import Placing
from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.registry import DETECTORS
from farmwatch_detectors.view import DeviceView, SectionView
from farmwatch_schema.finding import Finding
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips
from farmwatch_schema.plan import Plan

from .lab import Lab
from .router import NORMAL_90
from .scenes import HALF, Scene, claim_of, half, plan_of

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CONNECTS = 5


@cache
def places() -> Places:
    return Places(ClaimTest(calibration.shipped(), gazetteer()), shipped())


def section(items: Iterable[Observable], at: datetime) -> SectionView:
    return SectionView(kind="latency", outcome="found", observed_at=at, items=tuple(items))


def observables(items: Sequence[Mapping[str, object]]) -> list[Observable]:
    """Returns what the agent printed as observables."""
    return [msgspec.convert(item, type=RoundTrips | MeasuringRound) for item in items]


def placed(
    scene: Scene, rounds: Sequence[Sequence[Observable]], judge: Places | None = None
) -> tuple[Placing, list[Finding]]:
    """Returns what rounds, one a day, say of a laptop's claim, and what `latency_disproof` finds in it."""
    days = [section(items, NOW - timedelta(days=len(rounds) - 1 - day)) for day, items in enumerate(rounds)]
    entry = RosterEntry(person=scene.name, claim=claim_of(scene))
    view = DeviceView(
        device=scene.name,
        now=NOW,
        enrolled_at=NOW - timedelta(days=40),
        sections={},
        samples={"latency": tuple(days)},
        roster=entry,
    )
    placing = (judge or places()).place(view, entry).placing
    assert placing is not None
    (detector,) = [it for it in DETECTORS if it.id == "latency_disproof"]
    return placing, list(detector.detect(msgspec.structs.replace(view, placing=placing)))


def by_arithmetic(lab: Lab, scene: Scene, day: int = 0, plan: Plan | None = None) -> list[Observable]:
    """Returns a round as a laptop of the lab would measure it, drawn and not waited for: for many seeds."""
    dice = random.Random(f"{lab.seed} {scene.name} {day}")
    member = lab.members[scene.name]
    trips: list[Observable] = []
    inside = half(lab) if scene.routes == HALF or scene.boxed == "half" else ()
    first = ""
    plan = plan or plan_of(scene, (NOW - timedelta(days=day)).date(), CONNECTS)
    for target in plan.targets:
        name = lab.marks[target.landmark].spot.name
        least = (member.extra or {}).get(name, 0.0) + lab.ms(scene.name, name)
        first_byte = least
        if scene.box_at and (scene.boxed == "all" or name in inside):
            least = lab.ms(scene.name, f"{scene.name} box")
            # The box connects when the hello has come, and hands it on: two round trips more.
            first_byte = least + 2 * lab.ms(f"{scene.name} out", name)
        through = bool(scene.exit_at) and (scene.routes == ("default",) or name in inside)
        line = "tunnel" if through else "wifi" if member.access.kind == "wifi" else "ethernet"
        if through:
            least = lab.ms(scene.name, f"{scene.name} exit") + lab.ms(f"{scene.name} exit", name)
        times = sorted(
            least + _jitter(member.access.jitter_ms, dice)
            for _ in range(CONNECTS)
            if dice.random() > 1 - (1 - member.access.loss) ** 2
        )
        if times:
            first = first or line
            trips.append(
                RoundTrips(
                    landmark=target.landmark, method=target.method, family="ipv4",
                    count=len(times), lost=CONNECTS - len(times),
                    min_ms=round(times[0], 1), median_ms=round(times[len(times) // 2], 1), max_ms=round(times[-1], 1),
                    access="" if line == first else line,
                    first_byte_ms=round(max(least, first_byte) + _jitter(member.access.jitter_ms, dice), 1)
                    if target.method == "tcp" else None,
                )
            )  # fmt: skip
    return [MeasuringRound(plan=plan.plan, began_at="2026-11-20T12:00:00Z", access=first), *trips]


def _jitter(jitter: tuple[float, float], dice: random.Random) -> float:
    median, high = jitter
    return median * math.exp(math.log(high / median) / NORMAL_90 * dice.gauss(0, 1)) if median else 0.0
