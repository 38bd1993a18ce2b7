"""States that a program through which the laptop can be driven is installed, running, open or disguised.

Detects
    Products of catalog/remote_access.yaml, by facts that agree: file name, package, path, service, signer, own ports.
    Level 1: installed and never seen running, a low-confidence match, a file that no package brought on a port of VNC
    or RDP, or a trace: it ran lately, its host is set up for a browser, it was allowed to see the screen. Level 2:
    running, or started by the system, and not sanctioned. Level 3: prepared for access without a person, open to the
    network or to a program that forwards ports outside, or somebody connected. Level 4: running and named in reports
    on farms, or of that kind. Level 5: under another name.
Why
    About half of the published farm cases drive the laptop by ordinary remote software: AnyDesk, RustDesk,
    Chrome Remote Desktop, TeamViewer.
Innocent explanations
    Help desk and managed service tools; somebody helping their family; game streaming; a developer's headless
    test display. Meeting programs and outbound viewers are never findings, management agents only level 0.
Blind spots
    A renamed file is recognised only by what survives: the version resource on Windows; on a Mac the signature, as
    long as nobody signs it anew; on Linux the contents of a Debian package's file, or two of the process's old name,
    an option or port of its own, its service, a virtual input device. What else is renamed is `unknown_remote_tool`'s.
    A shell behind a socket, and control from within a meeting or a browser pass. While programs cannot be listed,
    who owns a port says nothing here.
Triage
    Ask who set it up and for whom. Compare with help-desk tickets; look at when it was first seen.
References
    T1219.002 Remote Desktop Software; catalog/remote_access.yaml names sources per entry; docs/catalogues.md.
"""

from .detector import Detector, Findings
from .matching import tool_index
from .products import RemoteTool
from .programs import Recognised, evidence_of, first_seen, forwarder_of, recognised
from .tool_levels import level_of
from .tool_traces import Trace, ended_at, traces_of
from .view import DeviceView


def detect(device: DeviceView) -> Findings:
    """Yields one finding per product."""
    found = {each.product.id: each for each in recognised(device, tool_index())}
    traces = traces_of(device)
    products = {tool.id: tool for tool in tool_index().products}
    for tool in sorted({*found, *traces}):
        yield from _finding(device, products[tool], found.get(tool), traces.get(tool, []))


def _finding(
    device: DeviceView, tool: RemoteTool, found: Recognised[RemoteTool] | None, traces: list[Trace]
) -> Findings:
    disguised = found is not None and bool(found.disguised)
    if tool.role == "viewer" or (tool.alarm == "info" and not (tool.category == "os-builtin" and disguised)):
        return
    level, what = level_of(found, forwarder_of(device)) if found is not None else (0, "")
    telling = [trace for trace in traces if trace.alone]
    if not level and telling:
        level, what = 1, f"is not seen running and {telling[0].words}"
    if not level:
        return
    sanction = device.allowed(tool=tool.id)
    if sanction is not None and not disguised:
        level, sentence = 0, f"{tool.name} {what}. Policy allows it here: {sanction.words}."
    elif tool.alarm == "allow":
        level, sentence = 0, f"{tool.name} {what}. Companies install it themselves. Check: is it your own?"
    else:
        sentence = _sentence(tool, found, level, what)
    quotes = (*(evidence_of(found) if found is not None else ()), *(trace.evidence for trace in traces))
    there = found is not None and bool(found.programs or found.services or found.packages)
    yield DETECTOR.finding(
        level, sentence, quotes, tool.id, since=first_seen(device, found) if found is not None else "",
        until="" if there else ended_at(telling), sanction=None if level else sanction,
    )  # fmt: skip


def _sentence(tool: RemoteTool, found: Recognised[RemoteTool] | None, level: int, what: str) -> str:
    if level == 1 or found is None:
        return f"{tool.name} {what}. No policy names it. A leftover or somebody's own? Check: ask, then remove."
    named = ", named in reports on laptop farms," if "farm-reported" in tool.tags else ""
    can = "could, through a tunnel," if level == 2 and found.inner_ports else "can"
    innocent = "a company build or a try-out" if found.disguised else "help desk, family help or game streaming"
    return (
        f"{tool.name}{named} {what}: others {can} see and drive this laptop. "
        f"No policy allows it here. Could it be {innocent}? Check: help-desk tickets, then ask who uses it."
    )


DETECTOR = Detector(
    id="remote_access_tool",
    group="R",
    title="Program that lets others drive the laptop",
    attack=("T1219.002",),
    consumes=("processes", "services", "software", "sockets", "browsers", "media", "host"),
    detect=detect,
)
