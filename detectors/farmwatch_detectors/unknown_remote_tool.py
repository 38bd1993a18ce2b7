"""States that a program which no catalogue knows behaves as remote tools do.

Detects
    Programs that can be reached and see the screen, give input, or live in the person's session although a service
    started them; renamed or unknown ones, by what they do (conduct.py: marks with points). Level 1: 45 points. Level
    2: 60. Level 3: 80. One ability alone is no finding, nor is a signed or packaged program that only holds grants.
Why
    Every remote tool needs these abilities, whatever it is called. A renamed build that matches no catalogue has them.
Innocent explanations
    A company's own agent; a developer's build; key remappers and window managers, which nobody can reach; what
    catalog/control_helpers.yaml and accessibility.yaml name.
Blind spots
    On Windows nothing shows who takes pictures or gives input without a package, so that a portable program without
    a service is missed. Grants need Full Disk Access on a Mac. X11 programs give input without any device. A signed
    program is trusted unless its service reaches into the session and it sees or drives too: a build that its owner
    signs, and a renamed plink or ssh whose forward stands in its settings, pass.
Triage
    What is the program, who installed it and when? Ask its owner; look at its service and at its connections.
References
    T1219 Remote Access Tools, T1036.005 Match Legitimate Resource Name or Location; conduct.py names sources.
"""

from .conduct import conducts_of, is_shaped_so
from .detector import Detector, Findings
from .familiar import Familiar
from .hardware import quoted
from .view import DeviceView

#: Points from which each level is stated.
_LEVELS = ((80, 3), (60, 2), (45, 1))

#: Points taken off a program that calls itself something harmless, which anybody can do.
_NAME_ALONE = 40

#: Points for a known tool's own folder or port, which does not say by itself what the program is.
_MARKED = 20


def detect(device: DeviceView) -> Findings:
    """Yields one finding per program that behaves so."""
    familiar = Familiar(device)
    for conduct in conducts_of(device):
        if not is_shaped_so(conduct) or familiar.knows(conduct.processes):
            continue
        mark = familiar.mark_on(conduct.processes)
        points = conduct.points + (_MARKED if mark else 0)
        points -= _NAME_ALONE if familiar.sounds_harmless(conduct.processes) else 0
        level = next((level for least, level in _LEVELS if points >= least), 0)
        if level:
            first = conduct.processes[0]
            sentence = (
                f"Unknown program {quoted(first.name)} {conduct.words}. Together that is what remote tools do. "
                "Could it be a company's own agent or a developer's build? Check: who installed it, and what for?"
            )
            subject, since = first.path or first.name, device.since("processes", first)
            evidence = conduct.evidence + ((mark,) if mark else ())
            yield DETECTOR.finding(level, sentence, evidence, subject, since=since)


DETECTOR = Detector(
    id="unknown_remote_tool",
    group="R",
    title="Unknown program that behaves as remote tools do",
    attack=("T1219", "T1036.005"),
    consumes=("processes", "services", "sockets", "software", "media", "displays", "host"),
    detect=detect,
)
