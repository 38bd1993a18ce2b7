"""What every store must do with ties, farms and what is asked of devices to judge them."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from farmwatch_collector.assessment import Bar, GroupLevel
from farmwatch_collector.store import Store, open_store

from ..laptops import Laptop, section
from .farm_facts import DAY, change, farm
from .moments import MINUTE, START

#: log2(0.0001 / 0.9999): the base rate of docs/scoring.md.
BASE_BITS = -13.287568
BASE = Bar(kind="prior", key="base", label="base rate", bits=BASE_BITS, points=0.0)


def input_day(day: date, *slots: int, watched: int = 600) -> str:
    """One day's input with these quarters of an hour: 24 hex digits, the first slot first (docs/facts.md)."""
    bits = "".join("1" if slot in slots else "0" for slot in range(96))
    told = {
        "type": "input_day",
        "day": day.isoformat(),
        "method": "evdev",
        "active": 15 * len(slots),
        "slots": f"{int(bits, 2):024x}",
        "watched": watched,
    }
    return json.dumps([told])


def slots_of(bits: int) -> list[int]:
    return [slot for slot in range(96) if bits >> slot & 1]


class FarmContract:
    """The part of the suite about farms; `StoreContract` gives `store`, `laptop`, `take` and `enrolled`."""

    enrolled: Any
    take: Any

    @pytest.fixture
    def five(self, store: Store) -> tuple[str, ...]:
        names = tuple(f"d-{number}" for number in range(1, 6))
        for name in names:
            self.enrolled(store, name)
        return names

    def judged_with(self, store: Store, device: str, bars: Any, *groups: GroupLevel) -> None:
        from .contract import assessment

        store.save(assessment(device, START, 40, attention="watch", groups=groups, bars=bars), "v1", None)

    # ties ------------------------------------------------------------------------------------------
    def test_what_a_device_has_is_one_row_replaced_as_a_whole(
        self, store: Store, five: tuple[str, ...], url: str
    ) -> None:
        store.save_ties("d-2", b"second", START)
        store.save_ties("d-1", b"first", START)
        store.save_ties("d-2", b"second again", START + MINUTE)
        store.save_ties("nobody", b"unknown", START)
        wanted = [("d-1", b"first"), ("d-2", b"second again")]
        assert list(store.device_ties()) == wanted
        again = open_store(url)
        assert list(again.device_ties()) == wanted
        again.close()

    # what a device is judged by --------------------------------------------------------------------
    def test_a_score_leaves_the_ties_out_and_says_its_base_rate_apart(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        cohort = Bar(kind="cohort", key="cohort", label="remote new hires", bits=3.3, points=0.0)
        tool = GroupLevel(group="R", level=2, bits=4.0, detector="remote_access_tool")
        tie = GroupLevel(group="F", level=3, bits=6.0, detector="shared_gateway")
        quiet = GroupLevel(group="N", level=0, bits=-1.5)
        self.judged_with(store, "d-1", (BASE, cohort), tool, tie, quiet)
        found = store.scores(["d-1", "d-2", "nobody"])
        assert list(found) == ["d-1"]  # d-2 was never judged
        one = found["d-1"]
        assert (one.points, one.attention, one.name) == (40, "watch", "d-1.example")
        assert one.bits == pytest.approx(2.5)  # 4.0 - 1.5, without the 6.0 of the tie
        assert one.probability == pytest.approx(1 / (1 + 2 ** -(BASE_BITS + 3.3 + 2.5)))
        assert one.seen_at is None  # it has not reported yet

    def test_a_kvm_keeps_its_floor_without_the_ties_and_records_alone_stay_nothing(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        tie = GroupLevel(group="F", level=3, bits=6.0, detector="shared_gateway")
        kvm = GroupLevel(group="H", level=1, bits=1.0, detector="ip_kvm_identity", floor=True)
        records = GroupLevel(group="HR", level=1, bits=2.0, detector="roster_mismatch")
        self.judged_with(store, "d-1", (BASE,), kvm, tie)
        self.judged_with(store, "d-2", (BASE,), records, tie)
        found = store.scores(["d-1", "d-2"])
        assert found["d-1"].probability == pytest.approx(0.10)  # review begins there
        assert found["d-2"].bits == pytest.approx(0.0)
        assert found["d-2"].probability == pytest.approx(0.0001)

    def test_activity_is_every_day_as_far_as_any_report_told_it(self, store: Store, laptop: Laptop) -> None:
        today = START.date()
        told = ((0, (36,)), (5, (36, 37)), (30, (36, 37, 40)))
        for minutes, slots in told:
            at = START + minutes * MINUTE
            part = section("input_source", input_day(today, *slots), "found", at.timestamp())
            assert self.take(store, laptop.report(part), at) == "accepted"
        old = START + DAY
        part = section("input_source", input_day(today - 40 * DAY, 1), "found", old.timestamp())
        assert self.take(store, laptop.report(part), old) == "accepted"
        found = store.activity(["laptop-1", "nobody"], today - 30 * DAY)
        assert list(found) == ["laptop-1"]
        assert {day: slots_of(bits) for day, bits in found["laptop-1"].slots.items()} == {today: [36, 37, 40]}
        assert (found["laptop-1"].watched, found["laptop-1"].source) == ({today: 600}, "input_source")

    def test_where_input_is_not_told_logins_that_ended_tell_activity(self, store: Store, laptop: Laptop) -> None:
        began = START + 2 * timedelta(hours=1)  # 11:00 is the 44th quarter of an hour
        lasting = {"type": "session", "origin": "console", "since": began.strftime("%Y-%m-%dT%H:%MZ")}
        for minutes, sessions in ((0, []), (121, [lasting]), (165, [])):
            at = START + minutes * MINUTE
            part = section("sessions", json.dumps(sessions), "found" if sessions else "none", at.timestamp())
            assert self.take(store, laptop.report(part), at) == "accepted"
        found = store.activity(["laptop-1"], START.date())["laptop-1"]
        assert found.source == "sessions"
        assert slots_of(found.slots[START.date()])[0] == 44

    def test_a_device_of_which_nobody_knows_when_it_was_used_is_left_out(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        assert store.activity(five, START.date()) == {}

    # farms -----------------------------------------------------------------------------------------
    def test_a_new_farm_is_given_a_number_and_keeps_it_while_members_come_and_go(
        self, store: Store, five: tuple[str, ...], url: str
    ) -> None:
        new = [change(farm(-1, "d-1", "d-2", points=40), "found"), change(farm(-2, "d-3", "d-4", points=20), "found")]
        numbers = store.save_farms(new, START)
        assert sorted(numbers) == [-2, -1]
        first = numbers[-1]
        later = farm(first, "d-2", "d-5", left={"d-1": START + DAY}, points=45, at=START + DAY)
        assert store.save_farms([change(later, "joined", "left", before=40)], START + DAY) == {}
        kept = store.farm(first)
        assert kept == later
        assert [each.action for each in store.farm_history(first)] == ["found", "joined", "left"]
        assert [each.id for each in store.farms_of("d-5")] == [first]
        assert store.farms_of("d-1") == []
        again = open_store(url)
        assert again.farm(first) == later
        again.close()

    def test_farms_come_by_points_and_page_by_page(self, store: Store, five: tuple[str, ...]) -> None:
        made = [farm(-number, f"d-{number}", points=points) for number, points in enumerate((34, 70, 34, 10), start=1)]
        numbers = store.save_farms([change(each) for each in made], START)
        order = [numbers[-2], *sorted((numbers[-1], numbers[-3])), numbers[-4]]
        assert [each.id for each in store.farms()] == order
        assert [each.id for each in store.farms(minimum="watch")] == order[:3]
        assert [each.id for each in store.farms(limit=2)] == order[:2]
        assert [each.id for each in store.farms(limit=2, after=order[1])] == order[2:]

    def test_a_farm_that_is_explained_or_has_ended_is_no_open_one(self, store: Store, five: tuple[str, ...]) -> None:
        numbers = store.save_farms([change(farm(-1, "d-1", "d-2")), change(farm(-2, "d-3", "d-4"))], START)
        explained = farm(numbers[-1], "d-1", "d-2", state="explained")
        ended = farm(numbers[-2], state="ended", left={"d-3": START + DAY, "d-4": START + DAY}, at=START + DAY)
        store.save_farms([change(explained), change(ended)], START + DAY)
        assert store.farms() == []
        assert [each.id for each in store.farms(("explained",))] == [numbers[-1]]
        assert [each.id for each in store.farms(("ended",))] == [numbers[-2]]
        assert [each.id for each in store.farms_of("d-1")] == [numbers[-1]]
        assert store.farms_of("d-3") == []

    def test_a_new_farm_of_the_very_members_of_a_kept_one_is_that_one(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        first = store.save_farms([change(farm(-1, "d-1", "d-2"), "found")], START)
        # Another collector found it, too; or this one was killed between saving it and being told its number.
        assert store.save_farms([change(farm(-7, "d-1", "d-2"), "found")], START) == {-7: first[-1]}
        other = store.save_farms([change(farm(-1, "d-1", "d-2", "d-3"), "found")], START)
        assert other[-1] != first[-1]
        assert len(store.farms()) == 2

    def test_farms_that_are_named_in_one_saving_are_told_by_their_new_numbers(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        old = store.save_farms([change(farm(-1, "d-1", "d-2")), change(farm(-2, "d-3"))], START)
        whole = farm(-5, "d-1", "d-2", "d-3", previous=tuple(sorted(old.values())), at=START + DAY)
        gone = [farm(number, state="ended", into=-5, at=START + DAY) for number in old.values()]
        numbers = store.save_farms([*(change(each, "merged") for each in gone), change(whole, "merged")], START + DAY)
        made = store.farm(numbers[-5])
        assert made is not None
        assert made.previous == tuple(sorted(old.values()))
        assert {each.into for each in store.farms(("ended",))} == {numbers[-5]}

    def test_a_farm_goes_400_days_after_it_ended_and_never_while_a_case_names_it(
        self, store: Store, five: tuple[str, ...]
    ) -> None:
        new = [change(farm(-1, "d-1", "d-2", points=40), "found"), change(farm(-2, "d-3", "d-4", points=60), "found")]
        numbers = store.save_farms(new, START)
        gone = [farm(number, state="ended", at=START) for number in numbers.values()]
        store.save_farms([change(each, "ended") for each in gone], START)
        assert store.purge(START + 399 * DAY)["farm"] == 0
        deleted = store.purge(START + 401 * DAY)
        assert [deleted[table] for table in ("farm", "farm_member", "farm_event")] == [1, 2, 2]
        assert [each.id for each in store.farms(("ended",))] == [numbers[-2]]
        assert len(store.farm_history(numbers[-2])) == 2
