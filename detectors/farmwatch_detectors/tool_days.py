"""Which remote tools were at work on a device in its last days, gone ones included, and whose they are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import cast

import msgspec

from farmwatch_schema.observables.processes import Process, RecentProgram
from farmwatch_schema.observables.services import Service

from .matching import Match, at_least, platform_of, tool_index
from .products import RemoteTool, remote_tools
from .programs import recognised, surely
from .view import DeviceView, Span

#: How far back is looked.
DAYS = 14

#: Two tools that were there together for no longer than this were changed for each other.
_CHANGE = timedelta(days=1)

#: Kinds of product through which a person sees and drives. Meeting clients, shells and what comes with the system
#: are of other kinds.
_DRIVES = frozenset({"remote-desktop", "remote-assist", "rmm", "vnc"})

#: Names for any server of a protocol, and the management engine's own: no vendor's tool.
_NOBODYS = frozenset({"vnc-generic", "rdp-generic", "intel-amt"})

#: Signers of more than one vendor's programs.
_SHARED_SIGNERS = frozenset({"microsoft corporation", "google llc", "apple"})

#: Products of one vendor, or of one protocol whose free servers replace each other, beyond those with a common
#: signer. Sources: the vendors' own product pages, 2026-11.
_FAMILIES = (
    ("logmein", "logmein-rescue", "gotoassist", "goto-resolve", "gotomypc"),
    ("screenconnect", "connectwise-automate", "itsupport247"),
    ("kaseya-vsa", "datto-rmm", "pulseway"),
    ("landesk", "ivanti-remote-control"),
    ("faronics-core", "faronics-deploy", "faronics-insight"),
    ("ericom-accessnow", "ericom-connect"),
    ("parallels-access", "remotix"),
    ("rsupport-remotecall", "rsupport-remoteview"),
)


class Use(msgspec.Struct, frozen=True):
    """A remote tool at work.

    since, until  first and last time it was seen; since is None when it was there from the start, until when it is
                  there now
    """

    tool: RemoteTool
    since: datetime | None
    until: datetime | None

    @property
    def words(self) -> str:
        """When it was at work."""
        since = f"since {self.since:%Y-%m-%d}" if self.since else "from the first report on"
        return f"Was at work {since}" + (f" until {self.until:%Y-%m-%d}" if self.until else ", and is there now")


def uses_of(device: DeviceView) -> list[Use]:
    """Returns the tools that run now or ran in the last `DAYS` days, each once, by id."""
    found: dict[str, Use] = {}
    for each in recognised(device, tool_index()):
        if each.active and surely(each) and _counts(each.product):
            kept: list[tuple[str, Process | Service]] = [("processes", process) for process, _ in each.programs]
            kept += [("services", service) for service, _ in each.services]
            times = [device.seen_from(kind, item) for kind, item in kept]
            known = [time for time in times if time is not None]
            since = min(known) if len(known) == len(times) and known else None
            found[each.product.id] = Use(each.product, since, None)
    for span, matches in _gone(device):
        for match in matches:
            if at_least(match.confidence, "medium") and _counts(match.product):
                since = None if span.from_start else span.seen_from
                old = found.get(match.product.id)
                use = Use(match.product, since, span.seen_until)
                found[match.product.id] = use if old is None else _together(old, use)
    return [found[key] for key in sorted(found)]


def vendor_of(tool: RemoteTool) -> str:
    """Returns whose it is: the id of the first product of that vendor."""
    return _vendors()[tool.id]


def related(one: RemoteTool, other: RemoteTool) -> bool:
    """Whether two tools beside each other say nothing: of one vendor, or both for playing."""
    return _vendors()[one.id] == _vendors()[other.id] or ("gaming" in one.tags and "gaming" in other.tags)


def at_once(one: Use, other: Use) -> bool:
    """Whether both are there, or were there for longer than a change from one to the other takes."""
    ends = [use.until for use in (one, other) if use.until is not None]
    begins = [use.since for use in (one, other) if use.since is not None]
    return not ends or not begins or min(ends) - max(begins) > _CHANGE


def _counts(tool: RemoteTool) -> bool:
    drives = tool.category in _DRIVES and tool.role == "host"
    return drives and tool.alarm in ("warn", "high") and tool.id not in _NOBODYS


def handed_over(device: DeviceView) -> datetime | None:
    """Returns the beginning of this person's time with the laptop; None when the roster does not say."""
    start = device.roster.start_on if device.roster else None
    return datetime.combine(start, time(), tzinfo=UTC) if start else None


def _gone(device: DeviceView) -> Iterator[tuple[Span, list[Match[RemoteTool]]]]:
    """Yields what ran within the days, and not before this person had the laptop, with what it matched as."""
    index, platform = tool_index(), platform_of(device)
    since = max(device.now - timedelta(days=DAYS), handed_over(device) or datetime.min.replace(tzinfo=UTC))
    for spans in _programs(device, since):
        matches = index.program(cast("Process", spans[0].item), platform)
        if matches:
            yield _merged(spans), matches
    for span in device.spans("services", since):
        if isinstance(span.item, Service) and span.seen_until is not None and (span.item.running or span.item.enabled):
            yield span, index.service(span.item, platform)
    for item in device.of("processes", RecentProgram):
        ran = _day(item.last_run)
        if ran is not None and ran >= since:
            span = Span(kind="processes", item=item, seen_from=ran, seen_until=ran)
            yield span, index.program(Process(name=item.name, path=item.path), platform)


def _programs(device: DeviceView, since: datetime) -> Iterable[list[Span]]:
    """Returns the programs that are gone, each file once: a report tells of it again whenever its count changed."""
    kept: dict[object, list[Span]] = defaultdict(list)
    for span in device.spans("processes", since):
        item = span.item
        if span.seen_until is not None and isinstance(item, Process):
            key = (item.name, item.path, item.package, item.signer, item.original_name, item.sha256, item.flags)
            kept[key].append(span)
    return kept.values()


def _merged(spans: list[Span]) -> Span:
    return msgspec.structs.replace(
        spans[0],
        seen_from=min(span.seen_from for span in spans),
        seen_until=max(span.seen_until for span in spans if span.seen_until is not None),
        from_start=any(span.from_start for span in spans),
    )


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def _together(one: Use, other: Use) -> Use:
    since = None if one.since is None or other.since is None else min(one.since, other.since)
    until = None if one.until is None or other.until is None else max(one.until, other.until)
    return Use(one.tool, since, until)


@cache
def _vendors() -> dict[str, str]:
    tools = [tool for tool in remote_tools() if _counts(tool)]
    vendors = {tool.id: tool.id for tool in tools}
    groups: dict[str, set[str]] = defaultdict(set)
    for tool in tools:
        for signer in tool.signers:
            if signer.casefold() not in _SHARED_SIGNERS:
                groups[f"signer {signer.casefold()}"].add(tool.id)
        if tool.category == "vnc":
            groups["vnc"].add(tool.id)
    for number, family in enumerate(_FAMILIES):
        groups[f"family {number}"].update(each for each in family if each in vendors)
    for _, members in sorted(groups.items()):
        merged = {vendors[each] for each in members}
        first = min(merged, default="")
        vendors = {each: first if vendor in merged else vendor for each, vendor in vendors.items()}
    return vendors
