"""States that a pointer moves, or keys come, at the pace of a network and not of a hand's device.

Detects
    Gaps between events of one USB or software pointer on three days or more: next to none shorter than 9 ms, most
    of 9 to 18 ms (level 1), or most of 18 to 120 ms (level 2). Level 1 too: a keyboard on USB of whose gaps a third
    and more are shorter than 2 ms, as when keys arrive in bunches after a loss.
Why
    A mouse on USB reports every 8 ms or faster while it moves. A web page's KVM sends a move every 10 ms at best
    (PiKVM, 10 to 100 by setting), or once in half a round trip to its operator (TinyPilot). A constant delay does not
    show in gaps at all; pace, jitter and loss do.
Innocent explanations
    A mouse of low rate or in power saving; a pen tablet; a remote desktop; a laptop under load, which blurs
    gaps; macro keys and bar-code scanners. Bluetooth and built-in devices are as slow, and are left out.
Blind spots
    Opt-in, and told on Linux and Windows only. A KVM's own program that evens moves out. Relative moves that a
    firmware sends at its own pace.
Triage
    Read the range as what it is: a pace. Compare with the laptop's own round trip to the company.
References
    pikvm/kvmd web client and tiny-pilot web client (10 ms; half a round trip); Kuzminykh et al., arXiv 2012.03577
    (what a network does to the times of keys); USB 2.0, 9.6.6 (polling intervals).
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.input_timing import GAP_EDGES_MS, InputTiming

from .detector import Detector
from .input_days import virtual_machine
from .view import DeviceView

FEW_DAYS, WEEKS = 3, 28
#: Per cent of a day's gaps.
HARDLY, MOST, THIRD = 10, 60, 30
#: Too few gaps say nothing about a pace.
_ENOUGH = ("500-4999", "5000+")
_BUSES = ("usb", "virtual", "other")
_FAST, _BUNCHED, _WEB, _SLOW = slice(0, 4), slice(0, 2), slice(4, 9), slice(6, 9)


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields one finding per device that gave input at a network's pace on `FEW_DAYS` days or more."""
    if virtual_machine(device):
        return
    days: dict[tuple[str, str, str, str], dict[str, InputTiming]] = {}
    for row in _told(device):
        days.setdefault((row.function, row.bus, row.vendor_id, row.product_id), {})[row.day] = row
    for (function, bus, vendor, product), told in sorted(days.items()):
        rows = [told[day] for day in sorted(told)]
        if function == "keyboard":
            bunched = [row for row in rows if sum(row.gaps[_BUNCHED]) >= THIRD and bus == "usb"]
            if len(bunched) >= FEW_DAYS:
                yield _finding(1, "Keys", f"{bus} {vendor}:{product}", bunched, "in bunches, under 2 ms apart")
            continue
        paced = [row for row in rows if sum(row.gaps[_FAST]) <= HARDLY and sum(row.gaps[_WEB]) >= MOST]
        slow = [row for row in paced if sum(row.gaps[_SLOW]) >= MOST]
        if len(paced) >= FEW_DAYS:
            level, shown = (2, slow) if len(slow) >= FEW_DAYS else (1, paced)
            least, most = _middle(shown)
            yield _finding(level, "Moves", f"{bus} {vendor}:{product}", shown, f"{least:g} to {most:g} ms apart")


def _told(device: DeviceView) -> Iterator[InputTiming]:
    """Yields rows of the last four weeks with enough gaps; of a day that was told more than once the latest is last."""
    first = (device.now - timedelta(days=WEEKS)).date().isoformat()
    spans = sorted(device.spans("input_timing"), key=lambda span: span.seen_from)
    for row in (*(span.item for span in spans), *device.of("input_timing", InputTiming)):
        if not isinstance(row, InputTiming) or not first <= row.day <= device.now.date().isoformat():
            continue
        if row.bus in _BUSES and row.events in _ENOUGH and len(row.gaps) == len(GAP_EDGES_MS) + 1:
            yield row


def _middle(rows: Sequence[InputTiming]) -> tuple[float, float]:
    """Returns the bucket in which half of all gaps of these days lie at or below."""
    sums = [sum(column) for column in zip(*(row.gaps for row in rows), strict=True)]
    reached, place = sums[0], 0
    while reached * 2 < sum(sums):
        place += 1
        reached += sums[place]
    edges = (0.0, *GAP_EDGES_MS, 60_000.0)
    return edges[place], edges[place + 1]


def _finding(level: int, what: str, subject: str, rows: Sequence[InputTiming], pace: str) -> Finding:
    usual = "Mice on USB report every 8 ms or faster" if what == "Moves" else "Fingers are slower"
    innocent = "a slow mouse or pen tablet" if what == "Moves" else "macro keys or a scanner"
    return Finding(
        detector=DETECTOR.id,
        group=DETECTOR.group,
        level=level,
        sentence=(
            f"{what} of {subject} came {pace} on {len(rows)} days. {usual}, a KVM's page or network does not. "
            f"Could it be {innocent}? Check: is it so with another device?"
        ),
        evidence=tuple(
            Evidence(
                kind="input_timing",
                subject=f"{subject} on {row.day}",
                fact=f"{sum(row.gaps[_FAST])} % of gaps up to 9 ms, {sum(row.gaps[_SLOW])} % of 18 to 120 ms.",
                source="pikvm/kvmd and tiny-pilot/tinypilot, web clients",
            )
            for row in rows[-5:]
        ),
        subject=f"{what.casefold()} {subject}",
        seen_from=f"{rows[0].day}T00:00:00+00:00",
    )


DETECTOR = Detector(
    id="input_cadence",
    group="I",
    title="Input at the pace of a network",
    attack=("T1219.003",),
    consumes=("input_timing", "host"),
    detect=detect,
)
