"""States that one device's identity is used by two machines.

Detects
    Two reports under one number; a serial number or platform UUID that changed (level 1). Two boots that run side by
    side; forks on three days; hardware that changed and changed back (level 2).
Why
    A copied agent lets a clean machine speak for the one that is driven from afar, or the company's image for a
    guest. The key can be copied; two machines do not share a boot, a history or a mainboard.
Innocent explanations
    A laptop restored from a backup sends old numbers once; a mainboard that was replaced changes serial number and
    UUID once; a firmware update that shows other ids.
Blind spots
    A copy that runs only while the original is off, on hardware that tells the same ids. Ids that the firmware does
    not tell, and those that makers leave at their defaults.
Triage
    Was it repaired or restored that day? Compare serial number and UUID with the purchase record. Enrol it anew: the
    copy falls silent or forks.
References
    T1550 Use Alternate Authentication Material; T1078.004; DMTF DSP0134 (SMBIOS), system UUID and serial number.
"""

from datetime import UTC

from .detector import Detector, Findings, quote
from .machine import ids_told
from .reporting import recent_events
from .view import DeviceView

FORK_DAYS = 3
_IDS = (("serial number", "serial"), ("platform UUID", "platform_uuid"))


def detect(device: DeviceView) -> Findings:
    """Yields one finding that quotes every sign of a second machine."""
    forked, beside = recent_events(device, "forked"), recent_events(device, "two_boots")
    quotes = [
        quote("agent", "the reports themselves", f"{at:%Y-%m-%d}, {event.count} times: {event.detail[:120]}.")
        for event in (*beside, *forked)
        for at in (event.last_at.astimezone(UTC),)
    ]
    strong = bool(beside) or len(forked) >= FORK_DAYS
    for name, field in _IDS:
        told = ids_told(device, field)
        if len(told) > 1:
            kinds = len(set(told))
            times = "once" if len(told) == 2 else f"{len(told) - 1} times"
            quotes.append(quote("host", "the machine", f"The {name} changed {times}, between {kinds} values."))
            strong = strong or kinds < len(told)  # it changed back
    if quotes:
        sentence = (
            f"{'Two machines seem to use' if strong else 'Another machine may have used'} this identity by "
            f"{len(quotes)} {'sign' if len(quotes) == 1 else 'signs'}; other laptops have one boot and one "
            "mainboard at a time. A restored backup or a new mainboard explains one sign. "
            "Check: was it repaired or restored?"
        )
        yield DETECTOR.finding(2 if strong else 1, sentence, quotes, "identity")


DETECTOR = Detector(
    id="cloned_identity",
    group="A",
    title="One identity on two machines",
    attack=("T1550", "T1078.004"),
    consumes=("host",),
    detect=detect,
)
