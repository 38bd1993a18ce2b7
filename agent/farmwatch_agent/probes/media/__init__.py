"""Cameras, microphones, and which programs may see the screen or give input.

Reads
    Linux: /sys/class/video4linux, /proc/asound (cards, and whether a stream is open), which processes hold a camera or
    record from a sound card, shared with `processes`; whether a desktop keeps grants.
    macOS: `system_profiler` for cameras and sound devices; names of CoreMediaIO and audio plug-ins and of camera
    extensions; of the system's and each home folder's TCC.db the lines on camera, microphone, screen and input; what a
    management profile sets of them (MDMOverrides.plist).
    Windows: the device list for cameras and microphones, the registry's list of cameras that software registers, and
    CapabilityAccessManager's keys of the system and of users: which program used camera, microphone or screen, and the
    day.
Why
    A camera picture or a voice that software makes; a program that was allowed to see the screen and to give
    input at once, which is what remote control needs under any name.
Never reads
    Pictures, sound, what is on the screen. Nothing is opened, no program is asked.
Rights
    Linux: devices are readable by every user; who uses them needs root, else other users' programs are a gap.
    macOS: TCC.db needs Full Disk Access, root alone is not enough; without it grants are a gap.
    Windows: other users' keys need an administrator, else they are a gap.
Blind spots
    Linux: PipeWire or PulseAudio hold camera and sound card for all programs of a desktop, and stand in their place.
    Under X11 every program may see the screen and give input without a grant; grants of desktop portals lie in a
    binary store that is not taken apart: a gap. A virtual microphone that PipeWire makes is no sound card.
    macOS keeps no day of last use: only grants are seen there, and who gave one mostly not. A camera that an
    application makes only while it runs shows only then. Names of phones, headsets and other people's things are left
    out.
    Windows: what captures the screen or gives input without asking (DXGI duplication, GDI, SendInput) leaves no entry:
    of the screen only programs that used Windows.Graphics.Capture are known. Whether a device is in use is told by the
    program, not by the device. Users who are not logged in are a gap.
"""

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.media import Grant, MediaDevice, MediaUse

from ...probe import Probe

PROBE = Probe(
    kind="media",
    emits=(MediaDevice, MediaUse, Grant, Gap),
    interval_seconds=1800,
    wakes=("usb",),
    # As `processes`, whose look it shares.
    wall_seconds=30.0,
    cpu_seconds=5.0,
    platforms=("linux", "macos", "windows"),
)
