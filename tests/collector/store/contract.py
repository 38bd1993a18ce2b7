"""What every store must do. A store's own test module subclasses `StoreContract` and gives `open_url`."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from farmwatch_collector.assessment import Assessment, Bar, GroupLevel
from farmwatch_collector.store import Store, open_store
from farmwatch_collector.store.protocol import Device, Incoming, TokenError
from farmwatch_detectors.policy import RosterEntry
from farmwatch_schema.codec import decode_report
from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.usb import UsbDevice
from farmwatch_schema.report import Need

from ..laptops import Laptop, named, section
from .case_contract import CaseContract
from .contract_farm_cases import FarmCaseContract
from .contract_landmarks import LandmarkContract
from .contract_network import NetworkContract
from .contract_people import PeopleContract
from .contract_place import PlaceContract
from .moments import MINUTE, START

MOUSE = '{"type":"usb_device","vendor_id":"046d","product_id":"c077"}'
DISK = '{"type":"usb_device","vendor_id":"0781","product_id":"5567"}'


def incoming(data: bytes, at: datetime = START) -> Incoming:
    return Incoming(decode_report(data), hashlib.sha256(data).hexdigest(), at)


def seen(kind: str, items: str, at: datetime, outcome: str = "found") -> dict[str, Any]:
    return section(kind, items, outcome, at.timestamp())


def assessment(device: str, at: datetime, points: int = 10, **changes: Any) -> Assessment:
    finding = Finding(
        detector="ip_kvm_identity",
        group="H",
        level=2,
        sentence="A PiKVM is plugged in.",
        evidence=(Evidence(kind="usb", subject="port 1-4", fact="1d6b:0104"),),
        subject="1-4",
    )
    values: dict[str, Any] = {
        "device": device,
        "at": at,
        "bits": -5.0,
        "probability": 0.03,
        "points": points,
        "attention": "watch" if points >= 33 else "none",
        "bars": (Bar(kind="prior", key="prior", label="base rate", bits=-13.3, points=0.0),),
        "groups": (GroupLevel(group="H", level=2, bits=4.0, detector="ip_kvm_identity"),),
        "findings": (finding,),
        "coverage": 0.5,
        "sentence": "One thing stands out.",
    }
    return Assessment(**{**values, **changes})


class StoreContract(CaseContract, FarmCaseContract, PlaceContract, LandmarkContract, NetworkContract, PeopleContract):
    """The suite."""

    def open_url(self, folder: str) -> str:
        raise NotImplementedError

    @pytest.fixture
    def url(self, tmp_path: Any) -> str:
        return self.open_url(str(tmp_path))

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        opened = open_store(url)
        yield opened
        opened.close()

    @pytest.fixture
    def laptop(self, store: Store) -> Laptop:
        return self.enrolled(store, "laptop-1")

    def enrolled(self, store: Store, device: str, name: str = "") -> Laptop:
        laptop = Laptop(device)
        token = hashlib.sha256(device.encode()).hexdigest()
        store.add_token(token, "test", 1, START + timedelta(days=7))
        store.enrol(
            token,
            Device(
                device=device,
                name=name or f"{device}.example",
                platform="linux",
                public_key=laptop.public_key,
                enrolled_at=START,
            ),
        )
        return laptop

    def take(self, store: Store, data: bytes, at: datetime = START) -> str:
        (answer,) = store.commit([incoming(data, at)])
        return answer.status

    # enrolment ---------------------------------------------------------------------------------
    def test_a_token_enrols_as_many_devices_as_it_says(self, store: Store) -> None:
        store.add_token("t", "new hires", 2, START + timedelta(days=1))
        for name in ("a", "b"):
            store.enrol("t", Device(device=name, name=name, platform="linux", public_key=b"k", enrolled_at=START))
        with pytest.raises(TokenError, match="used up"):
            store.enrol("t", Device(device="c", name="c", platform="linux", public_key=b"k", enrolled_at=START))
        assert [device.device for device in store.devices()] == ["a", "b"]
        (row,) = store.tokens()
        assert (row.used, row.uses, row.last_used_at) == (2, 2, START)

    def test_an_expired_token_and_an_unknown_one_enrol_nobody(self, store: Store) -> None:
        store.add_token("t", "", 2, START - MINUTE)
        device = Device(device="a", name="a", platform="linux", public_key=b"k", enrolled_at=START)
        with pytest.raises(TokenError, match="expired"):
            store.enrol("t", device)
        with pytest.raises(TokenError, match="not known"):
            store.enrol("u", device)
        assert store.devices() == []

    def test_a_setting_is_made_once(self, store: Store, url: str) -> None:
        assert store.setting("identifier_key") is None
        assert store.setting("identifier_key", b"first") == b"first"
        assert store.setting("identifier_key", b"second") == b"first"

    # ingest ------------------------------------------------------------------------------------
    def test_a_report_is_accepted_once_and_a_duplicate_after(self, store: Store, laptop: Laptop) -> None:
        first, second = laptop.report(), laptop.report()
        batch = [incoming(first), incoming(second), incoming(first)]
        assert [answer.status for answer in store.commit(batch)] == ["accepted", "accepted", "duplicate"]
        assert self.take(store, second) == "duplicate"
        row = store.device("laptop-1")
        assert row is not None
        assert (row.device.mark, row.device.last_seen_at) == (2, START)

    def test_another_report_under_a_taken_number_is_forked_and_recorded(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report())
        laptop.sequence = 0
        assert self.take(store, laptop.report(uptime_seconds=61)) == "forked"
        (event,) = store.events("laptop-1")
        assert (event.kind, event.count) == ("forked", 1)

    def test_a_report_that_follows_another_one_than_the_one_taken_is_forked(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report())
        laptop.previous = "0" * 64
        assert self.take(store, laptop.report()) == "forked"
        assert store.devices()[0].mark == 1

    def test_a_gap_is_accepted_and_recorded(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report())
        laptop.report()
        assert self.take(store, laptop.report()) == "accepted"
        assert [(event.kind, event.detail) for event in store.events("laptop-1")] == [("gap", "2 to 2 never came")]

    def test_a_number_left_out_cannot_be_filled_in_later(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report())
        left_out = laptop.report()
        self.take(store, laptop.report())
        (answer,) = store.commit([incoming(left_out)])
        assert answer.status == "invalid"
        assert "comes after 3 was taken" in answer.message
        # Nothing was ever taken under that number, so it is no sign of a clone.
        assert {event.kind for event in store.events("laptop-1")} == {"gap", "late"}

    def test_a_new_epoch_is_accepted_and_the_old_one_stays_ended(self, store: Store, laptop: Laptop) -> None:
        old, first = laptop.epoch, laptop.report()
        self.take(store, first)
        laptop.epoch, laptop.sequence, laptop.previous = "f" * 32, 0, ""
        assert self.take(store, laptop.report()) == "accepted"
        assert self.take(store, first) == "duplicate"
        laptop.epoch, laptop.sequence = old, 1
        assert self.take(store, laptop.report()) == "forked"
        assert {event.kind for event in store.events("laptop-1")} == {"new_epoch", "forked"}

    def test_epochs_without_end_are_throttled(self, store: Store, laptop: Laptop) -> None:
        statuses = []
        for number in range(40):
            laptop.epoch, laptop.sequence, laptop.previous = f"{number:032x}", 0, ""
            statuses.append(self.take(store, laptop.report()))
        assert statuses[:33] == ["accepted"] * 33
        assert set(statuses[33:]) == {"throttled"}

    def test_reports_far_below_the_mark_are_called_duplicates_and_change_nothing(
        self, store: Store, laptop: Laptop
    ) -> None:
        first = laptop.report()
        store.commit([incoming(first), *(incoming(laptop.report()) for _ in range(70))])
        laptop.sequence = 0
        (answer,) = store.commit([incoming(laptop.report(uptime_seconds=99))])
        assert answer.status == "duplicate"
        assert "Too far below" in answer.message
        assert store.events("laptop-1") == []

    def test_strangers_and_revoked_devices_are_told_so(self, store: Store, laptop: Laptop) -> None:
        assert self.take(store, Laptop("stranger").report()) == "unknown_device"
        self.take(store, laptop.report())
        store.revoke("laptop-1")
        assert self.take(store, laptop.report()) == "revoked"
        assert store.devices()[0].revoked

    def test_answers_come_in_order_and_echo_their_report(self, store: Store, laptop: Laptop) -> None:
        other = self.enrolled(store, "laptop-2")
        reports = [laptop.report(), other.report(), laptop.report()]
        answers = store.commit([incoming(data) for data in reports])
        assert [(answer.device, answer.sequence) for answer in answers] == [
            ("laptop-1", 1),
            ("laptop-2", 1),
            ("laptop-1", 2),
        ]
        assert answers[0].epoch == laptop.epoch

    # content and spans -------------------------------------------------------------------------
    def test_content_named_but_never_sent_is_asked_for_until_it_comes(self, store: Store, laptop: Laptop) -> None:
        items = f"[{MOUSE}]"
        for _ in range(2):
            (answer,) = store.commit([incoming(laptop.report(named("usb", items)))])
            assert answer.need == [Need(kind="usb", digest=hashlib.sha256(items.encode()).hexdigest())]
        assert store.sections("laptop-1")[0].missing
        view = store.view("laptop-1", START)
        assert view is not None
        assert view.sections["usb"].outcome == "broken"
        assert view.sections["usb"].items == ()
        (answer,) = store.commit([incoming(laptop.report(seen("usb", items, START)))])
        assert answer.need == []
        view = store.view("laptop-1", START)
        assert view is not None
        assert view.of("usb", UsbDevice)[0].ids == "046d:c077"

    def test_content_that_came_back_is_not_asked_for_again(self, store: Store, laptop: Laptop) -> None:
        for at, items in enumerate((f"[{MOUSE}]", f"[{DISK}]")):
            self.take(store, laptop.report(seen("usb", items, START + at * MINUTE)))
        (answer,) = store.commit([incoming(laptop.report(named("usb", f"[{MOUSE}]")))])
        assert answer.need == []

    def flood(self, store: Store, laptop: Laptop, at: datetime = START) -> str:
        """Says what no laptop says within a day: 25,000 new things. Returns the last content."""
        items = ""
        for number in range(25):
            items = "[" + ",".join(f'{{"type":"x","n":{number * 1000 + one}}}' for one in range(1000)) + "]"
            assert self.take(store, laptop.report(seen("usb", items, at)), at) == "accepted"
        return items

    def test_a_flood_of_changes_is_not_kept_and_the_section_tells_so(self, store: Store, laptop: Laptop) -> None:
        last = self.flood(store, laptop)
        assert {event.kind for event in store.events("laptop-1")} == {"too_much"}
        (row,) = store.sections("laptop-1")
        assert row.missing
        view = store.view("laptop-1", START)
        assert view is not None
        assert view.sections["usb"].outcome == "broken"
        assert sum(len(spans) for spans in view.history.values()) < 25_000
        # Nothing is asked for while it would not be kept; the next day it is, and taken.
        (answer,) = store.commit([incoming(laptop.report(named("usb", last)))])
        assert answer.need == []
        tomorrow = START + timedelta(days=1)
        (answer,) = store.commit([incoming(laptop.report(named("usb", last)), tomorrow)])
        assert [need.kind for need in answer.need] == ["usb"]
        self.take(store, laptop.report(seen("usb", last, tomorrow)), tomorrow)
        view = store.view("laptop-1", tomorrow)
        assert view is not None
        assert len(view.sections["usb"].items) == 1000

    def test_one_laptops_flood_costs_no_other_laptop_its_day(self, store: Store, laptop: Laptop) -> None:
        other = self.enrolled(store, "laptop-2")
        self.flood(store, laptop)
        self.take(store, other.report(seen("usb", f"[{MOUSE}]", START)))
        view = store.view("laptop-2", START)
        assert view is not None
        assert len(view.of("usb", UsbDevice)) == 1

    def test_kinds_made_up_without_end_are_not_kept_and_known_ones_are(self, store: Store, laptop: Laptop) -> None:
        for number in range(5):
            parts = [seen(f"made_up_{number}_{one}", '[{"type":"x"}]', START) for one in range(60)]
            self.take(store, laptop.report(*parts))
        self.take(store, laptop.report(seen("usb", f"[{MOUSE}]", START)))
        assert len(store.sections("laptop-1")) == 129
        assert "usb" in {row.kind for row in store.sections("laptop-1")}
        assert {event.kind for event in store.events("laptop-1")} == {"too_much"}

    def test_what_came_and_went_often_does_not_hide_what_is_still_there(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report(seen("usb", f"[{MOUSE}]", START), seen("displays", '[{"type":"old"}]', START)))
        for number in range(12):
            items = ",".join(f'{{"type":"x","n":{number * 1000 + one}}}' for one in range(1000))
            self.take(store, laptop.report(seen("usb", f"[{MOUSE},{items}]", START + number * MINUTE)))
        view = store.view("laptop-1", START + timedelta(hours=1))
        assert view is not None
        assert any(isinstance(span.item, UsbDevice) and span.seen_until is None for span in view.spans("usb"))
        assert len(list(view.spans("displays"))) == 1
        assert len(list(view.spans("usb"))) <= 6_000
        begun = [span.seen_from for span in view.history["usb"]]
        assert begun == sorted(begun)

    def test_an_observable_keeps_its_span_and_a_gone_one_is_closed_when_it_was_last_seen(
        self, store: Store, laptop: Laptop
    ) -> None:
        contents = (f"[{MOUSE}]", f"[{MOUSE},{DISK}]", f"[{MOUSE},{DISK}]", f"[{MOUSE}]")
        for at, items in enumerate(contents):
            self.take(store, laptop.report(seen("usb", items, START + at * MINUTE)), START + at * MINUTE)
        view = store.view("laptop-1", START + 4 * MINUTE)
        assert view is not None
        spans = {span.item.product_id: span for span in view.spans("usb") if isinstance(span.item, UsbDevice)}
        assert (spans["c077"].seen_from, spans["c077"].seen_until, spans["c077"].from_start) == (START, None, True)
        assert (spans["5567"].seen_from, spans["5567"].seen_until) == (START + MINUTE, START + 2 * MINUTE)
        assert not spans["5567"].from_start
        changes = store.timeline("laptop-1", START - MINUTE)
        assert [span.item.product_id for span in changes if isinstance(span.item, UsbDevice)] == ["5567"]

    def test_could_not_look_leaves_what_was_seen_open(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report(seen("usb", f"[{MOUSE}]", START)))
        blind = section("usb", None, "not_permitted", (START + MINUTE).timestamp())
        self.take(store, laptop.report({**blind, "reason": "no rights"}), START + MINUTE)
        view = store.view("laptop-1", START + MINUTE)
        assert view is not None
        assert (view.sections["usb"].outcome, view.sections["usb"].items) == ("not_permitted", ())
        assert [span.seen_until for span in view.spans("usb")] == [None]

    def test_nothing_there_closes_what_was_seen(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report(seen("usb", f"[{MOUSE}]", START)))
        self.take(store, laptop.report(section("usb", None, "none", (START + MINUTE).timestamp())), START + MINUTE)
        view = store.view("laptop-1", START + MINUTE)
        assert view is not None
        assert [span.seen_until for span in view.spans("usb")] == [START]

    def test_an_unchanged_report_moves_times_only(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report(seen("usb", f"[{MOUSE}]", START)))
        later = START + 15 * MINUTE
        self.take(store, laptop.report(named("usb", f"[{MOUSE}]", later.timestamp())), later)
        (row,) = store.sections("laptop-1")
        assert (row.since, row.observed_at, row.outcome) == (START, later, "found")

    def test_an_unknown_kind_is_kept_as_it_came(self, store: Store, laptop: Laptop) -> None:
        items = '[{"type":"from_the_future","value":1}]'
        self.take(store, laptop.report(seen("telepathy", items, START)))
        (row,) = store.sections("laptop-1")
        assert (row.kind, row.items) == ("telepathy", items.encode())

    def test_a_sample_is_the_latest_one(self, store: Store, laptop: Laptop) -> None:
        for at in range(2):
            sample = section("latency", None, "found", (START + at * MINUTE).timestamp())
            sample["items"] = msgspec.Raw(b'[{"type":"round_trip","ms":%d}]' % at)
            assert self.take(store, laptop.report(sample), START + at * MINUTE) == "accepted"
        (row,) = store.sections("laptop-1")
        assert (row.items, row.observed_at) == (b'[{"type":"round_trip","ms":1}]', START + MINUTE)

    def test_a_laptop_whose_clock_is_ahead_cannot_write_into_the_future(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report(seen("usb", f"[{MOUSE}]", START + timedelta(days=300))))
        assert store.sections("laptop-1")[0].observed_at == START

    # evaluation --------------------------------------------------------------------------------
    def test_a_clock_set_back_cannot_write_into_the_past(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report(seen("usb", f"[{MOUSE}]", START)))
        long_ago = START - timedelta(days=4_000)
        self.take(store, laptop.report(seen("usb", f"[{MOUSE},{DISK}]", long_ago)), START + MINUTE)
        view = store.view("laptop-1", START + MINUTE)
        assert view is not None
        assert [span.seen_from for span in view.spans("usb")] == [START, START]
        assert view.sections["usb"].observed_at == START

    def test_arrival_makes_due_and_saving_clears_it(self, store: Store, laptop: Laptop) -> None:
        assert store.due(START, 10) == []
        self.take(store, laptop.report())
        assert store.due(START, 10) == ["laptop-1"]
        store.save(assessment("laptop-1", START + MINUTE), "v1", START + timedelta(days=2))
        assert store.due(START + timedelta(days=1), 10) == []
        assert store.next_due() == START + timedelta(days=2)
        assert store.due(START + timedelta(days=2), 10) == ["laptop-1"]

    def test_a_report_that_came_during_evaluation_is_not_forgotten(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report())
        self.take(store, laptop.report(seen("usb", "[]", START)), START + 2 * MINUTE)
        store.save(assessment("laptop-1", START + MINUTE), "v1", None)
        assert store.due(START + 2 * MINUTE, 10) == ["laptop-1"]

    def test_due_time_is_only_ever_brought_forward(self, store: Store, laptop: Laptop) -> None:
        store.set_due(["laptop-1"], START + MINUTE)
        store.set_due(["laptop-1"], START + 2 * MINUTE)
        assert store.next_due() == START + MINUTE
        store.set_due(["laptop-1"], START)
        assert store.next_due() == START

    def test_a_failed_evaluation_is_visible_and_put_off(self, store: Store, laptop: Laptop) -> None:
        self.take(store, laptop.report())
        store.failed("laptop-1", "The last evaluation failed.", START + 60 * MINUTE)
        assert store.due(START + MINUTE, 10) == []
        row = store.device("laptop-1")
        assert row is not None
        assert row.problem == "The last evaluation failed."
        store.save(assessment("laptop-1", START + 61 * MINUTE), "v1", None)
        row = store.device("laptop-1")
        assert row is not None
        assert row.problem == ""

    def test_an_assessment_comes_back_whole(self, store: Store, laptop: Laptop) -> None:
        saved = assessment("laptop-1", START, 40)
        store.save(saved, "v1", None)
        row = store.device("laptop-1")
        assert row is not None
        assert row.assessment == saved
        assert store.outdated("v2") == ["laptop-1"]
        assert store.outdated("v1") == []

    def test_a_fading_finding_stays_beside_the_one_stated(self, store: Store, laptop: Laptop) -> None:
        first = assessment("laptop-1", START)
        store.save(first, "v1", None)
        gone = msgspec.structs.replace(first.findings[0], seen_until=START.isoformat())
        weaker = msgspec.structs.replace(first.findings[0], level=1)
        store.save(assessment("laptop-1", START + MINUTE, findings=(weaker, gone)), "v1", None)
        view = store.view("laptop-1", START + MINUTE)
        assert view is not None
        assert sorted((one.level, one.seen_until) for one in view.levels) == [(1, ""), (2, START.isoformat())]
        store.save(assessment("laptop-1", START + 2 * MINUTE, findings=()), "v1", None)
        view = store.view("laptop-1", START + 2 * MINUTE)
        assert view is not None
        assert view.levels == ()

    # console -----------------------------------------------------------------------------------
    def test_rows_come_by_points_and_the_unjudged_last(self, store: Store) -> None:
        for device, points in (("a", 10), ("b", 50), ("c", None)):
            self.enrolled(store, device)
            if points is not None:
                store.save(assessment(device, START, points), "v1", None)
        assert [row.device.device for row in store.rows()] == ["b", "a", "c"]
        assert [row.device.device for row in store.rows("watch")] == ["b"]
        assert [row.device.device for row in store.rows(limit=1)] == ["b"]
        counts = store.counts()
        assert (counts["watch"], counts["none"], counts["unjudged"], counts["urgent"]) == (1, 1, 1, 0)

    def test_rows_go_on_after_any_device_so_that_every_one_can_be_reached(self, store: Store) -> None:
        for device, points in (("a", 10), ("b", 50), ("c", 10), ("d", None), ("e", 0), ("f", None)):
            self.enrolled(store, device, "same name")
            if points is not None:
                store.save(assessment(device, START, points), "v1", None)
        whole = [row.device.device for row in store.rows()]
        assert whole == ["b", "a", "c", "e", "d", "f"]
        for place, device in enumerate(whole):
            assert [row.device.device for row in store.rows(after=device)] == whole[place + 1 :]
        assert [row.device.device for row in store.rows(limit=1, after="a")] == ["c"]
        assert [row.device.device for row in store.rows(after="nobody")] == whole
        assert [row.device.device for row in store.rows("unjudged")] == ["d", "f"]
        assert [row.device.device for row in store.rows("unjudged", after="d")] == ["f"]

    def test_search_takes_every_character_literally_and_any_case(self, store: Store) -> None:
        self.enrolled(store, "a", "Zoë's_laptop")
        self.enrolled(store, "b", "other 100%")
        store.set_roster({"b": RosterEntry(person="p-7", cohort="remote_new_hire", site="Oslo")})
        for text, found in (("ZOË", ["a"]), ("_lap", ["a"]), ("0%", ["b"]), ("%", ["b"]), ("oslo", ["b"]), ("x_x", [])):
            assert [row.device.device for row in store.rows(search=text)] == found, text
        assert store.counts("oslo")["unjudged"] == 1
        assert store.rows(search="p-7")[0].cohort == "remote_new_hire"

    def test_the_roster_is_replaced_as_a_whole(self, store: Store) -> None:
        store.set_roster({"a": RosterEntry(person="p-1"), "b": RosterEntry(person="p-2")})
        store.set_roster({"b": RosterEntry(person="p-3", start_on=START.date())})
        assert store.roster() == {"b": RosterEntry(person="p-3", start_on=START.date())}

    def test_what_is_past_its_retention_goes_and_the_rest_stays(self, store: Store, laptop: Laptop) -> None:
        for at, items in enumerate((f"[{DISK}]", f"[{MOUSE}]")):
            self.take(store, laptop.report(seen("usb", items, START + at * MINUTE)), START + at * MINUTE)
        store.note(START, "somebody", "signed in", "")
        assert sum(store.purge(START + timedelta(days=179)).values()) == 0
        deleted = store.purge(START + timedelta(days=181))
        assert {table: count for table, count in deleted.items() if count} == {
            "section_span": 1,
            "observable_span": 1,
            "section_content": 1,
        }
        view = store.view("laptop-1", START + timedelta(days=181))
        assert view is not None
        assert [one.product_id for one in view.of("usb", UsbDevice)] == ["c077"]

    # life --------------------------------------------------------------------------------------
    def test_everything_is_there_after_a_restart(self, url: str) -> None:
        store = open_store(url)
        laptop = self.enrolled(store, "laptop-1")
        first = laptop.report(seen("usb", f"[{MOUSE}]", START))
        self.take(store, first)
        store.save(assessment("laptop-1", START), "v1", None)
        before = (store.devices(), store.view("laptop-1", START), store.sections("laptop-1"), store.rows())
        store.close()
        store = open_store(url)
        assert (store.devices(), store.view("laptop-1", START), store.sections("laptop-1"), store.rows()) == before
        assert self.take(store, first) == "duplicate"
        assert self.take(store, laptop.report(named("usb", f"[{MOUSE}]"))) == "accepted"
        store.close()

    def test_a_second_process_is_noticed(self, store: Store, url: str, laptop: Laptop) -> None:
        self.take(store, laptop.report())
        other = open_store(url)
        second = laptop.report()
        assert self.take(other, second) == "accepted"
        assert self.take(store, second) == "duplicate"
        other.revoke("laptop-1")
        other.close()
        assert self.take(store, laptop.report()) == "revoked"
