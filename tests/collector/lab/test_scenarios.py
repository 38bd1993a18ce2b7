"""Made fleets: reports as agents make them, labels that do not travel, the same sample for the same order."""

import itertools
import re
from collections import Counter
from datetime import date
from functools import cache
from itertools import combinations
from pathlib import Path

import msgspec
import pytest

from farmwatch_collector.history import MISSING, History
from farmwatch_collector.lab import scenarios
from farmwatch_collector.lab.sample import HELD_OUT_SEEDS, TUNING_SEEDS, Order, Sample
from farmwatch_collector.lab.scenarios.directory import ALL_KINDS
from farmwatch_collector.lab.scenarios.trap_table import TRAPS
from farmwatch_collector.policy_file import parse_policy
from farmwatch_collector.roster_file import parse_roster
from farmwatch_schema.codec import decode_report, digest_of, encode
from farmwatch_schema.observables import KINDS
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.input_source import InputDay
from farmwatch_schema.observables.usb import UsbDevice

DOCS = Path(__file__).parents[3] / "docs" / "scenarios.md"
SHIPPED = ("clean", "farm", "integrity", "kvm", "matrix", "permissions", "place", "software", "software_days", "timing")


@pytest.fixture(scope="module")
def farm() -> Sample:
    sample = scenarios.make(Order(scenario="farm", seed=TUNING_SEEDS[0]))
    kept = list(sample.reports())  # many tests read them
    return msgspec.structs.replace(sample, reports=lambda: iter(kept))


@pytest.fixture(scope="module")
def clean() -> Sample:
    return clean_of(TUNING_SEEDS[0])


@cache
def clean_of(seed: int) -> Sample:
    """An ordinary fleet, made once for all tests that look at its labels."""
    return scenarios.make(Order(scenario="clean", seed=seed))


def histories(sample: Sample) -> dict[str, History]:
    found: dict[str, History] = {}
    for data in sample.reports():
        report = decode_report(data)
        found.setdefault(report.device, History()).add(report)
    return found


def test_every_shipped_scenario_gives_orders_and_a_sample() -> None:
    assert scenarios.shipped() == SHIPPED
    for name in SHIPPED:
        orders = scenarios.orders(name, (1,))
        sample = scenarios.make(orders[-1])
        assert sample.labels
        assert {label.kind for label in sample.labels} <= set(ALL_KINDS)
        assert next(iter(sample.reports()))


def test_reports_are_those_of_an_agent(farm: Sample) -> None:
    """docs/report.md: numbered from 1, chained, every kind, states in full once and by digest after."""
    last: dict[str, tuple[int, str, str]] = {}
    history: dict[str, History] = {}
    digests: dict[tuple[str, str], str] = {}
    times: list[str] = []
    for data in farm.reports():
        report = decode_report(data)
        assert encode(report) == data
        assert [section.kind for section in report.sections] == list(KINDS)
        number, before, epoch = last.get(report.device, (0, "", report.epoch))
        assert (report.sequence, report.previous, report.epoch) == (number + 1, before, epoch)
        assert report.uptime_seconds > 0
        last[report.device] = (report.sequence, digest_of(data), epoch)
        for section in report.sections:
            key = (report.device, section.kind)
            if section.digest:
                assert (section.items is msgspec.UNSET) == (digests.get(key) == section.digest)
            digests[key] = section.digest
        history.setdefault(report.device, History()).add(report)
        times.append(report.created_at)
    assert times == sorted(times)
    assert set(last) == {label.device for label in farm.labels}
    assert not [view for each in history.values() for view in each.sections.values() if view.reason == MISSING]


def test_the_same_order_is_the_same_sample_and_another_seed_another_one(farm: Sample) -> None:
    again = scenarios.make(Order(scenario="farm", seed=TUNING_SEEDS[0]))
    assert list(again.reports()) == list(farm.reports()) == list(again.reports())
    assert (again.labels, again.roster, again.policy, again.key) == (farm.labels, farm.roster, farm.policy, farm.key)
    other = scenarios.make(Order(scenario="farm", seed=HELD_OUT_SEEDS[0]))
    assert not {label.device for label in other.labels} & {label.device for label in farm.labels}
    assert other.key != farm.key


def test_no_label_travels(farm: Sample) -> None:
    words = {label.kind for label in farm.labels} | {value for label in farm.labels for value in label.facets.values()}
    words -= {"windows", "macos", "linux", "none", "all", "edid", "names", "whole", "open", "closed", "default"}
    words -= {"rustdesk", "anydesk", *"123456"}
    words = {word for word in words if not re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{4}", word)}
    assert "storage_off" in words
    assert "farm" in words
    pattern = re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, sorted(words)))})(?![\w-])")
    assert pattern.search('"kind":"farm"')
    for data in farm.reports():
        assert not pattern.search(data.decode())


