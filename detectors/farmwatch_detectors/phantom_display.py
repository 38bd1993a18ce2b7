"""States that no external display of the laptop is a panel that somebody could look at.

Detects
    Displays whose data are a capture chip's, a dummy plug's, a KVM's or name no size, that software made, or that
    promise more than is ever shown: level 1 while no ordinary monitor is there. With built-in keyboard and touchpad
    untouched for five working days: level 2 by a judged sign, level 3 by a measured one, and `built_in_unused` counts
    nowhere else.
Why
    Whoever looks at the screen from afar needs something that poses as a monitor, and nobody sits at the keyboard.
Innocent explanations
    A television or projector; a streamer's capture box; a dummy plug or virtual screen for work with a closed lid; an
    adapter that takes 1080p only. With the built-in keyboard unused: the same, used as a desk.
Blind spots
    A KVM that passes the picture on to a real monitor, or copies a panel's data and modes. One that calls itself a
    television, and a screen of less than three days, stay at level 2 and 1.
Triage
    Look what the video cable leads to. Ask for the laptop's own keyboard to be used in a call.
References
    T1219.003 Remote Access Hardware; VESA E-EDID 1.4; docs/catalogues.md, "monitors that are none".
"""

from datetime import timedelta

from farmwatch_schema.observables.power import PowerFacts

from .assets import has_registered_usb
from .detector import Detector, Findings, quote
from .hardware import quoted
from .input_days import TOUCHED, unused_built_in
from .machine import no_laptop
from .phantom_screen import least_of_panels
from .view import DeviceView

#: Working days of so many weeks, as built_in_unused asks for, and the days for which the display must have been there.
UNUSED, WEEKS, ATTACHED = 5, 28, timedelta(days=3)


def detect(device: DeviceView) -> Findings:
    """Yields one finding for the display that is a panel the least, when none of the external ones is."""
    least = least_of_panels(device)
    if least is None or no_laptop(device) or has_registered_usb(device):
        return
    sighting, signs = least
    display, since = sighting.item, device.seen_from("displays", sighting.item)
    subject = f"Display {quoted(display.name)} on {display.connector}"
    unused = unused_built_in(device, WEEKS, TOUCHED) or 0
    together = unused >= UNUSED and (since is None or device.now - since >= ATTACHED)
    level = 1 if not together else 3 if any(sign.strength == "measured" for sign in signs) else 2
    quotes = [quote("displays", subject, sign.text, sign.source) for sign in signs]
    if next((power.lid for power in device.of("power", PowerFacts)), None) == "closed":
        quotes.append(quote("power", "the lid", "The lid is closed, so nothing else is shown."))
    alike = "Televisions, capture boxes and dummy plugs are like that."
    what = f"{subject} is no ordinary panel"
    if together:
        fact = f"Its own keyboard and touchpad rested on the last {unused} working days."
        quotes.append(quote("input_source", "the laptop's own input", fact))
        what += f", and the laptop's own keyboard and touchpad rested for {unused} working days"
        alike = "A television, capture box or dummy plug at a desk looks like that."
    sentence = f"{what}. {alike} Could it be one? Check: what the video cable leads to."
    absorbs = ("built_in_unused",) if together else ()
    yield DETECTOR.finding(level, sentence, quotes, display.connector, since=sighting.seen_from, absorbs=absorbs)


DETECTOR = Detector(
    id="phantom_display",
    group="H",
    title="Display that nobody can look at",
    attack=("T1219.003",),
    consumes=("displays", "input_source", "power", "host", "usb", "processes"),
    detect=detect,
)
