"""States that the laptop lives by another clock than the place its person claims.

Detects
    The laptop's own offset from UTC against that of the roster's time zone that day, else of the claimed place by its
    longitude. Level 1: two hours or more apart for fourteen days. Level 2: five hours or more for five days, while
    the laptop is seen from a home's network in the claimed country: the exit says home, the clock does not.
Why
    Systems set their clock by where they are, and people set it to where they live.
Innocent explanations
    A move that records do not know yet, long leave abroad; a traveller whose home network is the exit; a person who
    works by the team's clock. Shorter trips, laptops on UTC and summer time are no finding.
Blind spots
    Who keeps the claimed zone on the laptop shows nothing, as most farms and many travellers do. Hours of use that do
    not fit the claimed zone are `activity_hours`'.
Triage
    Ask where the person is this week; compare with travel that is known, and with the round-trip times.
References
    T1078 Valid Accounts; GeoWatcher README; FBI and State Department notices on remote workers in disguise.
"""

from datetime import timedelta

from farmwatch_schema.observables.host import HostFacts

from .detector import Detector, Findings, quote
from .view import DeviceView
from .zones import apart_since, clock_apart

APART, LASTING = 120, timedelta(days=14)
FAR_APART, SETTLED = 300, timedelta(days=5)


def detect(device: DeviceView) -> Findings:
    """Yields one finding while the clocks have been apart for long enough."""
    facts = next((it for it in device.of("host", HostFacts) if it.utc_offset_minutes is not None), None)
    apart = clock_apart(device, facts, device.now.date()) if facts else 0
    if facts is None or apart < APART:
        return
    since = apart_since(device, APART)
    lasted = device.now - since
    entry = device.roster
    exits = {(it.country, it.kind) for it in device.egress if it.seen_until >= since}
    at_home = entry and entry.claim and exits == {(entry.claim.country, "residential")}
    if apart >= FAR_APART and lasted >= SETTLED and at_home:
        level, beside = 2, ", while it is seen from a home's network in the claimed country"
    elif lasted >= LASTING:
        level, beside = 1, ""
    else:
        return
    sentence = (
        f"The laptop's clock is {apart / 60:g} hours off the claimed place's for {lasted.days} days{beside}. Could it "
        f"be a move that records do not know yet, or long travel? Check: ask where the person is this week."
    )
    own = (facts.utc_offset_minutes or 0) / 60
    fact = f"Set to {facts.time_zone or 'a zone that is not told'}, {own:+g} hours from UTC."
    yield DETECTOR.finding(level, sentence, [quote("host", "clock", fact)], "clock", since=since.isoformat())


DETECTOR = Detector(
    id="time_zone_conflict",
    group="N",
    title="Clock of another place than the claimed one",
    attack=("T1078",),
    consumes=("host",),
    detect=detect,
)
