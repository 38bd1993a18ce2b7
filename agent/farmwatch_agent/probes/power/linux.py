"""Power on Linux.

Sources: drivers/acpi/button.c for the lid; Documentation/ABI/testing/sysfs-class-power and sysfs-power;
systemd-logind's inhibitor files (systemd-inhibit(1), sd-login(3)).
"""

from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.power import PowerFacts, WakeLock

from ...host import Host, HostError, Missing, NotPermitted

LID = "/proc/acpi/button/lid"
SUPPLIES = "/sys/class/power_supply"
SUSPENDS = "/sys/power/suspend_stats/success"
INHIBITORS = "/run/systemd/inhibit"
_MAINS = frozenset({"Mains", "USB", "UPS", "Wireless"})
#: systemd-inhibit(1); what is not listed there is left out.
_WHAT = {"shutdown": "shutdown", "sleep": "sleep", "idle": "idle", "handle-lid-switch": "lid"}


def collect(host: Host) -> Iterator[Observable]:
    """Yields PowerFacts, one WakeLock per inhibitor, and what may not be read."""
    supplies, problem = _supplies(host)
    facts = of_supplies(supplies) if problem is None else (None, None, None, None)
    on_ac, battery, charge, cycles = facts
    yield PowerFacts(
        lid=_lid(host), on_ac=on_ac, battery=battery, charge=charge, cycles=cycles, suspends=_suspends(host)
    )
    if problem is not None:
        yield Gap(what="mains and battery", outcome=problem)  # type: ignore[arg-type]
    yield from _wake_locks(host)


def parse_supply(text: str) -> dict[str, str]:
    """Returns the POWER_SUPPLY_ keys of a supply's uevent file, without that prefix and in small letters."""
    pairs = (line.partition("=") for line in text.split("\n") if line.startswith("POWER_SUPPLY_"))
    return {key[13:].lower(): value.strip() for key, _, value in pairs}


def of_supplies(supplies: list[dict[str, str]]) -> tuple[bool | None, bool, int | None, int | None]:
    """Returns on mains, battery fitted, charge in tens of per cent, cycles in tens, of parsed supplies.

    Batteries of mice and headsets (scope `Device`) do not count.
    """
    own = [supply for supply in supplies if supply.get("scope") != "Device"]
    batteries = [supply for supply in own if supply.get("type") == "Battery" and supply.get("present", "1") != "0"]
    lines = [supply.get("online") for supply in own if supply.get("type") in _MAINS and supply.get("online")]
    on_ac: bool | None = any(line != "0" for line in lines) if lines else None
    if on_ac is None and batteries:
        states = {supply.get("status", "") for supply in batteries}
        on_ac = False if "Discharging" in states else True if states & {"Charging", "Full", "Not charging"} else None
    charges = [_number(supply.get("capacity", "")) for supply in batteries]
    cycles = [_number(supply.get("cycle_count", "")) for supply in batteries]
    full = [charge for charge in charges if charge is not None and charge <= 100]
    # Firmware that does not count writes 0 (sysfs-class-power), which is no count.
    counted = [cycle for cycle in cycles if cycle]
    return (
        on_ac,
        bool(batteries),
        (sum(full) * 2 // len(full) + 10) // 20 * 10 if full else None,
        max(counted) // 10 * 10 if counted else None,
    )


def parse_lid(text: str) -> str | None:
    """Returns `open` or `closed` from a lid's state file; None for what it does not say."""
    word = text.rpartition(":")[2].strip()
    return word if word in ("open", "closed") else None


def parse_inhibitor(text: str) -> WakeLock | None:
    """Returns a wake lock from logind's file; None when it holds nothing of sleep, idle, shutdown or lid."""
    fields = dict(line.split("=", 1) for line in text.split("\n") if "=" in line)
    what = sorted({_WHAT[word] for word in fields.get("WHAT", "").split(":") if word in _WHAT})
    if not what:
        return None
    return WakeLock(owner=fields.get("WHO", "")[:64], what=":".join(what), mode=fields.get("MODE", ""))


def _supplies(host: Host) -> tuple[list[dict[str, str]], str | None]:
    try:
        names = host.names(SUPPLIES)
    except HostError as error:
        return [], "not_permitted" if isinstance(error, NotPermitted) else "not_supported"
    found: list[dict[str, str]] = []
    for name in names:
        try:
            supply = parse_supply(host.text(f"{SUPPLIES}/{name}/uevent", 1 << 14))
        except HostError:
            continue
        for key in ("type", "scope"):
            if key not in supply:
                try:
                    supply[key] = host.text(f"{SUPPLIES}/{name}/{key}", 64)
                except HostError:
                    continue
        found.append(supply)
    return found, None


def _lid(host: Host) -> str | None:
    try:
        for name in host.names(LID):
            return parse_lid(host.text(f"{LID}/{name}/state", 256))
    except HostError:
        return None
    return None


def _suspends(host: Host) -> str | None:
    try:
        count = _number(host.text(SUSPENDS, 64))
    except HostError:
        return None
    return None if count is None else bucket(count)


def _wake_locks(host: Host) -> Iterator[Observable]:
    try:
        names = [name for name in host.names(INHIBITORS) if not name.endswith(".ref")]
    except Missing:
        # The folder comes with logind; without it nothing can hold a lock of its kind, and others are not seen.
        yield Gap(what="wake locks", outcome="not_supported")
        return
    except HostError:
        yield Gap(what="wake locks", outcome="not_permitted")
        return
    closed = False
    for name in names:
        try:
            lock = parse_inhibitor(host.text(f"{INHIBITORS}/{name}", 1 << 14))
        except NotPermitted:
            closed = True
            continue
        except HostError:
            continue
        if lock is not None:
            yield lock
    if closed:
        yield Gap(what="wake locks", outcome="not_permitted")


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 12 else None
