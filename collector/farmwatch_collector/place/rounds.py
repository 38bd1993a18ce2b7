"""From samples to what one day's round-trip times say: least time per landmark, kind of access, and why not.

Four things are told apart here, because the claim test cannot: times of a tunnel's end, answers that something near
gives in a landmark's place, a laptop that moved during the day, and noise. None of them is evidence against anybody:
such a day is `unmeasurable`, with the reason in words.

A time may be too long for many reasons and too short for none, so the least one counts, over rounds, methods and
address families. Three exceptions, all towards saying less: a channel (method and family) that something near
answers is left out; where TCP and ICMP disagree on a landmark the longer time counts; and a landmark of the company's
own that signed its answer counts by that alone.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date

import msgspec
import numpy as np
from numpy.typing import NDArray

from farmwatch_detectors.view import SectionView
from farmwatch_schema.observables.latency import MeasuringRound, RoundTrips

from .days import MeasuredDay
from .geometry import KM_PER_MS, km_between
from .networks import NetworkFacts, Networks
from .provider_networks import leads_elsewhere
from .types import Landmark, Observation

#: Fewer landmarks place nothing: the claim test asks for several near the claim and several elsewhere.
FEWEST_LANDMARKS = 6
#: A round trip of more is a fault; the longest way over a geostationary satellite takes about 700 ms.
LONGEST_MS = 5_000.0
#: Times are rounded to 0.1 ms; two of them may together be so many km too short.
ROUNDING_KM = 0.1 * KM_PER_MS
#: So many samples of a day are read, the newest: two rounds a day are usual, four the most.
MOST_ROUNDS = 16

#: The first byte after a TLS hello takes a round trip and what the server thinks. Three round trips and 30 ms more
#: than a connect: the connect was answered nearer than the server is.
GAP_FACTOR, GAP_MS = 3.0, 30.0
#: Where so many connects were answered nearer, something answers some of them: a proxy for a part of the internet. Of
#: the others those count whose first byte came as soon as a server's own thinking lets it.
GAPS_OF_A_PROXY, PROXIED_FACTOR, PROXIED_MS = 2, 1.5, 15.0
#: TCP and ICMP to one server go the same way for the most part; beyond both of these they did not.
DISAGREE_FACTOR, DISAGREE_MS = 1.5, 10.0
#: From this share of landmarks on, and this many, it is the path and not a landmark.
MOST_OF, AT_LEAST = 0.4, 3
#: This share of landmarks may be wrong by themselves (moved, answered from an edge) without the path being to blame.
WRONG_LANDMARKS = 0.2

#: A proxy that answers TLS itself, from some way off, shows no gap, and light contradicts few of its times. But from
#: one place to landmarks so far apart, four in five times never lie within so little (101 ms at the least in 208 rounds
#: drawn for 13 cities all over the world).
EVEN_MS, EVEN_KM = 40.0, 10_000.0
#: It may do so for a part: so many landmarks alike, one of them beside the nearest of all and slow, one far from it.
ALIKE, ALIKE_MS, BESIDE_KM, FAR_KM = 4, 12.0, 1_500.0, 8_000.0
BESIDE_FACTOR, BESIDE_MS = 2.0, 20.0

#: Every way to everywhere is longer by so much: beyond what home, mobile and low-orbit access add (0.90 quantiles of
#: 441 RIPE Atlas probes, conmob 2023: Wi-Fi 13.5, LTE 40.1, Starlink 35.7 ms), short of a geostationary satellite.
OFFSET_MS, GEOSTATIONARY_MS = 150.0, 450.0

#: A wired laptop whose own gateway is so far away has radio or power line in between.
WIRED_GATEWAY_MS = 8.0
#: Fewer answers than this do not find the least time; a median so far above it was never a quiet moment.
FEWEST_ANSWERS, NOISY_MS = 3, 60.0

_CLASSES = {"ethernet": "wired", "wifi": "wifi", "mobile": "mobile"}
#: From the quietest to the one that explains most.
_RANK = ("wired", "wifi", "mobile", "unknown")

SKIPPED = {
    "battery_saver": "the laptop saved its battery",
    "metered": "the connection was metered",
    "captive": "the network asked to sign in first",
    "no_network": "there was no network",
    "policy": "settings on the laptop do not allow it",
}

Channel = tuple[str, str]
Times = dict[str, float]
FactsOf = Callable[[str], NetworkFacts]
#: Of public addresses nothing is known.
NO_DATA: FactsOf = Networks().of


class _Round(msgspec.Struct, kw_only=True):
    """One sample: times by landmark when it can be used, or why not.

    tunnelled, elsewhere  landmarks that were measured by a tunnel, or whose name led to another network
    """

    times: Times
    access: str = "unknown"
    why_not: str = ""
    words: str = ""
    disagree: bool = False
    measured: tuple[str, ...] = ()
    contradicted: Times = {}
    tunnelled: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    answers: Counter[str]
    spread: Times


def days_of(
    samples: Sequence[SectionView],
    landmarks: Mapping[str, Landmark],
    quarantined: Collection[str] = (),
    facts_of: FactsOf = NO_DATA,
) -> list[MeasuredDay]:
    """Returns the days on which anything was measured or skipped, oldest first.

    samples      sections of kind `latency`, in any order; what does not fit is left out, never an error
    quarantined  ids of landmarks that the fleet's own times disprove
    facts_of     network of an address; without data private addresses alone are told
    """
    by_day: dict[date, list[SectionView]] = {}
    for section in sorted(samples, key=lambda each: each.observed_at):
        if section.looked:
            by_day.setdefault(section.observed_at.astimezone(UTC).date(), []).append(section)
    return [
        _day(day, [_round(each, landmarks, quarantined, facts_of) for each in sections[-MOST_ROUNDS:]], landmarks)
        for day, sections in by_day.items()
    ]


# One round ----------------------------------------------------------------------------------------


def _round(
    section: SectionView, landmarks: Mapping[str, Landmark], quarantined: Collection[str], facts_of: FactsOf
) -> _Round:
    rounds = section.of(MeasuringRound)
    trips = [trip for trip in section.of(RoundTrips) if _counts(trip)]
    known = [trip for trip in trips if trip.landmark in landmarks]
    # Items stand in no order, so of several rounds in one report nobody knows which trip is whose.
    through = any(one.access == "tunnel" for one in rounds)
    direct = [trip for trip in known if not _in_tunnel(trip, through=through)]
    there = [trip for trip in direct if not leads_elsewhere(landmarks[trip.landmark], trip.address, facts_of)]
    answers: Counter[str] = Counter()
    spread: Times = {}
    for trip in there:
        answers[trip.landmark] += min(trip.count, 1_000)
        if trip.median_ms is not None and trip.min_ms is not None and math.isfinite(trip.median_ms):
            wide = max(0.0, trip.median_ms - trip.min_ms)
            spread[trip.landmark] = min(wide, spread.get(trip.landmark, wide))
    result = _Round(
        times={},
        access=_access(rounds, trips),
        measured=tuple(sorted({trip.landmark for trip in known})),
        tunnelled=_names(known) - _names(direct),
        elsewhere=_names(direct) - _names(there),
        answers=answers,
        spread=spread,
    )
    if not trips:
        causes = [one.skipped for one in rounds if one.skipped]
        result.why_not = "skipped" if causes else "few_landmarks"
        result.words = f"Nothing was measured: {SKIPPED.get(causes[-1], causes[-1][:40])}." if causes else NO_ANSWER
        return result
    if (through and not known) or (known and not direct):
        result.why_not, result.words = "tunnelled", TUNNELLED
        return result
    if any(trip.problem == "forged" for trip in section.of(RoundTrips)):
        result.why_not, result.words = "answered_locally", FORGED
        return result
    _fill(result, [trip for trip in there if trip.landmark not in quarantined], landmarks)
    return result


NO_ANSWER = "No landmark answered."
TUNNELLED = "What was measured went through a tunnel, so the times tell where the tunnel ends."
FORGED = "Something on the way answered in the name of the company's own landmark, and could not sign."


def _counts(trip: RoundTrips) -> bool:
    return (
        not trip.problem
        and trip.count > 0
        and trip.method in ("tcp", "icmp", "signed")
        and trip.min_ms is not None
        and math.isfinite(trip.min_ms)
        and 0 < trip.min_ms <= LONGEST_MS
    )


def _names(trips: Iterable[RoundTrips]) -> frozenset[str]:
    return frozenset(trip.landmark for trip in trips)


def _in_tunnel(trip: RoundTrips, *, through: bool) -> bool:
    """Whether a trip went into a tunnel. `through`: a round that it may be of did."""
    return trip.access == "tunnel" or (through and not trip.access)


def _access(rounds: Iterable[MeasuringRound], trips: Iterable[RoundTrips]) -> str:
    found = {_CLASSES.get(trip.access, "unknown") for trip in trips if trip.access not in ("", "tunnel")}
    for one in rounds:
        if one.access == "tunnel" and found:
            continue  # what left beside it says how it left
        kind = _CLASSES.get(one.access, "unknown")
        far = one.gateway_ms is not None and one.gateway_ms >= WIRED_GATEWAY_MS
        found.add("wifi" if kind == "wired" and far else kind)
    return _most_lenient(found)


def _most_lenient(classes: Collection[str]) -> str:
    return max(classes, key=_RANK.index, default="unknown")


def _fill(result: _Round, trips: Sequence[RoundTrips], landmarks: Mapping[str, Landmark]) -> None:
    """Sets the round's times, or why it cannot be used."""
    channels: dict[Channel, Times] = {}
    gaps: dict[Channel, set[str]] = {}
    slow: dict[Channel, set[str]] = {}
    asked: Counter[Channel] = Counter()
    for trip in trips:
        channel = (trip.method, trip.family)
        least = trip.min_ms
        assert least is not None
        times = channels.setdefault(channel, {})
        times[trip.landmark] = min(least, times.get(trip.landmark, least))
        if trip.method == "tcp" and trip.first_byte_ms is not None and math.isfinite(trip.first_byte_ms):
            asked[channel] += 1
            if trip.first_byte_ms > GAP_FACTOR * least + GAP_MS:
                gaps.setdefault(channel, set()).add(trip.landmark)
            elif trip.first_byte_ms > PROXIED_FACTOR * least + PROXIED_MS:
                slow.setdefault(channel, set()).add(trip.landmark)
    near: list[str] = []
    for channel in list(channels):
        if channel[0] == "signed":
            continue
        # An edge may serve one name from near and fetch the rest from afar: that landmark alone is left out then.
        gap = gaps.get(channel, set())
        words = _GAP if _much(len(gap), asked[channel]) else ""
        if not words:
            if len(gap) >= GAPS_OF_A_PROXY:
                gap |= slow.get(channel, set())
            gap |= _alike(channels[channel], landmarks)
            whole = {each: ms for each, ms in channels[channel].items() if each not in gap}
            channels[channel] = dict(whole)
            words = _impossible_together(channels[channel], landmarks) or _even(channels[channel], landmarks)
            if not words:
                result.contradicted |= {each: ms for each, ms in whole.items() if each not in channels[channel]}
        if words:
            near.append(words)
            del channels[channel]
    _compare_methods(result, channels, near)
    merged: Times = {}
    for family in sorted({family for _, family in channels}):
        for landmark, ms in _of_family(channels, family).items():
            merged[landmark] = min(ms, merged.get(landmark, ms))
    for (method, _), times in channels.items():
        if method == "signed":
            merged.update({each: min(ms, times.get(each, ms)) for each, ms in times.items()})
    whole = dict(merged)
    words = _impossible_together(merged, landmarks)
    if words or (near and len(merged) < FEWEST_LANDMARKS):
        result.why_not, result.words = "answered_locally", words or near[0]
        return
    result.times = merged
    result.contradicted |= {name: ms for name, ms in whole.items() if name not in merged}


