"""A labelled fleet judged over days: the same figures as `farmwatch score`, and what happens in between."""

import json
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from farmwatch_collector.bench.judging import judge_sample
from farmwatch_collector.bench.outcomes import Outcome
from farmwatch_collector.bench.running import results_of
from farmwatch_collector.cli import main
from farmwatch_collector.lab import equipment, monitors
from farmwatch_collector.lab.fleet import Person
from farmwatch_collector.lab.sample import Label, Sample

from .tiny import BEGIN, KEY, sample


@pytest.fixture(scope="module")
def judged() -> dict[str, Outcome]:
    return {each.label.device: each for each in judge_sample(sample())}


def test_every_kvm_of_the_demos_farm_is_found_at_its_first_report(judged: dict[str, Outcome]) -> None:
    kvms = [each for each in judged.values() if each.label.kind.startswith("kvm")]
    assert len(kvms) == 4
    assert all(each.review_at == each.active_at == BEGIN for each in kvms)


def test_no_oddity_of_the_demos_fleet_becomes_a_case(judged: dict[str, Outcome]) -> None:
    innocent = [each for each in judged.values() if not each.label.farm]
    assert len(innocent) == 55
    assert [each.label.facets for each in innocent if each.cases] == []


def test_a_device_is_judged_when_something_changed_and_at_each_days_end(judged: dict[str, Outcome]) -> None:
    # The first report, then two midnights: nothing changes in between on an ordinary laptop.
    assert {each.judged for each in judged.values() if each.label.kind == "ordinary"} <= {3, 4}
    assert all(each.days == pytest.approx(40 / 24) for each in judged.values())


def test_the_last_figures_are_those_of_farmwatch_score(
    judged: dict[str, Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    # Two ways over the same reports: scored at once from files, and judged as they came.
    one = sample()
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / name for name in ("all.jsonl", "roster.csv", "policy.yaml", "identifier.key")}
        paths["all.jsonl"].write_bytes(b"\n".join(one.reports()))
        paths["roster.csv"].write_text(one.roster)
        paths["policy.yaml"].write_text(one.policy)
        paths["identifier.key"].write_text(KEY.hex())
        reports, roster, policy, key = (str(path) for path in paths.values())
        words = ["score", reports, "--roster", roster, "--policy", policy, "--key-file", key, "--json"]
        assert main(words) == 0
    scored = {item["device"]: item for item in json.loads(capsys.readouterr().out)["items"]}
    assert scored.keys() == judged.keys()
    different = {
        name: (outcome.points, scored[name]["points"])
        for name, outcome in judged.items()
        if (outcome.points, outcome.attention) != (scored[name]["points"], scored[name]["level"])
    }
    assert different == {}


def test_what_comes_later_is_timed_from_its_first_report() -> None:
    plugged = BEGIN + timedelta(days=1)

    def change(person: Person, at: datetime) -> None:
        if at == plugged:
            person.add("usb", equipment.pikvm("1-4"))
            person.add("displays", monitors.display("HDMI-A-9", monitors.PIKVM_V4_PLUS))

    one = sample(chosen=lambda person: person.number == 2, change=change)
    label = Label(device="laptop-002", farm=True, kind="kvm_default", since=plugged.isoformat())
    (outcome,) = judge_sample(Sample(**{**{f: getattr(one, f) for f in one.__struct_fields__}, "labels": (label,)}))
    assert outcome.active_at == plugged
    assert outcome.review_at == plugged
    assert [case.at for case in outcome.cases] == [plugged]
    assert {(each.detector, each.level) for each in outcome.stated} >= {("ip_kvm_shape", 3)}


def test_devices_come_in_the_order_of_their_labels_and_always_the_same(judged: dict[str, Outcome]) -> None:
    again = judge_sample(sample())
    assert list(again) == list(judged.values())


def test_without_ablations_the_figures_are_the_same(judged: dict[str, Outcome]) -> None:
    plain = {each.label.device: each for each in judge_sample(sample(), ablations=False)}
    assert all(each.variants == () for each in plain.values())
    assert {name: each.points for name, each in plain.items()} == {name: each.points for name, each in judged.items()}


def test_a_device_without_reports_has_no_outcome() -> None:
    one = sample(chosen=lambda person: person.number < 3)
    more = (*one.labels, Label(device="laptop-999", farm=False, kind="ordinary", since=BEGIN.isoformat()))
    whole = Sample(**{**{f: getattr(one, f) for f in one.__struct_fields__}, "labels": more})
    assert [each.label.device for each in judge_sample(whole)] == ["laptop-001", "laptop-002"]


def test_without_ip_kvm_detectors_the_demos_kvms_are_lost(judged: dict[str, Outcome]) -> None:
    results = results_of(list(judged.values()), "outside", "outside", ())
    by_name = {each.name: each for each in results.without if each.kind == "detector"}
    # The renamed RustDesk behind the shared gateway is review only because both speak.
    assert by_name["remote_access_tool"].lost == 1
    assert by_name["shared_gateway"].lost == 1
    assert by_name["ip_kvm_shape"].lost == 0
