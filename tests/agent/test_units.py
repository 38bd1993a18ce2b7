"""The units of packaging/: systemd and launchd know every word in them, and their paths are the code's."""

import plistlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from farmwatch_agent import config, identity
from farmwatch_agent.cli import COMMON, VERBS
from farmwatch_agent.host import input_counts
from farmwatch_agent.host.linux.wake import SESSION_PATHS
from farmwatch_agent.identity import ANSWERS, SENT, State
from farmwatch_agent.options import parse

PACKAGING = Path(__file__).parents[2] / "packaging"
SYSTEMD = PACKAGING / "systemd"
UNITS = sorted(path.name for path in SYSTEMD.glob("farmwatch-agent-*"))
PLISTS = sorted(path.name for path in (PACKAGING / "macos").glob("*.plist"))
STATE = State(identity.SYSTEM_STATE)
#: A later issue's bar for `systemd-analyze security`.
MOST_EXPOSED = 2.5

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def settings(name: str) -> dict[str, str]:
    """Returns a unit's lines by key; a key that stands twice joined by a space."""
    found: dict[str, str] = {}
    for line in (SYSTEMD / name).read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[key] = f"{found[key]} {value}" if key in found else value
    return found


READ, SEND = settings("farmwatch-agent-read.service"), settings("farmwatch-agent-send.service")


def test_every_unit_is_looked_at() -> None:
    assert UNITS == [
        "farmwatch-agent-read.service",
        "farmwatch-agent-send.path",
        "farmwatch-agent-send.service",
        "farmwatch-agent-send.timer",
    ]


@needs_systemd
def test_systemd_knows_every_word(tmp_path: Path) -> None:
    for name in UNITS:
        # The program is installed by a package, and the check asks whether it is there.
        text = (
            (SYSTEMD / name).read_text(encoding="utf-8").replace("/usr/bin/farmwatch-agent", shutil.which("true") or "")
        )
        (tmp_path / name).write_text(re.sub("^(User|Group)=.*", r"\1=root", text, flags=re.M))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *[str(tmp_path / name) for name in UNITS]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "farmwatch" in line]
    assert ours == []


