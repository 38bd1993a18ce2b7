"""What records make one ask, and of which ordinary people they ask nothing.

Telephone numbers are the examples that the numbering data themselves give for each country and type.
"""

from typing import Any

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from farmwatch_collector.roster import checks
from farmwatch_collector.roster.checks import INNOCENT
from farmwatch_collector.roster.reading import KINDS

from .files import kinds, person, read


def number(country: str, kind: int = PhoneNumberType.FIXED_LINE, form: int = PhoneNumberFormat.INTERNATIONAL) -> str:
    example = phonenumbers.example_number_for_type(country, kind)
    assert example is not None
    return str(phonenumbers.format_number(example, form))


def question(kind: str, *people: dict[str, Any]) -> str:
    [found] = {each.question for row in read(*people) for each in row.entry.questions if each.kind == kind}
    return found


def test_every_kind_has_its_innocent_reading_and_is_put_as_a_question() -> None:
    assert set(INNOCENT) == set(KINDS)
    assert all(words.endswith("?") for words in checks._PHONES.values())


# telephone ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "phone",
    [
        number("DE"),
        number("DE", PhoneNumberType.MOBILE),
        number("DE", form=PhoneNumberFormat.NATIONAL),
        number("DE", form=PhoneNumberFormat.E164),
        number("DE").replace("+", "00").replace(" ", "-"),
        "(" + number("DE", form=PhoneNumberFormat.NATIONAL).replace(" ", ") / ", 1),
        number("DE") + " ext. 12",
    ],
)
def test_how_a_number_is_written_is_nobody_s_fault(phone: str) -> None:
    assert kinds(person(phone=phone)) == {}


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        ("+49 1", "can be dialled"),
        ("+999 123456789", "can be dialled"),
        (number("GB", PhoneNumberType.VOIP), "internet telephone"),
        (number("DE", PhoneNumberType.TOLL_FREE), "free-of-charge"),
        (number("DE", PhoneNumberType.PREMIUM_RATE), "callers pay"),
    ],
)
def test_a_number_that_is_no_person_s_line_is_asked_about(phone: str, said: str) -> None:
    assert said in question("phone_shape", person(phone=phone))


def test_a_number_of_another_country_is_asked_about_and_one_that_shares_its_prefix_is_not() -> None:
    assert kinds(person(phone=number("BR", PhoneNumberType.MOBILE))) == {"p-1": ("phone_country",)}
    assert kinds(person(phone=number("US"), place="Toronto, ON")) == {}  # +1 both
    assert kinds(person(phone=number("KZ"), place="Moscow, RU")) == {}  # +7 both


def test_a_number_without_its_country_is_not_judged_where_the_claim_has_none_either() -> None:
    assert kinds(person(phone="123", place="-30.0, -30.0")) == {}


# the laptop's way --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("moved", "asked"),
    [
        ("2026-10-30", True),
        ("2026-11-01", True),  # the day itself
        ("2026-10-02", True),  # 30 days
        ("2026-10-01", False),
        ("2026-11-02", False),  # after it was sent
        ("2026-10", False),  # somewhere in a month: no number of days
        ("2019-04-01", False),
    ],
)
def test_a_move_shortly_before_the_laptop_was_sent_is_asked_about(moved: str, asked: bool) -> None:
    found = kinds(person(shipped_on="2026-11-01", previous_addresses=f"{moved}: 5 Old Street"))
    assert found == ({"p-1": ("address_change",)} if asked else {})


def test_the_question_tells_days_and_no_address() -> None:
    asked = question("address_change", person(shipped_on="2026-11-01", previous_addresses="2026-10-29: 5 Old Street"))
    assert asked.startswith("The address changed 3 days before the laptop was sent.")


@pytest.mark.parametrize(
    ("sent", "asked"),
    [("Augsburg, DE", False), ("Nuremberg, DE", False), ("Hamburg, DE", True), ("Nashville, TN, US", True)],
)
def test_a_laptop_that_was_sent_far_from_the_claim_is_asked_about(sent: str, asked: bool) -> None:
    # Munich to Augsburg is 56 km, to Nuremberg 150 (less both radii: under 100), to Hamburg 612.
    assert bool(kinds(person(shipped_to=sent))) == asked


# what people share -------------------------------------------------------------------------------------------------
SHARED = {
    "bank_account": ("shared_bank_account", "DE00 1234 5678", "de00-12345678"),
    "phone": ("shared_phone", number("DE"), number("DE", form=PhoneNumberFormat.NATIONAL)),
    "address": ("shared_address", "12, Example Road; Springfield", "12 EXAMPLE ROAD, SPRINGFIELD"),
}


