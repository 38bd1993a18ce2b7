"""States that somebody is connected to the laptop from elsewhere, through something that no policy allows.

Detects
    A window or program that a remote tool has only while somebody is connected; a connection to a port of a remote
    tool; a session that came from elsewhere. Level 1: a text shell, or a Citrix session on a real laptop. Level 2: a
    picture that is seen and driven. Level 3: the same from a public address. Built-in remote desktops:
    `os_remote_desktop`.
Why
    A tool may be a leftover; a session is somebody at work. Farm laptops are driven for whole working days.
Innocent explanations
    A help-desk call, which the policy's entry for that tool covers for as long as it holds; helping the family; a
    developer's own second machine; virtual desktops, where the session is the desk.
Blind spots
    Tools that only call out to a relay show nobody's connection unless they open a window for it. A connection's
    distance ends at the relay. A short session between two looks is missed where the system keeps no log of it.
Triage
    Compare the time with help-desk tickets; ask the person who was connected and what for.
References
    T1219.002 Remote Desktop Software, T1021 Remote Services; docs/flags.md, `remote_session_window`.
"""

from .detector import Detector, Findings
from .view import DeviceView
from .visits import Visit, visits_of

#: The catalogue's id of what takes sessions of a protocol: what a policy names.
_SERVERS = {"ssh": "ssh-server", "ica": "citrix-vda"}
#: What somebody does, and the innocent reading, by kind of visit.
_WORDS = {
    "drives": ("sees and can drive this laptop", "a support call or the person's own second machine"),
    "desktop": ("uses this laptop as a Citrix desktop", "the company's own remote access to an office machine"),
    "shell": ("has a shell on this laptop", "a developer's own second machine"),
}


def detect(device: DeviceView) -> Findings:
    """Yields one finding per tool or kind of session through which somebody is connected."""
    for visit in visits_of(device):
        level = _level(visit)
        if level is None:
            continue
        sanction = device.allowed(tool=_SERVERS.get(visit.subject, visit.subject))
        if sanction is not None:
            level, sentence = 0, f"{visit.name} has somebody connected. Policy allows it here: {sanction.words}."
        elif level == 0:
            sentence = f"{visit.name} is open, as on any virtual desktop. Check: is this one registered?"
        else:
            does, innocent = _WORDS[visit.how]
            what = f"{visit.name}: somebody from {visit.place} {does} right now. Most laptops never have this"
            sentence = f"{what}, and no policy allows it here. Could it be {innocent}? Check: tickets, then ask who."
        yield DETECTOR.finding(level, sentence, visit.evidence, visit.subject, sanction=sanction)


def _level(visit: Visit) -> int | None:
    """Returns the level; 0 for what is the desk itself, None when there is nothing to say."""
    if visit.how == "desktop":
        return 0 if visit.virtual else 1
    if visit.how == "shell":
        # A guest's neighbour is its host.
        return None if visit.virtual and not visit.public else 1
    return 3 if visit.public else 2


DETECTOR = Detector(
    id="remote_session",
    group="R",
    title="Somebody is connected from elsewhere",
    attack=("T1219.002", "T1021"),
    consumes=("processes", "services", "software", "sockets", "sessions", "host"),
    detect=detect,
)
