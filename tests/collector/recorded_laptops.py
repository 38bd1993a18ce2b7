"""Recorded hosts (tests/cases/hosts) as the collector meets them: by their reports, and as views for detectors."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from farmwatch_agent import probes, runner
from farmwatch_agent.health import Health
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_detectors.view import DeviceView, SectionView
from farmwatch_schema import codec
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.report import Section
from tests.cases import recorded

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEYER = Keyer(b"a key for tests only", "test")


def name_of(folder: Path) -> str:
    """Returns "windows-docked"."""
    return f"{folder.parent.name}-{folder.name}"


FOLDERS = {name_of(folder): folder for folder in recorded.host_folders()}


def sections_of(folder: Path, keyer: Keyer = KEYER) -> list[Section]:
    """Returns what the probes see of a recorded host, in those kinds that its record says something about."""
    told = recorded.about(folder)["kinds"]
    kinds = [kind for kind in probes.NAMES if kind in told]
    problems: list[str] = []
    sections = runner.run(ReplayingHost(recorded.load(folder)), keyer, Health(), kinds, log=problems.append)
    assert problems == []
    return sections


def view_of(folder: Path) -> DeviceView:
    """Returns a recorded host as detectors see it, enrolled ten days ago."""
    seen = {
        section.kind: SectionView(
            kind=section.kind,
            outcome=section.outcome,
            observed_at=NOW,
            reason=section.reason,
            items=() if section.items is msgspec.UNSET else tuple(codec.decode_items(section.kind, section.items)),
        )
        for section in sections_of(folder)
    }
    return DeviceView(device=name_of(folder), now=NOW, enrolled_at=NOW.replace(day=12), sections=seen)


def told_now(sections: list[Section], at: str) -> list[dict[str, Any]]:
    """Returns sections as a report of now holds them."""
    told = [{**msgspec.structs.asdict(section), "observed_at": at} for section in sections]
    return [{name: value for name, value in section.items() if value is not msgspec.UNSET} for section in told]
