"""The host probe on Linux, on trees as os-release(5), dmi-id and localtime(5) describe them."""

import datetime
import zoneinfo
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.probes.host import linux as host_probe
from farmwatch_agent.probes.host import time_zone
from farmwatch_agent.probes.host.firmware import chassis_of
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.host import HostFacts

from ..linux_tree import Tree, keyed, look, section

DMI = "/sys/class/dmi/id"


def zone_file(name: str) -> bytes:
    for folder in zoneinfo.TZPATH:
        path = Path(folder) / name
        if path.is_file():
            return path.read_bytes()
    pytest.skip("this machine has no time zone database")


def facts(tree: Tree, euid: int = 0) -> HostFacts:
    return next(item for item in look(tree.host(euid), "host") if isinstance(item, HostFacts))


def test_a_laptop_is_told_whole(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/etc/os-release", 'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n# comment\n')
    tree.file("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n")
    for name, value in (("sys_vendor", "LENOVO"), ("product_name", "20XW0026GE"), ("chassis_type", "10"),
                        ("product_version", "ThinkPad X1 Carbon Gen 9"), ("product_serial", "PF3XTEST"),
                        ("product_uuid", "4C4C4544-0000-1000-8000-000000000001")):  # fmt: skip
        tree.file(f"{DMI}/{name}", value + "\n")
    tree.file("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme sse\n")
    tree.link("/etc/localtime", "/usr/share/zoneinfo/Europe/Berlin")
    tree.file("/usr/share/zoneinfo/Europe/Berlin", zone_file("Europe/Berlin"))
    tree.file("/etc/default/keyboard", 'XKBMODEL="pc105"\nXKBLAYOUT="de,us"\n')
    tree.file("/etc/default/locale", "LANG=de_DE.UTF-8\n")
    tree.folder("/sys/bus/mei/devices/0000:00:16.0-12f80028-b4b7-4b2d-aca8-46e0ff65814c")
    assert look(tree.host(), "host") == [
        HostFacts(
            os="Debian GNU/Linux",
            os_version="12",
            kernel="6.1.0-18-amd64",
            vendor="LENOVO",
            model="ThinkPad X1 Carbon Gen 9 (20XW0026GE)",
            chassis="laptop",
            hypervisor="",
            serial=keyed("serial", "PF3XTEST"),
            platform_uuid=keyed("uuid", "4c4c4544-0000-1000-8000-000000000001"),
            time_zone="Europe/Berlin",
            utc_offset_minutes=60,
            keyboard_layouts=("de", "us"),
            languages=("de_DE",),
            out_of_band="present",
        )
    ]


def test_the_serial_is_a_gap_for_an_ordinary_user(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file(f"{DMI}/sys_vendor", "Dell Inc.\n")
    tree.file(f"{DMI}/product_name", "Latitude 7420\n")
    tree.file(f"{DMI}/product_serial", "ABC1234\n", 0o400)
    tree.file(f"{DMI}/product_uuid", "x\n", 0o400)
    assert facts(tree, 1000).serial is None
    assert Gap(what="serial number and platform UUID", outcome="not_permitted") in look(tree.host(1000), "host")


def test_an_empty_tree_claims_nothing_of_the_machine(tmp_path: Path) -> None:
    seen = facts(Tree(tmp_path))
    assert (seen.hypervisor, seen.chassis, seen.serial, seen.out_of_band) == (None, "", None, None)
    assert seen.utc_offset_minutes is None
    assert "vendor and model" in section(Tree(tmp_path).host(), "host").reason


@pytest.mark.parametrize(
    ("number", "word"),
    # SMBIOS 3.7, table 17: 9 laptop, 10 notebook, 31 convertible, 3 desktop, 23 rack mount, 30 tablet, 2 unknown.
    [("9", "laptop"), ("10", "laptop"), ("31", "laptop"), ("3", "desktop"), ("23", "server"), ("30", "tablet"),
     ("2", ""), ("138", "laptop"), ("x", ""), ("99999", ""), ("", "")],
)  # fmt: skip
def test_chassis_numbers_become_words(number: str, word: str) -> None:
    assert chassis_of(number, "") == word
    assert chassis_of(number, "kvm") == "virtual"


VM_FLAGS = "flags\t\t: fpu hypervisor sse"


@pytest.mark.parametrize(
    ("vendor", "model", "extra", "name"),
    [
        ("VMware, Inc.", "VMware Virtual Platform", {}, "vmware"),
        ("innotek GmbH", "VirtualBox", {}, "virtualbox"),
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)", {}, "qemu"),
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)", {"clocks": "kvm-clock tsc acpi_pm"}, "kvm"),
        ("Red Hat", "KVM", {}, "kvm"),
        ("Microsoft Corporation", "Virtual Machine", {}, "hyperv"),
        ("Microsoft Corporation", "Surface Laptop 5", {"cpuinfo": "flags : fpu"}, ""),
        ("Parallels International GmbH.", "Parallels ARM Virtual Machine", {}, "parallels"),
        ("Xen", "HVM domU", {"xen": "xen"}, "xen"),
        ("", "", {"clocks": "tsc kvm-clock"}, "kvm"),
        ("", "", {}, "other"),
        ("Dell Inc.", "Latitude 7420", {"cpuinfo": "flags : fpu vme"}, ""),
        ("LENOVO", "20XW", {"xen": "xen", "domain": "control_d"}, ""),
        ("ASUS", "Chromebook", {"cpuinfo": "Features : fp asimd"}, None),
        ("", "", {"cpuinfo": "Features : fp", "tree": "linux,kvm"}, "kvm"),
    ],
)
def test_a_hypervisor_is_named(vendor: str, model: str, extra: dict[str, str], name: str | None) -> None:
    given_facts = {"cpuinfo": VM_FLAGS, "clocks": "tsc", "xen": "", "domain": "", "tree": ""} | extra
    assert host_probe.hypervisor_of(vendor, model, **given_facts) == name


