"""Host facts on Windows, from tables and keys as DMTF and Microsoft document them."""

import struct
import zoneinfo
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, HostError, NotPermitted, NotSupported
from farmwatch_agent.host.windows.firmware import HypervisorLeaves, SystemTables, parse_leaves, parse_tables
from farmwatch_agent.host.windows.registry import RegistryKey
from farmwatch_agent.probes.host import windows
from farmwatch_agent.probes.host.windows_zones import ZONES
from farmwatch_agent.probes.windows_users import PROFILES
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.host import HostFacts

from ..windows_host import WindowsFake

SID = "S-1-5-21-1004336348-1177238915-682003330-1001"
UUID = bytes.fromhex("33221100554477668899aabbccddeeff")


def structure(kind: int, body: bytes, *texts: str) -> bytes:
    """One structure by DMTF DSP0134 6.1.2: type, length, handle, formatted part, strings."""
    strings = b"".join(text.encode() + b"\0" for text in texts) or b"\0"
    return bytes((kind, 4 + len(body))) + b"\0\0" + body + strings + b"\0"


def smbios(*parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack("<BBBBI", 0, 3, 2, 0, len(data)) + data


SYSTEM = structure(
    1,
    bytes((1, 2, 3, 4)) + UUID + bytes((6, 0, 5)),
    "LENOVO",
    "21HM",
    "ThinkPad X1 Carbon Gen 11",
    "PF4XYZ12",
    "ThinkPad",
)
TABLES = smbios(
    structure(0, bytes(20), "vendor"),
    SYSTEM,
    structure(3, bytes((1, 0x8A, 2, 3, 4)), "LENOVO"),
    structure(127, b""),
)  # fmt: skip


def test_tables_of_the_firmware_are_read_as_the_specification_lays_them_out() -> None:
    assert parse_tables(TABLES) == SystemTables(
        vendor="LENOVO",
        model="21HM",
        version="ThinkPad X1 Carbon Gen 11",
        serial="PF4XYZ12",
        family="ThinkPad",
        # The first three fields are little-endian: DSP0134 7.2.1 has this example.
        uuid="00112233-4455-6677-8899-aabbccddeeff",
        chassis=10,
    )


@pytest.mark.parametrize("raw", [b"\0" * 16, b"\xff" * 16])
def test_a_uuid_that_is_not_set_is_none(raw: bytes) -> None:
    body = bytes((1, 1, 1, 1)) + raw
    assert parse_tables(smbios(structure(1, body, "x"))).uuid == ""


@given(st.binary(max_size=300))
def test_whatever_the_firmware_says_it_is_read_or_refused(data: bytes) -> None:
    for parse in (parse_tables, parse_leaves):
        try:
            parse(data)
        except HostError:
            continue


def leaves(vendor: bytes, ebx: int) -> bytes:
    return struct.pack("<I12s", 0x40000006, vendor) + bytes(32) + struct.pack("<IIII", 0x3FFF, ebx, 0, 0) + bytes(48)


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (leaves(b"Microsoft Hv", 0x2BB9FF), HypervisorLeaves(vendor="Microsoft Hv", root=True)),
        (leaves(b"Microsoft Hv", 0x388030), HypervisorLeaves(vendor="Microsoft Hv", root=False)),
        (leaves(b"KVMKVMKVM\0\0\0", 1), HypervisorLeaves(vendor="KVMKVMKVM", root=False)),
        (bytes(112), HypervisorLeaves()),
    ],
)
def test_the_root_partition_is_told_from_a_guest(data: bytes, row: HypervisorLeaves) -> None:
    assert parse_leaves(data) == row


@pytest.mark.parametrize(
    ("vendor", "model", "row", "guest", "name"),
    [
        ("LENOVO", "X1", HypervisorLeaves(vendor="Microsoft Hv", root=True), False, ""),
        ("LENOVO", "X1", HypervisorLeaves(), False, ""),
        ("LENOVO", "X1", None, False, None),
        ("LENOVO", "X1", HypervisorLeaves(vendor="KVMKVMKVM"), False, "kvm"),
        ("LENOVO", "X1", HypervisorLeaves(vendor="SRESRESRESRE"), False, "other"),
        ("LENOVO", "X1", HypervisorLeaves(vendor="Microsoft Hv"), False, "hyperv"),
        ("LENOVO", "X1", None, True, "hyperv"),
        ("Microsoft Corporation", "Virtual Machine", None, False, "hyperv"),
        ("Microsoft Corporation", "Surface Laptop 5", HypervisorLeaves(vendor="Microsoft Hv", root=True), False, ""),
        ("VMware, Inc.", "VMware20,1", None, False, "vmware"),
        ("innotek GmbH", "VirtualBox", None, False, "virtualbox"),
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)", HypervisorLeaves(vendor="KVMKVMKVM"), False, "kvm"),
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)", None, False, "qemu"),
    ],
)
def test_a_virtual_machine_is_named(
    vendor: str, model: str, row: HypervisorLeaves | None, guest: bool, name: str | None
) -> None:
    assert windows.hypervisor_of(vendor, model, row, guest=guest) == name


