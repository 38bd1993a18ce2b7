"""Every probe live, on whatever system the tests run: nothing breaks, and each says what it could not see."""

import msgspec
import pytest

from farmwatch_agent import probes, runner
from farmwatch_agent.health import Health
from farmwatch_agent.host import open_host
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.probes.arp import looks
from farmwatch_schema import codec
from farmwatch_schema.identifiers import Keyer

from ..linux_tree import PATIENT

KEYER = Keyer(b"a key for tests only", "test")


@pytest.fixture(autouse=True)
def short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits a second for ARP frames instead of twenty."""
    monkeypatch.setattr(looks, "SECONDS", 1)


@pytest.mark.parametrize("name", probes.NAMES)
def test_a_live_probe_has_an_outcome_and_is_never_broken(name: str) -> None:
    (section,) = runner.run(open_host(), KEYER, Health(), [name], PATIENT, log=pytest.fail)
    assert section.outcome in ("found", "none", "not_permitted", "not_supported"), section.reason
    if section.items is not msgspec.UNSET:
        codec.decode_items(section.kind, section.items)


@pytest.mark.parametrize("name", probes.NAMES)
def test_a_pseudonymised_capture_of_it_replays_with_the_same_outcome(name: str) -> None:
    recording = RecordingHost(open_host())
    (before,) = runner.run(recording, KEYER, Health(), [name], PATIENT, log=pytest.fail)
    (after,) = runner.run(ReplayingHost(recording.capture()), KEYER, Health(), [name], PATIENT, log=pytest.fail)
    assert (after.kind, after.outcome) == (before.kind, before.outcome), after.reason
