"""Every registered probe keeps the form that CONTRIBUTING.md, "Add a probe", asks for."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

from farmwatch_agent import probes
from farmwatch_agent.probe import collect_function
from farmwatch_schema.observables import KINDS, Gap

FOLDER = Path(probes.__file__).parent
HEADINGS = ("Reads", "Why", "Never reads", "Rights", "Blind spots")
each = pytest.mark.parametrize("name", probes.NAMES)


def test_every_folder_with_a_probe_is_registered() -> None:
    folders = {found.name for found in pkgutil.iter_modules([str(FOLDER)]) if found.ispkg}
    assert folders == set(probes.NAMES), "probes/__init__.py, NAMES: one word for each folder"


def test_every_kind_has_a_probe() -> None:
    assert set(KINDS) == set(probes.NAMES), (
        "schema/farmwatch_schema/observables/__init__.py and probes/__init__.py differ"
    )


@each
def test_a_probe_says_what_it_reads_why_and_what_it_cannot_see(name: str) -> None:
    doc = inspect.getdoc(importlib.import_module(f"farmwatch_agent.probes.{name}")) or ""
    assert tuple(re.findall(r"^(\w[\w ]*)\n    \S", doc, re.MULTILINE)) == HEADINGS


@each
def test_a_probe_is_named_after_its_folder_and_emits_what_its_kind_holds(name: str) -> None:
    probe = probes.load(name)
    assert probe.kind == name
    assert set(probe.emits) - {Gap} <= set(KINDS[name].observables)
    assert probe.interval_seconds > 0


@each
def test_its_platforms_are_its_files_and_each_can_be_imported_here(name: str) -> None:
    probe = probes.load(name)
    files = {file.stem for file in (FOLDER / name).glob("*.py")} & {"linux", "macos", "windows"}
    assert set(probe.platforms) == files, f"probes/{name}/__init__.py, platforms: names each file that is there"
    for platform in probe.platforms:
        assert inspect.isgeneratorfunction(collect_function(probe, platform))


@each
def test_it_has_a_test_file(name: str) -> None:
    assert Path(__file__).with_name(f"test_{name}.py").is_file(), f"add tests/agent/probes/test_{name}.py"
