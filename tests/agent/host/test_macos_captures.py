"""Recorded Macs, pseudonymised as a capture is: probes see as much, and people's names are gone."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from farmwatch_agent import runner
from farmwatch_agent.health import Health
from farmwatch_agent.host.capture import Capture
from farmwatch_agent.host.pseudonyms import pseudonymised
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_schema.identifiers import Keyer

from ...cases import recorded

KINDS = ("processes", "services", "sockets", "network", "sessions", "wifi", "browsers")
#: Who lives on the recorded Macs, and what their networks are called.
NAMES = ("robin", "anna.muster", "ben.beispiel", "Harbour Cottage")
MACS = [folder for folder in recorded.host_folders("macos") if set(KINDS) & set(recorded.about(folder)["kinds"])]


def seen(capture: Capture, kinds: list[str]) -> dict[str, tuple[str, Counter[str]]]:
    sections = runner.run(ReplayingHost(capture), Keyer(b"a key for tests only", "t"), Health(), kinds, log=pytest.fail)
    items = {it.kind: [] if it.items is msgspec.UNSET else msgspec.json.decode(it.items) for it in sections}
    return {it.kind: (it.outcome, Counter(item["type"] for item in items[it.kind])) for it in sections}


@pytest.mark.parametrize("folder", MACS, ids=[folder.name for folder in MACS])
def test_a_pseudonymised_mac_shows_as_much_and_names_nobody(folder: Path) -> None:
    capture = recorded.load(folder)
    kinds = [kind for kind in KINDS if kind in recorded.about(folder)["kinds"]]
    kept = pseudonymised(capture, b"k" * 32)
    assert seen(kept, kinds) == seen(capture, kinds)
    for verb in ("read", "names", "command", "link", "status", "sha256"):
        packed = msgspec.json.encode(getattr(kept, verb)).decode()
        assert not [name for name in NAMES if name in packed], verb
