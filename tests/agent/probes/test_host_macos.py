"""Host facts on macOS."""

import plistlib
from typing import Any, cast

import pytest

from farmwatch_agent.host import Host, NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.probes.host import macos
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.host import HostFacts

from ..mac_host import MacFake, registry

# glpi-project/glpi-agent:resources/macos/ioreg/IOPlatformExpertDevice-2, serial and UUID invented
PLATFORM = {
    "model": b"MacBookPro12,1\0", "manufacturer": b"Apple Inc.\0", "IOPlatformSerialNumber": "C17XK4PQQRT1",
    "IOPlatformUUID": "AB4C3883-BF0F-523C-A29C-6FF6D1A482E8",
}  # fmt: skip


def seen(files: Any = None, **commands: Any) -> list[Any]:
    return list(macos.collect(cast("Host", MacFake(commands, files))))


def test_a_mac_says_what_it_is() -> None:
    (facts,) = seen(
        registry_platform=registry(PLATFORM),
        registry_product=registry({"product-name": b"MacBook Pro (Retina)\0"}),
        system=b"hw.model: MacBookPro12,1\nkern.osproductversion: 12.7.6\nkern.osrelease: 21.6.0\n"
        b"kern.hv_vmm_present: 0\n",
    )
    assert facts == HostFacts(
        os="macOS", os_version="12.7.6", kernel="21.6.0", vendor="Apple Inc.",
        model="MacBook Pro (Retina) (MacBookPro12,1)", chassis="laptop", hypervisor="",
        serial=unkeyed("serial", "C17XK4PQQRT1"),
        platform_uuid=unkeyed("uuid", str(PLATFORM["IOPlatformUUID"]).lower()),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("model", "vendor", "present", "name"),
    [
        ("VirtualMac2,1", "Apple Inc.", "1", "apple"),
        ("VMware20,1", "Apple Inc.", "1", "vmware"),
        ("Parallels18,1", "Parallels Software International Inc.", "1", "parallels"),
        ("iMac20,2", "QEMU", "", "qemu"),
        ("iMacPro1,1", "Apple Inc.", "1", "other"),  # a guest that bears a real Mac's model
        ("Mac14,2", "Apple Inc.", "0", ""),
        ("MacBook2,1", "Apple Inc.", "", None),  # before macOS 11 the kernel has no such name
    ],
)
def test_a_hypervisor_is_named_where_model_or_kernel_tell(
    model: str, vendor: str, present: str, name: str | None
) -> None:
    assert macos.hypervisor_of(model, vendor, present) == name


@pytest.mark.parametrize(
    ("model", "name", "battery", "hypervisor", "chassis"),
    [
        ("MacBookPro18,3", "", False, "", "laptop"),
        ("Mac14,2", "MacBook Air (M2, 2022)", True, "", "laptop"),
        ("Mac13,1", "Mac Studio (2022)", False, "", "desktop"),
        ("iMac20,2", "", False, "", "desktop"),
        ("Mac16,1", "", True, "", "laptop"),
        ("Mac16,10", "", False, "", ""),
        ("VirtualMac2,1", "", False, "apple", "virtual"),
    ],
)
def test_the_chassis_comes_from_identifier_name_or_battery(
    model: str, name: str, battery: bool, hypervisor: str, chassis: str
) -> None:
    assert macos.chassis_of(model, name, battery, hypervisor) == chassis


def test_a_battery_that_is_not_fitted_makes_no_laptop() -> None:
    facts = seen(registry_battery=registry({"BatteryInstalled": False}), system=b"hw.model: Mac15,4\n")[0]
    assert facts.chassis == ""


def test_a_blank_instead_of_serial_and_uuid_is_not_permitted() -> None:
    found = seen(registry_platform=registry({"model": b"Mac15,3\0"}), system=b"hw.model: Mac15,3\n")
    assert found[1:] == [Gap(what="serial number and platform UUID", outcome="not_permitted")]
    assert found[0].serial is None


def test_a_registry_without_the_mac_itself_is_a_gap_and_never_a_mac_without_serial() -> None:
    assert seen()[1:] == [Gap(what="serial number and platform UUID", outcome="not_supported")]


def test_each_part_that_cannot_be_asked_is_a_gap_and_the_others_go_out() -> None:
    found = seen(
        registry_platform=NotPermitted("no"), registry_product=NotSupported("no"), system=SourceBroken("no"),
        registry_battery=NotPermitted("told by power"),
    )  # fmt: skip
    assert [(gap.what.split(",")[0], gap.outcome) for gap in found[1:]] == [
        ("serial number", "not_permitted"), ("name of the model", "not_supported"), ("kernel", "broken"),
    ]  # fmt: skip
    assert found[0] == HostFacts(os="macOS")


def test_settings_of_the_login_window_are_sorted_and_of_the_wrong_type_nothing() -> None:
    files = {
        macos.KEYBOARDS: plistlib.dumps({"AppleEnabledInputSources": [
            {"KeyboardLayout Name": "U.S."}, {"KeyboardLayout Name": "German"}, {"Input Mode": 3}, "x"]}),
        macos.LANGUAGES: plistlib.dumps({"AppleLanguages": ["en-GB", 3, "de-DE"]}),
        macos.VERSION: plistlib.dumps({"ProductVersion": "10.15.7"}),
    }  # fmt: skip
    facts = seen(files)[0]
    assert (facts.keyboard_layouts, facts.languages) == (("German", "U.S."), ("de-DE", "en-GB"))
    assert facts.os_version == "10.15.7"
    facts = seen(dict.fromkeys(files, plistlib.dumps([])))[0]
    assert (facts.keyboard_layouts, facts.languages, facts.os_version) == ((), (), "")
    assert macos.languages({"AppleLanguages": "de"}) == ()
