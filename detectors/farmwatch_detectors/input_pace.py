"""How fast the events of one input device follow each other, in the buckets in which agents count gaps."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from farmwatch_schema.observables.input_timing import GAP_EDGES_MS, InputTiming

from .view import DeviceView

#: Buckets of gaps: up to 9 ms, up to 2 ms, 9 to 120 ms and 18 to 120 ms.
FAST, BUNCHED, WEB, SLOW = slice(0, 4), slice(0, 2), slice(4, 9), slice(6, 9)
#: Too few gaps say nothing about a pace.
_ENOUGH = ("500-4999", "5000+")
#: Bluetooth and built-in devices are as slow as a network.
_BUSES = ("usb", "virtual", "other")
_WEEKS = timedelta(days=28)
_RHYTHMS = timedelta(days=14)
#: Seconds between bursts. Beyond these a period is a person's or a screen saver's; below, a sensor's noise.
PERIODS = range(5, 601)
#: Seconds between bursts of published firmware, the slack on either side, and whose they are.
_PUBLISHED = (
    (20, 1, "JetKVM", "jetkvm/kvm:internal/usbgadget and jiggler@bde0a086"),
    (15, 1, "NanoKVM", "sipeed/NanoKVM@71ab9127"),
    (60, 15, "PiKVM", "pikvm/kvmd:kvmd/plugins/hid/__init__.py@f14596e8"),
)


def part(row: InputTiming, bucket: slice) -> int:
    """Returns how much of a day's gaps lies in a bucket, per cent."""
    return sum(row.gaps[bucket])


def paced_devices(device: DeviceView) -> Iterator[tuple[InputTiming, list[InputTiming]]]:
    """Yields each input device of the last four weeks: one row that names it, and a row for each day, oldest first."""
    days: dict[tuple[str, str, str, str], dict[str, InputTiming]] = {}
    for row in _told(device):
        days.setdefault((row.function, row.bus, row.vendor_id, row.product_id), {})[row.day] = row
    for _, told in sorted(days.items()):
        rows = [told[day] for day in sorted(told)]
        yield rows[0], rows


def _told(device: DeviceView) -> Iterator[InputTiming]:
    """Yields rows with enough gaps; of a day that was told more than once the latest is last."""
    first = (device.now - _WEEKS).date().isoformat()
    spans = sorted(device.spans("input_timing"), key=lambda span: span.seen_from)
    for row in (*(span.item for span in spans), *device.of("input_timing", InputTiming)):
        if not isinstance(row, InputTiming) or not first <= row.day <= device.now.date().isoformat():
            continue
        if row.bus in _BUSES and row.events in _ENOUGH and len(row.gaps) == len(GAP_EDGES_MS) + 1:
            yield row


def middle(rows: Sequence[InputTiming]) -> tuple[float, float]:
    """Returns the bucket, in ms, in which half of all gaps of these days lie at or below."""
    sums = [sum(column) for column in zip(*(row.gaps for row in rows), strict=True)]
    reached, place = sums[0], 0
    while reached * 2 < sum(sums):
        place += 1
        reached += sums[place]
    edges = (0.0, *GAP_EDGES_MS, 60_000.0)
    return edges[place], edges[place + 1]


def even_rhythms(device: DeviceView) -> list[InputTiming]:
    """Returns the days of the last two weeks on which input came at a period as even as a clock's."""
    told = [span.item for span in device.spans("input_timing", device.now - _RHYTHMS)]
    rows = {row for row in (*told, *device.of("input_timing", InputTiming)) if isinstance(row, InputTiming)}
    return [row for row in rows if row.period_seconds in PERIODS]


def published_rhythm(period: int) -> tuple[str, str]:
    """Returns whose firmware moves the pointer so by itself, and where that is known from; "" twice for nobody's."""
    return next(((name, source) for at, slack, name, source in _PUBLISHED if abs(period - at) <= slack), ("", ""))


def latest_pointers(device: DeviceView, *buses: str) -> Iterator[tuple[str, InputTiming]]:
    """Yields the latest day of each pointer on these buses, with its place in words: "usb 046d:c077"."""
    seen: set[str] = set()
    for row in sorted(device.of("input_timing", InputTiming), key=lambda each: each.day, reverse=True):
        place = f"{row.bus} {row.vendor_id}:{row.product_id}"
        if row.bus in buses and row.function == "pointer" and place not in seen:
            seen.add(place)
            yield place, row
