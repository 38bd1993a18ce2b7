"""Several days against the claim: what one device's round-trip times say to detectors and pages.

A day is computed once and kept with a digest of what it was computed from; judging a device again reads it back.
Nothing here decides what a verdict weighs, and nothing places a device: without a claim there is no verdict and no
estimate.
"""

import hashlib
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import msgspec

from farmwatch_detectors.placing import DayVerdict, Placing, Spot, Verdict
from farmwatch_detectors.policy import Claim, RosterEntry
from farmwatch_detectors.tunnel_lines import lines_of
from farmwatch_detectors.view import DeviceView

from .days import MeasuredDay, Placed
from .geometry import KM_PER_MS, km_between
from .odd_ways import FEWEST as FEWEST_ODD
from .odd_ways import odd_ways
from .rounds import FEWEST_LANDMARKS, NO_DATA, FactsOf, days_of, shared_offset
from .samples import DAYS, KeptDay, Samples
from .types import Landmark, Observation

_log = logging.getLogger(__name__)

KIND = "latency"
#: Number of the rules here and in rounds.py: days that others made are made anew.
RULES = b"3"
#: Two of so many measurable days have to agree.
LAST, AGREE = 3, 2
#: Two weeks of estimates: these seven days against the seven before.
WEEK = timedelta(days=7)
#: An estimate may err by its radius; only twice that is a contradiction.
ESTIMATE_ERRS = 2.0
#: What all ways may share, ms: the score's model lets a line add 60 (path_model.py). Where they share more, so much is
#: left to the line and the rest taken off; what two ways have beyond light is 10 to 20 more than the line's part.
KNOWN_OFFSET_MS, LEFT_MS = 60.0, 40.0
#: Access by satellite is told by no interface of the laptop: the network's number tells it (place/data/
#: network_classes.csv: Starlink, and both of Viasat's).
SATELLITE = (14593, 7155, 40306)

#: Why a day says nothing that was spent at a place of the policy.
COMPANY_PLACE = "company_place"

_NO_CLAIM = "The records name no place for this laptop's person, so there is nothing to compare with."
_UNREAD = "What was measured on this day cannot be read."
_BREAKS: tuple[Verdict, ...] = ("impossible", "inconsistent")


class ClaimJudge(Protocol):
    """What of `ClaimTest` is used here."""

    def judge(
        self,
        observations: Sequence[Observation],
        latitude: float,
        longitude: float,
        radius_km: float,
        place: str,
        access: str,
        day: date,
    ) -> DayVerdict: ...


