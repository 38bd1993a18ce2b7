"""ARP: what the helper's numbers mean, which adapters it is asked about, and what is said when it cannot look."""

import re
import sys
from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest

from farmwatch_agent import probes, runner
from farmwatch_agent.health import Health
from farmwatch_agent.host import Host, NotSupported, arp_look
from farmwatch_agent.host.arp_frames import ArpSender
from farmwatch_agent.host.arp_look import ArpLook
from farmwatch_agent.host.protocol import HostError, NotPermitted, SourceBroken
from farmwatch_agent.host.windows.network import NetworkAdapter
from farmwatch_agent.probes.arp import linux, looks, macos, windows
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.arp import ArpPattern, ArpWatch

from ..fake_host import FakeHost
from ..linux_tree import KEYER

MAC = "02:00:00:00:00:42"
OWN = "02:00:00:00:00:01"


class ArpHost(FakeHost):
    """A Linux with one connected adapter, whose helper answers `looks`."""

    def __init__(self, found: list[ArpLook] | HostError, flags: str = "0x1003") -> None:
        super().__init__(
            {
                "/sys/class/net/enp3s0/type": b"1\n",
                "/sys/class/net/enp3s0/flags": f"{flags}\n".encode(),
                "/sys/class/net/enp3s0/operstate": b"up\n",
                "/sys/class/net/enp3s0/address": f"{OWN}\n".encode(),
                "/sys/class/net/lo/type": b"772\n",
                "/sys/class/net/lo/operstate": b"unknown\n",
                "/sys/class/net/lo/flags": b"0x9\n",
            }
        )
        self.found = found
        self.asked: list[str] = []

    def names(self, path: str) -> list[str]:
        return ["enp3s0", "gone0", "lo"]

    def rows(self, kind: type[ArpLook], of: str = "") -> list[ArpLook]:
        self.asked.append(of)
        if isinstance(self.found, HostError):
            raise self.found
        return self.found


def live(host: ArpHost) -> Host:
    """Returns it as what a probe is given: it has the verbs that this one asks."""
    return cast("Host", host)


def seen(sender: ArpSender) -> list[Any]:
    host = ArpHost([ArpLook(interface="enp3s0", seconds=20.1, frames=sender.frames, senders=(sender,))])
    first, *rest = linux.collect(live(host))
    assert first == ArpWatch(interface="enp3s0", seconds=20, frames="10-49")
    assert host.asked == ["20/enp3s0"]
    return rest


def test_a_sender_with_payload_and_rhythm_is_named() -> None:
    sender = ArpSender(
        sender=MAC, frames=30, padded=30, extra=14, distinct=20, entropy=4.4, period=0.512, asked=1, silent=1
    )
    assert seen(sender) == [
        ArpPattern(
            interface="enp3s0", sender=unkeyed("mac", MAC), own=False, signs=("padding_payload", "rhythm"),
            frames="10-49", extra_bytes=14, distinct="10-49", entropy=4, period_seconds=0.5,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sender",
    [
        ArpSender(sender=MAC, frames=12, asked=3, silent=3),
        ArpSender(sender=MAC, frames=40, asked=40, silent=20),
        ArpSender(sender=MAC, frames=12),
    ],
    ids=["asks for machines that are off", "asks for many, half answer", "announces itself now and then"],
)
def test_an_ordinary_sender_is_not_told(sender: ArpSender) -> None:
    assert seen(sender) == []


@pytest.mark.parametrize(
    ("sender", "signs"),
    [
        (ArpSender(sender=MAC, frames=12, oversize=1, extra=90), ("oversize",)),
        (ArpSender(sender=MAC, frames=12, odd=2), ("odd_fields",)),
        (ArpSender(sender=MAC, frames=40, code=True), ("burst_code",)),
        (ArpSender(sender=MAC, frames=40, asked=40, silent=39), ("unanswered_scan",)),
        # Honest twins: they bear a weak sign, and nothing else.
        (ArpSender(sender=MAC, frames=20, period=1.0), ("rhythm",)),
        (ArpSender(sender=MAC, frames=20, padded=20, extra=18, distinct=1), ("padding_payload",)),
    ],
    ids=["long", "odd", "code", "scanner", "router, VRRP or keep-alive", "an old driver's stale memory"],
)
def test_each_sign(sender: ArpSender, signs: tuple[str, ...]) -> None:
    (found,) = seen(sender)
    assert found.signs == signs


def test_frames_of_the_laptop_itself_are_told_as_its_own() -> None:
    (found,) = seen(ArpSender(sender=OWN, frames=20, padded=20))
    assert found.own is True


def test_senders_beyond_the_bound_are_one_without_a_mac() -> None:
    (found,) = seen(ArpSender(sender="", frames=20, odd=20))
    assert (found.sender, found.own) == (None, None)


def test_one_adapter_that_may_not_be_looked_at_is_a_gap_beside_the_others() -> None:
    rows = [ArpLook(interface="enp3s0", seconds=20.0), ArpLook(interface="wlan0", problem="not_permitted")]
    found = list(linux.collect(live(ArpHost(rows))))
    assert found == [
        Gap(what="ARP frames", outcome="not_permitted", count="1"),
        ArpWatch(interface="enp3s0", seconds=20),
    ]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ([ArpLook(interface="enp3s0", problem="not_permitted")], "not_permitted"),
        ([ArpLook(interface="enp3s0", problem="not_supported")], "not_supported"),
        ([ArpLook(interface="enp3s0", problem="anything")], "broken"),
        ([ArpLook(interface="enp3s0", problem="missing")], "none"),
        (NotSupported("the ARP helper needs scapy: install farmwatch[net]"), "not_supported"),
        (NotPermitted("no"), "not_permitted"),
        (SourceBroken("did not answer"), "broken"),
    ],
)
def test_what_could_not_be_looked_at_is_never_clean(answer: list[ArpLook] | HostError, outcome: str) -> None:
    (section,) = runner.run(live(ArpHost(answer)), KEYER, Health(), ["arp"], log=pytest.fail)
    assert section.outcome == outcome, section.reason


