"""What a farm's page says: figures that add up, every member once, and nothing that grows with the square."""

from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.console.farm_joining import joining
from farmwatch_collector.console.farm_map import farm_map, rounded
from farmwatch_collector.console.farm_matrix import MOST, matrix
from farmwatch_collector.console.farm_strip import MOST_ROWS, QUARTERS, runs, strip, wanted
from farmwatch_collector.console.farm_view import (
    bar_chart,
    closed_by,
    device_farms,
    expected,
    farm_line,
    kinds_words,
    label_rows,
    labels_of,
    member_rows,
    tie_rows,
    tie_words,
    told,
)
from farmwatch_collector.farms.source import Activity
from farmwatch_collector.farms.types import FarmEvent, FarmMember
from farmwatch_collector.ties.types import Seen
from farmwatch_detectors.placing import Spot
from farmwatch_detectors.view import Rhythm

from .farm_memory import NOW, TODAY, farm_of, label, member, office, replace, shared, shelf

ANOTHER = Seen(kind="gateway_mac", value=bytes.fromhex("0badcafe"), words="TP-Link gateway")


# words --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "words", "said"),
    [
        ("gateway_mac", "TP-Link gateway", "TP-Link gateway"),
        ("edid_serial", "Dell U2419H", "Dell U2419H (monitor)"),
        ("egress", "", "public address"),
        ("of_tomorrow", "", "of tomorrow"),
    ],
)
def test_a_value_is_told_by_what_it_is_and_never_by_itself(kind: str, words: str, said: str) -> None:
    assert tie_words(Seen(kind=kind, value=bytes(16), words=words)) == said


def test_kinds_are_named_once_each() -> None:
    assert kinds_words(("gateway_mac", "egress", "gateway_mac")) == "gateway, public address"


def test_what_takes_a_values_weight_is_said_beside_it() -> None:
    value = shared("gateway_mac", "", ["a", "b"], 0.2, holders=900, place="HQ", scattered=True)
    (row,) = tie_rows(farm_of(1, [member("a", 0), member("b", 1)], [value]))
    assert row.notes == (
        "explained by HQ",
        "in different places at once: no one thing",
        "a crowd, whose holders are not named",
    )


# figures ------------------------------------------------------------------------------------------
def test_two_gateways_are_told_apart_by_how_their_keyed_values_begin() -> None:
    one, other = (shared("gateway_mac", words, ["a", "b"], 4.0) for words in ("TP-Link gateway", "Netgear gateway"))
    values = [one, other, msgspec.structs.replace(one, node=msgspec.structs.replace(one.node, seen=ANOTHER))]
    names = [row.words for row in tie_rows(farm_of(1, [member("a", 0), member("b", 1)], values))]
    assert names == [f"TP-Link gateway {one.node.seen.value.hex()[:8]}", "Netgear gateway", "TP-Link gateway 0badcafe"]


def test_what_tells_a_place_and_nobody_else_has_is_offered_with_it() -> None:
    """The rule by which a closed case names the place: the heaviest value, access points and exits of members alone."""
    three = ["a", "b", "c"]
    values = [
        shared("gateway_mac", "", three, 6.0),
        shared("bssid", "", ["a", "b"], 4.0),  # two of three, and nobody else
        shared("egress", "", three, 3.0, holders=300),  # so do hundreds of others
        shared("usb_serial", "", three, 2.0),  # a thing is no place
    ]
    rows = tie_rows(farm_of(1, [member(each, 0) for each in three], values))
    assert [row.offered for row in rows] == [True, True, False, False]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("laptop-1, laptop-12 and 3 more joined.", [("nb-1", "laptop-1"), (", laptop-12 and 3 more joined.", "")]),
        ("It is back: review.", [("It is back: review.", "")]),
        ("laptop-1", [("nb-1", "laptop-1")]),
        ("", []),
    ],
)
def test_history_tells_members_by_name_and_leaves_everything_else_as_it_is(
    words: str, said: list[tuple[str, str]]
) -> None:
    pieces = told(words, {"laptop-1": "nb-1"})
    assert [(each.words, each.device) for each in pieces] == said


def test_what_is_explained_or_over_says_by_what_and_what_is_open_does_not() -> None:
    first, last = (
        FarmEvent(at=NOW + timedelta(hours=hour), action="explained", words=f"word {hour}") for hour in (0, 2)
    )
    history = [first, FarmEvent(at=NOW + timedelta(hours=1), action="returned", words="It is back."), last]
    farm = farm_of(1, [member("a", 0), member("b", 1)], [])
    assert closed_by(replace(farm, state="explained"), history) == last
    assert closed_by(farm, history) is None
    assert closed_by(replace(farm, state="ended"), []) is None


