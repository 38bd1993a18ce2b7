"""Programs that run, one observable per distinct executable.

Reads
    /proc/PID/stat, status and exe; /proc/PID/cmdline and fd, both reduced inside `Host` to listed flags and to
    sockets and input devices; /proc/net/tcp, tcp6, udp, udp6 and packet; mode, owner and SHA-256 of each
    executable; /var/lib/dpkg/info/*.list for the package that owns it.
    macOS: the process list (libproc); mode, owner, SHA-256 and code signature of each executable that does not lie on
    the sealed system volume; argument flags as above; sockets as `sockets` reads them.
Why
    A remote-access tool runs. Its name can be changed, so what it is made of and what it holds open stand beside
    the name: hash, owner package, a place where any user can write, listening sockets, made-up input devices.
Never reads
    Arguments' text, environments, memory, open files' names, window titles.
Rights
    As an ordinary user, executables and descriptors of other users' processes are a gap; names, users, start
    days and argument flags are seen. With hidepid= on /proc other users' processes are a gap as a whole.
    macOS: arguments of other users' processes are root's, a gap for an ordinary user.
Blind spots
    A process can rename itself; in another network namespace (a container) its listeners are not seen; one that
    lives shorter than the interval is missed. Hashes and packages are read within a budget per pass, those of
    unpackaged and user-writable files first, so that on the first pass some are null. Owners of rpm files are
    null. Options in a tool's own settings file (RemoteForward in ssh's) set no flag.
    macOS: what lies on the sealed system volume is told as Apple's without being asked or hashed, which is wrong on a
    Mac whose owner switched the seal off. A signature is checked against Apple's root and the list of hashes in the
    file; that the pages fit this list is left to the kernel, which looks when they run. Revocation is not asked for.
    Devices held open are not told.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.processes import Process

from ...probe import Probe

PROBE = Probe(kind="processes", emits=(Process, Gap), interval_seconds=300, platforms=("linux", "macos"))
