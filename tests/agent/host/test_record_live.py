"""Every probe on this very machine, recorded and replayed: the same observables, raw and pseudonymised."""

import sys

import msgspec
import pytest

from farmwatch_agent import probes
from farmwatch_agent.host import HostError, capture
from farmwatch_agent.host.linux.live import LinuxHost
from farmwatch_agent.host.protocol import Host
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.probe import collect_function
from farmwatch_agent.probes.processes import cache
from farmwatch_schema.identifiers import Keyer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the live host of Linux needs Linux")

ENCODER = msgspec.json.Encoder(enc_hook=Keyer(b"a key for tests only", "test").hook)


def looked(host: Host) -> dict[str, list[bytes] | str]:
    """Returns the encoded observables of every probe, or the error it ended with."""
    seen: dict[str, list[bytes] | str] = {}
    for name in probes.NAMES:
        collect = collect_function(probes.load(name), "linux")
        assert collect is not None
        try:
            seen[name] = sorted(ENCODER.encode(item) for item in collect(host))
        except HostError as error:
            seen[name] = f"{type(error).__name__}: {error}"
    return seen


def test_this_machine_is_replayed_as_it_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "current", cache.Executables())
    recording = RecordingHost(LinuxHost())
    before = looked(recording)
    raw = ReplayingHost(capture.unpack(capture.pack(recording.capture(raw=True))))
    assert looked(raw) == before
    invented = looked(ReplayingHost(capture.unpack(capture.pack(recording.capture()))))
    assert {name: type(items) for name, items in invented.items()} == {
        name: type(items) for name, items in before.items()
    }
    assert {name: len(items) for name, items in invented.items() if isinstance(items, list)} == {
        name: len(items) for name, items in before.items() if isinstance(items, list)
    }
