"""States that a meeting client may hand keyboard and mouse of this laptop to somebody in the meeting.

Detects
    A meeting client of catalog/control_helpers.yaml that runs and holds the grants which being controlled needs: to
    give input (accessibility, or Wayland's portal for remote desktops), and to see the screen (level 1).
Why
    Control from within a meeting needs no remote tool. Reports tell of operators who work through meetings all day.
Innocent explanations
    Pair programming; a supplier's support; a grant that was given once, years ago, and never taken back. Meeting
    clients are on nearly every laptop, so that their presence is no finding.
Blind spots
    Whether anybody was ever given control is not to be seen. Windows asks for no grant, so that nothing is known
    there; neither is it where grants could not be read.
Triage
    Ask whether the person gives control in meetings, and to whom. Long daily meetings stand in the vendor's log.
References
    T1219 Remote Access Tools; Zoom support, "Requesting or giving remote control", names the grant on macOS.
"""

from farmwatch_schema.observables.media import Grant
from farmwatch_schema.observables.processes import Process

from .catalog.control_helpers import helper_of, helpers
from .detector import Detector, Findings, quote
from .matching import platform_of
from .view import DeviceView

_DRIVES = frozenset({"accessibility", "post_event", "remote_desktop"})
_SEES = frozenset({"screen", "remote_desktop"})


def detect(device: DeviceView) -> Findings:
    """Yields one finding per meeting client that runs and may give input."""
    platform = platform_of(device)
    running: dict[str, Process] = {}
    for process in device.of("processes", Process):
        entry, _ = helper_of(process, platform)
        if entry is not None and entry.kind == "meeting":
            running.setdefault(entry.id, process)
    grants = [grant for grant in device.of("media", Grant) if grant.allowed]
    for entry in helpers("meeting"):
        client = running.get(entry.id)
        if client is None:
            continue
        names = (*entry.bundles, client.name, client.package)
        given = [grant for grant in grants if grant.app in names]
        may = {grant.what for grant in given}
        if may & _DRIVES and may & _SEES:
            sentence = (
                f"{entry.name} may see the screen and give input, which it needs only to let others in a meeting drive "
                "this laptop. Many give it once, for pair programming or support. Check: does the person give control?"
            )
            quotes = (quote("media", entry.name, f"Holds the grant for {grant.what}.") for grant in given)
            yield DETECTOR.finding(1, sentence, quotes, entry.id, since=device.since("media", *given))


DETECTOR = Detector(
    id="meeting_remote_control",
    group="R",
    title="Meeting client that may be driven from the meeting",
    attack=("T1219",),
    consumes=("processes", "media", "host"),
    detect=detect,
)
