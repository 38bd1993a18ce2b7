"""usb_over_ip: drivers that take USB devices from the network. Names: Linux drivers/usb/usbip, usbip-win2."""

import pytest

from farmwatch_detectors.usb_over_ip import detect
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.usb import UsbOverIp

from .kvm_cases import k120
from .views import view


@pytest.mark.parametrize("name", ["vhci_hcd", "usbip2_ude", "vhhub"])
def test_hit_a_driver_that_takes_devices(name: str) -> None:
    (finding,) = detect(view(usb=[UsbOverIp(name=name, role="client")]))
    assert finding.level == 1
    assert finding.evidence[0].source
    assert "?" in finding.sentence


def test_miss_a_laptop_without_one() -> None:
    assert list(detect(view(usb=[k120()]))) == []


def test_honest_twin_a_developer_gives_a_board_to_wsl() -> None:
    """dorssel/usbipd-win: shown, and never counted."""
    (finding,) = detect(view(usb=[UsbOverIp(name="usbipd", role="server")]))
    assert finding.level == 0
    assert "WSL" in finding.sentence


def test_honest_twin_a_guest_s_usb_is_its_hypervisor_s() -> None:
    """A Mac's guest has AppleUSBUserHCI (tests/cases/hosts/macos/virtual_machine)."""
    guest = HostFacts(hypervisor="apple")
    assert list(detect(view(host=[guest], usb=[UsbOverIp(name="AppleUSBUserHCI", role="client")]))) == []


def test_could_not_look_says_nothing() -> None:
    assert list(detect(view(usb=[UsbOverIp(name="vhci_hcd")], outcome="not_permitted"))) == []
