"""Figures and hostile text as people read them."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from farmwatch_collector.console.words import (
    MINUS,
    age,
    because,
    number,
    ratio,
    share,
    share_short,
    shown,
    skew,
    title,
    visible,
)

from .memory import ENDLESS, FORMULA, OVERRIDE, SCRIPT

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_markup_of_a_laptop_stays_text() -> None:
    assert "<script>" not in visible(SCRIPT)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in visible(SCRIPT)


def test_characters_that_turn_the_direction_are_written_as_code_points() -> None:
    page = visible(OVERRIDE)
    for code in ("U+202E", "U+2066", "U+200B"):
        assert code in page
    assert not {"\u202e", "\u2066", "\u200b"} & set(page)
    assert page.startswith("<bdi>")


def test_control_characters_and_line_ends_are_visible() -> None:
    assert "U+0000" in visible("a\0b")
    assert "U+001B" in visible("\x1b[31m")
    assert "U+000A" in visible("two\nlines")


def test_stacked_marks_cannot_cover_the_neighbours() -> None:
    page = visible("a" + "\u0301" * 40)
    assert page.count("\u0301") == 2
    assert page.count("U+0301") == 38


def test_endless_text_is_cut_and_says_how_much_is_missing() -> None:
    line = visible(ENDLESS)
    assert "9,880 more characters" in line
    assert len(line) < 400
    block = shown(ENDLESS)
    assert "<details" in block
    assert "first 4,000 of 10,000" in block
    assert len(block) < 5_000


def test_a_spreadsheet_formula_is_shown_as_it_came() -> None:
    assert "=HYPERLINK(&#34;http://example.com&#34;" in visible(FORMULA)


def test_ordinary_names_in_any_script_stay_as_they_are() -> None:
    for name in ("Zoë's laptop", "محمول سارة", "陳大文的筆電", "ноутбук-7"):
        assert Markup("<bdi>{}</bdi>").format(name) == visible(name)


@given(st.text(max_size=300))
def test_no_text_brings_markup_or_undrawn_characters_to_a_page(text: str) -> None:
    for page in (visible(text), shown(text)):
        plain = page
        for tag in ("bdi", "span", "details", "summary"):
            plain = Markup(plain.replace(f"</{tag}>", ""))
        assert "<script" not in plain.lower()
        assert plain.count("<") == plain.count("<bdi>") + plain.count("<span class=") + plain.count(
            "<details class="
        ) + plain.count("<summary>")
        assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for char in page)


@pytest.mark.parametrize(
    ("value", "words"),
    [(12.0, "+12"), (-3.5, f"{MINUS}3.5"), (0.0, "0"), (-0.01, "0"), (0.04, "0"), (-13.287, f"{MINUS}13.3")],
)
def test_figures_carry_their_sign_and_no_needless_decimal(value: float, words: str) -> None:
    assert number(value) == words


def test_shares_are_never_in_exponent_form() -> None:
    assert share(0.00003) == "0.00003"
    assert share(0.2) == "0.2"


def test_a_ratio_says_in_which_direction_it_speaks() -> None:
    assert ratio(0.25, 0.001) == "250 times likelier"
    assert ratio(0.25, 0.5) == "2 times less likely"
    assert ratio(0, 0.5) == ""


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=4), "4 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(minutes=-6), "in 6 min"),
    ],
)
def test_ages_use_their_largest_unit(back: timedelta, words: str) -> None:
    assert age(NOW - back, NOW) == words


def test_the_laptops_clock_is_told_with_its_direction() -> None:
    assert skew(20) == "within a minute"
    assert skew(-5_400) == "90 min behind"
    assert skew(86_400 * 3) == "3 days ahead"


@pytest.mark.parametrize("chance", ["about 1 in 3", "more than 99 in 100", "less than 1 in 100,000"])
def test_a_row_of_the_queue_begins_with_what_was_found(chance: str) -> None:
    assert (
        because(f"Near certain, {chance}: a tool: RustDesk (remote software).") == "A tool: RustDesk (remote software)."
    )
    assert because("Nothing stands out: so far.") == "Nothing stands out: so far."


def test_names_of_fields_become_words() -> None:
    assert title("max_packet_size0") == "max packet size0"


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "0"), (0.0000317, "0.000032"), (0.31, "0.31"), (1.0, "1"), (0.9996, "1")]
)
def test_a_measured_share_has_two_figures_and_no_exponent(value: float, said: str) -> None:
    assert share_short(value) == said
