"""What starts by itself.

Reads
    Units enabled by links in /etc/systemd and in home folders, and the program of each (of a timer, socket or path
    unit that of the service it starts); which services have a control group now; scripts in /etc/init.d that no
    unit replaces; /etc/crontab, /etc/cron.*, user crontabs; autostart desktop files in /etc/xdg and in home
    folders. Of each line only the program's path.
Why
    Unattended access has to survive a restart: a service, a timer, an autostart entry.
Never reads
    Arguments of what starts, environment files, logs, times of schedules. An instance of a unit that may be a
    person's name (syncthing@NAME.service) is `~`.
Rights
    User crontabs are root's, other users' home folders theirs: gaps for an ordinary user.
Blind spots
    A drop-in that replaces ExecStart is not followed; units made while running (`run-*`, scopes) are left out
    because their names change; of a line for a shell (`sh -c`, `cd x && y`) only the first program is told, and of
    one that begins with a word of the shell none; at(1) jobs and a program started from a shell's profile are not
    seen.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.services import Service

from ...probe import Probe

PROBE = Probe(kind="services", emits=(Service, Gap), interval_seconds=1800, platforms=("linux",))
