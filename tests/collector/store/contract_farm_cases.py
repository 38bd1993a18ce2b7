"""What every store must do with cases of farms, and with analysts' words on shared values."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from farmwatch_collector.cases import Case, CaseConflict, CaseError
from farmwatch_collector.farms.types import Label
from farmwatch_collector.store import Store
from farmwatch_detectors.policy import RosterEntry

from .contract_farms import FarmContract
from .farm_facts import DAY, GATEWAY, also, change, farm
from .moments import MINUTE, START

LAST_DAY = START.date() + 30 * DAY
DEVICES = ("d-1", "d-2", "d-3")


def label(**changes: Any) -> Label:
    values: dict[str, Any] = {
        "kind": "gateway_mac",
        "value": GATEWAY.hex(),
        "place": "office",
        "name": "Berlin",
        "owner": "ann",
        "reason": "our office, the lease is with facilities",
        "until": LAST_DAY,
        "actor": "ann",
    }
    return Label(**{**values, **changes})


class FarmCaseContract(FarmContract):
    """The part of the suite about farms' cases, after that about farms."""

    def kept(self, store: Store, number: int, *devices: str, at: Any = START, **changes: Any) -> int:
        """Keeps a farm as it stands at a moment; returns its number."""
        each = farm(number, *(devices or DEVICES), at=at, **changes)
        return store.save_farms([change(each)], at, ("webhook", "cef")).get(number, number)

    def only(self, store: Store) -> Case:
        (case,) = store.cases()
        return case

    def closed(self, store: Store, closed_as: str, place: str = "") -> int:
        """A farm's case that was closed a minute after it was opened; returns the farm's number."""
        number = self.kept(store, -1)
        until = LAST_DAY.isoformat() if closed_as in ("sanctioned", "benign") else ""
        store.close_case(1, START + MINUTE, "ann", closed_as, "they share a flat", until, place=place)
        return number

    # opening and following -------------------------------------------------------------------------
    def test_a_farms_case_opens_at_review_and_not_below_with_the_farms_members(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        number = self.kept(store, -1, points=50)
        assert store.cases() == []
        self.kept(store, number, points=51, at=START + MINUTE)
        case = self.only(store)
        assert (case.kind, case.farm, case.device, case.name) == ("farm", number, "", f"farm {number}")
        assert (case.state, case.standing, case.level, case.points) == ("open", "new", "review", 51)
        assert (case.members, case.groups, case.points_now, case.level_now) == (DEVICES, (), 51, "review")
        assert store.case(case.id) == case
        kept = store.farm(number)
        assert kept is not None
        assert kept.case == case.id
        assert store.farms()[0].case == case.id
        assert [(each.actor, each.action) for each in store.case_history(case.id)] == [("evaluation", "opened")]

    def test_it_is_told_of_once_per_channel_however_often_the_farm_is_kept(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        number = self.kept(store, -1)
        for minutes in range(1, 4):
            self.kept(store, number, at=START + minutes * MINUTE)
        told = store.notices_waiting()
        assert [(each.channel, each.case) for each in told] == [("webhook", 1), ("cef", 1)]
        body = msgspec.json.decode(told[0].body)
        assert (body["event"], body["farm"], body["members"]) == ("case_opened", number, list(DEVICES))
        assert (body["device"], body["points"]) == ("", 60)

    def test_a_laptop_that_joins_escalates_it_and_becomes_a_member(self, store: Store, five: tuple[str, ...]) -> None:
        number = self.kept(store, -1)
        store.note_case(1, START + MINUTE, "ann", "asked for addresses")
        self.kept(store, number, *DEVICES, "d-5", at=START + 2 * MINUTE)
        case = self.only(store)
        assert (case.standing, case.members) == ("escalating", (*DEVICES, "d-5"))
        assert store.case_history(1)[-1].words == "d-5 joined; review, 60 points"
        # One that leaves stays a member of the case: it is still what was flagged.
        self.kept(store, number, *DEVICES[1:], left={"d-1": START}, at=START + 3 * MINUTE)
        assert self.only(store).members == (*DEVICES, "d-5")

    def test_its_level_rises_at_once_and_drops_after_a_day_although_nothing_else_is_kept(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        number = self.kept(store, -1)
        self.kept(store, number, points=70, at=START + MINUTE)
        assert (self.only(store).level, self.only(store).standing) == ("urgent", "escalating")
        self.kept(store, number, points=56, at=START + 2 * MINUTE)
        # 57 is 10 below urgent, which begins at 67.
        assert self.only(store).low_since == START + 2 * MINUTE
        store.save_farms([], START + DAY)
        assert self.only(store).level == "urgent"
        store.save_farms([], START + 2 * MINUTE + DAY)
        case = self.only(store)
        assert (case.level, case.points, case.low_since) == ("review", 56, None)
        assert store.case_history(1)[-1].action == "dropped"

    def test_a_farm_that_a_label_explains_counts_nothing_and_its_case_stays_for_a_person_to_close(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        number = self.kept(store, -1)
        self.kept(store, number, state="explained", at=START + MINUTE)
        assert self.only(store).points_now == 0
        store.save_farms([], START + MINUTE + DAY)
        case = self.only(store)
        assert (case.state, case.level) == ("open", "none")

    def test_when_a_farm_goes_into_another_its_case_goes_on_as_that_ones(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        first = self.kept(store, -1, "d-1", "d-2")
        second = self.kept(store, -2, "d-3", "d-4", points=40)
        gone = farm(first, state="ended", into=second, left={"d-1": START, "d-2": START}, at=START + MINUTE)
        whole = farm(second, "d-1", "d-2", "d-3", "d-4", points=70, at=START + MINUTE)
        store.save_farms([change(whole, "merged"), change(gone, "merged")], START + MINUTE)
        case = self.only(store)
        assert (case.id, case.farm, case.standing) == (1, second, "escalating")
        assert set(case.members) == {"d-1", "d-2", "d-3", "d-4"}
        assert "merged" in [each.action for each in store.case_history(1)]

    # closing and coming back -----------------------------------------------------------------------
    @pytest.mark.parametrize(
        ("closed_as", "place", "wanted", "devices"),
        [
            ("benign", "", "household", DEVICES),
            ("sanctioned", "", "office", ()),
            ("sanctioned", "staging_bench", "staging_bench", ()),
            ("benign", "co_working", "co_working", ()),
        ],
    )
    def test_a_close_that_explains_makes_a_label_on_what_ties_most_until_its_day_and_members_are_judged_again(
        self, store: Store, five: tuple[str, ...], closed_as: str, place: str, wanted: str, devices: tuple[str, ...]
    ) -> None:
        number = self.closed(store, closed_as, place)
        (made,) = store.labels(START.date())
        assert (made.kind, made.value, made.place) == ("gateway_mac", GATEWAY.hex(), wanted)
        assert (made.until, made.devices, made.farm) == (LAST_DAY, devices, number)
        assert (made.owner, made.actor, made.reason) == ("ann", "ann", "they share a flat")
        assert set(store.due(START + MINUTE, 10)) == set(DEVICES)
        assert store.labels(LAST_DAY + DAY) == []

    def test_a_place_is_known_by_what_its_members_alone_have_and_never_by_what_others_have_too(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        number = self.kept(store, -1)
        exits = [also("egress", 7, *DEVICES), also("egress_block", 8, *DEVICES, "d-5"), also("usb_serial", 9, *DEVICES)]
        each = farm(number, *DEVICES, at=START)
        facts = msgspec.structs.replace(each.facts, shared=(*each.facts.shared, *exits))
        store.save_farms([change(msgspec.structs.replace(each, facts=facts))], START)
        store.close_case(1, START + MINUTE, "ann", "sanctioned", "our office", LAST_DAY.isoformat())
        assert {(one.kind, one.place) for one in store.labels()} == {("gateway_mac", "office"), ("egress", "office")}
        store.reopen_case(1, START + 2 * MINUTE, "bob", "no lease")
        assert store.labels(START.date()) == []

    @pytest.mark.parametrize("closed_as", ["confirmed", "false_reading"])
    def test_other_closes_explain_nothing_and_what_they_saw_brings_nothing_back(
        self, store: Store, five: tuple[str, ...], closed_as: str
    ) -> None:
        number = self.closed(store, closed_as)
        assert store.labels() == []
        self.kept(store, number, points=69, at=START + 2 * MINUTE)
        assert store.cases() == []

    def test_a_place_goes_with_a_farm_that_a_close_explains_and_with_nothing_else(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        self.kept(store, -1)
        with pytest.raises(CaseError, match="A place goes with"):
            store.close_case(1, START, "ann", "confirmed", "seen", place="office")
        with pytest.raises(CaseError, match="A place is one of office"):
            store.close_case(1, START, "ann", "benign", "seen", place="casino")
        assert self.only(store).state == "open"
        assert store.labels() == []

    def test_it_comes_back_by_a_laptop_that_joined_since_and_names_the_case_before(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        number = self.closed(store, "benign")
        self.kept(store, number, state="explained", at=START + 2 * MINUTE)
        assert store.cases() == []
        self.kept(store, number, *DEVICES, "d-4", at=START + DAY)
        case = self.only(store)
        assert (case.id, case.standing, case.previous, case.farm) == (2, "returned", 1, number)
        assert "d-4 joined" in store.case_history(2)[0].words
        kept = store.farm(number)
        assert kept is not None
        assert kept.case == 2

    @pytest.mark.parametrize("explained", [True, False])
    def test_it_comes_back_when_the_day_of_its_label_is_over(
        self, store: Store, five: tuple[str, ...], explained: bool
    ) -> None:
        """Also where something else ties them, so that the label never explained the farm as a whole."""
        number = self.closed(store, "benign")
        state = "explained" if explained else "open"
        self.kept(store, number, state=state, at=START + 2 * MINUTE)
        end = START + 30 * DAY + timedelta(hours=15)  # midnight after the last day; START is 09:00
        store.save_farms([], end - MINUTE)
        assert store.cases() == []
        if explained:
            self.kept(store, number, at=end)
        else:
            store.save_farms([], end)
        assert self.only(store).standing == "returned"
        assert "what case 1 expected has ended" in store.case_history(2)[0].words

    def test_opening_it_again_ends_the_label_of_its_close_and_no_other(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        self.closed(store, "benign")
        other = store.add_label(label(name="another"), START + 2 * MINUTE)
        store.reopen_case(1, START + 3 * MINUTE, "bob", "they do not know each other")
        assert self.only(store).state == "open"
        assert [each.id for each in store.labels(START.date())] == [other.id]
        assert len(store.labels()) == 2

    def test_ending_the_label_by_itself_brings_the_case_back(self, store: Store, five: tuple[str, ...]) -> None:
        number = self.closed(store, "benign")
        self.kept(store, number, state="explained", at=START + 2 * MINUTE)
        store.end_label(store.labels()[0].id, START + DAY, "bob", "the lease was made up")
        self.kept(store, number, at=START + DAY + MINUTE)
        assert self.only(store).standing == "returned"

    # among cases of devices ------------------------------------------------------------------------
    def test_farms_stand_in_the_queue_by_points_and_are_found_by_their_laptops(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        from .contract import assessment

        store.save(assessment("d-5", START, 70, attention="urgent"), "v1", None)
        store.save(assessment("d-1", START, 55, attention="review"), "v1", None)
        self.kept(store, -1, points=60)
        assert [(each.kind, each.points_now) for each in store.cases()] == [
            ("device", 70),
            ("farm", 60),
            ("device", 55),
        ]
        assert [each.kind for each in store.cases(limit=1, after=1)] == ["farm"]
        assert [each.kind for each in store.cases(minimum="urgent")] == ["device"]
        store.set_roster({"d-3": RosterEntry(person="e-77")})
        assert [each.id for each in store.cases(search="E-77")] == [3]
        assert [each.id for each in store.cases(search="d-1.example")] == [3, 2]
        assert [each.id for each in store.cases(search="Farm 1")] == [3]
        assert store.case_counts()["new"] == 3
        assert [each.id for each in store.cases_of("d-1")] == [2]

    def test_a_farms_case_is_worked_on_as_any_other(self, store: Store, five: tuple[str, ...]) -> None:
        number = self.kept(store, -1)
        store.assign_case(1, START, "ann", "ann")
        store.wait_case(1, START, "ann", "HR")
        store.note_case(1, START, "ann", "asked")
        case = self.only(store)
        assert (case.owner, case.state, case.waiting_on) == ("ann", "waiting", "HR")
        self.kept(store, number, points=71, at=START + MINUTE)
        with pytest.raises(CaseConflict, match="changed since you looked"):
            store.close_case(1, START + MINUTE, "ann", "confirmed", "late", version=case.version)
        store.close_case(1, START + MINUTE, "ann", "confirmed", "now seen", version=self.only(store).version)
        assert store.case_counts()["closed"] == 1

    def test_how_a_farm_was_judged_is_no_judgement_of_each_laptop(self, store: Store, five: tuple[str, ...]) -> None:
        self.closed(store, "confirmed")
        assert [each.closed for each in store.histories(START)] == [()] * 5

    # labels ----------------------------------------------------------------------------------------
    def test_a_label_holds_until_its_day_or_until_it_is_ended_and_both_are_in_the_log(self, store: Store) -> None:
        made = store.add_label(label(), START)
        assert (made.id, made.made_at) == (1, START)
        assert store.labels(LAST_DAY) == [made]
        assert store.labels(LAST_DAY + DAY) == []
        store.end_label(1, START + DAY, "bob", "we moved out")
        assert store.labels((START + DAY).date()) == []
        (ended,) = store.labels()
        assert ended.until == START.date()  # it holds no more on the day it was ended
        with pytest.raises(CaseError, match="has ended already"):
            store.end_label(1, START + DAY, "bob", "again")
        with pytest.raises(CaseError, match="no label 9"):
            store.end_label(9, START, "bob", "why not")
        assert [(each.action, each.actor) for each in store.audit("label 1")] == [
            ("label ended", "bob"),
            ("label made", "ann"),
        ]

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"reason": "  "}, "A reason is needed"),
            ({"owner": ""}, "An owner is needed"),
            ({"name": "x" * 65}, "at most 64"),
            ({"name": "x\u202e"}, "draws nothing"),
            ({"place": "casino"}, "one of office"),
            ({"value": "gateway"}, "digest in hex"),
            ({"value": ""}, "digest in hex"),
            ({"until": date(2026, 11, 1)}, "end date"),
            ({"until": date(2027, 11, 2)}, "end date"),
            ({"devices": tuple(f"d-{number}" for number in range(257))}, "at most 256"),
        ],
    )
    def test_a_label_that_nobody_could_understand_later_is_refused(
        self, store: Store, changes: dict[str, Any], problem: str
    ) -> None:
        with pytest.raises(CaseError, match=problem):
            store.add_label(label(**changes), START)
        assert store.labels() == []

    def test_a_label_made_for_a_farm_stands_in_its_history(self, store: Store, five: tuple[str, ...]) -> None:
        number = self.kept(store, -1, points=40)
        store.add_label(label(farm=number), START + MINUTE)
        (event,) = store.farm_history(number)
        assert (event.action, event.actor) == ("labelled", "ann")
        assert "Berlin" in event.words
