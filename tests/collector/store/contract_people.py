"""What every store must do with the roster, with serials, and with personal facts, which are apart."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from farmwatch_collector.roster.record import Moved, PersonRecord, Spell, When
from farmwatch_collector.store import Store, open_store
from farmwatch_collector.store.protocol_people import RightsError
from farmwatch_detectors.policy import Claim, RecordQuestion, RosterEntry

from ..laptops import Laptop
from .moments import MINUTE, START

DAY = timedelta(days=1)
MUNICH = Claim(place="Munich, DE", latitude=48.14, longitude=11.58, country="DE")
ENTRY = RosterEntry(
    person="p-1",
    cohort="remote",
    site="home",
    claim=MUNICH,
    shipped_on=date(2026, 11, 2),
    questions=(RecordQuestion(kind="phone_shape", question="Which number reaches the person?"),),
    checked=True,
)
JUNE = When(date(2012, 6, 1), date(2012, 6, 30))
RECORD = PersonRecord(
    person="p-1",
    phone="+44 20 7946 0000",
    address="1 Example Road",
    previous=(Moved(JUNE, "5 Old Street"),),
    bank="ab" * 16,
    work=(Spell(start=JUNE, full_time=False),),
)
SERIAL = "serial:" + "cd" * 16


class PeopleContract:
    """The part of the suite about people; `StoreContract` gives `store`, `url`, `laptop` and `enrolled`."""

    enrolled: Any

    @pytest.fixture
    def office(self, url: str) -> Iterator[Store]:
        """A store as `farmwatch roster` opens it, with the right to personal facts."""
        opened = open_store(url, people=True)
        yield opened
        opened.close()

    def test_a_roster_under_a_serial_is_the_device_s_once_it_reports_that_serial(
        self, store: Store, laptop: Laptop
    ) -> None:
        store.set_roster({SERIAL: ENTRY})
        assert store.roster() == store.roster_rows() == {SERIAL: ENTRY}
        row = store.device(laptop.device)
        assert row is not None
        assert row.cohort == ""
        store.set_serial(laptop.device, SERIAL)
        assert store.roster() == {laptop.device: ENTRY}
        assert store.roster_rows() == {SERIAL: ENTRY}
        assert store.serials() == [(laptop.device, SERIAL)]
        row = store.device(laptop.device)
        assert row is not None
        assert row.cohort == "remote"
        assert [each.device.device for each in store.rows(search="p-1")] == [laptop.device]
        assert store.counts(search="p-1")["unjudged"] == 1
        assert store.plan_facts(laptop.device)[0] == MUNICH
        assert [each.roster for each in store.histories(START)] == [ENTRY]

    def test_a_row_under_the_device_s_own_id_wins_over_one_under_its_serial(self, store: Store, laptop: Laptop) -> None:
        other = RosterEntry(person="p-2", cohort="office")
        store.set_serial(laptop.device, SERIAL)
        store.set_roster({SERIAL: ENTRY, laptop.device: other})
        assert store.roster() == {laptop.device: other}
        assert [each.cohort for each in store.rows()] == ["office"]

    def test_a_laptop_that_was_set_up_anew_has_its_person_under_both_identities(
        self, store: Store, laptop: Laptop
    ) -> None:
        again = self.enrolled(store, "laptop-2")
        store.set_roster({SERIAL: ENTRY})
        for each in (laptop, again):
            store.set_serial(each.device, SERIAL)
        assert store.roster() == {laptop.device: ENTRY, again.device: ENTRY}
        store.set_serial(laptop.device, "")
        assert store.serials() == [(again.device, SERIAL)]

    def test_a_serial_of_an_unknown_device_is_not_kept(self, store: Store) -> None:
        store.set_serial("nobody", SERIAL)
        assert store.serials() == []

    def test_a_row_s_digest_changes_with_what_it_says(self, store: Store) -> None:
        store.set_roster({SERIAL: ENTRY})
        assert store.roster_digests() == {SERIAL: ("p-1", store.entry_digest(ENTRY))}
        assert store.entry_digest(ENTRY) != store.entry_digest(RosterEntry(person="p-1"))

    def test_an_import_brings_roster_and_facts_together_and_leaves_an_audit_line(self, office: Store) -> None:
        office.import_roster({"laptop-1": ENTRY}, [RECORD], START, "ann")
        assert office.roster() == {"laptop-1": ENTRY}
        assert office.record_digests() == {"p-1": office.record_digest(RECORD)}
        [line] = office.audit()
        assert (line.actor, line.action, line.after) == ("ann", "imported roster", "1 people, 1 laptops")

    def test_facts_are_read_with_an_audit_line_also_where_there_are_none(self, office: Store) -> None:
        office.import_roster({"laptop-1": ENTRY}, [RECORD], START, "ann")
        kept = office.person("p-1", START + MINUTE, "ann")
        assert kept is not None
        assert (kept.record, kept.imported_at, kept.left_at) == (RECORD, START, None)
        assert office.person("p-9", START + MINUTE, "bob") is None
        told = [(line.actor, line.action, line.subject, line.after) for line in office.audit()[:2]]
        assert told == [
            ("bob", "read personal facts", "p-9", "none kept"),
            ("ann", "read personal facts", "p-1", ""),
        ]

    def test_no_audit_line_and_no_view_holds_a_personal_fact(self, office: Store, laptop: Laptop) -> None:
        office.import_roster({laptop.device: ENTRY}, [RECORD], START, "ann")
        office.person("p-1", START, "ann")
        seen = f"{office.audit()}{office.view(laptop.device, START)}{office.rows()}{office.roster()}"
        for fact in (RECORD.phone, RECORD.address, "5 Old Street", RECORD.bank, "2012"):
            assert fact not in seen

    def test_facts_change_and_go_with_what_the_next_file_says(self, office: Store) -> None:
        office.import_roster({"laptop-1": ENTRY}, [RECORD], START, "ann")
        moved = PersonRecord(person="p-1", phone="+44 20 7946 0001")
        office.import_roster({"laptop-1": ENTRY}, [moved], START + DAY, "ann")
        kept = office.person("p-1", START + DAY, "ann")
        assert kept is not None
        assert (kept.record, kept.imported_at) == (moved, START + DAY)
        office.import_roster({"laptop-1": ENTRY}, [], START + 2 * DAY, "ann")
        assert office.record_digests() == {}

    def test_facts_go_thirty_days_after_the_roster_names_the_person_no_more(self, office: Store) -> None:
        office.import_roster({"laptop-1": ENTRY}, [RECORD], START, "ann")
        office.import_roster({}, [], START + DAY, "ann")
        kept = office.person("p-1", START + DAY, "ann")
        assert kept is not None
        assert kept.left_at == START + DAY
        assert office.purge(START + 30 * DAY)["person_record"] == 0
        assert office.purge(START + 31 * DAY + MINUTE)["person_record"] == 1
        assert office.record_digests() == {}

    def test_a_person_who_comes_back_has_not_left(self, office: Store) -> None:
        office.import_roster({"laptop-1": ENTRY}, [RECORD], START, "ann")
        office.set_roster({})
        office.set_roster({"laptop-1": ENTRY})
        kept = office.person("p-1", START, "ann")
        assert kept is not None
        assert kept.left_at is None

    def test_a_person_is_forgotten_at_once_with_an_audit_line(self, office: Store) -> None:
        office.import_roster({"laptop-1": ENTRY}, [RECORD], START, "ann")
        assert office.forget_person("p-1", START, "ann")
        assert not office.forget_person("p-1", START, "ann")
        assert office.record_digests() == {}
        assert [line.after for line in office.audit() if line.action == "deleted personal facts"] == ["none kept", ""]

    def test_a_store_opened_for_anything_else_has_no_right_to_facts(self, office: Store, url: str) -> None:
        office.import_roster({"laptop-1": ENTRY}, [RECORD], START, "ann")
        collector = open_store(url)
        try:
            with pytest.raises(RightsError, match="without the right"):
                collector.person("p-1", START, "eve")
            with pytest.raises(RightsError):
                collector.forget_person("p-1", START, "eve")
            with pytest.raises(RightsError):
                collector.import_roster({}, [], START, "eve")
            with pytest.raises(RightsError):
                collector.record_digests()
            # What a collector must do without it: say who has left, and delete what is past its time.
            collector.set_roster({})
            assert collector.purge(START + 4000 * DAY)["person_record"] == 1
        finally:
            collector.close()
