"""States that the laptop's own keyboard and touchpad rest for working days while the laptop is used.

Detects
    Days with an hour of input or more, of which the built-in keyboard and touchpad had none, or less than 2.5 %:
    what a farm's host types to wake a laptop up is no use. Level 1: five such days in a row. Level 2: eight in
    four weeks, and no hand's device at all: what moved came from programs, software's devices or remote sessions.
Why
    Nobody sits at a laptop in a farm. Whatever drives it, hardware or software, its own keys are not pressed.
Innocent explanations
    An external keyboard and mouse at a desk, which many have: level 1 says little, and a closed lid is the same fact
    (`posture` counts it in its place). A broken keyboard; a
    remapper that is not in the list; a person whose input comes from assistive technology.
Blind spots
    A host who types for minutes each day. Macs tell no devices apart, Windows not beside a touch screen, and a
    keyboard wired by USB inside is not known as the laptop's own: there it is not told. The lock screen is unseen.
Triage
    Ask the person to unlock the laptop with its own keyboard in a call. Compare with lid and monitor.
References
    T1219.003 Remote Access Hardware, T1219.002 Remote Desktop Software; docs/privacy.md says what is counted.
"""

from .catalog.input_helpers import replaces_hands
from .detector import Detector, Findings
from .input_days import TOUCHED, midnight, quotes_of_days, share_of, told_days, unused_built_in, without_hands
from .view import DeviceView

FEW, MANY, WEEKS = 5, 8, 28


def detect(device: DeviceView) -> Findings:
    """Yields a finding when the built-in devices rested for `FEW` working days or more."""
    unused = unused_built_in(device, WEEKS, TOUCHED)
    if unused is None or unused < FEW:
        return
    days = told_days(device, WEEKS)[-unused:]
    handless = without_hands(days)
    level = 2 if handless and unused >= MANY and not replaces_hands(device) else 1
    what = "and no other hand's device was used either" if handless else "while an external keyboard or mouse was used"
    innocent = "assistive technology or a broken keyboard" if handless else "a desk with an external keyboard"
    sentence = (
        f"The laptop's own keyboard and touchpad rested on the last {unused} working days, {what}. "
        f"{'Hardly any laptop does that' if level == 2 else 'So do up to half of all laptops'}. "
        f"Could it be {innocent}? Check: ask for one unlock on its own keys."
    )
    quotes = quotes_of_days(
        days, lambda day: f"{day.active} minutes with input, {share_of(day, ('builtin',))} % of them built-in."
    )
    yield DETECTOR.finding(level, sentence, quotes, "built_in", since=midnight(days[0]))


DETECTOR = Detector(
    id="built_in_unused",
    group="I",
    title="Built-in keyboard and touchpad at rest",
    attack=("T1219.003", "T1219.002"),
    consumes=("input_source", "host", "processes"),
    detect=detect,
)
