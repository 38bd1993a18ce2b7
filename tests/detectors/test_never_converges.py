"""never_converges: a person whose sign-ins and whose laptop are never in one country, and the honest twins."""

from typing import Any

import msgspec
import pytest

from farmwatch_detectors.never_converges import DETECTOR
from farmwatch_detectors.placing import Egress, Placing, SignIn
from farmwatch_detectors.policy import Claim, Policy, RosterEntry, Sanction
from farmwatch_detectors.view import DeviceView

from .exits import egress, signs
from .views import view

CLAIM = Claim(place="Seattle, WA, US", latitude=47.6, longitude=-122.3, country="US")
HOME = egress("residential", "US", range(28))


def lived(sign_ins: list[SignIn], *exits: Egress, **changes: Any) -> DeviceView:
    fields: dict[str, Any] = {"roster": RosterEntry(person="p-1", claim=CLAIM), **changes}
    return msgspec.structs.replace(view(), egress=exits or (HOME,), sign_ins=tuple(sign_ins), **fields)


def levels(*arguments: Any, **changes: Any) -> list[int]:
    return [finding.level for finding in DETECTOR.detect(lived(*arguments, **changes))]


def test_hit_two_weeks_of_sign_ins_from_a_home_abroad_are_level_two() -> None:
    # From Thursday, 5 November to Friday, the 20th there are twelve working days.
    [finding] = DETECTOR.detect(lived(signs("residential", "LA", range(16))))
    assert (finding.level, finding.group, finding.subject) == (2, "N", "sign-ins")
    assert "On 12 working days the person signed in from LA while the laptop was in US" in finding.sentence
    assert "Check:" in finding.sentence


@pytest.mark.parametrize("kind", ["mobile", "", "shared"])
def test_hit_the_same_from_a_carrier_or_an_unknown_network_is_level_one(kind: str) -> None:
    assert levels(signs(kind, "LA", range(16))) == [1]


def test_hit_a_laptop_behind_a_security_client_is_where_its_claim_says() -> None:
    client = egress("sase", "DE", range(28))
    assert levels(signs("residential", "LA", range(16)), client) == [2]
    disproved = Placing(verdict="impossible", sentence="9 ms to Dublin.")
    assert levels(signs("residential", "LA", range(16)), client, placing=disproved) == []


def test_miss_sign_ins_through_the_laptop_say_nothing() -> None:
    assert levels(signs("residential", "US", range(28), "192.0.2.1")) == []


def test_hit_sign_ins_through_the_laptop_do_not_bring_them_together() -> None:
    through = signs("residential", "US", range(28), "192.0.2.1")
    assert levels([*through, *signs("residential", "LA", range(16))]) == [2]


def test_honest_twin_a_phone_abroad_for_a_week_on_a_carrier() -> None:
    assert levels(signs("mobile", "JP", range(7))) == []


def test_honest_twin_one_sign_in_where_the_laptop_is_brings_them_together() -> None:
    assert levels([*signs("residential", "LA", range(16)), *signs("mobile", "US", [20])]) == []


def test_honest_twin_a_traveller_who_takes_the_laptop_along() -> None:
    exits = (egress("residential", "US", range(20, 28)), egress("residential", "JP", range(20), "192.0.2.8"))
    sign_ins = [*signs("mobile", "JP", range(20)), *signs("mobile", "US", range(20, 28))]
    assert levels(sign_ins, *exits) == []


@pytest.mark.parametrize("kind", ["vpn", "hosting", "sase", "company", "private"])
def test_honest_twin_a_phone_with_a_vpn_or_in_the_companys_network(kind: str) -> None:
    assert levels(signs(kind, "NL", range(28))) == []


def test_honest_twin_an_assignment_that_the_policy_names_is_level_zero() -> None:
    allowed = Policy(sanctions=(Sanction(owner="HR", reason="assignment", claim=True, devices=("laptop-1",)),))
    assert levels(signs("residential", "FR", range(16)), policy=allowed) == [0]


def test_honest_twin_ten_days_must_span_two_weeks() -> None:
    # Twelve days back from Friday, 20 November: the 9th to the 20th hold ten working days, in twelve.
    assert levels(signs("residential", "LA", range(12))) == []


def test_could_not_look_without_sign_ins_countries_or_days_of_the_laptop() -> None:
    assert levels([]) == []
    assert levels(signs("residential", "", range(28))) == []
    nowhere = egress("private", "", range(28), asn=0)
    assert levels(signs("residential", "LA", range(28)), nowhere) == []
    assert levels(signs("residential", "LA", range(28)), egress("sase", "DE", range(28)), roster=None) == []
