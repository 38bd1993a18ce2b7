"""The service probe on Linux."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.probes.services import linux as services
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.services import Service

from ..linux_tree import Tree, look, section

MARKER = "sekrit-4b1f"


def test_enabled_and_running_units_are_told_with_their_program_only(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    unit = f"[Service]\nExecStartPre=/bin/true\nExecStart=-/usr/bin/x11vnc -passwd {MARKER}\n"
    tree.file("/usr/lib/systemd/system/x11vnc.service", unit)
    tree.link("/etc/systemd/system/multi-user.target.wants/x11vnc.service", "/usr/lib/systemd/system/x11vnc.service")
    tree.file("/etc/systemd/system/anydesk.service", "[Service]\nExecStart=/usr/bin/anydesk --service\n")
    tree.file("/usr/lib/systemd/system/getty@.service", "[Service]\nExecStart=-/sbin/agetty -o x %I\n")
    tree.link("/etc/systemd/system/getty.target.wants/getty@tty1.service", "/usr/lib/systemd/system/getty@.service")
    tree.link("/etc/systemd/system/timers.target.wants/tool.timer", "/usr/lib/systemd/system/tool.timer")
    for running in ("anydesk.service", "x11vnc.service", "run-u12.service", "system-getty.slice"):
        tree.folder(f"/sys/fs/cgroup/system.slice/{running}")
    assert look(tree.host(), "services") == [
        Service(name="anydesk.service", kind="systemd", path="/usr/bin/anydesk", enabled=False, running=True),
        Service(name="getty@tty1.service", kind="systemd", path="/sbin/agetty", enabled=True, running=False),
        Service(name="tool.timer", kind="systemd", enabled=True),
        Service(name="x11vnc.service", kind="systemd", path="/usr/bin/x11vnc", enabled=True, running=True),
    ]


def test_scheduled_and_autostart_entries_are_told_without_arguments_and_names_of_people(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file(
        "/etc/crontab", f"SHELL=/bin/sh\n17 * * * * root /usr/bin/tool --token {MARKER}\n@reboot root cd / && x\n"
    )
    tree.file("/etc/cron.d/other", "0 3 * * 0 root test -x /x\n")
    tree.file("/var/spool/cron/crontabs/jdoe", f"*/5 * * * * /home/jdoe/bin/jiggle {MARKER}\n", 0o600)
    tree.file("/etc/cron.daily/apt", "#!/bin/sh\n")
    tree.file(
        "/etc/xdg/autostart/krfb.desktop", f"[Desktop Entry]\nExec=/usr/bin/krfb --nodialog {MARKER}\nHidden=false\n"
    )
    tree.file("/home/jdoe/.config/autostart/off.desktop", "[Desktop Entry]\nExec=rustdesk\nHidden=true\n")
    tree.link("/home/jdoe/.config/systemd/user/default.target.wants/tool.service", "../tool.service")
    made = section(tree.host(), "services")
    assert {(item.kind, item.name, item.path, item.enabled, item.run_by) for item in look(tree.host(), "services")
            if isinstance(item, Service)} == {
        ("cron", "crontab", "/usr/bin/tool", True, "system"),
        ("cron", "crontab", "", True, "system"),
        ("cron", "other", "", True, "system"),
        ("cron", "user crontab", "~/bin/jiggle", True, "user"),
        ("cron", "apt", "/etc/cron.daily/apt", True, "system"),
        ("autostart", "krfb.desktop", "/usr/bin/krfb", True, "user"),
        ("autostart", "off.desktop", "rustdesk", False, "user"),
        ("systemd", "tool.service", "", True, "user"),
    }  # fmt: skip
    written = msgspec.json.encode(made)
    assert MARKER.encode() not in written
    assert b"jdoe" not in written


def test_an_init_script_that_a_unit_replaces_is_left_out(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.folder("/sys/fs/cgroup/system.slice")
    tree.file("/usr/lib/systemd/system/ssh.service", "[Service]\n")
    for name in ("ssh", "oldtool", "README"):
        tree.file(f"/etc/init.d/{name}", "#!/bin/sh\n", 0o755)
    tree.link("/etc/rc5.d/S01oldtool", "../init.d/oldtool")
    assert look(tree.host(), "services") == [
        Service(name="oldtool", kind="init", path="/etc/init.d/oldtool", enabled=True)
    ]


def test_crontabs_of_users_are_a_gap_without_rights(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/etc/hostname", "x")
    tree.file("/var/spool/cron/crontabs/jdoe", "x", 0o600)
    tree.folder("/var/spool/cron/crontabs", 0o730)
    assert look(tree.host(euid=1000), "services") == [Gap(what="crontabs of users", outcome="not_permitted")]


def test_a_system_without_anything_that_starts_is_none_and_an_empty_tree_is_not(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert section(tree.host(), "services").outcome == "not_supported"
    tree.file("/etc/hostname", "x")
    assert section(tree.host(), "services").outcome == "none"


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        ("syncthing@jdoe.service", "syncthing@~.service"),  # its instance is the user: docs.syncthing.net, autostart
        ("vncserver@jdoe:1.service", "vncserver@~.service"),
        ("getty@tty1.service", "getty@tty1.service"),
        ("user@1000.service", "user@1000.service"),
        ("vncserver@:1.service", "vncserver@:1.service"),
        ("wg-quick@wg0.service", "wg-quick@wg0.service"),
        ("tigervncserver@.service", "tigervncserver@.service"),
        ("ssh.service", "ssh.service"),
    ],
)
def test_an_instance_that_may_be_a_person_does_not_travel(unit: str, told: str) -> None:
    assert services.unit_name(unit) == told


def test_units_of_a_person_are_told_without_the_name(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/usr/lib/systemd/system/syncthing@.service", "[Service]\nExecStart=/usr/bin/syncthing\n")
    tree.link("/etc/systemd/system/multi-user.target.wants/syncthing@jdoe.service", "x")
    tree.link("/etc/systemd/user/default.target.wants/tool@jdoe.service", "x")
    tree.link("/home/jdoe/.config/systemd/user/default.target.wants/mine@jdoe.service", "x")
    written = msgspec.json.encode(section(tree.host(), "services"))
    assert b"jdoe" not in written
    assert b"syncthing@~.service" in written
    assert b"/usr/bin/syncthing" in written


@pytest.mark.parametrize(
    ("unit", "text", "service"),
    [
        ("update.timer", "[Timer]\nOnBootSec=1min\n", "update.service"),  # systemd.timer(5): by default the same name
        ("update.timer", "[Timer]\nUnit=other.service\n", "other.service"),
        ("update.socket", "[Socket]\nListenStream=5900\nService=other.service\n", "other.service"),
        ("update.path", "[Path]\nPathExists=/x\n", "update.service"),
    ],
)
def test_what_a_timer_socket_or_path_starts_is_told(tmp_path: Path, unit: str, text: str, service: str) -> None:
    tree = Tree(tmp_path)
    tree.file(f"/etc/systemd/system/{unit}", text)
    tree.file(f"/etc/systemd/system/{service}", "[Service]\nExecStart=/usr/bin/x11vnc -forever\n")
    tree.link(f"/etc/systemd/system/timers.target.wants/{unit}", f"../{unit}")
    assert look(tree.host(), "services") == [Service(name=unit, kind="systemd", path="/usr/bin/x11vnc", enabled=True)]


def test_homes_of_a_domain_are_looked_into(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/etc/hostname", "x")
    tree.file("/home/CORP/jdoe/.config/autostart/x.desktop", "[Desktop Entry]\nExec=/home/CORP/jdoe/bin/x11vnc\n")
    assert look(tree.host(), "services") == [
        Service(name="x.desktop", kind="autostart", path="~/bin/x11vnc", enabled=True, run_by="user")
    ]


def test_a_program_that_cron_finds_by_its_search_path_is_told_and_words_of_the_shell_are_not() -> None:
    assert services.parse_crontab("@reboot x11vnc -rfbport 5900\n", with_user=False) == ["x11vnc"]
    assert services.parse_crontab("@reboot root sleep 9; x\n@daily root cd / && x\n", with_user=True) == [""]


@given(st.text(max_size=300), st.booleans())
def test_hostile_files_make_no_error(text: str, with_user: bool) -> None:
    services.parse_crontab(text, with_user=with_user)
    services.parse_unit(text)
    services.parse_unit(f"ExecStart={text}")
