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

from .detector import Detector, Findings, quote
from .reporting import LONGEST, SHORTEST, WATCHED, lost_reports, no_more_permitted, quiet_days, stopped_probes
from .view import DeviceView

GAP_DAYS = 3


def detect(device: DeviceView) -> Findings:
    """Yields one finding that quotes every way in which the agent is kept from seeing or telling."""
    causes = list(_causes(device))
    if not causes:
        return
    sentence = (
        f"The agent sees or tells less than it did ({len(causes)} of 4 ways): "
        f"{causes[0][0].lower()}{causes[0][1:]} Most laptops keep telling. "
        "IT's changes, a full disk or sleep can do that. Check: what changed that day?"
    )
    quotes = (quote("agent", "the agent", fact) for fact in causes)
    yield DETECTOR.finding(2 if len(causes) > 1 else 1, sentence, quotes, "agent")


def _causes(device: DeviceView) -> Iterator[str]:
    if lost := no_more_permitted(device):
        yield f"No permission any more to look at {', '.join(lost)}."
    if stopped := stopped_probes(device):
        yield f"Probes stopped after repeated failure: {', '.join(stopped)}."
    if gap := lost_reports(device):
        yield f"Reports were numbered and never came, latest {gap.detail[:60]}."
    if (days := quiet_days(device)) >= GAP_DAYS:
        yield f"No reports for {SHORTEST} to {LONGEST} hours amid usual hours on {days} of 14 days."


DETECTOR = Detector(
    id="silenced",
    group="A",
    title="The agent is kept from seeing or telling",
    attack=("T1562.001", "T1562.006"),
    consumes=("agent", "host", *WATCHED),
    detect=detect,
)
