"""What every store must do with public addresses and sign-ins."""

import hashlib
from datetime import timedelta
from typing import Any

import msgspec

from farmwatch_collector.store import Store, open_store
from farmwatch_collector.store.protocol import Incoming
from farmwatch_collector.store.protocol_network import MAX_NEW_ADDRESSES_PER_DAY, Origin
from farmwatch_detectors.placing import SignIn
from farmwatch_schema.codec import decode_report
from farmwatch_schema.identifiers import Identifier, Keyer

from ..laptops import Laptop
from .moments import START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEYER = Keyer(bytes(32), "test")


def keyed(text: str) -> Identifier:
    return KEYER.key("address", text)


HOME = Origin(keyed("192.0.2.1"), "residential", 64496, "Example Cable", "US")
TUNNEL = Origin(keyed("198.51.100.7"), "vpn", 64497, "Example Tunnels", "RO")


class NetworkContract:
    """The part of the suite about networks; `StoreContract` gives `store`, `laptop` and `enrolled`."""

    enrolled: Any

    def came(self, store: Store, laptop: Laptop, at: Any, origin: Origin | None) -> str:
        data = laptop.report()
        one = Incoming(decode_report(data), hashlib.sha256(data).hexdigest(), at, origin)
        (answer,) = store.commit([one])
        return answer.status

    def test_an_address_is_one_row_with_its_class_first_and_last_time_and_days(
        self, store: Store, laptop: Laptop, url: str
    ) -> None:
        for hours in (0, 1, 8, 23, 24, 30, 80):
            assert self.came(store, laptop, START + hours * HOUR, HOME) == "accepted"
        (found,) = store.egress("laptop-1", START + 80 * HOUR)
        assert found.address.same(HOME.address)
        assert (found.kind, found.asn, found.network, found.country) == (
            "residential",
            64496,
            "Example Cable",
            "US",
        )
        # START is 09:00: the reports fall on the 2nd, 3rd and 5th of November.
        assert [day.day for day in found.days] == [2, 3, 5]
        assert (found.seen_from, found.seen_until) == (START, START + 80 * HOUR)
        view = store.view("laptop-1", START + 80 * HOUR)
        assert view is not None
        assert view.egress == (found,)
        again = open_store(url)
        assert again.egress("laptop-1", START + 80 * HOUR) == [found]
        again.close()

    def test_the_block_around_an_address_is_kept_and_a_row_without_one_has_none(
        self, store: Store, laptop: Laptop
    ) -> None:
        block = keyed("192.0.2.0/24")
        self.came(store, laptop, START, msgspec.structs.replace(HOME, block=block))
        self.came(store, laptop, START + HOUR, TUNNEL)
        home, tunnel = store.egress("laptop-1", START + 2 * HOUR)
        assert home.block is not None
        assert home.block.same(block)
        assert tunnel.block is None

    def test_two_addresses_in_turn_are_two_rows_that_each_know_their_last_time(
        self, store: Store, laptop: Laptop
    ) -> None:
        for minutes, origin in ((0, HOME), (30, HOME), (60, TUNNEL), (90, TUNNEL), (120, HOME)):
            self.came(store, laptop, START + timedelta(minutes=minutes), origin)
        home, tunnel = store.egress("laptop-1", START + DAY)
        assert (home.kind, tunnel.kind) == ("residential", "vpn")
        assert home.seen_until == START + timedelta(minutes=120)
        assert (tunnel.seen_from, tunnel.seen_until) == (
            START + timedelta(minutes=60),
            START + timedelta(minutes=90),
        )

    def test_while_the_address_stays_its_last_time_is_at_most_six_hours_old(self, store: Store, laptop: Laptop) -> None:
        for minutes in range(0, 600, 60):
            self.came(store, laptop, START + timedelta(minutes=minutes), HOME)
        (found,) = store.egress("laptop-1", START + DAY)
        assert found.seen_until >= START + timedelta(minutes=540) - 6 * HOUR
        assert found.seen_from == START

    def test_an_address_ends_after_thirty_days_and_is_deleted_after_sixty(self, store: Store, laptop: Laptop) -> None:
        self.came(store, laptop, START, TUNNEL)
        self.came(store, laptop, START + 40 * DAY, HOME)
        assert [each.kind for each in store.egress("laptop-1", START + 40 * DAY)] == ["residential"]
        assert store.purge(START + 59 * DAY)["egress_span"] == 0
        assert store.purge(START + 61 * DAY)["egress_span"] == 1

    def test_what_is_refused_or_came_twice_and_what_has_no_origin_leaves_no_address(
        self, store: Store, laptop: Laptop
    ) -> None:
        assert self.came(store, laptop, START, None) == "accepted"
        laptop.sequence -= 1
        assert self.came(store, laptop, START, TUNNEL) in ("duplicate", "forked")
        assert store.egress("laptop-1", START) == []
        assert store.egress("nobody", START) == []

    def test_a_device_that_changes_its_address_all_the_time_fills_no_disk(self, store: Store, laptop: Laptop) -> None:
        for number in range(MAX_NEW_ADDRESSES_PER_DAY + 9):
            origin = msgspec.structs.replace(HOME, address=keyed(f"2001:db8:0:{number:x}::"))
            self.came(store, laptop, START, origin)
        assert len(store.egress("laptop-1", START)) == MAX_NEW_ADDRESSES_PER_DAY
        self.came(store, laptop, START + DAY, TUNNEL)
        assert len(store.egress("laptop-1", START + DAY)) == MAX_NEW_ADDRESSES_PER_DAY + 1

    def test_a_new_address_and_a_new_day_make_a_device_due_and_the_same_one_does_not(
        self, store: Store, laptop: Laptop
    ) -> None:
        self.came(store, laptop, START, HOME)
        store.failed("laptop-1", "put off", START + 90 * DAY)
        self.came(store, laptop, START + timedelta(minutes=15), HOME)
        assert store.due(START + HOUR, 9) == []
        self.came(store, laptop, START + timedelta(minutes=30), TUNNEL)
        assert store.due(START + HOUR, 9) == ["laptop-1"]

    def test_networks_are_told_anew_when_newer_data_says_otherwise(self, store: Store, laptop: Laptop) -> None:
        self.came(store, laptop, START, msgspec.structs.replace(HOME, kind=""))
        self.came(store, laptop, START + DAY, HOME)
        assert [each.kind for each in store.egress("laptop-1", START + DAY)] == ["residential"]

    def test_a_sign_in_is_kept_once_and_told_to_whom_it_belongs(self, store: Store) -> None:
        first = SignIn(at=START, address=keyed("192.0.2.9"), kind="mobile", asn=64500, network="Example", country="JP")
        second = SignIn(at=START + HOUR, latitude=35.68, longitude=139.69)
        assert store.add_sign_ins({"p-1": [first, second], "p-2": [first]}) == 3
        newer = msgspec.structs.replace(first, kind="residential", country="KR")
        assert store.add_sign_ins({"p-1": [newer, second]}) == 0
        assert store.sign_ins("p-1", START) == [first, second]
        assert store.sign_ins("p-1", START + timedelta(seconds=1)) == [second]
        assert store.sign_ins("p-3", START) == []

    def test_sign_ins_are_deleted_after_sixty_days(self, store: Store) -> None:
        store.add_sign_ins({"p-1": [SignIn(at=START, country="US")]})
        assert store.purge(START + 59 * DAY)["sign_in"] == 0
        assert store.purge(START + 61 * DAY)["sign_in"] == 1
