"""Lid, mains, battery, and who keeps the laptop awake.

Reads
    /proc/acpi/button/lid/*/state, /sys/class/power_supply/*, /sys/power/suspend_stats, /run/systemd/inhibit/*.
    macOS: `ioreg` for IOPMrootDomain and AppleSmartBattery, `pmset -g assertions` and `pmset -g stats`.
    Windows: power status, battery and lid of the power manager; sleep events of the system log, 30 days back.
Why
    A laptop in a farm lies with a closed lid, always on mains, never asleep.
Never reads
    Anything about use by the person. The reason that a program gives for an inhibitor stays on the laptop.
Rights
    Readable by every user; where inhibitors are not, they are a gap.
    macOS: none.
    Windows: none.
Blind spots
    A desktop's own inhibitors (over D-Bus, without logind) and a faked input event that keeps the screen on are
    not seen here. Charge is rounded to ten per cent. A dock's supply counts as mains.
    macOS: the lock of powerd, which only says that the display is on, and assertions that do not keep an idle Mac awake
    are left out. A Mac without a battery does not say whether it is on mains.
    Windows: who keeps the laptop awake has no documented interface for programs and is a gap.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.power import PowerFacts, WakeLock

from ...probe import Probe

PROBE = Probe(
    kind="power",
    emits=(PowerFacts, WakeLock, Gap),
    interval_seconds=600,
    wakes=("power_supply",),
    platforms=("linux", "macos", "windows"),
)
