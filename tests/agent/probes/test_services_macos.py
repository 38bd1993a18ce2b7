"""Services on macOS: launchd's property lists, switches and jobs, system extensions, cron."""

import plistlib
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.probes.services import macos
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.services import Service

from ..mac_host import ReplayedMac, file_status

LOGIN_ITEMS = Gap(what="login items that an application registered for itself", outcome="not_permitted")
#: Form: OleksandrKrupko/mac-os-debloat pull 10; launchctl(1) says that it is no promise.
JOBS = """com.apple.xpc.launchd.domain.system = {
\ttype = system
\tservices = {
\t\t       0      - \tcom.openssh.sshd
\t\t    9682   (pe) \tcom.apple.modelcatalogd
\t\t     310   (pe) \tcom.carriez.RustDesk_service
\t}

\tendpoints = {
\t\t  0x1103    M   A   com.apple.logd
\t}
}
"""
#: ninehills/blog issue 85 (macOS 12) and usnistgov/macos_security issue 167 (from 13).
OLD = 'disabled services = {\n\t"com.docker.helper" => false\n\t"com.apple.Siri.agent" => true\n}\nlogin item associations = {\n\t"x" => "64133"\n}\n'  # noqa: E501
NEW = 'disabled services = {\n\t"com.openssh.sshd" => disabled\n\t"com.apple.screensharing" => enabled\n}\n'


def job(**content: Any) -> bytes:
    return plistlib.dumps(content)


def looked(
    daemons: dict[str, Any] | None = None,
    agents: dict[str, Any] | None = None,
    files: dict[str, Any] | None = None,
    folders: dict[str, Any] | None = None,
    switches: Any = b"disabled services = {\n}\n",
    jobs: Any = JOBS,
    **more: Any,
) -> list[Any]:
    told: dict[str, Any] = {f"{macos.DAEMONS}/{name}": data for name, data in (daemons or {}).items()}
    told |= {f"{macos.AGENTS}/{name}": data for name, data in (agents or {}).items()}
    host = ReplayedMac(
        files=told | (files or {}),
        folders={macos.DAEMONS: list(daemons or {}), macos.AGENTS: list(agents or {})} | (folders or {}),
        commands={
            "launchd_switches system": switches,
            "launchd_jobs system": jobs.encode() if isinstance(jobs, str) else jobs,
        }
        | more.pop("commands", {}),
        **more,
    )
    return list(macos.collect(cast("Host", host)))


def named(told: list[Any], name: str) -> Service:
    [found] = [it for it in told if isinstance(it, Service) and it.name == name]
    return found


def test_a_daemon_is_told_with_its_program_and_whether_it_runs() -> None:
    # rustdesk/rustdesk, src/platform/privileges_scripts/daemon.plist
    data = job(
        Label="com.carriez.RustDesk_service", KeepAlive=True, RunAtLoad=True, StandardErrorPath="/tmp/rustdesk.err",
        ProgramArguments=["/bin/sh", "-c", "/Applications/RustDesk.app/Contents/MacOS/service"],
    )  # fmt: skip
    assert named(looked({"a.plist": data}), "com.carriez.RustDesk_service") == Service(
        name="com.carriez.RustDesk_service", kind="launchd", path="/Applications/RustDesk.app/Contents/MacOS/service",
        enabled=True, running=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sessions", "told"),
    [(["LoginWindow", "Aqua"], True), (["Aqua"], False), ("LoginWindow", False), (None, False), (7, False)],
)
def test_an_agent_of_the_login_window_and_the_desktop_is_marked(sessions: Any, told: bool) -> None:
    data = job(
        Label="a", RunAtLoad=True, ProgramArguments=["/x"], **({"LimitLoadToSessionType": sessions} if sessions else {})
    )
    found = named(looked(agents={"a.plist": data}), "a")
    assert (found.login_window, found.run_by, found.running) == (told, "user", None)


@pytest.mark.parametrize(
    ("content", "program"),
    [
        ({"Program": "/usr/sbin/x", "ProgramArguments": ["x", "--token=s3cret"]}, "/usr/sbin/x"),
        ({"ProgramArguments": ["/opt/x", "--password", "s3cret"]}, "/opt/x"),
        ({"ProgramArguments": ["/bin/sh", "-c", "/opt/x --token s3cret"]}, "/opt/x"),
        ({"ProgramArguments": ["/bin/zsh", "-lc", "/opt/x s3cret"]}, "/opt/x"),
        ({"ProgramArguments": ["/bin/sh", "-c", "/opt/x;s3cret"]}, "/bin/sh"),
        ({"ProgramArguments": ["/bin/sh", "-c", "exec /opt/x s3cret"]}, "/bin/sh"),
        ({"ProgramArguments": ["/bin/bash", "/opt/my tools/x.sh"]}, "/opt/my tools/x.sh"),
        ({"ProgramArguments": ["/bin/bash", "-c", "s3cret=1; /opt/x"]}, "/bin/bash"),
        ({"ProgramArguments": ["/usr/bin/env", "python3", "/opt/x.py"]}, "/usr/bin/env"),
        ({"BundleProgram": "Contents/MacOS/helper"}, "Contents/MacOS/helper"),
        ({"ProgramArguments": "a text"}, ""),
        ({"ProgramArguments": [7, {}]}, ""),
        ({}, ""),
    ],
)
def test_of_a_program_nothing_but_its_path_is_told(content: dict[str, Any], program: str) -> None:
    told = looked({"a.plist": job(Label="a", RunAtLoad=True, **content)})
    assert named(told, "a").path == program
    assert "s3cret" not in repr(told)