def test_an_adapter_without_arp_is_not_looked_at() -> None:
    host = ArpHost([], flags="0x1083")
    with pytest.raises(NotSupported, match="no network adapter is connected"):
        list(linux.collect(live(host)))


def test_more_adapters_than_the_helper_takes_are_a_gap() -> None:
    adapters = [looks.Adapter(f"eth{number}", f"eth{number}") for number in range(10)]
    host = ArpHost([])
    found = list(looks.collect(live(host), adapters))
    assert found == [Gap(what="ARP frames of further adapters", outcome="not_supported", count="2-4")]
    assert host.asked == ["20/" + "/".join(f"eth{number}" for number in range(8))]


def test_adapters_of_a_mac() -> None:
    text = (
        "en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500\n\tether 02:0:0:0:0:1\n"
        "\tstatus: active\nen1: flags=8863<UP> mtu 1500\n\tether 02:00:00:00:00:02\n\tstatus: inactive\n"
        "utun0: flags=8051<UP> mtu 1380\nawdl0: flags=8843<UP> mtu 1500\n\tether 02:00:00:00:00:03\n\tstatus: active\n"
    )
    assert macos.adapters(text) == [looks.Adapter("en0", "en0", OWN)]


def test_adapters_of_windows_are_asked_for_by_their_guid() -> None:
    guid = "{0A0A0A0A-0000-0000-0000-000000000001}"
    rows = [
        NetworkAdapter(guid="{2}", name="vEthernet", mac=MAC, up=True, type=6, hardware=False),
        NetworkAdapter(guid=guid, name="Ethernet", mac=OWN, up=True, type=6, hardware=True),
        NetworkAdapter(guid="{3}", name="Wi-Fi", mac=MAC, up=False, type=71),
        NetworkAdapter(guid="{4}", name="Tunnel", mac=MAC, up=True, type=53),
    ]
    assert [(it.asked, it.told) for it in windows.adapters(rows)] == [
        (rf"\Device\NPF_{guid}", "Ethernet"),
        (r"\Device\NPF_{2}", "vEthernet"),
    ]


@pytest.fixture
def fresh() -> Iterator[None]:
    yield
    arp_look._beside, arp_look._running, arp_look._last = False, None, None


def helper_that(body: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Puts a program of our own in the place of Python, which is given the same words."""
    program = tmp_path / "helper"
    program.write_text(f"#!{sys.executable}\n{body}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


posix = pytest.mark.skipif(sys.platform == "win32", reason="a script stands for Python")


@posix
@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ("import sys; sys.exit(3)", NotSupported, r"install farmwatch\[net\]"),
        ("import sys; sys.exit(1)", SourceBroken, "ended with 1"),
        ("print('[]]')", SourceBroken, "makes no sense"),
        ("print('[{\"interface\": 5}]')", SourceBroken, "makes no sense"),
        ("print('[' * 100000)", SourceBroken, "makes no sense"),
        ("print('x' * 2000000)", SourceBroken, "printed more than"),
        ("import time; time.sleep(60)", SourceBroken, "did not answer"),
    ],
)
def test_a_helper_that_misbehaves_is_an_outcome(
    body: str, error: type[HostError], words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, fresh: None
) -> None:
    helper_that(body, monkeypatch, tmp_path)
    monkeypatch.setattr(arp_look, "SPARE_SECONDS", 0.5)
    with pytest.raises(error, match=words):
        ArpLook.live("1/eth0")


@posix
def test_beside_a_reader_the_last_look_is_told_and_the_next_one_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, fresh: None
) -> None:
    answer = msgspec.json.encode([ArpLook(interface="eth0", seconds=1.0, frames=3)]).decode()
    helper_that(f"print({answer!r})", monkeypatch, tmp_path)
    arp_look.beside()
    with pytest.raises(NotSupported, match=arp_look.UNDER_WAY):
        ArpLook.live("1/eth0")
    first = arp_look._running
    assert first is not None
    first._thread.join(10)
    assert ArpLook.live("1/eth0") == [ArpLook(interface="eth0", seconds=1.0, frames=3)]
    assert arp_look._running is not first
    assert arp_look._running is not None
    arp_look._running.taken()


@pytest.mark.parametrize("of", ["", "x/eth0", "20", "0/eth0", "999/eth0", "20/--evil", "20/" + "/".join("abcdefghi")])
def test_the_helper_is_asked_nothing_odd(of: str) -> None:
    with pytest.raises(SourceBroken):
        ArpLook.live(of)


def test_a_frozen_build_says_that_it_has_no_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(NotSupported, match="not part of this build"):
        ArpLook.live("20/eth0")


def test_it_runs_only_where_it_is_asked_for() -> None:
    assert probes.load("arp").opt_in
    assert "arp" not in probes.usual()


def test_nothing_of_the_agent_loads_scapy_or_the_helper() -> None:
    (section,) = runner.run(live(ArpHost([])), KEYER, Health(), ["arp"])
    assert section.outcome == "none"
    import subprocess

    code = (
        "import sys, importlib\nfor name in ('linux', 'macos', 'windows'):\n"
        " importlib.import_module('farmwatch_agent.probes.arp.' + name)\n"
        "print([it for it in sys.modules if 'scapy' in it or it.endswith('arp_helper')])"
    )
    path = [entry for entry in sys.path if entry]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert re.fullmatch(r"\[\]\s*", done.stdout)
