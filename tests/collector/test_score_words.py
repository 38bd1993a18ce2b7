"""Figures as words."""

import msgspec
import pytest

from farmwatch_collector.assessment import GroupLevel
from farmwatch_collector.score import score_levels
from farmwatch_collector.score_words import bar_sentence, explain, level_words, probability_words, strength_words
from farmwatch_detectors.groups import NOT_BUILT
from farmwatch_schema.finding import Finding

from .scoring import NOW, finding


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0001, "about 1 in 10,000"),
        (0.0000081, "less than 1 in 100,000"),
        (0.01, "about 1 in 100"),
        (0.1, "about 1 in 10"),
        (0.29, "about 1 in 3"),
        (0.5, "about 1 in 2"),
        (0.9, "about 9 in 10"),
        (0.97, "about 97 in 100"),
        (0.999, "more than 99 in 100"),
    ],
)
def test_a_probability_is_said_as_people_say_it(probability: float, words: str) -> None:
    assert probability_words(probability) == words


def test_strength_has_four_fixed_words() -> None:
    # docs/scoring.md: under 2 bits slight, 2 to 4 moderate, 4 to 7 strong, above very strong.
    assert [strength_words(bits) for bits in (0, 1, -3, 4, 8)] == [
        "nothing",
        "slight",
        "moderate",
        "strong",
        "very strong",
    ]


def test_unseen_is_never_called_clear() -> None:
    grey = [GroupLevel(group="H", level=None, bits=0, grey="no permission"), GroupLevel(group="R", level=0, bits=-1)]
    assert level_words("none", grey) == "not enough seen"
    assert level_words("none", grey[1:]) == "clear"
    assert level_words("review", grey) == "review"


def test_the_read_out_holds_every_bar_every_finding_and_its_evidence() -> None:
    stated = finding("soft", "R", 2)
    levels = [
        GroupLevel(
            group="R", level=2, bits=5, m=0.2, u=0.00625, basis="measured", meaning="a tool runs", innocent=("support",)
        ),
        GroupLevel(group="N", level=None, bits=0, grey="network: its source failed"),
    ]
    said = explain(score_levels("d", NOW, levels, findings=[stated]))
    text = "\n".join(said)
    assert "+25 points, strong: remote software: a tool runs." in text
    assert "seen on 20 % of farm laptops and 0.625 % of others" in text
    assert "Innocent readings: support." in text
    assert "bits, by the group's cap" not in text
    assert "Not measured: network and place: network: its source failed." in text
    assert stated.sentence in text
    assert "a thing: was seen" in text


def test_a_weight_that_is_cut_says_so() -> None:
    level = GroupLevel(group="R", level=3, bits=4, m=0.15, u=0.0012, basis="judgement", meaning="in use")
    (bar,) = [each for each in score_levels("d", NOW, [level]).bars if each.kind == "group"]
    assert "Counted 4.0 of 7.0 bits" in bar_sentence(bar)


def _head(*levels: GroupLevel, findings: tuple[Finding, ...] = ()) -> str:
    return score_levels("d", NOW, levels, findings=findings).sentence


def test_the_head_says_what_was_found_and_not_what_its_level_means() -> None:
    stated = msgspec.structs.replace(finding("soft", "R", 2), sentence="This tool runs (version 1): others can look.")
    level = GroupLevel(group="R", level=2, reached=2, bits=8, meaning="a tool runs", detector="soft")
    assert _head(level, findings=(stated,)) == "Watch, about 1 in 40: this tool runs (version 1) (remote software)."
    left = msgspec.structs.replace(stated, seen_until="2026-11-20T08:00:00+00:00")
    assert "(version 1), gone since 2026-11-20 (remote software)." in _head(level, findings=(left,))
    assert _head(level) == "Watch, about 1 in 40: a tool runs (remote software)."


def test_the_head_calls_nothing_clear_that_it_gives_reasons_for() -> None:
    assert _head(GroupLevel(group="R", level=1, bits=2, meaning="a tool")).startswith("Below watch, about 1 in 2,500:")


def test_the_head_names_no_silence_that_counts_nothing() -> None:
    hardware = GroupLevel(group="H", level=0, bits=-1, meaning="no hardware")
    found = GroupLevel(group="R", level=2, reached=2, bits=4, meaning="a tool runs")
    weak = GroupLevel(group="R", level=1, reached=1, bits=1, meaning="a tool lies about")
    assert "Against it" not in _head(hardware, found)
    assert "Against it: no hardware (hardware control)." in _head(hardware, weak)


def test_the_head_tells_what_could_not_be_seen_from_what_nobody_can_see_yet() -> None:
    levels = (
        GroupLevel(group="H", level=None, bits=0, grey="usb: its source failed"),
        GroupLevel(group="P", level=None, bits=0, grey=NOT_BUILT),
        GroupLevel(group="N", level=0, bits=-1, meaning="no VPN"),
    )
    said = _head(*levels)
    assert said.endswith("Could not look: hardware control. No detector yet: physical use.")


def test_the_head_says_that_something_sanctioned_is_there() -> None:
    levels = (GroupLevel(group="H", level=0, bits=0, meaning="only what is sanctioned or harmless"),)
    stated = finding("hard", "H", 0, sanctioned="lab")
    assert _head(*levels, findings=(stated,)).endswith("There, but sanctioned or explained: hardware control.")
    assert "sanctions" not in _head(*levels)
