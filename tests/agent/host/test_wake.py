"""What wakes the reader: which events count, how bursts and storms are gathered, and the kernel's own events."""

import os
import subprocess
import sys
import time
import uuid
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host.linux import wake as linux
from farmwatch_agent.host.macos import wake as macos
from farmwatch_agent.host.protocol import NotSupported
from farmwatch_agent.host.wake import EVERY_SECONDS, WORDS, Gatherer, open_waker
from farmwatch_agent.host.windows import wake as windows
from farmwatch_agent.identity import Identity, State, save_identity

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="uevents are Linux's")

#: Of a kernel, retyped from `udevadm monitor --kernel --property`'s documented form: kobject_uevent.c.
KERNEL = (
    b"add@/devices/pci0000:00/0000:00:14.0/usb1/1-2\0ACTION=add\0DEVPATH=/devices/pci0000:00/0000:00:14.0/usb1/1-2\0"
    b"SUBSYSTEM=usb\0MAJOR=189\0MINOR=3\0DEVTYPE=usb_device\0SEQNUM=4711\0"
)
#: The same through udev: systemd's sd-device monitor puts a header of 40 bytes before the properties.
UDEV = b"libudev\0" + b"\xfe\xed\xca\xfe" + b"\x28\0\0\0" * 7 + KERNEL.partition(b"\0")[2]


@pytest.mark.parametrize(
    ("message", "subsystem"),
    [
        (KERNEL, "usb"),
        (UDEV, "usb"),
        (b"", ""),
        (b"add@/x\0SUBSYSTEM=", ""),
        (b"\0SUBSYSTEM=\xff\xff\0", "\ufffd\ufffd"),
    ],
)
def test_an_event_names_its_subsystem(message: bytes, subsystem: str) -> None:
    assert linux.subsystem_of(message) == subsystem


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading_of_an_event(message: bytes) -> None:
    linux.subsystem_of(message)


class Clock:
    """Time that passes only where somebody sleeps or polls."""

    def __init__(self, events: dict[float, str]) -> None:
        self.now = 1_000.0
        self.waiting = sorted((self.now + at, word) for at, word in events.items())
        self.polls = 0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def poll(self, seconds: float) -> frozenset[str]:
        self.polls += 1
        if seconds and (not self.waiting or self.waiting[0][0] > self.now):
            self.now = min(self.now + seconds, self.waiting[0][0]) if self.waiting else self.now + seconds
        came = frozenset(word for at, word in self.waiting if at <= self.now)
        self.waiting = [(at, word) for at, word in self.waiting if at > self.now]
        return came


@pytest.fixture
def clocked(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    class Set(Clock):
        def __init__(self, events: dict[float, str]) -> None:
            super().__init__(events)
            monkeypatch.setattr(time, "monotonic", lambda: self.now)
            monkeypatch.setattr(time, "sleep", self.sleep)

    return Set


def test_nothing_happens_and_the_wait_is_as_long_as_asked(clocked: type[Clock]) -> None:
    clock = clocked({})
    assert Gatherer(clock.poll).wait(33.0) == frozenset()
    assert clock.now == 1_033.0


def test_a_plugged_device_wakes_within_two_seconds(clocked: type[Clock]) -> None:
    clock = clocked({7.0: "usb", 7.1: "usb", 7.2: "input", 7.3: "hid"})
    assert Gatherer(clock.poll).wait(300.0) == {"usb", "input", "hid"}
    assert clock.now - 1_007.0 < 3.1, "one look for what came, one that found it quiet"


def test_a_single_event_wakes_within_two_seconds(clocked: type[Clock]) -> None:
    clock = clocked({7.0: "drm"})
    assert Gatherer(clock.poll).wait(300.0) == {"drm"}
    assert clock.now <= 1_009.0


def test_a_storm_wakes_every_ten_seconds_at_most_and_is_never_lost(clocked: type[Clock]) -> None:
    clock = clocked({index / 100: "usb" for index in range(10_000)})
    gatherer = Gatherer(clock.poll)
    wakes = []
    while clock.now < 1_130.0:
        if gatherer.wait(60.0):
            wakes.append(clock.now)
    assert all(later - earlier >= EVERY_SECONDS for earlier, later in pairwise(wakes))
    assert 8 <= len(wakes) <= 11
    assert clock.polls < 120, "a hundred seconds of a hundred events each cost a look every 1.5 s"


def test_what_comes_too_early_is_kept_for_the_next_wait(clocked: type[Clock]) -> None:
    clock = clocked({0.5: "usb"})
    gatherer = Gatherer(clock.poll)
    assert gatherer.wait(60.0) == {"usb"}
    clock.waiting = [(clock.now + 0.5, "drm")]
    assert gatherer.wait(4.0) == frozenset(), "what is due in 4 s does not wait for it"
    assert gatherer.wait(60.0) == {"drm"}


def test_a_system_without_events_says_so_once_and_keeps_its_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "_open_line", lambda: (None, 0, "Address family not supported by protocol"))
    log: list[str] = []
    waker = open_waker(log.append)
    if sys.platform == "linux":
        assert waker.wait(0.01) == frozenset()
        (line,) = log
        assert line.startswith("device events cannot be had here (Address family not supported by protocol); ")


