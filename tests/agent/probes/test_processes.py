"""The process probe on Linux, on trees as proc(5) describes them."""

import hashlib
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.probes import linux_pass
from farmwatch_agent.probes.processes import cache as cache_module
from farmwatch_agent.probes.processes import packages
from farmwatch_agent.probes.processes.cache import Executables
from farmwatch_agent.probes.processes.packages import Packages
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.processes import Process

from ..linux_tree import BOOTED, Tree, look, section, socket_line

ANYWHERE = "00000000:170C"
LOOPBACK = "0100007F:170C"
NOBODY_YET = "00000000:0000"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path)
    tree.file("/proc/stat", f"cpu 1 2 3\nbtime {BOOTED}\n")
    tree.process(1, "systemd", "/usr/lib/systemd/systemd")
    return tree


def processes(tree: Tree, euid: int = 0) -> dict[str, Process]:
    return {item.name: item for item in look(tree.host(euid), "processes") if isinstance(item, Process)}


def test_processes_of_one_executable_are_one_observable(tree: Tree) -> None:
    tree.process(10, "worker", "/usr/bin/tool", uid=0, start=2 * 8_640_000)
    tree.process(11, "tool", "/usr/bin/tool", uid=1000, start=3 * 8_640_000)
    tree.process(12, "renamed", "/usr/bin/tool", uid=1000, start=3 * 8_640_000)
    seen = processes(tree)["tool"]
    assert (seen.path, seen.count, seen.run_by, seen.kernel_names) == (
        "/usr/bin/tool",
        "2-4",
        "both",
        ("renamed", "worker"),
    )
    # Two days after the boot of 22 November 2026.
    assert seen.first_start == "2026-11-24"


def test_kernel_threads_and_the_dead_are_left_out(tree: Tree) -> None:
    tree.process(2, "kthreadd", None, flags=linux_pass.PF_KTHREAD | 0x40)
    tree.process(3, "gone", None, state="Z")
    assert set(processes(tree)) == {"systemd"}


def test_the_hash_is_that_of_the_file(tree: Tree) -> None:
    expected = hashlib.sha256(b"program /usr/lib/systemd/systemd").hexdigest()
    assert processes(tree)["systemd"].sha256 == expected


def test_names_of_people_are_cut_from_paths(tree: Tree) -> None:
    tree.process(10, "tool", "/home/jdoe/.local/bin/tool", uid=1000)
    tree.process(11, "app", "/tmp/.mount_RustDeAbCdEf/usr/rustdesk", uid=1000)
    seen = processes(tree)
    assert seen["tool"].path == "~/.local/bin/tool"
    assert seen["rustdesk"].path == "/tmp/.mount_RustDe*/usr/rustdesk"
    assert b"jdoe" not in msgspec.json.encode(section(tree.host(), "processes"))


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "writable"),
    [(0o755, 0o755, False), (0o757, 0o755, True), (0o755, 0o777, True), (0o755, 0o1777, False)],
)
def test_a_file_that_any_user_could_replace_is_told(
    tmp_path: Path, file_mode: int, folder_mode: int, writable: bool
) -> None:
    tree = Tree(tmp_path / "tree")
    if tree.root.stat().st_uid != 0:
        pytest.skip("needs root: the tree's files must be root's")
    tree.file("/opt/tool/run", "x", file_mode)
    tree.folder("/opt/tool", folder_mode)
    tree.process(1, "run", "/opt/tool/run")
    assert processes(tree)["run"].user_writable is writable


def test_a_deleted_executable_is_told(tree: Tree) -> None:
    tree.process(10, "tool", "/opt/tool (deleted)")
    assert (processes(tree)["tool"].deleted, processes(tree)["tool"].path) == (True, "/opt/tool")


def test_listening_on_the_network_is_told_from_loopback(tree: Tree) -> None:
    tree.process(10, "open", "/usr/bin/open", open_files=("socket:[501]", "/home/jdoe/secret.txt"))
    tree.process(11, "closed", "/usr/bin/closed", open_files=("socket:[502]",))
    tree.sockets("tcp", socket_line(ANYWHERE, NOBODY_YET, "0A", 501), socket_line(LOOPBACK, NOBODY_YET, "0A", 502))
    for table in ("tcp6", "udp", "udp6"):
        tree.sockets(table)
    seen = processes(tree)
    assert (seen["open"].listens, seen["closed"].listens) == (True, False)
    assert b"secret" not in msgspec.json.encode(section(tree.host(), "processes"))


