from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec
import pytest

from farmwatch_collector.place.placing import Places, placing_of
from farmwatch_collector.place.samples import KeptDay, Sample, Samples
from farmwatch_collector.place.types import Observation
from farmwatch_detectors.placing import DayVerdict, Egress, Rule, Spot, Verdict
from farmwatch_detectors.policy import Claim, RosterEntry
from farmwatch_detectors.view import DeviceView, SectionView
from farmwatch_schema.codec import encode
from farmwatch_schema.identifiers import Identifier

from .measured import CITIES, LANDMARKS, NOW, TODAY, at, km, sample, trips

SEATTLE, LONDON = CITIES["Seattle, US"], (51.51, -0.13)
DAY = timedelta(days=1)


def claim_of(where: tuple[float, float], place: str = "Seattle, WA, US") -> Claim:
    return Claim(place=place, latitude=where[0], longitude=where[1], radius_km=50, country="US")


def entry(where: tuple[float, float] | None = SEATTLE) -> RosterEntry:
    return RosterEntry(person="p1", claim=claim_of(where) if where else None)


class LightAlone:
    """A stand-in for the claim test: two broken discs are impossible, one is inconsistent; the estimate is the landmark
    that answers first. `asked` counts how often it was called."""

    def __init__(self) -> None:
        self.asked: list[tuple[date, str]] = []

    def judge(
        self,
        observations: Sequence[Observation],
        latitude: float,
        longitude: float,
        radius_km: float,
        place: str,
        access: str,
        day: date,
    ) -> DayVerdict:
        self.asked.append((day, access))
        over = [
            km((latitude, longitude), (each.landmark.latitude, each.landmark.longitude))
            - 100 * each.rtt_ms
            - radius_km
            - each.landmark.uncertainty_km
            for each in observations
        ]
        broken = sum(each > 0 for each in over)
        verdict: Verdict = "impossible" if broken > 1 else "inconsistent" if broken else "consistent"
        first = min(observations, key=lambda each: each.rtt_ms)
        return DayVerdict(
            day=day,
            verdict=verdict,
            sentence=f"{first.rtt_ms:.0f} ms to {first.landmark.place}; the claim is {place}.",
            at_least_km=max(0.0, *over),
            landmarks=len(observations),
            access=access,
            estimate=Spot(
                place=first.landmark.place,
                latitude=first.landmark.latitude,
                longitude=first.landmark.longitude,
                radius_km=100.0,
            ),
        )


def stored(*sections: SectionView) -> list[Sample]:
    return [Sample(each.observed_at, encode(list(each.items))) for each in sections]


def view(*sections: SectionView, kept: Sequence[KeptDay] = (), now: datetime = NOW, **fields: object) -> DeviceView:
    seen = DeviceView(
        device="laptop-1",
        now=now,
        enrolled_at=NOW - 40 * DAY,
        sections={},
        samples=Samples({"latency": stored(*sections)}, kept),
    )
    return msgspec.structs.replace(seen, **fields)


def places(test: LightAlone | None = None, quarantined: Sequence[str] = ()) -> Places:
    return Places(test or LightAlone(), LANDMARKS, b"calibration", quarantined)


def days_at(where: tuple[float, float], *ago: int) -> list[SectionView]:
    return [sample(at(each), trips(where)) for each in ago]


# from samples to a verdict ------------------------------------------------------------------------
def test_two_days_elsewhere_make_the_claim_impossible() -> None:
    placing = places().place(view(*days_at(LONDON, 1, 0)), entry()).placing
    assert placing is not None
    assert placing.verdict == "impossible"
    assert [day.day for day in placing.days] == [TODAY - DAY, TODAY]
    assert placing.judged == placing.days[-1]
    assert placing.sentence.endswith("to Dublin, IE; the claim is Seattle, WA, US.")


def test_one_day_elsewhere_is_no_verdict_yet() -> None:
    placing = places().place(view(*days_at(LONDON, 0)), entry()).placing
    assert placing is not None
    assert placing.verdict == "unmeasurable"
    assert placing.sentence.startswith("Only one day could be measured so far.")


def test_two_days_at_the_claim_are_consistent() -> None:
    placing = places().place(view(*days_at(SEATTLE, 1, 0)), entry()).placing
    assert placing is not None
    assert placing.verdict == "consistent"