@pytest.mark.parametrize("name", ["farm", "matrix"])
def test_names_and_order_carry_no_label(name: str) -> None:
    """The mean place of driven laptops among all ids, first reports and roster rows is that of chance (4 samples)."""
    places: dict[str, list[float]] = {"labels": [], "roster": [], "epoch": []}
    for seed in range(1, 5):
        sample = scenarios.make(Order(scenario=name, seed=seed))
        farms = {label.device for label in sample.labels if label.farm}
        epochs = {decode_report(data).epoch: decode_report(data).device for data in _first_reports(sample)}
        orders = {
            "labels": [label.device for label in sample.labels],
            "roster": list(parse_roster(sample.roster, "roster.csv")),
            "epoch": [epochs[epoch] for epoch in sorted(epochs)],
        }
        for what, devices in orders.items():
            assert set(devices) == {label.device for label in sample.labels}
            places[what] += [place / len(devices) for place, device in enumerate(devices) if device in farms]
    for what, found in places.items():
        assert abs(sum(found) / len(found) - 0.5) < 4 * 0.29 / len(found) ** 0.5, what


def _first_reports(sample: Sample) -> list[bytes]:
    found: list[bytes] = []
    for data in sample.reports():
        if b'"sequence":1,' in data:
            found.append(data)
        if len(found) == len(sample.labels):
            break
    return found


def test_roster_and_policy_are_what_the_commands_take(clean: Sample) -> None:
    roster = parse_roster(clean.roster, "roster.csv")
    policy, warnings = parse_policy(clean.policy, "policy.yaml", date(2026, 10, 5))
    assert warnings == ()
    assert [cohort.name for cohort in policy.cohorts] == ["remote_new_hire"]
    assert "remote_new_hire" in {entry.cohort for entry in roster.values()}
    assert set(roster) == {label.device for label in clean.labels}


def test_what_the_label_says_is_there_from_since_on(farm: Sample) -> None:
    driven = {label.device: label for label in farm.labels if label.farm and label.facets["kvm"] != "none"}
    onsets = Counter(label.facets["onset"] for label in driven.values())
    assert min(onsets["from the start"], onsets["later"]) >= 3
    seen: dict[str, str] = {}
    for data in farm.reports():
        report = decode_report(data)
        if report.device in driven and report.device not in seen:
            history = History()
            history.add(report)
            section = history.sections["usb"]
            if any(isinstance(item, UsbDevice) and item.port_path.endswith("-4") for item in section.items):
                seen[report.device] = report.created_at
    for device, label in driven.items():
        assert label.since <= seen[device] <= label.since[:11] + "24", label


def test_sleeping_laptops_report_nothing_and_days_are_counted_as_the_agent_does(clean: Sample) -> None:
    """docs/report.md and input_source.py: a day's slots are 96 bits, its minutes quarters of an hour."""
    few = msgspec.structs.replace(clean, reports=lambda: itertools.islice(clean.reports(), 6_000))  # its first days
    hours = Counter(data.partition(b'"created_at":"')[2][11:13].decode() for data in few.reports())
    assert hours["18"] > 4 * hours["09"]  # noon of Chicago against its small hours
    days = [
        span.item
        for history in histories(few).values()
        for span in history.spans["input_source"]
        if isinstance(span.item, InputDay)
    ]
    for day in days:
        assert re.fullmatch(r"[0-9a-f]{24}", day.slots)
        assert day.active % 15 == 0 <= day.active <= 15 * int(day.slots, 16).bit_count()
        assert day.watched % 15 == 0
        assert all(share.percent % 5 == 0 for share in day.shares)
    assert any(day.active > 300 for day in days)
    assert {day.method for day in days} == {"evdev", "raw_input", "idle_time"}