_GAP = (
    "Connections were accepted long before the servers' first byte came: something near accepts them in the "
    "landmarks' place."
)


def _even(times: Times, landmarks: Mapping[str, Landmark]) -> str:
    """Returns words where all the world is about equally far; "" where it is not."""
    names = sorted(times)
    if len(names) < FEWEST_LANDMARKS:
        return ""
    least, most = np.quantile([times[name] for name in names], (0.1, 0.9))
    if most - least > EVEN_MS or _apart(names, landmarks).max() < EVEN_KM:
        return ""
    return f"All the world seems {least:.0f} to {most:.0f} ms away: one server on the way answers for all landmarks."


def _alike(times: Times, landmarks: Mapping[str, Landmark]) -> set[str]:
    """Returns landmarks for which one server on the way answers: as slow beside the nearest as far from it."""
    if len(times) <= ALIKE:
        return set()
    names = sorted(times, key=lambda name: (times[name], name))
    ms = np.array([times[name] for name in names])
    away = _apart(names, landmarks)[0]
    slow_beside = (away < BESIDE_KM) & (ms > BESIDE_FACTOR * ms[0] + BESIDE_MS)
    found: set[str] = set()
    for first in range(1, len(names)):
        group = slice(first, int(np.searchsorted(ms, ms[first] + ALIKE_MS, side="right")))
        if len(names[group]) >= ALIKE and slow_beside[group].any() and away[group].max() > FAR_KM:
            found.update(names[group])
    return found


