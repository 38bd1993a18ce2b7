"""Who is related, what is a known place, and whom a change of either concerns."""

from datetime import date

from farmwatch_collector.farms.types import Label
from farmwatch_collector.ties.relations import Relations
from farmwatch_detectors.policy import Place, Policy, RosterEntry

from ..reports import KEYER

DAY = date(2026, 11, 22)


def test_unrelated_are_counted_as_groups_that_a_chain_of_relations_makes() -> None:
    """a and b live together, b and c are one person's, d is alone with a site that is none, e is nobody's."""
    relations = Relations()
    relations.set_roster(
        {
            "a": RosterEntry(person="p", household="h"),
            "b": RosterEntry(person="q", household="h"),
            "c": RosterEntry(person="q"),
            "d": RosterEntry(person="r", site="Remote"),
        }
    )
    assert relations.groups("abcde", DAY) == 3
    assert relations.groups("ac", DAY) == 2  # b, who links them, is not among them
    assert relations.related("b", "c", DAY)
    assert not relations.related("a", "c", DAY)
    assert relations.strangers("a", "abcde", DAY) == ("c", "d", "e")


def test_a_change_concerns_those_whose_relations_change() -> None:
    relations = Relations()
    one = {"a": RosterEntry(person="p"), "b": RosterEntry(person="q")}
    assert relations.set_roster(one) == {"a", "b"}
    assert relations.set_roster({**one, "b": RosterEntry(person="q", cohort="new")}) == set()
    assert relations.set_roster({"a": RosterEntry(person="p", household="h")}) == {"a", "b"}
    assert relations.set_entry("a", RosterEntry(person="p", household="h")) == set()
    assert relations.set_entry("a", RosterEntry(person="p")) == {"a"}


def test_a_household_of_the_policy_ends_with_its_last_day() -> None:
    relations = Relations(KEYER)
    flat = Place(name="flat", kind="household", owner="o", devices=("a", "b"), until=DAY)
    assert relations.set_policy(Policy(places=(flat,))) == ({"a", "b"}, set())
    assert relations.related("a", "b", DAY)
    assert not relations.related("a", "b", date(2026, 11, 23))
    assert relations.groups("ab", date(2026, 11, 23)) == 2
    assert relations.set_policy(Policy()) == ({"a", "b"}, set())


def test_an_office_of_the_policy_is_known_by_gateway_access_point_and_address() -> None:
    relations = Relations(KEYER)
    office = Place(
        name="hq", kind="office", owner="o", gateway_macs=("a0:40:a0:00:00:42",), egress=("203.0.113.7",), until=DAY
    )
    _, keys = relations.set_policy(Policy(places=(office,)))
    assert {kind for kind, _ in keys} >= {"gateway_mac", "first_network", "bssid", "egress"}
    for kind, value in keys:
        found = relations.place(kind, value, DAY)
        assert found is not None
        assert found.place == office
        assert relations.place(kind, value, date(2026, 11, 23)) is None
        assert relations.place(kind, value, None) is not None


def test_a_co_working_room_is_explained_and_no_place_of_the_company() -> None:
    relations = Relations()
    label = Label(kind="egress", value="ab" * 16, place="co_working", name="Quay 5", owner="o", reason="r", until=DAY)
    assert relations.set_labels([label]) == (set(), {("egress", bytes.fromhex("ab" * 16))})
    found = relations.place("egress", bytes.fromhex("ab" * 16), DAY)
    assert found is not None
    assert (found.name, found.place) == ("Quay 5", None)
