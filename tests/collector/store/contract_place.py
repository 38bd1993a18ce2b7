"""What every store must do with measurements and what is made of them."""

import json
from datetime import date, timedelta
from typing import Any

from farmwatch_collector.place.samples import KeptDay, Samples
from farmwatch_collector.store import Store
from farmwatch_detectors.placing import DayVerdict
from farmwatch_schema.observables.latency import RoundTrips

from ..laptops import Laptop, section
from .moments import START

DAY = timedelta(days=1)


def latency(landmark: str, ms: float) -> str:
    trip = {"type": "round_trips", "landmark": landmark, "method": "tcp", "family": "ipv4", "count": 5, "min_ms": ms}
    return json.dumps([trip])


def measured(laptop: Laptop, landmark: str, ms: float, at: Any) -> bytes:
    """A report with one sample, as the agent makes it: items and no digest."""
    one = section("latency", latency(landmark, ms), "found", at.timestamp())
    one["digest"] = ""
    return laptop.report(one)


def kept(day: date, basis: bytes = b"one", sentence: str = "Nothing speaks against the claim.") -> KeptDay:
    verdict = DayVerdict(day=day, verdict="consistent", sentence=sentence, landmarks=9)
    return KeptDay(day=day, basis=basis, verdict=verdict, measured=("aws:eu-west-1",))


class PlaceContract:
    """The part of the suite about places; `StoreContract` gives `store`, `laptop` and `take`."""

    take: Any

    def test_samples_of_the_last_eight_days_are_in_the_view_oldest_first(self, store: Store, laptop: Laptop) -> None:
        for days in (9, 7, 3, 0):
            at = START - days * DAY
            assert self.take(store, measured(laptop, f"test:{days}", 10.0 + days, at), START) == "accepted"
        view = store.view(laptop.device, START)
        assert view is not None
        found = view.samples["latency"]
        assert [[item.landmark for item in each.of(RoundTrips)] for each in found] == [
            ["test:7"],
            ["test:3"],
            ["test:0"],
        ]
        assert [each.observed_at for each in found] == [START - 7 * DAY, START - 3 * DAY, START]

    def test_a_report_that_came_twice_is_one_sample(self, store: Store, laptop: Laptop) -> None:
        data = measured(laptop, "test:a", 10.0, START)
        assert self.take(store, data) == "accepted"
        assert self.take(store, data) == "duplicate"
        view = store.view(laptop.device, START)
        assert view is not None
        assert len(view.samples["latency"]) == 1

    def test_a_device_that_never_measured_has_no_samples(self, store: Store, laptop: Laptop) -> None:
        view = store.view(laptop.device, START)
        assert view is not None
        assert dict(view.samples) == {}

    def test_what_was_made_of_a_day_is_kept_and_replaced(self, store: Store, laptop: Laptop) -> None:
        today = START.date()
        first, second = kept(today - DAY), kept(today)
        store.save_place_days(laptop.device, [first, second], START)
        again = kept(today, b"two", "Another claim.")
        store.save_place_days(laptop.device, [again], START)
        assert store.place_days(laptop.device, today - DAY) == [first, again]
        assert store.place_days(laptop.device, today) == [again]
        assert store.place_days("nobody", today) == []

    def test_what_was_made_of_days_comes_with_the_samples(self, store: Store, laptop: Laptop) -> None:
        self.take(store, measured(laptop, "test:a", 10.0, START))
        store.save_place_days(laptop.device, [kept(START.date())], START)
        view = store.view(laptop.device, START)
        assert view is not None
        assert isinstance(view.samples, Samples)
        assert view.samples.kept == {START.date(): kept(START.date())}

    def test_days_are_forgotten_after_thirty_days(self, store: Store, laptop: Laptop) -> None:
        store.save_place_days(laptop.device, [kept(START.date())], START)
        assert store.purge(START + 31 * DAY)["place_day"] == 1
        assert store.place_days(laptop.device, START.date()) == []
