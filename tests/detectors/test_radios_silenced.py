"""radios_silenced: which switches stand off together, for how long, and whose."""

from datetime import timedelta

import msgspec
import pytest

from farmwatch_detectors.detector import level_table
from farmwatch_detectors.policy import Claim, RosterEntry
from farmwatch_detectors.radios_silenced import DETECTOR
from farmwatch_detectors.view import DeviceView, Span, Tie
from farmwatch_schema.observables.bluetooth import BluetoothAdapter
from farmwatch_schema.observables.network import Radio

from .views import NOW, view

WIFI_OFF, LOCATION_OFF, FLIGHT = (
    Radio(kind="wifi", state="off"),
    Radio(kind="location", state="off"),
    Radio(kind="airplane_mode", state="on"),
)
REMOTE = RosterEntry(person="p-1", cohort="remote")


def _found(device: DeviceView) -> list[int]:
    return [finding.level for finding in DETECTOR.detect(device)]


def _laptop(
    *radios: Radio, roster: RosterEntry | None = REMOTE, days: float = 9, bluetooth: tuple[BluetoothAdapter, ...] = ()
) -> DeviceView:
    spans = tuple(Span(kind="network", item=it, seen_from=NOW - timedelta(days=days)) for it in radios)
    device = view(network=radios, history={"network": spans}, bluetooth=bluetooth)
    return msgspec.structs.replace(device, roster=roster)


def test_hit_all_switches_off_for_days_on_a_remote_laptop_is_level_two() -> None:
    [finding] = DETECTOR.detect(_laptop(WIFI_OFF, LOCATION_OFF, FLIGHT))
    assert (finding.level, finding.group, len(finding.evidence)) == (2, "N", 3)
    assert "Wi-Fi is off, the location service is off, airplane mode is on" in finding.sentence
    claim = Claim(place="Seattle, WA, US", latitude=47.6, longitude=-122.3, country="US")
    assert _found(_laptop(WIFI_OFF, LOCATION_OFF, FLIGHT, roster=RosterEntry(person="p-1", claim=claim))) == [2]


def test_hit_bluetooth_without_power_counts_as_its_switch() -> None:
    off = BluetoothAdapter(powered=False)
    blocked = Radio(kind="wifi", state="blocked")
    assert _found(_laptop(blocked, LOCATION_OFF, bluetooth=(off,))) == [2]
    assert _found(_laptop(blocked, LOCATION_OFF, bluetooth=(off, BluetoothAdapter(powered=True)))) == [1]


@pytest.mark.parametrize("second", [LOCATION_OFF, FLIGHT], ids=["location", "airplane mode"])
def test_hit_wifi_off_with_one_more_is_level_one(second: Radio) -> None:
    assert _found(_laptop(WIFI_OFF, second)) == [1]


def test_miss_one_switch_alone_or_none() -> None:
    for radio in (WIFI_OFF, LOCATION_OFF, FLIGHT, Radio(kind="wifi", state="on")):
        assert _found(_laptop(radio)) == []
    assert _found(_laptop(Radio(kind="wifi", state="on"), LOCATION_OFF, FLIGHT)) == []


def test_honest_twin_a_flight_a_weekend_and_an_office_are_less() -> None:
    assert _found(_laptop(WIFI_OFF, LOCATION_OFF, FLIGHT, days=4)) == []
    for roster in (
        None,
        RosterEntry(person="p-1", cohort="office"),
        RosterEntry(person="p-1", cohort="remote", site="hq"),
    ):
        assert _found(_laptop(WIFI_OFF, LOCATION_OFF, FLIGHT, roster=roster)) == [1]
    tie = Tie(kind="gateway_mac", value="v", holders=("laptop-1",), fleet=9, place="Office")
    at_office = msgspec.structs.replace(_laptop(WIFI_OFF, LOCATION_OFF), ties=(tie,))
    assert _found(at_office) == [0]


def test_honest_twin_a_location_that_policy_blocks_is_the_company_s_doing() -> None:
    assert _found(_laptop(WIFI_OFF, Radio(kind="location", state="blocked"))) == []


def test_could_not_look_is_no_finding() -> None:
    assert _found(view()) == []
    assert _found(view(network=[WIFI_OFF, LOCATION_OFF], outcome="not_permitted")) == []
    assert _found(_laptop(Radio(kind="wifi", state=""), Radio(kind="location", state=""), FLIGHT)) == []


def test_every_level_it_states_has_a_row() -> None:
    assert sorted(level_table(DETECTOR.id)) == [1, 2]
