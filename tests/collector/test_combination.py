"""Which way of adding detectors up is to be trusted: level tables, by this model. Fixed seed, rows as bars.

The bars leave room for other parameters; the relations between the rows are what chose the score's form. The
model's limits: its rates are made up, and groups are independent in it, which favours one level per group.
"""

import pytest

from farmwatch_collector.score import BASE

from .combination import (
    SEED,
    Row,
    fired_only,
    hand_caps,
    level_tables,
    naive_bayes,
    patterns,
    recalibrated,
    row,
)

LABELLED = 60


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return {
        "fired": row(fired_only),
        "all": row(naive_bayes),
        "capped": row(hand_caps),
        "recalibrated": row(recalibrated(LABELLED)),
        "levels, 20 farms": row(level_tables(20)),
        "levels, 400 farms": row(level_tables(400)),
    }


def test_the_model_is_whole() -> None:
    assert len(patterns()) == 2**13
    assert sum(clean for _, clean, _ in patterns()) == pytest.approx(1)
    assert sum(farm for _, _, farm in patterns()) == pytest.approx(1)
    assert BASE == 0.0001


def test_what_fired_added_up_is_far_over_and_flags_many(rows: dict[str, Row]) -> None:
    assert rows["fired"].over > 50
    assert rows["fired"].false_flags > 5


def test_all_detectors_added_up_as_if_they_were_independent_are_about_seven_times_too_sure(
    rows: dict[str, Row],
) -> None:
    assert 4 < rows["all"].over < 15


def test_caps_by_hand_mend_the_order_and_not_the_number(rows: dict[str, Row]) -> None:
    assert rows["capped"].over > 5
    assert rows["capped"].recall_at > rows["all"].recall_at


def test_recalibration_mends_the_number_and_not_the_order(rows: dict[str, Row]) -> None:
    assert 0.5 < rows["recalibrated"].over < 2
    assert rows["recalibrated"].recall_at == pytest.approx(rows["all"].recall_at)


@pytest.mark.parametrize("which", ["levels, 20 farms", "levels, 400 farms"])
def test_level_tables_mend_both(rows: dict[str, Row], which: str) -> None:
    levels = rows[which]
    assert 0.5 < levels.over < 2
    assert levels.false_flags < rows["all"].false_flags / 20
    assert levels.recall > rows["recalibrated"].recall
    assert levels.recall_at > max(rows["fired"].recall_at, rows["all"].recall_at)


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
def test_twenty_scenario_farms_are_enough_whichever_were_drawn(rows: dict[str, Row], seed: int) -> None:
    levels = row(level_tables(20, seed))
    assert 0.5 < levels.over < 2
    assert levels.false_flags < rows["all"].false_flags / 20
    assert levels.recall_at > rows["all"].recall_at
