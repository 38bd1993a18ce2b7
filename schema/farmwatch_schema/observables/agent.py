"""The agent's own health."""

from .base import Kind, Observable


class StoppedProbe(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="stopped_probe"):
    """A probe that was stopped for 24 hours after it broke its limits three times: which, why, until when."""

    kind: str
    reason: str
    until: str


class SpoolReset(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="spool_reset"):
    """The spool was damaged and begun anew: the epoch it held and the range of reports lost with it."""

    reset_at: str
    epoch: str = ""
    first_lost: int = 0
    last_lost: int = 0


class AgentHealth(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="agent_health"):
    """How the agent itself is.

    rights         `root` or `user`
    clock_offset   collector's time minus the laptop's, rounded to 10 s; null before the first answer
    restarts       starts of the reader since boot, as a bucket
    frozen         runs from a frozen build
    source_digest  SHA-256 over the agent's own code, hex; changes when somebody edits it
    """

    rights: str
    clock_offset: int | None = None
    restarts: str = ""
    frozen: bool = False
    source_digest: str = ""


KIND = Kind("agent", "state", (AgentHealth, StoppedProbe, SpoolReset))
