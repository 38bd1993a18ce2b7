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

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.power import PowerFacts

from .catalog.ip_kvm import products
from .detector import Detector
from .hardware import quoted, sanction_for_asset, sightings
from .input_days import unused_built_in
from .phantom_screen import Sign, signs
from .remembered import usb_sightings
from .view import DeviceView, Sighting

#: Working days of so many weeks with less than that share of a day, per cent, as built_in_unused asks for; and the
#: days for which the display must have been there.
UNUSED, WEEKS, TOUCHED, ATTACHED = 5, 28, 5, timedelta(days=3)


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding for the display that is a panel the least, when none of the external ones is."""
    host = next(iter(device.of("host", HostFacts)), HostFacts())
    if host.hypervisor or host.chassis in ("desktop", "server", "virtual"):
        return
    outer = [each for each in sightings(device, "displays", Display) if not each.seen_until and not each.item.internal]
    told = [(each, signs(each.item)) for each in outer]
    if not told or not all(_is_none(found) for _, found in told) or _registered(device):
        return
    sighting, found = max(told, key=lambda row: ("measured" in {s.strength for s in row[1]}, len(row[1])))
    unused = unused_built_in(device, WEEKS, TOUCHED) or 0
    since = device.seen_from("displays", sighting.item)
    together = unused >= UNUSED and (since is None or device.now - since >= ATTACHED)
    level = 1 if not together else 3 if any(sign.strength == "measured" for sign in found) else 2
    yield _finding(device, sighting, found, level, unused)


def _is_none(found: tuple[Sign, ...]) -> bool:
    return any(sign.strength != "slight" for sign in found)


def _registered(device: DeviceView) -> bool:
    """Whether a KVM on this laptop's USB is a registered asset: its picture is registered with it."""
    return bool(device.policy.sanctions) and any(
        sanction_for_asset(device, (each.item.serial,), products(each.item), each.seen_until) is not None
        for each in usb_sightings(device)
        if not each.seen_until
    )


def _finding(
    device: DeviceView, sighting: Sighting[Display], found: tuple[Sign, ...], level: int, unused: int
) -> Finding:
    display = sighting.item
    subject = f"Display {quoted(display.name)} on {display.connector}"
    evidence = [Evidence(kind="displays", subject=subject, fact=sign.text, source=sign.source) for sign in found]
    lid = next((power.lid for power in device.of("power", PowerFacts)), None)
    if lid == "closed":
        evidence.append(Evidence(kind="power", subject="the lid", fact="The lid is closed, so nothing else is shown."))
    if level > 1:
        fact = f"Its own keyboard and touchpad rested on the last {unused} working days."
        evidence.append(Evidence(kind="input_source", subject="the laptop's own input", fact=fact))
        sentence = (
            f"{subject} is no panel that somebody could look at, and the laptop's own keyboard and touchpad rested "
            f"for {unused} working days. A television or dummy plug used as a desk looks like that, seldom. "
            "Could it be one? Check: what the video cable leads to."
        )
    else:
        sentence = (
            f"{subject} is no panel that somebody could look at. Televisions, capture boxes and dummy plugs are like "
            "that too. Could it be one? Check: what the video cable leads to."
        )
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=sentence,
        evidence=tuple(evidence),
        subject=display.connector,
        seen_from=sighting.seen_from,
        absorbs=("built_in_unused",) if level > 1 else (),
    )


DETECTOR = Detector(
    id="phantom_display",
    group="H",
    title="Display that nobody can look at",
    attack=("T1219.003",),
    consumes=("displays", "input_source", "power", "host", "usb", "processes"),
    detect=detect,
)
