"""What a capture of a Mac may hold: no names, no arguments, no addresses of its own."""

import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host.capture import Answer, Capture
from farmwatch_agent.host.capture_files import told_of
from farmwatch_agent.host.macos.code_signature import CodeSignature
from farmwatch_agent.host.macos.launchd_plists import without_arguments
from farmwatch_agent.host.macos.told import without_names
from farmwatch_agent.host.protocol import NotSupported
from farmwatch_agent.host.pseudonyms import pseudonymised
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.probes.macos_pass import parse_sockets
from farmwatch_agent.probes.network import macos as network
from farmwatch_agent.probes.services.macos import parse_job
from farmwatch_agent.probes.sessions.utmpx import RECORD, parse_utmpx
from farmwatch_agent.probes.wifi.macos import parse_driver, parse_summary

UTMPX = "/private/var/run/utmpx"


def capture(**given: dict[str, Answer]) -> Capture:
    told: dict[str, dict[str, Answer]] = {verb: {} for verb in ("read", "names", "rows", "command")}
    return Capture(
        format="farmwatch-capture", version=1, agent="0", platform="macos", pseudonymised=False, now=1.0, uptime=1.0,
        euid=0, boot="", **(told | given),  # type: ignore[arg-type]
    )  # fmt: skip


def kept(command: str, text: str) -> str:
    found = pseudonymised(capture(command={command: Answer(text=text)}), b"k" * 32)
    return ReplayingHost(found).command(command).decode()


def test_netstats_addresses_are_exchanged_and_ports_stay() -> None:
    line = (
        "tcp4 0 0 192.168.7.31.5900 198.51.100.23.61022 ESTABLISHED 1 1 77 0\n"
        "tcp6 0 0 fe80::42f:55f3%en0.22 *.* LISTEN 1 1 1 0\n"
    )
    text = kept("tcp_sockets", line)
    assert "192.168.7.31" not in text
    assert "198.51.100.23" not in text
    assert "42f" not in text
    first, second = parse_sockets(text, "tcp")
    assert (first.local_port, first.remote_port, first.pid, second.local_port) == (5900, 61022, 77, 22)


def test_loose_macs_are_exchanged_all_the_same() -> None:
    text = kept("neighbours", "? (192.168.50.1) at 10:7c:61:43:1:f8 on en0 ifscope [ethernet]\n")
    [entry] = network.parse_arp(text)
    assert entry.mac.startswith("10:7c:61")
    assert entry.mac != "10:7c:61:43:01:f8"


def test_names_of_vpns_domains_and_networks_are_gone() -> None:
    vpn = '* (Connected) E3A8F336-CCEB-4A29-B50A-FBAD41D84A71 VPN (x) "Jane Doe\'s VPN" [VPN:com.wireguard.macos]\n'
    assert "Jane" not in kept("vpn_services", vpn)
    assert network.parse_vpn_services(kept("vpn_services", vpn)) == ["com.wireguard.macos"]
    dns = "resolver #1\n  search domain[0] : jdoe.corp.example\n  nameserver[0] : 192.168.9.9\n  domain   : local\n"
    assert "jdoe" not in kept("name_servers", dns)
    assert "domain   : local" in kept("name_servers", dns)
    summary = "  InterfaceType : WiFi\n  Router : secret.example\n  LinkStatusActive : TRUE\n  SSID : Jane Doe Home\n"
    told = kept("wifi_summary en0", summary)
    assert "Jane" not in told
    assert "Router" not in told
    assert parse_summary(told)["LinkStatusActive"] == "TRUE"
    assert parse_summary(kept("wifi_summary en0", "  SSID : <redacted>\n"))["SSID"] == "<redacted>"


