"""From where a laptop is when to what its reports hold: sections while they stay the same, and public addresses."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from farmwatch_schema.observables.input_source import InputDay

from ..scenarios.hours import DAY, SLOT, offset_minutes
from ..scenarios.stream import METHODS
from ..simulation import Exit, SimulatedDevice, Stretch, Truth
from .dice import dice
from .ground import Address, Ground, Line
from .person import Person, Spot, Stay
from .settings import Settings
from .sites import Views
from .stock import Items, Stock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = date(1970, 1, 1)
_PROGRAMS = ("processes", "software", "services", "sockets", "sessions")


class Maker:
    """Makes devices of people."""

    def __init__(self, settings: Settings, stock: Stock, ground: Ground, views: Views) -> None:
        self._settings = settings
        self._stock = stock
        self._ground = ground
        self._views = views
        self._end = (settings.last_day - _FIRST).days * DAY + DAY - 1
        self._offset = lru_cache(maxsize=1024)(self._changed)
        self._client = lru_cache(maxsize=256)(ground.security_client)
        self._days = {
            number: _FIRST + timedelta(days=number)
            for number in range((settings.first_day - _FIRST).days - 1, (settings.last_day - _FIRST).days + 2)
        }
        self._names = {number: day.isoformat() for number, day in self._days.items()}

    def device(self, person: Person) -> SimulatedDevice:
        """Returns what becomes of a laptop; its stays are cut at the end of the last day."""
        stays = self._stays(person)
        track = Track(stays, self._days)
        stretches = list(self._usual(person, track))
        stretches += self._places(person, track)
        stretches += self._input(person, track)
        return SimulatedDevice(
            device=person.device,
            name=f"laptop-{person.device[:8]}",
            platform=person.platform,
            enrolled_at=track.first[0],
            roster={"person": f"p-{person.device[8:]}", "device": person.device, "serial": person.serial,
                    "place": person.city.place, "time_zone": person.city.zone, "cohort": person.cohort,
                    "start_on": person.start_on.isoformat(), **person.roster},
            stretches=tuple(stretches),
            exits=tuple(self._exits(person, track)),
            truth=Truth(farm=person.farm, care=person.care, evasions=person.evasions, dwelling=person.dwelling,
                        place=person.place, traps=tuple(sorted(person.traps))),
        )  # fmt: skip

    def _stays(self, person: Person) -> list[Stay]:
        found: list[Stay] = []
        last = 0
        for stay in person.stays:
            if stay.start >= self._end:
                break
            start, end = stay.start, stay.end
            if start <= last or end > self._end:
                start, end = max(start, last + 1), min(end, self._end)
                if end <= start:
                    continue
                stay = Stay(start, end, stay.spot)
            found.append(stay)
            last = end
        if not found:  # nobody switches it on before the last day ends: it reports once
            found.append(Stay(self._end - SLOT, self._end, person.stays[0].spot))
        return found

    def _usual(self, person: Person, track: "Track") -> Iterator[Stretch]:
        """Yields what stays the same all the time. Summer time changes the offset alone."""
        first, until, every = track.first[0], track.until[-1], track.days(0, len(track.stays))
        for kind in _PROGRAMS:
            items = person.facts.get(kind) or self._stock.usual(person.platform, kind)
            yield Stretch(kind=kind, items=items, first=first, until=until, days=every)
        zone, since, offset = person.city.zone, 0, 0
        for place, stay in enumerate(track.stays):
            now = offset_minutes(zone, self._days[stay.start // DAY])
            if place and now != offset:
                yield self._host(person, offset, track, since, place)
                since = place
            offset = now
        yield self._host(person, offset, track, since, len(track.stays))

    def _host(self, person: Person, offset: int, track: "Track", start: int, end: int) -> Stretch:
        items = self._stock.host(person.platform, person.model, person.serial, person.city.zone, offset)
        return track.stretch("host", items, start, end)

    def _places(self, person: Person, track: "Track") -> Iterator[Stretch]:
        """Yields what changes with the place, a stretch for each time that it stayed the same."""
        runs = track.runs()
        tellers: dict[str, Callable[[Person, Spot], Items]] = {
            "network": self._network,
            "wifi": self._wifi,
            "usb": self._usb,
            "displays": self._displays,
            "power": self._power,
        }
        for kind, tell in tellers.items():
            kept: dict[int, Items] = {}
            since = 0
            last: Items | None = None
            for start, spot in runs:
                items = kept.get(id(spot))
                if items is None:
                    items = kept[id(spot)] = tell(person, spot)
                if last is None:
                    last = items
                elif items is not last and items != last:
                    yield track.stretch(kind, last, since, start)
                    since, last = start, items
            yield track.stretch(kind, last or (), since, len(track.stays))

    def _network(self, person: Person, spot: Spot) -> Items:
        return self._views.network(spot.site, person.platform, spot.tunnel or ("company" if person.sase else ""))

    def _wifi(self, person: Person, spot: Spot) -> Items:
        return self._views.wifi(spot.site, person.platform, person.told, spot.point)

    def _usb(self, person: Person, spot: Spot) -> Items:
        return self._stock.camera(person.platform) + spot.usb

    def _displays(self, person: Person, spot: Spot) -> Items:
        return self._stock.panel(person.platform, person.model) + spot.displays

    def _power(self, _person: Person, spot: Spot) -> Items:
        return spot.power

    def _input(self, person: Person, track: "Track") -> Iterator[Stretch]:
        """Yields each UTC day's input, with the day's before it beside it, as the agent tells it."""
        looked: dict[int, _Looked] = {}
        for stay, first, until in zip(track.stays, track.first, track.until, strict=True):
            start, end = stay.start, stay.end
            for day in range(start // DAY, end // DAY + 1):
                begins, ends = day * DAY, day * DAY + DAY - 1
                here = looked.get(day)
                if here is None:
                    here = looked[day] = _Looked(first if start >= begins else _at(begins))
                here.seconds += min(end, ends) - max(start, begins) + 1
                here.spot = stay.spot
                here.until = until if end <= ends else _at(ends)
        own, method = self._stock.own_input(person.platform), METHODS[person.platform]
        before: tuple[InputDay, ...] = ()
        last = -1
        for day, here in looked.items():
            slots = person.slots.get(day, 0)
            count = slots.bit_count()
            assert here.spot is not None
            told = InputDay(
                day=self._names[day], method=method, active=-(-count * 11 // 15) * 15, slots=f"{slots:024x}",
                watched=min(1440, here.seconds // SLOT * 15), shares=here.spot.shares if count else (),
            )  # fmt: skip
            items = (*own, *here.spot.inputs, *(before if last == day - 1 else ()), told)
            yield Stretch(kind="input_source", items=items, first=here.first, until=here.until,
                          days=(self._days[day],))  # fmt: skip
            before, last = (told,), day

    def _exits(self, person: Person, track: "Track") -> Iterator[Exit]:
        """Yields each public address with all days on which reports came from it."""
        spells: dict[tuple[str, int, int], tuple[Line, list[int]]] = {}
        for place, stay in enumerate(track.stays):
            site = stay.spot.site
            line = self._client(site.city) if person.sase else stay.spot.line or site.line
            change = int(stay.start / DAY * line.changes + self._offset(line.name)) if line.changes else 0
            spells.setdefault((line.name, line.base, change), (line, []))[1].append(place)
        # Two lines may be behind one address of a carrier's translation.
        found: dict[str, tuple[Line, Address, list[int]]] = {}
        for (_, _, change), (line, some) in spells.items():
            address = self._ground.at(line, change)
            found.setdefault(address.text, (line, address, []))[2].extend(some)
        for line, address, places in found.values():
            places.sort()
            yield Exit(
                address=address.address, block=address.block, text=address.text, kind=line.kind, asn=line.asn,
                network=line.network, country=line.country, first=track.first[places[0]],
                until=track.until[places[-1]], days=track.days_of(places),
            )  # fmt: skip

    def _changed(self, name: str) -> float:
        """Returns when in its period a line's address changes."""
        return dice(self._settings.seed, "changes", name).random()


