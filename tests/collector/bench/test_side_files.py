"""Origins and sign-ins of a labelled fleet: kept as a collector keeps them, refused with their place."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.bench.side_files import KEPT_DAYS, Origins, parse_origins, parse_sign_ins
from farmwatch_collector.input_error import InputError
from farmwatch_schema.identifiers import Keyer

KEYER = Keyer(bytes(32), "test")
HEAD = "device,at,address,kind,asn,network,country\n"
LINES = (
    HEAD + "a,2026-10-05T08:00:00Z,home,residential,7922,Example,US\n"
    "a,2026-10-07T08:00:00Z,away,vpn,9009,Example,RO\na,2026-10-08T08:00:00Z,home,residential,7922,Example,US\n"
)
FIRST = datetime(2026, 10, 5, 9, tzinfo=UTC)


def test_an_address_counts_once_a_report_came_from_it_with_the_days_of_its_reports() -> None:
    origins = Origins(parse_origins(LINES, "origins.csv", KEYER)["a"])
    assert origins.seen(FIRST) == ()
    assert [origins.report(FIRST + timedelta(days=number)) for number in range(4)] == [True, False, True, False]
    home, away = origins.seen(FIRST + timedelta(days=3))
    assert (home.kind, home.asn, home.country, home.seen_from) == ("residential", 7922, "US", FIRST)
    assert home.days == (date(2026, 10, 5), date(2026, 10, 6), date(2026, 10, 8))
    assert (away.kind, away.days) == ("vpn", (date(2026, 10, 7),))
    assert home.address != away.address
    assert "home" not in repr(home.address)


def test_what_is_older_than_a_collector_keeps_it_is_seen_no_more() -> None:
    origins = Origins(parse_origins(LINES, "origins.csv", KEYER)["a"])
    origins.report(FIRST)
    assert origins.seen(FIRST + KEPT_DAYS)
    assert origins.seen(FIRST + KEPT_DAYS + timedelta(minutes=1)) == ()


def test_reports_before_the_first_row_come_from_nowhere_known() -> None:
    origins = Origins(parse_origins(LINES, "origins.csv", KEYER)["a"])
    assert not origins.report(FIRST - timedelta(days=1))
    assert origins.seen(FIRST) == ()


def test_a_sign_in_through_the_laptop_s_line_has_that_line_s_address() -> None:
    text = (
        "person,at,address,kind,asn,network,country\np-1,2026-10-05T10:00:00+01:00,home,residential,7922,Example,US\n"
    )
    (sign_in,) = parse_sign_ins(text, "sign_ins.csv", KEYER)["p-1"]
    assert sign_in.at == datetime(2026, 10, 5, 9, tzinfo=UTC)
    assert sign_in.address == parse_origins(LINES, "origins.csv", KEYER)["a"][0].address


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("a,2026-10-05T08:00:00,x,vpn,1,n,US", "at"),
        ("a,yesterday,x,vpn,1,n,US", "at"),
        ("a,2026-10-05T08:00:00Z,,vpn,1,n,US", "address"),
        (",2026-10-05T08:00:00Z,x,vpn,1,n,US", "device"),
        ("a,2026-10-05T08:00:00Z,x,vnp,1,n,US", "kind"),
        ("a,2026-10-05T08:00:00Z,x,vpn,4294967296,n,US", "asn"),
        ("a,2026-10-05T08:00:00Z,x,vpn,-1,n,US", "asn"),
        ("a,2026-10-05T08:00:00Z,x,vpn,1,n,us", "country"),
        ("a,2026-10-05T08:00:00Z,x", ""),
    ],
)
def test_a_bad_row_is_named_with_line_and_field(row: str, field: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_origins(HEAD + row + "\n", "origins.csv", KEYER)
    assert (caught.value.line, caught.value.field) == (2, field)


@settings(max_examples=100)
@given(st.text(max_size=200), st.booleans())
def test_any_text_is_rows_or_an_input_error(text: str, headed: bool) -> None:
    for parse in (parse_origins, parse_sign_ins):
        try:
            parse((HEAD if headed else "") + text, "x.csv", KEYER)
        except InputError as error:
            assert error.problem  # noqa: PT017 - most texts are no error at all
