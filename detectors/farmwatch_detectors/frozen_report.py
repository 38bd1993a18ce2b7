"""States that a laptop's reports stand still although time goes on.

Detects
    Reports of one boot whose uptime does not move while the clock does: three in a row (level 1), twelve in a row,
    which are three hours of the agent's rhythm (level 2).
Why
    Who copies a clean report and sends it again and again must renew number, time and digest. What is seldom
    thought of is the time since boot, which no running system can stop.
Innocent explanations
    A virtual machine whose host stopped its clock; a fault of the agent's; a system restored from a snapshot by a
    script each time it is used.
Blind spots
    A forger who counts the uptime on. Reports of a system that does not tell its boot or its uptime. A report that
    is different in every field and yet made up.
Triage
    Ask for the laptop to be restarted: a new boot must appear within a quarter of an hour. Compare with another
    management system's view of it.
References
    T1565.002 Transmitted Data Manipulation; clock_gettime(2), CLOCK_BOOTTIME.
"""

from .detector import Detector, Findings, quote
from .reporting import STUCK
from .view import DeviceView


def detect(device: DeviceView) -> Findings:
    """Yields a finding while the uptime of the reports stands still."""
    reporting = device.reporting
    if reporting is None or reporting.uptime_stuck < STUCK[0]:
        return
    times = reporting.uptime_stuck
    sentence = (
        f"The last {times} reports tell one and the same time since boot although time went on; elsewhere it "
        "always moves. A virtual machine's stopped clock can do that. Check: does a restart bring a new boot?"
    )
    fact = f"Uptime {reporting.uptime_seconds} s in {times} reports in a row of boot {reporting.boot}."
    quotes = (quote("agent", "the reports themselves", fact),)
    yield DETECTOR.finding(2 if times >= STUCK[1] else 1, sentence, quotes, "uptime")


DETECTOR = Detector(
    id="frozen_report",
    group="A",
    title="Reports that stand still",
    attack=("T1565.002",),
    consumes=(),
    detect=detect,
)