class Places:
    """Judges days with one calibration and one set of landmarks. Thread-safe; built once per process.

    test         the claim test
    landmarks    shipped ones and the company's own, by id
    basis        digest of the calibration
    quarantined  ids of landmarks that the fleet's own times disprove
    facts_of     network of an address, to tell names that were led elsewhere
    """

    def __init__(
        self,
        test: ClaimJudge,
        landmarks: Mapping[str, Landmark],
        basis: bytes = b"",
        quarantined: Collection[str] = (),
        facts_of: FactsOf = NO_DATA,
    ) -> None:
        self._test = test
        self._facts_of = facts_of
        self.landmarks = landmarks
        self.quarantined = frozenset(quarantined)
        self._calibration = basis
        known = msgspec.json.encode([landmarks[name] for name in sorted(landmarks)])
        self._basis = hashlib.blake2b(RULES + basis + known, digest_size=16).digest()
        #: Changes with calibration and landmarks, whatever is in quarantine.
        self.version = self._basis.hex()[:12]

    def without(self, quarantined: Collection[str]) -> "Places":
        """Returns the same with other landmarks in quarantine: only days that measured one of them are made anew."""
        if frozenset(quarantined) == self.quarantined:
            return self
        return Places(self._test, self.landmarks, self._calibration, quarantined, self._facts_of)

    def place(self, view: DeviceView, entry: RosterEntry | None, company_place: str = "") -> Placed:
        """Returns what a device's samples say of what the roster claims.

        company_place  name of the policy's place at which the device is now: an office, a lab, a staging bench, or
                       one whose traffic leaves elsewhere. What was measured there disproves no home, then or later.
        """
        if KIND not in view.samples:
            return Placed()
        claim = entry.claim if entry is not None else None
        if claim is None:
            return Placed(placing=Placing(verdict="unmeasurable", sentence=_NO_CLAIM))
        samples = view.samples
        kept = samples.kept if isinstance(samples, Samples) else {}
        bases = self._bases(view, claim, company_place)
        valid = {day: each for day, each in kept.items() if self._holds(each, bases.get(day), company_place)}
        fresh: tuple[KeptDay, ...] = ()
        measured: tuple[MeasuredDay, ...] = ()
        if bases.keys() - valid.keys():
            wanted = [
                each for each in samples[KIND] if each.observed_at.astimezone(UTC).date() in bases.keys() - valid.keys()
            ]
            found = {each.day: each for each in days_of(wanted, self.landmarks, self.quarantined, self._facts_of)}
            unread = bases.keys() - valid.keys() - found.keys()
            found |= {day: MeasuredDay(day=day, why_not="noisy", words=_UNREAD) for day in unread}
            measured = tuple(found[day] for day in sorted(found))
            made: list[KeptDay] = []
            for one in measured:
                before = [each for each in (*kept.values(), *made) if each.day < one.day]
                made.append(self._made(view, claim, company_place, one, bases.get(one.day, b""), before))
            fresh = tuple(made)
            valid |= {each.day: each for each in fresh}
        today = [valid[day] for day in sorted(valid) if day in bases]
        past = [each.verdict for day, each in sorted(kept.items()) if day not in bases]
        placing = placing_of([each.verdict for each in today], past)
        return Placed(placing=placing, fresh=fresh, measured=measured)

    def _bases(self, view: DeviceView, claim: Claim, company_place: str) -> dict[date, bytes]:
        """Returns the digest of all that each day's verdict depends on, its landmarks' quarantine aside."""
        if isinstance(view.samples, Samples):
            digests = view.samples.digests(KIND)
        else:  # a view that nobody stored: every day is made
            digests = {each.observed_at.astimezone(UTC).date(): b"" for each in view.samples[KIND]}
        numbers = (float(claim.latitude), float(claim.longitude), float(claim.radius_km))
        about = self._basis + msgspec.json.encode((claim.place, numbers, company_place))
        return {
            day: hashlib.blake2b(about + digest + _access(view, day).encode(), digest_size=16).digest()
            for day, digest in digests.items()
        }

    def _holds(self, kept: KeptDay, basis: bytes | None, company_place: str) -> bool:
        if not company_place and kept.verdict.why_not == COMPANY_PLACE:
            return True  # the laptop has left since, and was there on that day
        left_out = {name for name in kept.measured if name in self.quarantined}
        return kept.basis == basis and left_out == set(kept.left_out)

    def _made(
        self,
        view: DeviceView,
        claim: Claim,
        company_place: str,
        one: MeasuredDay,
        basis: bytes,
        before: Sequence[KeptDay],
    ) -> KeptDay:
        left_out = tuple(name for name in one.measured if name in self.quarantined)
        verdict = self._verdict(view, claim, company_place, one, before)
        return KeptDay(day=one.day, basis=basis, verdict=verdict, measured=one.measured, left_out=left_out)

    def _verdict(
        self, view: DeviceView, claim: Claim, company_place: str, one: MeasuredDay, before: Sequence[KeptDay]
    ) -> DayVerdict:
        if company_place:
            return DayVerdict(
                day=one.day,
                verdict="unmeasurable",
                why_not=COMPANY_PLACE,
                sentence=f"The laptop was at {company_place}, which the policy names: that says nothing of a home.",
                access=one.access,
            )
        if one.why_not:
            return DayVerdict(
                day=one.day,
                verdict="unmeasurable",
                why_not=one.why_not,
                sentence=one.words + (_tunnel_words(view) if one.why_not == "tunnelled" else ""),
                access=one.access,
                footprint=one.footprint,
            )
        access = _access(view, one.day) or one.access
        try:
            verdict = self._judged(one.observations, claim, access, one.day)
            if verdict.verdict == "consistent":
                verdict = _doubted(verdict, one, claim)
            elif verdict.verdict == "inconsistent" and "light" not in verdict.rules:
                verdict = self._unless_slow(verdict, one, claim, access)
            signs = {*verdict.footprint, *one.footprint}
            if verdict.verdict in _BREAKS:
                signs |= set(self._contradictions(one, claim, access, before))
        except Exception:  # whatever a measurement does to the mathematics, other evidence must stand
            _log.exception("the day %s of device %s could not be placed", one.day, view.device)
            words = "These times could not be judged; the collector's log says why."
            return DayVerdict(day=one.day, verdict="unmeasurable", why_not="noisy", sentence=words, access=access)
        return msgspec.structs.replace(verdict, footprint=tuple(sorted(signs)))

    def _judged(self, observations: Sequence[Observation], claim: Claim, access: str, day: date) -> DayVerdict:
        return self._test.judge(
            observations, claim.latitude, claim.longitude, claim.radius_km, claim.place, access, day
        )

    def _unless_slow(self, verdict: DayVerdict, one: MeasuredDay, claim: Claim, access: str) -> DayVerdict:
        """Returns a day that the score alone speaks against as unmeasurable where a slow line alone would explain it.

        The score knows lines that add 60 ms at most, and takes what is beyond for distance: an old mobile network, a
        crowded line or a detour of the carrier would be a lie. So the day is judged again with a quicker line; from
        another place its times still do not fit. What light says stands whatever a line adds.
        """
        offset = shared_offset(
            {each.landmark.landmark: each.rtt_ms for each in one.observations},
            {each.landmark.landmark: each.landmark for each in one.observations},
        )
        if offset < KNOWN_OFFSET_MS:
            return verdict
        quicker = [msgspec.structs.replace(each, rtt_ms=each.rtt_ms - offset + LEFT_MS) for each in one.observations]
        if self._judged(quicker, claim, access, one.day).verdict in _BREAKS:
            return verdict
        words = f"Every way is up to {offset:.0f} ms longer than it need be: a slow line at the claim explains it."
        return _unmeasurable(verdict, "noisy", words)

    def _contradictions(self, one: MeasuredDay, claim: Claim, access: str, before: Sequence[KeptDay]) -> Iterable[str]:
        """Yields signs that the landmarks which a liar can know tell of another place than those that he cannot.

        Asked only on days that speak against the claim: on a day that its claim explains, an estimate that lies
        elsewhere is the estimate's error. Added delay has to be prepared for each landmark. The company's own ones
        sign, and some of each day's are drawn for that day (planning.py): whoever knows neither leaves their times as
        they are.
        """
        signed = [each for each in one.observations if each.landmark.own]
        if self._apart(one, signed, claim, access):
            yield "control_differs"
        known = {name for each in before for name in each.measured}
        new = [each for each in one.observations if each.landmark.landmark not in known and not each.landmark.own]
        if len(before) >= AGREE and self._apart(one, new, claim, access):
            yield "plan_dependent"

    def _apart(self, one: MeasuredDay, some: Sequence[Observation], claim: Claim, access: str) -> bool:
        """Whether light from `some` does not reach the claim, although all the others agree with it or tell of a place
        that it does not reach either."""
        chosen = {each.landmark.landmark for each in some}
        rest = [each for each in one.observations if each.landmark.landmark not in chosen]
        against = [each for each in some if out_of_reach(claim.latitude, claim.longitude, claim.radius_km, each)]
        if not against or len(rest) < FEWEST_LANDMARKS:
            return False
        told = self._judged(rest, claim, access, one.day)
        spot = told.estimate
        if told.verdict == "consistent" or spot is None:
            return spot is not None
        radius = ESTIMATE_ERRS * spot.radius_km
        return any(out_of_reach(spot.latitude, spot.longitude, radius, each) for each in against)


