"""True claims of the fleet itself: devices of which somebody knows that they are where their roster says.

Only a person's word counts, such as of who handed a laptop over or met its user. Devices that the claim test itself
found consistent must not teach it: those it accused wrongly would be missing, and thresholds would creep inwards with
every calibration.
"""

from collections.abc import Iterable
from datetime import date

from ..store.protocol import Store
from .calibration import Case
from .types import Landmark, Observation


def fleet_cases(store: Store, devices: Iterable[str], since: date) -> list[Case]:
    """Returns the newest measured day of each device that has a claim; devices without one are passed over."""
    cases: list[Case] = []
    for device in sorted(set(devices)):
        claim, _ = store.plan_facts(device)
        measured = [day for day in store.place_days(device, since) if day.verdict.circles]
        if claim is None or not measured:
            continue
        verdict = measured[-1].verdict
        observations = tuple(
            Observation(
                Landmark(
                    landmark=circle.landmark, provider=circle.landmark.partition(":")[0], place=circle.place,
                    country="", latitude=circle.latitude, longitude=circle.longitude,
                    uncertainty_km=max(0.0, circle.radius_km - 100.0 * circle.rtt_ms), host="",
                ),
                circle.rtt_ms,
            )
            for circle in verdict.circles
        )  # fmt: skip
        cases.append(
            Case(
                host=device, access=verdict.access, latitude=claim.latitude, longitude=claim.longitude,
                radius_km=claim.radius_km, observations=observations,
            )
        )  # fmt: skip
    return cases