def test_input_devices_and_packet_sockets_are_told(tree: Tree) -> None:
    tree.process(10, "maker", "/usr/bin/maker", open_files=("/dev/uinput", "/dev/hidraw3", "socket:[77]"))
    tree.file("/proc/net/packet", "sk RefCnt Type Proto Iface R Rmem User Inode\nffff 3 3 0003 2 1 0 0 77\n")
    assert processes(tree)["maker"].holds == ("hidraw", "packet_socket", "uinput")


def test_what_other_users_hide_is_a_gap_and_their_names_are_seen(tree: Tree) -> None:
    tree.process(10, "hidden", None, uid=0, open_files=("socket:[1]",))
    tree.folder("/proc/10/fd", 0o700)
    host = tree.host(euid=1000)
    made = section(host, "processes")
    seen = look(host, "processes")
    hidden = next(item for item in seen if isinstance(item, Process) and item.name == "hidden")
    assert (hidden.path, hidden.listens, hidden.holds, hidden.sha256) == (None, None, None, None)
    gaps = {(item.what, item.outcome, item.count) for item in seen if isinstance(item, Gap)}
    assert gaps == {
        ("executables of other users' processes", "not_permitted", "1"),
        ("open devices and sockets of other users' processes", "not_permitted", "1"),
    }
    assert made.outcome == "found"
    assert "executables of other users' processes" in made.reason


