"""farmwatch roster, as its users type it: preview, all or nothing, questions, and facts that leave an audit line."""

import json
from pathlib import Path
from typing import Any

import pytest

from farmwatch_collector.cli import main
from farmwatch_collector.ingest import company_key
from farmwatch_collector.roster.serials import key_of
from farmwatch_collector.store import open_store
from farmwatch_schema.identifiers import Keyer

from ..test_loop import enrolled
from .files import person, text

PRIVATE = {"phone": "+49 1 55", "address": "12 Example Road", "bank_account": "DE0012345678", "work": "2012/ | 2020/"}


class Office:
    """Somebody who types commands beside a collector's data."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._capsys = capsys

    def file(self, *people: dict[str, Any], name: str = "people.csv") -> str:
        path = self.folder / name
        path.write_text(text(*people), encoding="utf-8")
        return str(path)

    def run(self, *words: str, code: int = 0, store: bool = True) -> str:
        where = ["--data", str(self.data)] if store else []
        assert main(["roster", *words, *where]) == code
        out, err = self._capsys.readouterr()
        return out if code == 0 or "--json" in words else err

    def json(self, *words: str, code: int = 0, store: bool = True) -> Any:
        return json.loads(self.run(*words, "--json", code=code, store=store))

    @property
    def url(self) -> str:
        return f"sqlite:///{self.data}/farmwatch.db"


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    return Office(tmp_path, capsys)


def test_a_preview_tells_all_and_makes_nothing(office: Office) -> None:
    file = office.file(person(1, **PRIVATE), person(2, place="48.14, 11.58"))
    said = office.run("import", file, "--dry-run")
    assert "2 laptops of 2 people; nothing was imported, this is a preview." in said
    assert "2 added, 0 changed, 0 removed, 0 as before" in said
    assert "Munich, DE (1); 48.14, 11.58 (1)" in said
    assert "p-1 (line 2, device id), p-2 (line 3, device id)" in said
    assert "1 person: phone_shape 1, dates_contradict 1" in said
    assert not office.data.exists()


def test_an_import_and_what_the_next_one_would_change(office: Office) -> None:
    office.run("import", office.file(person(1, **PRIVATE), person(2), person(3)))
    changed = {**PRIVATE, "phone": "+49 1 56"}
    later = office.file(person(1, **changed), person(3, place="Leeds, UK"), person(4))
    [item] = office.json("import", later, "--dry-run")["items"]
    assert item["imported"] is False
    assert item["people"] == {"added": 1, "changed": 1, "removed": 1, "same": 1}
    assert item["names"] == {"added": ["p-4"], "changed": ["p-3"], "removed": ["p-2"]}
    assert item["facts"] == {"new": 0, "changed": 1, "dropped": 0}
    store = open_store(office.url)
    assert set(store.roster()) == {"laptop-1", "laptop-2", "laptop-3"}
    store.close()


def test_one_bad_row_leaves_everything_as_it_was(office: Office) -> None:
    office.run("import", office.file(person(1, **PRIVATE)))
    bad = office.file(person(2), person(3, place="Springfield"), person(4, phone="private"))
    said = office.run("import", bad, code=1)
    assert "2 rows could not be read, nothing was taken." in said
    assert "line 3, place: 'Springfield' could be" in said
    document = office.json("import", bad, code=1)
    assert (document["ok"], document["code"]) == (False, 1)
    assert [(fault["line"], fault["field"]) for fault in document["faults"]] == [(3, "place"), (4, "phone")]
    store = open_store(office.url, people=True)
    assert set(store.roster()) == {"laptop-1"}
    assert set(store.record_digests()) == {"p-1"}
    store.close()


def test_a_failure_in_the_middle_of_writing_leaves_everything_as_it_was(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.run("import", office.file(person(1, **PRIVATE)))
    monkeypatch.setattr("farmwatch_collector.store.people._note", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        office.run("import", office.file(person(2, **PRIVATE)))
    store = open_store(office.url, people=True)
    assert set(store.roster()) == {"laptop-1"}
    assert set(store.record_digests()) == {"p-1"}
    store.close()


def test_laptops_by_serial_are_found_waiting_or_doubled(office: Office) -> None:
    office.run("import", office.file(person(1)))
    store = open_store(office.url)
    keyer = Keyer.from_key(company_key(store))
    for name in ("old", "new", "other"):
        enrolled(store, name)
        store.set_serial(name, key_of(keyer, "5CG0000001" if name != "other" else "5CG0000002"))
    store.close()
    people = [person(n, device="", serial=f"5cg000000{n}") for n in (1, 2, 3)]
    [item] = office.json("import", office.file(*people))["items"]
    assert item["waits"] == 1
    assert [(each["line"], each["person"], each["by"]) for each in item["waiting"]] == [(4, "p-3", "serial")]
    assert [(each["person"], each["devices"]) for each in item["doubled"]] == [("p-1", ["old", "new"])]
    store = open_store(office.url)
    assert {key: entry.person for key, entry in store.roster().items() if not key.startswith("serial:")} == {
        "old": "p-1",
        "new": "p-1",
        "other": "p-2",
    }
    store.close()
    said = office.run("import", office.file(*people), "--dry-run")
    assert "is reported by old, new. Set up anew?" in said


def test_a_check_needs_no_collector_and_asks_questions(office: Office) -> None:
    file = office.file(person(1, device="", serial="5CG0000001", **PRIVATE), person(2, device="laptop-2"))
    said = office.run("check", file, store=False)
    assert "1 of 2 people have something to ask about." in said
    assert "These are questions, no verdicts" in said
    assert said.count("It may well be:") == 2
    for word in ("suspicious", "fraud", "fake", "red flag", "risk", "liar", *PRIVATE.values()):
        assert word not in said
    [item] = office.json("check", file, store=False)["items"]
    assert (item["line"], item["person"]) == (2, "p-1")
    assert all(set(each) == {"kind", "question", "innocent"} for each in item["questions"])
    assert list(office.folder.iterdir()) == [office.folder / "people.csv"]


def test_a_check_refuses_what_an_import_would_refuse(office: Office) -> None:
    file = office.file(person(1, time_zone="Europe/Berln"))
    assert "Did you mean 'Europe/Berlin'?" in office.run("check", file, code=1, store=False)


def test_a_preview_names_cohorts_and_places_so_that_slips_are_seen(office: Office) -> None:
    people = [person(n, cohort=cohort) for n, cohort in enumerate(("remote", "remote", "remot"), 1)]
    said = office.run("import", office.file(*people), "--dry-run")
    assert "cohorts        remote (2); remot (1)" in said


def test_facts_are_shown_with_an_audit_line_and_forgotten_with_another(office: Office) -> None:
    office.run("import", office.file(person(1, **PRIVATE)))
    said = office.run("show", "p-1")
    assert "+49 1 55" in said
    assert "12 Example Road" in said
    assert "DE0012345678" not in said
    assert "are deleted" in office.run("forget", "p-1")
    assert "no personal facts are kept" in office.run("show", "p-1", code=1)
    assert "none were deleted" in office.run("forget", "p-1", code=1)
    store = open_store(office.url)
    actions = [(line.action, line.subject) for line in store.audit()]
    store.close()
    assert actions == [
        ("deleted personal facts", "p-1"),
        ("read personal facts", "p-1"),
        ("deleted personal facts", "p-1"),
        ("read personal facts", "p-1"),
        ("imported roster", ""),
    ]


def test_no_plain_serial_account_or_birth_year_is_in_the_store_s_file(office: Office) -> None:
    office.run("import", office.file(person(1, device="", serial="5CG7654321", birth_year="1987", **PRIVATE)))
    stored = b"".join(path.read_bytes() for path in office.data.iterdir())
    assert b"12 Example Road" in stored  # else nothing would be proved
    for secret in (b"5CG7654321", b"DE0012345678", b"1987"):
        assert secret not in stored


def test_cohorts_of_a_file_and_of_the_store_are_the_same(office: Office) -> None:
    people = [
        person(n, start_on=f"2026-{n % 9 + 1:02d}-0{n % 5 + 1}", phone="+49 1 55" if n % 9 == 3 else "", household="h")
        for n in range(90)
    ]
    file = office.file(*people)
    office.run("import", file)
    from_file = office.json("cohorts", file)["items"]
    assert office.json("cohorts")["items"] == from_file
    assert [week["begins"][:7] for week in from_file if week["spike"]]
    assert "more than chance: phone_shape" in office.run("cohorts")


def test_a_place_without_a_collector_is_said(office: Office) -> None:
    assert "no collector has stored anything there" in office.run("show", "p-1", code=1)