def test_each_platform_tells_what_it_can(farm: Sample) -> None:
    """docs/facts.md: Windows hides report descriptors, a Mac's registry has no endpoints and no bcdHID."""
    platforms = {label.device: label.facets["platform"] for label in farm.labels}
    seen: set[str] = set()
    for device, history in histories(farm).items():
        platform = platforms[device]
        for item in history.sections["usb"].items:
            if not isinstance(item, UsbDevice):
                continue
            for part in item.interfaces:
                if part.class_triple.startswith("03/"):
                    seen.add(platform)
                    assert (part.report_descriptor is None) or platform != "windows"
                    if platform == "macos":
                        assert part.endpoints == ()
                        assert part.bcd_hid == ""
        for span in history.spans["input_source"]:
            if isinstance(span.item, InputDay) and platform == "macos":
                assert {share.bus for share in span.item.shares} <= {"other", "injected"}
        if platform == "macos":
            assert not [
                each
                for each in history.sections["displays"].items
                if isinstance(each, Display) and each.edid and each.internal
            ]
    assert seen == {"linux", "macos", "windows"}


def test_houses_of_a_farm_share_a_gateway(farm: Sample) -> None:
    sizes = Counter(label.facets["house"] for label in farm.labels if label.farm)
    assert min(sizes.values()) >= 4


def test_every_trap_of_the_list_is_there_at_its_rate() -> None:
    """threat-signals section 7 has twenty; a rate is met within four standard deviations of 10 samples."""
    assert {trap.number for trap in TRAPS.values()} == set(range(1, 21))
    counted: Counter[str] = Counter()
    people = 0
    for seed in range(1, 11):
        labels = clean_of(seed).labels
        assert not [label for label in labels if label.farm]
        counted.update(name for label in labels for name in label.facets.get("trap", "").split("+"))
        people += len(labels)
    for trap in TRAPS.values():
        assert trap.make.__doc__, trap.name
        wanted = people * trap.rate
        assert abs(counted[trap.name] - wanted) <= 4 * (wanted * trap.size) ** 0.5 + 0.1 * wanted, trap.name
    assert counted[""] > people / 4


def test_people_have_more_than_one_trap_and_never_two_that_exclude_each_other() -> None:
    """Habits come by themselves: of 2,500 people about 3 % x 3 % have both a VPN and a gaming keyboard."""
    pairs: Counter[frozenset[str]] = Counter()
    several = 0
    for seed in range(1, 11):
        for label in clean_of(seed).labels:
            names = [name for name in label.facets.get("trap", "").split("+") if name]
            several += len(names) > 1
            pairs.update(frozenset(pair) for pair in combinations(names, 2))
            for name in names:
                assert len(names) == 1 or not TRAPS[name].alone, label
                assert not set(TRAPS[name].unlike) & set(names), label
    assert several > 200
    assert pairs[frozenset(("developer", "clamshell_desk"))] >= 8  # 20 are expected
    assert any("own_tool" in pair for pair in pairs)


def test_the_earlier_user_s_kvm_is_registered_for_their_time() -> None:
    found = 0
    for seed in range(1, 6):
        sample = clean_of(seed)
        policy, _ = parse_policy(sample.policy, "policy.yaml", date(2026, 10, 5))
        reissued = [label.device for label in sample.labels if label.facets.get("trap") == "reissued"]
        for device in reissued:
            (asset,) = [each for each in policy.sanctions if each.asset_serial and device in each.devices]
            assert asset.until is not None
            assert date(2026, 10, 5) < asset.until < date(2026, 11, 2)
        found += len(reissued)
    assert found


def test_the_page_has_every_trap_with_its_rate() -> None:
    page = DOCS.read_text(encoding="utf-8")
    for trap in TRAPS.values():
        row = re.search(rf"^\| {trap.number} \| `{trap.name}` \| ([0-9.]+) % \|", page, re.M)
        assert row, f"docs/scenarios.md: no row for {trap.name}"
        assert float(row[1]) == pytest.approx(trap.rate * 100), trap.name


def test_a_missing_permission_is_told_and_never_clean() -> None:
    orders = scenarios.orders("permissions", (1,))
    outcomes: dict[str, set[str]] = {}
    for order in orders[:3]:
        sample = scenarios.make(order)
        missing = {label.device: label.facets.get("missing", "") for label in sample.labels}
        for device, history in histories(sample).items():
            if missing[device] in ("", "none"):
                continue
            untold = {
                kind
                for kind, view in history.sections.items()
                if not view.complete and not (view.outcome == "none" or view.outcome == "not_supported")
            }
            outcomes.setdefault(missing[device], set()).update(untold)
            assert untold, missing[device]
    assert set(outcomes) >= {"usb", "displays", "input", "input_days", "processes", "services", "sockets", "browsers",
                             "media", "wifi", "sessions", "panel"}  # fmt: skip
    for name, kind in (("usb", "usb"), ("input_days", "input_source"), ("panel", "displays"), ("media", "media")):
        assert kind in outcomes[name]
