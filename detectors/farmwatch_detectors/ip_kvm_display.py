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

from collections.abc import Iterator
from datetime import datetime, timedelta

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.displays import Display

from .catalog.edid import EdidEntry, Kind, Match, matches
from .catalog.ip_kvm import products
from .detector import Detector
from .display_words import COMPARISONS, FACTS
from .hardware import cited, fleet_words, quoted, sanction_for_asset, was_or_is, words_of
from .policy import Sanction
from .remembered import display_sightings, usb_sightings
from .view import DeviceView, Sighting

_LEVELS: dict[Kind, int] = {
    "ip_kvm": 3,
    "kvm_board": 2,
    "residue": 2,
    "donor": 2,
    "kvm_over_ip": 2,
    "capture_chip": 1,
    "dummy_plug": 1,
}


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per external monitor that is none."""
    for sighting in display_sightings(device):
        if sighting.item.internal:
            continue
        found = sorted(matches(sighting.item), key=_level, reverse=True)
        if found:
            yield _finding(device, sighting, found[0])


def _level(match: Match) -> int:
    return 2 if match.entry.kind == "ip_kvm" and match.how == "body" else _LEVELS[match.entry.kind]


def _sanction(device: DeviceView, sighting: Sighting[Display], entry: EdidEntry) -> Sanction | None:
    """The entry for this monitor, or for a KVM on this laptop's USB at the same time: both ends are one device."""
    if not device.policy.sanctions:
        return None
    display = sighting.item
    serials = (display.serial, display.serial_number)
    own = sanction_for_asset(device, serials, {entry.product} - {""}, sighting.seen_until)
    if own is not None:
        return own
    for usb in usb_sightings(device):
        if not _together(sighting.seen_until, usb.seen_until):
            continue
        known = products(usb.item)
        sanction = sanction_for_asset(device, (usb.item.serial,), known, usb.seen_until)
        if sanction is not None and (known or sanction.asset_product):
            return sanction
    return None


def _together(picture: str, usb: str) -> bool:
    """Whether the USB end was there as long as the picture was; "" is still there. Both leave within a day."""
    if not usb or not picture:
        return not usb
    return datetime.fromisoformat(usb) >= datetime.fromisoformat(picture) - timedelta(days=1)


def _finding(device: DeviceView, sighting: Sighting[Display], match: Match) -> Finding:
    display, entry = sighting.item, match.entry
    subject = f"Monitor {quoted(display.name)} on {display.connector}"
    level = sighting.capped(_level(match))
    sanction = _sanction(device, sighting, entry)
    if sanction is not None:
        level, sentence = 0, f"{subject} is the picture input of a registered KVM of {words_of(sanction)}."
    else:
        kind: Kind = "residue" if match.how == "body" and entry.kind == "ip_kvm" else entry.kind
        when = f"{subject}, {was_or_is(sighting).removeprefix('was, ')}" if sighting.seen_until else subject
        fleet = fleet_words(device, "edid", display.serial, display.serial_number)
        sentence = " ".join(
            part
            for part in (
                COMPARISONS[kind].format(when, entry.name),
                fleet,
                "Check: what the video cable leads to.",
            )
            if part
        )
    seen = f"{display.manufacturer} {display.product} {quoted(display.name)}" if match.how == "pair" else entry.name
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=sentence,
        evidence=(
            Evidence(
                kind="displays", subject=subject, fact=FACTS[match.how].format(seen), source=cited("edid.yaml", entry)
            ),
        ),
        subject=display.connector,
        seen_from=sighting.seen_from,
        seen_until=sighting.seen_until,
        sanctioned=words_of(sanction) if sanction else "",
        floor=level == 3,
    )


DETECTOR = Detector(
    id="ip_kvm_display",
    group="H",
    title="Picture input of an IP-KVM in place of a monitor",
    attack=("T1219.003",),
    consumes=("displays", "usb"),
    detect=detect,
)
