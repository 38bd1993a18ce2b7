"""Lid, mains, battery, and who keeps the laptop awake.

Reads
    /proc/acpi/button/lid/*/state, /sys/class/power_supply/*, /sys/power/suspend_stats, /run/systemd/inhibit/*.
Why
    A laptop in a farm lies with a closed lid, always on mains, never asleep.
Never reads
    Anything about use by the person. The reason that a program gives for an inhibitor stays on the laptop.
Rights
    Readable by every user; where inhibitors are not, they are a gap.
Blind spots
    A desktop's own inhibitors (over D-Bus, without logind) and a faked input event that keeps the screen on are
    not seen here. Charge is rounded to ten per cent. A dock's supply counts as mains.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.power import PowerFacts, WakeLock

from ...probe import Probe

PROBE = Probe(kind="power", emits=(PowerFacts, WakeLock, Gap), interval_seconds=600, platforms=("linux",))