@needs_systemd
@pytest.mark.parametrize("name", ["farmwatch-agent-read.service", "farmwatch-agent-send.service"])
def test_a_service_is_exposed_no_more_than_the_bar(name: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(SYSTEMD / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Unknown option" in done.stderr or "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze has no --offline; it came with version 250")
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert float(exposure) <= MOST_EXPOSED


@pytest.mark.parametrize(("unit", "verb"), [(READ, "read"), (SEND, "send")])
def test_the_command_line_is_one_that_the_agent_takes(unit: dict[str, str], verb: str) -> None:
    import importlib

    program, *words = unit["ExecStart"].split()
    assert program == "/usr/bin/farmwatch-agent"
    assert words[0] == verb
    command = importlib.import_module(f"farmwatch_agent.commands.{VERBS[verb][0]}")
    options = parse(words[1:], {**COMMON, **command.OPTIONS}, command.WORDS)
    assert options.text("state-dir") == identity.SYSTEM_STATE
    assert options.text("config") == config.DEFAULT_FILE


def test_every_path_is_one_of_the_code() -> None:
    ours = {value for value in vars(STATE).values() if isinstance(value, str)}
    ours |= {f"{STATE.spool}.mark", config.DEFAULT_FILE, "/usr/bin/farmwatch-agent"}
    for name in UNITS:
        text = re.sub("^#.*", "", (SYSTEMD / name).read_text(encoding="utf-8"), flags=re.M)
        named = set(re.findall(r"(/[\w./-]*farmwatch[\w./-]*)", text))
        assert named <= ours, name


def test_the_reader_writes_its_folder_and_not_the_senders_nor_its_key() -> None:
    assert READ["ReadWritePaths"] == STATE.folder
    assert READ["ReadOnlyPaths"] == f"-{STATE.sender}"
    assert f"-{STATE.signing_key}" in READ["InaccessiblePaths"].split()
    assert "User" not in READ


def test_the_reader_has_no_network_and_sees_the_hosts() -> None:
    assert READ["RestrictAddressFamilies"].split() == ["AF_UNIX", "AF_NETLINK"]
    assert READ["IPAddressDeny"] == "any"
    assert "PrivateNetwork" not in READ


def test_nothing_that_the_reader_looks_at_is_hidden_from_it() -> None:
    hidden = {path.lstrip("-") for path in READ["InaccessiblePaths"].split()}
    assert not any(path.startswith(gone) for path in SESSION_PATHS for gone in hidden)
    for key in ("PrivateTmp", "PrivateDevices", "PrivateUsers", "ProtectProc", "ProcSubset"):
        assert key not in READ, f"{key} would hide what the probes look at"
    assert READ["ProtectHome"] == "read-only"
    assert READ["CapabilityBoundingSet"].split() == ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"]
    assert READ["DeviceAllow"] == "char-input r"


def test_the_sender_has_its_account_and_its_folder_and_not_the_readers_key() -> None:
    assert SEND["User"] == SEND["Group"] == "farmwatch-agent"
    assert SEND["ReadWritePaths"] == STATE.sender
    assert SEND["CapabilityBoundingSet"] == ""
    hidden = {path.lstrip("-") for path in SEND["InaccessiblePaths"].split()}
    assert {STATE.identifier_key, "/boot"} <= hidden
    assert SEND["ProtectKernelTunables"] == "yes", "what it may read of /sys it may not write"
    assert SEND["ProtectHome"] == "yes"
    users = (SYSTEMD / "farmwatch-agent.sysusers").read_text(encoding="utf-8").splitlines()[-1]
    assert users.split()[:2] == ["u", SEND["User"]]
    assert re.search(r'" / /usr/sbin/nologin$', users), "a home in the state folder would make it the account's"


def test_the_drop_in_for_arp_widens_the_reader_and_nothing_else() -> None:
    assert settings("arp.conf") == {
        "CapabilityBoundingSet": "CAP_NET_RAW", "RestrictAddressFamilies": "AF_PACKET", "MemoryMax": "192M",
    }  # fmt: skip
    assert set(settings("arp.conf")) <= set(READ)


def test_a_new_report_starts_the_sender_and_so_does_the_timer() -> None:
    path, timer = settings("farmwatch-agent-send.path"), settings("farmwatch-agent-send.timer")
    assert path["PathChanged"] == f"{STATE.spool}.mark"
    assert path["Unit"] == "farmwatch-agent-send.service"
    assert timer["OnUnitInactiveSec"] == "15min"


def test_launchd_starts_reader_sender_and_helper_with_the_codes_paths() -> None:
    found = {name: plistlib.loads((PACKAGING / "macos" / name).read_bytes()) for name in PLISTS}
    assert sorted(found) == ["org.farmwatch.agent.read.plist", "org.farmwatch.agent.send.plist",
                             "org.farmwatch.agent.session.plist"]  # fmt: skip
    for name, job in found.items():
        assert f"{job['Label']}.plist" == name
        assert job["ProgramArguments"][0] == "/usr/local/bin/farmwatch-agent"
    read, send, session = (found[f"org.farmwatch.agent.{name}.plist"] for name in ("read", "send", "session"))
    for job, verb in ((read, "read"), (send, "send")):
        assert job["ProgramArguments"][1] == verb
        assert identity.SYSTEM_STATE in job["ProgramArguments"]
    assert "UserName" not in read
    assert send["UserName"] == send["GroupName"] == "_farmwatch-agent"
    assert f"{STATE.spool}.mark" in send["WatchPaths"]
    assert session["ProgramArguments"][1:] == ["watch-input"]
    assert session["LimitLoadToSessionType"] == "Aqua"
    assert input_counts.sessions_folder("darwin").startswith("/Library/Application Support/farmwatch-agent")
    assert "LaunchEvents" not in read


def test_the_page_about_windows_names_the_files_of_the_state_folder() -> None:
    page = (PACKAGING / "windows" / "README.md").read_text(encoding="utf-8")
    for name in ("identity.json", "identifier.key", "signing.key", "spool.db", f"sender\\{ANSWERS}", f"sender\\{SENT}"):
        assert f"`{name}`" in page
