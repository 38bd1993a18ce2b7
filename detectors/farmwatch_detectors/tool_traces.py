"""What points to a remote tool although nothing of it runs: programs that ran lately, browser hosts, grants."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from farmwatch_schema.finding import Evidence
from farmwatch_schema.observables.browsers import BrowserExtension, NativeHost
from farmwatch_schema.observables.media import Grant, MediaUse
from farmwatch_schema.observables.processes import Process, RecentProgram
from farmwatch_schema.observables.software import Package

from .catalog.extensions import extension_of
from .matching import at_least, base_name, platform_of, tool_index
from .products import RemoteTool
from .view import DeviceView

#: Grants that being driven needs, in words.
_GRANTS = {
    "screen": "to see the screen",
    "accessibility": "to give input",
    "post_event": "to give input",
    "remote_desktop": "to see the screen and give input",
}


class Trace(msgspec.Struct, frozen=True):
    """One trace of a tool.

    words     what it says of the tool: "ran lately, last on 2026-11-18"
    evidence  as a finding quotes it
    alone     enough to say that the tool is or was there; others only stand beside such
    gone      when it was last there, where it is gone
    """

    words: str
    evidence: Evidence
    alone: bool = True
    gone: datetime | None = None


def traces_of(device: DeviceView) -> dict[str, list[Trace]]:
    """Returns traces by the tool's id: of programs that drive a laptop, never of viewers."""
    found: dict[str, list[Trace]] = defaultdict(list)
    for tool, trace in (*_ran(device), *_browsers(device), *_media(device)):
        if trace not in found[tool]:
            found[tool].append(trace)
    return found


def ended_at(traces: Sequence[Trace]) -> str:
    """Returns when the last of some traces was there, as findings state it; "" while any of them still is."""
    ends = [trace.gone for trace in traces if trace.gone is not None]
    return max(ends).isoformat() if ends and len(ends) == len(traces) else ""


def _ran(device: DeviceView) -> list[tuple[str, Trace]]:
    index, platform = tool_index(), platform_of(device)
    found: list[tuple[str, Trace]] = []
    for item in device.of("processes", RecentProgram):
        for match in index.program(Process(name=item.name, path=item.path), platform):
            if at_least(match.confidence, "medium") and _drives(match.product):
                on = f", last on {item.last_run}" if item.last_run else ""
                quote = Evidence(kind="processes", subject=f"program {item.name}", fact=f"Ran from {item.path}{on}.")
                found.append((match.product.id, Trace(f"ran lately{on}", quote, gone=_day(item.last_run))))
    return found


def _browsers(device: DeviceView) -> list[tuple[str, Trace]]:
    found: list[tuple[str, Trace]] = []
    items: list[NativeHost | BrowserExtension] = [*device.of("browsers", NativeHost)]
    items += device.of("browsers", BrowserExtension)
    for item in items:
        entry = extension_of(item)
        if entry is None or not entry.product or entry.role != "host" or entry.alarm not in ("warn", "high"):
            continue
        host = isinstance(item, NativeHost)
        what = f"may start its host, {item.name}" if isinstance(item, NativeHost) else f"has its extension, {item.id}"
        quote = Evidence(kind="browsers", subject=entry.name, fact=f"The browser {item.browser} {what}.")
        alone = host and entry.category == "remote-access" and entry.confidence != "unverified"
        found.append((entry.product, Trace("has its host set up for the browser", quote, alone)))
    return found


def _media(device: DeviceView) -> list[tuple[str, Trace]]:
    held = [
        (grant.app, grant.path, f"was allowed {_GRANTS[grant.what]}")
        for grant in device.of("media", Grant)
        if grant.allowed and grant.what in _GRANTS
    ]
    held += [
        (use.app, use.path, "took pictures of the screen")
        for use in device.of("media", MediaUse)
        if use.what == "screen"
    ]
    found: list[tuple[str, Trace]] = []
    for app, path, may in held:
        quote = Evidence(kind="media", subject=app, fact=f"{may[0].upper()}{may[1:]}.")
        found += [(tool, Trace(may, quote)) for tool in _tools_of(device, app, path)]
    return found


def _tools_of(device: DeviceView, app: str, path: str | None) -> set[str]:
    """Whose a bundle id or a program of a grant is."""
    index = tool_index()
    program = Process(name=base_name(path or app), path=path)
    matches = [m for m in index.program(program, platform_of(device)) if at_least(m.confidence, "medium")]
    matches += [m for m in index.package(Package(name="", bundle=app)) if any(f.kind == "bundle_id" for f in m.facts)]
    return {match.product.id for match in matches if _drives(match.product)}


def _drives(tool: RemoteTool) -> bool:
    return tool.role == "host" and tool.alarm in ("warn", "high") and tool.category != "os-builtin"


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None
