"""Every probe of every platform on recorded hosts, on any system. tests/cases/recorded.py says how one is written."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from farmwatch_agent import probes, runner
from farmwatch_agent.health import Health
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.numbering import Numbering
from farmwatch_schema import codec
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables import KINDS

from ..cases import recorded

CASES = [(folder, kind) for folder in recorded.host_folders() for kind in recorded.expected(folder)]
each = pytest.mark.parametrize(
    ("folder", "kind"), CASES, ids=[f"{it.parent.name}-{it.name}-{kind}" for it, kind in CASES]
)
each_host = pytest.mark.parametrize(
    "folder", recorded.host_folders(), ids=[f"{it.parent.name}-{it.name}" for it in recorded.host_folders()]
)


def section(folder: Path, kind: str) -> tuple[str, str, list[dict[str, Any]]]:
    """Returns outcome, reason and observables, as plain objects, of one probe on a recorded host."""
    host = ReplayingHost(recorded.load(folder))
    (found,) = runner.run(host, Keyer(b"a key for tests only", "test"), Health(), [kind], log=pytest.fail)
    items = [] if found.items is msgspec.UNSET else msgspec.json.decode(found.items)
    return found.outcome, found.reason, items


def holds(item: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether an observable has every field that is wanted, and the objects in it so too."""
    return all(_same(item.get(name), value) for name, value in wanted.items())


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(found, dict) and holds(found, wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(_same(a, b) for a, b in zip(found, wanted, strict=True))
    return bool(found == wanted)


@each
def test_a_probe_sees_what_the_source_says(folder: Path, kind: str) -> None:
    wanted = recorded.expected(folder)[kind]
    outcome, reason, items = section(folder, kind)
    assert outcome == wanted.get("outcome", "found"), reason
    for fields in wanted.get("has", []):
        assert any(holds(item, fields) for item in items), f"not seen: {fields}\nseen: {items}"
    for fields in wanted.get("has_not", []):
        assert not any(holds(item, fields) for item in items), f"seen: {fields}"
    gaps = [str(item["what"]) for item in items if item["type"] == "gap"]
    for words in wanted.get("gaps", []):
        assert any(words in gap for gap in gaps), f"no gap says {words!r}: {gaps}"


@each_host
def test_a_recorded_host_says_where_it_comes_from(folder: Path) -> None:
    said = recorded.about(folder)
    assert said["title"]
    assert said["sources"], "each fact's origin, also of a constructed host: which document's form it follows"
    assert isinstance(said["constructed"], bool)
    assert set(said["kinds"]) == set(recorded.expected(folder)) <= set(KINDS)
    for kind, wanted in recorded.expected(folder).items():
        assert wanted.get("source"), f"{kind}: expected values name their source"


@each_host
def test_its_report_is_taken_by_the_codec(folder: Path) -> None:
    host = ReplayingHost(recorded.load(folder))
    names = [name for name in probes.NAMES if name in recorded.about(folder)["kinds"]]
    sections = runner.run(host, Keyer(b"a key for tests only", "test"), Health(), names, log=pytest.fail)
    report = codec.decode_report(
        codec.encode(runner.build(host, Numbering(device="recorded", epoch="0" * 32), sections))
    )
    assert report.origin == "replay"
    for found in report.sections:
        if found.items is not msgspec.UNSET:
            assert codec.decode_items(found.kind, found.items)