def placing_of(days: Sequence[DayVerdict], past: Sequence[DayVerdict] = ()) -> Placing | None:
    """Returns what the days say together; None without any.

    days  oldest first
    past  days before them, whose estimates are compared
    """
    if not days:
        return None
    measurable = [day for day in days if day.verdict != "unmeasurable"]
    last = measurable[-LAST:]
    verdict: Verdict = "unmeasurable"
    if sum(day.verdict == "impossible" for day in last) >= AGREE:
        verdict = "impossible"
    elif sum(day.verdict in _BREAKS for day in last) >= AGREE:
        verdict = "inconsistent"
    elif sum(day.verdict == "consistent" for day in last) >= AGREE:
        verdict = "consistent"
    return Placing(
        verdict=verdict,
        sentence=_sentence(verdict, days, last),
        days=tuple(days[-DAYS:]),
        judged=measurable[-1] if measurable else None,
        moved_km=_moved([*past, *days]),
    )


def _sentence(verdict: Verdict, days: Sequence[DayVerdict], last: Sequence[DayVerdict]) -> str:
    if verdict == "unmeasurable":
        if not last:
            return days[-1].sentence
        if len(last) == 1:
            return f"Only one day could be measured so far. {last[0].sentence}"
        return f"The days do not agree yet. {last[-1].sentence}"
    if verdict == "consistent":
        return next(day.sentence for day in reversed(last) if day.verdict == "consistent")
    shown = [day for day in last if day.verdict == verdict] or [day for day in last if day.verdict in _BREAKS]
    best = max(shown, key=lambda day: (day.at_least_km, max(day.scores.values(), default=0.0), day.day))
    return best.sentence


