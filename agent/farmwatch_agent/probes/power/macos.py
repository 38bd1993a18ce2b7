"""Power on macOS.

Sources: ioreg(8) for IOPMrootDomain (AppleClamshellState) and AppleSmartBattery, keys as in raycast/extensions issue
15996 and darrylmorley/whatcable issue 95; pmset(1), `-g assertions` and `-g stats`; kinds of assertions as in
IOPMLib.h (kIOPMAssertionType...). On Apple silicon CurrentCapacity is per cent of MaxCapacity 100, on Intel both are
mAh.
"""

import re
from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.power import PowerFacts, WakeLock

from ...host import Host, HostError
from ..asking import outcome_of
from ..bounds import at_most
from ..macos_registry import Node, flag, inner, number, output, registry

MAX_LOCKS = 100
#: What each kind of assertion holds off. UserIsActive is input itself, the others (BackgroundTask, NetworkClientActive,
#: ApplePushServiceTask) do not keep an idle Mac awake.
_WHAT = {
    "PreventUserIdleSystemSleep": "idle",
    "NoIdleSleepAssertion": "idle",
    "PreventUserIdleDisplaySleep": "idle",
    "NoDisplaySleepAssertion": "idle",
    "PreventSystemSleep": "sleep",
    "DenySystemSleep": "sleep",
}
#: Its lock only says that the display is on.
_SYSTEM = "powerd"
_LOCK = re.compile(
    r"^ *pid \d{1,10}\((?P<owner>.{1,128}?)\): \[0x[0-9a-f]{1,16}\] (?:\d+:\d\d:\d\d )?(?P<kind>\w{1,64}) named:"
)
_SLEEPS = re.compile(r"^ *Sleep Count: *(\d{1,9})", re.MULTILINE)


def collect(host: Host) -> Iterator[Observable]:
    """Yields PowerFacts, one WakeLock per program and kind, and what could not be asked."""
    problems: list[Gap] = []
    root, battery = (
        _entry(host, "registry_power", "lid", problems),
        _entry(host, "registry_battery", "mains and battery", problems),
    )
    on_ac, fitted, charge, cycles = of_battery(battery)
    yield PowerFacts(
        lid=None if root is None else lid_of(root),
        on_ac=on_ac,
        battery=None if battery is None else fitted,
        charge=charge,
        cycles=cycles,
        suspends=_suspends(host, problems),
    )
    yield from problems
    try:
        locks = parse_assertions(output(host, "assertions").decode("utf-8", "replace"))
    except HostError as error:
        yield Gap(what="wake locks", outcome=outcome_of(error))
        return
    yield from at_most(locks, MAX_LOCKS, "wake locks")


def lid_of(root: Node) -> str | None:
    """Returns `open` or `closed` from IOPMrootDomain; None for a Mac without a lid."""
    closed = flag(root, "AppleClamshellState")
    return None if closed is None else "closed" if closed else "open"


def of_battery(battery: Node | None) -> tuple[bool | None, bool, int | None, int | None]:
    """Returns on mains, battery fitted, charge in tens of per cent, cycles in tens, of AppleSmartBattery."""
    if not battery:
        return None, False, None, None
    installed = flag(battery, "BatteryInstalled")
    # Systems of 2026 tell it one level further down (sebhildebrandt/systeminformation issue 1041).
    nested = inner(battery, "BatteryData")
    now = number(battery if "CurrentCapacity" in battery else nested, "CurrentCapacity")
    full = number(battery, "MaxCapacity") or number(nested, "MaxCapacity")
    charge = None
    if now is not None and full and 0 <= now <= full * 2:
        charge = min(100, (now * 20 // full + 1) // 2 * 10)
    cycles = number(battery, "CycleCount") or number(nested, "CycleCount")
    return (
        flag(battery, "ExternalConnected"),
        installed is not False,
        charge if installed is not False else None,
        cycles // 10 * 10 if cycles is not None and 0 < cycles < 100_000 else None,
    )


def parse_assertions(text: str) -> list[WakeLock]:
    """Returns who keeps the Mac awake, from `pmset -g assertions`; names of programs only, never what they say."""
    found: set[tuple[str, str]] = set()
    for line in text.split("\n"):
        match = _LOCK.match(line[:512])
        if match is not None and match["kind"] in _WHAT and match["owner"] != _SYSTEM:
            found.add((match["owner"][:64], _WHAT[match["kind"]]))
    return [WakeLock(owner=owner, what=what, mode="block") for owner, what in sorted(found)]


def parse_sleeps(text: str) -> str | None:
    """Returns how often the Mac slept since boot, as a bucket, from `pmset -g stats`; None when it does not say."""
    match = _SLEEPS.search(text)
    return bucket(int(match[1])) if match else None


def _suspends(host: Host, problems: list[Gap]) -> str | None:
    try:
        return parse_sleeps(output(host, "sleep_counts").decode("utf-8", "replace"))
    except HostError as error:
        problems.append(Gap(what="how often it slept", outcome=outcome_of(error)))
        return None


def _entry(host: Host, command: str, what: str, problems: list[Gap]) -> Node | None:
    """Returns the first entry, an empty one when there is none, None when it could not be asked."""
    try:
        return next(iter(registry(host, command)), {})
    except HostError as error:
        problems.append(Gap(what=what, outcome=outcome_of(error)))
        return None
