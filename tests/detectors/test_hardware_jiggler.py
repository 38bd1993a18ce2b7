"""hardware_jiggler: a plug that says so, and pointers that move like a clock."""

import pytest

from farmwatch_detectors.hardware_jiggler import detect
from farmwatch_schema.observables.input_timing import InputTiming
from farmwatch_schema.observables.usb import UsbDevice

from .kvm_cases import gadget, hid, k120
from .views import view


def timing(bus: str, seconds: int | None, day: str = "2026-11-19", function: str = "pointer") -> InputTiming:
    return InputTiming(
        day=day, bus=bus, function=function, vendor_id="046d", product_id="c52b", period_seconds=seconds, gaps=(100,)
    )


def mouse(product: str) -> UsbDevice:
    """wagiminator/CH552-MouseWiggler:software/mousewiggler/include/config.h @65349679."""
    return gadget(
        vendor_id="16c0", product_id="27da", manufacturer="wagiminator", product=product, speed_mbps=12.0,
        interfaces=(hid(0, "01/02", 4, None, name="HID-Mouse", bcd_hid="0110"),),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["MouseWiggler", "USB Mouse Jiggler"])
def test_hit_a_plug_that_says_what_it_is(name: str) -> None:
    (finding,) = detect(view(usb=[mouse(name)]))
    assert finding.level == 2
    assert "?" in finding.sentence


@pytest.mark.parametrize(
    ("seconds", "level", "whose"),
    [(20, 2, "JetKVM"), (15, 2, "NanoKVM"), (60, 2, "PiKVM"), (47, 2, "PiKVM"), (240, 1, "a hand")],
)
def test_hit_a_rhythm_that_firmware_has_and_one_that_no_hand_has(seconds: int, level: int, whose: str) -> None:
    (finding,) = detect(view(input_timing=[timing("usb", seconds)]))
    assert finding.level == level
    assert whose in finding.sentence


def test_hit_the_newest_day_of_a_pointer_speaks() -> None:
    days = [timing("usb", 20, "2026-11-18"), timing("usb", None, "2026-11-19")]
    assert list(detect(view(input_timing=days))) == []
    assert len(list(detect(view(input_timing=[*days, timing("bluetooth", 20)])))) == 1


def test_miss_programs_and_built_in_pointers_are_others_jobs() -> None:
    others = [timing(bus, 20) for bus in ("injected", "virtual", "builtin", "remote")]
    assert list(detect(view(input_timing=[*others, timing("usb", 20, function="keyboard")]))) == []


def test_honest_twin_mice_that_share_ids_with_jigglers_say_nothing() -> None:
    """16c0:27da is every V-USB mouse; a hand has no period, and what is slower than ten minutes is a person."""
    assert list(detect(view(usb=[mouse("USB Mouse"), k120()]))) == []
    assert list(detect(view(input_timing=[timing("usb", None), timing("bluetooth", 900)]))) == []


def test_could_not_look_says_nothing() -> None:
    blind = view(usb=[mouse("MouseWiggler")], input_timing=[timing("usb", 20)], outcome="not_permitted")
    assert list(detect(blind)) == []
