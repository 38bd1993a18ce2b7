"""Which KVM something is, by its name, its build or its picture input."""

from farmwatch_collector.ties.models import display_model, usb_model
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.usb import UsbDevice, UsbInterface

KEYBOARD = UsbInterface(number=0, class_triple="03/01/01")


def test_a_kvm_by_its_published_name_has_its_firmwares_version() -> None:
    device = UsbDevice(vendor_id="1d6b", product_id="0104", product="PiKVM", bcd_device="0510", interfaces=(KEYBOARD,))
    older = UsbDevice(vendor_id="1d6b", product_id="0104", product="PiKVM", bcd_device="0415", interfaces=(KEYBOARD,))
    model, other = usb_model(device), usb_model(older)
    assert model is not None
    assert other is not None
    assert model.words.endswith("firmware 0510")
    assert (model.id, model.version != other.version) == (other.id, True)


def test_a_keyboard_and_a_stick_are_no_kvm() -> None:
    keyboard = UsbDevice(vendor_id="046d", product_id="c31c", product="USB Keyboard", interfaces=(KEYBOARD,))
    stick = UsbDevice(
        vendor_id="0781", product_id="5581", interfaces=(UsbInterface(number=0, class_triple="08/06/50"),)
    )
    assert usb_model(keyboard) is None
    assert usb_model(stick) is None


def test_the_picture_input_of_a_kvm_is_one_and_a_monitor_is_none() -> None:
    pikvm = Display(connector="HDMI-A-1", manufacturer="LNX", product="7770", name="PiKVM")
    monitor = Display(connector="HDMI-A-1", manufacturer="DEL", product="a0c4", name="U2419H")
    model = display_model(pikvm)
    assert model is not None
    assert model.words.startswith("picture input of a")
    assert display_model(monitor) is None
    assert display_model(Display(connector="eDP-1", internal=True, manufacturer="LNX", product="7770")) is None
