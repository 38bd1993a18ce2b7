"""Bad days: whatever goes wrong while a probe looks, it breaks nothing, hides nothing, and the others still go out.

Each probe of each platform runs on every recorded host while one thing after the other fails under it. That takes a
minute, so those are run with the integration tests.
"""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import msgspec
import pytest

from farmwatch_agent import health, limits, probes, runner
from farmwatch_agent.health import Health
from farmwatch_agent.host import FileStatus, Host, HostError, Missing, NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.row import Row
from farmwatch_agent.host.windows.registry import RegistryBranch, RegistryKey
from farmwatch_agent.probes import linux_pass
from farmwatch_agent.probes.processes.linux import MAX_EXECUTABLES
from farmwatch_schema import codec
from farmwatch_schema.observables import Gap
from farmwatch_schema.report import Section

from ..cases import recorded
from .linux_tree import BOOTED, KEYER, NOW, PATIENT, STAT, Tree, look, section

#: Whole laptops, and every second of those that say one thing: each kind on each system is among them.
HOSTS = [
    folder
    for position, folder in enumerate(recorded.host_folders())
    if not folder.name.startswith("live_") and (not folder.name.startswith("real_") or position % 2)
]
each_host = pytest.mark.parametrize("folder", HOSTS, ids=[f"{it.parent.name}-{it.name}" for it in HOSTS])
VERBS = ("read", "text", "read_each", "link_each", "argument_flags", "descriptors", "rows", "command", "names", "link",
         "resolve", "status", "sha256")  # fmt: skip
#: Calls at which things go wrong, of one probe on one host: every one would take minutes.
POSITIONS = 4


class Bad:
    """A host under which `hook` may do anything: it gets verb, number of the call, and how to ask the real one."""

    def __init__(self, inner: Any, hook: Callable[[str, int, Callable[[], Any]], Any]) -> None:
        self._inner, self._hook = inner, hook
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in VERBS:
            return found

        def call(*arguments: Any, **more: Any) -> Any:
            self.calls += 1
            return self._hook(name, self.calls, lambda: found(*arguments, **more))

        return call


def run(host: Any, kind: str) -> Section:
    """Returns the section of one probe; a traceback fails the test."""
    linux_pass.forget()
    (made,) = runner.run(cast("Host", host), KEYER, Health(), [kind], PATIENT, log=pytest.fail)
    codec.encode(made)
    return made


def items(made: Section) -> list[dict[str, Any]]:
    """Returns what a section holds."""
    return [] if isinstance(made.items, msgspec.UnsetType) else msgspec.json.decode(made.items)


