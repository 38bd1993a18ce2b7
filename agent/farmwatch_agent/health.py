"""How the agent itself is: probes stopped for breaking their limits, spool resets, restarts, clock offset.

The reader fills `current` and the `agent` probe reads it, because a probe is given nothing but the host.
"""

import msgspec

from farmwatch_schema.observables.agent import SpoolReset, StoppedProbe

from .files import write_whole

KILLS_UNTIL_STOPPED = 3
STOPPED_SECONDS = 24 * 3600
#: A reset is told for this long, so that a laptop which sleeps over a report still tells it.
RESETS_TOLD_SECONDS = 7 * 24 * 3600
#: 9999-12-31, the last day that ISO 8601 writes with four digits of a year.
_LAST_SECOND = 253_402_300_799.0


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """A probe that does not run until `until` (seconds since 1970), and why."""

    reason: str
    until: float


class Health(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The agent's own state.

    kills         times (seconds since 1970) at which a probe broke its limits in the last 24 hours, by kind
    stopped       probes that are stopped now, by kind
    resets        spool resets of the last 7 days, with the time of each
    boot          digest of the boot during which `restarts` were counted
    restarts      starts of the reader since that boot
    clock_offset  collector's time minus the laptop's, seconds; None before the first answer
    """

    kills: dict[str, list[float]] = {}
    stopped: dict[str, Stop] = {}
    resets: list[tuple[float, SpoolReset]] = []
    boot: str = ""
    restarts: int = 0
    clock_offset: float | None = None

    def killed(self, kind: str, reason: str, now: float) -> bool:
        """Returns whether the probe is stopped from now on, because it was killed three times in 24 hours."""
        times = [at for at in self.kills.get(kind, []) if now - at < STOPPED_SECONDS]
        self.kills[kind] = [*times, now]
        if len(self.kills[kind]) < KILLS_UNTIL_STOPPED:
            return False
        del self.kills[kind]
        self.stopped[kind] = Stop(reason=reason, until=now + STOPPED_SECONDS)
        return True

    def stop_of(self, kind: str, now: float) -> Stop | None:
        """Returns why the probe may not run now; None when it may. A stop that is over is forgotten."""
        stop = self.stopped.get(kind)
        # A clock set back must not keep a probe stopped for longer than its 24 hours.
        if stop is not None and not 0 <= stop.until - now <= STOPPED_SECONDS:
            del self.stopped[kind]
            return None
        return stop

    def began(self, boot: str) -> None:
        """Counts a start of the reader within a boot."""
        self.restarts = self.restarts + 1 if boot == self.boot else 1
        self.boot = boot

    def was_reset(self, reset: SpoolReset, now: float) -> None:
        """Remembers a spool reset and forgets those of more than a week ago."""
        self.resets = [(at, old) for at, old in self.resets if now - at < RESETS_TOLD_SECONDS]
        self.resets.append((now, reset))

    def stopped_probes(self) -> list[StoppedProbe]:
        """Returns the probes that are stopped, as the `agent` probe yields them."""
        return [
            StoppedProbe(kind=kind, reason=stop.reason, until=stamp(stop.until))
            for kind, stop in sorted(self.stopped.items())
        ]

    def spool_resets(self) -> list[SpoolReset]:
        """Returns the spool resets of the last week, as the `agent` probe yields them."""
        return [reset for _, reset in self.resets]


#: Of this process. The reader replaces its content at start; `collect` leaves it blank.
current = Health()


def stamp(seconds: float) -> str:
    """Returns seconds since 1970 as UTC in ISO 8601 to the second; of a time that no calendar has the nearest one."""
    import time  # noqa: PLC0415 (kept out of the module's names: the runner takes all time from the host)

    inside = min(max(seconds, 0.0), _LAST_SECOND) if seconds == seconds else 0.0
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(inside))


def seconds_of(text: str) -> float | None:
    """Returns an ISO 8601 time as seconds since 1970; None when it is none."""
    from datetime import UTC, datetime  # noqa: PLC0415 (a single collect needs none)

    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=at.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def load(path: str) -> Health:
    """Returns the health kept in a file; a blank one when there is none or it is damaged."""
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(1 << 20), type=Health)
    except (OSError, msgspec.MsgspecError, RecursionError):
        return Health()


def save(health: Health, path: str) -> None:
    """Writes the health whole or not at all; a full disk costs the count of kills and nothing else."""
    try:
        write_whole(path, msgspec.json.encode(health), mode=0o644)
    except OSError:
        # The next pass tries again, and what is in memory goes into the report all the same.
        return


def remember(health: Health) -> None:
    """Makes `health` the one that the `agent` probe tells of."""
    for name in health.__struct_fields__:
        setattr(current, name, getattr(health, name))
