"""The section "Place" of a device's page: what its round-trip times say of the claim, in words, as a table and a map.

What is told is how far the laptop must be from the claim at least. An estimate is shown with its radius, and never as
anybody's home.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from farmwatch_detectors.placing import Circle, DayVerdict, Placing, Spot, Verdict
from farmwatch_detectors.policy import Claim, RosterEntry

from ..place.placing import placing_of
from ..place.samples import DAYS, KeptDay
from .words import plain

WORDS: dict[Verdict, str] = {
    "impossible": "not where the records say",
    "inconsistent": "does not fit the claim",
    "consistent": "nothing speaks against the claim",
    "unmeasurable": "could not be measured",
}
#: Key of mark and colour, as levels have them.
TONES: dict[Verdict, str] = {
    "impossible": "urgent",
    "inconsistent": "review",
    "consistent": "none",
    "unmeasurable": "dim",
}
WHY_NOT = {
    "tunnelled": "a tunnel",
    "answered_locally": "answered near the laptop",
    "company_place": "at a place of the company's",
    "few_landmarks": "too few landmarks",
    "noisy": "noise",
    "skipped": "not measured",
    "no_claim": "no claim",
}
SIGNS = {
    "uniform_minimum": "every way oddly long",
    "control_differs": "the company's own landmark differs",
    "methods_disagree": "connects and echoes differ",
    "plan_dependent": "landmarks asked for the first time differ",
}
RULES = {
    "light": "light is not that fast",
    "margin": "no real network is that fast",
    "likelihood": "another place explains it far better",
    "excess": "slow to all near the claim",
}
MOST_CIRCLES = 24
#: Half of the way round the earth: nothing is farther away, so a larger circle says nothing.
FARTHEST_KM = 20_015


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """What the section shows.

    claim     where the records say; None without one
    verdict   of the days together; None when nothing was measured
    shown     the day whose circles are drawn; None when no day has any
    map       the drawn things as JSON, for map.js; "" when there is nothing to draw
    """

    claim: Claim | None
    verdict: Verdict | None
    sentence: str
    days: tuple[DayVerdict, ...] = ()
    shown: DayVerdict | None = None
    circles: tuple[Circle, ...] = ()
    moved_km: float = 0.0
    map: str = ""


def place_view(entry: RosterEntry | None, kept: Sequence[KeptDay]) -> PlaceView:
    """Returns the section of a device from the days that were kept of it, oldest first."""
    claim = entry.claim if entry is not None else None
    if claim is None:
        return PlaceView(claim=None, verdict=None, sentence="The records name no place, so nothing is compared.")
    days = [each.verdict for each in kept]
    placing = placing_of(days[-DAYS:], days[:-DAYS])
    if placing is None:
        sentence = "No round-trip times were measured in the last days, so nothing is known of its place."
        return PlaceView(claim=claim, verdict=None, sentence=sentence)
    shown = _telling(placing)
    circles = tuple(each for each in shown.circles[:MOST_CIRCLES] if _drawable(each)) if shown else ()
    return PlaceView(
        claim=claim,
        verdict=placing.verdict,
        sentence=placing.sentence,
        days=tuple(reversed(placing.days)),
        shown=shown,
        circles=circles,
        moved_km=placing.moved_km,
        map=_drawn(claim, circles, shown.estimate) if shown and circles else "",
    )


def _telling(placing: Placing) -> DayVerdict | None:
    """Returns of the days with circles one that says what all say together, and that the sentence is of; the newest."""
    return max(
        (day for day in reversed(placing.days) if day.circles),
        key=lambda day: (day.verdict == placing.verdict, placing.sentence.endswith(day.sentence)),
        default=None,
    )


def _drawable(one: Circle | Spot | Claim) -> bool:
    numbers = (one.latitude, one.longitude, one.radius_km)
    return all(map(math.isfinite, numbers)) and abs(one.latitude) <= 90 and abs(one.longitude) <= 180


def _drawn(claim: Claim, circles: Sequence[Circle], estimate: Spot | None) -> str:
    """Returns the map's JSON. Nearly the same circle twice would only be ink."""
    drawn: dict[str, Any] = {"circles": [_circle(each) for each in circles]}
    if _drawable(claim):
        drawn["claim"] = _point(claim, f"Claim: {plain(claim.place, 80)}, within {claim.radius_km:,.0f} km")
    if estimate is not None and _drawable(estimate):
        words = f"Times fit best within {estimate.radius_km:,.0f} km of {plain(estimate.place, 80)}"
        drawn["estimate"] = _point(estimate, words)
    return msgspec.json.encode(drawn).decode()


def _point(one: Spot | Claim, words: str) -> dict[str, Any]:
    return {"at": [round(one.latitude, 2), round(one.longitude, 2)], "km": round(one.radius_km), "words": words}


def _circle(one: Circle) -> dict[str, Any]:
    far = f"at most {one.radius_km:,.0f} km from there" if one.radius_km < FARTHEST_KM else "anywhere"
    words = f"{one.rtt_ms:.1f} ms to {plain(one.place, 80)}: {far}"
    at = [round(one.latitude, 2), round(one.longitude, 2)]
    return {"at": at, "km": round(one.radius_km), "breaks": one.breaks, "words": words}
