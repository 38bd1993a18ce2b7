"""The power probe on Linux: sysfs-class-power, the ACPI lid file, logind's inhibitors."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.probes.power import linux as power
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.power import PowerFacts, WakeLock

from ..linux_tree import Tree, look, section


def supply(tree: Tree, name: str, **keys: str) -> None:
    lines = [f"POWER_SUPPLY_{key.upper()}={value}" for key, value in keys.items()]
    tree.file(f"/sys/class/power_supply/{name}/uevent", "\n".join(lines) + "\n")


def test_a_laptop_with_a_closed_lid_on_mains_is_told(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.file("/proc/acpi/button/lid/LID0/state", "state:      closed\n")
    supply(tree, "AC", type="Mains", online="1")
    supply(tree, "BAT0", type="Battery", present="1", status="Full", capacity="97", cycle_count="143")
    supply(tree, "hidpp_battery_0", type="Battery", scope="Device", capacity="5")
    tree.file("/sys/power/suspend_stats/success", "3\n")
    tree.file(
        "/run/systemd/inhibit/1", "WHAT=sleep:idle:handle-lid-switch\nWHO=caffeine\nWHY=secret reason\nMODE=block\n"
    )
    tree.file("/run/systemd/inhibit/2", "WHAT=handle-power-key\nWHO=gnome\nMODE=block\n")
    tree.file("/run/systemd/inhibit/1.ref", "")
    assert look(tree.host(), "power") == [
        PowerFacts(lid="closed", on_ac=True, battery=True, charge=100, cycles=140, suspends="2-4"),
        WakeLock(owner="caffeine", what="idle:lid:sleep", mode="block"),
    ]


def test_a_machine_without_supplies_has_no_battery_and_unknown_mains(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.folder("/sys/class/power_supply")
    tree.folder("/run/systemd/inhibit")
    assert look(tree.host(), "power") == [PowerFacts(battery=False)]


def test_what_is_not_there_to_be_asked_is_a_gap(tmp_path: Path) -> None:
    made = section(Tree(tmp_path).host(), "power")
    assert "mains and battery" in made.reason
    assert "wake locks" in made.reason


def test_closed_inhibitors_are_not_permitted(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.folder("/sys/class/power_supply")
    tree.file("/run/systemd/inhibit/1", "WHAT=sleep\n", 0o600)
    assert Gap(what="wake locks", outcome="not_permitted") in look(tree.host(euid=1000), "power")


@pytest.mark.parametrize(
    ("supplies", "expected"),
    [
        ([{"type": "Mains", "online": "0"}], (False, False, None, None)),
        ([{"type": "Battery", "status": "Discharging", "capacity": "44"}], (False, True, 40, None)),
        ([{"type": "Battery", "status": "Charging", "capacity": "45", "cycle_count": "0"}], (True, True, 50, None)),
        ([{"type": "USB", "online": "1"}, {"type": "Mains", "online": "0"}], (True, False, None, None)),
        ([{"type": "Battery", "present": "0"}], (None, False, None, None)),
        ([{"type": "Battery", "capacity": "10"}, {"type": "Battery", "capacity": "100"}], (None, True, 60, None)),
        ([{"type": "Battery", "capacity": "9999999999999"}], (None, True, None, None)),
    ],
)
def test_supplies_are_summed_up(supplies: list[dict[str, str]], expected: tuple[object, ...]) -> None:
    assert power.of_supplies(supplies) == expected


@given(st.text(max_size=200))
def test_hostile_text_makes_no_error(text: str) -> None:
    power.of_supplies(
        [power.parse_supply(text), power.parse_supply(f"POWER_SUPPLY_CAPACITY={text}\nPOWER_SUPPLY_TYPE=Battery")]
    )
    power.parse_inhibitor(text)
    power.parse_inhibitor(f"WHAT={text}")
    power.parse_lid(text)
