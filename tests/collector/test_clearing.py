"""What would clear a device: the smallest set, found by trying all, in the terminal, in JSON and in words."""

from datetime import timedelta
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.assessment import Assessment, GroupLevel
from farmwatch_collector.clearing import bits_without, clearing_of
from farmwatch_collector.offline import Judged
from farmwatch_collector.score import REVIEW_BITS, Prior, group_levels, score_levels
from farmwatch_collector.score_json import document_of
from farmwatch_collector.score_text import lines_of
from farmwatch_detectors.detector import Level
from farmwatch_detectors.groups import silence_table
from farmwatch_schema.finding import GROUPS, Finding

from .scoring import ENROLLED, NOW, finding, row

TABLES: dict[str, dict[int, Level]] = {
    "kvm": {1: row(1, 20, published_kvm=True)},
    "hard": {1: row(1, 9)},
    "soft": {1: row(1, 5)},
    "net": {1: row(1, 3)},
    "typed": {1: row(1, 4)},
    "agent": {1: row(1, 6)},
}
KVM = finding("kvm", "H", 1, floor=True)
HARD, SOFT, NET = finding("hard", "H", 1), finding("soft", "R", 1), finding("net", "N", 1)


def assess(*findings: Finding, prior: Prior | None = None, looked: bool = False) -> Assessment:
    grey = {} if looked else dict.fromkeys(GROUPS, "no probe reports this yet")
    levels, change = group_levels(findings, grey, TABLES, silence_table(), NOW, ENROLLED)
    return score_levels("laptop-7", NOW, levels, prior, findings, change)


def groups(assessment: Assessment) -> list[str]:
    found = clearing_of(assessment)
    return [] if found is None else [each.group for each in found.groups]


def test_a_device_under_review_needs_no_clearing() -> None:
    assert clearing_of(assess(NET)) is None


def test_a_floor_holds_at_review_until_its_own_group_is_cleared() -> None:
    assert groups(assess(KVM, NET)) == ["H"]
    judged_weak = finding("net", "N", 1, floor=True)
    assert groups(assess(judged_weak)) == ["N"]


def test_of_sets_equally_small_the_one_that_takes_away_most_is_named() -> None:
    # -13.3 + 9 + 5 = 0.7: without either it is under -3.2; hardware weighs more.
    assert groups(assess(HARD, SOFT)) == ["H"]


def test_where_one_group_is_not_enough_two_are_named() -> None:
    # -13.3 + 9 + 5 + 3 + 4 + 6 = 13.7 bits; without the two heaviest -1.3, without three -6.3.
    result = assess(HARD, SOFT, NET, finding("typed", "I", 1), finding("agent", "A", 1))
    assert groups(result) == ["H", "R", "A"]


def test_silence_that_counted_nothing_beside_a_farms_hardware_counts_again_without_it() -> None:
    # docs/scoring.md: once hardware reached level 2 the silence of software counts nothing.
    loud = finding("kvm", "H", 1, floor=True)
    result = assess(loud, looked=True)
    found = clearing_of(result)
    assert found is not None
    silence = silence_table()
    assert found.bits == bits_without(result, ["H"])
    assert found.bits < result.bars[0].bits + silence["R"].bits + 1e-9


def test_what_was_absorbed_counts_by_itself_once_its_absorber_is_cleared() -> None:
    both = finding("hard", "H", 1, absorbs=("typed",))
    result = assess(both, finding("typed", "I", 1), SOFT, NET)
    # -13.3 + 9 + 5 + 3; without H the keyboard's own 4 bits come back: -13.3 + 4 + 5 + 3 = -1.3, still over -3.2.
    assert groups(result) == ["H", "R"]


def test_a_base_rate_that_alone_is_review_is_told_as_such() -> None:
    found = clearing_of(assess(NET, prior=Prior(fleet=0.2, share=0.2)))
    assert found is not None
    assert not found.enough
    assert "base rate" in found.words


FINDINGS = st.lists(st.sampled_from([KVM, HARD, SOFT, NET, finding("typed", "I", 1), finding("agent", "A", 1)]))


@given(FINDINGS, st.floats(1e-5, 0.05), st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_smaller_set_would_do_and_the_set_does(given: list[Finding], share: float, looked: bool) -> None:
    result = assess(*given, prior=Prior(cohort="c", share=share), looked=looked)
    found = clearing_of(result)
    if found is None:
        assert result.attention in ("none", "watch")
        return
    chosen = [each.group for each in found.groups]
    assert found.enough
    assert bits_without(result, chosen) < REVIEW_BITS
    loud: list[GroupLevel] = [level for level in result.groups if level.bits > 0 or level.floor]
    for size in range(len(chosen)):
        for fewer in combinations([level.group for level in loud], size):
            floor = any(level.floor for level in loud if level.group not in fewer)
            assert floor or bits_without(result, fewer) >= REVIEW_BITS - 1e-9


def judged(assessment: Assessment) -> Judged:
    return Judged(
        assessment=assessment,
        platform="linux",
        reports=2,
        first_at=NOW - timedelta(days=1),
        last_at=NOW,
        origins=("live",),
    )


def test_the_document_holds_the_set_with_its_facts() -> None:
    (item,) = document_of([judged(assess(KVM, NET))]).items
    assert item.clears == ("H",)
    assert item.clearing is not None
    assert item.clearing.groups[0].facts == ("kvm states level 1",)
    assert item.clearing.groups[0].clears == ("the end of the test",)
    (calm,) = document_of([judged(assess(NET))]).items
    assert (calm.clears, calm.clearing) == ((), None)


def test_the_terminal_says_what_would_clear_it() -> None:
    said = "\n".join(lines_of(judged(assess(KVM, NET)), explained=True))
    expected = (
        "  What would clear this\n"
        "  This alone brings it under review, to about 1 in 1,300: an explanation of hardware control.\n"
        "  - hardware control: kvm states level 1\n"
        "    cleared when the end of the test\n"
    )
    assert expected in said + "\n"
