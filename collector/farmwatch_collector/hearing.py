"""How a device reports, in a few bytes that each report renews. Pure: store and `farmwatch score` keep the same.

The reports' own content is in history.py; here is what they say by when they were made, and in which boot.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from farmwatch_detectors.reporting import HEARD, STUCK
from farmwatch_detectors.view import ReportEvent, Reporting

HOURS = HEARD.days * 24
_MASK = (1 << HOURS) - 1
_BYTES = HOURS // 8

#: Least seconds between two reports for an uptime that did not move to mean anything: it is told in whole seconds.
APART = 60
#: How many earlier boots are remembered.
BOOTS = 4
#: The same boot began at the same time, give or take the setting of a clock.
SAME_START = 300

#: What is kept of a boot's name, and of an uptime: more than an agent gives.
LONGEST_BOOT, LONGEST_UPTIME = 32, 1 << 40

TWO_BOOTS = "two_boots"


class Hearing(msgspec.Struct, array_like=True):
    """What is kept of one device; times are seconds since 1970.

    hour      newest hour in which a report was made, counted in hours; `heard` has a bit for it and each one before
    made, received, boot, uptime  of the latest report
    stuck     reports in a row whose uptime did not move on
    boots     earlier boots and when each began, latest last
    """

    hour: int = 0
    heard: bytes = b""
    made: int = 0
    received: int = 0
    boot: str = ""
    uptime: int = 0
    stuck: int = 0
    boots: list[tuple[str, int]] = []

    def take(self, made: int, received: int, boot: str, uptime: int) -> str:
        """Takes in a report, in the order of their numbers; returns what is news for a detector, "" when nothing is.

        made  by the laptop's clock; where that cannot be right, the hour in which it was received is counted
        """
        news = ""
        boot, uptime = boot[:LONGEST_BOOT], min(max(uptime, 0), LONGEST_UPTIME)  # whatever a device may say
        believed = made if received - HOURS * 3600 < made <= received else received
        if believed // 3600 != self.hour:
            self._hear(believed // 3600)
        if boot != self.boot or not boot:
            news = self._turn(made - uptime, boot)
        elif uptime and uptime <= self.uptime:
            # A frozen clock is no way out: one of the two clocks must have moved on.
            if max(made - self.made, received - self.received) >= APART:
                self.stuck += 1
                news = "stuck" if self.stuck in STUCK else ""
        elif self.stuck:
            news = "stuck" if self.stuck >= STUCK[0] else ""
            self.stuck = 0
        self.made, self.received, self.boot, self.uptime = made, received, boot, uptime
        return news

    def _hear(self, hour: int) -> None:
        bits, ahead = int.from_bytes(self.heard, "little"), hour - self.hour
        if ahead > 0:
            bits = (bits << ahead | 1) & _MASK if ahead < HOURS else 1
            self.hour = hour
        elif -ahead < HOURS:
            bits |= 1 << -ahead
        self.heard = bits.to_bytes(_BYTES, "little")

    def _turn(self, began: int, boot: str) -> str:
        """Takes note of another boot. One that comes back and began when it did then runs beside the one between."""
        known = dict(self.boots)
        back = bool(boot) and boot in known and abs(known[boot] - began) <= SAME_START
        if self.boot:
            known.pop(boot, None)
            known[self.boot] = self.made - self.uptime
            self.boots = list(known.items())[-BOOTS:]
        self.stuck = 0
        return TWO_BOOTS if back else ""

    def hours(self, now: datetime) -> tuple[int, ...]:
        """Returns the hours in which reports were made, of those that are kept, sorted."""
        bits, least = int.from_bytes(self.heard, "little"), int(now.timestamp()) // 3600 - HOURS
        return tuple(
            self.hour - back
            for back in range(bits.bit_length() - 1, -1, -1)
            if bits >> back & 1 and self.hour - back > least
        )


def reporting_of(
    hearing: Hearing, now: datetime, last_at: datetime, events: Iterable[ReportEvent], clock_offset: int = 0
) -> Reporting:
    """Returns what detectors see of it.

    last_at  when the latest report was received; events in any order
    """
    return Reporting(
        last_at=last_at,
        heard=hearing.hours(now),
        events=tuple(sorted(events, key=lambda each: (-each.last_at.timestamp(), each.kind))),
        clock_offset_seconds=clock_offset,
        boot=hearing.boot,
        uptime_seconds=hearing.uptime or None,
        uptime_stuck=hearing.stuck,
    )


def with_event(events: Iterable[ReportEvent], kind: str, detail: str, at: datetime) -> list[ReportEvent]:
    """Returns events with one more, counted per kind and day of UTC as the store counts them."""
    kept = list(events)
    for place, each in enumerate(kept):
        if each.kind == kind and each.first_at.astimezone(UTC).date() == at.astimezone(UTC).date():
            kept[place] = msgspec.structs.replace(each, count=each.count + 1, detail=detail, last_at=at)
            return kept
    return [*kept, ReportEvent(kind=kind, count=1, detail=detail, first_at=at, last_at=at)]


_out = msgspec.msgpack.Encoder()
_in = msgspec.msgpack.Decoder(Hearing)


def packed(hearing: Hearing) -> bytes:
    """Returns the bytes that the store keeps."""
    return _out.encode(hearing)


def unpacked(data: bytes | None) -> Hearing:
    """Returns what bytes of the store say; nothing kept yet is a device that was never heard."""
    return _in.decode(data) if data else Hearing()


#: How far back events are read for detectors.
EVENTS_SINCE = timedelta(days=45)
