"""phantom_display: no external display is a panel, alone and together with an untouched keyboard."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from farmwatch_collector.lab import monitors
from farmwatch_collector.lab.corpus import display_of
from farmwatch_detectors.phantom_display import detect
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.view import DeviceView, Span
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_source import InputDay, InputDevice, InputShare
from farmwatch_schema.observables.power import PowerFacts

from .kvm_cases import pikvm
from .views import NOW, serial, view

LAPTOP = HostFacts(chassis="laptop", hypervisor="")
OFFICE = display_of(monitors.built("DEL", 0xA0E7, "DELL P2419H", "7XK2M03", 53, 30, 2019))
#: A capture stick whose names were edited to a Dell's, as Openterface's tool does: it names no size.
STICK = display_of(monitors.built("DEL", 0xA0E7, "DELL U2720Q", "F8TK2X3", 0, 0, 2020))
OWN = (InputDevice(name="keyboard", bus="builtin", functions=("keyboard",)),
       InputDevice(name="touchpad", bus="builtin", functions=("pointer", "touch")))  # fmt: skip


def days(number: int, *buses: str) -> list[Observable]:
    """Working days, the last one yesterday, of which these buses had the input."""
    shares = tuple(InputShare(bus=bus, function="keyboard", percent=100) for bus in buses)
    return [
        *OWN,
        *(
            InputDay(
                day=(NOW - timedelta(days=back)).date().isoformat(), method="evdev", active=300, watched=1400,
                shares=shares,
            )
            for back in range(1, number + 1)
        ),
    ]  # fmt: skip


def looked(display: Display, *others: Display, **sections: Any) -> DeviceView:
    return view(host=[LAPTOP], displays=[display, *others], **sections)


def level_of(device: DeviceView) -> int:
    return max((finding.level for finding in detect(device)), default=0)


def test_hit_a_stick_with_edited_names_and_untouched_keys() -> None:
    """The golden case: CH9329 cable, custom EDID; the cable types, nobody else."""
    device = looked(STICK, input_source=days(6, "usb"), power=[PowerFacts(lid="closed")])
    (finding,) = detect(device)
    assert (finding.level, finding.absorbs, finding.floor) == (3, ("built_in_unused",), False)
    assert {evidence.kind for evidence in finding.evidence} == {"displays", "power", "input_source"}
    assert "6 working days" in finding.sentence
    assert "?" in finding.sentence


@pytest.mark.parametrize(("maker", "level"), [("DEL", 3), ("HWP", 3), ("MEI", 2), ("HIS", 2), ("OTM", 2)])
def test_hit_no_size_is_the_stranger_the_surer_its_maker_sells_monitors_only(maker: str, level: int) -> None:
    """linuxhw/EDID, 2,552 monitors: Dell 0 of 121 without a size; Panasonic 52 of 64, Hisense 4 of 4, Optoma 3 of 3."""
    screen = display_of(monitors.built(maker, 0x0001, "SCREEN", "", 0, 0, 2020))
    assert level_of(looked(screen, input_source=days(6, "usb"))) == level


def test_hit_alone_it_is_weak_and_takes_nobody_s_evidence() -> None:
    (finding,) = detect(looked(STICK))
    assert (finding.level, finding.absorbs) == (1, ())


@pytest.mark.parametrize(
    "picture",
    [monitors.PIKVM_V4_PLUS, monitors.JETKVM_DELL_PRESET],
    ids=["PiKVM V4 Plus", "JetKVM's Dell preset"],
)
def test_hit_a_kvm_s_own_picture_is_none_either(picture: bytes) -> None:
    assert level_of(looked(display_of(picture), input_source=days(5, "usb"))) == 3


def test_hit_a_large_monitor_that_never_shows_more_than_a_capture_chip_takes() -> None:
    """gl-inet/glkvm issue 101: the data of a 4K monitor, and 1080p is all that is shown."""
    large = bytearray(monitors.built("DEL", 0x4136, "DELL U2720Q", "F8TK2X3", 60, 34, 2020))
    large[54:66] = bytes.fromhex("08e80030f2705a80b0588a00")  # 3840x2160 (CTA-861 timing 97, 594 MHz)
    large[127] = -sum(large[:127]) & 255
    display = msgspec.structs.replace(display_of(bytes(large)), active_mode="1920x1080")
    assert level_of(looked(display)) == 1
    assert level_of(looked(display, input_source=days(5, "usb"))) == 2
    assert level_of(looked(msgspec.structs.replace(display, active_mode="3840x2160"))) == 0


def test_hit_a_screen_made_by_software() -> None:
    made = Display(connector="Virtual-1", virtual=True, active_mode="1920x1080")
    assert level_of(looked(made)) == 1
    assert level_of(looked(made, input_source=days(5, "usb"))) == 2


def test_miss_an_ordinary_monitor_and_one_beside_the_stick() -> None:
    assert level_of(looked(OFFICE, input_source=days(10, "usb"))) == 0
    assert level_of(looked(STICK, OFFICE, input_source=days(10, "usb"))) == 0


def test_miss_the_laptop_s_own_panel() -> None:
    panel = Display(connector="eDP-1", internal=True, edid_digest="00", size_cm=(0, 0))
    assert level_of(looked(panel, input_source=days(10, "usb"))) == 0


def test_miss_fewer_than_five_days_or_keys_that_are_used() -> None:
    assert level_of(looked(STICK, input_source=days(4, "usb"))) == 1
    assert level_of(looked(STICK, input_source=days(6, "usb", "builtin"))) == 1


def test_miss_a_screen_that_came_yesterday() -> None:
    since = Span(kind="displays", item=STICK, seen_from=NOW - timedelta(days=1))
    device = looked(STICK, input_source=days(6, "usb"), history={"displays": (since,)})
    assert level_of(device) == 1


def test_honest_twin_a_clamshell_desk_with_dock_and_monitor() -> None:
    """Lid closed, keyboard by USB, for weeks: a real monitor is a panel."""
    desk = looked(OFFICE, input_source=days(10, "usb"), power=[PowerFacts(lid="closed", on_ac=True)])
    assert list(detect(desk)) == []


#: Panasonic's televisions name no size: 52 of the 64 in the sample of linuxhw/EDID.
TELEVISION = display_of(monitors.built("MEI", 0xA2E0, "Panasonic-TV", "", 0, 0, 2019))


def test_honest_twin_a_television_of_an_evening_is_level_1() -> None:
    assert level_of(looked(TELEVISION, input_source=days(6, "builtin"))) == 1


def test_honest_twin_a_television_used_as_the_desks_monitor_is_level_2_and_a_question() -> None:
    """A keyboard beside it, lid closed or not: what half of those do who work at a television."""
    (finding,) = detect(looked(TELEVISION, input_source=days(10, "usb"), power=[PowerFacts(lid="closed")]))
    assert (finding.level, finding.absorbs) == (2, ("built_in_unused",))
    assert "television" in finding.sentence
    assert "?" in finding.sentence


def test_honest_twin_airplay_and_docks_of_displaylink_are_no_phantoms() -> None:
    assert level_of(looked(Display(connector="AirPlay", virtual=True, name="AirPlay"))) == 0
    assert level_of(looked(Display(connector="DVI-I-1", virtual=None, name="P2419H"))) == 0


def test_honest_twin_virtual_machines_and_desktops_are_left_alone() -> None:
    for host in (HostFacts(chassis="laptop", hypervisor="kvm"), HostFacts(chassis="desktop")):
        assert list(detect(view(host=[host], displays=[STICK], input_source=days(6, "usb")))) == []


def test_honest_twin_a_registered_kvm_brings_its_picture_with_it() -> None:
    lab = Policy(sanctions=(Sanction(owner="lab@example.com", reason="bench", asset_serial="LAB-1"),))
    device = view(
        host=[LAPTOP], displays=[display_of(monitors.PIKVM_V4_PLUS)], usb=[pikvm(serial=serial("LAB-1"))],
        policy=lab, assets={serial("LAB-1").digest: 0},
    )  # fmt: skip
    assert list(detect(device)) == []


def test_could_not_look_is_no_untouched_keyboard() -> None:
    blind = looked(STICK, input_source=days(6, "usb"))
    section = msgspec.structs.replace(blind.sections["input_source"], outcome="not_permitted")
    unseen = msgspec.structs.replace(blind, sections={**blind.sections, "input_source": section})
    assert level_of(unseen) == 1
    assert list(detect(view(displays=[STICK], outcome="broken"))) == []
