"""The agent's own health.

Reads
    What the reader keeps of itself (`farmwatch_agent.health`): stopped probes, spool resets, restarts, the clock's
    offset; its rights; its own program files, for a digest.
Why
    An agent that was silenced, edited or starved must show as such and never as a clean laptop.
Never reads
    Anything of the user's.
Rights
    None are needed.
Blind spots
    Whoever can edit the agent can also make it tell the digest of the unedited one. A frozen build carries no
    source, so its digest is that of the program file. Blank in a single `collect`, which keeps no health.
"""

from farmwatch_schema.observables.agent import AgentHealth, SpoolReset, StoppedProbe

from ...probe import Probe

PROBE = Probe(
    kind="agent",
    emits=(AgentHealth, StoppedProbe, SpoolReset),
    interval_seconds=900,
    platforms=("linux", "macos", "windows"),
)
