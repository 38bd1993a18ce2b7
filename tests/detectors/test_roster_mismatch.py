"""roster_mismatch: questions that records raise, what they weigh beside other evidence, and nothing alone."""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from farmwatch_collector.assessment import Assessment
from farmwatch_collector.evaluate import judge
from farmwatch_collector.roster.checks import INNOCENT
from farmwatch_detectors.arrival import km_between
from farmwatch_detectors.detector import Detector, level_table
from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.placing import DayVerdict, Egress, Placing, Spot
from farmwatch_detectors.policy import Claim, Policy, RecordQuestion, RosterEntry, Sanction
from farmwatch_detectors.registry import DETECTORS
from farmwatch_detectors.roster_mismatch import CAUSES, DETECTOR
from farmwatch_detectors.shared_gateway import DETECTOR as SHARED_GATEWAY
from farmwatch_detectors.view import DeviceView, Tie
from farmwatch_schema.finding import Finding

from .views import ENROLLED, KEYER, NOW, view

NASHVILLE = Claim(place="Nashville, TN, US", latitude=36.17, longitude=-86.78, radius_km=55, country="US")
DAY = timedelta(days=1)


def asked(*kinds: str) -> tuple[RecordQuestion, ...]:
    return tuple(RecordQuestion(kind=kind, question=f"About {kind}?") for kind in kinds)


def device(*kinds: str, **changes: Any) -> DeviceView:
    roster = RosterEntry(person="p-1", questions=asked(*kinds), checked=True, shipped_to=changes.pop("sent", None))
    return msgspec.structs.replace(view(), roster=roster, **changes)


def found(seen: DeviceView) -> list[Finding]:
    return list(DETECTOR.detect(seen))


def home(country: str, since: datetime, kind: str = "residential") -> Egress:
    address = KEYER.key("address", "192.0.2.1")
    return Egress(address=address, kind=kind, country=country, seen_from=since, seen_until=NOW)


def placing(day_back: int, latitude: float, longitude: float) -> Placing:
    spot = Spot(place="elsewhere", latitude=latitude, longitude=longitude, radius_km=300)
    day = DayVerdict(day=(NOW - day_back * DAY).date(), verdict="inconsistent", sentence="Far.", estimate=spot)
    return Placing(verdict="unmeasurable", sentence="Far.", days=(day,), judged=day)


@pytest.mark.parametrize("kind", sorted(set(CAUSES) - {"first_seen"}))
def test_hit_one_question_is_level_1_and_put_as_a_question(kind: str) -> None:
    [finding] = found(device(kind))
    assert (finding.level, finding.group, finding.subject) == (1, "HR", "records")
    assert "alone that counts nothing" in finding.sentence
    assert "let HR ask the person" in finding.sentence
    assert [(each.subject, each.fact) for each in finding.evidence] == [(kind, f"About {kind}?")]


@pytest.mark.parametrize(
    ("kinds", "level"),
    [
        (("phone_shape", "dates_contradict"), 2),
        (("address_change", "shared_bank_account"), 2),
        (("phone_shape", "dates_contradict", "shared_phone", "shipped_elsewhere"), 2),
        (("address_change", "shipped_elsewhere"), 1),  # one move
        (("shared_bank_account", "shared_phone", "shared_address"), 1),  # one couple
        (("phone_shape", "phone_country"), 1),
    ],
)
def test_hit_what_has_one_cause_counts_once(kinds: tuple[str, ...], level: int) -> None:
    assert [finding.level for finding in found(device(*kinds))] == [level]


def test_hit_a_laptop_that_is_first_seen_in_another_country_than_it_was_sent_to() -> None:
    seen = device(sent=NASHVILLE, egress=(home("CN", ENROLLED + DAY),))
    [finding] = found(seen)
    assert finding.level == 1
    assert "first seen in CN by its first home networks, and not where it was sent" in finding.sentence
    assert finding.evidence[0].source == "addresses of its reports"


def test_hit_a_new_laptop_whose_round_trip_times_come_out_a_continent_away() -> None:
    # Nashville to Seattle: 3,180 km. Less the estimate's radius of 300 km and the city's of 55, 2,825.
    seen = device(sent=NASHVILLE, placing=placing(5, 47.61, -122.33))
    [finding] = found(seen)
    assert "about 2,800 km away by its first round-trip times" in finding.sentence
    assert finding.evidence[0].source == "round-trip times"


def test_miss_records_in_order_state_nothing() -> None:
    assert found(device()) == []
    assert found(device(sent=NASHVILLE, egress=(home("US", ENROLLED),), placing=placing(5, 36.0, -86.0))) == []


@pytest.mark.parametrize(
    "egress",
    [
        (home("CN", ENROLLED + 8 * DAY),),  # a journey, a week after it was set up
        (home("CN", ENROLLED, "mobile"),),  # a foreign card
        (home("CN", ENROLLED, "vpn"),),
        (home("CN", ENROLLED, "sase"),),
        (home("CN", ENROLLED, "company"),),
        (home("", ENROLLED),),
        (home("US", ENROLLED), home("CN", ENROLLED + DAY)),  # where it was sent, then on the road
    ],
)
def test_honest_twin_what_does_not_tell_where_a_laptop_arrived_is_not_held_against_it(egress: tuple[Egress]) -> None:
    assert found(device(sent=NASHVILLE, egress=egress)) == []


