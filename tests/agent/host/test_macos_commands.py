"""The listed commands of macOS: where their programs lie, what they may cost, and that probes ask no others."""

import time
from typing import cast

import pytest

from farmwatch_agent import probes
from farmwatch_agent.host import Host, HostError, NotPermitted, SourceBroken
from farmwatch_agent.host.command import Command
from farmwatch_agent.host.macos import live
from farmwatch_agent.host.macos.commands import COMMANDS
from farmwatch_agent.host.macos.live import MacHost
from farmwatch_agent.limits import Limit
from farmwatch_agent.probe import collect_function

from ..mac_host import MacFake

#: Probes that read commands through `macos_registry`.
KINDS = ("host", "usb", "displays", "bluetooth", "power", "media")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_program_lies_where_only_the_system_writes_and_has_limits(name: str) -> None:
    command = COMMANDS[name]
    assert command.program.startswith(MacHost.system_trees)
    assert 0 < command.seconds <= 5
    assert 0 < command.limit <= 1 << 25


def test_probes_ask_listed_commands_only() -> None:
    mac = MacFake()
    for kind in KINDS:
        collect = collect_function(probes.load(kind), "macos")
        assert collect is not None
        try:
            list(collect(cast("Host", mac)))
        except HostError:
            continue
    assert set(mac.asked) <= set(COMMANDS)


def test_one_pass_asks_each_command_once() -> None:
    mac = MacFake()
    for kind in KINDS:
        list(collect_function(probes.load(kind), "macos")(cast("Host", mac)))  # type: ignore[misc]
    assert len(mac.asked) == len(set(mac.asked))


def test_a_command_that_hangs_costs_one_pass_only(monkeypatch: pytest.MonkeyPatch) -> None:
    # All commands of a probe share the probe's time: one that hung every time would take the whole section along.
    asked: list[str] = []
    clock = [1000.0]

    def hang(name: str, command: Command, of: str = "") -> bytes:
        asked.append(f"{name} {of}".strip())
        clock[0] += command.seconds
        raise SourceBroken(f"{name}: did not answer")

    monkeypatch.setattr(live, "run", hang)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    mac = MacHost()
    for _ in range(3):
        with pytest.raises(SourceBroken):
            mac.command("profile_bluetooth")
    assert asked == ["profile_bluetooth"]
    with pytest.raises(SourceBroken):
        mac.command("launchd_switches", "user/501")
    with pytest.raises(SourceBroken):
        mac.command("launchd_switches", "system")
    assert asked[1:] == ["launchd_switches user/501", "launchd_switches system"]
    clock[0] += live.REST_SECONDS
    with pytest.raises(SourceBroken):
        mac.command("profile_bluetooth")
    assert asked[-1] == "profile_bluetooth"


def test_a_command_that_fails_at_once_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(name: str, command: Command, of: str = "") -> bytes:
        asked.append(name)
        raise NotPermitted(name)

    monkeypatch.setattr(live, "run", refuse)
    mac = MacHost()
    for _ in range(2):
        with pytest.raises(NotPermitted):
            mac.command("login_items")
    assert len(asked) == 2


def test_one_hanging_command_leaves_a_probe_time_for_its_others() -> None:
    assert all(command.seconds + 0.5 < Limit().wall_seconds - 1 for command in COMMANDS.values())
