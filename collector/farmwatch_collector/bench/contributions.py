"""What each detector, and each fact of an IP-KVM's build, adds: figures with it beside figures without."""

from collections.abc import Sequence
from datetime import datetime

from .bars import RECALL, WITHOUT_STRINGS, Bar
from .measures import found, in_time, innocent, of_kind, rate
from .outcomes import Outcome, VariantOutcome
from .results import Rate, Without
from .variants import NO_STRINGS, Variant, detector_variants, shape_variants

KVM_BARS = tuple(bar for bar in RECALL if bar.kind.startswith("kvm"))


def contributions(outcomes: Sequence[Outcome]) -> tuple[Without, ...]:
    """Returns what is left without each fact and detector, those that cost the most farms first within each kind.

    A variant under which nothing differed is left out, for detectors; facts are all told.
    """
    shaped = [_without(outcomes, variant, KVM_BARS) for variant in shape_variants()]
    alone = [_without(outcomes, variant, RECALL) for variant in detector_variants()]
    spoken = [each for each in alone if each.spoke]
    return (*shaped, *sorted(spoken, key=lambda each: (-each.lost, -each.spoke, each.name)))


def _without(outcomes: Sequence[Outcome], variant: Variant, bars: Sequence[Bar]) -> Without:
    others = innocent(outcomes)
    differing = {id(each): other for each in outcomes if (other := _of(each, variant)) is not None}
    recall: list[Rate] = []
    lost = 0
    for bar in bars:
        mine = of_kind(outcomes, bar.kind)
        hits = sum(in_time(each, _review(each, differing.get(id(each))), bar.hours) for each in mine)
        had = sum(found(each, bar) for each in mine)
        lost += had - hits
        if mine and (variant.kind != "detector" or hits != had):
            held = bar
            if variant.kind == NO_STRINGS:
                held = Bar(kind=bar.kind, words=bar.words, how=bar.how, hours=bar.hours, bar=WITHOUT_STRINGS, goal=1.0)
            one = rate(bar.kind, bar.words, len(mine), hits, held)
            recall.append(one)
    return Without(
        kind=variant.kind,  # type: ignore[arg-type]  # one of the three words of variants.py
        name=variant.name,
        words=variant.words,
        spoke=_spoke(outcomes, variant) if variant.kind == "detector" else len(differing),
        lost=lost,
        cases=sum(len(differing[id(each)].cases if id(each) in differing else each.cases) for each in others),
        cases_with=sum(len(each.cases) for each in others),
        recall=tuple(recall),
    )


def _spoke(outcomes: Sequence[Outcome], variant: Variant) -> int:
    return sum(1 for each in outcomes if any(stated.detector == variant.name for stated in each.stated))


def _of(outcome: Outcome, variant: Variant) -> VariantOutcome | None:
    return next((each for each in outcome.variants if (each.kind, each.name) == (variant.kind, variant.name)), None)


def _review(outcome: Outcome, other: VariantOutcome | None) -> datetime | None:
    return other.review_at if other is not None else outcome.review_at