def _much(count: int, of: int) -> bool:
    return count >= AT_LEAST and count >= MOST_OF * of


def _compare_methods(result: _Round, channels: dict[Channel, Times], near: list[str]) -> None:
    """Drops TCP where ICMP says for most landmarks that somebody nearer accepts; notes a disagreement either way."""
    for family in ("ipv4", "ipv6"):
        tcp, icmp = channels.get(("tcp", family), {}), channels.get(("icmp", family), {})
        both = tcp.keys() & icmp.keys()
        short = sum(_far_below(tcp[each], icmp[each]) for each in both)
        long = sum(_far_below(icmp[each], tcp[each]) for each in both)
        if _much(short, len(both)) or _much(long, len(both)):
            result.disagree = True
        if _much(short, len(both)):
            near.append("Connections are accepted long before the same servers answer an echo: something near does it.")
            del channels["tcp", family]


def _far_below(one: float, other: float) -> bool:
    return other > DISAGREE_FACTOR * one + DISAGREE_MS


def _of_family(channels: Mapping[Channel, Times], family: str) -> Times:
    """Returns the times of one family: the lesser of TCP and ICMP where they agree, else the longer one."""
    tcp, icmp = channels.get(("tcp", family), {}), channels.get(("icmp", family), {})
    found = {**icmp, **tcp}
    for each in tcp.keys() & icmp.keys():
        low, high = sorted((tcp[each], icmp[each]))
        found[each] = high if _far_below(low, high) else low
    for landmark in channels.get(("signed", family), {}):
        found.pop(landmark, None)  # its own word outranks what anybody could have answered
    return found


