"""Displays on macOS, on registry entries as glpi-agent's resources show them."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, SourceBroken
from farmwatch_agent.probes.displays import macos
from farmwatch_schema.formats import edid
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.displays import Display, DisplayAdapter

from ...cases.machines import stored_edid
from ..mac_host import MacFake, profile, registry

PRODUCT = {
    "ManufacturerID": "DEL", "YearOfManufacture": 2021, "SerialNumber": 825440588, "ProductName": "DELL P2421DC",
    "AlphanumericSerialNumber": "4S0QQ52", "LegacyManufacturerID": 4268, "ProductID": 53496, "WeekOfManufacture": 36,
}  # fmt: skip
MONITOR = {
    "IONameMatched": "dispext0,t8103", "external": True,
    "DisplayAttributes": {"ProductAttributes": PRODUCT, "MaxHorizontalImageSize": 53, "MaxVerticalImageSize": 30},
}  # fmt: skip


UNLISTED = Gap(what="virtual displays and active modes", outcome="not_permitted")


def looked(**commands: Any) -> list[Any]:
    told = {"profile_displays": profile("SPDisplaysDataType")} | commands
    return list(macos.collect(cast("Host", MacFake(told, folders={"/Applications": []}))))


def seen(**commands: Any) -> list[Any]:
    """Returns what is seen where system_profiler lists no display, without the gap for that."""
    return [it for it in looked(**commands) if it != UNLISTED]


def test_a_mac_whose_window_server_lists_no_display_cannot_say_that_there_is_no_virtual_one() -> None:
    # Nothing on the machines of GitHub Actions (modular/rules_mojo pull 56); the card alone on some builds.
    told = profile("SPDisplaysDataType", {"sppci_model": "Apple M1", "sppci_bus": "spdisplays_builtin"})
    assert UNLISTED in looked(registry_framebuffers=registry(MONITOR), profile_displays=told)
    assert UNLISTED in looked(registry_framebuffers=registry(MONITOR))
    listed = card(spdisplays_connection_type="spdisplays_internal")
    assert UNLISTED not in looked(registry_framebuffers=registry(MONITOR), profile_displays=listed)


def test_a_mac_without_any_display_has_none() -> None:
    assert looked() == []


def test_a_monitor_that_no_port_leads_to_may_be_anything() -> None:
    # Intel's Macs list displays made by programs without saying so (waydabber/BetterDisplay issue 407).
    told = card(**{"_name": "Dummy 16:9", "_spdisplays_display-vendor-id": "f0f0", "_spdisplays_pixels": "1920 x 1080"})
    display, gap = seen(profile_displays=told)
    assert (display.connector, display.virtual, display.internal) == ("untold", None, False)
    assert gap == Gap(what="EDID on untold", outcome="not_supported")


def card(**item: str) -> bytes:
    return profile("SPDisplaysDataType", {"spdisplays_ndrvs": [item]})


def test_a_monitor_on_apple_silicon_is_told_without_its_bytes_and_a_gap_says_so() -> None:
    display, gap = seen(registry_framebuffers=registry(MONITOR))
    assert display == Display(
        connector="dispext0", virtual=False, manufacturer="DEL", product="d0f8", name="DELL P2421DC",
        serial_number=unkeyed("edid_serial", "0x3133394c"), serial=unkeyed("edid_serial", "4S0QQ52"),
        week=36, year=2021, size_cm=(53, 30),
    )  # fmt: skip
    assert gap == Gap(what="EDID on dispext0", outcome="not_supported")


def test_a_port_that_keeps_the_bytes_of_the_same_monitor_gives_them() -> None:
    data = stored_edid("jetkvm_default")
    facts = edid.parse(data)
    ids = {
        "ManufacturerID": facts.manufacturer,
        "ProductID": int(facts.product, 16),
        "SerialNumber": facts.serial_number,
    }
    entry = {**MONITOR, "DisplayAttributes": {"ProductAttributes": ids}}
    (display,) = seen(registry_framebuffers=registry(entry), registry_display_ports=registry({"EDID": data}))
    assert (display.base_digest, display.connector) == (facts.base_digest, "dispext0")


def test_another_monitors_bytes_are_not_taken_for_it() -> None:
    port = registry({"EDID": stored_edid("jetkvm_default")})
    display, _ = seen(registry_framebuffers=registry(MONITOR), registry_display_ports=port)
    assert display.edid_digest == ""


def test_a_pipe_without_a_monitor_and_a_mac_without_a_panel_are_no_displays() -> None:
    assert seen(registry_framebuffers=registry({"external": True}, {"IONameMatched": "disp0,t8103"})) == []


def test_a_panel_is_internal_and_apples_word_for_its_maker_is_no_maker() -> None:
    told = {"ManufacturerID": "00-10-fa", "ProductID": 62892014646337}
    panel = {"IONameMatched": "disp0,t600x", "DisplayAttributes": {"ProductAttributes": told}}
    assert seen(registry_framebuffers=registry(panel)) == [Display(connector="disp0", internal=True, virtual=False)]


def test_a_monitor_on_the_panels_pipe_is_no_panel() -> None:
    display, gap = seen(registry_framebuffers=registry({**MONITOR, "external": False, "IONameMatched": "disp0,t8103"}))
    assert (display.connector, display.internal, display.product) == ("disp0", False, "d0f8")
    assert gap.what == "EDID on disp0"


def test_the_active_mode_is_that_of_the_same_product() -> None:
    told = card(**{"_spdisplays_display-product-id": "d0f8", "_spdisplays_pixels": "2560 x 1440"})
    display = seen(registry_framebuffers=registry(MONITOR), profile_displays=told)[0]
    assert display.active_mode == "2560x1440"


def test_intel_tells_the_bytes_and_the_framebuffer() -> None:
    data = stored_edid("jetkvm_default")
    below = {"IOObjectClass": "AppleDisplay", "IODisplayEDID": data,
             "IODisplayPrefsKey": "IOService:/A/AppleIntelFramebuffer@2/display0/AppleDisplay-1-2"}  # fmt: skip
    (display,) = seen(registry_monitors=registry({"IORegistryEntryChildren": [below]}))
    assert (display.connector, len(display.edid)) == ("AppleIntelFramebuffer@2", 2 * min(len(data), 512))


def test_bytes_that_are_no_edid_are_a_fault_and_a_gap() -> None:
    display, gap = seen(registry_monitors=registry({"IODisplayEDID": b"\1" * 128}))
    assert display.fault.startswith("The EDID")
    assert gap.outcome == "broken"


def test_a_display_made_by_a_program_is_virtual_but_may_be_a_docks() -> None:
    told = card(spdisplays_virtualdevice="spdisplays_yes", _name="Dummy", _spdisplays_pixels="1920 x 1080")
    (display,) = seen(profile_displays=told)
    assert (display.virtual, display.name, display.active_mode) == (True, "Dummy", "1920x1080")
    mac = MacFake({"profile_displays": told}, folders={"/Applications": [macos.DISPLAYLINK]})
    display, gap = macos.collect(cast("Host", mac))
    assert gap == Gap(what="EDID on virtual", outcome="not_supported")
    assert isinstance(display, Display)
    assert display.virtual is None
    (display,) = seen(profile_displays=card(**{"_spdisplays_display-vendor-id": macos.UNKNOWN_VENDOR}))
    assert display.virtual is True


@pytest.mark.parametrize(
    ("facts", "virtual"),
    [
        ({"sppci_model": "Apple M1 Pro", "sppci_bus": "spdisplays_builtin"}, False),
        ({"sppci_model": "Apple Paravirtual device", "sppci_bus": "spdisplays_builtin"}, True),
        ({"_name": "kHW_IntelIris6100Item"}, None),
    ],
)
def test_a_graphics_card_is_named_and_a_guests_is_virtual(facts: dict[str, str], virtual: bool | None) -> None:
    (card_seen,) = seen(profile_displays=profile("SPDisplaysDataType", facts, facts))
    assert card_seen == DisplayAdapter(name=facts.get("sppci_model", facts.get("_name", "")), virtual=virtual)


def test_an_airplay_display_tells_nobodys_name() -> None:
    told = card(spdisplays_connection_type="spdisplays_airplay", _name="Anna's Living Room")
    (display,) = seen(profile_displays=told)
    assert (display.connector, display.name, display.virtual) == ("AirPlay", "", True)


def test_each_source_that_cannot_be_asked_is_a_gap_of_its_own() -> None:
    broken = SourceBroken("hangs")
    found = seen(registry_framebuffers=broken, registry_monitors=broken, profile_displays=broken)
    assert [item.what for item in found] == [
        "displays in framebuffers", "displays in monitors", "virtual displays and active modes",
    ]  # fmt: skip


_VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.binary(max_size=140)
_FACTS = st.dictionaries(st.sampled_from([*MONITOR, *PRODUCT, "ProductAttributes", "IODisplayEDID", "DisplayVendorID",
    "spdisplays_ndrvs", "_spdisplays_pixels", "_spdisplays_display-vendor-id"]), _VALUES, max_size=6)  # fmt: skip


@given(_FACTS, _FACTS, _FACTS)
def test_no_registry_makes_it_fail(one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]) -> None:
    entry = {**one, "DisplayAttributes": {**two, "ProductAttributes": three}}
    found = [*macos.of_framebuffers([entry], [b"x"]), *macos.of_monitors([one, two])]
    macos.with_profile(found, [{"spdisplays_ndrvs": [one, two]}], displaylink=False)