class _Looked:
    """Of a UTC day: from when to when it was awake, for how long in all, and where at last."""

    __slots__ = ("first", "seconds", "spot", "until")

    def __init__(self, first: datetime) -> None:
        self.first = self.until = first
        self.seconds = 0
        self.spot: Spot | None = None


class Track:
    """A laptop's stays with their times, and the UTC days that they touch.

    first, until  of each stay
    """

    def __init__(self, stays: list[Stay], days: Mapping[int, date]) -> None:
        self.stays = stays
        self.first = [_EPOCH + timedelta(seconds=stay.start) for stay in stays]
        self.until = [_EPOCH + timedelta(seconds=stay.end) for stay in stays]
        self._days: list[date] = []
        self._from: list[int] = []
        self._to: list[int] = []
        last = -1
        for stay in stays:
            start, end = stay.start // DAY, stay.end // DAY
            if start > last:
                self._days.append(days[start])
                last = start
            self._from.append(len(self._days) - 1)
            if end > last:
                self._days.append(days[end])
                last = end
            self._to.append(len(self._days))

    def runs(self) -> list[tuple[int, Spot]]:
        """Returns each spot with the number of the first stay from which on the laptop is there."""
        found: list[tuple[int, Spot]] = []
        for place, stay in enumerate(self.stays):
            if not found or found[-1][1] is not stay.spot:
                found.append((place, stay.spot))
        return found

    def days(self, start: int, end: int) -> tuple[date, ...]:
        """Returns the days of the stays from one number to another, the last left out."""
        return tuple(self._days[self._from[start] : self._to[end - 1]])

    def days_of(self, places: Sequence[int]) -> tuple[date, ...]:
        """Returns the days of some stays by their numbers."""
        if places[-1] - places[0] == len(places) - 1:
            return self.days(places[0], places[-1] + 1)
        return tuple(dict.fromkeys(day for each in places for day in self.days(each, each + 1)))

    def stretch(self, kind: str, items: Items, start: int, end: int) -> Stretch:
        """Returns a section that was the same from one stay to another, the last left out."""
        return Stretch(
            kind=kind, outcome="found" if items else "none", items=items, first=self.first[start],
            until=self.until[end - 1], days=self.days(start, end),
        )  # fmt: skip


def _at(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)
