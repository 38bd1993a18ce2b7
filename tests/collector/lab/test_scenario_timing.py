"""Rhythms as pages and mice give them, and agents that are tampered with: what made reports show of it."""

import itertools
from collections import Counter, defaultdict

import pytest

from farmwatch_collector.lab import scenarios
from farmwatch_collector.lab.sample import Label, Sample
from farmwatch_schema.codec import decode_items, decode_report
from farmwatch_schema.observables.agent import AgentHealth
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_timing import GAP_EDGES_MS, InputTiming
from farmwatch_schema.report import Report

SMALL = """\
version: 1
name: {name}
about: A test's own.
days: 8
every_minutes: 120
groups:
- {group}
- ordinary: 12
  plain: true
  timing: {timing}
  traps: {{dual_boot: {dual_boot}}}
"""
SLOW = slice(4, 9)  # 9 to 120 ms: pages of IP-KVMs
FAST = slice(0, 4)


def made(tmp_path_factory: pytest.TempPathFactory, name: str, group: str, timing: str, dual_boot: float) -> Sample:
    path = tmp_path_factory.mktemp(name) / f"{name}.yaml"
    path.write_text(SMALL.format(name=name, group=group, timing=timing, dual_boot=dual_boot))
    return scenarios.make(scenarios.orders(str(path), (1,))[0])


@pytest.fixture(scope="module")
def timing(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    group = "{compose: {kvm: [tinypilot, jetkvm], disguise: [default], platform: []}, each: 3, timing: true, later: 0}"
    return made(tmp_path_factory, "rhythm", group, "true", 0)


@pytest.fixture(scope="module")
def integrity(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    group = "{compose: {software: [anydesk], tamper: [], platform: [linux]}, later: 0}"
    return made(tmp_path_factory, "integrity", group, "false", 0.5)


def reports(sample: Sample, label: Label) -> list[Report]:
    if sample.name not in _MADE:  # once for all devices
        for data in sample.reports():
            report = decode_report(data)
            _MADE[sample.name][report.device].append(report)
    return _MADE[sample.name][label.device]


_MADE: dict[str, dict[str, list[Report]]] = defaultdict(lambda: defaultdict(list))


def items(report: Report, kind: str) -> list[object]:
    (section,) = [each for each in report.sections if each.kind == kind]
    return list(decode_items(kind, section.items)) if section.items else []


def rows(sample: Sample, label: Label) -> list[InputTiming]:
    return [
        row for each in reports(sample, label) for row in items(each, "input_timing") if isinstance(row, InputTiming)
    ]


def test_a_page_of_a_kvm_is_slower_than_a_mouse_on_usb(timing: Sample) -> None:
    """PiKVM 10 ms and more, TinyPilot half a round trip, against 8 ms and less of HID on USB."""
    paces: dict[str, list[int]] = {"tinypilot": [], "usb": []}
    for label in timing.labels:
        for row in rows(timing, label):
            assert len(row.gaps) == len(GAP_EDGES_MS) + 1
            assert 85 <= sum(row.gaps) <= 115  # rounded to 5 each
            kvm = label.facets.get("kvm", "")
            if kvm == "tinypilot":
                paces["tinypilot"].append(sum(row.gaps[7:10]))  # 30 to 250 ms
            elif not kvm and row.bus == "usb":
                paces["usb"].append(sum(row.gaps[FAST]))
    assert min(paces["tinypilot"]) >= 80
    assert min(paces["usb"]) >= 60


def test_macs_tell_no_rhythm_and_jigglers_of_even_pace_a_period(timing: Sample) -> None:
    periods: Counter[object] = Counter()
    for label in timing.labels:
        told = rows(timing, label)
        assert not told or label.facets["platform"] != "macos"
        assert bool(told) == (label.facets.get("timing") == "on")
        if label.facets.get("kvm") == "jetkvm" and told:
            periods[label.facets["jiggle"], told[-1].period_seconds] += 1
    assert set(periods) <= {("on", 20), ("off", None)}
    assert periods


def tampered(sample: Sample, how: str) -> Label:
    (label,) = [each for each in sample.labels if each.facets.get("tamper") == how]
    assert (label.kind, label.farm) == ("tampered", True)
    return label


def test_a_copied_identity_is_two_machines_under_one_key(integrity: Sample) -> None:
    mine = reports(integrity, tampered(integrity, "cloned"))
    serials = {
        item.serial.digest
        for each in mine
        for item in items(each, "host")
        if isinstance(item, HostFacts) and item.serial
    }
    assert len(serials) == 2
    assert len({each.epoch for each in mine}) == 1
    assert max(Counter(each.sequence for each in mine).values()) == 2
    boots = [each.boot for each in mine]
    changes = sum(1 for before, after in itertools.pairwise(boots) if before != after)
    assert changes > len(set(boots))  # each comes back after the other


def test_a_frozen_report_moves_in_number_and_time_only(integrity: Sample) -> None:
    label = tampered(integrity, "frozen")
    frozen = [each for each in reports(integrity, label) if each.created_at >= label.since]
    assert len({(each.boot, each.uptime_seconds) for each in frozen}) == 1
    assert [each.sequence for each in frozen] == list(range(1, len(frozen) + 1))
    assert len({each.created_at for each in frozen}) == len(frozen) > 12


def test_a_silenced_agent_rests_for_hours_while_others_of_its_kind_report(integrity: Sample) -> None:
    def longest(label: Label) -> float:
        times = [each.created_at for each in reports(integrity, label)]
        hours = [int(at[8:10]) * 24 + int(at[11:13]) for at in times]
        return max(after - before for before, after in itertools.pairwise(hours))

    assert longest(tampered(integrity, "silenced")) >= 4
    assert longest(tampered(integrity, "clock_set")) <= 3


def test_clocks_of_two_systems_differ_by_whole_hours_and_one_set_by_hand_does_not(integrity: Sample) -> None:
    def offsets(label: Label) -> set[int]:
        found = [item for each in reports(integrity, label) for item in items(each, "agent")]
        return {item.clock_offset or 0 for item in found if isinstance(item, AgentHealth)} - {0}

    assert all(seconds % 900 for seconds in offsets(tampered(integrity, "clock_set")))
    twins = [label for label in integrity.labels if label.facets.get("trap") == "dual_boot"]
    off = set().union(*(offsets(label) for label in twins))
    assert off
    assert not [seconds for seconds in off if seconds % 3600]
