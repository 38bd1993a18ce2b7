"""A laptop is its person's by the serial on its lid: enrolled before the import or after it, online and offline."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from farmwatch_collector.evaluate import Company
from farmwatch_collector.fleet import Fleet
from farmwatch_collector.loop import DueLoop
from farmwatch_collector.offline import judge_reports
from farmwatch_collector.roster.serials import by_device, entry_of, key_of, reported, written
from farmwatch_collector.roster_file import parse_roster
from farmwatch_collector.store import Store, open_store
from farmwatch_detectors.policy import Policy, RosterEntry
from farmwatch_detectors.view import SectionView
from farmwatch_schema.codec import encode
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.network import Gateway

from ..laptops import section
from ..reports import KEYER as REPORTS_KEYER
from ..reports import located, report
from ..test_loop import KEYER, START, Clock, arrive, behind, enrolled

SERIAL = "5CG1234XYZ"
ENTRY = RosterEntry(person="p-1", cohort="remote_new_hire", start_on=START.date())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    yield opened
    opened.close()


def bearing(serial: str, at: float = START.timestamp()) -> dict[str, object]:
    """A host section of a laptop with this serial, as its agent keys it."""
    facts = HostFacts(os="Debian", serial=KEYER.key("serial", serial), hypervisor="")
    return section("host", encode([facts]).decode(), at=at)


def cohort(store: Store, device: str) -> str:
    row = store.device(device)
    assert row is not None
    assert row.assessment is not None
    return " ".join(bar.label for bar in row.assessment.bars if bar.key == "cohort")


def test_a_serial_is_found_in_small_letters_and_as_the_firmware_writes_it() -> None:
    assert written(" 5cg1234xyz ") == SERIAL
    assert written("VMware-56 4d ab") == "VMware-56 4d ab"
    assert key_of(KEYER, "5cg1234xyz") == f"serial:{KEYER.key('serial', SERIAL).digest}"
    assert SERIAL not in key_of(KEYER, SERIAL)


def test_a_serial_that_firmware_leaves_on_many_laptops_is_nobody_s() -> None:
    for constant in ("Default string", "To be filled by O.E.M."):
        facts = HostFacts(serial=KEYER.key("serial", constant))
        view = SectionView(kind="host", outcome="found", observed_at=START, items=(facts,))
        assert reported({"host": view}) == ""
    blind = SectionView(kind="host", outcome="not_permitted", observed_at=START)
    assert reported({"host": blind}) == reported({}) == ""


def test_a_row_is_found_by_id_before_serial() -> None:
    facts = HostFacts(serial=KEYER.key("serial", SERIAL))
    sections = {"host": SectionView(kind="host", outcome="found", observed_at=START, items=(facts,))}
    other = RosterEntry(person="p-2")
    roster = {key_of(KEYER, SERIAL): ENTRY}
    assert entry_of(roster, "laptop-1", sections) == ENTRY
    assert entry_of({**roster, "laptop-1": other}, "laptop-1", sections) == other
    assert entry_of(roster, "laptop-1", {}) is None
    assert by_device({**roster, "x": other}, [("a", key_of(KEYER, SERIAL)), ("b", "serial:0")]) == {
        "a": ENTRY,
        "x": other,
    }


def test_a_laptop_that_enrols_after_the_import_is_its_person_s_from_its_first_report(store: Store) -> None:
    store.set_roster({key_of(KEYER, SERIAL): ENTRY})
    clock = Clock()
    loop = DueLoop(store, KEYER, Policy(), clock)
    loop.prepare()
    loop.once()
    laptop = enrolled(store, "laptop-1")
    arrive(store, laptop, START, bearing(SERIAL))
    assert loop.once() == 1
    assert "remote_new_hire" in cohort(store, "laptop-1")
    assert store.roster() == {"laptop-1": ENTRY}
    assert store.serials() == [("laptop-1", key_of(KEYER, SERIAL))]
    row = store.device("laptop-1")
    assert row is not None
    assert row.cohort == "remote_new_hire"


def test_a_laptop_that_enrolled_before_the_import_is_judged_again_with_it(store: Store) -> None:
    clock = Clock()
    loop = DueLoop(store, KEYER, Policy(), clock)
    loop.prepare()
    arrive(store, enrolled(store, "laptop-1"), START, bearing(SERIAL))
    loop.once()
    assert cohort(store, "laptop-1") == ""
    store.set_roster({key_of(KEYER, SERIAL): ENTRY})
    clock.now = START + timedelta(minutes=2)
    loop.once()
    clock.now += timedelta(seconds=1)
    loop.once()
    assert "remote_new_hire" in cohort(store, "laptop-1")


def test_a_household_by_serial_ties_two_laptops_as_one_by_device_ids_does(store: Store) -> None:
    mac = "a0:40:a0:00:00:42"
    for number in (1, 2):
        laptop = enrolled(store, f"laptop-{number}")
        arrive(store, laptop, START, bearing(f"5CG000000{number}"), behind(mac, START))
    entries = {key_of(KEYER, f"5CG000000{n}"): RosterEntry(person=f"p-{n}", household="h-7") for n in (1, 2)}
    store.set_roster(entries)
    clock = Clock()
    loop = DueLoop(store, KEYER, Policy(), clock)
    loop.prepare()
    for _ in range(3):
        loop.once()
        clock.now += timedelta(seconds=1)
    ties = loop.fleet.ties("laptop-1", START.date())
    assert [tie.unrelated for tie in ties] == [()]
    assert len(ties[0].holders) == 2


def test_offline_a_roster_by_serial_names_the_same_people() -> None:
    text = "person,serial,cohort,household\np-1,5cg0000001,remote_new_hire,h-7\np-2,5CG0000002,,h-7\n"
    roster = parse_roster(text, "people.csv", REPORTS_KEYER)
    looks = {
        f"d{n}": report(
            f"d{n}",
            {
                "host": [HostFacts(serial=unkeyed("serial", f"5CG000000{n}"), hypervisor="")],
                "network": [Gateway(family="ipv4", interface="wlp1s0", mac=unkeyed("mac", "a0:40:a0:00:00:42"))],
            },
        )
        for n in (1, 2)
    }
    judged = judge_reports(located(list(looks.values())), Company(roster=roster), Fleet(REPORTS_KEYER))
    first = next(each.assessment for each in judged if each.assessment.device == "d1")
    assert any(bar.key == "cohort" for bar in first.bars)
    gateway = next(each for each in first.findings if each.detector == "shared_gateway")
    assert gateway.level == 0
    assert "by household" in gateway.sentence


def test_without_the_company_s_key_a_serial_is_a_bad_row_that_says_what_to_give() -> None:
    with pytest.raises(Exception, match="--key-file"):
        parse_roster("person,serial\np-1,5CG0000001\n", "people.csv")
