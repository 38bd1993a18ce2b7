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

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.agent import AgentHealth

from .detector import Detector
from .reporting import HEARD
from .view import DeviceView

#: Seconds from which a jump is none of a clock that runs badly, and those that time zones differ by.
JUMP, ZONE = 600, 900
#: The agent tells offsets rounded to 10 s, twice: both ends of a jump.
ROUNDED = 20
#: A clock further off than a day was not set by hand: its battery is flat.
FLAT = 86_400


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields a finding when the clock jumped to and fro more than once."""
    jumps = _jumps(device)
    if len(jumps) < 2 or len({seconds > 0 for _, seconds in jumps}) < 2:
        return
    yield Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=2 if len(jumps) >= 4 else 1,
        sentence=(
            f"The clock was set to and fro {len(jumps)} times in 14 days, by up to "
            f"{max(abs(seconds) for _, seconds in jumps) // 60} minutes; time servers keep others within seconds. "
            "A second system or a virtual machine can do that. Check: is automatic time on?"
        ),
        evidence=tuple(
            Evidence(
                kind="agent",
                subject="the clock",
                fact=f"{at:%Y-%m-%d %H:%M} UTC: it jumped {'back' if seconds > 0 else 'ahead'} {abs(seconds)} s.",
            )
            for at, seconds in jumps[-6:]
        ),
        subject="clock",
    )


def _jumps(device: DeviceView) -> list[tuple[datetime, int]]:
    """Returns when the offset (collector minus laptop, in seconds) changed by more than drift, and by how much."""
    told = sorted(
        (span.seen_from, span.item.clock_offset)
        for span in device.spans("agent")
        if isinstance(span.item, AgentHealth) and span.item.clock_offset is not None
    )
    return [
        (at, now - before)
        for (_, before), (at, now) in pairwise(told)
        if device.now - at < HEARD and abs(now - before) >= JUMP and not _innocent(now - before)
    ]


def _innocent(seconds: int) -> bool:
    off = abs(seconds) % ZONE
    return abs(seconds) > FLAT or min(off, ZONE - off) <= ROUNDED


DETECTOR = Detector(
    id="clock_moved",
    group="A",
    title="A clock set to and fro",
    attack=("T1070.006",),
    consumes=("agent",),
    detect=detect,
)
