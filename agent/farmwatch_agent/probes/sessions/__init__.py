"""Who is logged in, and from where.

Reads
    /run/systemd/sessions/*, /run/utmp, the last records of /var/log/wtmp for remote logins that ended in the last
    seven days, and connections from elsewhere to remote-desktop servers (shared with `sockets`).
    macOS: /var/run/utmpx; connections from elsewhere to Screen Sharing and other screen servers.
    Windows: sessions of Remote Desktop Services; their logins, disconnects and shadowing of the last two days in the
    event log (of each only number, time, user, session and client).
Why
    Somebody works on the laptop from elsewhere, now or since the last look.
Never reads
    What is done in a session, commands, failed passwords. Users and peers travel keyed.
Rights
    All of it is readable by every user on usual systems; owners of other users' sockets are `sockets`' gap.
    macOS: all of it is readable by every user.
    Windows: the security log is an administrator's, and each log that may not be read a gap.
Blind spots
    A remote-access tool that shows the console's own session makes no login: only its connection is seen, and
    not when it goes through a relay. Without utmp and without logind, logins are a gap. Records of a 64-bit
    ARM's utmp are told by their size.
    macOS: Screen Sharing makes no login, only its connection is seen. Remote logins that ended are seen until their
    terminal is used again; the log of older ones is a gap.
    Windows: the client's own name and address are its claims; the log's address comes first. Sessions behind a Remote
    Desktop gateway show the gateway. Whoever may clear the log hides what has ended; a session shown by VNC or the
    like makes no login at all.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.sessions import Session

from ...probe import Probe

PROBE = Probe(
    kind="sessions",
    emits=(Session, Gap),
    interval_seconds=120,
    wakes=("session",),
    # 20,000 processes take 2 CPU seconds; a crowd of them must not hide all that runs.
    wall_seconds=30.0,
    cpu_seconds=5.0,
    platforms=("linux", "macos", "windows"),
)