def test_a_management_engine_without_amt_is_told_from_none_at_all(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.folder("/sys/bus/mei/devices/0000:00:16.0-05b79a6f-4628-4d7f-899d-a91514cb32ab")
    assert facts(tree).out_of_band == "none"


@pytest.mark.parametrize(
    "name",
    ["UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Asia/Pyongyang", "Asia/Shanghai",
     "Australia/Lord_Howe", "Pacific/Chatham", "Africa/Casablanca", "America/Santiago", "Europe/Dublin"],
)  # fmt: skip
@pytest.mark.parametrize("year", [1985, 2012, 2026, 2050])
def test_offsets_agree_with_the_time_zone_database(name: str, year: int) -> None:
    data, zone = zone_file(name), zoneinfo.ZoneInfo(name)
    for month in range(1, 13):
        for day in (1, 8, 15, 28):
            moment = datetime.datetime(year, month, day, 1, 30, tzinfo=datetime.UTC)
            offset = moment.astimezone(zone).utcoffset()
            assert offset is not None
            assert time_zone.offset_minutes(data, moment.timestamp()) == int(offset.total_seconds()) // 60, moment


def test_the_zones_name_comes_from_the_link_first() -> None:
    assert time_zone.name_of("../usr/share/zoneinfo/Asia/Tokyo", "Europe/Berlin\n") == "Asia/Tokyo"
    assert time_zone.name_of("", "Europe/Berlin\n") == "Europe/Berlin"
    assert time_zone.name_of("", "") == ""


@given(st.binary(max_size=400), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e11, max_value=1e11))
def test_a_hostile_time_zone_makes_no_error(data: bytes, now: float) -> None:
    for candidate in (data, b"TZif2" + b"\0" * 15 + data, b"TZif" + data):
        time_zone.offset_minutes(candidate, now)


@given(st.text(max_size=200))
def test_hostile_settings_make_no_error(text: str) -> None:
    found = host_probe.parse_settings(text)
    host_probe.layouts(found, found)
    host_probe.languages(found)
