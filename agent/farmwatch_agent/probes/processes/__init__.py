"""Programs that run, one observable per distinct executable.

Reads
    /proc/PID/stat, status and exe; /proc/PID/cmdline and fd, both reduced inside `Host` to listed flags and to
    sockets and input devices; /proc/net/tcp, tcp6, udp, udp6 and packet; mode, owner and SHA-256 of each
    executable; /var/lib/dpkg/info/*.list for the package that owns it.
    macOS: the process list (libproc); mode, owner, SHA-256 and code signature of each executable that does not lie on
    the sealed system volume; argument flags as above; sockets as `sockets` reads them.
    Windows: the process list; size, date, SHA-256, signature (in the file or a catalogue), version resource and access
    list of each executable; argument flags and sockets as above; which programs ran lately, as the Background Activity
    Moderator keeps it in the registry for some days, Windows's own left out.
Why
    A remote-access tool runs. Its name can be changed, so what it is made of and what it holds open stand beside
    the name: hash, owner package, a place where any user can write, listening sockets, made-up input devices.
Never reads
    Arguments' text, environments, memory, open files' names, window titles.
Rights
    As an ordinary user, executables and descriptors of other users' processes are a gap; names, users, start
    days and argument flags are seen. With hidepid= on /proc other users' processes are a gap as a whole.
    macOS: arguments of other users' processes are root's, a gap for an ordinary user.
    Windows: an ordinary user sees names and paths of all, arguments of his own; protected processes show theirs to
    nobody. What ran lately may need an administrator.
Blind spots
    A process can rename itself; in another network namespace (a container) its listeners are not seen; one that
    lives shorter than the interval is missed. Hashes and packages are read within a budget per pass, those of
    unpackaged and user-writable files first, so that on the first pass some are null. Owners of rpm files are
    null. Options in a tool's own settings file (RemoteForward in ssh's) set no flag.
    macOS: what lies on the sealed system volume is told as Apple's without being asked or hashed, which is wrong on a
    Mac whose owner switched the seal off. A signature is checked against Apple's root and the list of hashes in the
    file; that the pages fit this list is left to the kernel, which looks when they run. Revocation is not asked for.
    Devices held open are not told.
    Windows: devices held open are not told. A signature is checked without the network: revocation is not asked for,
    and a chain that lacks a certificate here is null. The version resource is the maker's claim. Signatures are asked
    for within a budget per pass. A program that a user renamed and deleted shows among those that ran lately only where
    Windows kept it; screens captured, and input given, by a running program are not told.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.processes import Process, RecentProgram

from ...probe import Probe

PROBE = Probe(
    kind="processes",
    emits=(Process, RecentProgram, Gap),
    interval_seconds=300,
    # 20,000 processes take 2 CPU seconds; a crowd of them must not hide all that runs.
    wall_seconds=30.0,
    cpu_seconds=5.0,
    platforms=("linux", "macos", "windows"),
)
