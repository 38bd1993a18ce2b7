"""The bench's figures as lines for a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from .results import Calibration, Delay, FalseFlags, Missed, Precision, Rate, Results, Trap, Without

SHOWN_MISSED = 12
SHOWN_DETECTORS = 15

PARTS = {
    "held_out": "held-out seeds",
    "tuning": "tuning seeds: weights may have been set on them, so these figures are not to be quoted",
    "outside": "data from outside",
}


def verdict(met: bool | None) -> str:
    """Returns a bar's outcome in a word."""
    return {True: "met", False: "MISSED", None: "not told"}[met]


def hours_words(hours: float) -> str:
    """Returns hours as people say them."""
    if hours >= 48:
        return f"{hours / 24:g} days"
    return f"{hours:g} h" if hours >= 1 else f"{round(hours * 60)} min"


def lines_of(results: Results) -> Iterator[str]:
    """Yields the answer of `farmwatch bench`."""
    seeds = f" {', '.join(str(seed) for seed in results.seeds)}" if results.seeds else ""
    yield f"bench, {results.scale}, {PARTS[results.part]}{seeds}"
    yield (
        f"{results.devices:,} devices in {results.samples} samples, {results.device_days:,.0f} device-days, "
        f"{results.judgements:,} judgements; {results.farms:,} devices are driven from afar"
    )
    for name, count in results.faults.items():
        yield f"detector {name} FAILED on {count:,} devices: figures beside this are worth nothing"
    yield from _section("Recall: at review or above within the stated time")
    yield from _rates(results.recall)
    yield from _section("One group alone")
    yield from _rates(results.alone)
    if any(each.n for each in results.reported):
        yield from _section("Told, and held to no bar")
        yield from _rates(each for each in results.reported if each.n)
    if results.hindered:
        yield from _section("With one permission missing")
        yield from _rates(results.hindered)
    yield from _section("False flags: new cases of innocent devices, first day included")
    yield from _false_flags(results.false_flags)
    if results.precision is not None:
        yield from _section("Precision at 20")
        yield _precision(results.precision)
    yield from _section("Hours to review")
    yield from (_delay(each) for each in results.delays)
    if results.calibration is not None:
        yield from _section("Calibration, at a base rate of 1 in 10,000")
        yield from _calibration(results.calibration)
    yield from _section("IP-KVMs with something taken away: recall left")
    yield from _shapes([each for each in results.without if each.kind != "detector"])
    detectors = [each for each in results.without if each.kind == "detector"]
    yield from _section("What each detector adds: farms lost, and new cases of innocent devices, without it")
    yield from (_detector(each) for each in detectors[:SHOWN_DETECTORS])
    if len(detectors) > SHOWN_DETECTORS:
        yield f"  and {len(detectors) - SHOWN_DETECTORS} more that change less: --json or --html tells all"
    if results.missed:
        yield from _section("Not found in time, by composition")
        yield from (_missed(each) for each in results.missed[:SHOWN_MISSED])
        if len(results.missed) > SHOWN_MISSED:
            yield f"  and {len(results.missed) - SHOWN_MISSED} more compositions: --json or --html tells all"


def _section(title: str) -> Iterator[str]:
    yield ""
    yield title


def _rates(rates: Iterable[Rate]) -> Iterator[str]:
    for each in rates:
        if not each.n:
            yield f"  {each.name:16} none in these samples ({each.words})"
            continue
        within = f" within {hours_words(each.hours)}" if each.hours else ""
        bar = f"  bar {each.bar:.2f} {verdict(each.met)}" if each.bar is not None else ""
        yield (
            f"  {each.name:16} {each.share:6.1%} of {each.n:<6} ({each.low:.1%} to {each.high:.1%}){bar}"
            f"  {each.words}{within}"
        )


def _false_flags(flags: FalseFlags) -> Iterator[str]:
    yield (
        f"  {flags.cases} new cases of {flags.devices:,} devices in {flags.device_days:,.0f} device-days "
        f"({flags.first_day} on a first day): {flags.per_1000:.3f} per 1,000 and day, 95 % interval "
        f"{flags.low:.3f} to {flags.high:.3f}  "
        f"bar {flags.bar} for its upper end {verdict(flags.met)}, goal {flags.goal}"
    )
    for trap in (*flags.traps, *([flags.own_kvm] if flags.own_kvm else [])):
        yield _trap(trap)


def _trap(trap: Trap) -> str:
    said = f"  {', '.join(trap.detectors[:4])}" if trap.detectors else ""
    return (
        f"    {trap.name:32} {trap.cases:4} cases on {trap.flagged:4} of {trap.devices:5} devices, "
        f"{trap.device_days:8,.0f} days, {trap.watch:4} at watch{said}"
    )


def _precision(one: Precision) -> str:
    return (
        f"  {one.mean:.3f} of the {one.k} highest are farms when {one.farms} of them hide among {one.fleet:,} "
        f"innocent devices ({one.draws} draws, middle 95 %: {one.low:.2f} to {one.high:.2f})  "
        f"bar {one.bar} {verdict(one.met)}"
    )


def _delay(each: Delay) -> str:
    median = "never" if each.median is None else hours_words(round(each.median, 2))
    late = "never" if each.p90 is None else hours_words(round(each.p90, 2))
    return f"  {each.kind:16} median {median:>9}, p90 {late:>9}, found {each.found} of {each.n}"


def _calibration(one: Calibration) -> Iterator[str]:
    yield (
        f"  expected {one.expected:.2f} farms per 10,000 devices, there are {one.observed:.2f}: {one.ratio:.2f}  "
        f"bar 0.5 to 2 {verdict(one.met)}"
    )
    yield f"  log loss {one.log_loss:.6f} bits a device; the base rate for everybody: {one.base_log_loss:.6f}"
    for each in one.bins:
        yield (
            f"    P {each.low:g} to {each.high:g}: stated {each.stated:.5f}, observed {each.observed:.5f}"
            f"  ({each.farms} farms, {each.others} others)"
        )


def _shapes(rows: Sequence[Without]) -> Iterator[str]:
    for each in rows:
        recall = ", ".join(
            f"{one.name} {one.share:.1%} of {one.n} ({one.low:.1%} to {one.high:.1%})"
            + (f" bar {one.bar:g} {verdict(one.met)}" if each.kind == "strings" and one.name == "kvm_spoofed" else "")
            for one in each.recall
        )
        yield f"  {each.words}: {each.lost} lost"
        if recall:
            yield f"      {recall}"


def _detector(each: Without) -> str:
    classes = ", ".join(f"{one.name} {one.share:.1%}" for one in each.recall)
    return (
        f"  {each.name:24} spoke on {each.spoke:6,} devices, farms lost {each.lost:4}, "
        f"false cases {each.cases} (with it {each.cases_with}){'  ' + classes if classes else ''}"
    )


def _missed(each: Missed) -> str:
    words = ", ".join(f"{name} {value}" for name, value in sorted(each.facets.items()) if value)
    return f"  {each.kind:16} {each.devices:4} devices, at most {each.best_points} points: {words}"
