"""Expected values: what the cases state (tests/cases/machines.py names the sources) and the kernel's DRM documents."""

from pathlib import Path

import pytest

from farmwatch_agent.host import NotPermitted, NotSupported
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.probe import collect_function
from farmwatch_agent.probes import load
from farmwatch_agent.probes.displays.linux import collect, parse_display
from farmwatch_schema.identifiers import Unkeyed
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.displays import Display, DisplayAdapter

from ...cases import builders, machines
from ..linux_tree import Tree


def displays(root: Path) -> dict[str, Display]:
    """Returns what the probe yields for a tree, by connector."""
    seen = list(collect(RootHost(str(root))))
    assert all(isinstance(item, Display | DisplayAdapter | Gap) for item in seen)
    return {item.connector: item for item in seen if isinstance(item, Display)}


def test_the_declaration_finds_the_linux_file() -> None:
    assert collect_function(load("displays"), "linux") is collect


def test_the_monitor_of_a_pikvm_is_told_with_its_serials_apart(tmp_path: Path) -> None:
    machines.pikvm(str(tmp_path))
    found = displays(tmp_path)
    assert sorted(found) == ["HDMI-A-1", "eDP-1"]
    kvm = found["HDMI-A-1"]
    assert (kvm.manufacturer, kvm.product, kvm.name) == ("LNX", "7773", "PiKVM V4 Plus")
    assert kvm.serial_number == Unkeyed("edid_serial", "0x01010101")
    assert kvm.serial == Unkeyed("edid_serial", "CAFEBABE")
    assert kvm.edid_digest == "fabc74ade7935df7a0214b5bd0ff76631967e9b5911ca34ab57b752de67bee91"
    assert b"CAFEBABE".hex() not in kvm.edid
    assert len(kvm.edid) == 512
    assert (kvm.week, kvm.year, kvm.size_cm, kvm.active_mode) == (35, 2016, (53, 30), "1920x1080")
    assert (kvm.internal, kvm.virtual, kvm.fault) == (False, False, "")
    assert found["eDP-1"].internal


def test_only_what_is_connected_is_told(tmp_path: Path) -> None:
    machines.office(str(tmp_path))
    assert sorted(displays(tmp_path)) == ["DP-1", "eDP-1"]


@pytest.mark.parametrize(
    ("connector", "driver", "virtual"),
    [
        ("Virtual-1", "vkms", True),
        ("Virtual-1", "", True),
        ("VGA-1", "qxl", True),
        ("HDMI-A-1", "i915", False),
        ("HDMI-A-1", "evdi", None),
        ("HDMI-A-1", "", None),
    ],
)
def test_a_display_made_by_software_is_known_by_driver_or_connector(
    connector: str, driver: str, virtual: bool | None
) -> None:
    assert parse_display(connector, b"", "", driver).virtual is virtual


@pytest.mark.parametrize(
    ("connector", "internal"), [("eDP-1", True), ("LVDS-1", True), ("DSI-1", True), ("DP-1", False)]
)
def test_the_laptops_own_panel_is_known_by_its_connector(connector: str, internal: bool) -> None:
    assert parse_display(connector, b"", "", "i915").internal is internal


def test_a_monitor_without_edid_is_told_without_facts(tmp_path: Path) -> None:
    builders.display(str(tmp_path), "VGA-1", b"", modes=())
    assert displays(tmp_path)["VGA-1"] == Display(connector="VGA-1", virtual=False)


def test_an_external_monitor_that_does_not_say_what_it_is_is_a_gap_because_it_may_be_anything(tmp_path: Path) -> None:
    builders.display(str(tmp_path), "eDP-1", b"")
    builders.display(str(tmp_path), "VGA-1", b"")
    builders.display(str(tmp_path), "DP-1", b"\xff" * 128)
    builders.display(str(tmp_path), "DP-2", machines.OFFICE_MONITOR)
    gaps = [item for item in collect(RootHost(str(tmp_path))) if isinstance(item, Gap)]
    assert sorted((gap.what, gap.outcome) for gap in gaps) == [
        ("EDID on DP-1", "broken"),
        ("EDID on VGA-1", "not_supported"),
    ]


def test_a_broken_edid_is_told_as_a_fault(tmp_path: Path) -> None:
    wrong = bytearray(machines.OFFICE_MONITOR)
    wrong[127] ^= 1
    builders.display(str(tmp_path), "DP-1", bytes(wrong))
    builders.display(str(tmp_path), "DP-2", b"\xff" * 128)
    found = displays(tmp_path)
    assert "checksum" in found["DP-1"].fault
    assert found["DP-1"].name == "DELL P2419H"
    assert "header" in found["DP-2"].fault
    assert found["DP-2"].edid_digest == ""


