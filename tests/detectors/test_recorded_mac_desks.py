"""What every detector says about Macs as they stand on desks and in farms: hits, and honest twins that must stay quiet.

The hosts are typed from documents and threads other than those of `docked` and its siblings; see their about.yaml.
"""

import msgspec
import pytest

from farmwatch_agent.probes.services.macos import LOGIN_ITEMS
from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.registry import DETECTORS
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.finding import Finding, Group
from farmwatch_schema.observables import Gap

from .views import recorded_view


def mac(name: str) -> DeviceView:
    """Returns a recorded Mac as the collector knows it: each section with its outcome and gaps."""
    return recorded_view("macos", name)


def findings(name: str) -> dict[tuple[str, str], Finding]:
    """Returns every finding of level 1 or above of every detector, by detector and subject."""
    device = mac(name)
    return {
        (finding.detector, finding.subject): finding
        for detector in DETECTORS
        for finding in detector.detect(device)
        if finding.level
    }


def levels(name: str) -> dict[tuple[str, str], int]:
    return {key: finding.level for key, finding in findings(name).items()}


def test_hit_a_pikvm_that_bears_apples_ids_and_a_dells_name_is_known_by_its_build() -> None:
    found = findings("pikvm_as_magic_keyboard")
    shape = found["ip_kvm_shape", "0-1"]
    assert shape.level == 3
    words = " ".join(item.fact for item in shape.evidence)
    assert '"HID Interface"' in words
    assert "absolute" in words


def test_hit_a_nanokvm_as_sold_is_named_on_a_mac_mini() -> None:
    found = findings("nanokvm_mac_mini")
    assert found["ip_kvm_identity", "1-1"].level >= 2
    assert found["ip_kvm_shape", "1-1"].level >= 1


def test_hit_both_remote_tools_and_the_login_item_of_a_third_are_named() -> None:
    found = levels("jump_splashtop_teamviewer")
    assert found["remote_access_tool", "jump-desktop"] >= 2
    assert found["remote_access_tool", "splashtop"] >= 2
    assert ("remote_access_tool", "teamviewer") in found
    assert ("os_remote_desktop", "macos-screen-sharing") not in found, "a name alone, of a program whose file is gone"


@pytest.mark.parametrize("name", ["t2_internal_devices", "studio_display_desk", "intel_dummy_display"])
def test_honest_twin_own_devices_docks_and_virtual_keyboards_accuse_nobody(name: str) -> None:
    assert levels(name) == {}


def test_honest_twin_a_guests_tablet_is_no_kvm() -> None:
    found = levels("qemu_guest")
    assert {detector for detector, _ in found} == {"virtual_machine"}


def test_honest_twin_a_mesh_without_an_exit_node_takes_no_traffic() -> None:
    assert levels("real_tailscale_utm_routes") == {}


def test_honest_twin_a_companys_own_vpn_is_at_most_a_note() -> None:
    assert all(level <= 1 for level in levels("globalprotect_full_tunnel").values())


@pytest.mark.parametrize(
    ("name", "group", "words"),
    [
        ("studio_display_desk", "H", "EDID on dispext0"),
        ("intel_dummy_display", "H", "EDID on untold"),
        ("pikvm_as_magic_keyboard", "H", "EDID on dispext0"),
        ("real_tailscale_utm_routes", "N", "network interfaces"),
        ("t2_internal_devices", "H", ""),
    ],
)
def test_silence_counts_only_where_a_mac_told_everything(name: str, group: Group, words: str) -> None:
    cause = why_grey(mac(name), silence_table()[group])
    assert words in cause
    assert bool(cause) == bool(words)


def test_a_tool_that_only_starts_at_the_next_login_is_told_and_without_login_items_silence_is_worth_nothing() -> None:
    assert mac("jump_splashtop_teamviewer").sections["services"].complete
    docked = mac("docked")
    assert why_grey(docked, silence_table()["R"]) == ""
    # The same laptop of macOS 12, or looked at without root.
    services = docked.sections["services"]
    untold = Gap(what=LOGIN_ITEMS, outcome="not_permitted")
    sections = {**docked.sections, "services": msgspec.structs.replace(services, items=(*services.items, untold))}
    assert LOGIN_ITEMS in why_grey(msgspec.structs.replace(docked, sections=sections), silence_table()["R"])


def test_ended_logins_which_a_mac_cannot_tell_block_no_group_for_ever() -> None:
    assert [gap.what for gap in mac("docked").sections["sessions"].gaps]
    assert not [row for row in silence_table().values() if "sessions" in row.needs]
