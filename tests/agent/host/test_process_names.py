"""A program's path is the system's word, never the program's own."""

import contextlib
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from farmwatch_agent.host.process_list import RunningProcess, argument_flags


class Told:
    """A process whose file is gone (giampaolo/psutil issue 1738), and which calls itself something else."""

    pid = 4711

    def __init__(self) -> None:
        self._proc = SimpleNamespace(name=lambda: "longer-than-15-c", exe=lambda: "")

    def oneshot(self) -> Any:
        return contextlib.nullcontext()

    def ppid(self) -> int:
        return 1

    def exe(self) -> str:
        return "/usr/sbin/screensharingd"  # what psutil makes of the first argument

    def name(self) -> str:
        return "longer-than-15-c of anna"

    def username(self) -> str:
        return "root"

    def create_time(self) -> float:
        return 1.0

    def cmdline(self) -> list[str]:
        return ["/usr/sbin/screensharingd"]


def test_a_program_without_a_file_is_not_taken_for_the_one_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "process_iter", lambda: [Told()])
    [row] = RunningProcess.live("")
    assert (row.executable, row.name) == ("", "longer-than-15-c")


def test_its_arguments_are_not_read_as_those_of_the_one_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "Process", lambda pid: Told())
    assert argument_flags(["4711"]) == {}


def test_psutil_still_has_what_is_asked() -> None:
    process: Any = psutil.Process()
    assert process._proc.exe() == process.exe()
    assert process._proc.name()