def test_a_session_that_begins_is_seen_by_the_files_it_leaves(tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    os.utime(sessions, (1, 1))
    events = linux.Events(None, 0, (str(sessions), str(tmp_path / "none")))
    assert events.poll(0.0) == frozenset()
    (sessions / "c2").touch()
    assert events.poll(0.0) == {"session"}
    assert events.poll(0.0) == frozenset()
    (tmp_path / "none").touch()
    assert events.poll(0.0) == {"session"}


class Lines:
    """A socket that has these messages, then an error."""

    def __init__(self, *messages: tuple[bytes, int] | OSError) -> None:
        self.messages = list(messages)

    def recvfrom(self, size: int) -> tuple[bytes, tuple[int, int]]:
        if not self.messages:
            raise BlockingIOError
        message = self.messages.pop(0)
        if isinstance(message, OSError):
            raise message
        return message[0], (message[1], 1)


def words_of(group: int, *messages: tuple[bytes, int] | OSError) -> set[str]:
    events = linux.Events(None, group, ())
    return events._read(Lines(*messages))  # type: ignore[arg-type]


def test_only_the_kernel_is_believed_in_its_group() -> None:
    assert words_of(1, (KERNEL, 4_242)) == set()
    assert words_of(1, (KERNEL, 0), (KERNEL.replace(b"=usb", b"=block"), 0)) == {"usb"}
    assert words_of(2, (UDEV, 311)) == {"usb"}


def test_more_events_than_the_buffer_holds_may_have_been_any() -> None:
    assert words_of(1, (KERNEL, 0), OSError(105, "No buffer space available")) == WORDS - {"session"}


def notice(guid: str, kind: int = 0) -> bytes:
    return kind.to_bytes(4, "little") + bytes(4) + uuid.UUID(guid).bytes_le + "USB#VID_1D6B".encode("utf-16-le")


def test_windows_notices_name_their_class_and_sessions_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = [[(0, 4), (1, 0)], [(1, 0), (0, 4)], [(0, 4), (1, 0), (2, 0)]]
    events = windows.Events(lambda: sessions[0])
    # GUID_DEVINTERFACE_USB_DEVICE (usbiodef.h), GUID_DEVINTERFACE_MONITOR (ntddvdeo.h), GUID_DEVINTERFACE_DISK.
    events.heard(0, notice("a5dcbf10-6530-11d2-901f-00c04fb951ed"))
    events.heard(1, notice("e6f07b5f-ee97-4a90-b076-33f57bf4eaa7"))
    events.heard(0, notice("53f56307-b6bf-11d0-94f2-00a0c91efb8b"))
    assert events.poll(5.0) == {"usb", "drm"}
    events.heard(6, notice("a5dcbf10-6530-11d2-901f-00c04fb951ed"))
    events.heard(0, notice("a5dcbf10-6530-11d2-901f-00c04fb951ed", kind=2))
    events.heard(0, b"")
    events.heard(0, b"\0" * 23)
    sessions.pop(0)
    assert events.poll(0.0) == frozenset(), "the order of sessions says nothing"
    sessions.pop(0)
    assert events.poll(0.0) == {"session"}


def test_windows_is_asked_for_all_classes_with_the_structure_it_expects() -> None:
    # sizeof(CM_NOTIFY_FILTER) by mingw-w64's cfgmgr32.h for x86_64; ClassGuid must be zeros with the flag.
    assert len(windows.FILTER) == 416
    assert windows.FILTER[:8] == bytes.fromhex("a001000001000000")
    assert not any(windows.FILTER[8:])
    assert set(windows.CLASSES.values()) <= WORDS


def test_macos_notices_come_out_of_the_run_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    answers = [4, 3, 1]

    def run(seconds: float) -> int:
        if answers[0] == 4:
            events.heard("usb")
        return answers.pop(0)

    events = macos.Events(run, (str(tmp_path / "utmpx"),))
    assert events.poll(5.0) == {"usb"}
    (tmp_path / "utmpx").touch()
    assert events.poll(0.0) == {"session"}
    assert events.poll(5.0) == frozenset()
    assert naps == [5.0], "a run loop without sources returns at once, and must not be asked in a circle"
    assert set(macos.CLASSES.values()) <= WORDS


@pytest.mark.parametrize("module", [linux, macos, windows])
def test_a_waker_of_another_system_is_not_supported(module: ModuleType) -> None:
    if module.__name__.split(".")[-2] != {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux"):
        with pytest.raises(NotSupported):
            module.open_events(*((lambda _: None,) if module is linux else ()))


def uevents_can_be_made() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0 and os.access("/sys/class/net/lo/uevent", os.W_OK)


needs_uevents = pytest.mark.skipif(
    not uevents_can_be_made(), reason="only root can make the kernel tell of a device, through /sys/class/net/lo/uevent"
)

#: A waker in a process of its own, so that its CPU time is its own.
WAITS = """
import sys, time
from farmwatch_agent.host.wake import open_waker
waker = open_waker(lambda text: print(text, flush=True))
print("up", flush=True)
begin = time.process_time()
words = waker.wait(20)
print(sorted(words), time.process_time() - begin, flush=True)
"""


@pytest.mark.integration
@needs_uevents
@pytest.mark.parametrize("count", [1, 10_000])
def test_an_event_of_the_kernel_wakes_and_a_storm_is_cheap(count: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        begin = time.monotonic()
        for _ in range(count):
            Path("/sys/class/net/lo/uevent").write_text("change")
        ended = time.monotonic()
        words, _, cpu = process.stdout.readline().rpartition("] ")
        took = time.monotonic() - begin
    finally:
        process.kill()
        process.communicate()
    assert "'net'" in words
    # About 1.5 s and, for a storm, 10 ms of CPU on an idle machine; the bounds leave room for a busy one.
    assert took < (8.0 if count == 1 else EVERY_SECONDS + (ended - begin) + 8.0)
    assert float(cpu) < 1.0, "seconds of CPU for the wait"


@pytest.mark.integration
@needs_uevents
def test_a_reader_reports_a_network_adapter_soon_after_it_came(tmp_path: Path) -> None:
    state = State(str(tmp_path / "state"))
    save_identity(state, Identity(device="d-01", url="http://127.0.0.1:9", key_id="k"), bytes(32), bytes(32))
    names = [f"fw{os.getpid() % 100_000}{end}" for end in "ab"]
    process = subprocess.Popen(
        [sys.executable, "-m", "farmwatch_agent.cli", "read", "--state-dir", state.folder],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        while "report 1 is in the spool" not in (line := process.stderr.readline()):
            assert line, "the reader ended"
        made = subprocess.run(
            ["ip", "link", "add", names[0], "type", "veth", "peer", "name", names[1]], capture_output=True, check=False
        )
        if made.returncode:
            pytest.skip("this kernel makes no virtual adapters")
        begin = time.monotonic()
        assert "report 2 is in the spool" in process.stderr.readline()
        took = time.monotonic() - begin
    finally:
        subprocess.run(["ip", "link", "del", names[0]], capture_output=True, check=False)
        process.terminate()
        process.communicate()
    # 1.5 s on an idle machine; the interval of `network` is 5 minutes.
    assert took < 12.0
