"""The same product is known on every system: letters' case, bundle ids, team ids, lists of programs, guests' pointers.

Names: docs of each entry in catalog/remote_access.yaml. That Windows and macOS (APFS and HFS+ as shipped) open a file
however its letters are written: learn.microsoft.com, "Naming Files, Paths, and Namespaces"; Apple, "APFS FAQ".
"""

import msgspec
import pytest

from farmwatch_detectors import ip_kvm_shape, os_remote_desktop, remote_access_tool
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.finding import Finding
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.sockets import InboundConnection, Listener
from farmwatch_schema.observables.software import Package
from farmwatch_schema.observables.usb import UsbDevice, UsbEndpoint, UsbInterface

from .views import KEYER, view

WINDOWS = HostFacts(os="Windows 11 Pro", hypervisor="")
MAC = HostFacts(os="macOS", hypervisor="")
#: The signature of RustDesk's application; catalog/remote_access.yaml names its sources.
RUSTDESK = Process(
    name="RustDesk",
    path="/Applications/RustDesk.app/Contents/MacOS/RustDesk",
    package="com.carriez.rustdesk",
    signer="HZF9JMC8YN",
)


def tools(device: DeviceView) -> dict[str, Finding]:
    return {finding.subject: finding for finding in remote_access_tool.DETECTOR.detect(device)}


def levels(device: DeviceView) -> dict[str, int]:
    return {subject: finding.level for subject, finding in tools(device).items()}


def test_hit_a_mac_program_under_another_name_is_known_by_its_signature() -> None:
    moved = msgspec.structs.replace(RUSTDESK, name="SyncHelper", path="~/Library/Sync/SyncHelper")
    found = tools(view(host=[MAC], processes=[moved]))["rustdesk"]
    assert found.level == 5
    assert "SyncHelper" in found.sentence


def test_honest_twin_a_helper_within_the_application_is_no_disguise() -> None:
    helper = msgspec.structs.replace(RUSTDESK, name="service", path="/Applications/RustDesk.app/Contents/MacOS/service")
    found = tools(view(host=[MAC], processes=[RUSTDESK, helper]))["rustdesk"]
    assert found.level == 4
    assert "another name" not in found.sentence


@pytest.mark.parametrize("signer", ["", "ABCDE12345", None])
def test_miss_anybody_can_write_a_bundle_id_so_without_its_makers_team_it_is_no_disguise(signer: str | None) -> None:
    own = Process(name="SyncHelper", path="~/Library/Sync/SyncHelper", package="com.carriez.rustdesk", signer=signer)
    assert "another name" not in "".join(it.sentence for it in tools(view(host=[MAC], processes=[own])).values())


def test_hit_an_application_that_lies_on_a_mac_is_known_by_its_bundle_id_under_any_name() -> None:
    package = Package(name="Sync", bundle="com.carriez.rustdesk", source="application")
    assert levels(view(host=[MAC], software=[package])) == {"rustdesk": 1}


def test_miss_an_application_with_another_bundle_id_is_nothing() -> None:
    package = Package(name="Sync", bundle="com.example.sync", source="application")
    assert levels(view(host=[MAC], software=[package])) == {}


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("AnyDesk", "anydesk"),
        ("AnyDesk MSI", "anydesk"),
        ("RustDesk 1.4.1", "rustdesk"),
        ("TeamViewer 15 (64-bit)", "teamviewer"),
        ("UltraViewer version 6.6.124", "ultraviewer"),
        ("TightVNC", "tightvnc"),
        ("TigerVNC 64-bit v1.13.1", "tigervnc"),
    ],
)
def test_hit_windows_lists_programs_with_version_and_word_size_behind_the_name(name: str, tool: str) -> None:
    found = levels(view(host=[WINDOWS], software=[Package(name=name, source="uninstall")]))
    assert found == {tool: 1}


@pytest.mark.parametrize(
    "name",
    ["Microsoft Remote Desktop", "Zoom", "Level", "RDP", "VNC", "AnyDesk Cleaner", "7-Zip 24.08 (x64)", "2024", ""],
)
def test_honest_twin_programs_of_like_names_are_nothing(name: str) -> None:
    assert levels(view(host=[WINDOWS], software=[Package(name=name, source="uninstall")])) == {}


def test_a_list_of_programs_full_of_digits_costs_no_time() -> None:
    package = Package(name="a" + " 1" * 100_000, source="uninstall")
    assert levels(view(host=[WINDOWS], software=[package])) == {}


