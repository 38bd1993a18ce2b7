"""The table of odds is checked when it is read: an error names the row and the rule."""

import math

import pytest

from farmwatch_collector.farms.odds_table import LARGEST, OddsTableError, parse_table, shipped_table
from farmwatch_collector.ties.kinds import KINDS

ROW = """
[[rows]]
bar = "stay"
case = "always"
meaning = "they stay"
sizes = [2, 256]
m = 0.8
u = 0.2
basis = "judgement"
sources = ["m: judgement", "u: judgement"]
"""
REST = """
[[rarity]]
sizes = [2, 256]
most = 9.0
sources = ["judgement"]
[[traits]]
kind = "cohort"
kit = 0.3
alike = 0.8
usual = 0.1
sources = ["judgement"]
"""


def test_the_shipped_table_keeps_its_rules_and_rarity_never_gives_less_to_more() -> None:
    table = shipped_table()
    most = [table.most_for(size) for size in range(2, LARGEST + 1)]
    assert most == sorted(most)
    assert (most[0], most[-1]) == (3.0, 9.0)
    assert table.most_for(1) == 0.0
    shown = {kind.kind for kind in KINDS.values() if kind.nature == "trait"}
    assert table.traits.keys() == shown | {"cohort"}  # every trait that facts tell has its row, and no other
    assert {bar for bar, _ in table.rows} == {"stay", "visitors", "egress", "relation", "joining", "use", "second_tie"}


def test_a_row_gives_what_its_figures_say_within_its_caps() -> None:
    row = parse_table(ROW + REST, "t").row("stay", "always", 300)
    assert row is not None
    assert row.bits == pytest.approx(2.0)  # log2(.8 / .2)
    most = parse_table(ROW.replace("u = 0.2", "u = 0.01") + REST, "t").row("stay", "always", 2)
    assert most is not None
    assert most.bits == 4.0  # log2(80) = 6.3, and u is judgement
    least = parse_table(ROW.replace("m = 0.8", "m = 0.001") + REST, "t").row("stay", "always", 2)
    assert least is not None
    assert least.bits == -3.0
    assert math.log2(0.001 / 0.2) < -7


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("m = 0.8", "m = 1.0", "row stay always 2-256: m and u lie between 0 and 1"),
        ("sizes = [2, 256]\nm", "sizes = [2, 99]\nm", "rows stay always: sizes go from 2 to 256"),
        ("sizes = [2, 256]\nm", "sizes = [3, 256]\nm", "rows stay always: sizes go from 2 to 256"),
        ('"u: judgement"', '"judgement"', "row stay always 2-256: needs a meaning, and sources"),
        ('meaning = "they stay"', 'meaning = ""', "needs a meaning"),
        ("most = 9.0", "most = 9.5", "rarity 2: most lies"),
        ("kit = 0.3", "kit = 0", "trait cohort: kit, alike and usual"),
        ('basis = "judgement"', 'basis = "guess"', "t: Invalid enum value 'guess'"),
        ('case = "always"', "", "Object missing required field `case`"),
        ("[[rows]]", "[[rows]", "t: "),
        ("u = 0.2", "u = 0.2\nlowest = -7.0", "lowest lies between -6 and 0"),
    ],
)
def test_a_row_that_breaks_a_rule_is_named(old: str, new: str, rule: str) -> None:
    text = ROW + REST
    assert old in text
    with pytest.raises(OddsTableError) as error:
        parse_table(text.replace(old, new, 1), "t")
    assert rule in str(error.value)


def test_two_rows_for_one_size_are_refused() -> None:
    with pytest.raises(OddsTableError, match="each once"):
        parse_table(ROW + ROW + REST, "t")


def test_two_rows_for_one_trait_are_refused() -> None:
    twice = REST[REST.index("[[traits]]") :]
    with pytest.raises(OddsTableError, match="twice"):
        parse_table(ROW + REST + twice, "t")