# What no place on earth explains ------------------------------------------------------------------


def _impossible_together(times: Times, landmarks: Mapping[str, Landmark]) -> str:
    """Takes landmarks out of `times` that cannot belong to the others; returns words when most of them cannot.

    Light needs `d / 100` ms between two landmarks `d` km apart by way of the laptop, wherever it is: two times that
    add up to less come from two places. One landmark that contradicts many has moved or is answered at an edge;
    where landmarks contradict each other throughout, somebody near answers for all.
    """
    names = sorted(times)
    if len(names) < 2:
        return ""
    conflict = _conflicts(names, times, landmarks)
    first = _pair_in_words(names, times, landmarks, conflict)
    left = np.ones(len(names), bool)
    while True:
        count = (conflict & left).sum(axis=1) * left
        if not count.any():
            break
        worst = count == count.max()
        # Of two that contradict each other alone nobody knows which is wrong: neither counts.
        left &= ~worst
    wrong = len(names) - int(left.sum())
    if wrong >= AT_LEAST and wrong > WRONG_LANDMARKS * len(names):
        return first
    for name, good in zip(names, left, strict=True):
        if not good:
            del times[name]
    return ""


def _conflicts(names: Sequence[str], times: Times, landmarks: Mapping[str, Landmark]) -> NDArray[np.bool_]:
    apart = _apart(names, landmarks)
    ms = np.array([times[name] for name in names])
    found: NDArray[np.bool_] = apart > KM_PER_MS * (ms[:, None] + ms[None, :]) + ROUNDING_KM
    np.fill_diagonal(found, val=False)
    return found


def _apart(names: Sequence[str], landmarks: Mapping[str, Landmark]) -> NDArray[np.float64]:
    """Returns the least distance in km between landmarks, their uncertainties taken off."""
    chosen = [landmarks[name] for name in names]
    latitude = np.array([each.latitude for each in chosen])
    longitude = np.array([each.longitude for each in chosen])
    unsure = np.array([each.uncertainty_km for each in chosen])
    apart = km_between(latitude[:, None], longitude[:, None], latitude[None, :], longitude[None, :])
    least: NDArray[np.float64] = apart - unsure[:, None] - unsure[None, :]
    return least


def _pair_in_words(
    names: Sequence[str], times: Times, landmarks: Mapping[str, Landmark], conflict: NDArray[np.bool_]
) -> str:
    if not conflict.any():
        return ""
    apart = np.where(conflict, _apart(names, landmarks), -1.0)
    here, there = (names[int(place)] for place in np.unravel_index(int(apart.argmax()), apart.shape))
    one, other = landmarks[here], landmarks[there]
    return (
        f"{times[here]:.0f} ms to {one.place} and {times[there]:.0f} ms to {other.place}, {apart.max():,.0f} km apart, "
        "cannot both be: something near answers in the landmarks' place."
    )


def shared_offset(times: Times, landmarks: Mapping[str, Landmark]) -> float:
    """Returns the most that all ways can have in common, ms: what any two have beyond the way between their ends."""
    names = sorted(times)
    ms = np.array([times[name] for name in names])
    spare: NDArray[np.float64] = (ms[:, None] + ms[None, :] - _apart(names, landmarks) / KM_PER_MS) / 2
    return float(max(0.0, spare.min(initial=LONGEST_MS)))


