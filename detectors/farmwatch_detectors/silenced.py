"""States that a laptop's agent is kept from seeing or telling.

Detects
    What could be looked at once and is not permitted any more; probes that were stopped; reports that were numbered
    and never came; no reports in usual hours on three days or more, with reports before and after. One of these is
    level 1, two together level 2.
Why
    Whoever must not be seen takes the sensor's permission, stops the agent for the hours that matter, or deletes
    what it wrote. Each alone has many ordinary causes; together they are a pattern.
Innocent explanations
    A system update that took permissions (never counted); sleep, meetings and trains; a slow disk or a security
    product that stops probes; a full disk or a reset spool; IT that changed the agent's rights.
Blind spots
    An agent that never had the permission. A laptop that is silent altogether: holidays look the same, so its
    silence only ends what its quiet groups counted. Gaps told to the agent as sleep are gaps like any other.
Triage
    Ask IT about changes of that day. Look at `farmwatch-agent doctor` on the laptop. Compare the quiet hours with
    sessions and meetings.
References
    T1562.001 Disable or Modify Tools; T1562.006 Indicator Blocking.
"""

from collections.abc import Iterator

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.agent import SpoolReset, StoppedProbe
from farmwatch_schema.observables.host import HostFacts

from .detector import Detector
from .reporting import HEARD, LONGEST, SHORTEST, UPDATED, quiet_gaps, recent_events
from .view import DeviceView

#: Sections that tell who drives a laptop and with what; others lose their permission without anybody's gain.
WATCHED = ("usb", "displays", "input_source", "processes", "sockets", "sessions", "network")
GAP_DAYS = 3


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding that quotes every way in which the agent is kept from seeing or telling."""
    causes = [fact for fact in (_revoked(device), _stopped(device), _lost(device), _quiet(device)) if fact]
    if not causes:
        return
    yield Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=2 if len(causes) > 1 else 1,
        sentence=(
            f"The agent sees or tells less than it did ({len(causes)} of 4 ways): "
            f"{causes[0][0].lower()}{causes[0][1:]} Most laptops keep telling. "
            "IT's changes, a full disk or sleep can do that. Check: what changed that day?"
        ),
        evidence=tuple(Evidence(kind="agent", subject="the agent", fact=fact) for fact in causes),
        subject="agent",
    )


def _revoked(device: DeviceView) -> str:
    """What was looked at before and is not permitted now; nothing near a system update, or while that is not known."""
    known = {_system(item) for item in device.of("host", HostFacts)}
    updated = any(
        span.seen_until is not None and device.now - span.seen_until < UPDATED and _system(span.item) not in known
        for span in device.spans("host")
        if isinstance(span.item, HostFacts)
    )
    if not known or updated:
        return ""
    lost = [kind for kind in WATCHED if _was_seen(device, kind) and _refused(device, kind)]
    return f"No permission any more to look at {', '.join(lost)}." if lost else ""


def _system(host: Observable) -> tuple[str, str, str]:
    return (host.os, host.os_version, host.kernel) if isinstance(host, HostFacts) else ("", "", "")


def _was_seen(device: DeviceView, kind: str) -> bool:
    return any(True for _ in device.spans(kind))


def _refused(device: DeviceView, kind: str) -> bool:
    section = device.section(kind)
    return section is not None and section.outcome == "not_permitted"


def _stopped(device: DeviceView) -> str:
    kinds = sorted({each.kind for each in device.of("agent", StoppedProbe)} & set(WATCHED))
    return f"Probes stopped after repeated failure: {', '.join(kinds)}." if kinds else ""


def _lost(device: DeviceView) -> str:
    """Numbers that never came; an agent that says itself that its spool was reset explains them."""
    section = device.section("agent")
    if section is None or not section.looked or device.of("agent", SpoolReset):
        return ""
    gaps = recent_events(device, "gap")
    return f"Reports were numbered and never came, latest {gaps[0].detail[:60]}." if gaps else ""


def _quiet(device: DeviceView) -> str:
    gaps = quiet_gaps(device.reporting) if device.reporting else []
    days = {begun.date() for begun, until in gaps if device.now - until < HEARD}
    if len(days) < GAP_DAYS:
        return ""
    return f"No reports for {SHORTEST} to {LONGEST} hours amid usual hours on {len(days)} of 14 days."


DETECTOR = Detector(
    id="silenced",
    group="A",
    title="The agent is kept from seeing or telling",
    attack=("T1562.001", "T1562.006"),
    consumes=("agent", "host", *WATCHED),
    detect=detect,
)
