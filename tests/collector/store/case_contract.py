"""What every store must do with cases: a part of the contract suite."""

import threading
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from farmwatch_collector.assessment import GroupLevel
from farmwatch_collector.cases import CaseConflict, CaseError
from farmwatch_collector.store import Store, open_store
from farmwatch_schema.finding import Evidence, Finding

from ..laptops import Laptop
from .moments import MINUTE, START

DAY = timedelta(days=1)
H2 = GroupLevel(group="H", level=2, bits=4.0, detector="ip_kvm_identity")
R2 = GroupLevel(group="R", level=2, bits=4.0, detector="remote_access_tool")
TOOL = Finding(
    detector="remote_access_tool",
    group="R",
    level=2,
    sentence="RustDesk runs.",
    evidence=(Evidence(kind="processes", subject="program rustdesk", fact="Runs."),),
    subject="rustdesk",
)
STEPS = ((83, "near_certain"), (67, "urgent"), (51, "review"), (33, "watch"))


def level_of(points: int) -> str:
    """The level that docs/scoring.md gives to so many points."""
    return next((word for least, word in STEPS if points >= least), "none")


class CaseContract:
    """The suite; `StoreContract` has the fixtures."""

    def judged(self, store: Store, at: Any, points: int, channels: tuple[str, ...] = (), **changes: Any) -> None:
        from .contract import assessment

        values = {"attention": level_of(points), **changes}
        store.save(assessment("laptop-1", at, points, **values), "v1", None, channels)

    def test_a_case_opens_at_review_and_not_below(self, store: Store, laptop: Laptop) -> None:
        self.judged(store, START, 50)
        assert store.cases() == []
        self.judged(store, START + MINUTE, 51)
        (case,) = store.cases()
        assert (case.device, case.members, case.state, case.standing) == ("laptop-1", ("laptop-1",), "open", "new")
        assert (case.level, case.points, case.groups, case.previous) == ("review", 51, ("H",), None)
        assert store.case(case.id) == case
        assert store.cases_of("laptop-1") == [case]
        assert [(event.actor, event.action) for event in store.case_history(case.id)] == [("evaluation", "opened")]

    def test_it_is_told_of_once_per_channel_however_often_it_is_judged(self, store: Store, laptop: Laptop) -> None:
        for number in range(5):
            self.judged(store, START + number * MINUTE, 60, ("webhook", "cef"))
        told = store.notices_waiting()
        assert [(each.channel, each.case) for each in told] == [("webhook", 1), ("cef", 1)]
        assert msgspec.json.decode(told[0].body) == {
            "event": "case_opened",
            "case": 1,
            "device": "laptop-1",
            "level": "review",
            "points": 60,
            "groups": ["H"],
            "sentence": "One thing stands out.",
            "at": "2026-11-02T09:00:00Z",
        }
        assert len({each.name for each in told}) == 2

    def test_two_collectors_that_judge_at_once_open_one_case(self, store: Store, url: str, laptop: Laptop) -> None:
        stores = [store, *(open_store(url) for _ in range(3))]
        begin = threading.Barrier(len(stores))

        def work(each: Store) -> None:
            begin.wait(10)
            for number in range(10):
                self.judged(each, START + number * MINUTE, 60, ("webhook",))

        threads = [threading.Thread(target=work, args=(each,)) for each in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store.cases_of("laptop-1")) == 1
        assert len(store.notices_waiting()) == 1
        for each in stores[1:]:
            each.close()

    def test_a_case_that_fell_is_judged_again_after_a_day_although_nothing_else_is_due(
        self, store: Store, laptop: Laptop
    ) -> None:
        self.judged(store, START, 60)
        self.judged(store, START + MINUTE, 20)
        assert store.next_due() == START + MINUTE + DAY
        self.judged(store, START + MINUTE + DAY, 20)
        (case,) = store.cases()
        assert (case.level, case.points, case.low_since) == ("none", 20, None)
        assert store.case_history(case.id)[-1].action == "dropped"

    def test_each_act_changes_is_told_and_leaves_an_audit_line(self, store: Store, laptop: Laptop) -> None:
        self.judged(store, START, 60)
        store.assign_case(1, START + MINUTE, "ann", "ann")
        store.wait_case(1, START + 2 * MINUTE, "ann", "HR")
        store.note_case(1, START + 3 * MINUTE, "ann", "asked for the address")
        case = store.case(1)
        assert case is not None
        assert (case.owner, case.state, case.waiting_on, case.standing) == ("ann", "waiting", "HR", "ongoing")
        assert [(each.action, each.words) for each in store.case_history(1)][1:] == [
            ("assigned", "to ann"),
            ("waiting", "on HR"),
            ("noted", "asked for the address"),
        ]
        lines = store.audit("case 1")
        assert [(each.actor, each.action, each.before, each.after) for each in lines] == [
            ("ann", "case noted", "", "asked for the address"),
            ("ann", "case waiting", "", "HR"),
            ("ann", "case assigned", "", "ann"),
            ("evaluation", "case opened", "", "review"),
        ]
        assert store.audit("case 1", limit=1, before=lines[0].id) == [lines[1]]

    def test_a_change_that_the_caller_has_not_seen_refuses_the_act(self, store: Store, laptop: Laptop) -> None:
        self.judged(store, START, 60)
        seen = store.cases()[0].version
        self.judged(store, START + MINUTE, 60, findings=(TOOL,))
        with pytest.raises(CaseConflict, match="changed since you looked"):
            store.close_case(1, START + MINUTE, "ann", "benign", "why not", version=seen)
        assert store.cases()[0].state == "open"
        store.close_case(1, START + MINUTE, "ann", "benign", "looked again", version=store.cases()[0].version)
        with pytest.raises(CaseConflict, match="closed already"):
            store.close_case(1, START + MINUTE, "bob", "confirmed", "late")
        with pytest.raises(CaseError, match="no case 9"):
            store.note_case(9, START, "ann", "x")

    def test_a_sanctioned_close_says_what_may_be_there_and_makes_the_device_due(
        self, store: Store, laptop: Laptop
    ) -> None:
        self.judged(store, START, 60)
        store.assign_case(1, START, "ann", "ann")
        until = (START + 30 * DAY).date().isoformat()
        store.close_case(1, START + MINUTE, "ann", "sanctioned", "the lab's KVM", until)
        assert store.due(START + MINUTE, 10) == ["laptop-1"]
        view = store.view("laptop-1", START + 2 * MINUTE)
        assert view is not None
        (held,) = view.expectations
        assert (held.detector, held.subject, held.level, held.group, held.groups) == (
            "ip_kvm_identity",
            "1-4",
            2,
            "H",
            ("H",),
        )
        assert (held.owner, held.reason, held.case) == ("ann", "the lab's KVM", 1)
        # 2026-12-02 is the last day it holds.
        assert held.until.isoformat() == "2026-12-03T00:00:00+00:00"
        later = store.view("laptop-1", held.until)
        assert later is not None
        assert later.expectations == ()

    @pytest.mark.parametrize("closed_as", ["confirmed", "false_reading"])
    def test_other_closes_expect_nothing_and_what_they_saw_brings_nothing_back(
        self, store: Store, laptop: Laptop, closed_as: str
    ) -> None:
        self.judged(store, START, 60)
        store.close_case(1, START + MINUTE, "ann", closed_as, "door log agrees")
        view = store.view("laptop-1", START + 2 * MINUTE)
        assert view is not None
        assert view.expectations == ()
        self.judged(store, START + 2 * MINUTE, 69)
        assert store.cases() == []

    def test_a_returned_device_is_a_new_case_that_names_the_old_one(self, store: Store, laptop: Laptop) -> None:
        self.judged(store, START, 60, ("webhook",))
        store.close_case(1, START + MINUTE, "ann", "confirmed", "handed to HR")
        self.judged(store, START + 2 * MINUTE, 62, ("webhook",), groups=(H2, R2))
        (case,) = store.cases()
        assert (case.id, case.standing, case.previous, case.groups) == (2, "returned", 1, ("H", "R"))
        assert "a new group (remote software)" in store.case_history(2)[0].words
        assert [msgspec.json.decode(each.body)["event"] for each in store.notices_waiting()] == [
            "case_opened",
            "case_returned",
        ]

    def test_a_judgement_that_began_before_the_close_opens_nothing(self, store: Store, laptop: Laptop) -> None:
        self.judged(store, START, 60)
        store.close_case(1, START + MINUTE, "ann", "benign", "a demonstration")
        # As of a moment after the close, yet made from a view read before it: what is expected still counts in it.
        self.judged(store, START + 2 * MINUTE, 75)
        assert store.cases() == []
        assert store.cases_of("laptop-1")[0].rest is None

    def test_a_wrong_close_can_be_taken_back_with_what_it_expected(self, store: Store, laptop: Laptop) -> None:
        self.judged(store, START, 60)
        store.close_case(1, START + MINUTE, "ann", "benign", "a demonstration")
        store.reopen_case(1, START + 2 * MINUTE, "bob", "nobody demonstrated anything")
        (case,) = store.cases()
        assert (case.id, case.state, case.closed_as, case.until) == (1, "open", "", None)
        view = store.view("laptop-1", START + 3 * MINUTE)
        assert view is not None
        assert view.expectations == ()
        with pytest.raises(CaseConflict, match="still open"):
            store.reopen_case(1, START + 3 * MINUTE, "bob", "again")

    def test_a_judgement_that_began_while_an_act_was_written_is_repeated(self, store: Store, laptop: Laptop) -> None:
        self.judged(store, START, 60)
        store.close_case(1, START + MINUTE, "ann", "benign", "a demonstration")
        reopened = START + 2 * MINUTE
        store.reopen_case(1, reopened, "bob", "nobody demonstrated anything")
        # Begun a second after the request and before its commit: what was expected still counted in its view.
        self.judged(store, reopened + timedelta(seconds=1), 0)
        assert store.due(reopened + MINUTE, 10) == ["laptop-1"]
        self.judged(store, reopened + MINUTE, 60)
        assert store.due(reopened + 2 * MINUTE, 10) == []

    def test_a_closed_case_stays_closed_where_a_later_one_is_open(self, store: Store, laptop: Laptop) -> None:
        self.judged(store, START, 60)
        store.close_case(1, START + MINUTE, "ann", "confirmed", "handed to HR")
        self.judged(store, START + 2 * MINUTE, 80)
        with pytest.raises(CaseConflict, match="Another case about this device is open"):
            store.reopen_case(1, START + 3 * MINUTE, "bob", "too early")

    def test_the_queue_is_filtered_ordered_and_goes_on_after_any_case(self, store: Store) -> None:
        from .contract import StoreContract, assessment

        for device, points in (("a", 55), ("b", 90), ("c", 55), ("d", 70)):
            StoreContract().enrolled(store, device)
            store.save(assessment(device, START, points, attention=level_of(points)), "v1", None)
        whole = store.cases()
        assert [case.device for case in whole] == ["b", "d", "a", "c"]
        for place, case in enumerate(whole):
            assert store.cases(after=case.id) == whole[place + 1 :]
        assert [case.device for case in store.cases(minimum="urgent")] == ["b", "d"]
        store.assign_case(whole[0].id, START, "ann", "ann")
        assert [case.device for case in store.cases(owners=["ann"])] == ["b"]
        assert [case.device for case in store.cases(owners=["ann", ""], limit=2)] == ["b", "d"]
        assert [case.device for case in store.cases(standing="ongoing")] == ["b"]
        assert [case.device for case in store.cases(standing="new", search="C")] == ["c"]
        store.close_case(whole[1].id, START, "ann", "confirmed", "yes")
        assert [case.device for case in store.cases(("closed",))] == ["d"]
        assert store.cases(("open", "waiting", "closed"), standing="ongoing", search="d") == []
        counted = store.case_counts()
        assert {word: count for word, count in counted.items() if count} == {
            "open": 3,
            "closed": 1,
            "new": 2,
            "ongoing": 1,
            "unassigned": 2,
        }

    def test_a_notice_is_claimed_by_one_and_due_again_when_it_was_not_taken(self, store: Store, laptop: Laptop) -> None:
        self.judged(store, START, 60, ("webhook", "cef"))
        assert store.claim_notice(START - MINUTE, ["webhook"]) is None
        first = store.claim_notice(START, ["webhook"])
        assert first is not None
        assert (first.channel, first.attempts) == ("webhook", 1)
        assert store.claim_notice(START, ["webhook"]) is None
        again = store.claim_notice(START + 3 * MINUTE, ["webhook"])
        assert again is not None
        assert (again.name, again.attempts) == (first.name, 2)
        store.notice_failed(again.name, "answered 503", START + 10 * MINUTE)
        assert [each.problem for each in store.notices_waiting()] == ["answered 503", ""]
        assert store.claim_notice(START + 9 * MINUTE, ["webhook"]) is None
        store.notice_sent(again.name, START + 10 * MINUTE)
        assert store.claim_notice(START + DAY, ["webhook"]) is None
        assert [each.channel for each in store.notices_waiting()] == ["cef"]

    def test_a_case_goes_as_a_whole_400_days_after_its_close_and_never_while_open(
        self, store: Store, laptop: Laptop
    ) -> None:
        self.judged(store, START, 60, ("webhook",))
        assert "case_head" not in {table for table, count in store.purge(START + 1000 * DAY).items() if count}
        store.close_case(1, START, "ann", "benign", "a demonstration")
        assert store.purge(START + 399 * DAY)["case_head"] == 0
        deleted = store.purge(START + 401 * DAY)
        wanted = ("case_head", "case_member", "case_event", "expectation")
        assert [deleted[table] for table in wanted] == [1, 1, 2, 1]
        assert store.cases_of("laptop-1") == []
