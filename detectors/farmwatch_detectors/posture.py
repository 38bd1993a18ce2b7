"""States that nobody seems to handle the laptop: closed, on mains, awake, at one place, for two weeks.

Detects
    In the last 14 days, of which 10 or more were told: lid never open, never off mains, never asleep, never behind
    another gateway, camera and microphone never used. Level 1: closed, and three of them in all. Level 2: closed,
    four or all of them, and not one sign of a person, built-in keys among them. Keys under a closed lid rest by
    themselves: `built_in_unused` weighs nothing beside it, unless no other hand's device was used either.
Why
    A laptop of a farm lies closed on a shelf. Each of these is ordinary; that nothing ever happens is not.
Innocent explanations
    A desk with dock and monitor, where a laptop lies closed for months: such a laptop sleeps, is in meetings or is
    taken along now and then, and stays at level 1. Cameras that stay off; a machine that computes at night; illness.
Blind spots
    A host who opens the lid, pulls the plug or sleeps the laptop once in two weeks. Systems that do not tell when a
    camera was used (Macs). What nobody looked at is left out and counts for neither side.
Triage
    Ask for a call with the built-in camera. See since when, and whether a dock and a monitor are there.
References
    T1219.003 Remote Access Hardware; US Department of Justice, United States v. Chapman (shelves of laptops).
"""

from datetime import timedelta

from .detector import Detector, Findings, quote
from .input_days import told_days, without_hands
from .physical_use import WINDOW, traits
from .view import DeviceView

SOME, MOST = 3, 4
#: A laptop that has not reported for longer may be in a drawer.
AWAY = timedelta(days=3)


def detect(device: DeviceView) -> Findings:
    """Yields a finding when the laptop lay closed for two weeks and little else happened to it."""
    power = device.section("power")
    if power is None or not power.looked or device.now - power.observed_at > AWAY:
        return
    told = [trait for trait in traits(device) if trait.person is not None]
    never = [trait for trait in told if not trait.person]
    if len(never) < SOME or not any(trait.name == "lid" for trait in never):
        return
    alive = [trait for trait in told if trait.person]
    against = f"; {alive[0].words.rstrip('.').lower()}" if alive else ", and nothing else that needs a person was seen"
    sentence = (
        f"For {WINDOW.days} days the laptop lay closed and {len(never)} of {len(told)} signs of handling were missing"
        f"{against}. Laptops at a desk with monitor look alike. Could it be one? "
        "Check: a call with the built-in camera."
    )
    quotes = (quote(trait.kind, trait.name, f"{trait.words} ({WINDOW.days} days)") for trait in told)
    # Days without any hand's device are more than a closed lid explains: then both count.
    days = told_days(device)
    absorbs = () if days and without_hands(days) else ("built_in_unused",)
    level = 2 if len(never) >= MOST and not alive else 1
    yield DETECTOR.finding(level, sentence, quotes, "posture", absorbs=absorbs)


DETECTOR = Detector(
    id="posture",
    group="P",
    title="Nobody handles the laptop",
    attack=("T1219.003",),
    consumes=("power", "network", "media", "input_source", "host", "processes"),
    detect=detect,
)
