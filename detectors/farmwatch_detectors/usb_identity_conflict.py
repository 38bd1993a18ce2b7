"""States that a USB device bears the ids of a known keyboard, mouse or receiver that it cannot be.

Detects
    A claim that the build contradicts: high speed where the product is slow, a drive, network card or pointer in a
    keyboard, a receiver without its maker's own function, strings or serials that KVM settings invent; and lesser
    things: a foreign manufacturer, a serial where it has none, packets or functions of another product. Level 3: one
    of the first and another; level 2: one of them, or three lesser ones; level 1: two lesser ones.
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

from collections.abc import Iterator

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.usb import UsbDevice

from .catalog.ip_kvm import products
from .catalog.usb_truth import TruthEntry, truths
from .detector import Detector
from .hardware import cited, place_of, sanction_for_asset, was_or_is, words_of
from .remembered import usb_sightings
from .usb_conflicts import Conflict, conflicts
from .usb_shape import controls
from .view import DeviceView, Sighting


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per device that contradicts its ids."""
    for sighting in usb_sightings(device):
        truth = truths().get(sighting.item.ids)
        if truth is None or not (controls(sighting.item) or sighting.item.interfaces):
            continue
        found = conflicts(sighting.item, truth)
        level = level_of(found)
        if level:
            yield _finding(device, sighting, sighting.capped(level), truth, found)


def level_of(found: tuple[Conflict, ...]) -> int:
    """Returns the level that contradictions of one device reach together; one that a revision explains is none."""
    hard = sum(conflict.hard for conflict in found)
    if hard and len(found) > 1:
        return 3
    if hard or len(found) > 2:
        return 2
    return 1 if len(found) > 1 else 0


def _finding(
    device: DeviceView,
    sighting: Sighting[UsbDevice],
    level: int,
    truth: TruthEntry,
    found: tuple[Conflict, ...],
) -> Finding:
    item, row = sighting.item, cited("usb_truth.yaml", truth)
    sanction = sanction_for_asset(device, (item.serial,), products(item), sighting.seen_until)
    if sanction is not None:
        level, sentence = 0, f"{place_of(item)} is a registered KVM of {words_of(sanction)}."
    else:
        sentence = (
            f"{place_of(item)} {was_or_is(sighting)} no {truth.name} by {len(found)} "
            f"{'fact' if len(found) == 1 else 'facts'}, though it bears that product's ids; none of its public dumps "
            "agrees. Copies and new revisions exist. Could it be one? Check: look at the plug."
        )
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=sentence,
        evidence=tuple(Evidence(kind="usb", subject=place_of(item), fact=each.text, source=row) for each in found),
        subject=item.port_path or item.ids,
        seen_from=sighting.seen_from,
        seen_until=sighting.seen_until,
        sanctioned=words_of(sanction) if sanction else "",
    )


DETECTOR = Detector(
    id="usb_identity_conflict",
    group="H",
    title="Ids of a product that the device cannot be",
    attack=("T1219.003", "T1036"),
    consumes=("usb",),
    detect=detect,
)
