"""What of a process is not read again from pass to pass: docs/cost.md."""

from collections.abc import Collection
from typing import Any, cast

import pytest

from farmwatch_agent.host import FileStatus, Host, Missing
from farmwatch_agent.probes import linux_pass

SETTLED = int((1_000 - linux_pass.SETTLED_SECONDS) * linux_pass.TICKS_PER_SECOND)


def stat(pid: str, name: str = "ssh", start: int = 500, stack: int = 140_729_880_025_568) -> bytes:
    """Returns a line of /proc/PID/stat, laid out as proc_pid_stat(5) numbers its fields."""
    fields = ["S", "1", *["0"] * 17, str(start), *["0"] * 5, str(stack), *["0"] * 24]
    return f"{pid} ({name}) {' '.join(fields)}\n".encode()


class Machine:
    """A live host that counts what it is asked."""

    platform, origin, running = "linux", "live", True

    def __init__(self) -> None:
        self.at = 1_000.0
        self.lines = {"1": stat("1", "systemd", 1), "77": stat("77")}
        self.flags: dict[str, Any] = {"77": ("ssh_remote_forward",)}
        self.uid = 1000
        self.asked: list[str] = []

    def uptime(self) -> float:
        return self.at

    def read_each(self, _folder: str, _file: str) -> dict[str, bytes]:
        return self.lines

    def link_each(self, _folder: str, _file: str) -> dict[str, str]:
        return dict.fromkeys(self.lines, "/usr/bin/ssh")

    def argument_flags(self, processes: Collection[str] = ()) -> dict[str, Any]:
        self.asked += processes
        return {pid: said for pid, said in self.flags.items() if pid in processes}

    def descriptors(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...]]:
        return dict.fromkeys(processes, (f"socket:[{self.at:.0f}]",))

    def status(self, _path: str) -> FileStatus:
        return FileStatus(mode=0o040555, uid=self.uid, gid=0, size=0, mtime=0.0, inode=1, device=1)

    def text(self, path: str, _limit: int = 0) -> str:
        raise Missing(path)

    def read(self, path: str, _limit: int = 0) -> bytes:
        raise Missing(path)

    def later(self, seconds: float = 120.0) -> dict[str, linux_pass.ProcessRow]:
        """Returns the rows of a pass made so much later, and forgets what was asked before."""
        self.at += seconds
        self.asked = []
        return {row.pid: row for row in linux_pass.look(cast("Host", self)).processes}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(linux_pass, "read_tables", lambda _host: ([], []))
    linux_pass.forget()
    made = Machine()
    made.later(0)
    return made


def test_arguments_of_a_settled_process_are_not_read_again_while_its_descriptors_are(machine: Machine) -> None:
    before = machine.later()["77"]
    after = machine.later()["77"]
    assert machine.asked == []
    assert after.flags == before.flags == ("ssh_remote_forward",)
    assert after.user == 1000
    assert after.descriptors == ("socket:[1240]",)


def test_a_number_that_another_process_got_is_read_again(machine: Machine) -> None:
    machine.lines["77"], machine.flags = stat("77", start=SETTLED), {}
    assert machine.later()["77"].flags == ()
    assert machine.asked == ["77"]


def test_a_program_that_replaced_itself_by_another_of_its_name_is_read_again(machine: Machine) -> None:
    machine.lines["77"], machine.flags = stat("77", stack=140_729_880_029_999), {}
    assert machine.later()["77"].flags == ()
    assert machine.asked == ["77"]


def test_a_title_that_was_written_over_arguments_is_seen_after_a_quarter_of_an_hour(machine: Machine) -> None:
    machine.flags = {"77": ("ssh_tunnel_device",)}
    assert machine.later()["77"].flags == ("ssh_remote_forward",)
    assert machine.later(linux_pass.KEPT_SECONDS)["77"].flags == ("ssh_tunnel_device",)


@pytest.mark.parametrize("line", [stat("77", start=99_000), stat("77", stack=0), b"77 (ssh) S 1 " + b"0 " * 18])
def test_what_started_just_now_or_hides_its_stack_is_read_each_time(machine: Machine, line: bytes) -> None:
    machine.lines["77"] = line
    machine.later(1 + linux_pass.PASS_SECONDS)
    assert "77" in machine.asked
    machine.later(1 + linux_pass.PASS_SECONDS)
    assert "77" in machine.asked


def test_arguments_that_could_not_be_read_are_asked_for_again(machine: Machine) -> None:
    machine.lines["78"] = stat("78")
    machine.flags["78"] = Missing("78")
    machine.later()
    machine.later()
    assert machine.asked == ["78"]


def test_what_is_kept_belongs_to_one_host(machine: Machine) -> None:
    other = Machine()
    other.later(0)
    assert set(other.asked) == {"1", "77"}
    assert machine.later()
    assert set(machine.asked) == {"1", "77"}


def test_a_clock_that_went_back_reads_again(machine: Machine) -> None:
    machine.later(-100)
    assert set(machine.asked) == {"1", "77"}