VERSION = {
    "ProductName": "Windows 10 Pro",
    "CurrentBuildNumber": "22631",
    "DisplayVersion": "23H2",
    "UBR": 4460,
    "CurrentMajorVersionNumber": 10,
    "CurrentMinorVersionNumber": 0,
}


def laptop(**rows: Any) -> WindowsFake:
    return WindowsFake(
        rows={
            SystemTables.table: [parse_tables(TABLES)],
            HypervisorLeaves.table: [HypervisorLeaves(vendor="Microsoft Hv", root=True)],
            **rows,
        },
        keys={
            windows.VERSION: VERSION,
            windows.ZONE: {"TimeZoneKeyName": "W. Europe Standard Time", "ActiveTimeBias": 0xFFFFFFC4},
            windows.LMS: {"Start": 2},
            windows.LANGUAGES: {"keys": ("de-DE",)},
            "HKU": {"keys": (SID,)},
            rf"HKU\{SID}\{windows.PRELOAD}": {"1": "00000407", "2": "d0010409"},
            rf"HKU\{SID}\{windows.SUBSTITUTES}": {"d0010409": "00020409"},
            rf"HKU\.DEFAULT\{windows.PRELOAD}": {"1": "00000407"},
            rf"HKU\{SID}\{windows.PROFILE}": {"Languages": ("en-GB", "de-DE")},
            rf"{windows.LAYOUTS}\00000407": {"Layout Text": "German"},
        },
        branches={PROFILES: {SID: {"ProfileImagePath": r"C:\Users\jdoe"}}},
    )


def seen(host: WindowsFake) -> list[Any]:
    return list(windows.collect(cast("Host", host)))


def test_a_laptop_tells_all_of_it() -> None:
    assert seen(laptop()) == [
        HostFacts(
            os="Windows 11 Pro",
            os_version="23H2",
            kernel="10.0.22631.4460",
            vendor="LENOVO",
            model="ThinkPad X1 Carbon Gen 11 (21HM)",
            chassis="laptop",
            hypervisor="",
            serial=unkeyed("serial", "PF4XYZ12"),
            platform_uuid=unkeyed("uuid", "00112233-4455-6677-8899-aabbccddeeff"),
            time_zone="Europe/Berlin",
            utc_offset_minutes=60,
            keyboard_layouts=("00020409", "German"),
            languages=("de-DE", "en-GB"),
            out_of_band="present",
        )
    ]


def test_without_tables_vendor_and_model_come_from_the_registry_and_the_serial_is_a_gap() -> None:
    host = laptop(windows_system_tables=NotSupported("no"))
    host._rows[f"windows_registry_key {windows.BIOS}"] = [
        RegistryKey(path=windows.BIOS, texts={"SystemManufacturer": "Dell Inc.", "SystemProductName": "Latitude 7440"})
    ]
    facts, gap = seen(host)
    assert (facts.vendor, facts.model, facts.serial) == ("Dell Inc.", "Latitude 7440", None)
    assert gap == Gap(what="serial number and platform UUID", outcome="not_supported")


def test_a_registry_that_may_not_be_read_leaves_gaps_and_no_clean_answer() -> None:
    host = WindowsFake(
        rows={"windows_system_tables": NotPermitted("no"), "windows_hypervisor": NotPermitted("no")},
        keys={windows.VERSION: NotPermitted("no"), windows.ZONE: NotPermitted("no")},
    )
    facts, *gaps = seen(host)
    assert facts == HostFacts()
    assert gaps == [
        Gap(what="version of the system", outcome="not_permitted"),
        Gap(what="serial number and platform UUID", outcome="not_permitted"),
        Gap(what="vendor and model: the firmware gives no tables", outcome="not_supported"),
        Gap(what="time zone", outcome="not_permitted"),
    ]


def test_values_of_another_type_are_passed_over() -> None:
    host = laptop()
    host._rows[f"windows_registry_key {windows.VERSION}"] = [
        RegistryKey(path=windows.VERSION, numbers={"ProductName": 1, "CurrentBuildNumber": 2}, texts={"UBR": "x"})
    ]
    assert seen(host)[0].os == ""


@pytest.mark.parametrize(
    ("bias", "minutes"), [(0, 0), (300, -300), (0xFFFFFEB6, 330), (0xFFFFFFC4, 60), (0x7FFFFFFF, None)]
)
def test_a_bias_is_minutes_west_of_utc(bias: int, minutes: int | None) -> None:
    assert windows.offset_of(bias) == minutes


def test_every_zone_of_windows_leads_to_one_that_iana_has() -> None:
    known = zoneinfo.available_timezones()
    if not known:
        pytest.skip("this system has no time zones")
    assert {name for name in ZONES.values() if name not in known} <= {"Europe/Kyiv", "America/Nuuk", "Asia/Qyzylorda"}
    assert len(ZONES) > 130
