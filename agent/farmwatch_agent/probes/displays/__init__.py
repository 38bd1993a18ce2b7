"""Monitors, or whatever claims to be one.

Reads
    Linux: `/sys/class/drm/card*-*`: per connector its status, EDID and modes; each card's driver and
    ids.
    macOS: `ioreg` for framebuffers, DisplayPort ports and, on Intel, connected monitors; `system_profiler` for the list
    that holds virtual displays, too; whether DisplayLink Manager is installed.
    Windows: monitors of the device list, gone ones with their days included; their EDID in the registry; connector and
    mode of displays in use (QueryDisplayConfig); every display adapter.
Why
    A network KVM must claim to be a monitor, and its EDID is often its maker's default or a published copy of
    somebody else's. A laptop driven from afar may show no monitor at all, or one made by software.
Never reads
    Anything on the screen, windows, titles, brightness, what is shown where.
Rights
    None: the files are readable by everybody. EDID serials travel keyed, the bytes with serials zeroed.
    macOS: none.
    Windows: connector and mode want a desktop: a service, and a remote session, has none (a gap). The rest is readable
    by everybody.
Blind spots
    Drivers that offer no connectors to the kernel (NVIDIA's own without mode setting): `not_supported`.
    An EDID that was overridden in the kernel (drm.edid_firmware, debugfs) is shown as if the monitor had sent it.
    Monitors behind a DisplayLink dock hang on the evdi driver, which virtual screens use too: `virtual` is null.
    Monitors that were connected before (Linux, macOS). An external monitor without EDID, or with one that is none, is
    a gap.
    macOS: on Apple silicon a monitor's EDID bytes are told only for ports that keep them (HDMI and DisplayPort of
    current systems); without them its maker, code, name, serial and date stand alone, and a gap says so. The panel of
    the laptop has no EDID there. Which display a DisplayLink dock makes cannot be told from other virtual ones:
    `virtual` is null while its manager is installed. Where system_profiler lists no display although a port has one
    (lid closed and nothing plugged in, or no window server), virtual ones cannot be told: a gap. Intel's Macs do not
    say of a display that it is virtual: one that no port leads to is told with a gap.
    Windows: a monitor is seen by what it sent when Windows first met it there; a driver's or tool's EDID_OVERRIDE in
    its place is not looked at. Without a desktop nothing tells the laptop's own panel from a monitor.
    A DisplayLink dock's adapter is null in `virtual`. Nothing is asked over DDC/CI.
"""

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.displays import Display, DisplayAdapter, RememberedDisplay

from ...probe import Probe

PROBE = Probe(
    kind="displays",
    emits=(Display, RememberedDisplay, DisplayAdapter, Gap),
    interval_seconds=300,
    wakes=("drm",),
    platforms=("linux", "macos", "windows"),
)
