"""Placings as the collector makes them; how it makes them is tests/collector/place's business."""

from datetime import timedelta

import msgspec
import pytest

from farmwatch_detectors.latency_disproof import DETECTOR
from farmwatch_detectors.placing import Circle, DayVerdict, Placing, Verdict
from farmwatch_detectors.policy import Claim, Policy, RosterEntry, Sanction
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.finding import Finding
from farmwatch_schema.observables.processes import Process

from .exits import egress
from .views import NOW, view

TODAY = NOW.date()
SEATTLE = RosterEntry(
    person="p1", claim=Claim(place="Seattle, WA, US", latitude=47.61, longitude=-122.33, country="US")
)
PROOF = "9 ms to Dublin: at most 925 km from there; the claim, Seattle, is 7,294 km away."
DUBLIN = Circle(
    landmark="aws:eu-west-1",
    place="Dublin, IE",
    latitude=53.35,
    longitude=-6.26,
    rtt_ms=9.0,
    radius_km=925.0,
    claim_km=7294.0,
    breaks=True,
)


def day(ago: int, verdict: Verdict, **more: object) -> DayVerdict:
    one = DayVerdict(day=TODAY - timedelta(days=ago), verdict=verdict, sentence=PROOF, landmarks=14)
    return msgspec.structs.replace(one, **more)


def seen(placing: Placing | None, roster: RosterEntry | None = SEATTLE, policy: Policy | None = None) -> DeviceView:
    return msgspec.structs.replace(view(policy=policy), placing=placing, roster=roster)


def placed(verdict: Verdict, *days: DayVerdict) -> Placing:
    return Placing(verdict=verdict, sentence=PROOF, days=days, judged=days[-1])


def found(device: DeviceView) -> list[Finding]:
    return list(DETECTOR.detect(device))


def days(*verdicts: Verdict, **more: object) -> list[DayVerdict]:
    return [day(len(verdicts) - 1 - number, verdict, **more) for number, verdict in enumerate(verdicts)]


# hits ---------------------------------------------------------------------------------------------
def test_hit_two_impossible_days_are_level_3_with_the_proof_in_words() -> None:
    (finding,) = found(seen(placed("impossible", *days("impossible", "impossible", circles=(DUBLIN,)))))
    assert (finding.level, finding.subject, finding.group) == (3, "claim", "N")
    head = "Its round-trip times rule out the claimed place. "
    assert finding.sentence.startswith(head + PROOF + " So on 2 of 2 days that could be measured.")
    assert "Could it be a journey" in finding.sentence
    assert [each.fact for each in finding.evidence] == [
        "9 ms to Dublin, IE: at most 925 km from there; the claim is 7,294 km away."
    ]


def test_hit_the_evidence_is_of_the_day_that_the_sentence_is_of() -> None:
    osaka = msgspec.structs.replace(DUBLIN, place="Osaka, JP", rtt_ms=30.0, radius_km=3_100.0)
    newest = day(0, "impossible", circles=(osaka,), sentence="30 ms to Osaka: at most 3,000 km from there.")
    (finding,) = found(seen(placed("impossible", day(1, "impossible", circles=(DUBLIN,)), newest)))
    assert PROOF in finding.sentence
    assert [each.subject for each in finding.evidence] == ["landmark Dublin, IE"]


@pytest.mark.parametrize(
    ("verdict", "verdicts", "level"),
    [
        ("inconsistent", ("inconsistent", "consistent", "inconsistent"), 1),
        ("inconsistent", ("inconsistent",) * 4, 1),
        ("inconsistent", ("inconsistent",) * 5, 2),
        ("inconsistent", ("consistent", *("inconsistent",) * 5), 1),
        ("inconsistent", ("inconsistent", "unmeasurable") * 4, 1),
        ("impossible", ("consistent", "impossible", "impossible"), 3),
        ("impossible", ("impossible",) * 5, 5),
        ("impossible", (*("inconsistent",) * 3, *("impossible",) * 2), 3),
        ("impossible", ("consistent", *("impossible",) * 5), 3),
    ],
)
def test_hit_levels_rise_with_what_is_proved_and_how_long(
    verdict: Verdict, verdicts: tuple[Verdict, ...], level: int
) -> None:
    (finding,) = found(seen(placed(verdict, *days(*verdicts, rules=("likelihood",)))))
    assert finding.level == level


def test_hit_without_a_broken_circle_the_rule_is_quoted() -> None:
    (finding,) = found(seen(placed("inconsistent", *days("inconsistent", "inconsistent", rules=("margin", "excess")))))
    (evidence,) = finding.evidence
    assert evidence.subject == f"14 landmarks on {TODAY}"
    assert evidence.fact == (
        "No network measured was that fast; all that is near the claim is slow, and something else is not."
    )


