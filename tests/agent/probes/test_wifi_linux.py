"""Wi-Fi on Linux: links as nl80211 tells them, and the kernel's table where nothing answers."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import HostError, NotPermitted, SourceBroken, capture
from farmwatch_agent.host.linux.nl80211 import WifiLink
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.probes.wifi import linux
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.wifi import WifiConnection

from ..linux_tree import NOW, Tree, keyed, look, section

#: As `cat /proc/net/wireless` prints it (net/wireless/wext-proc.c).
TABLE = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
wlp2s0: 0000   54.  -56.  -256        0      0      0      0     71        0
"""


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path)
    tree.file("/sys/class/net/lo/uevent", "INTERFACE=lo\n")
    tree.file("/sys/class/net/wlp2s0/uevent", "DEVTYPE=wlan\nINTERFACE=wlp2s0\n")
    return tree


def asked(tree: Tree, answer: list[WifiLink] | HostError) -> RootHost:
    class Answering(RootHost):
        def rows(self, kind: type[Any], of: str = "") -> list[Any]:
            if isinstance(answer, HostError):
                raise answer
            return list(answer)

    return Answering(str(tree.root), now=NOW)


def test_the_network_in_use_is_told_keyed(tree: Tree) -> None:
    link = WifiLink(
        interface="wlp2s0", connected=True, ssid="Example Net", bssid="94:83:c4:00:11:22", frequency=5180, signal=-58,
        standard="802.11ac",
    )  # fmt: skip
    assert look(asked(tree, [link]), "wifi") == [
        WifiConnection(
            interface="wlp2s0", bssid=keyed("bssid", "94:83:c4:00:11:22"), ssid=keyed("ssid", "Example Net"), band="5",
            signal="strong", standard="802.11ac",
        )
    ]  # fmt: skip


def test_an_interface_without_a_network_is_none(tree: Tree) -> None:
    assert section(asked(tree, [WifiLink(interface="wlp2s0")]), "wifi").outcome == "none"


def test_a_network_without_a_name_leaves_a_gap(tree: Tree) -> None:
    found = look(asked(tree, [WifiLink(interface="wlp2s0", connected=True, bssid="94:83:c4:00:11:22")]), "wifi")
    assert Gap(what="name and address of the Wi-Fi network", outcome="not_supported") in found


@pytest.mark.parametrize(
    ("problem", "outcome"),
    [(None, "not_supported"), (NotPermitted("no"), "not_permitted"), (SourceBroken("odd"), "broken")],
)
def test_the_kernels_table_gives_the_signal_where_nothing_answers(
    tree: Tree, problem: HostError | None, outcome: str
) -> None:
    tree.file("/proc/net/wireless", TABLE)
    host = tree.host() if problem is None else asked(tree, problem)
    found = look(host, "wifi")
    assert WifiConnection(interface="wlp2s0", signal="strong") in found
    assert [(gap.what, gap.outcome) for gap in found if isinstance(gap, Gap)] == [
        ("name and address of the Wi-Fi network", outcome)
    ]


def test_without_table_and_answer_nothing_is_claimed(tree: Tree) -> None:
    assert look(asked(tree, NotPermitted("no")), "wifi") == [Gap(what="the Wi-Fi network", outcome="not_permitted")]


def test_a_laptop_without_wifi_says_so(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert section(tree.host(), "wifi").outcome == "not_supported"
    tree.file("/sys/class/net/eth0/uevent", "INTERFACE=eth0\n")
    assert section(tree.host(), "wifi").outcome == "not_supported"


def test_a_driver_of_old_is_known_by_its_folder(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/sys/class/net/wlan0/uevent", "INTERFACE=wlan0\n")
    tree.folder("/sys/class/net/wlan0/wireless")
    assert linux.wifi_interfaces(tree.host()) == ["wlan0"]


def test_relative_signals_of_old_drivers_and_idle_interfaces_are_no_dbm() -> None:
    head = "a\nb\n"
    assert linux.parse_wireless(head + " wlan0: 0000   70.  42.  0  0 0 0 0 0 0") == {"wlan0": None}
    assert linux.parse_wireless(head + " wlan0: 0000    0.   0   0  0 0 0 0 0 0") == {}
    assert linux.parse_wireless(head + "wlp2s0: 0000  -256.  -256  -256  0 0 0 0 0 0") == {}


@pytest.mark.parametrize(
    ("frequency", "band"), [(2412, "2.4"), (2484, "2.4"), (5180, "5"), (5885, "5"), (5955, "6"), (60480, ""), (0, "")]
)
def test_a_frequency_lies_in_a_band(frequency: int, band: str) -> None:
    assert linux.band_of(frequency) == band


@given(st.text(max_size=300))
def test_hostile_tables_make_no_error(text: str) -> None:
    linux.parse_wireless("a\nb\n" + text)


def test_no_pseudonymised_capture_holds_the_networks_name_or_whole_address(tree: Tree) -> None:
    link = WifiLink(interface="wlp2s0", connected=True, ssid="Annas WLAN", bssid="94:83:c4:00:11:22", frequency=5180)
    recording = RecordingHost(asked(tree, [link]))
    look(recording, "wifi")
    replayed = ReplayingHost(capture.unpack(capture.pack(recording.capture())))
    [told] = replayed.rows(WifiLink)
    assert (len(told.ssid), told.frequency) == (10, 5180)
    assert told.ssid != "Annas WLAN"
    assert told.bssid.startswith("94:83:c4:")
    assert told.bssid != link.bssid
