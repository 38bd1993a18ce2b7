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

from collections.abc import Iterator
from datetime import timedelta

from farmwatch_schema.finding import Evidence, Finding

from .detector import Detector
from .tool_days import DAYS, Use, handed_over, uses_of, vendor_of
from .view import DeviceView

#: The days of a person's time with the laptop in which a second tool says more.
FIRST_DAYS = 30

#: Two tools that were there together for no longer than this were changed for each other.
_CHANGE = timedelta(days=1)


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields at most one finding, on the strongest pair."""
    uses = uses_of(device)
    allowed = {use.tool.id for use in uses if _allowed(device, use)}
    pairs = [
        (_level(device, one, other, allowed), one, other)
        for place, one in enumerate(uses)
        for other in uses[place + 1 :]
        if _unrelated(one, other) and not {one.tool.id, other.tool.id} <= allowed
    ]
    if not pairs:
        return
    level, one, other = max(pairs, key=lambda pair: pair[0])
    ends = [use.until for use in uses if use.until is not None]
    yield Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=_sentence(device, one, other, allowed),
        evidence=tuple(_quote(use, use.tool.id in allowed) for use in (one, other)),
        subject="tools",
        seen_until=max(ends).isoformat() if len(ends) == len(uses) else "",
    )


def _allowed(device: DeviceView, use: Use) -> bool:
    return device.policy.sanction_for(device.device, device.now.date(), tool=use.tool.id) is not None


def _unrelated(one: Use, other: Use) -> bool:
    both_play = "gaming" in one.tool.tags and "gaming" in other.tool.tags
    return vendor_of(one.tool) != vendor_of(other.tool) and not both_play


def _level(device: DeviceView, one: Use, other: Use, allowed: set[str]) -> int:
    # A managed service's agent brings a remote tool of another vendor with it.
    bundle = (one.tool.category == "rmm") != (other.tool.category == "rmm")
    if bundle or not _at_once(one, other):
        return 1
    beside_allowed = bool({one.tool.id, other.tool.id} & allowed)
    return 1 + (not beside_allowed) + _in_first_days(device)


def _at_once(one: Use, other: Use) -> bool:
    """Whether both are there, or were there for longer than a change from one to the other takes."""
    ends = [use.until for use in (one, other) if use.until is not None]
    begins = [use.since for use in (one, other) if use.since is not None]
    return not ends or not begins or min(ends) - max(begins) > _CHANGE


def _in_first_days(device: DeviceView) -> bool:
    return device.now - (handed_over(device) or device.enrolled_at) <= timedelta(days=FIRST_DAYS)


def _sentence(device: DeviceView, one: Use, other: Use, allowed: set[str]) -> str:
    at_once = "beside" if _at_once(one, other) else "before or after"
    which = "one of them is" if {one.tool.id, other.tool.id} & allowed else "both are"
    first = " in the person's first weeks" if _in_first_days(device) else ""
    return (
        f"{one.tool.name} was at work {at_once} {other.tool.name} within {DAYS} days{first}, and {which} not allowed "
        "by policy. Laptops rarely have tools of two vendors. Could be a migration. Check: which one is the company's?"
    )


def _quote(use: Use, allowed: bool) -> Evidence:
    since = f"since {use.since:%Y-%m-%d}" if use.since else "from the first report on"
    until = f" until {use.until:%Y-%m-%d}" if use.until else ", and is there now"
    by_policy = "; policy allows it" if allowed else ""
    return Evidence(kind="processes", subject=use.tool.name, fact=f"Was at work {since}{until}{by_policy}.")


DETECTOR = Detector(
    id="second_remote_tool",
    group="R",
    title="Remote tools of two vendors within two weeks",
    attack=("T1219.002",),
    consumes=("processes", "services", "software", "sockets", "host"),
    detect=detect,
)
