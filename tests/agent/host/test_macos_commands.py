"""The listed commands of macOS: where their programs lie, what they may cost, and that probes ask no others."""

from typing import cast

import pytest

from farmwatch_agent import probes
from farmwatch_agent.host import Host, HostError
from farmwatch_agent.host.macos.commands import COMMANDS
from farmwatch_agent.host.macos.live import MacHost
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
