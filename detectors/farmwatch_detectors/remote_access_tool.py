"""States that a program through which the laptop can be driven is installed, running, open or disguised.

Detects
    Products of catalog/remote_access.yaml, by facts that agree: file name, package, path, service, signer,
    own ports. Level 1: installed and never seen running, or a low-confidence match. Level 2: running, or
    started by the system, and not sanctioned. Level 3: prepared for access without a person, open to the
    network, or to the laptop itself beside a program that forwards its ports to the outside, somebody
    connected, or running under another name. A file that no package brought, on a port of VNC or RDP: level 1.
Why
    About half of the published farm cases drive the laptop by ordinary remote software: AnyDesk, RustDesk,
    Chrome Remote Desktop, TeamViewer.
Innocent explanations
    Help desk and managed service tools; somebody helping their family; game streaming; a developer's headless
    test display. Meeting programs and outbound viewers are never findings, management agents only level 0.
Blind spots
    A renamed file is recognised only by what survives: the version resource on Windows; on a Mac the signature, as
    long as nobody signs it anew; on Linux the contents of a Debian package's file, or two of the process's old name,
    an option or port of its own, its service, a virtual input device. Changed by a byte, renamed and with other
    ports it passes. So does one that the dynamic loader starts under another name, a shell behind a socket, and
    control from within a meeting or a browser. While programs cannot be listed, who owns a port says nothing here.
Triage
    Ask who set it up and for whom. Compare with help-desk tickets; look at when it was first seen.
References
    T1219.002 Remote Desktop Software; catalog/remote_access.yaml names sources per entry; docs/catalogues.md.
"""

from collections.abc import Iterator

from farmwatch_schema.finding import Finding

from .detector import Detector
from .hardware import quoted, words_of
from .matching import tool_index
from .products import RemoteTool
from .programs import Recognised, evidence_of, first_seen, forwarder_of, recognised, surely, words_of_facts
from .view import DeviceView

#: What a flag of the agent's list says about a remote tool, in words.
_PREPARED = {
    "unattended_setup": "is prepared for access without anybody at the laptop",
    "vnc_reverse": "calls out to a waiting viewer",
    "remote_session_window": "has somebody connected right now",
}


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per product."""
    for found in recognised(device, tool_index()):
        tool = found.product
        built_in = tool.category == "os-builtin" and bool(found.disguised)
        if tool.role == "viewer" or (tool.alarm == "info" and not built_in):
            continue
        level, what = _level(found, forwarder_of(device))
        if not level:
            continue
        sanction = device.policy.sanction_for(device.device, device.now.date(), tool=tool.id)
        if sanction is not None and not found.disguised:
            level = 0
            sentence = f"{tool.name} {what}. Policy allows it here: {words_of(sanction)}."
        elif tool.alarm == "allow":
            level = 0
            sentence = f"{tool.name} {what}. Companies install it themselves. Check: is it your own?"
        else:
            sentence = _sentence(found, level, what)
        yield Finding(
            detector=DETECTOR.id,
            group=DETECTOR.group,
            level=level,
            sentence=sentence,
            evidence=evidence_of(found),
            subject=tool.id,
            seen_from=first_seen(device, found),
            sanctioned=words_of(sanction) if sanction and not level else "",
        )


def _level(found: Recognised[RemoteTool], forwarder: str) -> tuple[int, str]:
    """Returns level and what it does, in words; level 0 when there is nothing to say."""
    if found.disguised:
        process = found.disguised[0]
        facts = next(match.facts for program, match in found.programs if program == process)
        return 3, f"runs under another name, {quoted(process.name)} ({words_of_facts(facts, 2)})"
    if not found.active:
        return (1, "is installed, not seen running") if found.packages else (0, "")
    if not surely(found):
        return (1, f"may be there, as few facts agree{_little(found)}") if found.confidence == "low" else (0, "")
    for flag, words in _PREPARED.items():
        if flag in found.flags:
            return 3, words
    if found.open_ports:
        freely = ", without a password" if "vnc_no_password" in found.flags else ""
        return 3, f"takes connections from the network on {', '.join(found.open_ports)}{freely}"
    if found.inner_ports and forwarder:
        ports = ", ".join(found.inner_ports)
        return (
            3,
            f"is open on {ports} to the laptop itself, while {quoted(forwarder)} forwards its ports to the outside",
        )
    if found.inner_ports:
        return 2, f"runs, open on {', '.join(found.inner_ports)} to the laptop itself only"
    return 2, "runs" if found.programs else "starts with the system"


def _little(found: Recognised[RemoteTool]) -> str:
    process, match = found.programs[0] if found.programs else (None, None)
    return f" ({quoted(process.name)} {words_of_facts(match.facts, 1)})" if process and match else ""


def _sentence(found: Recognised[RemoteTool], level: int, what: str) -> str:
    tool = found.product
    if level == 1:
        return f"{tool.name} {what}. No policy names it. A leftover or somebody's own? Check: ask, then remove."
    named = ", named in reports on laptop farms," if "farm-reported" in tool.tags else ""
    can = "could, through a tunnel," if level == 2 and found.inner_ports else "can"
    innocent = "a company build or a try-out" if found.disguised else "help desk, family help or game streaming"
    return (
        f"{tool.name}{named} {what}: others {can} see and drive this laptop. "
        f"No policy allows it here. Could be {innocent}. Check: help-desk tickets, then ask who uses it."
    )


DETECTOR = Detector(
    id="remote_access_tool",
    group="R",
    title="Program that lets others drive the laptop",
    attack=("T1219.002",),
    consumes=("processes", "services", "software", "sockets"),
    detect=detect,
)
