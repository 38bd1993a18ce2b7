"""Record and replay: the same observables, the same errors, on any system; and files that are no captures."""

import gzip
import json
import os
import stat
import zlib
from pathlib import Path

import msgspec
import pytest

from farmwatch_agent import probes
from farmwatch_agent.host import HostError, Missing, NotPermitted, NotSupported, SourceBroken, capture, open_host
from farmwatch_agent.host.capture import Answer, Capture, CaptureError
from farmwatch_agent.host.protocol import Host
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.probe import collect_function
from farmwatch_schema.observables import Observable

from ...cases import machines
from ..linux_tree import Tree, socket_line


def looked(host: Host, *names: str) -> dict[str, list[Observable] | type[HostError]]:
    """Returns what each probe sees, or which error it ends with."""
    seen: dict[str, list[Observable] | type[HostError]] = {}
    for name in names:
        collect = collect_function(probes.load(name), host.platform)
        assert collect is not None
        try:
            seen[name] = list(collect(host))
        except HostError as error:
            seen[name] = type(error)
    return seen


def replayed(recording: RecordingHost, *, raw: bool = True) -> ReplayingHost:
    return ReplayingHost(capture.unpack(capture.pack(recording.capture(raw=raw))))


@pytest.mark.parametrize("name", list(machines.MACHINES))
def test_a_replay_shows_what_was_seen(name: str, tmp_path: Path) -> None:
    machines.MACHINES[name](str(tmp_path))
    recording = RecordingHost(RootHost(str(tmp_path)))
    before = looked(recording, "usb", "displays")
    assert all(isinstance(items, list) and items for items in before.values())
    host = replayed(recording)
    assert looked(host, "usb", "displays") == before
    assert (host.origin, host.platform, host.now(), host.uptime()) == ("replay", "linux", 1_760_003_600.0, 3600.0)


