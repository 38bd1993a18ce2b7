"""What the catalogues of deception, extensions, assistive technology and explained USB devices answer. Values are the
published ones: file and repository stand beside each entry."""

import pytest

from farmwatch_detectors.catalog import edid, hid_emulators
from farmwatch_detectors.catalog.deception import device_matches, tools
from farmwatch_detectors.catalog.extensions import assistive, extension_of, extensions, is_assistive
from farmwatch_detectors.catalog.usb_explained import explained
from farmwatch_detectors.matching import deception_index, tool_index
from farmwatch_schema.observables.browsers import BrowserExtension, NativeHost
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.usb import UsbDevice


@pytest.mark.parametrize(
    ("asked", "tool", "confirmed"),
    [
        ({"name": "OBS Virtual Camera"}, "obs", True),
        ({"name": "Sunshine (libvirtualhid) Mouse"}, "sunshine-virtual-hid", True),
        ({"name": "spacedesk Graphics Adapter"}, "spacedesk", False),
        ({"hardware_id": "ROOT\\MttVDD"}, "virtual-display-driver", True),
        ({"hardware_id": "DISPLAY\\PSCCDD0\\5&1a2b&0&UID0"}, "parsec-vdd", True),
        ({"hardware_id": "root/usbip_win2/ude"}, "usb-over-ip", True),
        ({"driver": "vhci_hcd"}, "usb-over-ip", True),
        ({"driver": "v4l2loopback"}, "akvcam-v4l2loopback", True),
        ({"monitor": "MTT:1337"}, "virtual-display-driver", True),
    ],
    ids=str,
)
def test_a_device_made_by_software_is_known(asked: dict[str, str], tool: str, confirmed: bool) -> None:
    assert [(match.tool.id, match.confirmed) for match in device_matches(**asked)] == [(tool, confirmed)]


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "Integrated Camera"},
        {"name": "OBS Virtual Camera 2 of a museum"},
        {"name": ""},
        {"hardware_id": "pci/10de/1f95"},
        {"hardware_id": "root"},
        {"driver": "uvcvideo"},
        {"monitor": "DEL:a0b1"},
    ],
    ids=str,
)
def test_an_ordinary_device_is_not(asked: dict[str, str]) -> None:
    assert list(device_matches(**asked)) == []


def test_a_jiggler_is_known_by_its_file_and_a_keep_awake_program_is_none() -> None:
    jiggler = Process(name="MouseJiggler.exe", path=r"C:\Users\x\MouseJiggler.exe")
    (match,) = deception_index().program(jiggler, "windows")
    assert (match.product.category, match.confidence) == ("mouse-jiggler", "medium")
    caffeinate = Process(name="caffeinate", path="/usr/bin/caffeinate")
    (match,) = deception_index().program(caffeinate, "macos")
    assert (match.product.category, match.product.alarm) == ("keep-awake", "info")


def test_every_kind_of_deception_that_was_compiled_is_there() -> None:
    kinds = {tool.category for tool in tools()}
    assert kinds == {
        "mouse-jiggler", "keep-awake", "virtual-camera", "voice-changer", "virtual-audio", "virtual-display",
        "input-sharing", "usb-over-ip", "ai-agent",
    }  # fmt: skip


def test_docks_phones_as_cameras_and_vendor_software_never_alarm() -> None:
    allowed = {tool.id for tool in tools() if tool.alarm == "allow"}
    assert {
        "displaylink",
        "instantview",
        "phone-as-webcam",
        "vendor-effects",
        "logi-flow",
        "powertoys-awake",
    } <= allowed


def test_chrome_remote_desktop_is_known_by_extension_and_by_native_host() -> None:
    """The extension may be a viewer's; the host is registered with the program that lets others in."""
    extension = extension_of(BrowserExtension(browser="chrome", id="inomeogfingihgjfjlpeplalcfajhgai"))
    host = extension_of(NativeHost(browser="chrome", name="com.google.chrome.remote_desktop"))
    assert extension is not None
    assert host is not None
    assert extension.product == host.product == "chrome-remote-desktop"
    assert extension.category == host.category == "remote-access"
    assert "chrome-remote-desktop" in {tool.id for tool in tool_index().products}


def test_an_unknown_extension_is_nothing() -> None:
    assert extension_of(BrowserExtension(browser="chrome", id="cjpalhdlnbpafiamejdnhcphjbkeiagm")) is None
    assert extension_of(NativeHost(browser="firefox", name="org.keepassxc.keepassxc_browser")) is None


def test_viewers_among_extensions_never_alarm() -> None:
    assert {each.alarm for each in extensions() if each.role == "viewer"} <= {"allow", "info"}
    assert {each.category for each in extensions() if each.role == "viewer"} == {"viewer"}


def test_assistive_technology_is_never_a_remote_tool_or_a_jiggler() -> None:
    """NVDA's remote module put it on LOLRMM; to alarm on a screen reader would be discrimination."""
    for each in assistive():
        for platform in ("windows", "macos", "linux"):
            for name in each.names.on(platform):
                assert is_assistive(name, platform)
                program = Process(name=name, path=f"/x/{name}")
                assert tool_index().program(program, platform) == []
                assert deception_index().program(program, platform) == []
    assert not is_assistive("AnyDesk.exe", "windows")


def test_a_switch_and_a_virtual_machine_s_tablet_are_explained() -> None:
    switch = explained(UsbDevice(port_path="1-1", vendor_id="0557", product_id="2404"))
    tablet = explained(UsbDevice(port_path="1-1", vendor_id="0627", product_id="0001"))
    assert switch is not None
    assert tablet is not None
    assert (switch.kind, tablet.kind) == ("kvm_switch", "virtual_machine")
    assert explained(UsbDevice(port_path="1-1", vendor_id="046d", product_id="c52b")) is None


def test_a_local_switch_s_monitor_data_is_no_picture_input_unless_asked_for() -> None:
    shown = Display(connector="HDMI-A-1", manufacturer="SFX", product="0100", name="HDMI2.0 KVM")
    assert list(edid.matches(shown)) == []
    assert [match.entry.id for match in edid.matches(shown, {"kvm_switch"})] == ["switch_sfx"]


def test_a_ch9329_is_known_by_its_words_whatever_its_version_and_ids() -> None:
    cable = UsbDevice(port_path="1-1", vendor_id="046d", product_id="c31c", product="WCH UART TO KB-MS_V1.8")
    assert [match.entry.id for match in hid_emulators.usb_matches(cable, "keyboard_cable")] == ["ch9329"]