def _moved(days: Sequence[DayVerdict]) -> float:
    """Returns how far all estimates of the last week lie from all of the week before, beyond their radii.

    A journey and back moves nothing: every pair has to be apart, and either week needs two days.
    """
    spots = [(day.day, day.estimate) for day in days if day.estimate is not None]
    if not spots:
        return 0.0
    newest = max(day for day, _ in spots)
    late = [spot for day, spot in spots if day > newest - WEEK]
    early = [spot for day, spot in spots if newest - 2 * WEEK < day <= newest - WEEK]
    if min(len(late), len(early)) < AGREE:
        return 0.0
    return round(max(0.0, min(_km(one, other) - one.radius_km - other.radius_km for one in late for other in early)), 1)


def _km(one: Spot | Landmark, other: Spot | Landmark) -> float:
    return float(km_between(one.latitude, one.longitude, other.latitude, other.longitude))


def out_of_reach(latitude: float, longitude: float, radius_km: float, observation: Observation) -> bool:
    """Whether light is too slow from a landmark to all that lies within `radius_km` of a place and back."""
    landmark = observation.landmark
    away = float(km_between(latitude, longitude, landmark.latitude, landmark.longitude))
    return away > KM_PER_MS * observation.rtt_ms + landmark.uncertainty_km + radius_km


def _doubted(verdict: DayVerdict, one: MeasuredDay, claim: Claim) -> DayVerdict:
    """Returns a consistent day as unmeasurable where a time that was left out excludes the claim, or several are odd.

    Whoever answers for the landmarks near his claim makes the one near himself contradict them all, and it goes as the
    odd one out. One that moved does the same, so nothing is held against anybody.
    """
    lost = [each for each in one.contradicted if out_of_reach(claim.latitude, claim.longitude, claim.radius_km, each)]
    odd = odd_ways(one.observations)
    if lost:
        worst = min(lost, key=lambda each: each.rtt_ms)
        words = (
            f"{worst.rtt_ms:.3g} ms to {worst.landmark.place} and the other times cannot belong to one place: that "
            "landmark stands elsewhere, or something answers for the others."
        )
    elif len(odd) >= FEWEST_ODD:
        near = min(one.observations, key=lambda each: each.rtt_ms)
        words = (
            f"{near.rtt_ms:.3g} ms to {near.landmark.place}, but {odd[0].rtt_ms:.3g} ms to {odd[0].landmark.place} and "
            f"{odd[1].rtt_ms:.3g} ms to {odd[1].landmark.place}: no network leads so; something answers for some."
        )
    else:
        return verdict
    return _unmeasurable(verdict, "answered_locally", words)


def _unmeasurable(verdict: DayVerdict, why_not: str, words: str) -> DayVerdict:
    return DayVerdict(
        day=verdict.day,
        verdict="unmeasurable",
        why_not=why_not,
        sentence=words,
        landmarks=verdict.landmarks,
        access=verdict.access,
        footprint=verdict.footprint,
    )


def _access(view: DeviceView, day: date) -> str:
    """Returns the access that the network's own number tells for a day; "" when it tells none."""
    begun = datetime(day.year, day.month, day.day, tzinfo=UTC)
    there = [each for each in view.egress if each.seen_from < begun + timedelta(days=1) and each.seen_until >= begun]
    if any(each.asn in SATELLITE for each in there):
        return "satellite"
    return "mobile" if any(each.kind == "mobile" for each in there) else ""


def _tunnel_words(view: DeviceView) -> str:
    """Names the tunnel that takes all traffic now."""
    names = [f"{line.name} ({line.description})" if line.description else line.name for line in lines_of(view)
             if line.carries_all]  # fmt: skip
    return f" All traffic goes into {', '.join(names[:2])}." if names else ""
