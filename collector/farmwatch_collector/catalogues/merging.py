"""Lays records of LOLRMM over our catalogue of remote tools: what is new, under our corrections, through the gate."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

import msgspec

from farmwatch_detectors.catalog import gate
from farmwatch_detectors.catalog.lolrmm import Correction
from farmwatch_detectors.products import Names, RemoteTool

from .lolrmm import Record

What = Literal["added", "changed", "unchanged", "left_out", "refused"]
"""added: a tool that we did not know; changed: facts that we did not; left_out: a correction says so; refused: nothing
that it names may stand."""

FIELDS = ("names", "macos", "linux", "patterns", "paths", "services", "signers", "domains")
PLATFORMS = ("windows", "macos", "linux")


class Refusal(msgspec.Struct, frozen=True):
    """A fact that was not taken: `field`, `value`, and why; `before` when a correction refused it already."""

    field: str
    value: str
    reason: str
    before: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """What became of one record; `tool` is our id, `taken` what is new in its form in our catalogue."""

    record: str
    tool: str
    what: What
    taken: tuple[tuple[str, str], ...] = ()
    refused: tuple[Refusal, ...] = ()
    reason: str = ""


class Owners:
    """Who has which fact already."""

    def __init__(self, tools: Iterable[RemoteTool], others: Iterable[str]) -> None:
        self.tools = {tool.id: tool for tool in tools}
        self._others = {gate.stem(name) for name in others}
        self._by_fact: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._by_name = {slug(tool.name): tool.id for tool in self.tools.values()}
        for tool in self.tools.values():
            self.add(tool)

    def add(self, tool: RemoteTool) -> None:
        """Takes in a tool's facts."""
        for field, value in facts_of(tool):
            self._by_fact[field, value].add(tool.id)

    def of(self, field: str, value: str) -> set[str]:
        """Returns ids of the tools that have a fact; a file name is one on every system."""
        return self._by_fact.get(("names" if field in PLATFORMS else field, folded(field, value)), set())

    def knows(self, tool: str, field: str, value: str) -> bool:
        """Returns whether a tool has this fact, a weaker form of it, or a path that holds it."""
        if tool in self.of(field, value):
            return True
        if field != "paths" or tool not in self.tools:
            return False
        held = self.tools[tool]
        return any(folded(field, known) in folded(field, value) for known in (*held.paths, *held.hints.paths))

    def is_elsewhere(self, name: str) -> bool:
        """Returns whether another catalogue holds this file name: VPNs, tunnels, jigglers, assistive technology."""
        return gate.stem(name) in self._others

    def named(self, record: str) -> str:
        """Returns the id of the tool that bears a record's name, or ""."""
        return slug(record) if slug(record) in self.tools else self._by_name.get(slug(record), "")


def slug(name: str) -> str:
    """Returns a name as an id."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


def folded(field: str, value: str) -> str:
    """Returns a fact as two of them are compared."""
    lower = value.casefold()
    return (
        gate.stem(lower) if field in ("names", *PLATFORMS) else lower.replace("\\", "/") if field == "paths" else lower
    )


def facts_of(tool: RemoteTool) -> Iterator[tuple[str, str]]:
    """Yields a tool's facts under the fields of a record, confirmed or not, weak or not."""
    hints = tool.hints
    for platform in PLATFORMS:
        for name in (*tool.names.on(platform), *hints.names.on(platform)):
            yield "names", folded("names", name)
    for name in (*tool.weak, *hints.weak, *tool.viewers):
        yield "names", folded("names", name)
    lists = {
        "patterns": tool.patterns,
        "paths": (*tool.paths, *hints.paths),
        "services": (*tool.services, *tool.weak_services, *hints.services),
        "signers": (*tool.signers, *hints.signers),
        "domains": tool.domains,
    }
    for field, values in lists.items():
        for value in values:
            yield field, folded(field, value)


