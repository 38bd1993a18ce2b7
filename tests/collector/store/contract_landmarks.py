"""What every store must do with doubted landmarks, and with what a plan is made from."""

from datetime import timedelta
from typing import Any

from farmwatch_collector.place.quarantine import decided
from farmwatch_collector.place.samples import KeptDay
from farmwatch_collector.place.types import Witness
from farmwatch_collector.store import Store
from farmwatch_detectors.placing import DayVerdict, Spot
from farmwatch_detectors.policy import Claim, RosterEntry

from ..laptops import Laptop
from .moments import START

DAY = timedelta(days=1)
TOKYO = "oracle:ap-tokyo-1"


def witness(device: str) -> Witness:
    return Witness(
        landmark=TOKYO, device=device, day=START.date(), rtt_ms=8.0, against=("vultr:wa-us", "gcp:us-west1"),
        km=6_500.0, part="north_america", ties=(f"gateway-{device}",),
    )  # fmt: skip


def day(days_ago: int, estimate: Spot | None) -> KeptDay:
    on = (START - days_ago * DAY).date()
    verdict = DayVerdict(day=on, verdict="consistent", sentence="Nothing speaks against it.", estimate=estimate)
    return KeptDay(day=on, basis=b"one", verdict=verdict)


class LandmarkContract:
    """The part of the suite about landmarks; `StoreContract` gives `store`, `laptop` and `enrolled`."""

    enrolled: Any

    def test_two_witnesses_put_a_landmark_in_quarantine_with_an_audit_line(self, store: Store) -> None:
        (first,) = store.witness_landmarks([witness("a")], 186, START)
        assert first.state == "suspected"
        assert store.audit(TOKYO) == []
        (second,) = store.witness_landmarks([witness("b")], 186, START)
        assert store.landmark_states() == {TOKYO: second}
        assert second.state == "quarantined"
        (line,) = store.audit(TOKYO)
        assert (line.actor, line.action) == ("farmwatch", "landmark_quarantined")
        assert line.before.startswith("suspected: ")
        assert line.after == second.reason

    def test_what_changes_nothing_is_not_written(self, store: Store) -> None:
        store.witness_landmarks([witness("a"), witness("b")], 186, START)
        assert store.witness_landmarks([witness("c")], 186, START + DAY) == []
        assert store.witness_landmarks([], 186, START) == []

    def test_a_person_lifts_a_quarantine_with_an_audit_line(self, store: Store) -> None:
        store.witness_landmarks([witness("a"), witness("b")], 186, START)
        lifted = decided(TOKYO, "lifted", "Our own firewall answered.", START + DAY, "command line (somebody)")
        store.decide_landmark(lifted)
        assert store.landmark_states() == {TOKYO: lifted}
        line = store.audit(TOKYO)[0]
        assert (line.actor, line.action) == ("command line (somebody)", "landmark_lifted")
        assert line.before.startswith("quarantined: ")
        assert line.after == "Our own firewall answered."

    def test_a_plan_is_made_from_the_claim_and_the_last_estimate(self, store: Store, laptop: Laptop) -> None:
        assert store.plan_facts(laptop.device) == (None, None)
        claim = Claim(place="Seattle, WA, US", latitude=47.6, longitude=-122.3)
        store.set_roster({laptop.device: RosterEntry(person="p-1", claim=claim)})
        older = Spot(place="Portland, US", latitude=45.5, longitude=-122.7, radius_km=300.0)
        newer = Spot(place="Dublin, IE", latitude=53.3, longitude=-6.2, radius_km=300.0)
        store.save_place_days(laptop.device, [day(3, older), day(1, newer), day(0, None)], START)
        assert store.plan_facts(laptop.device) == (claim, newer)
        other = self.enrolled(store, "laptop-2")
        assert store.plan_facts(other.device) == (None, None)
        assert store.plan_facts("nobody") == (None, None)
