"""What is seen where: made from the probes themselves, run on every recorded host and file tree of the tests.

`python -m tests.support` renews docs/facts.md and the table in docs/support.md; a test says when they are out of date.
A fact counts for a platform when some probe filled its field there: on a live or publicly documented host (`yes`), or
only on one constructed from documents (`built`).
"""

import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from farmwatch_agent import health, probes, runner
from farmwatch_agent.host import Host
from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.limits import Limit
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables import KINDS, OBSERVABLES

from .cases import machines, recorded

DOCS = Path(__file__).parent.parent / "docs"
BEGIN, END = "<!-- made by python -m tests.support: begin -->", "<!-- end -->"
PLATFORMS = {"linux": "Linux", "macos": "macOS", "windows": "Windows"}
RIGHTS = {"root": "root", "user": "user"}
Proof = Literal["yes", "built"]


class Seen(msgspec.Struct):
    """What one kind yielded on one platform with one set of rights: types on any host, gaps and outcomes by host."""

    types: set[str] = msgspec.field(default_factory=set)
    gaps: list[set[str]] = msgspec.field(default_factory=list)
    outcomes: set[str] = msgspec.field(default_factory=set)

    def always(self) -> set[str]:
        """Returns the gaps that every host had: others are those of a recording that holds only a part."""
        return set.intersection(*self.gaps) if self.gaps else set()


class Survey(msgspec.Struct):
    """All that was seen: by kind, platform and rights; and how well each field is proved, by platform."""

    seen: dict[tuple[str, str, str], Seen] = msgspec.field(default_factory=lambda: defaultdict(Seen))
    fields: dict[tuple[str, str, str], Proof] = msgspec.field(default_factory=dict)


def survey() -> Survey:
    """Returns what every probe yields on everything that the tests hold."""
    made = Survey()
    # The agent's health of a new process, whatever ran in this one before.
    health.remember(health.Health())
    keyer = Keyer(b"a key for tests only", "test")
    for host, kinds, proof in _hosts():
        rights = "root" if host.euid() == 0 else "user"
        for section in runner.run(host, keyer, health.Health(), kinds, Limit(wall_seconds=60, cpu_seconds=60)):
            seen = made.seen[section.kind, host.platform, rights]
            seen.outcomes.add(section.outcome)
            items = [] if section.items is msgspec.UNSET else msgspec.json.decode(section.items)
            seen.gaps.append({re.sub(r"\d+", "N", item["what"]) for item in items if item["type"] == "gap"})
            for item in items:
                if item["type"] != "gap":
                    _take(made, seen, item, host.platform, proof)
    return made


def _hosts() -> Iterator[tuple[Host, list[str], Proof]]:
    for folder in recorded.host_folders():
        about = recorded.about(folder)
        # The agent's own health is the same on every host: nobody records it.
        kinds = [name for name in probes.NAMES if name in about["kinds"] or name == "agent"]
        yield ReplayingHost(recorded.load(folder)), kinds, "built" if about["constructed"] else "yes"
    with tempfile.TemporaryDirectory() as top:
        for name, make in machines.MACHINES.items():
            make(f"{top}/{name}")
            yield RootHost(f"{top}/{name}"), ["usb", "displays"], "built"


def _take(made: Survey, seen: Seen, item: dict[str, Any], platform: str, proof: Proof) -> None:
    seen.types.add(item["type"])
    for name in {*item, *_filled(item["type"])} - {"type"}:
        if item.get(name, True) not in (None, "", [], {}):
            key = (item["type"], name, platform)
            if made.fields.get(key) != "yes":
                made.fields[key] = proof


@cache
def _filled(tag: str) -> set[str]:
    """Returns the fields that say something by their default, which is left out of a report."""
    kind = OBSERVABLES[tag]
    return {field.name for field in msgspec.structs.fields(kind) if isinstance(field.default, str) and field.default}


def table(made: Survey) -> str:
    """Returns the table kind x platform x rights."""
    heads = [(platform, rights) for platform in PLATFORMS for rights in RIGHTS]
    titles = [f"{PLATFORMS[platform]}, {'SYSTEM' if (platform, rights) == ('windows', 'root') else rights}"
              for platform, rights in heads]  # fmt: skip
    lines = [f"| kind | {' | '.join(titles)} |", "| --- |" + " --- |" * len(titles)]
    for kind in KINDS:
        cells = [_cell(made.seen.get((kind, platform, rights)), kind, platform) for platform, rights in heads]
        lines.append(f"| `{kind}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(seen: Seen | None, kind: str, platform: str) -> str:
    if platform not in probes.load(kind).platforms:
        return "no probe"
    if seen is None:
        return "no recorded host"
    parts = [", ".join(f"`{name}`" for name in sorted(seen.types))] if seen.types else []
    if not parts:
        parts.append(" or ".join(f"`{outcome}`" for outcome in sorted(seen.outcomes)))
    if seen.always():
        parts.append("gaps: " + "; ".join(sorted(seen.always())))
    return "<br>".join(parts)


def facts(made: Survey) -> str:
    """Returns the page of every fact and where it is seen."""
    lines = [
        "# Every fact, and where it is seen",
        "",
        "Made by `python -m tests.support` from the probes, run on every host that the tests hold. **yes**: filled on",
        "a host captured live or typed from public output; **built**: only on one constructed from documents; -: not.",
        "",
    ]
    never: list[str] = []
    for kind in KINDS.values():
        lines += [f"## `{kind.kind}`", "", "| fact | Linux | macOS | Windows |", "| --- | --- | --- | --- |"]
        for observable in kind.observables:
            tag = str(observable.__struct_config__.tag)
            for name in observable.__struct_encode_fields__:
                cells = [made.fields.get((tag, name, platform), "-") for platform in PLATFORMS]
                lines.append(f"| `{tag}.{name}` | {' | '.join(cells)} |")
                if set(cells) == {"-"}:
                    never.append(f"`{tag}.{name}`")
        lines.append("")
    lines += ["## On no platform yet", "", ", ".join(never) + "." if never else "None.", ""]
    return "\n".join(lines)


def support(page: str, made: Survey) -> str:
    """Returns docs/support.md with its table made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(made)}\n{END}{after}"


if __name__ == "__main__":
    found = survey()
    page = DOCS / "support.md"
    page.write_text(support(page.read_text(encoding="utf-8"), found), encoding="utf-8")
    (DOCS / "facts.md").write_text(facts(found), encoding="utf-8")
    sys.stdout.write("docs/support.md and docs/facts.md are renewed\n")
