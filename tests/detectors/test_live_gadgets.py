"""The hardware detectors on USB gadgets that a real kernel built and another half of it enumerated."""

from typing import Any

import msgspec
import pytest

from farmwatch_agent import runner
from farmwatch_agent.health import Health
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_detectors import ip_kvm_identity, ip_kvm_shape
from farmwatch_schema import codec

from ..cases import recorded
from .views import KEYER, view

#: Where the gadget hangs: the only port of the kernel's pretended controller.
PORT = "3-1"


def levels(name: str) -> dict[str, int]:
    """Returns the highest level by detector that the gadget of a recorded host reaches."""
    host = ReplayingHost(recorded.load(recorded.HOSTS / "linux" / name))
    (section,) = runner.run(host, KEYER, Health(), ["usb"], log=pytest.fail)
    assert section.items is not msgspec.UNSET
    seen: Any = codec.decode_items("usb", section.items)
    reached: dict[str, int] = {}
    for detector in (ip_kvm_identity, ip_kvm_shape):
        for finding in detector.detect(view(usb=seen)):
            if finding.subject == PORT and finding.level:
                reached[finding.detector] = max(finding.level, reached.get(finding.detector, 0))
    return reached


@pytest.mark.parametrize("name", ["live_pikvm_gadget", "live_jetkvm_as_logitech_gadget", "live_nanokvm_ncm_gadget"])
def test_hit_a_gadget_built_as_an_ip_kvm_is_named_and_confirmed_by_its_shape(name: str) -> None:
    # JetKVM's is one whose HID functions Linux gave up: without report descriptors there is still enough.
    assert levels(name) == {"ip_kvm_identity": 3, "ip_kvm_shape": 3}


def test_near_miss_a_board_that_plays_a_keyboard_is_looked_at_and_never_confirmed() -> None:
    assert levels("live_keyboard_gadget") == {"ip_kvm_shape": 2}


def test_near_miss_a_gadget_that_is_a_network_adapter_is_nothing() -> None:
    assert levels("live_ethernet_gadget") == {}
