"""Who is logged in, and from where.

Reads
    /run/systemd/sessions/*, /run/utmp, the last records of /var/log/wtmp for remote logins that ended in the last
    seven days, and connections from elsewhere to remote-desktop servers (shared with `sockets`).
Why
    Somebody works on the laptop from elsewhere, now or since the last look.
Never reads
    What is done in a session, commands, failed passwords. Users and peers travel keyed.
Rights
    All of it is readable by every user on usual systems; owners of other users' sockets are `sockets`' gap.
Blind spots
    A remote-access tool that shows the console's own session makes no login: only its connection is seen, and
    not when it goes through a relay. Without utmp and without logind, logins are a gap. Records of a 64-bit
    ARM's utmp are told by their size.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.sessions import Session

from ...probe import Probe

PROBE = Probe(kind="sessions", emits=(Session, Gap), interval_seconds=120, platforms=("linux",))
