"""Honest people who look out of place: how far network and records can take a device when nothing else speaks.

Bits are worked out by hand: a base rate of 1 in 10,000 stands at -13.3 bits, a remote new hire's of 1 in 1,000 at
-10.0; watch begins at -6.6, review at -3.2. The network gives 4 bits at most while all its rows are judged, records 2.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

from farmwatch_collector.assessment import Assessment
from farmwatch_collector.bench.judging import judge_sample
from farmwatch_collector.bench.outcomes import Outcome
from farmwatch_collector.evaluate import table_of
from farmwatch_collector.lab import scenarios
from farmwatch_collector.lab.sample import TUNING_SEEDS, Order
from farmwatch_collector.lab.scenarios import clean
from farmwatch_collector.score import Prior, group_levels, score_levels
from farmwatch_detectors.groups import silence_table
from farmwatch_detectors.registry import DETECTORS
from farmwatch_schema.finding import GROUPS, Finding

from .scoring import ENROLLED, NOW, finding

NETWORK = [each.id for each in DETECTORS if each.group == "N"]
NETWORK_DETECTORS = (
    "vpn_or_tunnel", "travel_router", "time_zone_conflict", "radios_silenced", "covert_arp", "latency_disproof",
    "egress_class", "mobile_only", "never_converges",
)  # fmt: skip
TABLES = {each.id: table_of(each.id) for each in DETECTORS}
#: Nothing could be looked at, so that no silence speaks for the device: the worst case for the innocent.
GREY = dict.fromkeys(GROUPS, "not looked at")
NEW_HIRE = Prior(fleet=0.0001, cohort="remote_new_hire", share=0.001)
ORDINARY = Prior(fleet=0.0001)


def judged(found: Sequence[Finding], prior: Prior = ORDINARY) -> Assessment:
    levels, _ = group_levels(found, GREY, TABLES, silence_table(), NOW, ENROLLED)
    return score_levels("a", NOW, levels, prior, found)


def bits_of(result: Assessment, key: str) -> float:
    return sum(bar.bits for bar in result.bars if bar.key == key)


def highest(group: str) -> list[Finding]:
    return [
        finding(each.id, each.group, max(TABLES[each.id]), subject=each.id) for each in DETECTORS if each.group == group
    ]


def test_all_that_speaks_of_network_and_place_is_one_group_of_its_own() -> None:
    assert sorted(NETWORK) == sorted(NETWORK_DETECTORS)
    assert [each.id for each in DETECTORS if each.group == "HR"] == ["roster_mismatch"]


def test_of_all_network_detectors_only_the_heaviest_counts_whatever_fires_beside_it() -> None:
    """Every pair at every level, and all at once: the group weighs what its heaviest finding weighs alone."""
    single = {
        (name, level): bits_of(judged([finding(name, "N", level)]), "N") for name in NETWORK for level in TABLES[name]
    }
    assert max(single.values()) <= 4.0
    for one, other in itertools.combinations(single, 2):
        both = judged([finding(name, "N", level, subject=name) for name, level in (one, other)])
        assert bits_of(both, "N") == pytest.approx(max(single[one], single[other]))
    assert bits_of(judged(highest("N")), "N") == pytest.approx(max(single.values()))


def test_all_network_detectors_at_once_leave_an_ordinary_remote_person_clear_and_a_new_hire_at_watch() -> None:
    everything = highest("N")
    assert judged(everything).attention == "none"  # -13.3 + 4.0
    assert judged(everything, NEW_HIRE).attention == "watch"  # -10.0 + 4.0


def test_records_and_network_of_a_new_hire_who_moved_never_reach_review_without_another_group() -> None:
    moved = [*highest("N"), *highest("HR")]
    result = judged(moved, NEW_HIRE)
    assert bits_of(result, "HR") <= 2.0
    assert result.attention == "watch"  # -10.0 + 4.0 + 2.0 = -4.0
    assert judged(moved).attention == "none"  # -13.3 + 6.0
    # With a known tool beside them it is a case: what they add is not lost, only never enough.
    assert judged([*moved, finding("remote_access_tool", "R", 2)], NEW_HIRE).attention in ("review", "urgent")


def test_records_alone_add_nothing() -> None:
    result = judged(highest("HR"), NEW_HIRE)
    assert result.bits == pytest.approx(judged([], NEW_HIRE).bits)
    # A level 0 of the network (a sanctioned VPN, the company's own exit) is no company for them.
    harmless = judged([*highest("HR"), finding("egress_class", "N", 0)], NEW_HIRE)
    assert harmless.bits == pytest.approx(judged([], NEW_HIRE).bits)


@pytest.mark.parametrize("name", [*NETWORK, "roster_mismatch"])
def test_levels_weigh_what_they_claim_and_say_where_it_comes_from(name: str) -> None:
    for row in TABLES[name].values():
        assert 0 < row.u < row.m <= 1, "a level that speaks against somebody is likelier in a farm"
        assert row.basis == "judgement", "no labelled farm is public: m is judged, whatever u rests on"
        assert any(source.startswith("u:") for source in row.sources)
        assert any(source.startswith("m:") for source in row.sources)
        assert len(row.innocent) >= 2
        assert row.clears


LEVELS_OF_ONE_SUBJECT = {
    # 4 is a subject of its own: added delay (latency_disproof.py).
    "latency_disproof": ((1, 2, 5), (1, 3, 5)),
    "egress_class": ((1, 2), (1, 3)),
}


@pytest.mark.parametrize("name", [*NETWORK, "roster_mismatch"])
def test_a_higher_level_of_one_thing_is_rarer_among_the_innocent_and_weighs_more(name: str) -> None:
    for chain in LEVELS_OF_ONE_SUBJECT.get(name, (tuple(sorted(TABLES[name])),)):
        rows = [TABLES[name][level] for level in chain]
        for low, high in itertools.pairwise(rows):
            assert high.u < low.u, (name, low.level, high.level)
            assert high.m / high.u > low.m / low.u, (name, low.level, high.level)


def _fleet(folder: Path, traps: dict[str, float], devices: int, days: int = 17) -> list[Outcome]:
    rates = ", ".join(f"{name}: {rate}" for name, rate in traps.items())
    text = (
        f"version: 1\nname: honest\nabout: honest people who look out of place\ndays: {days}\nevery_minutes: 240\n"
        f"rounds: 1\ngroups:\n- ordinary: {devices}\n  plain: true\n  traps: {{{rates}}}\n"
    )
    (folder / "honest.yaml").write_text(text, encoding="utf-8")
    sample = scenarios.make(Order(scenario=str(folder / "honest.yaml"), seed=TUNING_SEEDS[0]))
    return list(judge_sample(sample, ablations=False))


def _levels(outcome: Outcome, group: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for stated in outcome.stated:
        if stated.group == group:
            found[stated.detector] = max(stated.level, found.get(stated.detector, 0))
    return found


def test_starlink_a_consumer_vpn_and_weeks_abroad_at_once_are_at_most_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From reports, origins and sign-ins to the score: several detectors speak, and the new hire stays below review."""
    monkeypatch.setattr(clean, "NEW_HIRES", 1.0)
    traps = {"abroad": 1.0, "odd_link": 1.0, "private_person": 1.0, "silent_desk": 1.0, "foreign_card": 1.0}
    outcomes = _fleet(tmp_path, traps, 4)
    assert max(len(_levels(each, "N")) for each in outcomes) >= 3
    assert not [each for each in outcomes if each.cases or each.attention not in ("none", "watch")]


def test_new_hires_who_moved_are_asked_about_and_stay_below_review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean, "NEW_HIRES", 1.0)
    outcomes = _fleet(tmp_path, {"moved_house": 1.0}, 4)
    assert all(_levels(each, "HR").get("roster_mismatch") == 1 for each in outcomes), "one cause, however often told"
    assert any(_levels(each, "N").get("latency_disproof", 0) >= 1 for each in outcomes)
    assert not [each for each in outcomes if each.cases or each.attention not in ("none", "watch")]


def test_a_commuter_a_phone_from_abroad_and_people_at_home_are_not_even_asked_about(tmp_path: Path) -> None:
    outcomes = _fleet(tmp_path, {"commuter": 0.6, "foreign_number": 0.6}, 6, days=9)
    traps = {name for each in outcomes for name in each.label.facets.get("trap", "").split("+")}
    assert {"commuter", "foreign_number"} <= traps
    assert not [each for each in outcomes if _levels(each, "N") or _levels(each, "HR")]
