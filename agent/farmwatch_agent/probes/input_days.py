"""Days of counted input, for `input_source` and `input_timing`: what was counted, rounded until nobody is in it."""

import time
from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.input_source import InputDay, InputShare
from farmwatch_schema.observables.input_timing import InputTiming

from ..host import Host, HostError
from ..host.input_counts import InputDayCounts, checked, merged
from .asking import outcome_of

STEP_MINUTES, STEP_PERCENT = 15, 5
#: Fewer gaps than this are told by nothing; from the others on by a word.
MIN_GAPS = 50
_WORDS = ((5000, "5000+"), (500, "500-4999"), (MIN_GAPS, "50-499"))
_DAY_SECONDS = 86_400


def rows(host: Host) -> list[InputDayCounts]:
    """Returns the sound counts of yesterday and today: what a file or a capture says beyond that is not believed."""
    days = {_day(host.now()), _day(host.now() - _DAY_SECONDS)}
    sound = (checked(row) for row in host.rows(InputDayCounts))
    return merged(row for row in sound if row is not None and row.day in days)


def days(host: Host) -> Iterator[Observable]:
    """Yields an InputDay for each day that was counted, else a Gap that says why there is none."""
    try:
        found = rows(host)
    except HostError as error:
        yield Gap(what=f"a day's activity: {error}"[:200], outcome=outcome_of(error))
        return
    yield from map(day_of, found)
    if any(row.method == "interrupts" for row in found):
        # Their seconds are in no sum, and a day without them must not look idle.
        what = "input over Bluetooth, of software, and of USB devices that do more than input: no counter tells it"
        yield Gap(what=what, outcome="not_supported")


def timings(host: Host) -> Iterator[Observable]:
    """Yields an InputTiming for each source whose gaps were counted, or that had a rhythm; raises HostError."""
    for row in rows(host):
        yield from timings_of(row)


def day_of(row: InputDayCounts) -> InputDay:
    """Returns a day as it is told: minutes in quarters of an hour, shares in steps of five per cent."""
    shares: dict[tuple[str, str, bool | None], int] = {}
    # Idle time alone tells that there was input and nothing of its kind.
    told = [count for count in row.sources if count.source.bus != "other" or count.source.function]
    for count in told:
        key = (count.source.bus, count.source.function, count.source.absolute)
        shares[key] = shares.get(key, 0) + count.seconds
    return InputDay(
        day=row.day,
        method=row.method,
        active=-(-row.active // (STEP_MINUTES * 60)) * STEP_MINUTES,
        slots=row.slots,
        watched=row.watched // (STEP_MINUTES * 60) * STEP_MINUTES,
        shares=tuple(
            InputShare(bus=bus, function=function, percent=percent(seconds, row.active), absolute=absolute)
            for (bus, function, absolute), seconds in sorted(shares.items(), key=lambda item: str(item[0]))
            if seconds
        ),
    )


def timings_of(row: InputDayCounts) -> Iterator[InputTiming]:
    """Yields what of a day's rhythm is told: of fewer than `MIN_GAPS` gaps nothing but an even rhythm of bursts."""
    for count in row.sources:
        total = sum(count.gaps)
        word = next((word for least, word in _WORDS if total >= least), "")
        if not word and count.period_seconds is None:
            continue
        source = count.source
        yield InputTiming(
            day=row.day,
            bus=source.bus,
            function=source.function,
            vendor_id=source.vendor_id,
            product_id=source.product_id,
            absolute=source.absolute,
            gaps=tuple(percent(gap, total) for gap in count.gaps) if word else (),
            events=word,
            period_seconds=count.period_seconds,
        )


def percent(part: int, whole: int) -> int:
    """Returns a share in steps of five per cent, 100 at most."""
    if whole <= 0:
        return 0
    return min(100, (2 * 100 * part // whole + STEP_PERCENT) // (2 * STEP_PERCENT) * STEP_PERCENT)


def _day(now: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(now))
