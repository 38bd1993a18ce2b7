"""States that no external display of the laptop is a panel that somebody could look at.

Detects
    Displays whose data are a capture chip's, a dummy plug's, a KVM's or name no size; displays made by software;
    data that promise more than is ever shown. Level 1: that alone, while no ordinary monitor is there. Beside it the
    laptop's own keyboard and touchpad untouched for five working days: level 2 by a judged sign, level 3 by a measured
    one (known data, or no size under the name of a maker whose monitors all have one). What `built_in_unused` says is
    counted in levels 2 and 3 and nowhere else.
Why
    Whoever looks at the screen from afar needs something that poses as a monitor, and nobody sits at the keyboard.
Innocent explanations
    A television or projector; a streamer's capture box; a dummy plug or virtual screen for work with a closed lid; an
    adapter that takes 1080p only. With the built-in keyboard unused: the same, used as a desk.
Blind spots
    A KVM that passes the picture on to a real monitor, or copies a panel's data and modes. One that calls itself a
    television is taken for one: level 2. Systems that tell no
    devices of input apart (built_in_unused) reach level 1 at most. A screen plugged in less than three days ago.
Triage
    Look what the video cable leads to. Ask for the laptop's own keyboard to be used in a call.
References
    T1219.003 Remote Access Hardware; VESA E-EDID 1.4; docs/catalogues.md, "monitors that are none".
"""

from collections.abc import Iterator
from datetime import timedelta

from farmwatch_schema.finding import Finding
from farmwatch_schema.observables.power import PowerFacts

from .assets import has_registered_usb
from .detector import Detector, quote
from .hardware import quoted
from .input_days import TOUCHED, unused_built_in
from .machine import host_of
from .phantom_screen import least_of_panels
from .view import DeviceView

#: Working days of so many weeks, as built_in_unused asks for, and the days for which the display must have been there.
UNUSED, WEEKS, ATTACHED = 5, 28, timedelta(days=3)


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding for the display that is a panel the least, when none of the external ones is."""
    host = host_of(device)
    least = least_of_panels(device)
    if least is None or host.hypervisor or host.chassis in ("desktop", "server", "virtual"):
        return
    if has_registered_usb(device):
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
    alike = "Televisions, capture boxes and dummy plugs are like that too."
    what = f"{subject} is no panel that somebody could look at"
    if together:
        fact = f"Its own keyboard and touchpad rested on the last {unused} working days."
        quotes.append(quote("input_source", "the laptop's own input", fact))
        what += f", and the laptop's own keyboard and touchpad rested for {unused} working days"
        alike = "A television or dummy plug used as a desk looks like that, seldom."
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
