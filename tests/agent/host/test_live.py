"""The live host against files made for the purpose and this machine's own /proc. Error numbers: errno(3), open(2)."""

import errno
import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from farmwatch_agent.host import HostError, Missing, NotPermitted, NotSupported, SourceBroken, open_host
from farmwatch_agent.host.files import error_of
from farmwatch_agent.host.linux.live import LinuxHost

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the live host of Linux needs Linux")

HOST = LinuxHost()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, Missing),
        (errno.ESRCH, Missing),
        (errno.ENOTDIR, Missing),
        (errno.EACCES, NotPermitted),
        (errno.EPERM, NotPermitted),
        (errno.ENODEV, NotSupported),
        (errno.ENXIO, NotSupported),
        (errno.EOPNOTSUPP, NotSupported),
        (errno.EIO, SourceBroken),
        (errno.ELOOP, SourceBroken),
        (errno.EISDIR, SourceBroken),
        (errno.EMFILE, SourceBroken),
    ],
)
def test_each_error_of_the_system_has_one_meaning(number: int, kind: type[HostError]) -> None:
    assert type(error_of(OSError(number, os.strerror(number)), "/x")) is kind


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    content = os.urandom(100_000)
    (tmp_path / "file").write_bytes(content)
    assert HOST.read(f"{tmp_path}/file") == content
    assert HOST.read(f"{tmp_path}/file", 70_000) == content[:70_000]
    assert HOST.read(f"{tmp_path}/file", 5) == content[:5]


def test_text_has_no_trailing_white_space_and_no_undecodable_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b" a\xff \n\n")
    assert HOST.text(f"{tmp_path}/file") == " a\N{REPLACEMENT CHARACTER}"


def test_names_are_sorted_and_links_told_as_written(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).touch()
    (tmp_path / "d").symlink_to("../elsewhere")
    assert HOST.names(str(tmp_path)) == ["a", "b", "c", "d"]
    assert HOST.link(f"{tmp_path}/d") == "../elsewhere"


def test_status_and_digest_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert HOST.status(f"{tmp_path}/file").size == 3
    # FIPS 180-2, appendix B.1.
    assert HOST.sha256(f"{tmp_path}/file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(NotSupported, match="3 bytes"):
        HOST.sha256(f"{tmp_path}/file", 2)


def test_what_is_not_there_is_missing_whatever_the_verb(tmp_path: Path) -> None:
    gone = f"{tmp_path}/gone"
    for verb in (HOST.read, HOST.text, HOST.names, HOST.link, HOST.resolve, HOST.status, HOST.sha256):
        with pytest.raises(Missing):
            verb(gone)
        with pytest.raises(Missing):
            verb(f"{gone}\0")
        with pytest.raises(Missing):
            verb(f"/proc/{gone}\0")


def test_a_folder_is_no_file() -> None:
    for path in ("/tmp", "/proc"):
        with pytest.raises(SourceBroken):
            HOST.read(path)


@pytest.fixture(params=["home", "system"])
def fifo(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A FIFO in a place of users, and the same as if it lay where only root can write."""
    os.mkfifo(tmp_path / "fifo")
    if request.param == "system":
        monkeypatch.setattr(LinuxHost, "system_trees", ("/",))
    return f"{tmp_path}/fifo"


def test_a_fifo_neither_hangs_nor_looks_like_an_empty_file(fifo: str) -> None:
    for verb in (HOST.read, HOST.sha256):
        with pytest.raises(SourceBroken, match="plain file"):
            verb(fifo)


def test_a_fifo_with_a_writer_that_says_nothing_does_not_hang(fifo: str) -> None:
    held = os.open(fifo, os.O_RDWR)
    done = threading.Event()

    def look() -> None:
        with pytest.raises(SourceBroken):
            HOST.read(fifo)
        done.set()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(5)
    os.close(held)
    assert done.is_set()


def test_a_socket_is_no_file(tmp_path: Path) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{tmp_path}/s")
    with pytest.raises(HostError):
        HOST.read(f"{tmp_path}/s")
    listening.close()


def test_a_link_where_users_can_write_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    (tmp_path / "link").symlink_to(secret / "key")
    (tmp_path / "folder").symlink_to(secret)
    for path in ("link", "folder/key"):
        with pytest.raises(NotPermitted, match="not followed"):
            HOST.read(f"{tmp_path}/{path}")
    with pytest.raises(NotPermitted, match="not followed"):
        HOST.names(f"{tmp_path}/folder")
    assert HOST.read(f"{tmp_path}/secret/key") == b"secret"


@pytest.mark.parametrize(
    ("path", "users"),
    [("/proc/1/stat", False), ("/etc/os-release", False), ("/run/utmp", False), ("/run/user/1000/x", True),
     ("/home/a/.config", True), ("/tmp/x", True), ("/var/tmp/x", True), ("/dev/shm/x", True), ("/srv/home/x", True)],
)  # fmt: skip
def test_places_of_users_are_known(path: str, users: bool) -> None:
    assert LinuxHost().is_user_tree(path) is users


def test_one_verb_reads_a_file_of_every_process() -> None:
    stats = HOST.read_each("/proc", "stat")
    own = stats[str(os.getpid())]
    assert isinstance(own, bytes)
    assert own.startswith(f"{os.getpid()} (".encode())
    links = HOST.link_each("/proc", "exe")
    assert links[str(os.getpid())] == os.path.realpath(sys.executable)
    with pytest.raises(Missing):
        HOST.read_each("/nowhere", "stat")


def test_each_process_that_cannot_be_read_stands_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ("1", "22", "x"):
        (tmp_path / number).mkdir()
        (tmp_path / number / "stat").write_text(number)
    (tmp_path / "333").mkdir()
    (tmp_path / "4" / "stat").mkdir(parents=True)
    seen = HOST.read_each(str(tmp_path), "stat")
    assert (seen["1"], seen["22"]) == (b"1", b"22")
    assert isinstance(seen["4"], SourceBroken)
    assert set(seen) == {"1", "22", "4"}
    monkeypatch.setattr(os, "readlink", lambda _path: (_ for _ in ()).throw(PermissionError(errno.EACCES, "no")))
    assert all(isinstance(item, NotPermitted) for item in HOST.link_each(str(tmp_path), "exe").values())


def test_clock_and_rights_are_those_of_this_machine() -> None:
    assert HOST.euid() == os.geteuid()
    assert abs(HOST.uptime() - float(HOST.text("/proc/uptime").split()[0])) < 2
    assert HOST.now() > 1_700_000_000


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    before = len(os.listdir("/proc/self/fd"))
    for path in ("file", "link", "gone", "file/below", "."):
        for verb in (HOST.read, HOST.sha256, HOST.names):
            try:
                verb(f"{tmp_path}/{path}")
            except HostError:
                continue
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_form_that_is_asked_for_is_opened(tmp_path: Path) -> None:
    assert open_host().origin == "live"
    assert open_host(root=str(tmp_path)).origin == "root"
    with pytest.raises(NotSupported, match="one of them"):
        open_host(root="/", replay="x")
