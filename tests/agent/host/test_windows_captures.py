"""A pseudonymised capture of a Windows laptop tells nobody, and shows the probes the same things.

On recorded hosts: what was one address, adapter or session before is one afterwards, so that gateways find their MAC,
adapters their driver, and sessions their event.
"""

from typing import Any, cast

import msgspec
import pytest

from farmwatch_agent import runner
from farmwatch_agent.health import Health
from farmwatch_agent.host import Host, capture
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.probes import windows_pass
from farmwatch_schema.identifiers import Keyer

from ...cases import recorded

KINDS = ("network", "wifi", "sockets", "sessions", "power")
CASES = [
    (name, kind)
    for name in ("docked", "undocked", "remote_tools", "permissions_denied", "real_wifi_netsh_11n", "real_rdp_events")
    for kind in KINDS
    if kind in recorded.about(recorded.HOSTS / "windows" / name)["kinds"]
]
#: Of the recorded hosts: people, their machines, a network's name, addresses of peers, units' halves of MACs.
TELLING = ("ann", "FARM-PC", "EXAMPLE-PC", "EXAMPLE-SERVER", "VM0000001", "203.0.113.77", "203.0.113.90", "00:53:14",
           "0B0B0B0B-0000")  # fmt: skip


def seen(host: Host, kind: str) -> tuple[str, list[dict[str, Any]]]:
    """Returns outcome and observables with identifiers reduced to whether they are there, and their scope and maker."""
    windows_pass.forget()
    (section,) = runner.run(host, Keyer(b"a key for tests only", "test"), Health(), [kind], log=pytest.fail)
    items = [] if section.items is msgspec.UNSET else msgspec.json.decode(section.items)
    for item in items:
        for value in item.values():
            if isinstance(value, dict):
                value.pop("digest", None)
                value.pop("near", None)
    return section.outcome, sorted(items, key=str)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_pseudonymised_capture_shows_the_same_and_tells_nobody(name: str, kind: str) -> None:
    original = ReplayingHost(recorded.load(recorded.HOSTS / "windows" / name))
    recording = RecordingHost(cast("Host", original))
    before = seen(recording, kind)
    packed = recording.capture()
    text = msgspec.json.encode(packed).decode()
    for word in TELLING:
        assert f'"{word}"' not in text, word
        assert f"\\{word}" not in text, word
        assert word == "ann" or word not in text, word
    replayed = ReplayingHost(capture.unpack(capture.pack(packed)))
    assert seen(replayed, kind) == before
