"""Every recorded host, captured again: pseudonymised and raw, a replay shows what the host itself showed.

What is kept of rows, files and commands is no more than probes read, and no less.
"""

from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from farmwatch_agent import runner
from farmwatch_agent.health import Health
from farmwatch_agent.host import Host, capture
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.probes import linux_pass, windows_pass
from farmwatch_schema.identifiers import Keyer

from ...cases import recorded

HOSTS = recorded.host_folders()
IDS = [f"{folder.parent.name}-{folder.name}" for folder in HOSTS]


def forget() -> None:
    """Drops what probes keep of the last look, so that the next one asks again."""
    for module in (linux_pass, windows_pass):
        module.forget()


def sections(host: Host, kinds: list[str]) -> dict[str, tuple[str, list[Any]]]:
    """Returns outcome and observables by kind."""
    forget()
    found = runner.run(host, Keyer(b"a key for tests only", "test"), Health(), kinds, log=pytest.fail)
    return {it.kind: (it.outcome, [] if it.items is msgspec.UNSET else msgspec.json.decode(it.items)) for it in found}


def without_units(found: dict[str, tuple[str, list[Any]]]) -> dict[str, tuple[str, list[str]]]:
    """Returns what is left when nobody's own identifiers count: types, and fields with nothing keyed or drawn up."""
    return {
        kind: (outcome, sorted(f"{item['type']} {sorted(item)}" for item in items))
        for kind, (outcome, items) in found.items()
    }


@pytest.mark.parametrize("folder", HOSTS, ids=IDS)
def test_a_raw_capture_shows_the_same(folder: Path) -> None:
    kinds = list(recorded.about(folder)["kinds"])
    recording = RecordingHost(cast("Host", ReplayingHost(recorded.load(folder))))
    before = sections(recording, kinds)
    again = ReplayingHost(capture.unpack(capture.pack(recording.capture(raw=True))))
    assert sections(again, kinds) == before


@pytest.mark.parametrize("folder", HOSTS, ids=IDS)
def test_a_pseudonymised_capture_shows_as_much(folder: Path) -> None:
    kinds = list(recorded.about(folder)["kinds"])
    recording = RecordingHost(cast("Host", ReplayingHost(recorded.load(folder))))
    before = sections(recording, kinds)
    again = ReplayingHost(capture.unpack(capture.pack(recording.capture())))
    assert without_units(sections(again, kinds)) == without_units(before)
