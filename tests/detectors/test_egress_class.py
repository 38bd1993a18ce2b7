"""egress_class: networks that hide, countries that are not the claimed one, and the honest twins."""

from typing import Any

import msgspec
import pytest

from farmwatch_detectors.egress_class import DETECTOR
from farmwatch_detectors.placing import Egress
from farmwatch_detectors.policy import Claim, Policy, RosterEntry, Sanction
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.observables.processes import Process

from .exits import DAY, egress
from .views import NOW, view

CLAIM = Claim(place="Seattle, WA, US", latitude=47.6, longitude=-122.3, country="US")
GLOBAL_PROTECT = Process(name="PanGPS", path="/opt/paloaltonetworks/globalprotect/PanGPS", package="globalprotect")


def seen(*exits: Egress, policy: Policy | None = None, **sections: Any) -> DeviceView:
    device = view(policy=policy, **sections)
    return msgspec.structs.replace(device, egress=exits, roster=RosterEntry(person="p-1", claim=CLAIM))


def found(*exits: Egress, **more: Any) -> list[tuple[str, int]]:
    return [(finding.subject, finding.level) for finding in DETECTOR.detect(seen(*exits, **more))]


@pytest.mark.parametrize("kind", ["hosting", "vpn"])
def test_hit_a_hiding_network_as_the_usual_one_is_level_two(kind: str) -> None:
    [finding] = DETECTOR.detect(
        seen(egress(kind, "RO", range(5), network="Tunnels"), egress("residential", "US", range(5, 10)))
    )
    assert (finding.subject, finding.level, finding.group) == ("network", 2, "N")
    assert "Tunnels (RO)" in finding.sentence
    assert "5 of 10 days" in finding.sentence
    assert "Check:" in finding.sentence
    assert [each.fact for each in finding.evidence] == [
        "Reports came from there on 5 days, last on 2026-11-20.",
    ]


def test_hit_exits_that_change_every_day_are_still_the_usual_ones() -> None:
    exits = [egress("vpn", "SE", [back], f"192.0.2.{back}") for back in range(8)]
    assert found(*exits) == [("network", 2)]


def test_hit_one_day_in_the_last_week_is_level_one() -> None:
    assert found(egress("vpn", "RO", [2]), egress("residential", "US", range(20))) == [("network", 1)]


def test_hit_four_days_are_not_yet_the_usual_ones() -> None:
    assert found(egress("vpn", "RO", range(4))) == [("network", 1)]


def test_hit_weeks_in_another_country_are_level_three() -> None:
    # 15 of 19 days that are known are 79 in 100: less than four of five.
    assert found(egress("residential", "LA", range(4, 19)), egress("residential", "US", range(4))) == []
    [finding] = DETECTOR.detect(seen(egress("residential", "LA", range(4, 20)), egress("residential", "US", range(4))))
    assert (finding.subject, finding.level) == ("country", 3)
    assert "On 16 of 20 days it was seen from LA and not from US" in finding.sentence


def test_miss_an_exit_in_somebodys_home_looks_like_a_home() -> None:
    assert found(egress("residential", "US", range(20))) == []


def test_miss_a_hosting_network_that_no_list_knows() -> None:
    assert found(egress("", "US", range(20))) == []


def test_honest_twin_a_vpn_of_three_weeks_ago_is_nothing() -> None:
    assert found(egress("vpn", "RO", range(15, 25)), egress("residential", "US", range(15))) == []


def test_honest_twin_the_companys_own_and_its_security_client_are_level_zero_and_said() -> None:
    [finding] = DETECTOR.detect(
        seen(egress("sase", "DE", range(20), network="Zscaler"), egress("company", "DE", range(9)))
    )
    assert (finding.level, finding.subject) == (0, "network")
    assert "Zscaler (DE)" in finding.sentence


def test_honest_twin_a_company_gateway_in_a_cloud_is_level_zero_while_its_client_runs() -> None:
    [finding] = DETECTOR.detect(seen(egress("hosting", "US", range(20)), processes=[GLOBAL_PROTECT]))
    assert finding.level == 0
    assert "name it in the policy" in finding.sentence
    # A consumer VPN's network is nobody's gateway.
    assert found(egress("vpn", "US", range(20)), processes=[GLOBAL_PROTECT]) == [("network", 2)]


def test_honest_twin_a_vpn_that_the_policy_allows_is_level_zero() -> None:
    allowed = Policy(sanctions=(Sanction(owner="IT", reason="works from cafes", vpn="mullvad", devices=("laptop-1",)),))
    [finding] = DETECTOR.detect(seen(egress("vpn", "SE", range(20)), policy=allowed))
    assert finding.level == 0
    assert "IT: works from cafes" in finding.sentence


@pytest.mark.parametrize("kind", ["mobile", "shared"])
def test_honest_twin_carriers_and_satellites_speak_of_no_place(kind: str) -> None:
    assert found(egress(kind, "JP", range(25))) == []


def test_honest_twin_two_weeks_abroad_and_back_again() -> None:
    assert found(egress("residential", "JP", range(14, 28)), egress("residential", "US", range(14))) == []


def test_honest_twin_days_on_which_both_countries_are_seen_are_at_home() -> None:
    assert found(egress("residential", "CA", range(25)), egress("residential", "US", range(25), "192.0.2.9")) == []


def test_honest_twin_an_assignment_that_the_policy_names_is_level_zero() -> None:
    allowed = Policy(sanctions=(Sanction(owner="HR", reason="assignment", claim=True, devices=("laptop-1",)),))
    assert found(egress("residential", "FR", range(25)), policy=allowed) == [("country", 0)]


def test_could_not_look_without_addresses_data_or_claim() -> None:
    assert found() == []
    assert found(egress("private", "", range(20), asn=0)) == []
    assert found(egress("", "", range(20), asn=0)) == []
    nobody = msgspec.structs.replace(seen(egress("residential", "FR", range(25))), roster=None)
    assert list(DETECTOR.detect(nobody)) == []


def test_addresses_without_single_days_count_from_first_to_last() -> None:
    whole = msgspec.structs.replace(egress("vpn", "RO", (0, 9)), days=())
    assert found(whole) == [("network", 2)]
    assert whole.seen_until - whole.seen_from == 9 * DAY
    assert NOW.date() == whole.seen_until.date()
