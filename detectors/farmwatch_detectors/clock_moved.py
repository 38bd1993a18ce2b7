"""States that a laptop's clock is set to and fro.

Detects
    The clock's distance from the collector's jumps by ten minutes or more, and back: twice within 14 days (level 1),
    four times or more (level 2).
Why
    Whoever wants activity to fall into other hours, or evidence to look older, sets the clock. Time servers set
    clocks right all by themselves, so only repeated jumps say anything.
Innocent explanations
    Two systems on one laptop that disagree whether its clock holds UTC or local time; a flat clock battery, which
    starts each day in a past year; a virtual machine that slept; a traveller who sets clock instead of time zone.
Blind spots
    A clock set to and fro between two answers of the collector. Jumps of whole quarter hours are never counted, as
    that is how time zones differ, nor those to a past year.
Triage
    Is automatic time turned off? Who may set the clock? Compare with logins of those hours.
References
    T1070.006 Timestomp; hwclock(8) on UTC and local time in the hardware clock.
"""

from .detector import Detector, Findings, quote
from .reporting import clock_jumps
from .view import DeviceView

FEW, MANY = 2, 4


def detect(device: DeviceView) -> Findings:
    """Yields a finding when the clock jumped to and fro more than once."""
    jumps = clock_jumps(device)
    if len(jumps) < FEW or len({seconds > 0 for _, seconds in jumps}) < 2:
        return
    sentence = (
        f"The clock was set to and fro {len(jumps)} times in 14 days, by up to "
        f"{max(abs(seconds) for _, seconds in jumps) // 60} minutes; time servers keep others within seconds. "
        "A second system or a virtual machine can do that. Check: is automatic time on?"
    )
    quotes = (
        quote("agent", "the clock", f"{at:%Y-%m-%d %H:%M} UTC: it jumped {way} {abs(seconds)} s.")
        for at, seconds in jumps[-6:]
        for way in ("back" if seconds > 0 else "ahead",)
    )
    yield DETECTOR.finding(2 if len(jumps) >= MANY else 1, sentence, quotes, "clock")


DETECTOR = Detector(
    id="clock_moved",
    group="A",
    title="A clock set to and fro",
    attack=("T1070.006",),
    consumes=("agent",),
    detect=detect,
)
