"""States that this laptop's hours of use fit those of an unrelated one as one pair of hands would make them.

Detects
    A device that shares a value with this one and whose activity alternates with it, or goes together with it, better
    than shuffled days and strangers with like hours do. Level 1: they alternate, p up to 0.01, or go together, p up to
    0.001. Level 2: they alternate, p up to 0.001. Level 3: two or more such. Level 1 at most from logins, where
    input is not told.
Why
    One person at a switch works on one laptop, then on the next: one stops where the other starts, for days. Sharing
    a house explains no such thing.
Innocent explanations
    Colleagues on one shift, who start, break and stop together; a couple who take turns with a child; two laptops of
    one person, which the roster may not tie.
Blind spots
    An operator for each laptop; input that programs give all day; laptops of other companies between which he
    switches; days on which input was not watched (`input_source` is on for 30 days, then by policy).
Triage
    Lay both days side by side (the farm's page). Call both people at once, with camera.
References
    T1219 Remote Access Tools; threat-signals F5; docs/farms.md for the test.
"""

from . import shared_values
from .detector import Detector, Findings, quote
from .view import DeviceView, Rhythm

#: The test's p is an upper bound; below these, chance among the few laptops that share a value is ruled out.
_LIKELY, _SURE = 0.01, 0.001
#: Fewer days are a coincidence of calendars, whatever p.
_DAYS = 5


def detect(device: DeviceView) -> Findings:
    """Yields one finding per other laptop."""
    if shared_values.known_place(device):
        return
    related = _related(device)
    found = [it for it in device.rhythms if it.other not in related and _fits(it)]
    hands = [it for it in found if it.kind == "alternates" and it.p <= _SURE and it.source == "input_source"]
    for rhythm in found:
        level = 1 if rhythm not in hands else 2 if len(hands) < 2 else 3
        fit = "stops where it starts" if rhythm.kind == "alternates" else "starts and stops with it"
        fact = (
            f"{rhythm.switches} of its starts fit on {rhythm.days} days, {rhythm.expected:.0f} by chance; "
            f"p is {rhythm.p:.2g} at most."
        )
        innocent = "two laptops of one person" if rhythm.kind == "alternates" else "colleagues on one shift"
        sentence = (
            f"An unrelated laptop, {rhythm.other}, {fit} on {rhythm.days} days: {fact} Could it be {innocent}? Check: "
            "lay their days side by side, and call both people at once."
        )
        quotes = (quote(rhythm.source, f"hours of {rhythm.other}", fact),)
        yield DETECTOR.finding(level, sentence, quotes, rhythm.other)


def _fits(rhythm: Rhythm) -> bool:
    """Whether chance is ruled out; a shift that begins and ends for everybody is the likelier chance."""
    return rhythm.days >= _DAYS and rhythm.p <= (_LIKELY if rhythm.kind == "alternates" else _SURE)


def _related(device: DeviceView) -> set[str]:
    """Returns the devices that records tie to this one: holders of what it shares that are not among the unrelated."""
    strangers = {other for tie in device.ties for other in tie.unrelated}
    return {other for tie in device.ties for other in tie.holders} - strangers


DETECTOR = Detector(
    id="simultaneous_use",
    group="F",
    title="Hours of use as one pair of hands makes them",
    attack=("T1219",),
    consumes=("input_source", "sessions"),
    detect=detect,
)