@pytest.mark.parametrize(("days", "said"), [(1, "50 % of 1 day"), (24, "50 % of 24 days")])
def test_one_day_is_no_days(days: int, said: str) -> None:
    (row,) = member_rows(farm_of(1, [member("a", 0, stay=0.5, days=days)], []))
    assert row.stay == said


def test_expected_is_the_likelier_of_farm_and_member_summed() -> None:
    members = [member("a", 0, probability=0.8), member("b", 1, probability=0.1), member("c", 2, probability=None)]
    farm = farm_of(1, members, [], probability=0.25)
    assert expected(farm) == pytest.approx(0.8 + 0.25 + 0.25)


def test_who_left_is_no_member_any_more_and_counts_as_gone() -> None:
    farm = shelf(5)
    first, *rest = farm.members
    left = msgspec.structs.replace(first, left_at=NOW - timedelta(days=2))
    line = farm_line(replace(farm, members=(left, *rest)), NOW)
    assert (line.size, line.went, line.came) == (4, 1, 0)
    rows = member_rows(replace(farm, members=(left, *rest)))
    assert [row.member.device for row in rows][-1] == first.member.device


def test_the_chart_ends_where_its_bars_add_up_to() -> None:
    """-13 + 9 + 3.2 + 4 - 1.5 + 0 = 1.7 bits; L0 = log2(1e-4 / 0.9999) = -13.29 bits, 6.63 bits are 100 points."""
    chart = bar_chart(shelf())
    assert [strip.shape for strip in chart.strips] == ["start", "more", "more", "more", "less", "none"]
    assert chart.strips[-1].after == pytest.approx(100 * (1.7 + 13.2877) / (6.63 + 13.2877), abs=0.05)
    assert all(0 <= strip.x <= strip.x + strip.width <= 100 for strip in chart.strips)


def test_a_farm_without_bars_is_drawn_as_nothing() -> None:
    farm = shelf(2)
    chart = bar_chart(replace(farm, odds=msgspec.structs.replace(farm.odds, bars=())))
    assert chart.strips == ()


# matrix -------------------------------------------------------------------------------------------
def test_the_matrix_has_a_row_for_each_device_and_a_mark_for_each_tie() -> None:
    table = matrix(shelf(60))
    assert len(table.rows) == 60
    assert [column.count for column in table.columns] == [60, 60, 30, 10, 3]
    assert sum(sum(row.has) for row in table.rows) == 60 + 60 + 30 + 10 + 3


def test_many_devices_with_the_same_values_are_one_row_that_counts_them() -> None:
    table = matrix(office(2_000))
    assert sum(row.count for row in table.rows) + table.more_devices == 2_000
    assert len(table.rows) <= MOST
    assert table.more_devices == 0


def test_what_does_not_fit_the_matrix_is_counted() -> None:
    devices = [f"d-{number:03}" for number in range(70)]
    values = [shared("usb_serial", f"thing {number}", [each], 1.0) for number, each in enumerate(devices)]
    table = matrix(farm_of(1, [member(each, 0) for each in devices], values))
    # The first 60 of 70 values are columns. The last ten devices have none of those, so they are alike: 61 rows, one
    # of which does not fit, and it stands for those ten.
    assert (len(table.columns), table.more_columns) == (60, 10)
    assert (len(table.rows), table.more_devices) == (60, 10)


# time ---------------------------------------------------------------------------------------------
@given(st.integers(min_value=0, max_value=(1 << QUARTERS) - 1))
def test_runs_are_exactly_the_quarters_that_were_set(slots: int) -> None:
    found = runs(slots)
    assert sum(((1 << length) - 1) << start for start, length in found) == slots
    assert all(later > start + length for (start, length), (later, _) in pairwise(found))


def test_the_strip_tells_input_from_a_quiet_day_and_from_one_that_nobody_watched() -> None:
    farm = shelf(3)
    quiet, busy = TODAY - timedelta(days=2), TODAY - timedelta(days=1)
    seen = Activity(slots={busy: 0b11 << 40}, watched={quiet: 600, busy: 600})
    drawn = strip(farm, {"f-000": seen}, TODAY, None)
    row = next(row for row in drawn.rows if row.device == "f-000")
    # Ten days, the newest last: yesterday is the ninth, so its quarter 40 is drawn at 8 * 96 + 40.
    assert row.path == "M808 0h2v1h-2z"
    assert row.unknown.count("z") == 8
    assert (row.hours, row.watched) == (0.5, 2)
    unknown = next(row for row in drawn.rows if row.device == "f-001")
    assert (unknown.path, unknown.watched, unknown.unknown.count("z")) == ("", 0, 10)