def test_no_graphics_is_not_supported_and_with_nothing_connected_the_card_stands_alone(tmp_path: Path) -> None:
    with pytest.raises(NotSupported, match="no graphics"):
        list(collect(RootHost(str(tmp_path))))
    # NVIDIA's own driver without mode setting: the class is there and shows no connector.
    builders.put(str(tmp_path), "sys/class/drm/version", "drm 1.1.0 20060810")
    with pytest.raises(NotSupported, match="no connectors"):
        list(collect(RootHost(str(tmp_path))))
    builders.display(str(tmp_path), "DP-1", b"", status="disconnected")
    assert list(collect(RootHost(str(tmp_path)))) == [DisplayAdapter(name="i915", driver="i915", virtual=False)]


def test_a_state_that_the_driver_cannot_tell_is_a_gap_and_writeback_is_no_display(tmp_path: Path) -> None:
    builders.display(str(tmp_path), "VGA-1", b"", status="unknown")
    builders.display(str(tmp_path), "Writeback-1", b"", status="unknown")
    seen = [item for item in collect(RootHost(str(tmp_path))) if not isinstance(item, DisplayAdapter)]
    assert seen == [Gap(what="whether VGA-1 is connected", outcome="not_supported")]


def test_what_may_not_be_read_is_a_gap_and_the_rest_is_told(tmp_path: Path) -> None:
    builders.display(str(tmp_path), "DP-1", machines.OFFICE_MONITOR)
    builders.display(str(tmp_path), "DP-2", machines.OFFICE_MONITOR)
    folder = tmp_path / builders.GRAPHICS / "drm/card0"
    (folder / "card0-DP-1/edid").chmod(0o400)
    (folder / "card0-DP-2/status").chmod(0o400)
    seen = list(collect(RootHost(str(tmp_path), euid=1000)))
    assert Gap(what="EDID on DP-1", outcome="not_permitted") in seen
    assert Gap(what="display on DP-2", outcome="not_permitted") in seen
    assert [item.connector for item in seen if isinstance(item, Display)] == ["DP-1"]


def test_a_closed_class_folder_is_not_permitted_as_a_whole(tmp_path: Path) -> None:
    builders.display(str(tmp_path), "DP-1", machines.OFFICE_MONITOR)
    (tmp_path / "sys/class/drm").chmod(0o700)
    with pytest.raises(NotPermitted):
        list(collect(RootHost(str(tmp_path), euid=1000)))


@pytest.mark.parametrize("missing", ["status", "modes"])
def test_a_file_that_a_tree_leaves_out_hides_no_monitor(tmp_path: Path, missing: str) -> None:
    machines.pikvm(str(tmp_path))
    (tmp_path / "sys/class/drm/card0-HDMI-A-1" / missing).unlink()
    kvm = displays(tmp_path)["HDMI-A-1"]
    assert (kvm.manufacturer, kvm.product, kvm.name) == ("LNX", "7773", "PiKVM V4 Plus")


def test_a_connector_without_state_and_edid_is_a_gap(tmp_path: Path) -> None:
    machines.pikvm(str(tmp_path))
    for file in ("status", "edid"):
        (tmp_path / "sys/class/drm/card0-HDMI-A-1" / file).unlink()
    seen = list(collect(RootHost(str(tmp_path))))
    assert Gap(what="whether HDMI-A-1 is connected", outcome="not_supported") in seen


def test_cards_are_told_by_driver_and_ids_and_those_made_by_software_as_such(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    for number, (device, driver, bus, files) in enumerate(
        [
            ("pci0/0000:01:00.0", "nvidia", "pci", {"vendor": "0x10de", "device": "0x1f95"}),
            ("platform/evdi.0", "evdi", "platform", {}),
            ("faux/vkms", "faux_driver", "faux", {}),
            ("usb1/1-2/1-2:1.0", "udl", "usb", {"../idVendor": "17e9", "../idProduct": "0335"}),
        ]
    ):
        folder = f"/sys/devices/{device}"
        tree.link(f"{folder}/driver", f"/sys/bus/x/drivers/{driver}")
        tree.link(f"{folder}/subsystem", f"/sys/bus/{bus}")
        for file, text in files.items():
            above = folder.rpartition("/")[0]
            tree.file(f"{above}/{file[3:]}" if file.startswith("../") else f"{folder}/{file}", text + "\n")
        tree.link(f"/sys/class/drm/card{number}/device", folder)
    seen = collect(tree.host())
    assert [next(seen) for _ in range(4)] == [
        DisplayAdapter(name="nvidia", driver="nvidia", hardware_id="pci/10de/1f95", virtual=False),
        DisplayAdapter(name="evdi", driver="evdi"),
        DisplayAdapter(name="vkms", driver="vkms", virtual=True),
        DisplayAdapter(name="udl", driver="udl", hardware_id="usb/17e9/0335", virtual=False),
    ]
    with pytest.raises(NotSupported, match="no connectors"):
        next(seen)
