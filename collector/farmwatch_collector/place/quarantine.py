"""Landmarks that the fleet's own times disprove: moved, answered from many places, or named wrongly.

One device measures two landmarks in `a` and `b` ms: by light they stand at most 100 * (a + b) km apart, wherever the
device is. So no claim has to be believed; a landmark that contradicts others of two providers is wrong, or the times
are forged. Against forging: the device's other times must agree with each other and with its claim, it must not be
under suspicion or new, two devices without anything in common must say the same, and only a few landmarks a day leave
by themselves. A landmark that has moved a little is not found; nothing honest is lost by travel or by a wrong claim.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec
import numpy as np

from farmwatch_detectors.policy import Claim

from .continents import part_of
from .geometry import KM_PER_MS, km_between
from .types import LandmarkState, Observation, Witness

#: Landmarks that must agree with the claim and with each other before a device is believed about one more.
AGREEING, PROVIDERS = 6, 3
#: Timestamps and kernels round: so much beyond light's own bound is asked for.
MARGIN_KM = 100.0
#: Under this in two parts of the world, a name is answered from many places.
NEAR_MS = 5.0
#: Younger devices are no witnesses: whoever enrols laptops to blind the fleet has to wait.
KNOWN_FOR = timedelta(days=14)
WITNESS_DAYS = 14
MOST_WITNESSES = 8
#: Of all landmarks, and per day: more at once is an attack or a mistake of ours, and a person's to decide.
MOST_SHARE, MOST_A_DAY = 0.1, 5
#: A person's word holds so long against new witnesses.
LIFT_HOLDS = timedelta(days=14)
FARMWATCH = "farmwatch"


def trusted(*, attention: str, enrolled_at: datetime, now: datetime) -> bool:
    """Returns whether a device may be a witness: no level at all, and known for two weeks.

    attention  level of its latest assessment, "" when it has none yet
    """
    return attention == "none" and now - enrolled_at >= KNOWN_FOR


def witnesses(
    device: str, observations: Sequence[Observation], claim: Claim | None, ties: Sequence[str], day: date
) -> list[Witness]:
    """Returns what one day of a trusted device says against landmarks: at most one of them, usually none.

    ties  gateways, public addresses, household and person of the device; a device without any is nobody's witness
    """
    if claim is None or not ties or len(observations) <= AGREEING:
        return []
    latitude = np.array([one.landmark.latitude for one in observations])
    longitude = np.array([one.landmark.longitude for one in observations])
    reach = np.array([KM_PER_MS * one.rtt_ms + one.landmark.uncertainty_km for one in observations])
    if not np.isfinite(reach).all():
        return []
    apart = km_between(latitude[:, None], longitude[:, None], latitude[None, :], longitude[None, :])
    over = apart - reach[:, None] - reach[None, :] - MARGIN_KM
    np.fill_diagonal(over, -1.0)
    from_claim = km_between(claim.latitude, claim.longitude, latitude, longitude) - reach - claim.radius_km
    contradictions = (over > 0).sum(axis=1)
    if not contradictions.any():
        return []
    liar = int(contradictions.argmax())
    rest = [index for index in range(len(observations)) if index != liar]
    agree = not (over[np.ix_(rest, rest)] > 0).any() and not (from_claim[rest] > 0).any()
    if not agree or len({observations[index].landmark.provider for index in rest}) < PROVIDERS:
        return []
    against = _against(observations, over[liar], liar)
    if len(against) < 2:
        return []
    nearest = min(rest, key=lambda index: float(reach[index]))
    return [
        Witness(
            landmark=observations[liar].landmark.landmark,
            device=device,
            day=day,
            rtt_ms=observations[liar].rtt_ms,
            against=tuple(observations[index].landmark.landmark for index in against),
            km=round(float(over[liar][against[1]]), 1),
            part=part_of(float(latitude[nearest]), float(longitude[nearest])),
            ties=tuple(sorted(set(ties))),
        )
    ]


def _against(
    observations: Sequence[Observation], over: "np.ndarray[tuple[int], np.dtype[np.float64]]", liar: int
) -> list[int]:
    """Returns who contradicts, strongest first, one of each provider other than the doubted one's."""
    found: dict[str, int] = {}
    for index in np.argsort(-over):
        provider = observations[int(index)].landmark.provider
        if over[index] > 0 and provider != observations[liar].landmark.provider:
            found.setdefault(provider, int(index))
    return list(found.values())


