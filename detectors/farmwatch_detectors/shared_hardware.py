"""States that one physical thing is at laptops of people who have nothing to do with each other.

Detects
    One USB serial, or one monitor by its serial and a second feature, at unrelated devices. Level 1: two, or what
    nobody measured. Level 2: three or four. Level 3: five to 24. What the fleet measures for that product caps it
    (2 and 4 bits). A thing that went from one to the next, never at two at once, is level 2 at most.
Why
    Laptops on one shelf share what stands there: a switch with its keyboard, a dock, a monitor, a KVM that is plugged
    from one to the next. It ties them where each has a network of its own.
Innocent explanations
    Hot desks and meeting rooms; IT's stick, monitor or dock on a bench; a couple with one desk; a thing that was
    handed on; products whose every unit bears one serial, and monitors sold in bulk.
Blind spots
    Things without a serial, as most keyboards and mice are; a KVM that gives each laptop another serial; things that
    are removed before the agent is installed.
Triage
    What is it, and whose? Is it a desk's or IT's? Otherwise ask each person for a photograph of it.
References
    T1219.003 Remote Access Hardware; osquery issue 8106 (two monitors with one serial); docs/evasions.md.
"""

from . import shared_values
from .detector import Detector, Findings, quote
from .view import DeviceView, Tie

TIES = ("edid_serial", "usb_serial")
_SECTION = {"edid_serial": "displays", "usb_serial": "usb"}
_WORDS = {"edid_serial": "a monitor", "usb_serial": "a USB device"}
#: Desks and benches hand things on every day.
_HANDED_OVER = 2


def detect(device: DeviceView) -> Findings:
    """Yields one finding per thing; none at a registered place, whose desks are everybody's."""
    if shared_values.known_place(device):
        return
    for tie in device.ties:
        if tie.kind not in TIES or not tie.others:
            continue
        level = min(shared_values.level_for(tie.others + 1), shared_values.most(tie, unmeasured=1))
        level = min(level, _HANDED_OVER) if tie.handed_over else level
        if level:
            quotes = (quote("fleet", f"{tie.words or _WORDS[tie.kind]} {tie.value[:8]}", shared_values.holders(tie)),)
            yield DETECTOR.finding(level, _sentence(tie), quotes, tie.value, since=shared_values.since(tie))


def _sentence(tie: Tie) -> str:
    thing = f"{_WORDS[tie.kind]}{f' ({tie.words})' if tie.words else ''}"
    how = "went on from one to the next, and was" if tie.handed_over else "is"
    return (
        f"The same {thing.partition(' ')[2]} {how} at {shared_values.others(tie.others)} to its user, too; "
        f"{tie.size:,} of {tie.fleet:,} devices have it{shared_values.compared(tie)}. Could it be a desk for "
        "all, or IT's? Check: what it is and whose, and where these laptops stand."
    )


DETECTOR = Detector(
    id="shared_hardware",
    group="F",
    title="One thing at unrelated devices",
    attack=("T1219.003",),
    consumes=("usb", "displays"),
    detect=detect,
)
