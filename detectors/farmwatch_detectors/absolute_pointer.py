"""States that a pointer which is told where to be did much of a laptop's pointing.

Detects
    Days on which absolute pointing filled a fifth of the time with input, on three days or more. Level 1: by a USB
    device; that it is plugged in is `ip_kvm_shape`'s to say. Level 2: on five days half of the time or more, by a
    device that is on no USB which was looked at: software that is not known for it, or hidden.
Why
    Who drives a picture from afar clicks on a place in it. A hand moves a mouse by steps.
Innocent explanations
    A pen tablet or touch panel that calls itself a mouse; a presenter; an engineer who tries a KVM of their own.
    Virtual machines and remote desktops always point so, and are left out.
Blind spots
    Every KVM can move relatively. A Mac tells neither, Windows only by a mouse's own messages.
Triage
    Look at what is plugged in. Ask the person to move the pointer while somebody watches the touchpad's share.
References
    T1219.003 Remote Access Hardware; firmware named in catalog/usb_gadget.yaml; EV_ABS with BTN_MOUSE;
    MOUSE_MOVE_ABSOLUTE.
"""

from farmwatch_schema.observables.input_source import InputDevice

from .assets import sanction_for_ids
from .catalog.input_helpers import replaces_hands
from .detector import Detector, Findings
from .hardware import quoted
from .input_days import absolute_share, input_days, midnight, quotes_of_days, working_days
from .machine import is_virtual
from .view import DeviceView

PART, MUCH = 20, 50
FEW, MANY, WEEKS = 3, 5, 28


def detect(device: DeviceView) -> Findings:
    """Yields a finding when absolute pointing was much of the input on several days."""
    days = [] if is_virtual(device) else working_days(input_days(device, WEEKS))
    used = [day for day in days if absolute_share(day) >= PART]
    if len(used) < FEW:
        return
    much = [day for day in used if absolute_share(day) >= MUCH]
    on_usb = any(share.bus == "usb" and share.absolute for day in used for share in day.shares)
    usb = device.section("usb")
    nowhere = not on_usb and usb is not None and usb.complete and not replaces_hands(device)
    level = 2 if len(much) >= MANY and nowhere else 1
    pointers = [item for item in device.of("input_source", InputDevice) if item.absolute and item.bus != "remote"]
    sanction = sanction_for_ids(device, {f"{item.vendor_id}:{item.product_id}" for item in pointers})
    name = f" ({quoted(pointers[0].name)})" if pointers else ""
    sentence = (
        f"A pointer that is told where to be{name} gave at least {min(map(absolute_share, used))} % of the input on "
        f"{len(used)} of {len(days)} days; mice move by steps. Could it be a pen tablet or one's own KVM? "
        "Check: what is plugged in."
    )
    if sanction is not None:
        level, sentence = 0, f"The pointing is a registered KVM's, of {sanction.words}."
    quotes = quotes_of_days(
        used, lambda day: f"{absolute_share(day)} % of {day.active} minutes with input were absolute pointing."
    )
    yield DETECTOR.finding(level, sentence, quotes, "absolute", since=midnight(used[0]), sanction=sanction)


DETECTOR = Detector(
    id="absolute_pointer",
    group="I",
    title="Pointing by absolute position",
    attack=("T1219.003",),
    consumes=("input_source", "usb", "host", "processes"),
    detect=detect,
)
