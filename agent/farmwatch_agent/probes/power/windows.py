"""Power on Windows.

Sources: learn.microsoft.com, SYSTEM_POWER_STATUS, BATTERY_INFORMATION, "Power Setting GUIDs"; Kernel-Power events 42
(sleep) and 506 (modern standby) of the System log, which every user may read.
"""

from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.power import PowerFacts

from ...host import Host, HostError, Missing
from ...host.windows.events import QUESTIONS, EventRecord
from ...host.windows.power import Battery, PowerStatus
from ..asking import outcome_of

_UNKNOWN = 255
#: BatteryFlag of SYSTEM_POWER_STATUS: there is no system battery.
_NO_BATTERY = 128
#: BATTERY_INFORMATION: a battery of the system, and one that lasts minutes only (a UPS).
_SYSTEM_BATTERY, _SHORT_TERM = 0x80000000, 0x20000000


def collect(host: Host) -> Iterator[Observable]:
    """Yields PowerFacts and, as gaps, what the system does not tell."""
    gaps: list[Gap] = []
    status = _status(host, gaps)
    battery = battery_of(status)
    yield PowerFacts(
        lid=status.lid or None,
        on_ac={0: False, 1: True}.get(status.ac),
        battery=battery,
        charge=charge_of(status) if battery else None,
        cycles=_cycles(host, gaps) if battery else None,
        suspends=_suspends(host, gaps),
    )
    if status.has_lid and not status.lid:
        yield Gap(what="lid", outcome="not_supported")
    yield from gaps
    yield Gap(what="wake locks", outcome="not_supported")


def battery_of(status: PowerStatus) -> bool | None:
    """Returns whether a system battery is fitted; None when it is not known."""
    return None if status.flag == _UNKNOWN else not status.flag & _NO_BATTERY


def charge_of(status: PowerStatus) -> int | None:
    """Returns per cent, rounded to 10; None when it is not known."""
    return (status.percent + 5) // 10 * 10 if status.percent <= 100 else None


def cycles_of(batteries: list[Battery]) -> int | None:
    """Returns the cycles of the most used battery of the system, rounded down to 10; None where none counts."""
    counted = [
        it.cycles
        for it in batteries
        if it.capabilities & _SYSTEM_BATTERY and not it.capabilities & _SHORT_TERM and it.cycles > 0
    ]
    return max(counted) // 10 * 10 if counted else None


def suspends_since(events: list[EventRecord], boot: float) -> str:
    """Returns how often the system went to sleep since its start, as a bucket."""
    return bucket(sum(event.at >= boot for event in events))


def _status(host: Host, gaps: list[Gap]) -> PowerStatus:
    try:
        found = host.rows(PowerStatus)
    except HostError as error:
        gaps.append(Gap(what="mains and battery", outcome=outcome_of(error)))
        return PowerStatus()
    return found[0] if found else PowerStatus()


def _cycles(host: Host, gaps: list[Gap]) -> int | None:
    try:
        batteries = host.rows(Battery)
    except HostError as error:
        gaps.append(Gap(what="battery cycles", outcome=outcome_of(error)))
        return None
    problems = {it.problem for it in batteries if it.problem}
    if problems:
        outcome = "not_permitted" if "not_permitted" in problems else "broken"
        gaps.append(Gap(what="battery cycles", outcome=outcome))  # type: ignore[arg-type]
    return cycles_of(batteries)


def _suspends(host: Host, gaps: list[Gap]) -> str | None:
    try:
        events = host.rows(EventRecord, "suspends")
        boot = host.now() - host.uptime()
    except Missing:
        return None
    except HostError as error:
        gaps.append(Gap(what="suspends", outcome=outcome_of(error)))
        return None
    if any(event.cut for event in events):
        gaps.append(Gap(what="suspends: the log was not searched to its end in time", outcome="broken"))
        return None
    question = QUESTIONS["suspends"]
    if len(events) < question.limit and host.now() - boot > question.days * 86400:
        gaps.append(Gap(what=f"suspends before the last {question.days} days", outcome="not_supported"))
    return suspends_since(events, boot)
