"""What a report costs the collector as fleets grow: ties and farms at 100, 10,000 and 1,000,000 devices.

Each fleet lives in a process of its own (`growth_fleet.py`), is built from what the store remembers of each device, and
is asked in turn: rounds are interleaved over the sizes, and a figure is the median of its rounds. CPU time of one
thread. Writes docs/growth.md and docs/images/growth.svg with --write.
Usage: python bench/growth.py [--sizes N ...] [--reports N] [--rounds N] [--stores N ...] [--write] [--json]
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
SIZES = (100, 10_000, 1_000_000)
STORES = (100, 10_000)
REPORTS, ROUNDS = 50_000, 10
#: Of a laptop's some hundred reports a day, those that show another network or thing than the one before.
CHANGED = 0.02
BAR, GOAL = 2.0, 1.5  # DESIGN section 12: cost per report, 1,000,000 against 100 devices
KINDS = ("unchanged", "changed")
WORDS = {"mixed": "a report as they come", "unchanged": "unchanged report", "changed": "changed report"}
PARTS = ("take", "ties", "farms")
Figures = dict[str, float]


class Child:
    """A fleet in a process of its own."""

    def __init__(self, script: str, words: Sequence[str]) -> None:
        command = [sys.executable, str(HERE / script), *words]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.built = self._answer()

    def ask(self, words: str) -> Figures:
        """Sends a line and returns the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> Figures:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a fleet's process ended with {self.process.wait()}")
        answer: Figures = json.loads(line)
        return answer

    def end(self) -> None:
        """Ends the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def interleaved(children: dict[int, Child], reports: int, rounds: int) -> dict[int, dict[str, Figures]]:
    """Returns the medians of each size by kind of report; sizes take turns, and none always comes first."""
    sizes = list(children)
    found: dict[int, dict[str, list[Figures]]] = {size: {kind: [] for kind in KINDS} for size in sizes}
    each = {"unchanged": max(2, reports // rounds), "changed": max(2, int(reports * CHANGED) // rounds)}
    for number in range(rounds):
        for kind in KINDS:
            for place in range(len(sizes)):
                size = sizes[(place + number) % len(sizes)]
                found[size][kind].append(children[size].ask(f"{kind} {each[kind]}"))
        tell(f"round {number + 1} of {rounds}")
    return {size: mixed({kind: medians(rows) for kind, rows in kinds.items()}) for size, kinds in found.items()}


def mixed(costs: dict[str, Figures]) -> dict[str, Figures]:
    """Returns the same with reports as they come: one in fifty changed."""
    still, changed = costs["unchanged"], costs["changed"]
    both = {name: (1 - CHANGED) * still[name] + CHANGED * changed[name] for name in still.keys() & changed.keys()}
    return {"mixed": both, **costs}


def medians(rows: Sequence[Figures]) -> Figures:
    """Returns each figure's median over the rounds, and the middle half of the whole."""
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    if len(rows) > 1:
        low, _, high = statistics.quantiles([row["all"] for row in rows], n=4)
        middle |= {"low": low, "high": high}
    return middle


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Returns all figures."""
    children: dict[int, Child] = {}
    made: dict[int, float] = {}
    with tempfile.TemporaryDirectory(dir=options.folder or None) as folder:
        try:
            for size in options.sizes:
                path, began = f"{folder}/{size}.ties", time.perf_counter()
                subprocess.run([sys.executable, str(HERE / "growth_fleet.py"), "make", path, str(size)], check=True)
                made[size] = time.perf_counter() - began
                children[size] = Child("growth_fleet.py", ["serve", path, str(size)])
                tell(f"{size:,} devices: {json.dumps(children[size].built)}")
                os.unlink(path)
            costs = interleaved(children, options.reports, options.rounds)
        finally:
            for child in children.values():
                child.end()
        stores = {size: stored(size, folder, options) for size in options.stores}
    return {
        "machine": machine(),
        "reports": options.reports,
        "rounds": options.rounds,
        "fleets": {size: {**child.built, "made_seconds": made[size]} for size, child in children.items()},
        "costs": costs,
        "stores": stores,
    }


def stored(size: int, folder: str, options: argparse.Namespace) -> Figures:
    """Returns what the due loop and the farm page take on a real store of so many devices."""
    child = Child("growth_store.py", [f"{folder}/{size}.db", str(size), str(options.judgements)])
    child.end()
    tell(f"store of {size:,}: {json.dumps(child.built)}")
    return child.built


def machine() -> str:
    """Returns what it was measured on."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = names[0] if names else platform.machine()
    return f"{len(names) or os.cpu_count()} processors ({name}), {memory:.0f} GiB, Python {platform.python_version()}"


def tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def ratio_of(figures: dict[str, Any], kind: str) -> float:
    """Returns the largest fleet's cost over the smallest's."""
    sizes = sorted(figures["costs"])
    return float(figures["costs"][sizes[-1]][kind]["all"] / figures["costs"][sizes[0]][kind]["all"])


def table(figures: dict[str, Any]) -> Iterator[str]:
    """Yields the tables of the answer, as Markdown."""
    sizes = sorted(figures["costs"])
    yield f"| CPU a report, us | {' | '.join(f'{size:,}' for size in sizes)} | ratio | bar |"
    yield "| --- |" + " ---: |" * (len(sizes) + 2)
    for kind, name in WORDS.items():
        rows = [figures["costs"][size][kind] for size in sizes]
        ratio = ratio_of(figures, kind)
        held = f"{BAR:g}, {'met' if ratio <= BAR else '**missed**'}" if kind == "mixed" else ""
        cells = " | ".join(
            f"{row['all']:.0f} ({row.get('low', row['all']):.0f} to {row.get('high', row['all']):.0f})" for row in rows
        )
        yield f"| {name} | {cells} | {ratio:.2f} | {held} |"
        for part in PARTS:
            words = {"take": "taken in", "ties": "ties told", "farms": "farms followed"}[part]
            yield f"| - {words} | {' | '.join(f'{row[part]:.0f}' for row in rows)} | | |"
    yield ""
    yield f"| fleet in memory | {' | '.join(f'{size:,}' for size in sizes)} |"
    yield "| --- |" + " ---: |" * len(sizes)
    for name, words, digits in (
        ("bytes_a_device", "bytes a device (resident)", 0),
        ("recall_seconds", "rebuild: ties recalled, s", 2),
        ("find_seconds", "rebuild: all farms found, s", 2),
        ("peak_mib", "rebuild: peak, MiB", 0),
        ("farms", "kept as farms", 0),
    ):
        cells = " | ".join(f"{figures['fleets'][size][name]:,.{digits}f}" for size in sizes)
        yield f"| {words} | {cells} |"
    if figures["stores"]:
        stores = sorted(figures["stores"])
        yield ""
        yield f"| real store | {' | '.join(f'{size:,}' for size in stores)} | ratio |"
        yield "| --- |" + " ---: |" * (len(stores) + 1)
        for name, words in (
            ("ingest_us", "ingest: a report committed, us"),
            ("loop_us", "due loop: a device judged, ties and farms included, us"),
            ("farm_page_ms", "farm page of 60 laptops, ms"),
            ("device_page_ms", "device page of one of them, ms"),
            ("store_mib", "store on disk, MiB"),
        ):
            rows = [figures["stores"][size][name] for size in stores]
            ratio = "" if name == "store_mib" else f"{rows[-1] / rows[0]:.2f}"
            yield f"| {words} | {' | '.join(f'{row:,.1f}' for row in rows)} | {ratio} |"


_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#444}.grid{stroke:#999;stroke-opacity:.35}"
    ".curve{fill:none;stroke-width:2.2}.bar{fill:none;stroke:#444;stroke-width:1.5;stroke-dasharray:5 3}"
    "@media(prefers-color-scheme:dark){text{fill:#ccc}.bar{stroke:#ccc}}"
)
_COLOURS = {"mixed": "#5b7f2b", "unchanged": "#0b6e99", "changed": "#b3541e"}