def merge(
    records: Iterable[Record], owners: Owners, corrections: dict[str, Correction], on: date
) -> tuple[list[Outcome], dict[str, RemoteTool]]:
    """Returns what became of each record, and the tools with what is new of them, by id."""
    outcomes: list[Outcome] = []
    overlay: dict[str, RemoteTool] = {}
    for record in records:
        correction = corrections.get(record.name.casefold())
        if correction is not None and not correction.tool:
            outcomes.append(Outcome(record.name, "", "left_out", reason=correction.reason))
            continue
        known = correction.tool if correction is not None else owners.named(record.name)
        tool = known or slug(record.name)
        if not tool:
            outcomes.append(Outcome(record.name, "", "refused", reason="its name has no letters"))
            continue
        taken, refused = _sorted_out(record, tool, owners, correction)
        telling = [field for field, _ in taken if field in ("names", "macos", "linux", "paths", "services")]
        if not known and not telling:
            reason = "names nothing by which a laptop's agent could recognise it"
            outcomes.append(Outcome(record.name, tool, "refused", (), tuple(refused), reason))
            continue
        if taken:
            base = owners.tools.get(tool)
            overlay[tool] = _extended(overlay.get(tool) or _begun(tool, record, base, on), taken)
            owners.add(overlay[tool])
        what: What = "added" if taken and not known else "changed" if taken else "unchanged"
        outcomes.append(Outcome(record.name, tool, what, tuple(taken), tuple(refused)))
    return outcomes, overlay


def _sorted_out(
    record: Record, tool: str, owners: Owners, correction: Correction | None
) -> tuple[list[tuple[str, str]], list[Refusal]]:
    taken: list[tuple[str, str]] = []
    refused: list[Refusal] = []
    before = {folded_line(line) for line in correction.refused} if correction else set[str]()
    for field in FIELDS:
        for value in getattr(record, field):
            if owners.knows(tool, field, value):
                continue
            seen = folded_line(f"{field} {value}") in before
            reason = _fault(field, value) or _others_fault(field, value, tool, owners)
            if reason or seen:
                refused.append(Refusal(field, value, reason or "was looked at before and not taken", seen))
            elif field in ("names", "macos", "linux") and (gate.collides(value) or _is_viewer(value)):
                taken.append(("weak", value))
            else:
                taken.append((field, value))
    return taken, refused


def folded_line(line: str) -> str:
    """Returns a line of a correction's `refused` as two of them are compared."""
    field, _, value = line.partition(" ")
    return f"{field} {folded(field, value)}"


def _fault(field: str, value: str) -> str:
    if field == "patterns":
        start, _, end = value.partition("*")
        if "*" in end or len(start) < 6 or not re.fullmatch(r"[\w .()+-]+", start + "x" + end):
            return "is no pattern with one star behind six or more letters"
        return gate.name_fault(start.rstrip(" -_."))
    check = {
        "names": gate.name_fault,
        "macos": gate.name_fault,
        "linux": gate.name_fault,
        "paths": gate.path_fault,
        "services": gate.service_fault,
        "signers": gate.signer_fault,
        "domains": gate.domain_fault,
    }[field]
    return check(value)


def _others_fault(field: str, value: str, tool: str, owners: Owners) -> str:
    others = owners.of(field, value) - {tool}
    if others:
        return f"belongs to {', '.join(sorted(others))}"
    if field in ("names", "macos", "linux") and owners.is_elsewhere(value):
        return "belongs to another catalogue: VPNs and tunnels, deception, or assistive technology"
    return ""


def _is_viewer(name: str) -> bool:
    """A viewer drives others from here; which of the two it is, nobody has looked at yet."""
    return gate.stem(name).endswith("viewer")


def _begun(tool: str, record: Record, base: RemoteTool | None, on: date) -> RemoteTool:
    if base is None:
        return RemoteTool(
            id=tool, name=record.name, category="rmm", alarm="warn", source=("L",), date=on, confidence="list"
        )
    return RemoteTool(
        id=tool, name=base.name, category=base.category, alarm=base.alarm, role=base.role,
        source=("L",), date=on, confidence="list",
    )  # fmt: skip


def _extended(tool: RemoteTool, taken: Iterable[tuple[str, str]]) -> RemoteTool:
    more: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for field, value in taken:
        more[field] += (value,)
    names = Names(
        windows=(*tool.names.windows, *more.pop("names", ())),
        macos=(*tool.names.macos, *more.pop("macos", ())),
        linux=(*tool.names.linux, *more.pop("linux", ())),
    )
    lists = {field: (*getattr(tool, field), *values) for field, values in more.items()}
    return msgspec.structs.replace(tool, names=names, **lists)
