"""States that a USB device bears the ids of a known keyboard, mouse or receiver that it cannot be.

Detects
    A claim that the build contradicts. Hard: high speed where the product is slow, a drive, network card or pointer in
    a keyboard, a receiver without its maker's own function, strings or serials that KVM settings invent. Lesser: a
    foreign manufacturer, a serial where it has none, packets or functions of another product. Level 3: a hard one and
    another; 2: one hard or three lesser; 1: two lesser.
Why
    Whoever hides a KVM gives it the ids of a common product. The contradictions are made by that very step.
Innocent explanations
    A copy sold under a brand's ids; a revision of the product that no public dump shows; a KVM switch that repeats
    a keyboard's ids with its own functions.
Blind spots
    Products that the table does not hold; a clone that copies speed, functions, strings and packets too. What a
    system does not tell contradicts nothing. A keyboard without pointer or drive, held at full speed under a low-speed
    one's names, differs in its control packets alone. Ids that many makers share (05ac:024f, 04d9:1503) are notes only.
Triage
    Look at the plug: is it the keyboard or receiver that it says it is?
References
    T1219.003 Remote Access Hardware, T1036 Masquerading; catalog/usb_truth.yaml cites a dump per row.
"""

from .assets import sanction_for_usb
from .catalog.usb_truth import truths
from .detector import Detector, Findings, quote
from .hardware import cited, place_of, port_of, was_or_is
from .remembered import usb_sightings
from .usb_conflicts import Conflict, conflicts
from .usb_shape import controls
from .view import DeviceView


def detect(device: DeviceView) -> Findings:
    """Yields one finding per device that contradicts its ids."""
    for sighting in usb_sightings(device):
        item, place = sighting.item, place_of(sighting.item)
        truth = truths().get(item.ids)
        if truth is None or not (controls(item) or item.interfaces):
            continue
        found = conflicts(item, truth)
        level = sighting.capped(level_of(found))
        if not level:
            continue
        sentence = (
            f"{place} {was_or_is(sighting)} no {truth.name} by {len(found)} "
            f"{'fact' if len(found) == 1 else 'facts'}, though it bears that product's ids; none of its public dumps "
            "agrees. Copies and new revisions exist. Could it be one? Check: look at the plug."
        )
        sanction = sanction_for_usb(device, sighting)
        if sanction is not None:
            level, sentence = 0, f"{place} is a registered KVM of {sanction.words}."
        quotes = (quote("usb", place, each.text, cited("usb_truth.yaml", truth)) for each in found)
        yield DETECTOR.finding(level, sentence, quotes, port_of(item), sighting=sighting, sanction=sanction)


def level_of(found: tuple[Conflict, ...]) -> int:
    """Returns the level that contradictions of one device reach together; one that a revision explains is none."""
    hard = sum(conflict.hard for conflict in found)
    if hard and len(found) > 1:
        return 3
    if hard or len(found) > 2:
        return 2
    return 1 if len(found) > 1 else 0


DETECTOR = Detector(
    id="usb_identity_conflict",
    group="H",
    title="Ids of a product that the device cannot be",
    attack=("T1219.003", "T1036"),
    consumes=("usb",),
    detect=detect,
)
