"""Every probe on the machine that the tests run on: states must not change by themselves."""

import sys
import time

import msgspec
import pytest

from farmwatch_agent import health, probes, runner
from farmwatch_agent.health import Health
from farmwatch_agent.host.linux.live import LinuxHost
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.probe import collect_function
from farmwatch_agent.probes import linux_pass
from farmwatch_agent.probes.processes import cache
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.report import Section

from ..linux_tree import KEYER, PATIENT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at a live Linux")

SOFTWARE_SIDE = ("host", "processes", "software", "services", "sockets", "network", "sessions", "power", "agent")


def one_pass(host: LinuxHost) -> dict[str, Section]:
    linux_pass.forget()
    return {made.kind: made for made in runner.run(host, KEYER, Health(), SOFTWARE_SIDE, PATIENT)}


def test_two_passes_give_the_same_bytes() -> None:
    host = LinuxHost()
    last: dict[str, Section] = {}
    unstable = set(SOFTWARE_SIDE)
    # Hashes and packages settle over the first passes, and other programs may start and end meanwhile.
    for _ in range(12):
        made = one_pass(host)
        unstable -= {kind for kind in SOFTWARE_SIDE if kind in last and made[kind].items == last[kind].items}
        last = made
        if not unstable:
            break
        time.sleep(0.2)
    assert unstable == set()


@pytest.mark.parametrize("kind", SOFTWARE_SIDE)
def test_every_section_has_an_outcome_and_only_what_its_probe_declares(kind: str) -> None:
    host = LinuxHost()
    made = one_pass(host)[kind]
    assert made.outcome in ("found", "none", "not_permitted", "not_supported"), made.reason
    emits: tuple[type[Observable], ...] = (*probes.load(kind).emits, Gap)
    declared = {str(observable.__struct_config__.tag) for observable in emits}
    items = [] if made.items is msgspec.UNSET else msgspec.json.decode(made.items)
    assert {item["type"] for item in items} <= declared


def test_no_number_of_a_process_is_in_any_state() -> None:
    host = LinuxHost()
    collect = collect_function(probes.load("processes"), "linux")
    assert collect is not None
    own = next(row for row in linux_pass.look(host).processes if row.pid == host.link("/proc/self"))
    written = msgspec.json.encode([made for made in one_pass(host).values() if made.kind in ("processes", "sockets")])
    assert f'"{own.pid}"'.encode() not in written


def test_a_capture_of_this_machine_replays_to_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    # A capture is replayed with nothing remembered, so nothing may be remembered while it is made.
    monkeypatch.setattr(cache, "current", cache.Executables())
    monkeypatch.setattr(health, "current", Health())
    recorder = RecordingHost(LinuxHost())
    linux_pass.forget()
    live = runner.run(recorder, KEYER, Health(), SOFTWARE_SIDE, PATIENT)
    replayed = runner.run(ReplayingHost(recorder.capture(raw=True)), KEYER, Health(), SOFTWARE_SIDE, PATIENT)
    assert {made.kind: (made.outcome, made.digest) for made in replayed} == {
        made.kind: (made.outcome, made.digest) for made in live
    }