# One day ------------------------------------------------------------------------------------------


def _day(day: date, rounds: Sequence[_Round], landmarks: Mapping[str, Landmark]) -> MeasuredDay:
    usable = [one for one in rounds if not one.why_not]
    measured = tuple(sorted({name for one in rounds for name in one.measured}))
    if not usable:
        # The newest round that saw something says more than one that did not look.
        last = max(enumerate(rounds), key=lambda each: (bool(each[1].measured), each[0]))[1]
        return MeasuredDay(
            day=day, why_not=last.why_not, words=last.words, measured=measured, footprint=_signs(rounds, 0.0)
        )
    times, taken = _together(usable, landmarks)
    access = _most_lenient({one.access for one in taken})
    problem = _too_little(times, taken)
    if problem is not None:
        why_not, words = (problem[0] == "few_landmarks" and _taken_away(taken, times)) or problem
        return MeasuredDay(day=day, why_not=why_not, words=words, measured=measured, footprint=_signs(rounds, 0.0))
    offset = shared_offset(times, landmarks)
    signs = _signs(rounds, offset)
    if offset >= OFFSET_MS:
        words = f"Every way is at least {offset:.0f} ms longer than it need be: a tunnel that ends far away, perhaps."
        return MeasuredDay(day=day, why_not="tunnelled", words=words, measured=measured, footprint=signs)
    against = {name: ms for one in taken for name, ms in one.contradicted.items() if name not in times}
    return MeasuredDay(
        day=day,
        observations=_observed(times, landmarks),
        contradicted=_observed(against, landmarks),
        access=access,
        footprint=signs,
        measured=measured,
    )


def _observed(times: Times, landmarks: Mapping[str, Landmark]) -> tuple[Observation, ...]:
    return tuple(Observation(landmarks[name], ms) for name, ms in sorted(times.items()))


def _together(rounds: Sequence[_Round], landmarks: Mapping[str, Landmark]) -> tuple[Times, list[_Round]]:
    """Returns the least time per landmark over the rounds that one place explains, and those rounds.

    Morning and evening of a journey contradict each other: the evening counts then.
    """
    merged: Times = {}
    taken: list[_Round] = []
    for one in reversed(rounds):
        both = dict(one.times)
        for name, ms in merged.items():
            both[name] = min(ms, both.get(name, ms))
        if not both or not _conflicts(sorted(both), both, landmarks).any():
            merged = both
            taken.append(one)
    return merged, taken


def _taken_away(rounds: Sequence[_Round], times: Times) -> tuple[str, str] | None:
    """Returns why so few landmarks are left, where a tunnel or other networks have the rest; else None."""
    tunnelled = {name for one in rounds for name in one.tunnelled} - times.keys()
    elsewhere = {name for one in rounds for name in one.elsewhere} - times.keys()
    if len(times) + len(tunnelled) >= FEWEST_LANDMARKS:
        return "tunnelled", f"{TUNNELLED} Only {len(times)} landmarks were measured beside it."
    if len(times) + len(tunnelled) + len(elsewhere) >= FEWEST_LANDMARKS:
        words = f"The names of {len(elsewhere)} landmarks led to networks that are not their providers'."
        return "answered_locally", words
    return None


def _too_little(times: Times, rounds: Sequence[_Round]) -> tuple[str, str] | None:
    if len(times) < FEWEST_LANDMARKS:
        return "few_landmarks", f"Only {len(times)} landmarks answered, {FEWEST_LANDMARKS} are needed."
    answers: Counter[str] = Counter()
    spread: dict[str, float] = {}
    for one in rounds:
        answers += one.answers
        for name, wide in one.spread.items():
            spread[name] = min(wide, spread.get(name, wide))
    few = sum(answers[name] < FEWEST_ANSWERS for name in times)
    if few * 2 > len(times):
        return "noisy", f"{few} of {len(times)} landmarks gave fewer than {FEWEST_ANSWERS} answers that count."
    wide = sorted(spread.get(name, 0.0) for name in times)[len(times) // 2]
    if wide > NOISY_MS:
        return "noisy", f"Times to one landmark differ by {wide:.0f} ms and more: no quiet moment was found."
    return None


def _signs(rounds: Sequence[_Round], offset: float) -> tuple[str, ...]:
    signs = ["methods_disagree"] if any(one.disagree for one in rounds) else []
    if OFFSET_MS <= offset < GEOSTATIONARY_MS:
        signs.append("uniform_minimum")
    return tuple(signs)
