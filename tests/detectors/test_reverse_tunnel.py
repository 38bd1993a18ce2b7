"""reverse_tunnel: what lets somebody in from outside, what starts it, what waits behind it, and the honest twins."""

import pytest

from farmwatch_detectors.detector import level_table
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.reverse_tunnel import DETECTOR
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sockets import Listener
from farmwatch_schema.observables.software import Package

from .views import view

SSH = Process(name="ssh", path="/usr/bin/ssh", package="openssh-client", flags=("ssh_remote_forward",))
CLOUDFLARED = Process(name="cloudflared", path="/usr/bin/cloudflared", package="cloudflared", flags=("tunnel_mode",))
X11VNC = Process(name="x11vnc", path="/usr/bin/x11vnc", package="x11vnc")
INNER_VNC = Listener(protocol="tcp", port=5900, scope="loopback", owner="x11vnc", path="/usr/bin/x11vnc")


def _found(device: DeviceView) -> list[tuple[str, int]]:
    return [(finding.subject, finding.level) for finding in DETECTOR.detect(device)]


# Hits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("process", "subject"),
    [
        (SSH, "ssh-reverse"),
        (Process(name="autossh", path="/usr/lib/autossh/autossh", flags=("ssh_remote_forward",)), "ssh-reverse"),
        (Process(name="gitsync", path="/tmp/gitsync", flags=("ssh_remote_forward",)), "ssh-reverse"),
        (Process(name="frpc", path="~/frpc", flags=("tunnel_mode",)), "tunnel-program"),
        (Process(name="code", path="/usr/share/code/code", flags=("tunnel_mode",)), "tunnel-program"),
        # Tailscale CLI docs: `tailscale funnel` opens a port to the internet.
        (
            Process(name="tailscale", path="/usr/bin/tailscale", package="tailscale", flags=("tunnel_mode",)),
            "tailscale",
        ),
    ],
)
def test_hit_what_lets_somebody_in_is_level_one_by_its_arguments(process: Process, subject: str) -> None:
    assert _found(view(processes=[process])) == [(subject, 1)]


def test_hit_a_program_made_for_it_is_level_one_by_its_name_and_told_once() -> None:
    plain = Process(name="cloudflared", path="/usr/bin/cloudflared", package="cloudflared")
    assert _found(view(processes=[plain])) == [("cloudflared", 1)]
    [finding] = DETECTOR.detect(view(processes=[CLOUDFLARED]))
    assert (finding.subject, finding.group) == ("cloudflared", "R")
    assert "Check:" in finding.sentence


@pytest.mark.parametrize("service", ["cloudflared.service", "update-helper.service"])
def test_hit_a_tunnel_that_starts_with_the_system_is_level_two_whatever_its_unit_is_called(service: str) -> None:
    unit = Service(name=service, kind="systemd", path="/usr/bin/cloudflared", enabled=True, running=True)
    assert _found(view(processes=[CLOUDFLARED], services=[unit])) == [("cloudflared", 2)]


def test_hit_a_tunnel_to_a_screen_that_waits_on_the_loopback_is_level_three() -> None:
    [finding] = DETECTOR.detect(view(processes=[SSH, X11VNC], sockets=[INNER_VNC]))
    assert (finding.subject, finding.level) == ("ssh-reverse", 3)
    assert "x11vnc waits on tcp/5900" in finding.sentence
    assert [evidence.kind for evidence in finding.evidence] == ["processes", "sockets"]


# Misses --------------------------------------------------------------------------------------------


def test_miss_programs_that_could_open_a_tunnel_and_were_not_told_to_are_nothing() -> None:
    quiet = [
        Process(name="ssh", path="/usr/bin/ssh", package="openssh-client"),
        Process(name="ssh", path="/usr/bin/ssh", flags=("ssh_dynamic_forward",)),
        Process(name="code", path="/usr/share/code/code"),
        Process(name="tailscaled", path="/usr/sbin/tailscaled", package="tailscale"),
        # A weak name: chisel is a tool for other things too.
        Process(name="chisel", path="/opt/chisel/chisel"),
    ]
    assert _found(view(processes=quiet)) == []


def test_miss_a_tunnel_program_that_is_only_installed_is_nothing() -> None:
    assert _found(view(software=[Package(name="cloudflared", source="dpkg")])) == []


# Honest twins --------------------------------------------------------------------------------------


def test_honest_twin_a_developers_tunnel_beside_the_ssh_server_stays_level_one() -> None:
    sshd = Process(name="sshd", path="/usr/sbin/sshd", package="openssh-server")
    inner = Listener(protocol="tcp", port=22, scope="loopback", owner="sshd", path="/usr/sbin/sshd")
    unit = Service(name="ssh.service", kind="systemd", path="/usr/sbin/sshd", enabled=True, running=True)
    assert _found(view(processes=[SSH, sshd], sockets=[inner], services=[unit])) == [("ssh-reverse", 1)]


def test_honest_twin_level_one_alone_weighs_less_than_a_bit() -> None:
    row = level_table(DETECTOR.id)[1]
    assert row.m / row.u < 2


@pytest.mark.parametrize("field", ["vpn", "tool"])
def test_honest_twin_a_sanctioned_tunnel_counts_nothing(field: str) -> None:
    sanction = Sanction(owner="dev@example.com", reason="webhooks", **{field: "cloudflared"})  # type: ignore[arg-type]
    [finding] = DETECTOR.detect(view(processes=[CLOUDFLARED], policy=Policy(sanctions=(sanction,))))
    assert (finding.level, finding.sanctioned) == (0, "dev@example.com: webhooks")


def test_could_not_look_gives_no_finding() -> None:
    assert _found(view()) == []
    assert _found(view(processes=[SSH], sockets=[INNER_VNC], outcome="not_permitted")) == []
