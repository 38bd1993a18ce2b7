"""UUIDs that probes ask for stay in captures; every other one is somebody's."""

import re
from pathlib import Path

import pytest

import farmwatch_agent
from farmwatch_agent.host.published_uuids import is_published

UUID = re.compile(r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b")
SOURCES = sorted(Path(farmwatch_agent.__file__).parent.rglob("*.py"))


def test_every_uuid_that_the_agent_s_code_names_is_published() -> None:
    named = {(match[0], file.name) for file in SOURCES for match in UUID.finditer(file.read_text(encoding="utf-8"))}
    missing = {where for where in named if not is_published(where[0])}
    assert missing == set(), "host/published_uuids.py: name it, or captures that hold it answer no question"


@pytest.mark.parametrize(
    ("uuid", "published"),
    [
        ("4D36E972-E325-11CE-BFC1-08002BE10318", True),
        ("00001124-0000-1000-8000-00805f9b34fb", True),
        ("0b0b0b0b-0000-0000-0000-000000000014", False),
        ("8718928d-cbeb-45ea-a621-800a9249001d", False),
    ],
)
def test_classes_and_services_are_everybody_s_and_instances_are_not(uuid: str, published: bool) -> None:
    assert is_published(uuid) is published
