"""Where laptops and their people are: moves, the lines that reports come from, and sign-ins to the company's services.

A laptop's round-trip times follow from where it stands (`Facts.here`), its origins from the line that it hangs on and
from whatever hides that line, and its person's sign-ins from where the person is. The roster's claim is none of these.
"""

import csv
import io
import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence

import msgspec

from ..cities import HOMES, City, km
from ..lines import Line, home, mobile
from ..ways_out import Way
from . import hours
from .device import Change, Device, Facts

ORIGIN_COLUMNS = ("device", "at", "address", "kind", "asn", "network", "country")
SIGN_IN_COLUMNS = ("person", "at", "address", "kind", "asn", "network", "country")
#: Cities where carriers and satellite operators let traffic out; assumed, after Starlink's points of presence.
GATEWAYS = tuple(
    city
    for name in ("Seattle", "Los Angeles", "Denver", "Dallas", "Chicago", "Atlanta", "New York City", "Miami")
    for city in HOMES
    if city.place.startswith(f"{name},")
)
#: Share of working days on which somebody signs in from the telephone, out of the house.
_TELEPHONE = 0.3


class Elsewhere(msgspec.Struct, frozen=True):
    """Sign-ins that come through a line of their own: from when until when, the line, and the share of days."""

    start: int
    end: int
    line: Line
    share: float


def settle(device: Device, city: City) -> None:
    """Lets a laptop's person live in a city, and the records say so; the line is a home's."""
    device.home = device.facts.here = city
    device.claim = city.place
    device.claimed = city
    device.lines = [(device.enrolled, home(city.country, dice(device, "line")))]


def dice(device: Device, what: str) -> random.Random:
    """Returns dice for one thing of a device, so that one more thing moves no other."""
    return random.Random(f"{what} {device.id}")  # noqa: S311 - a fleet that can be made again


def be_at(device: Device, city: City, at: int, until: int = 0, line: Line | None = None) -> None:
    """Lets a laptop stand elsewhere from a time on, on another line; `until` a time, or for good."""
    there = line or home(city.country, dice(device, f"line {at}"))
    device.later(at, stands(city), wakes=False)
    device.lines.append((at, there))
    if until:
        device.later(until, stands(device.home), wakes=False)
        device.lines.append((until, None))
    device.lines.sort(key=lambda row: row[0])


def carriers_exit(device: Device) -> City:
    """Returns where a carrier or satellite lets traffic out: the nearest of a few cities, one time in four another."""
    near = sorted(GATEWAYS, key=lambda city: km(city, device.home))
    return near[0] if device.chance.random() < 0.75 else device.chance.choice(near[1:3])


def stands(city: City) -> Change:
    """Returns the move to a city, as far as times to landmarks tell it."""

    def change(facts: Facts) -> None:
        facts.here = city

    return change


def comes_out(city: City) -> Change:
    """Returns the change to a way that comes out in a city, whatever else it is."""

    def change(facts: Facts) -> None:
        facts.way = msgspec.structs.replace(facts.way, out=city)

    return change


def straight(facts: Facts) -> None:
    """A way that comes out where the laptop is."""
    facts.way = Way()


def hide(device: Device, line: Line, at: int, until: int = 0) -> None:
    """Lets reports come from a tunnel's end instead of the line."""
    device.hidden.append((at, until or device.enrolled + 10_000 * hours.DAY, line))


def line_of(device: Device, at: int) -> Line:
    """Returns what a report of a time comes from."""
    for start, end, line in reversed(device.hidden):
        if start <= at < end:
            return line
    hung = device.lines[max(0, bisect_right([each for each, _ in device.lines], at) - 1)][1]
    return hung or own_line(device)


def own_line(device: Device) -> Line:
    """Returns the line at home."""
    line = device.lines[0][1]
    assert line is not None
    return line


def hang_on(device: Device, line: Line) -> None:
    """Gives the home another line."""
    device.lines[0] = (device.enrolled, line)


def origins(devices: Sequence[Device]) -> str:
    """Returns `origins.csv`: from when on a device's reports come from which address."""
    rows = []
    for device in devices:
        before = None
        for at in sorted({device.enrolled, *_changes(device)}):
            line = line_of(device, at)
            if line != before:
                rows.append((at, device.id, line))
            before = line
    return _text(ORIGIN_COLUMNS, sorted(rows, key=lambda row: row[:2]))


def _changes(device: Device) -> Iterator[int]:
    times = [at for at, _ in device.lines] + [at for start, end, _ in device.hidden for at in (start, end)]
    return (at for at in times if at > device.enrolled)


def sign_ins(devices: Sequence[Device]) -> str:
    """Returns `sign_ins.csv`. On each day with input the person signs in through the laptop, on some from the
    telephone; a driven laptop's person has none of that telephone."""
    rows: list[tuple[int, str, Line]] = []
    for device in devices:
        chance = dice(device, "sign-ins")
        card = mobile(device.home.country, chance)
        days: dict[int, int] = {}
        for spell in device.use.spells():
            days.setdefault(spell.start // hours.DAY, spell.start)
        for at in days.values():
            rows.append((at, device.person, line_of(device, at)))
            if not device.farm and not device.elsewhere and chance.random() < _TELEPHONE:
                rows.append((at + 3600 + chance.randrange(0, 7200), device.person, card))
        for each in device.elsewhere:
            last = min(each.end, device.enrolled + device.use.days * hours.DAY) // hours.DAY
            for day in range(each.start // hours.DAY, last + 1):
                at = day * hours.DAY + 12 * 3600 + chance.randrange(0, 6 * 3600)
                if each.start <= at < each.end and chance.random() < each.share:
                    rows.append((at, device.person, each.line))
    return _text(SIGN_IN_COLUMNS, sorted(rows, key=lambda row: (row[0], row[1], row[2].address)))


def _text(columns: Sequence[str], rows: Sequence[tuple[int, str, Line]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for at, who, line in rows:
        writer.writerow((who, hours.stamp(at), line.address, line.kind, line.asn, line.network, line.country))
    return text.getvalue()