def test_one_day_is_drawn_alone_with_hours_below_it() -> None:
    drawn = strip(shelf(3), {}, TODAY, TODAY - timedelta(days=3))
    assert (drawn.days, drawn.width) == ((TODAY - timedelta(days=3),), 96)
    assert drawn.ticks[:2] == ((0.0, "00"), (12.5, "03"))


def test_pairs_stand_together_and_first_and_a_pair_is_told_once() -> None:
    pair = Rhythm(device="f-007", other="f-003", kind="alternates", p=0.001, days=9, switches=30, expected=4.0)
    mirrored = msgspec.structs.replace(pair, device="f-003", other="f-007")
    farm = shelf(10)
    farm = replace(farm, facts=msgspec.structs.replace(farm.facts, rhythms=(pair, mirrored)))
    assert wanted(farm)[:2] == ["f-003", "f-007"]
    assert len(strip(farm, {}, TODAY, None).rhythms) == 1


def test_a_large_farms_strip_is_bounded_and_says_how_many_it_leaves_out() -> None:
    drawn = strip(office(2_000), {}, TODAY, None)
    assert (len(drawn.rows), drawn.more) == (MOST_ROWS, 2_000 - MOST_ROWS)


def test_the_joining_curve_climbs_by_who_came_and_reaches_to_today() -> None:
    days = (10, 10, 4)
    members = [member(f"d-{place}", 0, joined_at=NOW - timedelta(days=ago)) for place, ago in enumerate(days)]
    told = joining(farm_of(1, [*members, member("d-9", 0, joined_at=None)], []), NOW)
    # Two of three on the first of ten days, the third six tenths of the way to today.
    assert told.path == "M0 100H0V33.33H60V0H100"
    assert [(row.came, row.total) for row in told.days] == [(1, 3), (2, 2)]
    assert told.unknown == 1


def test_nothing_known_of_joining_draws_nothing() -> None:
    told = joining(farm_of(1, [member("d-1", 0, joined_at=None)], []), NOW)
    assert (told.path, told.days, told.unknown) == ("", (), 1)


# map ----------------------------------------------------------------------------------------------
def test_members_of_one_place_are_one_spot_on_a_grid_of_fifty_kilometres() -> None:
    """Half a degree of latitude is 6371 km * pi / 360 = 55.6 km. Seattle, 47.61 N 122.33 W: 47.5, -122.5."""
    places = farm_map(shelf(8), {})
    assert [(place.name, place.count) for place in places.places if place.name.startswith("Seattle")] == [
        ("Seattle, WA, US", 2)
    ]
    assert (47.5, -122.5) in {place.at for place in places.places}
    assert (places.claims, places.estimates, places.members) == (8, 0, 8)
    assert "47.61" not in places.map


def test_an_estimate_that_is_no_place_is_left_out() -> None:
    bad = Spot(place="Nowhere", latitude=float("nan"), longitude=0.0, radius_km=100.0)
    good = Spot(place="Lisbon, PT", latitude=38.72, longitude=-9.14, radius_km=900.0)
    places = farm_map(shelf(3), {"f-000": bad, "f-001": good})
    assert [place.name for place in places.places if place.kind == "estimate"] == ["Lisbon, PT"]
    assert "NaN" not in places.map
    assert rounded(good) == (38.5, -9.0)


def test_a_farm_of_which_no_place_is_known_has_no_map() -> None:
    assert farm_map(farm_of(1, [member("a", 0, claim=None)], []), {}).map == ""


# a device's farms, and labels ---------------------------------------------------------------------
def test_a_devices_page_says_which_farm_and_why_and_what_explains_it() -> None:
    (told,) = device_farms([office(500)], "o-0003", NOW)
    assert told.why == "It shares an access point with colleagues."
    assert (told.kinds, told.places) == ("Wi-Fi access point", "HQ")


def test_who_left_a_farm_is_told_of_none() -> None:
    farm = shelf(3)
    gone = replace(farm, members=tuple(FarmMember(member=it.member, added_at=NOW, left_at=NOW) for it in farm.members))
    assert device_farms([gone], "f-000", NOW) == []


def test_labels_of_a_farm_are_those_said_of_it_or_of_what_it_shares() -> None:
    of_value, of_farm = label(1, farm=9), label(2, kind="usb_serial", value="00" * 16)
    other = label(3, kind="usb_serial", value="00" * 16, farm=9)
    assert labels_of(shelf(3), [of_value, of_farm, other]) == [of_value, of_farm]


def test_labels_that_hold_come_before_those_that_are_over() -> None:
    rows = label_rows([label(1, until=TODAY - timedelta(days=1)), label(2, until=TODAY)], TODAY, {})
    assert [(row.label.id, row.holds) for row in rows] == [(2, True), (1, False)]
