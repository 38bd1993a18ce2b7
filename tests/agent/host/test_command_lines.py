"""Formats: systemd.service(5), crontab(5), Desktop Entry Specification 1.5. The tokens are invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host.command_lines import program_only, without_arguments
from farmwatch_agent.probes.linux_homes import program_of


@pytest.mark.parametrize(
    ("command", "left"),
    [
        ("/usr/bin/cloudflared tunnel run --token s3cr3t", "/usr/bin/cloudflared"),
        ("env TOKEN=s3cr3t /usr/bin/tool --password s3cr3t", "env TOKEN= /usr/bin/tool"),
        ("TOKEN=s3cr3t /usr/bin/tool", "TOKEN= /usr/bin/tool"),
        ('"/opt/a" --key s3cr3t', '"/opt/a"'),
        ("'/opt/My (x) Tool/a' s3cr3t", "'/opt/My (x) Tool/a'"),
        ("$(curl http://example.com/s3cr3t)", "$"),
        ("", ""),
    ],
)
def test_a_command_line_is_cut_after_its_program(command: str, left: str) -> None:
    assert program_only(command) == left


@pytest.mark.parametrize(
    "command",
    [
        "/usr/bin/x a b",
        "env A=1 /usr/bin/x a",
        "A=1 B=2 /usr/bin/x",
        '"/usr/bin/x" a',
        "/bin/sh -c 'x y'",
        "`x`",
        "x | y",
    ],
)
def test_what_is_left_names_the_same_program(command: str) -> None:
    assert program_of(program_only(command)) == program_of(command)


def test_a_unit_keeps_its_program_and_loses_its_secrets() -> None:
    unit = (
        "[Unit]\nDescription=Tunnel\n# token s3cr3t\n[Service]\nEnvironment=TOKEN=s3cr3t\n"
        "ExecStart=-/usr/bin/tool run \\\n  --token s3cr3t\nExecStop=/usr/bin/tool stop s3cr3t\nUser=svc\n"
    )
    left = without_arguments("/etc/systemd/system/x.service", unit)
    assert "s3cr3t" not in left
    assert "ExecStart=-/usr/bin/tool\n" in left
    assert "Description=Tunnel\n" in left


def test_a_crontab_keeps_times_users_and_programs() -> None:
    text = "# s3cr3t\nMAILTO=s3cr3t@example.com\n17 * * * * root cd / && run s3cr3t\n@reboot root /opt/x -p s3cr3t\n"
    left = without_arguments("/etc/cron.d/x", text)
    assert "s3cr3t" not in left
    assert left == "\nMAILTO=\n17 * * * * root cd\n@reboot root /opt/x\n"
    assert without_arguments("/var/spool/cron/crontabs/anna", "5 4 * * * /opt/x s3cr3t\n") == "5 4 * * * /opt/x\n"


def test_a_desktop_entry_keeps_its_program() -> None:
    entry = "[Desktop Entry]\nName=Tool\nExec=/opt/tool --id s3cr3t %U\nTryExec=tool\n"
    left = without_arguments("/etc/xdg/autostart/tool.desktop", entry)
    assert left == "[Desktop Entry]\nName=Tool\nExec=/opt/tool\nTryExec=tool\n"


def test_other_files_are_left_alone() -> None:
    assert without_arguments("/etc/os-release", "ID=debian # x\n") == "ID=debian # x\n"


@given(st.text(max_size=200), st.sampled_from(["/etc/crontab", "/etc/systemd/system/x.service"]))
def test_any_text_is_survived(text: str, path: str) -> None:
    left = without_arguments(path, text)
    assert len(left) <= len(text) + text.count("\n")