def positions(calls: int) -> list[int]:
    """Returns up to `POSITIONS` of the calls, the first and last among them."""
    if calls <= POSITIONS:
        return list(range(1, calls + 1))
    return sorted({1 + (calls - 1) * number // (POSITIONS - 1) for number in range(POSITIONS)})


def kinds(folder: Any) -> list[str]:
    return [name for name in probes.NAMES if name in recorded.about(folder)["kinds"]]


@pytest.mark.integration
@each_host
@pytest.mark.parametrize("error", [Missing, NotPermitted, NotSupported, SourceBroken], ids=lambda it: it.__name__)
def test_one_question_that_fails_breaks_no_probe(folder: Any, error: type[HostError]) -> None:
    capture = recorded.load(folder)
    for kind in kinds(folder):
        counting = Bad(ReplayingHost(capture), lambda verb, number, ask: ask())
        run(counting, kind)
        for position in positions(counting.calls):

            def fail(verb: str, number: int, ask: Callable[[], Any], at: int = position) -> Any:
                if number == at:
                    raise error(f"{verb}: refused by the test")
                return ask()

            run(Bad(ReplayingHost(capture), fail), kind)


@pytest.mark.integration
@each_host
def test_a_permission_refused_half_way_is_never_taken_for_nothing(folder: Any) -> None:
    capture = recorded.load(folder)
    for kind in kinds(folder):
        counting = Bad(ReplayingHost(capture), lambda verb, number, ask: ask())
        before = run(counting, kind)
        if before.outcome != "found":
            continue
        for position in positions(counting.calls):

            def refuse(verb: str, number: int, ask: Callable[[], Any], at: int = position) -> Any:
                if number >= at:
                    raise NotPermitted(f"{verb}: refused by the test")
                return ask()

            after = run(Bad(ReplayingHost(capture), refuse), kind)
            assert after.outcome != "none", f"{kind}: refused from call {position} on"


@pytest.mark.integration
@each_host
@pytest.mark.parametrize("now", [0.0, -86_400.0, 1.0e18], ids=str)
def test_a_clock_that_jumped_breaks_no_probe(folder: Any, now: float) -> None:
    host = ReplayingHost(msgspec.structs.replace(recorded.load(folder), now=now, uptime=abs(now)))
    for kind in kinds(folder):
        run(host, kind)


def _crossed(row: Any) -> Any:
    """Returns a registry key in which each value has another type than it should."""
    numbers = dict.fromkeys((*row.texts, *row.words), 7)
    texts = dict.fromkeys((*row.numbers, *row.data), "\ufffdwrong\u0000type")
    return msgspec.structs.replace(
        row, texts=texts, numbers=numbers, words=dict.fromkeys(row.texts, ("a", "")), data={}
    )


@pytest.mark.parametrize("folder", [it for it in HOSTS if it.parent.name == "windows"], ids=lambda it: it.name)
def test_registry_values_of_the_wrong_type_break_no_probe(folder: Any) -> None:
    def cross(verb: str, number: int, ask: Callable[[], Any]) -> Any:
        found = ask()
        if verb == "rows" and found and isinstance(found[0], RegistryKey | RegistryBranch):
            return [_crossed(row) for row in found]
        return found

    for kind in kinds(folder):
        run(Bad(ReplayingHost(recorded.load(folder)), cross), kind)


def _hostile(row: Row, dice: random.Random) -> Row:
    """Returns a line of an interface with hostile texts and numbers in the place of its own."""
    changes: dict[str, Any] = {}
    for name in row.__struct_fields__:
        value = getattr(row, name)
        # Why a line could not be had is our own word, not the system's.
        if name == "problem" or isinstance(value, bool) or dice.random() < 0.5:
            continue
        if isinstance(value, str):
            changes[name] = dice.choice(("", "\x00", "\udcff", "\u202e", "x" * 100_000, "-1", "{}", "..\\..", "¹"))
        elif isinstance(value, int):
            changes[name] = dice.choice((0, -1, 1 << 31, (1 << 64) - 1))
        elif isinstance(value, float):
            changes[name] = dice.choice((0.0, -1.0, 1e18, float("nan")))
        elif isinstance(value, bytes):
            changes[name] = dice.randbytes(dice.randrange(64))
        elif isinstance(value, tuple) and value and all(isinstance(it, str) for it in value):
            changes[name] = dice.choice(((), ("",) * 1000, ("\udcff",)))
    return msgspec.structs.replace(row, **changes)


@pytest.mark.integration
@each_host
def test_hostile_texts_and_numbers_of_an_interface_break_no_probe(folder: Any) -> None:
    dice = random.Random(folder.name)

    def spoil(verb: str, number: int, ask: Callable[[], Any]) -> Any:
        found = ask()
        return [_hostile(row, dice) for row in found] if verb == "rows" else found

    for kind in kinds(folder):
        run(Bad(ReplayingHost(recorded.load(folder)), spoil), kind)


GARBAGE = {
    "nothing": b"",
    "no text": b"\xff\xfe\x00" * 1000,
    "megabytes": b"a b c d e f g h\n" * 200_000,
    "one endless line": b"x" * 3_000_000,
    "a list of the wrong things": b'<?xml version="1.0"?><plist version="1.0"><array><true/></array></plist>',
    "a cut property list": b'<?xml version="1.0"?><plist version="1.0"><array><dict><key>a</key>',
    "wrong JSON": b'{"SPUSBDataType": {"_items": 5}}',
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("folder", [it for it in HOSTS if it.parent.name == "macos"][::3], ids=lambda it: it.name)
def test_a_command_that_prints_garbage_or_megabytes_breaks_no_probe(folder: Any, garbage: bytes) -> None:
    def spoil(verb: str, number: int, ask: Callable[[], Any]) -> Any:
        return garbage if verb == "command" else ask()

    for kind in kinds(folder):
        run(Bad(ReplayingHost(recorded.load(folder)), spoil), kind)


def test_a_command_that_hangs_is_told_and_what_others_said_stays() -> None:
    (folder,) = (it for it in HOSTS if (it.parent.name, it.name) == ("macos", "docked"))

    def hang(verb: str, number: int, ask: Callable[[], Any]) -> Any:
        if verb == "command" and number > 1:
            raise SourceBroken("routes: did not answer within 4 s and was stopped")
        return ask()

    made = run(Bad(ReplayingHost(recorded.load(folder)), hang), "network")
    assert made.outcome == "found"
    gaps = [item for item in items(made) if item["type"] == "gap"]
    assert {"routes", "name servers"} <= {gap["what"] for gap in gaps}
    assert {gap["outcome"] for gap in gaps} == {"broken"}


# Linux by hand


class Proc:
    """A Linux of a great many processes, made up as they are asked for."""

    platform, origin, running = "linux", "root", True

    def __init__(self, count: int, distinct: int) -> None:
        self.pids = [str(number) for number in range(1, count + 1)]
        self._distinct = distinct

    def read_each(self, folder: str, file: str, limit: int = 1 << 16) -> dict[str, bytes | HostError]:
        return {
            pid: STAT.format(pid=pid, name=f"tool{int(pid) % self._distinct}", state="S", flags=0, start=100).encode()
            for pid in self.pids
        }

    def link_each(self, folder: str, file: str) -> dict[str, str | HostError]:
        return {pid: f"/opt/tools/tool{int(pid) % self._distinct}" for pid in self.pids}

    def argument_flags(self, processes: Any = ()) -> dict[str, tuple[str, ...] | HostError]:
        return {self.pids[-1]: ("ssh_remote_forward",)}

    def descriptors(self, processes: Any = ()) -> dict[str, tuple[str, ...] | HostError]:
        return dict.fromkeys(self.pids, ())

    def status(self, path: str) -> FileStatus:
        return FileStatus(mode=0o755, uid=0, gid=0, size=1, mtime=1.0, inode=1, device=1)

    def text(self, path: str, limit: int = 1 << 20) -> str:
        if path == "/proc/stat":
            return f"btime {BOOTED}\n"
        return self.read(path).decode()

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        if path.endswith("/status"):
            return b"Name:\tx\nUid:\t0\t0\t0\t0\n"
        raise Missing(path)

    def now(self) -> float:
        return NOW

    def uptime(self) -> float:
        return 3600.0

    def __getattr__(self, name: str) -> Any:
        def missing(*_: Any, **__: Any) -> Any:
            raise Missing(name)

        return missing


@pytest.mark.parametrize("distinct", [20_000, 300])
def test_20000_processes_make_a_bounded_section_that_says_so(distinct: int) -> None:
    made = run(Proc(20_000, distinct), "processes")
    assert made.outcome == "found"
    assert len(codec.encode(made)) < 1 << 20
    seen = items(made)
    told = [item for item in seen if item["type"] == "process"]
    assert len(told) == min(distinct, MAX_EXECUTABLES)
    # What has a flag stands before a crowd of idle programs.
    assert any(item.get("flags") == ["ssh_remote_forward"] for item in told)
    more = [item for item in seen if item["type"] == "gap" and item["what"] == "further programs"]
    assert more == ([{"type": "gap", "what": "further programs", "outcome": "not_supported", "count": "50+"}] if distinct > MAX_EXECUTABLES else [])  # fmt: skip # noqa: E501


def test_processes_that_end_while_they_are_read_are_left_out_and_the_others_stay() -> None:
    class Ending(Proc):
        def link_each(self, folder: str, file: str) -> dict[str, str | HostError]:
            return {pid: link for pid, link in super().link_each(folder, file).items() if int(pid) % 2}

        def descriptors(self, processes: Any = ()) -> dict[str, tuple[str, ...] | HostError]:
            return {pid: () for pid in self.pids if int(pid) % 3}

        def status(self, path: str) -> FileStatus:
            if path.endswith(("5", "5/exe")):
                raise Missing(f"{path}: ended")
            return super().status(path)

    made = run(Ending(100, 100), "processes")
    names = {item["name"] for item in items(made) if item["type"] == "process"}
    assert names == {f"tool{number}" for number in range(1, 100, 2)}


@pytest.fixture
def tree(tmp_path: Any) -> Tree:
    linux_pass.forget()
    return Tree(tmp_path / "root")


def test_names_that_are_no_text_hide_nothing(tree: Tree) -> None:
    tree.file("/proc/stat", f"btime {BOOTED}\n")
    tree.process(1, "init", "/usr/sbin/init")
    tree.process(7, "b\udcffd", "/opt/b\udcff\udcfed/t\udc80l")
    tree.file("/proc/7/stat", STAT.format(pid=7, name="b\udcffd", state="S", flags=0, start=9).encode("utf-8", "surrogateescape"))  # fmt: skip # noqa: E501
    tree.file("/sys/class/net/et\udcff0/type", "1\n")
    tree.file("/sys/class/net/et\udcff0/operstate", "up\n")
    tree.file("/etc/cron.d/j\udcffb", "* * * * * root /opt/b\udcff\n")
    tree.file("/usr/share/applications/a\udcff.desktop", "[Desktop Entry]\nName=\udcff\n")
    names = {item.name for item in look(tree.host(), "processes") if hasattr(item, "name")}
    assert names == {"init", "t\ufffdl"}
    assert {getattr(item, "name", "") for item in look(tree.host(), "network")} >= {"et\ufffd0"}
    for kind in probes.usual():
        assert section(tree.host(), kind).outcome in ("found", "none", "not_permitted", "not_supported")


def test_a_device_unplugged_during_the_walk_leaves_the_others(tmp_path: Any) -> None:
    from farmwatch_agent.host.root import RootHost

    from ..cases import machines

    name = next(iter(machines.MACHINES))
    machines.MACHINES[name](f"{tmp_path}/root")
    whole = RootHost(f"{tmp_path}/root")
    devices = [item for item in look(whole, "usb") if not isinstance(item, Gap)]
    counting = Bad(whole, lambda verb, number, ask: ask())
    run(counting, "usb")
    plugged = [it for it in whole.names("/sys/bus/usb/devices") if it[0].isdigit() and ":" not in it]
    gone = next(it for it in plugged if not any(other.startswith(f"{it}.") for other in plugged))

    for start in positions(counting.calls):

        class Unplugged(Bad):
            def __getattr__(self, verb: str, at: int = start) -> Any:
                found = super().__getattr__(verb)
                if verb not in VERBS:
                    return found

                def call(path: str = "", *more: Any, **named: Any) -> Any:
                    if self.calls >= at and f"/{gone}" in path:
                        self.calls += 1
                        raise Missing(f"{path}: No such file or directory")
                    return found(path, *more, **named)

                return call

        made = run(Unplugged(whole, lambda verb, number, ask: ask()), "usb")
        assert made.outcome == "found"
        left = [item for item in items(made) if item["type"] != "gap"]
        assert len(left) >= len(devices) - 1


# Time


def test_a_laptop_that_sleeps_in_the_middle_of_a_probe_loses_that_probe_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Where the clock of limits counts sleep (Windows; Linux's does not), the look ends, what it saw stays.
    slept = [0.0]

    def collect(host: Host) -> Iterator[Any]:
        yield Gap(what="first", outcome="not_supported")
        slept[0] = 8 * 3600.0
        yield Gap(what="second", outcome="not_supported")
        yield Gap(what="never", outcome="not_supported")

    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + slept[0])
    monkeypatch.setattr(runner, "_collect_of", lambda name, platform: collect if name == "power" else empty)

    def empty(host: Host) -> Iterator[Any]:
        yield from ()

    sleepy, other = runner.run(cast("Host", Proc(1, 1)), KEYER, Health(), ["power", "media"], limits.Limit())
    assert sleepy.outcome == "broken"
    assert "took more than" in sleepy.reason
    assert [item["what"] for item in items(sleepy)] == ["first", "second"]
    assert other.outcome == "none"


def test_a_pass_is_shared_by_two_probes_only_while_the_laptop_stayed_awake() -> None:
    class Sleeping(Proc):
        up, looks = 3600.0, 0

        def uptime(self) -> float:
            return self.up

        def read_each(self, folder: str, file: str, limit: int = 1 << 16) -> dict[str, bytes | HostError]:
            self.looks += 1
            return super().read_each(folder, file, limit)

    host = Sleeping(10, 10)
    linux_pass.forget()
    for up, looks in ((3600.0, 1), (3601.0, 1), (40_000.0, 2), (5.0, 3)):
        host.up = up
        runner.run(cast("Host", host), KEYER, Health(), ["processes"], PATIENT, log=pytest.fail)
        assert host.looks == looks


@pytest.mark.parametrize("now", [0.0, -1e9, 2e11, 1e18, float("nan"), float("inf")], ids=str)
def test_a_time_that_no_calendar_has_makes_a_stamp_all_the_same(now: float) -> None:
    assert isinstance(health.stamp(now), str)
