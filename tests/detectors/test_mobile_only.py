"""mobile_only: a modem for each laptop, and homes that have no other line."""

from collections.abc import Iterable

import msgspec
import pytest

from farmwatch_detectors.mobile_only import DETECTOR
from farmwatch_detectors.placing import Egress
from farmwatch_detectors.policy import Claim, Policy, RosterEntry, Sanction
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.observables.network import Gateway, NetworkInterface

from .exits import egress
from .views import view

SEATTLE = RosterEntry(person="p", claim=Claim(place="Seattle, WA, US", latitude=47.61, longitude=-122.33, country="US"))
STICK = NetworkInterface(name="wwan0", kind="mobile", driver="cdc_mbim", bus="usb")
HILINK = NetworkInterface(name="enx0", kind="ethernet", driver="cdc_ether", bus="usb")  # torvalds/linux cdc_ether.c
WINDOWS = NetworkInterface(name="Ethernet 3", kind="ethernet", driver="Remote NDIS based Internet Sharing Device")
DOCK = NetworkInterface(name="enx1", kind="ethernet", driver="r8152", bus="usb")


def _device(
    modem: NetworkInterface = STICK,
    days: Iterable[int] = range(14),
    *more: Egress,
    roster: RosterEntry | None = SEATTLE,
    policy: Policy | None = None,
) -> DeviceView:
    device = view(network=[modem, DOCK, Gateway(family="ipv4", interface=modem.name)], policy=policy)
    exits = (egress("mobile", "US", days, network="Carrier"), *more)
    return msgspec.structs.replace(device, egress=exits, roster=roster)


def _levels(device: DeviceView) -> list[int]:
    return [finding.level for finding in DETECTOR.detect(device)]


@pytest.mark.parametrize("modem", [STICK, HILINK, WINDOWS], ids=["modem", "stick", "stick on Windows"])
def test_hit_a_modem_of_its_own_is_all_it_has_for_two_weeks(modem: NetworkInterface) -> None:
    [finding] = DETECTOR.detect(_device(modem))
    assert finding.level == 1
    assert "on all of 14 days known, though its user is said to work at Seattle" in finding.sentence


def test_miss_a_day_on_the_line_at_home_or_too_few_days_known() -> None:
    assert _levels(_device(STICK, range(1, 14), egress("residential", "US", [0], "192.0.2.9"))) == []
    assert _levels(_device(STICK, range(9))) == []
    assert _levels(_device(STICK, range(10))) == []  # ten days, and the first was ten days ago


def test_honest_twin_a_home_behind_a_mobile_router_has_no_modem_of_its_own() -> None:
    assert _levels(_device(DOCK)) == []


def test_honest_twin_whoever_claims_no_home_or_may_be_elsewhere_is_not_held_to_one() -> None:
    assert _levels(_device(roster=RosterEntry(person="p"))) == []
    assert _levels(_device(roster=None)) == []
    camper = Policy(sanctions=(Sanction(owner="hr@example.com", reason="lives in a camper", claim=True),))
    [finding] = DETECTOR.detect(_device(policy=camper))
    assert (finding.level, finding.sanctioned) == (0, "hr@example.com: lives in a camper")


def test_could_not_look_without_network_data_no_exit_is_known() -> None:
    assert _levels(msgspec.structs.replace(_device(), egress=())) == []
    unknown = view(outcome="not_permitted", network=())
    assert _levels(msgspec.structs.replace(unknown, egress=_device().egress, roster=SEATTLE)) == []
