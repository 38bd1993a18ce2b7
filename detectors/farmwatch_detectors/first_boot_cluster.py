"""States that unrelated laptops had their first days on one network, wherever they are now.

Detects
    The gateway of a device's earliest known days, when unrelated devices had their first days there too and are not
    all behind its present gateway. Level 1: two to four. Level 2: five or more, where the fleet measures that as rare
    (4 bits). Level 0: it was before this person's time with the laptop.
Why
    Laptops are delivered to a farm and started there; a network of its own for each comes later, as does moving them
    to another house. What was seen on the first day cannot be taken back.
Innocent explanations
    IT's staging bench and a remote onboarding centre, which many go through, so that measuring takes their weight; a
    week of training together; a couple who were hired together.
Blind spots
    A laptop first started elsewhere, or enrolled after its network was set up; a network that was used before the
    hand-over day. How far apart the first days lie is told on the farm's page, not here.
Triage
    Where was each delivered, and to whom? Ask for the carriers' records. Register the bench if it is one.
References
    T1219 Remote Access Tools; threat-signals F7; docs/evasions.md.
"""

from datetime import timedelta

from . import shared_values
from .detector import Detector, Findings, quote
from .view import DeviceView, Tie

TIES = ("first_network",)
_MANY = 5
#: A day's beginning differs by half a day either way between places (UTC-12 to UTC+14).
_ZONES = timedelta(days=1)


def detect(device: DeviceView) -> Findings:
    """Yields one finding for the first network."""
    near = shared_values.beside(device)
    for tie in device.ties:
        if tie.kind not in TIES or not set(tie.unrelated) - near:
            continue
        most = shared_values.most(tie, unmeasured=1)
        before = _before_hand_over(device, tie)
        level = 0 if before else min(2 if tie.others + 1 >= _MANY and most == 3 else 1, most)
        if level or before:
            what = (
                f"It had its first days on a network where {shared_values.others(tie.others)} to its user had theirs, "
                f"not all with it now; {tie.size:,} of {tie.fleet:,} devices began there{shared_values.compared(tie)}."
            )
            ask = (
                "That was before its user had it, as on IT's bench."
                if before
                else "Could it be IT's bench, or a week of training? Check: where each laptop was delivered."
            )
            quotes = (quote("fleet", f"first network {tie.value[:8]}", shared_values.holders(tie)),)
            yield DETECTOR.finding(level, f"{what} {ask}", quotes, tie.value, since=shared_values.since(tie))


def _before_hand_over(device: DeviceView, tie: Tie) -> bool:
    """Whether it began there before its user's first day, as records have it."""
    start = device.roster.start_on if device.roster else None
    return start is not None and tie.since is not None and tie.since.date() + _ZONES < start


DETECTOR = Detector(
    id="first_boot_cluster",
    group="F",
    title="Unrelated devices that began on one network",
    attack=("T1219",),
    consumes=("network",),
    detect=detect,
)