def test_hit_two_signs_of_added_delay_on_two_days_are_a_finding_of_their_own() -> None:
    signs = ("control_differs", "uniform_minimum")
    (finding,) = found(seen(placed("consistent", *days("consistent", "consistent", footprint=signs))))
    assert (finding.level, finding.subject) == (4, "added_delay")
    assert [each.fact for each in finding.evidence] == [
        "The company's own landmark tells of another place; every landmark is far, and about equally so."
    ] * 2


def test_hit_signs_count_on_days_that_cannot_be_measured_too() -> None:
    signs = ("methods_disagree", "uniform_minimum")
    (finding,) = found(
        seen(placed("unmeasurable", *days("unmeasurable", "unmeasurable", why_not="tunnelled", footprint=signs)))
    )
    assert finding.level == 4


def test_no_estimate_is_told() -> None:
    """At least so far from the claim, and never where: nobody's home is in a finding."""
    (finding,) = found(seen(placed("impossible", *days("impossible", "impossible", circles=(DUBLIN,)))))
    text = msgspec.json.encode(finding).decode()
    assert "latitude" not in text
    assert "53.35" not in text


# misses -------------------------------------------------------------------------------------------
def test_miss_consistent_days_state_nothing() -> None:
    assert found(seen(placed("consistent", *days("consistent", "consistent", "impossible")))) == []


@pytest.mark.parametrize(
    "footprints",
    [
        [("uniform_minimum",), ("uniform_minimum",)],
        [("uniform_minimum", "control_differs"), ()],
        [("uniform_minimum",), ("control_differs",)],
    ],
)
def test_miss_one_sign_or_one_day_of_it_states_nothing(footprints: list[tuple[str, ...]]) -> None:
    told = [day(number, "consistent", footprint=signs) for number, signs in zip((1, 0), footprints, strict=True)]
    assert found(seen(placed("consistent", *told))) == []


# honest twins -------------------------------------------------------------------------------------
def test_honest_twin_on_assignment_whom_the_policy_lets_be_elsewhere() -> None:
    policy = Policy(
        sanctions=(Sanction(owner="people@example.com", reason="Lisbon until May", claim=True, devices=("laptop-1",)),)
    )
    (finding,) = found(seen(placed("impossible", *days("impossible", "impossible", circles=(DUBLIN,))), policy=policy))
    assert (finding.level, finding.sanctioned) == (0, "people@example.com: Lisbon until May")


def test_honest_twin_behind_a_company_line_whose_traffic_leaves_elsewhere() -> None:
    told = days("unmeasurable", "unmeasurable", "unmeasurable", why_not="tunnelled")
    assert found(seen(placed("unmeasurable", *told))) == []


def test_honest_twin_on_a_satellite_that_answers_itself() -> None:
    assert found(seen(placed("unmeasurable", *days("unmeasurable", "unmeasurable", why_not="answered_locally")))) == []


def test_honest_twin_back_from_a_journey() -> None:
    assert found(seen(placed("consistent", *days("impossible", "impossible", "consistent", "consistent")))) == []


# could not look -----------------------------------------------------------------------------------
def test_could_not_look_without_measurements_claim_or_roster() -> None:
    two = placed("impossible", *days("impossible", "impossible", circles=(DUBLIN,)))
    assert found(seen(None)) == []
    assert found(seen(two, roster=None)) == []
    assert found(seen(two, roster=RosterEntry(person="p1", site="hq"))) == []


GLOBAL_PROTECT = Process(name="PanGPS", path="/opt/paloaltonetworks/globalprotect/PanGPS", package="globalprotect")


def _let_out(kind: str, *, client: bool, over: int = 5) -> list[Finding]:
    week: tuple[Verdict, ...] = ("impossible",) * 5
    device = msgspec.structs.replace(
        view(processes=[GLOBAL_PROTECT]) if client else view(),
        placing=placed("impossible", *days(*week)),
        roster=SEATTLE,
        egress=(egress(kind, "DE", range(over)),),
    )
    return found(device)


def test_honest_twin_a_security_client_that_lets_traffic_out_in_another_country_is_level_zero_and_said() -> None:
    (finding,) = _let_out("sase", client=True)
    assert finding.level == 0
    assert "GlobalProtect" in finding.sentence


@pytest.mark.parametrize(
    ("kind", "client", "over"),
    [("sase", False, 5), ("residential", True, 5), ("sase", True, 3)],
    ids=["its network without the client", "the client on a home's line", "some days only"],
)
def test_hit_a_client_s_network_or_the_client_alone_explains_nothing(kind: str, client: bool, over: int) -> None:
    (finding,) = _let_out(kind, client=client, over=over)
    assert finding.level == 5
