"""Weeks of input and physical use, from the agent's own counting to the score, as `farmwatch score` judges them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from farmwatch_agent.host.input_counts import InputSource
from farmwatch_agent.host.input_watch import InputCounter
from farmwatch_agent.probes.input_days import day_of
from farmwatch_collector.assessment import Assessment, GroupLevel
from farmwatch_collector.evaluate import Company
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.lab import equipment, programs
from farmwatch_collector.offline import judge_reports
from farmwatch_detectors.groups import silence_table
from farmwatch_detectors.policy import RosterEntry
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_source import InputDay, InputDevice
from farmwatch_schema.observables.media import MediaDevice
from farmwatch_schema.observables.network import Gateway, NetworkInterface
from farmwatch_schema.observables.power import PowerFacts
from farmwatch_schema.report import Report

from .reports import KEYER, NOW, located, report

OWN = (
    InputDevice(name="AT Translated Set 2 keyboard", bus="builtin", functions=("keyboard",), absolute=False),
    InputDevice(name="SYNA8004:00 06CB:CD8B Touchpad", bus="builtin", functions=("pointer",), absolute=False),
)
HOST = HostFacts(os="Debian GNU/Linux", chassis="laptop", hypervisor="", utc_offset_minutes=-360)
KEYS, TOUCHPAD = InputSource(bus="builtin", function="keyboard"), InputSource(bus="builtin", function="pointer")
MOUSE = InputSource(bus="usb", function="pointer", absolute=False, vendor_id="046d", product_id="c52b")
FAST = InputSource(bus="usb", function="keyboard", absolute=False, vendor_id="31e3", product_id="1402")
FEIGNED = InputSource(bus="virtual", function="pointer", absolute=True)
TYPED = InputSource(bus="virtual", function="keyboard", absolute=False)
OPEN = PowerFacts(lid="open", on_ac=True, battery=True, charge=100, cycles=10, suspends="5-9")
SHELF = PowerFacts(lid="closed", on_ac=True, battery=True, charge=100, cycles=10, suspends="0")


def counted(at: datetime, sources: Iterable[InputSource], hours: int = 8) -> InputDay:
    """A day as the agent's counter sums it up, a tick each second of a quarter of the time, from 15 UTC on."""
    begin = datetime(at.year, at.month, at.day, 15, tzinfo=UTC).timestamp()
    counter = InputCounter("evdev", begin, 0.0)
    used = tuple(sources)
    for minute in range(60 * hours):
        counter.tick(begin + 60 * minute + 1, 60.0 * minute + 1, used if minute % 2 else used[:1])
        counter.tick(begin + 60 * (minute + 1), 60.0 * (minute + 1))
    (row,) = counter.rows()
    # Minutes with a second of input each are little; a person's day has more seconds in each.
    told = day_of(row)
    return InputDay(
        day=told.day, method=told.method, active=60 * hours, slots=told.slots, watched=60 * hours, shares=told.shares
    )


def life(days: int, sources: Iterable[InputSource], power: PowerFacts, **more: Iterable[Observable]) -> list[Report]:
    """A report each evening, each with that day's and the day before's input, as the probe tells them."""
    told = [counted(NOW - timedelta(days=ago), sources) for ago in range(days, 0, -1)]
    camera = MediaDevice(what="camera", name="Integrated Camera", virtual=False, bus="usb", in_use=False)
    hop = Gateway(family="ipv4", interface="wlp1s0", mac=unkeyed("mac", "50:c7:bf:00:00:01"))
    reports: list[Report] = []
    for place in range(days):
        at = NOW - timedelta(days=days - place) + timedelta(hours=11)
        looks: dict[str, list[Observable]] = {
            "host": [HOST], "power": [power], "network": [hop], "media": [camera],
            "input_source": [*OWN, *told[max(0, place - 1) : place + 1]],
        }  # fmt: skip
        for kind, items in more.items():
            looks[kind] = [*looks.get(kind, []), *items]
        reports.append(report("laptop", looks, at, sequence=place + 1))
    return reports


def judged(reports: list[Report], cohort: str = "remote_new_hire") -> Assessment:
    person = RosterEntry(person="p-1", cohort=cohort, start_on=(NOW - timedelta(days=15)).date())
    company = Company(roster={"laptop": person})
    (result,) = judge_reports(located(reports), company, Fleet(KEYER))
    return result.assessment


def level(result: Assessment, group: str) -> GroupLevel:
    return next(each for each in result.groups if each.group == group)


def test_a_person_at_the_laptop_is_silence_that_counts_half_a_bit_in_each_group_at_most() -> None:
    result = judged(life(14, (KEYS, TOUCHPAD), OPEN))
    assert (level(result, "I").level, level(result, "P").level) == (0, 0)
    for group, row in silence_table().items():
        if group in ("I", "P"):
            assert -0.5 <= level(result, group).bits < 0
            assert level(result, group).bits == row.bits
    assert result.attention == "none"


def test_two_days_are_too_few_for_silence() -> None:
    result = judged(life(2, (KEYS, TOUCHPAD), OPEN))
    assert (level(result, "I").level, level(result, "P").level) == (None, None)
    assert "5 of the last 14 days must be watched" in level(result, "I").grey


def test_the_day_on_which_enough_is_known_is_a_moment_at_which_the_figure_can_change() -> None:
    reports = life(8, (KEYS, TOUCHPAD), OPEN)
    result = judged(reports)
    assert level(result, "P").grey == "power: 10 days must be known, 7 so far"
    first = datetime.fromisoformat(reports[0].created_at)
    assert result.next_change == first + timedelta(days=10)


def test_a_laptop_on_a_shelf_driven_by_software_shows_in_both_groups_without_any_known_program() -> None:
    result = judged(life(14, (FEIGNED, TYPED), SHELF))
    assert (level(result, "I").detector, level(result, "I").level) in {("built_in_unused", 2), ("injected_input", 2)}
    assert (level(result, "P").detector, level(result, "P").level) == ("posture", 2)
    # -10.0 for a new hire; 4 (judged) + 3.1, less what silence of hardware, software and network takes.
    assert result.attention == "watch"


def test_trap_4_a_clamshell_desk_counts_its_closed_lid_and_resting_keys_once() -> None:
    docked = PowerFacts(lid="closed", on_ac=True, battery=True, charge=100, cycles=10, suspends="5-9")
    result = judged(life(14, (MOUSE, FAST), docked))
    assert level(result, "I").bits + max(0.0, level(result, "P").bits) < 1
    assert result.attention == "none"


@pytest.mark.parametrize("power", [OPEN, PowerFacts(lid="closed", on_ac=True, battery=True, suspends="5-9")])
def test_a_gamer_at_a_dock_whose_own_keys_rest_is_at_most_watch_as_a_new_hire(power: PowerFacts) -> None:
    result = judged(
        life(
            14, (MOUSE, FAST), power,
            usb=[*equipment.dock("2-1", "0000DOCK01"), equipment.fast_gaming_keyboard("1-3", "8KHZ0000001")],
            processes=[programs.parsec("linux"), *programs.proton_vpn("linux")],
            network=[NetworkInterface(name="proton0", kind="tunnel", driver="tun", mtu=1420, up=True)],
        )
    )  # fmt: skip
    assert result.attention in ("none", "watch")
