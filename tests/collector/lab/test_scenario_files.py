"""Scenario files and recorded fleets: read back as written, and faults said with file, line and field."""

import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.input_error import InputError
from farmwatch_collector.lab import scenarios
from farmwatch_collector.lab.sample import Order, Sample
from farmwatch_collector.lab.scenarios import scenario

SMALL = """\
version: 1
name: small
about: One PiKVM and a few others.
days: 2
groups:
- compose: {kvm: [pikvm], platform: [linux]}
- ordinary: 3
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Sample]:
    folder = tmp_path_factory.mktemp("fleet")
    path = folder / "small.yaml"
    path.write_text(SMALL)
    (order,) = scenarios.orders(str(path), (1,))
    sample = scenarios.make(order)
    scenarios.write(sample, str(folder / "recorded"))
    return folder, sample


def test_a_written_sample_is_read_as_it_was(small: tuple[Path, Sample]) -> None:
    folder, sample = small
    (order,) = scenarios.orders(str(folder / "recorded"), (1, 2))
    again = scenarios.make(order)
    assert list(again.reports()) == list(sample.reports())
    assert (again.labels, again.roster, again.policy, again.key) == (
        sample.labels,
        sample.roster,
        sample.policy,
        sample.key,
    )


def test_a_folder_holds_scenarios_and_recorded_fleets(small: tuple[Path, Sample]) -> None:
    folder, _ = small
    orders = scenarios.orders(str(folder), (1, 2))
    assert [Path(order.scenario).name for order in orders] == ["recorded", "small.yaml", "small.yaml"]


def test_reports_in_plain_files_one_laptop_after_the_other_come_by_time(
    small: tuple[Path, Sample], tmp_path: Path
) -> None:
    folder, sample = small
    lines = sorted(sample.reports())  # by device, then number as text: no order of time
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "labels.csv").write_text((folder / "recorded" / "labels.csv").read_text())
    times = [
        data.split(b'"created_at":"')[1][:20]
        for data in scenarios.make(Order(scenario=str(tmp_path), seed=0)).reports()
    ]
    assert times == sorted(times)
    assert len(times) == len(lines)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version: 1", "version: 2", "small.yaml line 1, version: is 2."),
        ("days: 2", "days: many", "small.yaml line 4, days: Expected `int`"),
        ("days: 2", "days: 0", "small.yaml line 4, days: is 0."),
        ("[pikvm]", "[pikwm]", "small.yaml line 6, groups[0].compose.kvm[0]: is 'pikwm'. Did you mean 'pikvm'?"),
        ("kvm:", "kvms:", "groups[0].compose.kvms: is no word of a composition."),
        ("ordinary: 3", "ordinary: 3\n  traps: {copule: 0.1}", "line 8, groups[1].traps.copule: is no trap."),
        ("ordinary: 3", "ordinary: 3\n  traps: {household: 7}", "groups[1].traps.household: is 7.0."),
        ("ordinary: 3", "each: 2", "line 7, groups[1]: must either compose"),
        ("name: small", "name: Small One", "line 2, name: is 'Small One'."),
        ("about:", "abuot:", "unknown field"),
        ("days: 2", "days: [2", "is not valid YAML"),
        ("days: 2", "days: &a 2\nper_part: *a", "line 5: anchors and aliases are not taken."),
    ],
)
def test_a_fault_in_a_scenario_is_said_with_its_place(old: str, new: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario.parse(SMALL.replace(old, new), "small.yaml")
    assert says in str(caught.value)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_a_scenario_or_an_input_error(text: str) -> None:
    with suppress(InputError):
        scenario.parse(text, "any.yaml")


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("labels.csv", "device,", "devcie,", "labels.csv line 1, device: is missing"),
        ("labels.csv", ",yes,", ",maybe,", "farm: is 'maybe'. Write yes or no."),
        ("labels.csv", ",kvm_default,", ",kvm,", "kind: is 'kvm'."),
        ("labels.csv", ",kvm_default,", ",ordinary,", "kind: is 'ordinary' and farm is 'yes'."),
        ("labels.csv", "2026-10-05T", "yesterday ", "since: is no time"),
        ("identifier.key", "", "zz", "identifier.key line 1: is no key."),
    ],
)
def test_a_fault_in_a_recorded_fleet_is_said_with_its_place(
    small: tuple[Path, Sample], tmp_path: Path, file: str, old: str, new: str, says: str
) -> None:
    for source in (small[0] / "recorded").iterdir():
        (tmp_path / source.name).write_bytes(source.read_bytes())
    text = (tmp_path / file).read_text()
    (tmp_path / file).write_text(text.replace(old, new, 1) if old else new)
    with pytest.raises(InputError) as caught:
        scenarios.make(Order(scenario=str(tmp_path), seed=0))
    assert says in str(caught.value)


def test_reports_and_labels_must_meet(small: tuple[Path, Sample], tmp_path: Path) -> None:
    recorded, sample = small[0] / "recorded", small[1]
    labels = (recorded / "labels.csv").read_text().splitlines()
    (tmp_path / "labels.csv").write_text("\n".join(labels[:-1]))
    reports = gzip.decompress((recorded / "reports.jsonl.gz").read_bytes())
    (tmp_path / "reports.jsonl").write_bytes(reports)
    with pytest.raises(InputError, match=r"reports\.jsonl line \d+, device: '[0-9a-f]{16}' has no label"):
        scenarios.make(Order(scenario=str(tmp_path), seed=0))
    (tmp_path / "labels.csv").write_text(
        "\n".join([*labels, "nobody,no,ordinary,2026-10-05T00:00:00Z" + "," * 40][:99])
    )
    with pytest.raises(InputError, match="cells, the header has"):
        scenarios.make(Order(scenario=str(tmp_path), seed=0))
    (tmp_path / "labels.csv").write_text("\n".join(labels))
    (tmp_path / "reports.jsonl").write_bytes(reports.replace(b'"sequence":1,', b'"sequence":"1",', 1))
    with pytest.raises(InputError, match=r"reports\.jsonl line 1, sequence"):
        scenarios.make(Order(scenario=str(tmp_path), seed=0))
    (tmp_path / "reports.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match=r"cannot be read|sequence"):
        scenarios.make(Order(scenario=str(tmp_path), seed=0))
    assert sample.labels


def test_a_folder_with_nothing_to_judge_and_an_unknown_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds neither a scenario nor a recorded fleet"):
        scenarios.orders(str(tmp_path), (1,))
    with pytest.raises(InputError, match=r"is no scenario\. There are clean, farm"):
        scenarios.orders("nothing", (1,))
    with pytest.raises(InputError, match="is no folder of public dumps"):
        scenarios.make(Order(scenario="farm", seed=1, corpus=str(tmp_path)))


def test_a_clean_scenario_gives_as_many_device_days_as_wanted() -> None:
    clean = scenarios.load("clean")
    people = sum(group.ordinary for group in clean.groups)
    orders = scenarios.orders("clean", (1, 2, 3, 4, 5), device_days=100_000)
    assert 100_000 <= len(orders) * people * clean.days < 100_000 + 5 * people * clean.days