@pytest.mark.parametrize(
    ("content", "enabled"),
    [
        ({"RunAtLoad": True}, True),
        ({"RunAtLoad": True, "Disabled": True}, False),
        ({}, False),
        ({"Sockets": {"a": {}}}, True),
    ],
)
def test_what_starts_by_itself(content: dict[str, Any], enabled: bool) -> None:
    assert named(looked({"a.plist": job(Label="a", Program="/x", **content)}), "a").enabled is enabled


@pytest.mark.parametrize(
    ("word", "enabled"), [("true", False), ("disabled", False), ("false", True), ("enabled", True)]
)
def test_a_switch_wins_over_the_list(word: str, enabled: bool) -> None:
    switches = f'disabled services = {{\n\t\t"a" => {word}\n}}\n'.encode()
    listed = {"Disabled": True} if enabled else {"RunAtLoad": True}
    assert named(looked({"a.plist": job(Label="a", Program="/x", **listed)}, switches=switches), "a").enabled is enabled


def test_switches_of_old_and_new_releases() -> None:
    assert macos.parse_switches(OLD) == {"com.docker.helper": True, "com.apple.Siri.agent": False}
    assert macos.parse_switches(NEW) == {"com.openssh.sshd": False, "com.apple.screensharing": True}


def test_jobs_are_read_from_their_block_only() -> None:
    assert macos.parse_running(JOBS) == {
        "com.openssh.sshd": False,
        "com.apple.modelcatalogd": True,
        "com.carriez.RustDesk_service": True,
    }


def test_apples_sharing_is_told_on_or_off() -> None:
    screen = {f"{macos.APPLE_DAEMONS}/com.apple.screensharing.plist": job(
        Label="com.apple.screensharing", Disabled=True, ProgramArguments=["/x/screensharingd"], Sockets={"Listener": {}}
    )}  # fmt: skip
    assert named(looked(files=screen), "com.apple.screensharing").enabled is False
    on = looked(files=screen | {macos.REMOTE_MANAGEMENT: b"enabled"}, switches=NEW.encode())
    assert named(on, "com.apple.screensharing").enabled is True
    assert named(on, "com.apple.RemoteDesktop.agent") == Service(
        name="com.apple.RemoteDesktop.agent", kind="launchd", path=macos.ARD_AGENT, enabled=True
    )


def test_screen_sharing_that_remote_management_switched_on_is_on() -> None:
    # snare/idiot pull 1: launchd knows the job when it is on, and not otherwise.
    screen = job(Label="com.apple.screensharing", Disabled=True, ProgramArguments=["/x/screensharingd"])
    files = {f"{macos.APPLE_DAEMONS}/com.apple.screensharing.plist": screen, macos.REMOTE_MANAGEMENT: b"enabled"}
    jobs = "x = {\n\tservices = {\n\t\t       0      - \tcom.apple.screensharing\n\t}\n}\n"
    assert named(looked(files=files, jobs=jobs), "com.apple.screensharing").enabled is True


def test_an_agent_is_on_when_it_is_on_for_one_person() -> None:
    told = looked(
        agents={"a.plist": job(Label="a", RunAtLoad=True, Program="/x")},
        folders={"/Users": ["jdoe", "jroe", "Shared"]},
        statuses={"/Users/jdoe": file_status(0o40750, 501, 20), "/Users/jroe": file_status(0o40750, 502, 20)},
        commands={
            "launchd_switches user/501": b'disabled services = {\n\t"a" => disabled\n}\n',
            "launchd_switches user/502": b'disabled services = {\n\t"a" => enabled\n}\n',
        },
    )
    assert named(told, "a").enabled is True


def test_home_agents_are_told_without_their_people() -> None:
    folder = "/Users/jdoe/Library/LaunchAgents"
    told = looked(
        folders={"/Users": ["jdoe"], folder: ["b.plist", "notes.txt"]},
        files={f"{folder}/b.plist": job(Label="b", KeepAlive=True, Program="/Users/jdoe/bin/b")},
        statuses={"/Users/jdoe": file_status(0o40750, 501, 20)},
        commands={"launchd_switches user/501": b""},
    )
    assert named(told, "b") == Service(name="b", kind="launchd", path="~/bin/b", enabled=True, run_by="user")
    assert "jdoe" not in repr(told)