def test_without_a_claim_nothing_is_said_and_nothing_estimated() -> None:
    for nobody in (None, entry(None), RosterEntry(person="p", site="hq")):
        found = places().place(view(*days_at(LONDON, 1, 0)), nobody)
        assert found.placing is not None
        assert (found.placing.verdict, found.placing.days, found.fresh) == ("unmeasurable", (), ())


def test_without_measurements_there_is_no_placing() -> None:
    assert places().place(msgspec.structs.replace(view(), samples={}), entry()).placing is None


def test_a_view_that_nobody_stored_is_judged_alike() -> None:
    sections = days_at(LONDON, 1, 0)
    plain = msgspec.structs.replace(view(), samples={"latency": tuple(sections)})
    assert places().place(plain, entry()).placing == places().place(view(*sections), entry()).placing


# two of the last three measurable days ------------------------------------------------------------
def day(number: int, verdict: Verdict, km: float = 0.0, spot: Spot | None = None) -> DayVerdict:
    return DayVerdict(
        day=TODAY - 30 * DAY + number * DAY, verdict=verdict, sentence=f"day {number}", at_least_km=km, estimate=spot
    )


X: Verdict = "impossible"
N: Verdict = "inconsistent"
C: Verdict = "consistent"
U: Verdict = "unmeasurable"


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        ([X, X], X),
        ([X, N], N),
        ([N, N], N),
        ([X, C], U),
        ([X, C, C], C),
        ([C, X, X], X),
        ([C, N, X], N),
        ([X, C, X], X),
        ([X, U, U, X], X),
        ([U, U, U], U),
        ([C], U),
        ([C, U, U, U, C], C),
        ([X, X, X, C, C], C),
        ([X, X, C, C, X], C),
    ],
)
def test_two_of_the_last_three_measurable_days_decide(verdicts: list[Verdict], together: Verdict) -> None:
    placing = placing_of([day(number, verdict) for number, verdict in enumerate(verdicts)])
    assert placing is not None
    assert placing.verdict == together


def test_a_day_that_cannot_be_measured_never_counts_as_consistent() -> None:
    placing = placing_of([day(0, C), day(1, U), day(2, U)])
    assert placing is not None
    assert placing.verdict == "unmeasurable"
    assert placing.judged == day(0, C)


def test_the_sentence_is_that_of_the_day_that_shows_it_best() -> None:
    placing = placing_of([day(0, X, 900.0), day(1, X, 4_000.0), day(2, C)])
    assert placing is not None
    assert placing.sentence == "day 1"


def test_no_days_no_placing() -> None:
    assert placing_of([]) is None


# moved --------------------------------------------------------------------------------------------
def spot(where: tuple[float, float], radius: float = 300.0) -> Spot:
    return Spot(place="somewhere", latitude=where[0], longitude=where[1], radius_km=radius)


def test_estimates_of_two_weeks_that_lie_apart_are_a_move() -> None:
    early = [day(number, C, spot=spot(SEATTLE)) for number in (1, 4)]
    late = [day(number, X, spot=spot(LONDON)) for number in (10, 12)]
    placing = placing_of(late, early)
    assert placing is not None
    assert placing.moved_km == pytest.approx(km(SEATTLE, LONDON) - 600, rel=0.002)


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ([SEATTLE, SEATTLE], [LONDON, SEATTLE]),  # a journey and back
        ([SEATTLE], [LONDON, LONDON]),  # one day is no week
        ([SEATTLE, SEATTLE], [(45.52, -122.68), (45.52, -122.68)]),  # Portland, within the radii
    ],
)
def test_a_journey_or_an_error_of_the_method_is_no_move(
    early: list[tuple[float, float]], late: list[tuple[float, float]]
) -> None:
    before = [day(number, C, spot=spot(where)) for number, where in enumerate(early, start=1)]
    placing = placing_of([day(number, C, spot=spot(where)) for number, where in enumerate(late, start=10)], before)
    assert placing is not None
    assert placing.moved_km == 0


# what is kept -------------------------------------------------------------------------------------
def test_what_was_made_is_read_back_and_the_test_is_not_asked_again() -> None:
    sections = days_at(LONDON, 2, 1, 0)
    first = places().place(view(*sections), entry())
    assert [each.day for each in first.fresh] == [TODAY - 2 * DAY, TODAY - DAY, TODAY]
    test = LightAlone()
    again = places(test).place(view(*sections, kept=first.fresh), entry())
    assert (again.placing, again.fresh, test.asked) == (first.placing, (), [])


