"""The software probe on Linux."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.probes import linux_homes
from farmwatch_agent.probes.software import linux as software
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.software import Package

from ..linux_tree import Tree, look, section

STATUS = """Package: x11vnc
Status: install ok installed
Priority: optional
Maintainer: Debian Remote Maintainers <remote@lists.example.org>
Architecture: amd64
Version: 0.9.16-9
Description: VNC server
 Version: not this one

Package: removed-tool
Status: deinstall ok config-files
Maintainer: Nobody
Version: 1

Package: half-tool
Status: install reqreinst half-installed
Version: 1

Package: anydesk
Status: hold ok installed
Maintainer: philandro Software GmbH <info@example.org>
Version: 6.3.0

Status: install ok installed
Version: nameless
"""


def test_installed_packages_are_told_and_removed_ones_are_not(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/var/lib/dpkg/status", STATUS)
    os.utime(tree.file("/var/lib/dpkg/info/x11vnc.list"), (1_795_305_600, 1_795_305_600))
    assert look(tree.host(), "software") == [
        Package(name="anydesk", version="6.3.0", publisher="philandro Software GmbH", source="dpkg"),
        Package(
            name="x11vnc",
            version="0.9.16-9",
            publisher="Debian Remote Maintainers",
            installed_on="2026-11-22",
            source="dpkg",
        ),
    ]


def test_flatpaks_snaps_and_folders_of_opt_are_told(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/var/lib/dpkg/status", "")
    tree.folder("/var/lib/flatpak/app/com.rustdesk.RustDesk")
    tree.file("/snap/anydesk/current/meta/snap.yaml", "name: anydesk\nversion: '6.1'\n")
    tree.folder("/snap/bin")
    tree.folder("/opt/teamviewer")
    assert {
        (item.name, item.version, item.source) for item in look(tree.host(), "software") if isinstance(item, Package)
    } == {
        ("com.rustdesk.RustDesk", "", "flatpak"),
        ("anydesk", "6.1", "snap"),
        ("teamviewer", "", "opt"),
    }


def test_a_users_own_program_is_told_by_its_program_and_web_applications_are_not(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/var/lib/dpkg/status", "")
    folder = "/home/jdoe/.local/share/applications"
    tree.file(
        f"{folder}/my.desktop", "[Desktop Entry]\nType=Application\nName=Secret\nExec=/home/jdoe/bin/rustdesk %u\n"
    )
    tree.file(f"{folder}/chrome-abc-Default.desktop", "[Desktop Entry]\nType=Application\nExec=/opt/google/chrome\n")
    assert look(tree.host(), "software") == [Package(name="rustdesk", source="desktop")]


def test_an_rpm_database_is_a_gap(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/usr/lib/sysimage/rpm/rpmdb.sqlite", "x")
    made = section(tree.host(), "software")
    assert made.outcome == "not_supported"
    assert "rpm" in made.reason


def test_nothing_installed_is_none(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/var/lib/dpkg/status", "")
    assert section(tree.host(), "software").outcome == "none"


def test_without_a_package_database_nothing_is_claimed(tmp_path: Path) -> None:
    made = section(Tree(tmp_path).host(), "software")
    assert made.outcome == "not_supported"
    assert "no package database" in made.reason


def test_packages_of_pacman_are_told_by_their_folders(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/var/lib/pacman/local/x11vnc-1:0.9.16-9/desc", "")
    tree.file("/var/lib/pacman/local/gnome-remote-desktop-46.2-1/desc", "")
    tree.file("/var/lib/pacman/local/ALPM_DB_VERSION", "9")
    assert look(tree.host(), "software") == [
        Package(name="gnome-remote-desktop", version="46.2-1", source="pacman"),
        Package(name="x11vnc", version="1:0.9.16-9", source="pacman"),
    ]


def test_other_users_homes_are_a_gap(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/var/lib/dpkg/status", "")
    tree.file("/home/jdoe/.local/share/applications/x.desktop", "x")
    tree.folder("/home/jdoe/.local/share/applications", 0o700)
    seen = look(tree.host(euid=1001), "software")
    assert [item for item in seen if isinstance(item, Gap) and "home folders" in item.what] == seen
    assert seen


def test_a_closed_package_list_is_a_gap(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/var/lib/dpkg/status", STATUS, 0o600)
    assert section(tree.host(euid=1000), "software").outcome == "not_permitted"


@given(st.text(alphabet=st.sampled_from("Package: Statusinledok\nVrMa.1<>\x00é "), max_size=400))
def test_a_hostile_status_file_makes_no_error(text: str) -> None:
    for name, *_ in software.parse_status("Package: a\nStatus: install ok installed\n" + text):
        assert name
    linux_homes.parse_desktop(text)


@given(st.text(max_size=100))
def test_a_program_never_carries_its_arguments(text: str) -> None:
    assert " " not in linux_homes.program_of(f"/usr/bin/tool {text}")


def test_programs_are_found_behind_environment_and_quotes() -> None:
    assert linux_homes.program_of("env DISPLAY=:0 /usr/bin/x11vnc -forever") == "/usr/bin/x11vnc"
    assert linux_homes.program_of('"/opt/My Tool/run" --now') == "/opt/My Tool/run"
    assert linux_homes.program_of("PATH=/bin x11vnc") == "x11vnc"
    assert linux_homes.program_of("$(curl example.com)") == ""
    assert linux_homes.program_of("") == ""
