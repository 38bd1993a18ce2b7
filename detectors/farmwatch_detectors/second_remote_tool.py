"""States that remote tools of two unrelated vendors were at work on one laptop within two weeks.

Detects
    Two tools of catalog/remote_access.yaml of different vendors that ran or started within 14 days, gone ones
    included, at least one of them allowed by no policy. Level 1: one after the other, a managed service's agent
    beside a tool, or a second one beside an allowed one. Level 2: both at once; or beside an allowed one in the
    first 30 days of the person's time. Level 3: both at once in those days.
Why
    Operators keep a second way in, for when the first one is removed. Help desks have one.
Innocent explanations
    A migration from one tool to another; a managed service whose agent brings another vendor's tool; technicians;
    gamers with two streaming hosts, which do not count against each other.
Blind spots
    Tools of one vendor, or a tool that nobody recognises, count as none. What ran before the agent came is known only
    where the system remembers programs.
Triage
    Which of them is the company's? When did each come, and who installed it? Remove the other one.
References
    T1219.002 Remote Desktop Software; catalog/remote_access.yaml; tool_days.py says what makes two tools one vendor's.
"""

from datetime import timedelta

from .detector import Detector, Findings, quote
from .tool_days import DAYS, Use, at_once, handed_over, related, uses_of
from .view import DeviceView

#: The days of a person's time with the laptop in which a second tool says more.
FIRST_DAYS = timedelta(days=30)


def detect(device: DeviceView) -> Findings:
    """Yields at most one finding, on the strongest pair."""
    uses = uses_of(device)
    allowed = {use.tool.id for use in uses if device.allowed(tool=use.tool.id) is not None}
    first_days = device.now - (handed_over(device) or device.enrolled_at) <= FIRST_DAYS
    pairs = [
        (_level(one, other, allowed, first_days), one, other)
        for place, one in enumerate(uses)
        for other in uses[place + 1 :]
        if not related(one.tool, other.tool) and not {one.tool.id, other.tool.id} <= allowed
    ]
    if not pairs:
        return
    level, one, other = max(pairs, key=lambda pair: pair[0])
    beside = "beside" if at_once(one, other) else "before or after"
    which = "one of them is" if {one.tool.id, other.tool.id} & allowed else "both are"
    first = " in the person's first weeks" if first_days else ""
    sentence = (
        f"{one.tool.name} was at work {beside} {other.tool.name} within {DAYS} days{first}, and {which} not allowed "
        "by policy. Few laptops have tools of two vendors. Could it be a migration? Check: which one is the company's?"
    )
    quotes = (
        quote("processes", use.tool.name, f"{use.words}{'; policy allows it' if use.tool.id in allowed else ''}.")
        for use in (one, other)
    )
    ends = [use.until for use in uses if use.until is not None]
    until = max(ends).isoformat() if len(ends) == len(uses) else ""
    yield DETECTOR.finding(level, sentence, quotes, "tools", until=until)


def _level(one: Use, other: Use, allowed: set[str], first_days: bool) -> int:
    # A managed service's agent brings a remote tool of another vendor with it.
    bundle = (one.tool.category == "rmm") != (other.tool.category == "rmm")
    if bundle or not at_once(one, other):
        return 1
    return 1 + (not {one.tool.id, other.tool.id} & allowed) + first_days


DETECTOR = Detector(
    id="second_remote_tool",
    group="R",
    title="Remote tools of two vendors within two weeks",
    attack=("T1219.002",),
    consumes=("processes", "services", "software", "sockets", "host"),
    detect=detect,
)