def test_honest_twin_an_old_laptop_s_journey_is_no_arrival() -> None:
    assert found(device(sent=NASHVILLE, placing=placing(1, 47.61, -122.33))) == []


def test_honest_twin_an_immigrant_with_the_number_from_home_is_told_and_weighs_nothing() -> None:
    [finding] = found(device("phone_country"))
    assert finding.level == 0
    assert "People keep theirs" in finding.sentence
    weighed = together(device("phone_country"))
    plain = together(device())
    assert (weighed.bits, weighed.points) == (plain.bits, plain.points)


def test_honest_twin_somebody_on_assignment_whom_the_policy_names_arrived_elsewhere() -> None:
    policy = Policy(sanctions=(Sanction(owner="ann", reason="a year abroad", claim=True),))
    assert found(device(sent=NASHVILLE, egress=(home("CN", ENROLLED),), policy=policy)) == []


def test_could_not_look_without_a_roster_or_a_place_of_delivery_nothing_is_compared() -> None:
    row = silence_table()["HR"]
    nobody = msgspec.structs.replace(view(), egress=(home("CN", ENROLLED),))
    assert found(nobody) == []
    assert why_grey(nobody, row) == "the roster says nothing of its person that could be compared"
    bare = msgspec.structs.replace(nobody, roster=RosterEntry(person="p-1"))
    assert found(bare) == []
    assert why_grey(bare, row) != ""
    assert why_grey(device(), row) == ""


def test_could_not_look_an_estimate_of_a_day_that_could_not_be_measured_says_nothing() -> None:
    blind = placing(5, 47.61, -122.33)
    day = msgspec.structs.replace(blind.days[0], verdict="unmeasurable")
    assert found(device(sent=NASHVILLE, placing=msgspec.structs.replace(blind, judged=day))) == []


# the group in the score --------------------------------------------------------------------------------------------
PAIR = ("laptop-1", "laptop-2")
TIE = Tie(kind="gateway_mac", value="ab" * 16, holders=PAIR, fleet=60, unrelated=PAIR[1:], since=NOW)


def together(seen: DeviceView, *others: Detector) -> Assessment:
    return judge(seen, (DETECTOR, *others))


def bar(result: Assessment, key: str) -> float:
    return sum(each.bits for each in result.bars if each.key == key)


@pytest.mark.parametrize("kinds", [("phone_shape",), ("phone_shape", "dates_contradict", "address_change")])
def test_records_alone_add_nothing_to_any_device_whatever_they_ask(kinds: tuple[str, ...]) -> None:
    result = together(device(*kinds))
    assert bar(result, "HR") > 0
    assert bar(result, "records_alone") == -bar(result, "HR")
    assert result.bits == together(device()).bits
    assert result.points == 0
    assert any(each.key == "records_alone" and each.label == "records alone never count" for each in result.bars)


def test_beside_other_evidence_records_add_two_bits_at_the_most() -> None:
    # The table: log2(0.25 / 0.11) = 1.18 bits, and log2(0.16 / 0.035) = 2.19, of which 2 count.
    for kinds, bits in ((("phone_shape",), math.log2(0.25 / 0.11)), (("phone_shape", "dates_contradict"), 2.0)):
        with_tie = together(device(*kinds, ties=(TIE,)), SHARED_GATEWAY)
        without = together(device(ties=(TIE,)), SHARED_GATEWAY)
        assert bar(with_tie, "F") > 0
        assert bar(with_tie, "records_alone") == 0
        assert with_tie.bits - without.bits == pytest.approx(bits)


def test_no_level_of_the_group_weighs_more_than_two_bits_nor_its_silence_anything() -> None:
    hr = [detector for detector in DETECTORS if detector.group == "HR"]
    assert hr == [DETECTOR]
    assert silence_table()["HR"].bits == 0
    heaviest = together(device("phone_shape", "dates_contradict", "shared_phone", ties=(TIE,)), SHARED_GATEWAY)
    assert bar(heaviest, "HR") == 2.0
    assert len(level_table("roster_mismatch")) == 2


def test_an_answered_question_weighs_nothing_from_then_on_and_does_not_fade() -> None:
    first = together(device("phone_shape", "dates_contradict", ties=(TIE,)), SHARED_GATEWAY)
    answered = together(msgspec.structs.replace(device(ties=(TIE,)), levels=first.findings), SHARED_GATEWAY)
    assert bar(answered, "HR") == 0
    [told] = [each for each in answered.findings if each.group == "HR"]
    assert (told.level, told.sentence) == (0, "What the records made one ask has been answered or put right.")
    after = together(msgspec.structs.replace(device(ties=(TIE,)), levels=answered.findings), SHARED_GATEWAY)
    assert [each for each in after.findings if each.group == "HR"] == []


def test_every_kind_of_question_has_a_cause_or_is_told_only() -> None:
    assert set(INNOCENT) - set(CAUSES) == {"phone_country"}


def test_distances_are_those_of_great_circles() -> None:
    assert km_between(0, 0, 0, 180) == pytest.approx(math.pi * 6371.0088)
    assert km_between(36.17, -86.78, 47.61, -122.33) == pytest.approx(3180, abs=30)


def quoted(findings: Iterable[Finding]) -> str:
    return " ".join(f"{each.sentence} {each.evidence}" for each in findings)


def test_a_finding_names_nobody() -> None:
    assert "p-1" not in quoted(found(device("phone_shape", "phone_country", "shared_phone")))
