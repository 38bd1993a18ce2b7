"""The claim test on a folder of round-trip times: `make bench-place`, `python -m farmwatch_collector.bench.place DIR`.

Prints every rate with n and its 95 % interval, and the bars; exit code 1 when one is missed. docs/place.md.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from farmwatch_schema.errors import FarmwatchError

from . import place_data, place_measure
from .place_measure import ACCESS, ATTACK, BARS, NOISY, PLAN, WIRED
from .place_plot import distance_plot
from .place_results import PlaceReport, Share

_SHOWN = (WIRED, PLAN, *NOISY.values(), ATTACK, ACCESS)


def text(report: PlaceReport) -> str:
    """Returns the report for a terminal."""
    return "\n".join(_lines(report))


def _lines(report: PlaceReport) -> Iterator[str]:
    yield (
        f"{report.mesh_hosts} hosts of the mesh to {report.landmarks} landmarks, {report.access_hosts} probes on real "
        f"access; splits by host, seeds {', '.join(map(str, report.seeds))}."
    )
    yield from (f"missing: {name}; what needs it is left out" for name in report.missing)
    yield from (f"left out: {count} {why}" for why, count in report.dropped.items())
    yield ""
    setting = ""
    for each in report.shares:
        if each.setting != setting:
            setting = each.setting
            yield setting
        yield _line(each)
    yield from ("", "calibration sets of other sizes")
    for each in report.small:
        yield _line(each, each.setting)
    yield from ("", "regions left out of calibration (nothing is promised: such claims are not exchangeable)")
    for each in report.regions:
        yield _line(each, each.setting)
    yield from (
        "",
        "error, km, median (and 9 of 10): estimate / fastest landmark / truth within the stated radius / beyond light",
    )
    for row in report.located:
        yield (
            f"  {row.setting}: {row.estimate_km:,.0f} ({row.estimate_90_km:,.0f}) / {row.nearest_landmark_km:,.0f} "
            f"({row.nearest_landmark_90_km:,.0f}) / {row.within_radius:.0%} / {row.beyond_light} (n {row.n})"
        )
    yield from ("", "CPU of a verdict, ms: median / mean; minutes for 100,000 devices")
    for cost in report.costs:
        yield f"  {cost.landmarks} landmarks: {cost.median_ms:.1f} / {cost.mean_ms:.1f}; {cost.minutes_100000:.1f}"
    yield ""
    judged = [each for each in report.shares if each.met is not None]
    if not judged:
        yield "NO BAR was judged: the folder lacks what they need (docs/place.md)"
        return
    absent = [name for name in (WIRED, ACCESS) if name not in {each.setting for each in judged}]
    yield from (f"not judged, the folder lacks what it needs: bars of {name}" for name in absent)
    yield (
        ("every bar that was judged is met" if absent else "every bar met")
        if report.ok
        else "MISSED: "
        + "; ".join(f"{each.setting}, {each.what} {each.share:.1%}" for each in report.shares if each.met is False)
    )


def _line(each: Share, name: str = "") -> str:
    judged = "" if each.met is None else f"   bar {each.bar:.1%}: {'met' if each.met else 'MISSED'}"
    words = name or each.what
    return f"  {words:<44} {each.share:7.2%}  [{each.low:.2%}, {each.high:.2%}]  n {each.n}{judged}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the measurement; 0 when every bar is met."""
    parser = argparse.ArgumentParser(prog="bench-place", description=__doc__)
    parser.add_argument("folder", help="with the columns of docs/place.md; any file may be missing")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(place_measure.SEEDS), help="of the splits")
    parser.add_argument("--plot", metavar="FILE", help="also write detection by distance as SVG")
    options = parser.parse_args(arguments)
    try:
        data = place_data.load(options.folder)
        report = place_measure.measure(
            data,
            options.seeds,
            lambda words: print(words, file=sys.stderr, flush=True),  # noqa: T201
        )
    except FarmwatchError as error:
        print(f"bench-place: {error}", file=sys.stderr)  # noqa: T201
        return 2
    if options.plot:
        Path(options.plot).write_text(distance_plot(report.points, BARS, _SHOWN), encoding="utf-8")
    print(place_measure.encoded(report) if options.json else text(report))  # noqa: T201  # the answer
    return 0 if report.ok else 1


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
