"""The rhythm of input where a laptop's settings turn `input_timing` on: mice, web pages of IP-KVMs, jigglers.

Gaps are drawn event by event and counted into the buckets of the observable; none is written down as a share.

Mouse rates: 125 Hz is the pace of a full-speed HID device with an interval of 8 ms, 1000 and 8000 Hz are sold as such;
Bluetooth LE connects every 7.5 to 15 ms for mice and saves power beyond (Bluetooth Core, 7.5 ms is the least interval).
PiKVM's page sends moves every 10 ms by a timer (pikvm/kvmd web client); TinyPilot's waits for half a round trip
(tiny-pilot/tinypilot web client). JetKVM's and NanoKVM's send what the browser gives, once in a frame: assumed.
Jiggling: JetKVM every 20 s, NanoKVM every 15 s, PiKVM every 60 s give or take a quarter (jetkvm/kvm, sipeed/NanoKVM,
pikvm/kvmd, as the project's list of cadences has them). Spread of a network's delay and shares of mice are assumed.
"""

import random
from bisect import bisect_right
from collections.abc import Callable

import msgspec

from farmwatch_schema.observables.input_timing import GAP_EDGES_MS, InputTiming

from . import hours
from .device import Change, Device, Facts

#: Told on these only (agent's probe).
PLATFORMS = ("linux", "windows")
EVENTS = 400
#: Kinds of mouse and how many of 100 people have one: bus, ids, least and usual gap in milliseconds, its spread.
MICE = (
    (40, "usb", "046d:c52b", 8.0, 0.2),
    (25, "usb", "1b1c:1bb3", 1.0, 0.05),
    (3, "usb", "1b1c:1bb3", 0.125, 0.01),
    (22, "bluetooth", "046d:b034", 11.25, 2.0),
    (10, "builtin", "", 8.0, 0.8),
)
#: Seconds between two bursts of a KVM's own jiggling, and its spread as a share.
JIGGLES = {"jetkvm": (20, 0.0), "nanokvm": (15, 0.0), "pikvm": (60, 0.25)}
FRAME = 1000 / 60

Draw = Callable[[random.Random], float]


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """What one pointer's gaps are drawn from; period as in the observable."""

    bus: str
    ids: str
    draw: Draw
    absolute: bool | None = None
    period: int | None = None


def ordinary(device: Device) -> None:
    """Turns rhythm on for a laptop that somebody uses by hand."""
    chance = device.chance
    _, bus, ids, gap, spread = chance.choices(MICE, [mouse[0] for mouse in MICE])[0]
    _play(device, Rhythm(bus=bus, ids=ids, draw=_mouse(gap, spread)), device.enrolled)


def driven(device: Device, kvm: str, absolute: bool, ids: str) -> None:
    """Turns rhythm on for a laptop that is driven through a KVM's page from its onset on."""
    chance = device.chance
    jiggles = kvm in JIGGLES and chance.random() < 0.5
    seconds, spread = JIGGLES.get(kvm, (0, 0.0))
    device.facets["jiggle"] = "on" if jiggles else "off"
    even = seconds if jiggles and not spread else None  # one that varies by more than 5 % is told as none
    jitter = chance.uniform(0.5, 6)
    device.facets["jitter_ms"] = str(round(jitter))
    _play(device, Rhythm(bus="usb", ids=ids, draw=_page(kvm, jitter, chance), absolute=absolute, period=even),
          device.since)  # fmt: skip


def _mouse(gap: float, spread: float) -> Draw:
    """Most gaps are the device's own; now and then one is left out, or the hand rests."""

    def draw(chance: random.Random) -> float:
        kind = chance.random()
        own = max(gap / 2, chance.gauss(gap, spread))
        return own if kind < 0.75 else 2 * own if kind < 0.88 else gap + chance.expovariate(1 / 150)

    return draw


def _page(kvm: str, jitter: float, own: random.Random) -> Draw:
    """What a page sends at a pace of its own comes with the network's spread; what comes late comes in a bunch."""
    half_trip = own.uniform(60, 130)  # of an operator on another continent

    def pace(chance: random.Random) -> float:
        if kvm == "pikvm":
            return 10.0 * chance.choice((1, 2, 2))  # its timer, and a browser that tells of a move once in a frame
        return half_trip if kvm == "tinypilot" else FRAME

    def draw(chance: random.Random) -> float:
        rests = chance.random() < 0.12
        return abs(pace(chance) + chance.gauss(0, jitter)) + (chance.expovariate(1 / 300) if rests else 0)

    return draw


def _play(device: Device, rhythm: Rhythm, since: int) -> None:
    """Tells each day's rhythm at the end of each spell of input: that of today and of yesterday, as the agent does."""
    if device.platform not in PLATFORMS:
        return
    device.timing = True
    device.facets["timing"] = "on"
    for spell in device.use.spells():
        if spell.end > since:
            row = _row(device, rhythm, spell.end // hours.DAY)
            device.later(spell.end, _told(row), wakes=False)


def _row(device: Device, rhythm: Rhythm, day: int) -> InputTiming:
    dice = random.Random(f"rhythm {device.id} {day}")  # noqa: S311 - a fleet that can be made again
    counts = [0] * (len(GAP_EDGES_MS) + 1)
    for _ in range(EVENTS):
        gap = rhythm.draw(dice)
        if device.platform == "windows":
            gap = max(gap, 1.0)  # nothing below a millisecond is told apart
        counts[bisect_right(GAP_EDGES_MS, gap)] += 1
    vendor, _, product = rhythm.ids.partition(":")
    return InputTiming(
        day=hours.day_name(day), bus=rhythm.bus, function="pointer", vendor_id=vendor, product_id=product,
        absolute=rhythm.absolute, gaps=tuple(round(count / EVENTS * 20) * 5 for count in counts), events="5000+",
        period_seconds=rhythm.period,
    )  # fmt: skip


def _told(row: InputTiming) -> Change:
    def change(facts: Facts) -> None:
        kept = [each for each in facts.items.get("input_timing", ()) if isinstance(each, InputTiming)]
        days = sorted({each.day for each in kept} | {row.day})[-2:]
        facts.put("input_timing", *(each for each in kept if each.day != row.day and each.day in days), row)

    return change