@pytest.mark.parametrize(
    ("host", "path", "written"),
    [
        (WINDOWS, r"C:\ProgramData\Sync\Sync.exe", r"c:\programdata\SYNC\sync.exe"),
        (MAC, "/Library/Sync/Sync", "/library/sync/sync"),
    ],
)
def test_hit_a_tools_service_starts_a_renamed_file_however_its_path_is_written(
    host: HostFacts, path: str, written: str
) -> None:
    name = "AnyDesk Service" if host is WINDOWS else "com.philandro.anydesk.service"
    program = Process(name=path.replace("\\", "/").rpartition("/")[2], path=path, package="", signer="")
    sockets = [Listener(protocol="tcp", port=7070, scope="network", owner=program.name, path=path)]
    service = Service(name=name, kind="windows" if host is WINDOWS else "launchd", path=written, running=True)
    found = tools(view(host=[host], processes=[program], services=[service], sockets=sockets))["anydesk"]
    assert found.level == 5
    assert "another name" in found.sentence


@pytest.mark.parametrize("port", [(), (16992,), (623, 16992)])
def test_honest_twin_the_service_that_every_vpro_laptop_has_is_nothing(port: tuple[int, ...]) -> None:
    service = Service(name="LMS", kind="windows", path=r"C:\Windows\System32\DriverStore\LMS.exe", running=True)
    program = Process(name="LMS.exe", path=service.path, signer="Intel Corporation", original_name="LMS.exe")
    heard = [Listener(protocol="tcp", port=it, scope="loopback", owner="LMS.exe", path=service.path) for it in port]
    device = view(
        host=[msgspec.structs.replace(WINDOWS, out_of_band="present")],
        processes=[program], services=[service], sockets=heard,
    )  # fmt: skip
    assert levels(device) == {}


# Windows' own remote desktop -----------------------------------------------------------------------------

SVCHOST = r"C:\Windows\System32\svchost.exe"
TERM_SERVICE = Service(name="TermService", kind="windows", path=SVCHOST, running=True, enabled=True)
HOSTS = Process(name="svchost.exe", path=SVCHOST, signer="Microsoft Windows", original_name="svchost.exe", count="50+")


def desktops(*sockets: Listener | InboundConnection, sessions: tuple[Session, ...] = ()) -> dict[str, int]:
    device = view(host=[WINDOWS], processes=[HOSTS], services=[TERM_SERVICE], sockets=sockets, sessions=sessions)
    assert levels(device) == {}
    return {finding.subject: finding.level for finding in os_remote_desktop.DETECTOR.detect(device)}


def test_honest_twin_term_service_runs_on_every_windows_and_is_nothing() -> None:
    assert desktops() == {}
    for port in (135, 5040, 7680, 49664):
        other = Listener(protocol="tcp", port=port, scope="network", owner="svchost.exe", path=SVCHOST)
        assert desktops(other) == {}, "where somebody made TermService automatic, other services' ports are not its own"


@pytest.mark.parametrize("owner", ["svchost.exe", "SVCHOST.EXE", ""])
def test_hit_remote_desktop_that_is_switched_on_listens(owner: str) -> None:
    path = SVCHOST if owner else None
    assert desktops(Listener(protocol="tcp", port=3389, scope="network", owner=owner, path=path)) == {"windows-rdp": 1}


def test_hit_a_live_session_counts_and_one_that_ended_does_not() -> None:
    listener = Listener(protocol="tcp", port=3389, scope="network", owner="svchost.exe", path=SVCHOST)
    at_home = Session(origin="remote", protocol="rdp", client=KEYER.key("address", "192.168.1.7"))
    abroad = Session(origin="remote", protocol="rdp", client=KEYER.key("address", "8.8.8.8"))
    assert desktops(listener, sessions=(at_home,)) == {"windows-rdp": 2}
    assert desktops(listener, sessions=(abroad,)) == {"windows-rdp": 3}
    assert desktops(sessions=(msgspec.structs.replace(abroad, ended=True),)) == {}


# Guests --------------------------------------------------------------------------------------------------

_REPORTS = UsbEndpoint(address=0x81, transfer="interrupt", max_packet_size=4, interval=7)
#: As QEMU gives its mouse at high speed: hw/usb/dev-hid.c, desc_mouse2 (bMaxPacketSize0 64, reports of 4 bytes).
QEMU_MOUSE = UsbDevice(
    vendor_id="0627",
    product_id="0001",
    product="QEMU USB Mouse",
    speed_mbps=480,
    max_packet_size0=64,
    bcd_usb="0200",
    interfaces=(UsbInterface(number=0, class_triple="03/01/02", bcd_hid="0001", endpoints=(_REPORTS,)),),
)


@pytest.mark.parametrize("hypervisor", ["qemu", "kvm", None])
def test_honest_twin_a_guests_pointer_is_its_hypervisors(hypervisor: str | None) -> None:
    device = view(host=[HostFacts(hypervisor=hypervisor)], usb=[QEMU_MOUSE])
    assert list(ip_kvm_shape.DETECTOR.detect(device)) == []


def test_hit_on_a_real_laptop_the_same_device_is_strange() -> None:
    found = list(ip_kvm_shape.DETECTOR.detect(view(host=[HostFacts(hypervisor="")], usb=[QEMU_MOUSE])))
    assert [finding.level for finding in found] == [1]