def test_a_process_list_without_process_1_is_not_whole(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.process(500, "mine", "/usr/bin/mine", uid=1000)
    assert Gap(what="processes of other users", outcome="not_permitted") in look(tree.host(), "processes")


def test_without_proc_nothing_is_claimed(tmp_path: Path) -> None:
    assert section(Tree(tmp_path).host(), "processes").outcome == "not_supported"


def test_an_unreadable_proc_is_not_permitted(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.process(1, "systemd", "/usr/lib/systemd/systemd")
    tree.folder("/proc", 0o700)
    assert section(tree.host(euid=1000), "processes").outcome == "not_permitted"


def test_malformed_processes_cost_themselves_only(tree: Tree) -> None:
    tree.process(10, "broken", "/usr/bin/broken")
    tree.file("/proc/10/stat", b"\xff\x00 nonsense")
    tree.process(11, "odd) (name", "/usr/bin/odd", uid=1000)
    tree.file("/proc/11/status", "no user here\n")
    assert set(processes(tree)) == {"systemd", "odd"}


@given(st.binary(max_size=400))
def test_hostile_stat_and_status_make_no_error(data: bytes) -> None:
    linux_pass.parse_stat(data)
    linux_pass.parse_user(data)


def test_a_package_is_found_by_its_lists_and_its_absence_only_after_all_were_read(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/var/lib/dpkg/status", "Package: x\n")
    tree.file("/var/lib/dpkg/info/x11vnc.list", "/.\n/usr/bin/x11vnc\n")
    tree.file("/var/lib/dpkg/info/zzz-tools:amd64.list", "/.\n/bin/oddname\n")
    for number in range(30):
        tree.file(f"/var/lib/dpkg/info/filler{number:02}.list", "/.\n")
    host, cache = tree.host(), Executables()
    found = Packages(cache)
    found.begin(host)
    assert found.owner(host, "/usr/bin/x11vnc") == "x11vnc"
    assert found.owner(host, "/home/jdoe/bin/x11vnc") == ""
    assert found.owner(host, "/usr/bin/oddname") is None
    assert found.owner(host, "/opt/nobodys") is None
    answers = []
    for _ in range(4):
        found.begin(host)
        found.go_on(host, 10)
        answers.append((found.owner(host, "/usr/bin/oddname"), found.owner(host, "/opt/nobodys")))
    # 32 lists, ten per pass: all of them were read in the fourth.
    assert answers[2] == (None, None)
    assert answers[3] == ("zzz-tools", "")


def test_a_package_is_kept_while_lists_are_read_again_after_an_upgrade(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/var/lib/dpkg/status", "Package: x\n")
    tree.file("/var/lib/dpkg/info/x11vnc.list", "/.\n/usr/bin/x11vnc\n")
    host, cache = tree.host(), Executables()
    found = Packages(cache)
    found.begin(host)
    assert found.owner(host, "/usr/bin/x11vnc") == "x11vnc"
    tree.file("/var/lib/dpkg/status", "Package: x\nPackage: y\n")
    tree.file("/var/lib/dpkg/info/x11vnc.list", "/.\n")
    found.begin(host)
    assert found.owner(host, "/usr/bin/x11vnc") == "x11vnc"
    found.go_on(host)
    assert found.owner(host, "/usr/bin/x11vnc") == ""


def test_without_dpkg_the_package_is_unknown(tree: Tree) -> None:
    assert processes(tree)["systemd"].package is None


def test_a_path_names_its_likeliest_packages() -> None:
    assert packages.candidates("/usr/sbin/sshd")[0] == "openssh-server"
    assert "python3.11-minimal" in packages.candidates("/usr/bin/python3.11")
    assert "firefox-esr" in packages.candidates("/usr/lib/firefox-esr/firefox-bin")


def test_hashing_stays_within_its_budget_and_goes_on_in_the_next_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = Tree(tmp_path)
    for number in range(1, 4):
        tree.file(f"/usr/bin/tool{number}", bytes([number]) * 600, 0o755)
        tree.process(number, f"tool{number}", f"/usr/bin/tool{number}")
    host = tree.host()
    monkeypatch.setattr("farmwatch_agent.probes.processes.linux.HASH_BUDGET", 1000)
    monkeypatch.setattr(host, "origin", "live", raising=False)
    monkeypatch.setattr(cache_module, "current", Executables())

    def hashed() -> int:
        linux_pass.forget()
        return sum(item.sha256 is not None for item in look(host, "processes") if isinstance(item, Process))

    assert [hashed(), hashed(), hashed()] == [1, 2, 3]


def test_the_cache_survives_a_restart_and_a_damaged_one_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Executables(hashes={"/usr/bin/x|1|2.0|3": "ab"}, packages={"/usr/bin/x": "x"}, generation="g")
    monkeypatch.setattr(cache_module, "current", kept)
    file = str(tmp_path / "executables.json")
    cache_module.save(file)
    fresh = Executables()
    monkeypatch.setattr(cache_module, "current", fresh)
    cache_module.load(file)
    assert fresh == kept
    written = Path(file).stat().st_mtime_ns
    cache_module.save(file)
    assert Path(file).stat().st_mtime_ns == written
    Path(file).write_bytes(b"[" * 100_000)
    again = Executables()
    monkeypatch.setattr(cache_module, "current", again)
    cache_module.load(file)
    cache_module.load(str(tmp_path / "nowhere"))
    assert again == Executables()


def test_a_file_name_that_is_no_text_hides_nothing(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = os.fsdecode(b"/usr/bin/odd\xff\xfe")
    tree.process(10, "odd", name, uid=1000)
    tree.file("/var/lib/dpkg/status", "")
    kept = Executables()
    monkeypatch.setattr(cache_module, "current", kept)
    host = tree.host()
    monkeypatch.setattr(host, "origin", "live", raising=False)
    seen = {item.name: item for item in look(host, "processes") if isinstance(item, Process)}
    cache_module.save(str(tmp_path / "executables.json"))
    assert (tmp_path / "executables.json").stat().st_size > 100
    assert seen["odd\ufffd\ufffd"].path == "/usr/bin/odd\ufffd\ufffd"
    assert "systemd" in seen


def test_a_crowd_of_programs_hides_none_that_acts_and_is_told(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farmwatch_agent.probes.processes.linux.MAX_EXECUTABLES", 3)
    for number in range(10, 20):
        tree.process(number, "filler", f"/usr/bin/filler{number}")
    tree.process(99, "x11vnc", "/usr/bin/x11vnc", arguments=("x11vnc", "-forever"))
    found = look(tree.host(), "processes")
    assert "x11vnc" in {item.name for item in found if isinstance(item, Process)}
    assert Gap(what="further programs", outcome="not_supported", count="5-9") in found


def test_a_path_of_thousands_of_characters_is_shortened_in_the_middle(tree: Tree) -> None:
    tree.process(10, "deep", "/usr/" + "d" * 200 + "/" + "e" * 200 + "/" + "f" * 200 + "/deep")
    path = processes(tree)["deep"].path
    assert path is not None
    assert (len(path), path.endswith("/deep")) == (403, True)