@pytest.mark.parametrize("column", SHARED)
def test_what_two_people_have_in_common_is_asked_of_both_and_of_no_household(column: str) -> None:
    kind, one, other = SHARED[column]
    assert kinds(person(1, **{column: one}), person(2, **{column: other})) == {"p-1": (kind,), "p-2": (kind,)}
    couple = [person(n, household="h-7", **{column: value}) for n, value in ((1, one), (2, other))]
    assert kinds(*couple) == {}
    with_third = [*couple, person(3, **{column: one})]
    assert kinds(*with_third) == {f"p-{n}": (kind,) for n in (1, 2, 3)}


def test_one_person_s_two_laptops_share_nothing_with_anybody() -> None:
    facts = {"phone": number("DE"), "address": "12 Example Road", "bank_account": "DE0012345678"}
    assert kinds(person(1, **facts), person(1, device="laptop-2", **facts)) == {}


def test_an_office_s_address_and_a_town_without_a_street_are_no_common_home() -> None:
    assert kinds(*(person(n, site="berlin", address="1 Office Street, Berlin") for n in (1, 2))) == {}
    assert kinds(*(person(n, address="Springfield") for n in (1, 2))) == {}
    assert kinds(*(person(n, site="home", address="1 Home Street, Berlin") for n in (1, 2))) != {}


def test_a_value_that_thousands_share_takes_no_longer_than_one_that_two_do() -> None:
    people = [person(n, phone="+49 89 000000", address="1 Same Street") for n in range(3_000)]
    assert len(kinds(*people)) == 3_000


# dates -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "cells",
    [
        {"education": "2012-06/2008-09"},
        {"education": "2008-09/2012-06 degree 2007"},
        {"work": "2027/2028"},
        {"work": "2003-06/2004", "birth_year": "1990"},  # thirteen at the most
        {"work": "2012-09/2018-01 | 2014-03/2017-12"},
        {"work": "2012-09/ | 2020-01/"},  # both go on
    ],
)
def test_dates_that_contradict_each_other_are_asked_about(cells: dict[str, str]) -> None:
    assert kinds(person(1, **cells)) == {"p-1": ("dates_contradict",)}


@pytest.mark.parametrize(
    "cells",
    [
        {"education": "2008-09/2012-06 degree 2012-07 | 2012/2014 degree"},
        {"education": "2012/2012"},
        {"work": "2012-09/2018-03 | 2018-01/"},  # two months of handing over
        {"work": "2012/2015 | 2015/"},  # the same year
        {"work": "2012-09/2018-01 | 2014-03/2017-12 part-time"},
        {"work": "2012-09/2018-01 | 2014-03/2017-12 freelance"},
        {"education": "2012/2018", "work": "2014/"},  # studied beside work
        {"work": "2004-06/2005", "birth_year": "1990"},  # fourteen
        {"work": "2003/2005", "birth_year": ""},
    ],
)
def test_ordinary_lives_are_not_asked_about(cells: dict[str, str]) -> None:
    assert kinds(person(1, **cells)) == {}


def test_a_person_whose_facts_are_in_order_was_checked_and_one_without_facts_was_not() -> None:
    checked = [
        row.entry.checked for row in read(person(1, work="2012/"), person(2), person(3, shipped_to="Munich, DE"))
    ]
    assert checked == [True, False, True]


def test_what_was_answered_is_not_asked_again() -> None:
    odd = {"phone": "+49 1", "work": "2012-09/ | 2020-01/"}
    assert kinds(person(1, **odd)) == {"p-1": ("phone_shape", "dates_contradict")}
    assert kinds(person(1, **odd, answered="dates_contradict")) == {"p-1": ("phone_shape",)}


def test_no_question_holds_a_fact() -> None:
    facts = {
        "phone": "+49 1 55",
        "address": "12 Example Road",
        "bank_account": "DE0012345678",
        "birth_year": "1990",
        "work": "2003-06/2004-07",
        "previous_addresses": "2026-10-30: 5 Old Street",
        "shipped_on": "2026-11-01",
    }
    said = " ".join(
        each.question for row in read(person(1, **facts), person(2, **facts)) for each in row.entry.questions
    )
    for fact in ("+49", "55", "Example", "Old Street", "DE00", "1990", "2003", "p-1"):
        assert fact not in said
    assert said.count("?") >= 10


@settings(max_examples=80, deadline=None)
@given(st.text("+0123456789()/- ext.", min_size=3, max_size=24))
def test_any_number_is_asked_about_or_not_and_breaks_nothing(phone: str) -> None:
    if sum(sign.isdigit() for sign in phone) >= 3 and "e" not in phone and phone.strip()[:1] not in ("",):
        asked = kinds(person(phone=phone.strip()))
        assert set(asked.get("p-1", ())) <= {"phone_shape", "phone_country"}