def observe(
    states: Mapping[str, LandmarkState], found: Sequence[Witness], landmarks: int, now: datetime
) -> list[LandmarkState]:
    """Returns the states that change with what was witnessed. Pure; the store keeps them in the same transaction.

    landmarks  how many there are in all
    """
    after = dict(states)
    changed: list[LandmarkState] = []
    for witness in found:
        before = after.get(witness.landmark)
        state = _with(before, witness, after, landmarks, now)
        if state is not None and state != before:
            after[witness.landmark] = state
            changed.append(state)
    return changed


def _with(
    before: LandmarkState | None,
    witness: Witness,
    states: Mapping[str, LandmarkState],
    landmarks: int,
    now: datetime,
) -> LandmarkState | None:
    if before is not None and before.state == "quarantined":
        return None
    if before is not None and before.state == "lifted" and now - before.changed_at < LIFT_HOLDS:
        return None
    oldest = now.date() - timedelta(days=WITNESS_DAYS)
    known = [one for one in (before.witnesses if before else ()) if one.day >= oldest and one.device != witness.device]
    heard = (*known, witness)[-MOST_WITNESSES:]
    pair = next((one for one in known if independent(one, witness)), None)
    since = before.changed_at if before is not None and before.state == "suspected" else now
    suspected = LandmarkState(
        landmark=witness.landmark,
        state="suspected",
        reason=f"{_words(witness)} One device alone decides nothing.",
        changed_at=since,
        witnesses=heard,
    )
    if pair is None:
        return suspected
    automatic = [one for one in states.values() if one.state == "quarantined" and one.actor == FARMWATCH]
    today = sum(now - one.changed_at < timedelta(days=1) for one in automatic)
    if today >= MOST_A_DAY or len(automatic) + 1 > max(1, int(landmarks * MOST_SHARE)):
        reason = (
            f"{_words(witness)} Another device says the same, and so many landmarks left already that a person should "
            "look: somebody may want the fleet to lose them."
        )
        return msgspec.structs.replace(suspected, reason=reason)
    many = witness.part != pair.part and max(witness.rtt_ms, pair.rtt_ms) < NEAR_MS
    reason = (
        f"It answers in under {NEAR_MS:g} ms in {pair.part} and in {witness.part}: a name that leads to many places."
        if many
        else f"{_words(witness)} A device that shares nothing with the first says the same: it stands elsewhere."
    )
    return LandmarkState(landmark=witness.landmark, state="quarantined", reason=reason, changed_at=now, witnesses=heard)


def _words(witness: Witness) -> str:
    others = " and ".join(witness.against[:2])
    return (
        f"It answered in {witness.rtt_ms:.1f} ms, at least {witness.km:.0f} km too near for a device that measured "
        f"{others} at the same time."
    )


def independent(one: Witness, other: Witness) -> bool:
    """Returns whether two witnesses have nothing in common: neither gateway, address, household nor person."""
    return one.device != other.device and not set(one.ties) & set(other.ties)


def decided(landmark: str, state: str, reason: str, now: datetime, actor: str) -> LandmarkState:
    """Returns the state that a person gives a landmark: `quarantined` or `lifted`."""
    return LandmarkState(
        landmark=landmark,
        state="quarantined" if state == "quarantined" else "lifted",
        reason=reason,
        changed_at=now,
        actor=actor,
    )


def quarantined(states: Mapping[str, LandmarkState]) -> frozenset[str]:
    """Returns the landmarks that no plan and no verdict uses."""
    return frozenset(name for name, one in states.items() if one.state == "quarantined")
