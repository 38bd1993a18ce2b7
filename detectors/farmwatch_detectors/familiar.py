"""Programs that other detectors speak of or need not, and those that only call themselves something harmless."""

from collections.abc import Sequence

from farmwatch_schema.finding import Evidence
from farmwatch_schema.observables.processes import Process

from .catalog.control_helpers import helper_of
from .catalog.deception import DeceptionTool
from .catalog.extensions import is_assistive
from .matching import Confidence, at_least, deception_index, platform_of, tool_index, tunnel_index
from .products import Tunnel
from .programs import Recognised, recognised, source_of, words_of_facts
from .view import DeviceView, once


class Familiar:
    """What the catalogues know of a device's programs."""

    def __init__(self, device: DeviceView) -> None:
        self._device = device
        self._platform = platform_of(device)

    def knows(self, programs: Sequence[Process]) -> bool:
        """Whether any of them is spoken of elsewhere, or by two agreeing facts of a harmless kind."""
        known, _ = _catalogued(self._device)
        return any(program in known or helper_of(program, self._platform)[1] for program in programs)

    def sounds_harmless(self, programs: Sequence[Process]) -> bool:
        """Whether any of them bears the name of something harmless, which anybody can give."""
        _, called = _catalogued(self._device)
        return any(
            program in called or helper_of(program, self._platform)[0] or is_assistive(program.name, self._platform)
            for program in programs
        )

    def mark_on(self, programs: Sequence[Process]) -> Evidence | None:
        """Returns a known remote tool's own folder or port on one of them, as a quote; too little to name the tool."""
        marks = _marks(self._device)
        return next((marks[program] for program in programs if program in marks), None)


@once
def _marks(device: DeviceView) -> dict[Process, Evidence]:
    found: dict[Process, Evidence] = {}
    for tool in recognised(device, tool_index()):
        for process, match in tool.programs:
            own = tuple(fact for fact in match.facts if fact.kind in ("path", "distinctive_port"))
            if own and match.confidence == "low" and tool.product.role == "host" and tool.product.alarm != "allow":
                fact = f"Has a mark of {tool.product.name}: {words_of_facts(own, 1)}."
                subject = f"program {process.name}"
                found[process] = Evidence(kind="processes", subject=subject, fact=fact, source=source_of(tool.product))
    return found


@once
def _catalogued(device: DeviceView) -> tuple[set[Process], set[Process]]:
    """Returns programs that the catalogues recognise well, and those that only bear a harmless one's name."""
    known: set[Process] = set()
    called: set[Process] = set()
    for tool in recognised(device, tool_index()):
        told = tool.product.role == "host" and tool.product.alarm in ("warn", "high")
        for process, match in tool.programs:
            if at_least(match.confidence, "high" if not told else "medium"):
                known.add(process)
            elif at_least(match.confidence, "medium"):
                called.add(process)
    others: list[Recognised[Tunnel] | Recognised[DeceptionTool]] = [
        *recognised(device, tunnel_index()),
        *recognised(device, deception_index()),
    ]
    sure: list[tuple[Process, Confidence]] = [
        (process, match.confidence) for each in others for process, match in each.programs
    ]
    known.update(process for process, confidence in sure if at_least(confidence, "high"))
    called.update(process for process, confidence in sure if confidence == "medium")
    return known, called
