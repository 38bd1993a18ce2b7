"""From where a laptop is when to what its reports hold: sections while they stay the same, and public addresses."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from farmwatch_schema.observables.input_source import InputDay

from ..scenarios.hours import DAY, SLOT, offset_minutes
from ..scenarios.stream import METHODS
from ..simulation import Exit, SimulatedDevice, Stretch, Truth
from .dice import dice
from .ground import Ground, Line
from .person import Person, Spot, Stay
from .settings import Settings
from .sites import Views
from .stock import Items, Stock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = date(1970, 1, 1)


class Maker:
    """Makes devices of people."""

    def __init__(self, settings: Settings, stock: Stock, ground: Ground, views: Views) -> None:
        self._settings = settings
        self._stock = stock
        self._ground = ground
        self._views = views
        self._end = (settings.last_day - _FIRST).days * DAY + DAY - 1
        self._client = lru_cache(maxsize=256)(ground.security_client)
        self._days = {
            number: _FIRST + timedelta(days=number)
            for number in range((settings.first_day - _FIRST).days - 1, (settings.last_day - _FIRST).days + 2)
        }
        self._names = {number: day.isoformat() for number, day in self._days.items()}

    def device(self, person: Person) -> SimulatedDevice:
        """Returns what becomes of a laptop; its stays are cut at the end of the last day."""
        stays = self._stays(person)
        enrolled = stays[0].start
        stretches = list(self._usual(person, stays))
        stretches += self._places(person, stays)
        stretches += self._input(person, stays)
        return SimulatedDevice(
            device=person.device,
            name=f"laptop-{person.device[:8]}",
            platform=person.platform,
            enrolled_at=_at(enrolled),
            roster={"person": f"p-{person.device[8:]}", "device": person.device, "serial": person.serial,
                    "place": person.city.place, "time_zone": person.city.zone, "cohort": person.cohort,
                    "start_on": person.start_on.isoformat(), **person.roster},
            stretches=tuple(stretches),
            exits=tuple(self._exits(person, stays)),
            truth=Truth(farm=person.farm, care=person.care, evasions=person.evasions, dwelling=person.dwelling,
                        place=person.place, traps=tuple(sorted(person.traps))),
        )  # fmt: skip

    def _stays(self, person: Person) -> list[Stay]:
        found: list[Stay] = []
        for stay in person.stays:
            if stay.start >= self._end:
                break
            start = max(stay.start, found[-1].end + 1) if found else stay.start
            end = min(stay.end, self._end)
            if end > start:
                found.append(stay if (start, end) == (stay.start, stay.end) else Stay(start, end, stay.spot))
        if not found:  # nobody switches it on before the last day ends: it reports once
            stay = person.stays[0]
            found.append(Stay(self._end - SLOT, self._end, stay.spot))
        return found

    def _usual(self, person: Person, stays: list[Stay]) -> Iterator[Stretch]:
        """Yields what stays the same all the time. Summer time changes the offset alone."""
        first, until = _at(stays[0].start), _at(stays[-1].end)
        every = self._days_of(stays)
        usual = {kind: self._stock.usual(person.platform, kind) for kind in ("processes", "software", "services",
                                                                             "sockets")}  # fmt: skip
        for kind, items in (usual | person.facts).items():
            yield Stretch(kind=kind, items=items, first=first, until=until, days=every)
        zone = person.city.zone
        parts: dict[int, list[Stay]] = {}
        for stay in stays:
            parts.setdefault(offset_minutes(zone, self._days[stay.start // DAY]), []).append(stay)
        for offset, some in parts.items():
            items = self._stock.host(person.platform, person.model, person.serial, zone, offset)
            yield Stretch(kind="host", items=items, first=_at(some[0].start), until=_at(some[-1].end),
                          days=self._days_of(some))  # fmt: skip

    def _places(self, person: Person, stays: list[Stay]) -> Iterator[Stretch]:
        """Yields what changes with the place, a stretch for each time that it stayed the same."""
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
            for place, stay in enumerate(stays):
                name = id(stay.spot)
                if name not in kept:
                    kept[name] = tell(person, stay.spot)
                items = kept[name]
                if last is not None and items is not last and items != last:
                    yield self._stretch(kind, last, stays[since:place])
                    since = place
                last = items if last is None or items != last else last
            if last is not None:
                yield self._stretch(kind, last, stays[since:])

    def _stretch(self, kind: str, items: Items, stays: list[Stay]) -> Stretch:
        return Stretch(
            kind=kind, outcome="found" if items else "none", items=items, first=_at(stays[0].start),
            until=_at(stays[-1].end), days=self._days_of(stays),
        )  # fmt: skip

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

    def _input(self, person: Person, stays: list[Stay]) -> Iterator[Stretch]:
        """Yields each UTC day's input, with the day's before it beside it, as the agent tells it."""
        watched: dict[int, int] = {}
        spots: dict[int, Stay] = {}
        bounds: dict[int, tuple[int, int]] = {}
        for stay in stays:
            for day in range(stay.start // DAY, stay.end // DAY + 1):
                start, end = max(stay.start, day * DAY), min(stay.end, day * DAY + DAY - 1)
                watched[day] = watched.get(day, 0) + end - start + 1
                spots[day] = stay
                bounds[day] = (bounds[day][0] if day in bounds else start, end)
        own = self._stock.own_input(person.platform)
        before: tuple[InputDay, ...] = ()
        for day, seconds in watched.items():
            slots = person.slots.get(day, 0)
            spot = spots[day].spot
            count = slots.bit_count()
            told = InputDay(
                day=self._names[day], method=METHODS[person.platform], active=-(-count * 11 // 15) * 15,
                slots=f"{slots:024x}", watched=min(1440, seconds // SLOT * 15), shares=spot.shares if count else (),
            )  # fmt: skip
            yesterday = before if before and before[0].day == self._names.get(day - 1) else ()
            start, end = bounds[day]
            yield Stretch(kind="input_source", items=own + spot.inputs + yesterday + (told,), first=_at(start),
                          until=_at(end), days=(self._days[day],))  # fmt: skip
            before = (told,)

    def _exits(self, person: Person, stays: list[Stay]) -> Iterator[Exit]:
        """Yields each public address with all days on which reports came from it."""
        spells: dict[tuple[str, int, int], tuple[Line, list[Stay]]] = {}
        for stay in stays:
            site = stay.spot.site
            line = self._client(site.city) if person.sase else stay.spot.line or site.line
            spells.setdefault((line.name, line.base, self._change(line, stay)), (line, []))[1].append(stay)
        for (_, _, change), (line, some) in spells.items():
            address = self._ground.at(line, change)
            yield Exit(
                address=address.address, block=address.block, text=address.text, kind=line.kind, asn=line.asn,
                network=line.network, country=line.country, first=_at(some[0].start), until=_at(some[-1].end),
                days=self._days_of(some),
            )  # fmt: skip

    def _change(self, line: Line, stay: Stay) -> int:
        """Returns how often a line's address has changed by then."""
        if not line.changes:
            return 0
        offset = dice(self._settings.seed, "changes", line.name).random()
        return int(stay.start / DAY * line.changes + offset)

    def _days_of(self, stays: list[Stay]) -> tuple[date, ...]:
        numbers: list[int] = []
        for stay in stays:
            first, last = stay.start // DAY, stay.end // DAY
            if not numbers or numbers[-1] < first:
                numbers.append(first)
            if numbers[-1] < last:
                numbers.append(last)
        return tuple([self._days[number] for number in numbers])


def _at(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)
