"""States that the hours of use do not fit one person who lives where the records say.

Detects
    15 active days or more in four weeks, in quarters of an hour of local time. Level 1: two rhythms: two blocks of two
    hours or more, five idle hours apart, on two thirds of the days, or nights on some days and days on others. Level 2:
    half of the input by night on two thirds of the days; or 16 hours and more on five days.
Why
    Somebody on the other side of the world works by day there, or two people share one account.
Innocent explanations
    Night shift and on-call; parents who work after bedtime; religious hours; teams in other time zones; a program
    that keeps the laptop awake. Travel and moves show in the laptop's own zone, and then nothing is said.
Blind spots
    Most work the company's hours. Without the roster's time zone nights are not looked for; the time between changes of
    a rhythm that is younger than three weeks is not seen.
Triage
    Ask the manager for the agreed hours. Hours by themselves are nobody's fault, and never a reason alone.
References
    US State Department and Treasury advisory of 16 May 2022 (long hours, logins at odd hours); T1078 Valid Accounts.
"""

from .day_hours import HOUR, busiest_hours, by_night, in_two_blocks, local_days
from .detector import Detector, Findings, quote
from .view import DeviceView
from .zones import offset_minutes, told_offset

#: Active days needed; the share of them that makes a habit, and of a day's input that makes a night's work.
ENOUGH, OFTEN, NIGHTLY = 15, 2 / 3, 0.5
LONG_HOURS, LONG_DAYS = 16, 5
#: Nights among days, and days among nights, that are a change between two.
EACH = 5


def detect(device: DeviceView) -> Findings:
    """Yields the strongest of the three things that hours can say."""
    zone = device.roster.time_zone if device.roster else ""
    own, claimed = told_offset(device), offset_minutes(zone, device.now.date())
    if claimed is None and own is None:
        return
    days = local_days(device, zone if claimed is not None else "", own or 0)
    if len(days) < ENOUGH:
        return
    nightly = sum(by_night(slots, NIGHTLY) for slots in days.values())
    long = sum(len(slots) >= LONG_HOURS * HOUR for slots in days.values())
    split = sum(in_two_blocks(slots) for slots in days.values())
    at_home = claimed is not None and own is not None and abs(claimed - own) <= 60
    if at_home and nightly >= OFTEN * len(days):
        half = f"half the input or more came between 22 and 6 o'clock in {zone}; few people work so"
        level, what, innocent = 2, f"On {nightly} of {len(days)} days {half}", "night shift or a team elsewhere"
    elif long >= LONG_DAYS:
        what = f"On {long} of {len(days)} days there was input in {LONG_HOURS} hours or more; hardly anybody works so"
        level, innocent = 2, "on-call or a program that keeps it awake"
    elif split >= OFTEN * len(days) or EACH <= nightly <= len(days) - EACH:
        what = f"The hours of {len(days)} active days follow two rhythms; most people's follow one"
        level, innocent = 1, "work after the children's bedtime or changing shifts"
    else:
        return
    sentence = f"{what}. Could it be {innocent}? Check: the hours agreed with the manager."
    fact = f"Busiest hours, local time: {', '.join(map(str, busiest_hours(days)))} o'clock."
    quotes = (quote("input_source", f"hours of {len(days)} days", fact),)
    yield DETECTOR.finding(level, sentence, quotes, "hours", since=f"{min(days)}T00:00:00+00:00")


DETECTOR = Detector(
    id="activity_hours",
    group="P",
    title="Hours of use that fit no one person",
    attack=("T1078",),
    consumes=("input_source", "host"),
    detect=detect,
)
