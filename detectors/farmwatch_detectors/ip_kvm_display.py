"""States that a monitor is the picture input of an IP-KVM, or claims to be a monitor that firmware publishes.

Detects
    EDIDs that firmware of an IP-KVM sends (level 3); what is left of them after names were edited, a published
    donor's EDID with its one serial, the data of boards that KVMs and capture devices share, the inputs of
    KVM-over-IP units (level 2); capture chips and dummy plugs (level 1).
Why
    To show a laptop's screen far away, something must pose as its monitor. The monitor's name is often left as
    shipped, or replaced by a preset that is the same on every unit in the world.
Innocent explanations
    A KVM of one's own; a capture board for streaming or a meeting room (boards with a TC358743 chip bear Toshiba's
    pair, some of them BliKVM's whole data: level 2, without a floor); a dummy plug for a closed lid; a server room's
    console. The one person who owns the very monitor that a donor EDID was copied from.
Blind spots
    An EDID copied from the owner's own monitor. A KVM without video. Systems that show no EDID bytes.
Triage
    Look what the video cable leads to. Does a second monitor report the same serial on another laptop?
References
    T1219.003 Remote Access Hardware; VESA E-EDID 1.4; catalog/edid.yaml names file and commit per entry.
"""

from .assets import sanction_for_picture
from .catalog.edid import Match, matches
from .detector import Detector, Findings, quote
from .display_words import compared, fact_of
from .hardware import cited, fleet_words, quoted, was_or_is
from .remembered import display_sightings
from .view import DeviceView

#: Kinds that have other causes than a KVM: streaming, meeting rooms, work with a closed lid.
_WEAK = ("capture_chip", "dummy_plug")


def detect(device: DeviceView) -> Findings:
    """Yields one finding per external monitor that is none."""
    for sighting in display_sightings(device):
        display = sighting.item
        match = max(matches(display), key=_level, default=None)
        if match is None or display.internal:
            continue
        level = sighting.capped(_level(match))
        subject = f"Monitor {quoted(display.name)} on {display.connector}"
        when = f"{subject}, {was_or_is(sighting).removeprefix('was, ')}" if sighting.seen_until else subject
        fleet = fleet_words(device, "edid", display.serial, display.serial_number)
        sentence = " ".join(filter(None, (compared(match, when), fleet, "Check: what the video cable leads to.")))
        sanction = sanction_for_picture(device, sighting, match.entry.product)
        if sanction is not None:
            level, sentence = 0, f"{subject} is the picture input of a registered KVM of {sanction.words}."
        quotes = (quote("displays", subject, fact_of(match, display), cited("edid.yaml", match.entry)),)
        yield DETECTOR.finding(
            level, sentence, quotes, display.connector, sighting=sighting, sanction=sanction, floor=level == 3
        )


def _level(match: Match) -> int:
    if match.entry.kind == "ip_kvm" and match.how != "body":
        return 3
    return 1 if match.entry.kind in _WEAK else 2


DETECTOR = Detector(
    id="ip_kvm_display",
    group="H",
    title="Picture input of an IP-KVM in place of a monitor",
    attack=("T1219.003",),
    consumes=("displays", "usb"),
    detect=detect,
)