def test_another_claim_makes_all_days_anew() -> None:
    sections = days_at(LONDON, 1, 0)
    first = places().place(view(*sections), entry())
    again = places().place(view(*sections, kept=first.fresh), entry(LONDON))
    assert len(again.fresh) == 2
    assert again.placing is not None
    assert again.placing.verdict == "consistent"


def test_another_calibration_makes_all_days_anew() -> None:
    sections = days_at(LONDON, 1, 0)
    first = places().place(view(*sections), entry())
    other = Places(LightAlone(), LANDMARKS, b"another calibration")
    assert len(other.place(view(*sections, kept=first.fresh), entry()).fresh) == 2


def test_a_further_round_makes_its_own_day_anew_alone() -> None:
    sections = days_at(SEATTLE, 1, 0)
    first = places().place(view(*sections), entry())
    more = [*sections, sample(at(0, hour=16), trips(SEATTLE, access_ms=3))]
    again = places().place(view(*more, kept=first.fresh), entry())
    assert [each.day for each in again.fresh] == [TODAY]


def test_a_landmark_in_quarantine_makes_those_days_anew_that_measured_it() -> None:
    others = [landmark for name, landmark in LANDMARKS.items() if name != "test:tokyo"]
    sections = [sample(at(1), trips(SEATTLE, landmarks=others)), sample(at(0), trips(SEATTLE))]
    first = places().place(view(*sections), entry())
    before = places()
    after = before.without(["test:tokyo"])
    again = after.place(view(*sections, kept=first.fresh), entry())
    assert [(each.day, each.left_out) for each in again.fresh] == [(TODAY, ("test:tokyo",))]
    assert before.without([]) is before
    lifted = places().place(view(*sections, kept=again.fresh), entry())
    assert TODAY in [each.day for each in lifted.fresh]


def test_what_cannot_be_read_is_a_day_without_a_verdict_and_not_read_again() -> None:
    seen = view(*days_at(SEATTLE, 1))
    broken = Samples({"latency": [*stored(*days_at(SEATTLE, 1)), Sample(at(0), b'[{"type":"round_trips"}]')]})
    found = places().place(msgspec.structs.replace(seen, samples=broken), entry())
    assert [(each.day, each.verdict.verdict) for each in found.fresh] == [
        (TODAY - DAY, "consistent"),
        (TODAY, "unmeasurable"),
    ]


class ScoreAlone(LightAlone):
    """A stand-in that calls days inconsistent, and says by which rule; `again`: also with a quicker line."""

    def __init__(self, rule: Rule, *, again: bool = False) -> None:
        super().__init__()
        self.rules, self.again = (rule,), again

    def judge(self, *args: object, **kwargs: object) -> DayVerdict:
        said = super().judge(*args, **kwargs)  # type: ignore[arg-type]
        if self.asked.count(self.asked[-1]) > 1 and not self.again:
            return said
        return msgspec.structs.replace(said, verdict="inconsistent", rules=self.rules)


@pytest.mark.parametrize(
    ("access_ms", "rule", "verdict"),
    [
        (5, "likelihood", N),
        (40.1, "excess", N),  # LTE
        (100, "likelihood", U),
        (100, "light", N),
    ],
)
def test_a_line_slower_than_any_that_calibrated_is_nobodys_lie_unless_light_says_so(
    access_ms: float, rule: Rule, verdict: Verdict
) -> None:
    sections = [sample(at(each), trips(SEATTLE, access_ms=access_ms)) for each in (1, 0)]
    placing = places(ScoreAlone(rule)).place(view(*sections), entry()).placing
    assert placing is not None
    assert placing.verdict == verdict


def test_a_slow_line_is_no_excuse_where_a_quicker_one_would_not_fit_either() -> None:
    sections = [sample(at(each), trips(SEATTLE, access_ms=100)) for each in (1, 0)]
    placing = places(ScoreAlone("likelihood", again=True)).place(view(*sections), entry()).placing
    assert placing is not None
    assert placing.verdict == N