def test_system_extensions_are_told_while_they_are_there() -> None:
    entries = [
        {"identifier": "io.tailscale.x", "teamID": "W5364U7YZB", "state": "activated_enabled"},
        {"identifier": "io.tailscale.x", "state": "terminated_waiting_to_uninstall_on_reboot"},
        {"identifier": "com.obsproject.x", "state": "activated_waiting_for_user"},
        {"identifier": "com.gone.x", "state": "terminated_waiting_to_uninstall_on_reboot"},
        "junk", {"identifier": 7, "state": "activated_enabled"},
    ]  # fmt: skip
    told = looked(files={macos.EXTENSIONS: plistlib.dumps({"extensions": entries})})
    assert [(it.name, it.enabled) for it in told if isinstance(it, Service) and it.kind == "system_extension"] == [
        ("com.obsproject.x", False), ("io.tailscale.x", True)
    ]  # fmt: skip


def test_a_users_crontab_is_told_without_its_user() -> None:
    told = looked(
        folders={macos.CRONTABS: ["jdoe"]}, files={f"{macos.CRONTABS}/jdoe": b"@reboot /Users/jdoe/bin/x -k s3cret\n"}
    )
    assert named(told, "user crontab").path == "~/bin/x"
    assert "jdoe" not in repr(told)


def test_what_cannot_be_read_is_a_gap_each() -> None:
    told = looked(
        {"a.plist": b"no list", "b.plist": job(Label=""), "c.plist": NotPermitted("c"), "d.plist": SourceBroken("")},
        files={macos.EXTENSIONS: b"no list", macos.REMOTE_MANAGEMENT: NotPermitted("r")},
        folders={macos.CRONTABS: NotPermitted("tabs"), "/Users": NotPermitted("Users")},
        switches=SourceBroken("switches"), jobs=b"something else",
    )  # fmt: skip
    assert {(it.what, it.outcome, it.count) for it in told if isinstance(it, Gap)} == {
        ("launchd jobs", "broken", "2-4"),
        ("launchd jobs", "not_permitted", "1"),
        ("switches of launchd's jobs", "broken", ""),
        ("which of launchd's jobs run", "broken", ""),
        ("system extensions", "broken", ""),
        ("the switch of Remote Management", "not_permitted", ""),
        ("crontabs of users", "not_permitted", ""),
        ("home folders", "not_permitted", ""),
        (LOGIN_ITEMS.what, LOGIN_ITEMS.outcome, ""),
    }


@given(st.binary(max_size=200))
def test_hostile_lists_make_no_error(data: bytes) -> None:
    for content in (data, b"bplist00" + data, b'<?xml version="1.0"?><plist><dict>' + data + b"</dict></plist>"):
        try:
            macos.parse_job(content)
        except ValueError:
            continue


def test_endless_lines_take_no_time() -> None:
    assert macos.parse_switches('\t"' + " " * 500_000 + "=> ") == {}
    assert len(macos.parse_running("\tservices = {\n\t\t 7 - x" + " " * 500_000 + "y")) == 1


@given(st.text(max_size=200))
def test_whatever_launchctl_prints_makes_no_error(text: str) -> None:
    macos.parse_switches(text + '\n\t"a" => ' + text)
    macos.parse_running("\tservices = {\n\t\t" + text)


def test_switches_of_somebody_who_is_not_logged_in_are_those_launchd_keeps() -> None:
    # 112 or 125: no such domain (duh17/oppi issue 38). A second account must not leave a gap on each Mac that has one.
    agent = job(Label="com.example.helper", RunAtLoad=True, Program="/opt/example/helper")
    stored = f"{macos.SWITCHES}.502.plist"
    shared: dict[str, Any] = {
        "folders": {"/Users": ["kim"], "/Users/kim/Library/LaunchAgents": ["a.plist"]},
        "statuses": {"/Users/kim": file_status(0o40750, 502)},
    }
    files = {"/Users/kim/Library/LaunchAgents/a.plist": agent}
    off = looked(files=files | {stored: plistlib.dumps({"com.example.helper": True})}, **shared)
    assert named(off, "com.example.helper").enabled is False
    never = looked(files=files, **shared)
    assert named(never, "com.example.helper").enabled is True
    assert [it.what for it in (*off, *never) if isinstance(it, Gap)] == [LOGIN_ITEMS.what] * 2
    broken = looked(files=files | {stored: b"no list"}, **shared)
    assert Gap(what="switches of launchd's jobs", outcome="broken") in broken


def test_a_link_among_everybodys_jobs_is_no_gap_of_home_folders() -> None:
    found = looked({"a.plist": NotPermitted("a link where users can write is not followed")})
    assert Gap(what="launchd jobs", outcome="not_permitted", count="1") in found
