"""States that a good part of a laptop's input is given by programs, by devices made of software, or from afar.

Detects
    Days on which injected, virtual and remote input filled a quarter of the time with input (level 1, three days),
    or four fifths of it while no hand's device gave more than a tenth (level 2, five days of four weeks).
Why
    Remote software types and points through the system: Windows marks it by having no device, Linux by one made of
    software. A renamed program still types through it.
Innocent explanations
    Text expanders, password managers, mouse software and remappers; assistive technology; one keyboard for two
    computers; a session of the help desk. Beside a program that can give all of it, or a remote tool that the policy
    allows, it is level 1; virtual machines are left out.
Blind spots
    Hardware looks like a hand. X11's XTEST, Wayland's portals and Windows beside a touch screen show no such input;
    a Mac tells it only where hardware was silent in the same minute.
Triage
    Compare the hours with help-desk tickets. Ask which program types for the person.
References
    T1219.002 Remote Desktop Software; learn.microsoft.com, RAWINPUTHEADER (messages without a device).
"""

from farmwatch_schema.observables.input_source import InputDay

from .catalog.input_helpers import helps_input, replaces_hands
from .detector import Detector, Findings
from .hardware import quoted
from .input_days import HANDS, input_days, midnight, quotes_of_days, share_of, working_days
from .machine import is_virtual
from .programs import allowed_tool
from .view import DeviceView

SOFTWARE, BY_HAND = ("injected", "virtual", "remote"), ("builtin", *HANDS)
PART, MOST, HARDLY = 25, 80, 10
FEW, MANY, WEEKS = 3, 5, 28


def detect(device: DeviceView) -> Findings:
    """Yields a finding when programs gave a good part of the input on several days."""
    days = [] if is_virtual(device) else [day for day in working_days(input_days(device, WEEKS)) if day.shares]
    partly = [day for day in days if share_of(day, SOFTWARE) >= PART]
    mostly = [day for day in partly if share_of(day, SOFTWARE) >= MOST and share_of(day, BY_HAND) <= HARDLY]
    if len(partly) < FEW:
        return
    instead = replaces_hands(device) or allowed_tool(device)
    helper = instead or helps_input(device)
    level, shown = (2, mostly) if len(mostly) >= MANY and not instead else (1, partly)
    compared = "and no hand's device more than a tenth" if level == 2 else "while most laptops have next to none"
    which = f"{quoted(helper)}, which runs here," if helper else "A text expander or help desk"
    sentence = (
        f"On {len(shown)} of {len(days)} working days programs or remote sessions gave "
        f"at least {min(share_of(day, SOFTWARE) for day in shown)} % of the input, {compared}. {which} can do that. "
        "Check: which program types for the person?"
    )
    yield DETECTOR.finding(level, sentence, quotes_of_days(shown, _parts), "software", since=midnight(shown[0]))


def _parts(day: InputDay) -> str:
    parts = [f"{share_of(day, (bus,))} % {bus}" for bus in (*SOFTWARE, *BY_HAND) if share_of(day, (bus,))]
    return f"Of {day.active} minutes with input: {', '.join(parts)}."


DETECTOR = Detector(
    id="injected_input",
    group="I",
    title="Input given by programs",
    attack=("T1219.002",),
    consumes=("input_source", "host", "processes", "services", "software", "sockets"),
    detect=detect,
)