# what is not the laptop's place -------------------------------------------------------------------
def test_a_tunnel_is_named_and_never_judged() -> None:
    test = LightAlone()
    sections = [sample(at(each), trips(LONDON), access="tunnel") for each in (1, 0)]
    placing = places(test).place(view(*sections), entry()).placing
    assert placing is not None
    assert placing.verdict == "unmeasurable"
    assert {each.why_not for each in placing.days} == {"tunnelled"}
    assert test.asked == []


def test_what_is_measured_at_a_place_of_the_companys_disproves_no_home_also_when_the_laptop_has_left() -> None:
    test = LightAlone()
    sections = days_at(LONDON, 1, 0)
    there = places(test).place(view(*sections), entry(), company_place="staging")
    assert there.placing is not None
    assert there.placing.days[0].sentence.startswith("The laptop was at staging, which the policy names")
    assert (there.placing.verdict, test.asked) == ("unmeasurable", [])
    later = places(test).place(view(*sections, kept=there.fresh), entry())
    assert later.placing is not None
    assert {day.why_not for day in later.placing.days} == {"company_place"}
    assert (later.fresh, test.asked) == ((), [])


@pytest.mark.parametrize(("asn", "kind", "access"), [(14593, "mobile", "satellite"), (64500, "mobile", "mobile")])
def test_the_networks_number_tells_what_no_interface_does(asn: int, kind: str, access: str) -> None:
    """14593 is Starlink's number (place/data/network_classes.csv); 64500 is kept for documentation (RFC 5398)."""
    out = Egress(
        address=Identifier(kind="address", digest="00" * 16, key_id="test"),
        seen_from=at(3),
        seen_until=at(0),
        kind=kind,
        asn=asn,
    )
    test = LightAlone()
    places(test).place(view(*days_at(SEATTLE, 0), egress=(out,)), entry())
    assert test.asked == [(TODAY, access)]


def test_a_fault_of_the_claim_test_leaves_a_day_without_a_verdict() -> None:
    class Broken(LightAlone):
        def judge(self, *_: object, **__: object) -> DayVerdict:
            raise FloatingPointError

    placing = places(Broken()).place(view(*days_at(SEATTLE, 1, 0)), entry()).placing
    assert placing is not None
    assert (placing.verdict, placing.days[0].why_not) == ("unmeasurable", "noisy")


# signs of added delay -----------------------------------------------------------------------------
def test_the_companys_own_landmark_contradicts_delays_that_were_prepared_for_the_others() -> None:
    """A laptop in London whose router delays the known landmarks as if it were in Seattle. It can only add: the way to
    Seattle takes 120 ms there, so everything looks 120 ms farther than it would from Seattle."""
    own = msgspec.structs.replace(
        LANDMARKS["test:dublin"], landmark="own:dublin", own=True, method="signed", host="own.example.com"
    )
    known = {**LANDMARKS, "own:dublin": own}
    sections = [
        sample(at(each), [*trips(SEATTLE, access_ms=125), *trips(LONDON, landmarks=[own], method="signed")])
        for each in (1, 0)
    ]
    judged = Places(LightAlone(), known).place(view(*sections), entry()).placing
    honest = [
        sample(at(each), [*trips(SEATTLE, access_ms=125), *trips(SEATTLE, landmarks=[own], method="signed")])
        for each in (1, 0)
    ]
    true = Places(LightAlone(), known).place(view(*honest), entry()).placing
    assert judged is not None
    assert true is not None
    assert [day.footprint for day in judged.days] == [("control_differs",)] * 2
    assert [day.footprint for day in true.days] == [()] * 2


def test_landmarks_drawn_for_one_day_contradict_those_that_could_be_prepared_for() -> None:
    core = [landmark for name, landmark in LANDMARKS.items() if name != "test:frankfurt"]
    control = [LANDMARKS["test:frankfurt"]]
    sections = [sample(at(each), trips(SEATTLE, landmarks=core, access_ms=125)) for each in (3, 2, 1)]
    lied = sample(at(0), [*trips(SEATTLE, landmarks=core, access_ms=125), *trips(LONDON, landmarks=control)])
    true = sample(at(0), [*trips(SEATTLE, landmarks=core, access_ms=125), *trips(SEATTLE, landmarks=control)])
    for last, signs in ((lied, ("plan_dependent",)), (true, ())):
        placing = places().place(view(*sections, last), entry()).placing
        assert placing is not None
        assert placing.days[-1].footprint == signs
