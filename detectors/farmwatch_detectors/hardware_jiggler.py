"""States that hardware moves the pointer for nobody: a jiggler plug, or a KVM's own jiggling.

Detects
    A device that calls itself a jiggler (level 2); bursts of pointer movement from a device at a period as even as a
    clock's: at a published one (JetKVM 20 s, NanoKVM 15 s, PiKVM about 60 s) level 2, else level 1.
Why
    Whoever drives several laptops keeps the others awake. KVM firmware does it by itself.
Innocent explanations
    Somebody's own jiggler against a strict screen lock; a mouse on a vibrating desk or with a failing sensor; a
    presenter's clicker; a gaming mouse's macro.
Blind spots
    Jigglers with random pauses and a cheap mouse's id: most of those sold. PiKVM's own varies by a quarter, so its
    period is seldom even enough. Rhythm is opt-in by policy. Programs: see keep_awake.
Triage
    Ask for the screen lock's policy reason; look what is plugged in. Does it move with nobody there?
References
    T1219.003; pikvm/kvmd, jetkvm/kvm and sipeed/NanoKVM as docs/catalogues.md cites them; catalog/hid_emulators.yaml.
"""

from .catalog.hid_emulators import usb_matches
from .detector import Detector, Findings, quote
from .hardware import cited, hid_interfaces, place_of, port_of, quoted, was_or_is
from .input_pace import PERIODS, latest_pointers, published_rhythm
from .remembered import usb_sightings
from .view import DeviceView


def detect(device: DeviceView) -> Findings:
    """Yields one finding per jiggling device."""
    for sighting in usb_sightings(device):
        item = sighting.item
        match = next(usb_matches(item, "jiggler"), None)
        if match is not None and hid_interfaces(item):
            sentence = (
                f"{place_of(item)} {was_or_is(sighting)} a mouse jiggler by {quoted(match.seen)}: it moves the pointer "
                "with nobody there. Some people own one against a strict screen lock; farms keep many laptops awake "
                "so. Could it be that? Check: ask what it is for."
            )
            fact, source = f"It says {quoted(match.seen)} of itself.", cited("hid_emulators.yaml", match.entry)
            quotes = (quote("usb", place_of(item), fact, source),)
            yield DETECTOR.finding(sighting.capped(2), sentence, quotes, port_of(item), sighting=sighting)
    for place, timing in latest_pointers(device, "usb", "bluetooth"):
        period = timing.period_seconds or 0
        if period not in PERIODS:
            continue
        whose, source = published_rhythm(period)
        how = f"as {whose} does by itself" if whose else "more even than a hand"
        sentence = (
            f"A pointer ({place}) moved every {period} s on {timing.day}, again and again, {how}. "
            "A jiggler of the owner's, a failing sensor or a macro of a gaming mouse can do that. "
            "Could it be one? Check: what is plugged in there, and does it move with nobody there?"
        )
        fact = f"Ten bursts or more, {period} s apart within 5 %, on {timing.day}."
        quotes = (quote("input_timing", f"pointer {place}", fact, source),)
        since = device.since("input_timing", timing)
        yield DETECTOR.finding(2 if whose else 1, sentence, quotes, place, since=since)


DETECTOR = Detector(
    id="hardware_jiggler",
    group="H",
    title="Hardware that moves the pointer for nobody",
    attack=("T1219.003",),
    consumes=("usb", "input_timing"),
    detect=detect,
)