def picture(figures: dict[str, Any]) -> str:
    """Returns cost by fleet size, over that at the smallest one, as SVG; the dashed line is the bar."""
    sizes = sorted(figures["costs"])
    width, height, left, top, right, bottom = 640.0, 320.0, 56.0, 16.0, 150.0, 40.0
    base = {kind: figures["costs"][sizes[0]][kind]["all"] for kind in WORDS}
    shown = {kind: [figures["costs"][size][kind]["all"] / base[kind] for size in sizes] for kind in WORDS}
    highest = max(BAR * 1.25, *(value * 1.1 for values in shown.values() for value in values))

    def x(place: int) -> float:
        return left + place * (width - left - right) / max(1, len(sizes) - 1)

    def y(value: float) -> float:
        return height - bottom - value / highest * (height - top - bottom)

    parts = [f"<style>{_STYLE}</style>"]
    for place, size in enumerate(sizes):
        parts.append(
            f'<line x1="{x(place):.1f}" y1="{y(0):.1f}" x2="{x(place):.1f}" y2="{y(highest):.1f}" class="grid"/>'
        )
        parts.append(f'<text x="{x(place):.1f}" y="{y(0) + 18:.1f}" text-anchor="middle">{size:,}</text>')
    for step in range(int(highest * 2) + 1):
        level = y(step / 2)
        parts.append(f'<text x="{left - 8:.1f}" y="{level + 4:.1f}" text-anchor="end">x{step / 2:g}</text>')
        parts.append(f'<line x1="{left:.1f}" y1="{level:.1f}" x2="{width - right:.1f}" y2="{level:.1f}" class="grid"/>')
    parts.append(f'<line x1="{left:.1f}" y1="{y(BAR):.1f}" x2="{width - right:.1f}" y2="{y(BAR):.1f}" class="bar"/>')
    ends: list[float] = []
    for kind, values in shown.items():
        points = " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in enumerate(values))
        parts.append(f'<polyline points="{points}" class="curve" stroke="{_COLOURS[kind]}"/>')
        label = y(values[-1])
        while any(abs(label - other) < 16 for other in ends):
            label += 16
        ends.append(label)
        words = f"{escape(kind)} x{values[-1]:.2f}"
        parts.append(
            f'<text x="{width - right + 10:.1f}" y="{label + 4:.1f}" style="fill:{_COLOURS[kind]}">{words}</text>'
        )
    middle = (left + width - right) / 2
    parts.append(f'<text x="{middle:.1f}" y="{height - 6:.1f}" text-anchor="middle">devices in the fleet</text>')
    title = "CPU of a report by size of the fleet, over that of the smallest; the dashed line is the bar"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{title}"><title>{title}</title>{"".join(parts)}</svg>\n'
    )


def page(figures: dict[str, Any]) -> str:
    """Returns docs/growth.md."""
    return f"""# What a report costs as fleets grow

Made by `make bench-growth ARGS=--write` (`bench/growth.py`); {time.strftime("%Y-%m-%d")}, {figures["machine"]}.

Ties and farms are the only part of a judgement that knows of other devices, so they alone can grow with the fleet.
Each fleet lives in a process of its own and is built from what the store remembers of each device.
{figures["reports"]:,} unchanged reports and a fiftieth of that changed are asked of each, in {figures["rounds"]} rounds
that are interleaved over the sizes: of a laptop's hundred reports a day about two show another network or thing.
A figure is the median of its rounds, beside it the middle half; CPU time of one thread.

- An **unchanged** report shows what the device has shown before. It is taken in, the device's ties are told, and what
  is due of farms is followed after each 64 reports, as the due loop does.
- With a **changed** report a laptop is on another network, and back on its own with the next: one that nobody else is
  on, as hotels are, and one time of ten another laptop's own. Values gain and lose a holder, and the ties of everybody
  whom that touches are told anew.

Fleets are copies of a simulated one of 10,000 laptops over two weeks, with its couples, flats, offices and farms, under
other names and values: who shares what stays as it is per 10,000 devices, what only makes and providers share is
shared by all of them. The members' own evidence is no part of it (`bench/rescore.py` measures judging).

{chr(10).join(table(figures))}

![CPU of a report by size of the fleet](images/growth.svg)

The bar is DESIGN section 12: a report costs twice as much at most among 1,000,000 devices as among 100; the far goal
is {GOAL:g} times. A rebuild is what a collector does when it starts: every device's ties are recalled from its row,
then all farms are found at once; peak is the process's largest resident size.
"""


def main() -> int:
    """Measures; 0 when the bar is met."""
    parser = argparse.ArgumentParser(prog="growth", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="fleets in memory")
    parser.add_argument(
        "--stores", type=int, nargs="*", default=list(STORES), help="fleets in a real store; none with no number"
    )
    parser.add_argument("--reports", type=int, default=REPORTS, help="of each kind, at each size")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--judgements", type=int, default=2_000, help="of the due loop, at each store")
    parser.add_argument("--folder", help="for files that are taken away again: 2 GiB for 1,000,000 devices")
    parser.add_argument("--write", action="store_true", help="docs/growth.md and docs/images/growth.svg")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    figures = measured(options)
    if options.write:
        (DOCS / "growth.md").write_text(page(figures), encoding="utf-8")
        (DOCS / "images" / "growth.svg").write_text(picture(figures), encoding="utf-8")
    print(json.dumps(figures, indent=1) if options.json else "\n".join(table(figures)))
    return 0 if ratio_of(figures, "mixed") <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