def test_a_replay_of_a_tree_shows_its_processes_too(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    machines.office(str(tmp_path))
    tree.process(1, "systemd", "/usr/lib/systemd/systemd")
    tree.process(70, "x11vnc", "/usr/bin/x11vnc", uid=1000, open_files=("socket:[4711]", "/dev/uinput"))
    tree.process(71, "kworker/0:1", None)
    tree.sockets("tcp", socket_line("00000000:170C", "00000000:0000", "0A", 4711, 1000))
    recording = RecordingHost(RootHost(str(tmp_path)))
    before = looked(recording, *probes.NAMES)
    assert looked(replayed(recording), *probes.NAMES) == before
    assert sum(isinstance(items, list) for items in before.values()) >= 6


def test_a_replay_shows_what_could_not_be_seen(tmp_path: Path) -> None:
    machines.pikvm(str(tmp_path))
    (tmp_path / "sys/class/drm").chmod(0o700)
    for folder in (tmp_path / "sys/bus/usb/devices").glob("1-3"):
        (folder / "descriptors").chmod(0o400)
    recording = RecordingHost(RootHost(str(tmp_path), euid=1000))
    before = looked(recording, "usb", "displays")
    assert before["displays"] is NotPermitted
    assert looked(replayed(recording), "usb", "displays") == before
    empty = RecordingHost(RootHost(str(tmp_path / "proc")))
    assert looked(empty, "usb", "displays") == {"usb": NotSupported, "displays": NotSupported}
    assert looked(replayed(empty), "usb", "displays") == {"usb": NotSupported, "displays": NotSupported}


def test_every_verb_is_kept(tmp_path: Path) -> None:
    (tmp_path / "proc/1/fd").mkdir(parents=True)
    (tmp_path / "proc/1/stat").write_text("1 (init)")
    (tmp_path / "proc/1/cmdline").write_bytes(b"ngrok\0http\0")
    (tmp_path / "proc/1/exe").symlink_to("/sbin/init")
    (tmp_path / "proc/1/fd/0").symlink_to("socket:[77]")
    (tmp_path / "proc/2/stat").mkdir(parents=True)
    (tmp_path / "data").write_bytes(b"\xff\x00binary")
    recording = RecordingHost(RootHost(str(tmp_path)))

    def ask(host: Host) -> list[object]:
        return [
            host.read("/data"),
            host.text("/proc/1/stat"),
            {
                name: value if isinstance(value, bytes) else type(value)
                for name, value in host.read_each("/proc", "stat").items()
            },
            host.link_each("/proc", "exe"),
            host.argument_flags(),
            host.descriptors(),
            host.names("/proc"),
            host.link("/proc/1/exe"),
            host.resolve("/proc/1/stat"),
            host.status("/data"),
            host.sha256("/data"),
            (host.now(), host.uptime(), host.euid()),
        ]

    assert ask(replayed(recording_of(recording, ask))) == ask(recording)


def recording_of(recording: RecordingHost, ask: object) -> RecordingHost:
    """Returns the recording after everything was asked of it once."""
    assert callable(ask)
    ask(recording)
    return recording


def test_what_nobody_read_is_broken_unless_its_folder_was_listed(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/a").write_text("a")
    recording = RecordingHost(RootHost(str(tmp_path)))
    recording.names("/etc")
    host = replayed(recording)
    with pytest.raises(SourceBroken, match="make a new capture"):
        host.read("/etc/a")
    with pytest.raises(Missing):
        host.read("/etc/b")
    with pytest.raises(Missing):
        host.names("/etc/b/below")
    with pytest.raises(SourceBroken):
        host.read("/proc/stat")


def test_more_than_was_recorded_is_not_made_up(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    recording = RecordingHost(RootHost(str(tmp_path)))
    recording.read("/file", 4)
    host = replayed(recording)
    assert (host.read("/file", 4), host.read("/file", 2)) == (b"0123", b"01")
    with pytest.raises(SourceBroken, match="first 4 bytes"):
        host.read("/file", 5)
    recording.read("/file")
    assert replayed(recording).read("/file") == b"0123456789"


def test_names_that_are_not_utf_8_survive_the_way(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(str(tmp_path)) + b"/\xff\xfe")
    recording = RecordingHost(RootHost(str(tmp_path)))
    recording.names("/")
    assert replayed(recording).names("/") == ["\N{REPLACEMENT CHARACTER}" * 2]


def test_a_capture_file_is_written_for_its_owner_and_read_again(tmp_path: Path) -> None:
    machines.plain(str(tmp_path / "root"))
    recording = RecordingHost(RootHost(str(tmp_path / "root")))
    before = looked(recording, "usb", "displays")
    path = f"{tmp_path}/laptop.capture"
    capture.save(recording.capture(raw=True), path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert looked(open_host(replay=path), "usb", "displays") == before
    document = json.loads(gzip.decompress(Path(path).read_bytes()))
    assert (document["format"], document["version"], document["pseudonymised"]) == ("farmwatch-capture", 1, False)


def document(**changes: object) -> bytes:
    """Returns a capture's bytes with some fields changed."""
    empty = Capture(
        format="farmwatch-capture", version=1, agent="0", platform="linux", pseudonymised=True, now=0, uptime=0, euid=0
    )
    fields = json.loads(msgspec.json.encode(empty))
    return gzip.compress(json.dumps({**fields, **changes}).encode(), mtime=0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cut off"),
        (b"not gzip", "not packed"),
        (document()[:-9], "cut off"),
        (gzip.compress(b"{", mtime=0), "not a capture"),
        (gzip.compress(b'{"format":"other"}', mtime=0), "format is 'other'"),
        (document(version=2), "newer agent"),
        (document(read={"/x": {"text": 7}}), "text"),
        (document(now="never"), "now"),
        (
            gzip.compress(b'{"format":"farmwatch-capture","version":1,"read":' + b"[" * 100_000, mtime=0),
            "not a capture",
        ),
    ],
)
def test_what_is_no_capture_is_refused_with_the_reason(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(CaptureError, match=message):
        open_host(replay=str(path))


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "MAX_UNPACKED", 1 << 16)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with pytest.raises(CaptureError, match="unpacks to more"):
        capture.unpack(packer.compress(bytes(1 << 20)) + packer.flush())


def test_a_missing_file_and_a_forbidden_place_are_said(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="No such file"):
        capture.load(f"{tmp_path}/nothing")
    with pytest.raises(CaptureError, match="cannot be written"):
        capture.save(capture.unpack(document()), f"{tmp_path}/no/folder")


def test_an_answer_that_answers_nothing_is_broken() -> None:
    assert isinstance(Answer().problem(), SourceBroken)
    with pytest.raises(SourceBroken):
        Answer(names=["x"]).content()
    assert type(Answer(error="missing", message="gone").problem()) is Missing
