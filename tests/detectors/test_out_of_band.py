"""out_of_band: provisioned, merely there, not known, and the company's own fleet."""

import pytest

from farmwatch_detectors.detector import level_table
from farmwatch_detectors.out_of_band import DETECTOR
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_schema.observables.host import HostFacts

from .views import view

PROVISIONED = HostFacts(os="Windows 11 Pro", hypervisor="", out_of_band="provisioned")


def test_hit_a_provisioned_engine_is_level_one() -> None:
    [finding] = DETECTOR.detect(view(host=[PROVISIONED]))
    assert (finding.subject, finding.level, finding.group) == ("intel-amt", 1, "R")
    assert "Check:" in finding.sentence


@pytest.mark.parametrize("state", ["present", "none", None])
def test_miss_an_engine_that_is_merely_there_or_not_known_is_nothing(state: str | None) -> None:
    assert list(DETECTOR.detect(view(host=[HostFacts(os="Windows 11 Pro", out_of_band=state)]))) == []


def test_honest_twin_a_company_s_vpro_fleet_is_sanctioned() -> None:
    policy = Policy(sanctions=(Sanction(tool="intel-amt", owner="it@example.com", reason="vPro fleet"),))
    [finding] = DETECTOR.detect(view(host=[PROVISIONED], policy=policy))
    assert (finding.level, finding.sanctioned) == (0, "it@example.com: vPro fleet")


def test_honest_twin_alone_it_weighs_less_than_a_bit() -> None:
    row = level_table(DETECTOR.id)[1]
    assert row.m / row.u < 2


def test_could_not_look_gives_no_finding() -> None:
    assert list(DETECTOR.detect(view())) == []
    assert list(DETECTOR.detect(view(host=[PROVISIONED], outcome="not_permitted"))) == []
