"""Where users write, a link tells root nothing: neither content, names, digest, nor whether something is there."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from farmwatch_agent.host.linux.live import LinuxHost
from farmwatch_agent.host.posix import PosixHost
from farmwatch_agent.host.protocol import HostError, Missing, NotPermitted
from farmwatch_agent.host.windows.live import WindowsHost

pytestmark = pytest.mark.skipif(os.name != "posix", reason="makes links and FIFOs")

VERBS: dict[str, Callable[[PosixHost, str], Any]] = {
    "read": lambda host, path: host.read(path),
    "text": lambda host, path: host.text(path),
    "sha256": lambda host, path: host.sha256(path),
    "status": lambda host, path: host.status(path),
    "names": lambda host, path: host.names(path),
}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "secret").write_text("of somebody else")
    return folder


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("there", [True, False])
def test_a_link_tells_the_same_whether_its_target_is_there_or_not(
    tmp_path: Path, secret: Path, verb: str, there: bool
) -> None:
    target = secret / ("secret" if there else "nothing")
    (tmp_path / "last").symlink_to(target if verb != "names" else secret if there else target)
    (tmp_path / "way").symlink_to(secret)
    with pytest.raises(NotPermitted):
        VERBS[verb](LinuxHost(), str(tmp_path / "last"))
    with pytest.raises(NotPermitted):
        VERBS[verb](LinuxHost(), str(tmp_path / "way" / target.name))


def test_status_of_a_users_own_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("x")
    found = LinuxHost().status(str(tmp_path / "own"))
    assert (found.size, found.uid) == (1, os.stat(tmp_path).st_uid)
    with pytest.raises(Missing):
        LinuxHost().status(str(tmp_path / "none"))


@pytest.mark.parametrize("verb", ["read", "text", "sha256", "names"])
def test_a_fifo_a_socket_and_a_device_hang_nobody(tmp_path: Path, verb: str) -> None:
    getattr(os, "mkfifo")(tmp_path / "fifo")  # noqa: B009 (not on Windows)
    with pytest.raises(HostError):
        VERBS[verb](LinuxHost(), str(tmp_path / "fifo"))


def test_links_in_a_circle_and_names_that_are_no_text_are_errors_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for path in (str(tmp_path / "a"), f"{tmp_path}/a/b", f"{tmp_path}/\0", f"{tmp_path}/\ud800", "/" + "x" * 5000):
        for verb, look in VERBS.items():
            with pytest.raises(HostError):
                look(LinuxHost(), path)
            assert verb


def test_a_sparse_file_of_ten_gigabytes_costs_its_limit(tmp_path: Path) -> None:
    with open(tmp_path / "extensions.json", "wb") as file:
        file.truncate(10 << 30)
    assert len(LinuxHost().read(str(tmp_path / "extensions.json"), 1 << 20)) == 1 << 20
    with pytest.raises(HostError):
        LinuxHost().sha256(str(tmp_path / "extensions.json"))


@pytest.mark.parametrize(
    "path",
    [r"\\server\share\x", r"\\?\UNC\server\share\x", r"\\.\pipe\x", r"\\?\GLOBALROOT\Device\Mup\s\x", r"\??\C:\x",
     "x", r"\Windows\x", "", r"C:x"],
)  # fmt: skip
def test_windows_opens_nothing_of_another_machine(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> object:
        raise AssertionError("the system was asked")

    for name in ("open", "stat", "readlink", "scandir"):
        monkeypatch.setattr(os, name, never)
    monkeypatch.setattr(os.path, "realpath", never)
    host = WindowsHost()
    for look in (host.read, host.text, host.names, host.link, host.resolve, host.status, host.sha256):
        with pytest.raises(NotPermitted):
            look(path)
