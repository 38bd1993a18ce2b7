"""covert_arp: what of ARP is the laptop's own, and more than ARP."""

import pytest

from farmwatch_detectors.covert_arp import DETECTOR
from farmwatch_detectors.detector import level_table
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.observables.arp import ArpPattern, ArpWatch

from .views import KEYER, recorded_view, view

WATCH = ArpWatch(interface="eth0", seconds=60, frames="50+")


def _frames(*signs: str, own: bool | None = True, frames: str = "10-49", interface: str = "eth0") -> ArpPattern:
    return ArpPattern(
        interface=interface, sender=KEYER.key("mac", "f0:5c:d5:00:00:01"), own=own, signs=tuple(sorted(signs)),
        frames=frames, extra_bytes=18, distinct="10-49", entropy=7,
    )  # fmt: skip


def _found(device: DeviceView) -> list[tuple[str, int]]:
    return [(finding.subject, finding.level) for finding in DETECTOR.detect(device)]


@pytest.mark.parametrize("carries", ["padding_payload", "oversize", "odd_fields"])
@pytest.mark.parametrize("timed", ["rhythm", "burst_code"])
def test_hit_own_frames_that_carry_something_in_time_are_level_two(carries: str, timed: str) -> None:
    [finding] = DETECTOR.detect(view(arp=[WATCH, _frames(carries, timed)]))
    assert (finding.subject, finding.level, finding.group) == ("eth0", 2, "N")
    assert "18 bytes more" in finding.evidence[0].fact


def test_hit_own_frames_that_carry_something_are_level_one_and_the_strongest_of_an_interface_speaks() -> None:
    assert _found(view(arp=[WATCH, _frames("oversize")])) == [("eth0", 1)]
    both = [_frames("padding_payload"), _frames("padding_payload", "rhythm"), _frames("odd_fields", interface="wlan0")]
    assert _found(view(arp=both)) == [("eth0", 2), ("wlan0", 1)]


def test_miss_a_watch_that_saw_ordinary_frames() -> None:
    assert _found(view(arp=[WATCH])) == []


@pytest.mark.parametrize(
    "pattern",
    [
        _frames("padding_payload", own=False),
        _frames("rhythm", own=False),
        _frames("rhythm"),
        _frames("unanswered_scan", "burst_code"),
        _frames("padding_payload", "rhythm", own=None),
        _frames("oversize", frames="1"),
    ],
    ids=["Etherleak in a neighbour's card", "VRRP of a router", "a monitor of the line", "inventory software",
         "nobody knows whose", "one frame"],
)  # fmt: skip
def test_honest_twin_ordinary_oddities_of_arp_are_no_finding(pattern: ArpPattern) -> None:
    assert _found(view(arp=[WATCH, pattern])) == []


def test_honest_twin_another_machine_s_frames_are_not_the_laptop_s() -> None:
    # Recorded: a neighbour whose ARP carries changing bytes twice a second, as a router with such a driver does.
    device = recorded_view("linux", "live_arp_payload")
    assert [item.signs for item in device.of("arp", ArpPattern)] == [("padding_payload", "rhythm")]
    assert _found(device) == []


def test_could_not_look_is_no_finding() -> None:
    assert _found(view()) == []
    assert _found(view(arp=[_frames("oversize", "rhythm")], outcome="not_supported")) == []


def test_every_level_it_states_has_a_row() -> None:
    assert sorted(level_table(DETECTOR.id)) == [1, 2]
