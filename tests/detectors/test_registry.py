"""Every registered detector keeps the form that CONTRIBUTING.md, "add a detector", asks for."""

import inspect
import math
import re
from datetime import date
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest

from farmwatch_detectors.catalog import Entry, load
from farmwatch_detectors.detector import Detector, level_table
from farmwatch_detectors.groups import silence_table
from farmwatch_detectors.registry import DETECTORS
from farmwatch_schema.finding import GROUPS
from farmwatch_schema.observables import KINDS

from .views import view

HEADINGS = ("Detects", "Why", "Innocent explanations", "Blind spots", "Triage", "References")
TESTS = Path(__file__).parent
each = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)


def doc_of(detector: Detector) -> str:
    module = inspect.getmodule(detector.detect)
    assert module is not None
    assert module.__name__ == f"farmwatch_detectors.{detector.id}", "the id is the file's name"
    return inspect.getdoc(module) or ""


def test_every_file_with_a_detector_is_registered() -> None:
    folder = Path(inspect.getfile(Detector)).parent
    files = {file.stem for file in folder.glob("*.py") if "\nDETECTOR = " in file.read_text(encoding="utf-8")}
    assert files == {detector.id for detector in DETECTORS}, "registry.py: one line for each"


def test_a_group_is_called_built_once_it_has_a_detector() -> None:
    groups = {detector.group for detector in DETECTORS}
    assert {row.group for row in silence_table().values() if row.built} == groups, (
        "groups.toml: take `built = false` away and say what the group's silence weighs (m0, u0, needs, sources)"
    )


def test_ids_are_unique() -> None:
    ids = [detector.id for detector in DETECTORS]
    assert len(ids) == len(set(ids))


@each
def test_a_detector_s_docstring_has_the_headings_in_order_and_says_something_under_each(detector: Detector) -> None:
    found = re.findall(r"^(\w[\w ]*)\n    \S", doc_of(detector), re.MULTILINE)
    assert tuple(found) == HEADINGS


@each
def test_a_detector_declares_known_kinds_a_group_and_attack_techniques(detector: Detector) -> None:
    assert detector.consumes
    assert set(detector.consumes) <= set(KINDS)
    assert detector.group in GROUPS
    assert detector.title
    assert detector.attack
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", technique) for technique in detector.attack)


@each
def test_a_level_table_is_valid_and_heavier_with_each_level(detector: Detector) -> None:
    table = level_table(detector.id)
    assert sorted(table) == list(range(1, len(table) + 1))
    bits = [math.log2(table[level].m / table[level].u) for level in sorted(table)]
    assert all(before < after for before, after in pairwise(bits)), bits
    assert bits[0] > 0


@each
def test_a_detector_has_a_test_file_with_hits_misses_and_honest_twins(detector: Detector) -> None:
    names = " ".join(re.findall(r"^def (test_\w+)", (TESTS / f"test_{detector.id}.py").read_text(), re.MULTILINE))
    for what, words in {
        "hit": r"_hit_|_level_(one|two|three)|_raises?_",
        "miss": r"_miss_|_no_findings?|_nothing",
        "honest twin": r"_honest_twin_|_sanctioned_|_registered_|_couple_",
    }.items():
        assert re.search(words, names), f"tests/detectors/test_{detector.id}.py has no {what}"


@each
def test_an_empty_device_is_no_finding_and_no_error(detector: Detector) -> None:
    assert list(detector.detect(view())) == []
    for kind in detector.consumes:
        assert list(detector.detect(view(**{kind: ()}))) == []  # type: ignore[arg-type]


class AnyKeys(Entry, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """An entry of whatever catalogue: only what all have in common is checked."""


def test_every_entry_of_every_catalogue_names_source_date_and_confidence() -> None:
    folder = resources.files("farmwatch_detectors.catalog")
    names = sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))
    assert {"ip_kvm", "edid", "usb_gadget"} <= set(names)
    for name in names:
        catalogue = load(name, AnyKeys)
        assert catalogue.version
        assert catalogue.entries
        for entry in catalogue.entries:
            assert re.fullmatch(r"[a-z0-9_.-]+", entry.id), f"{name}: {entry.id}"
            assert date(2015, 1, 1) <= entry.date, f"{name}: {entry.id}"
