"""A file tree taken for `/`: what it shows, and that nothing outside it is ever read."""

import os
from pathlib import Path

import pytest

from farmwatch_agent.host import Missing, NotPermitted, SourceBroken
from farmwatch_agent.host.root import RootHost

from ...cases import builders


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "usr/lib").mkdir(parents=True)
    (root / "usr/lib/os-release").write_text("NAME=inside\n")
    (tmp_path / "outside").write_text("secret\n")
    return root


def test_an_absolute_link_starts_at_the_top_of_the_tree(tree: Path) -> None:
    (tree / "etc/os-release").symlink_to("/usr/lib/os-release")
    host = RootHost(str(tree))
    assert host.text("/etc/os-release") == "NAME=inside"
    assert host.link("/etc/os-release") == "/usr/lib/os-release"
    assert host.resolve("/etc/os-release") == "/usr/lib/os-release"


@pytest.mark.parametrize(
    "target", ["../../outside", "../../../../../../outside", "/../outside", "usr/../../../outside"]
)
def test_no_link_leads_out_of_the_tree(tree: Path, target: str) -> None:
    (tree / "etc/x").symlink_to(target)
    host = RootHost(str(tree))
    for verb in (host.read, host.sha256, host.status, host.names):
        with pytest.raises(Missing):
            verb("/etc/x")


def test_a_link_to_a_file_of_this_machine_is_not_followed_there(tree: Path, tmp_path: Path) -> None:
    (tree / "etc/x").symlink_to(tmp_path / "outside")
    (tree / "etc/folder").symlink_to(tmp_path)
    host = RootHost(str(tree))
    for path in ("/etc/x", "/etc/folder/outside", f"/../../{tmp_path.name}/outside", "/etc/../../outside"):
        with pytest.raises(Missing):
            host.read(path)


def test_dots_in_a_path_end_at_the_top(tree: Path) -> None:
    assert RootHost(str(tree)).text("/../../etc/../usr/./lib/os-release") == "NAME=inside"


def test_links_in_a_circle_are_broken_and_not_endless(tree: Path) -> None:
    (tree / "a").symlink_to("b")
    (tree / "b").symlink_to("a")
    with pytest.raises(SourceBroken, match="40 links"):
        RootHost(str(tree)).read("/a")


@pytest.mark.parametrize("path", ["etc/os-release", "", "/nul\0byte", "/usr/lib/os-release/below"])
def test_what_is_no_path_of_the_tree_is_missing(tree: Path, path: str) -> None:
    with pytest.raises(Missing):
        RootHost(str(tree)).read(path)


def test_a_fifo_in_a_tree_does_not_hang(tree: Path) -> None:
    os.mkfifo(tree / "etc/fifo")
    with pytest.raises(SourceBroken):
        RootHost(str(tree)).read("/etc/fifo")


def test_another_user_reads_what_everybody_may(tree: Path) -> None:
    (tree / "etc/open").write_text("open")
    (tree / "etc/shut").write_text("shut")
    (tree / "etc/shut").chmod(0o640)
    host = RootHost(str(tree), euid=1000)
    assert host.text("/etc/open") == "open"
    assert host.euid() == 1000
    with pytest.raises(NotPermitted):
        host.read("/etc/shut")
    assert RootHost(str(tree)).text("/etc/shut") == "shut"


def test_the_clock_comes_from_the_tree(tree: Path) -> None:
    os.utime(tree, (1_600_000_000, 1_600_000_000))
    for name in ("etc", "usr"):
        os.utime(tree / name, (1_500_000_000, 1_500_000_000))
    host = RootHost(str(tree))
    assert (host.now(), host.uptime()) == (1_600_000_000, 0.0)
    builders.system(str(tree), booted=1_760_000_000, up=3600.5)
    assert (host.now(), host.uptime()) == (1_760_003_600.5, 3600.5)
    assert RootHost(str(tree), now=5.0).now() == 5.0


def test_every_process_of_the_tree_is_read_in_one_verb(tree: Path) -> None:
    for number in ("1", "42"):
        (tree / "proc" / number / "fd").mkdir(parents=True)
        (tree / "proc" / number / "stat").write_text(f"{number} (x)")
        (tree / "proc" / number / "exe").symlink_to("/usr/bin/x")
    (tree / "proc/42/cmdline").write_bytes(b"/usr/bin/cloudflared\0tunnel\0run\0")
    (tree / "proc/42/fd/3").symlink_to("/dev/uinput")
    (tree / "proc/42/fd/4").symlink_to("/home/somebody/letter.txt")
    host = RootHost(str(tree))
    assert host.read_each("/proc", "stat") == {"1": b"1 (x)", "42": b"42 (x)"}
    assert host.link_each("/proc", "exe") == {"1": "/usr/bin/x", "42": "/usr/bin/x"}
    assert host.argument_flags() == {"42": ("tunnel_mode",)}
    assert host.descriptors() == {"1": (), "42": ("/dev/uinput",)}


def test_a_link_of_the_tree_never_opens_a_process_of_this_machine(tree: Path) -> None:
    (tree / "proc/7").mkdir(parents=True)
    (tree / "proc/7/cmdline").symlink_to("/proc/self/cmdline")
    assert RootHost(str(tree)).argument_flags() == {}


def test_a_folder_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="proc/ and sys/"):
        RootHost(f"{tmp_path}/nothing")