def test_the_drivers_entry_keeps_its_band_and_no_network() -> None:
    entry = {
        "IOInterfaceName": "en0",
        "IO80211Band": "5 GHz",
        "IO80211SSID": "Jane Doe Home",
        "IOMACAddress": b"123456",
    }
    text = kept("wifi_driver", plistlib.dumps([entry | {"IO80211BSSID": bytes.fromhex("107c614301f9")}]).decode())
    told = parse_driver(text.encode(), "en0")
    assert told["IO80211Band"] == "5 GHz"
    assert told["IO80211BSSID"][:3] == bytes.fromhex("107c61")
    assert told["IO80211BSSID"] != bytes.fromhex("107c614301f9")
    assert "IOMACAddress" not in told
    assert "Jane" not in text


def test_of_launchds_jobs_only_the_block_stays() -> None:
    printed = "x = {\n\tenvironment = {\n\t\tTOKEN => s3cret\n\t}\n\tservices = {\n\t\t 0 - \ta\n\t}\n"
    assert kept("launchd_jobs system", printed) == "services = {\n\t\t 0 - \ta\n\t}"


def test_of_a_jobs_list_no_argument_and_no_setting_stays() -> None:
    path = "/Library/LaunchDaemons/a.plist"
    data = plistlib.dumps({
        "Label": "a", "ProgramArguments": ["/Users/jdoe/bin/a", "--token", "s3cret"], "KeepAlive": {"Crashed": True},
        "EnvironmentVariables": {"TOKEN": "s3cret"}, "StandardOutPath": "/Users/jdoe/log",
    })  # fmt: skip
    found = pseudonymised(
        capture(
            read={path: Answer(text=told_of(path, data).decode())}, names={"/Users": Answer(names=["Shared", "jdoe"])}
        ),
        b"k" * 32,
    )
    text = ReplayingHost(found).read(path)
    assert b"s3cret" not in text
    assert b"jdoe" not in text
    job = parse_job(text)
    assert (job.label, job.enabled, job.program.startswith("/Users/")) == ("a", True, True)


@pytest.mark.parametrize("data", [b"", b"bplist00\xff", b"<plist><array/></plist>", plistlib.dumps(["s3cret"])])
def test_what_is_no_list_of_a_job_is_not_kept(data: bytes) -> None:
    assert b"s3cret" not in without_arguments(data)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/Library/Preferences/com.apple.Bluetooth.plist", "ControllerPowerState"),
        ("/private/var/db/locationd/Library/Preferences/ByHost/com.apple.locationd.1.plist", "LocationServicesEnabled"),
    ],
)
def test_of_lists_with_a_switch_only_the_switch_stays(path: str, key: str) -> None:
    data = plistlib.dumps({key: 1, "DeviceCache": {"02-00": {"Name": "Jane's phone"}}}, fmt=plistlib.FMT_BINARY)
    assert plistlib.loads(told_of(path, data)) == {key: 1}
    assert plistlib.loads(told_of(path, b"no list")) == {}
    assert told_of("/Library/SystemExtensions/db.plist", data) == data


def test_logins_bear_invented_names_and_places() -> None:
    def record(kind: int, user: str, host: str) -> bytes:
        return RECORD.pack(user.encode(), b"", b"ttys000", 1, kind, 5, 0, host.encode(), b"")

    data = record(10, "utmpx-1.00", "") + record(7, "jdoe", "gate.corp.example") + record(7, "jdoe", "198.51.100.7")
    found = pseudonymised(capture(read={UTMPX: Answer(data=data)}), b"k" * 32)
    kept = ReplayingHost(found).read(UTMPX)
    for secret in (b"jdoe", b"gate", b"corp", b"198.51.100.7"):
        assert secret not in kept
    one, two = parse_utmpx(kept)
    assert one.user == two.user
    assert one.host.endswith(".example")
    assert two.host.count(".") == 3


@given(st.text(max_size=200))
def test_whatever_is_printed_makes_no_error(text: str) -> None:
    for command in (
        "vpn_services",
        "name_servers",
        "tcp_sockets",
        "routes",
        "wifi_summary",
        "wifi_driver",
        "launchd_jobs",
    ):
        without_names(command, text, lambda word: word, lambda word: word)


def test_a_signature_is_asked_on_a_mac_only() -> None:
    with pytest.raises(NotSupported):
        CodeSignature.live("/bin/ls")
