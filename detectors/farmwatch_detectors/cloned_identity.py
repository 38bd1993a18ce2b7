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

from collections.abc import Iterator
from datetime import UTC
from itertools import groupby

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables.host import HostFacts

from .detector import Detector
from .reporting import recent_events
from .view import DeviceView

FORK_DAYS = 3


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding that quotes every sign of a second machine."""
    forked, beside = recent_events(device, "forked"), recent_events(device, "two_boots")
    evidence = [
        Evidence(
            kind="agent",
            subject="the reports themselves",
            fact=f"{event.last_at.astimezone(UTC):%Y-%m-%d}, {event.count} times: {event.detail[:120]}.",
        )
        for event in (*beside, *forked)
    ]
    back = False
    for name, values in (
        ("serial number", _values(device, "serial")),
        ("platform UUID", _values(device, "platform_uuid")),
    ):
        if len(values) > 1:
            back = back or len(set(values)) < len(values)
            times = "once" if len(values) == 2 else f"{len(values) - 1} times"
            fact = f"The {name} changed {times}, between {len(set(values))} values."
            evidence.append(Evidence(kind="host", subject="the machine", fact=fact))
    if not evidence:
        return
    strong = bool(beside) or back or len(forked) >= FORK_DAYS
    yield Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=2 if strong else 1,
        sentence=(
            f"{'Two machines seem to use' if strong else 'Another machine may have used'} this identity by "
            f"{len(evidence)} {'sign' if len(evidence) == 1 else 'signs'}; other laptops have one boot and one "
            "mainboard at a time. A restored backup or a new mainboard explains one sign. "
            "Check: was it repaired or restored?"
        ),
        evidence=tuple(evidence),
        subject="identity",
    )


def _values(device: DeviceView, field: str) -> list[str]:
    """Returns an id's values during this user's time in the order of their coming, each change once."""
    spans = sorted(device.spans("host", device.enrolled_at), key=lambda each: each.seen_from)
    told: list[Identifier | None] = [getattr(span.item, field) for span in spans if isinstance(span.item, HostFacts)]
    known = [each for each in told if each is not None and not each.constant]
    # Under another key of the company's the same number has another digest.
    digests = [each.digest for each in known if each.key_id == known[-1].key_id]
    return [digest for digest, _ in groupby(digests)]


DETECTOR = Detector(
    id="cloned_identity",
    group="A",
    title="One identity on two machines",
    attack=("T1550", "T1078.004"),
    consumes=("host",),
    detect=detect,
)
