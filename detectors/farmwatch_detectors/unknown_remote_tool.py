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
    program is trusted unless its service reaches into the session and it sees or drives too.
Triage
    What is the program, who installed it and when? Ask its owner; look at its service and at its connections.
References
    T1219 Remote Access Tools, T1036.005 Match Legitimate Resource Name or Location; conduct.py names sources.
"""

from collections.abc import Iterator

from farmwatch_schema.finding import Finding
from farmwatch_schema.observables.processes import Process

from .catalog.control_helpers import helper_of
from .catalog.extensions import is_assistive
from .conduct import Conduct, conducts_of
from .detector import Detector
from .hardware import quoted
from .matching import AnyProduct, Confidence, at_least, deception_index, platform_of, tool_index, tunnel_index
from .programs import Recognised, recognised
from .view import DeviceView

#: Points from which each level is stated.
_LEVELS = ((80, 3), (60, 2), (45, 1))

#: Points taken off a program that calls itself something harmless, which anybody can do.
_NAME_ALONE = 40

_WORDS = {
    "sees": "sees the screen",
    "drives": "gives input",
    "stays": "serves a service in the session",
    "reach": "is reachable",
    "origin": "has an unproven origin or name",
}


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per program that behaves so."""
    platform = platform_of(device)
    shaped = [conduct for conduct in conducts_of(device) if _is_shaped_so(conduct)]
    known, called = _known(device) if shaped else (set[Process](), set[Process]())
    for conduct in shaped:
        if any(process in known for process in conduct.processes):
            continue
        points = conduct.points
        names = [helper_of(process, platform) for process in conduct.processes]
        if any(agreed for _, agreed in names):
            continue
        harmless = any(entry for entry, _ in names) or any(each in called for each in conduct.processes)
        if harmless or any(is_assistive(each.name, platform) for each in conduct.processes):
            points -= _NAME_ALONE
        level = next((level for least, level in _LEVELS if points >= least), 0)
        if level:
            yield _finding(device, conduct, level)


def _is_shaped_so(conduct: Conduct) -> bool:
    """Whether it has what every remote tool has, and something that ordinary programs have not."""
    kinds = conduct.kinds
    able = {"sees", "drives", "stays"} & kinds
    return "reach" in kinds and bool(able) and ("origin" in kinds or ("stays" in able and len(able) > 1))


def _known(device: DeviceView) -> tuple[set[Process], set[Process]]:
    """Returns programs that other detectors speak of or need not, and those that only bear a harmless one's name."""
    known: set[Process] = set()
    called: set[Process] = set()
    for tool in recognised(device, tool_index()):
        told = tool.product.role == "host" and tool.product.alarm in ("warn", "high")
        for process, match in tool.programs:
            if at_least(match.confidence, "high" if not told else "medium"):
                known.add(process)
            elif at_least(match.confidence, "medium"):
                called.add(process)
    programs = [pair for each in recognised(device, tunnel_index()) for pair in _sure(each)]
    programs += [pair for each in recognised(device, deception_index()) for pair in _sure(each)]
    known.update(process for process, confidence in programs if at_least(confidence, "high"))
    called.update(process for process, confidence in programs if confidence == "medium")
    return known, called


def _sure(found: Recognised[AnyProduct]) -> list[tuple[Process, Confidence]]:
    return [(process, match.confidence) for process, match in found.programs]


def _finding(device: DeviceView, conduct: Conduct, level: int) -> Finding:
    first = conduct.processes[0]
    does = ", ".join(words for kind, words in _WORDS.items() if kind in conduct.kinds)
    since = device.seen_from("processes", first)
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=(
            f"Unknown program {quoted(first.name)} {does}. Together that is what remote tools do. "
            "Could be a company's own agent or a developer's build. Check: who installed it, and what for?"
        ),
        evidence=conduct.evidence,
        subject=first.path or first.name,
        seen_from=since.isoformat() if since else "",
    )


DETECTOR = Detector(
    id="unknown_remote_tool",
    group="R",
    title="Unknown program that behaves as remote tools do",
    attack=("T1219", "T1036.005"),
    consumes=("processes", "services", "sockets", "software", "media", "displays", "host"),
    detect=detect,
)
