"""What starts by itself.

Reads
    Units enabled by links in /etc/systemd and in home folders, and the program of each (of a timer, socket or path
    unit that of the service it starts); which services have a control group now; scripts in /etc/init.d that no
    unit replaces; /etc/crontab, /etc/cron.*, user crontabs; autostart desktop files in /etc/xdg and in home
    folders. Of each line only the program's path.
    macOS: property lists in /Library/LaunchDaemons, /Library/LaunchAgents and home folders; of Apple's own jobs those
    that let somebody in (Screen Sharing, Remote Login, file sharing, Apple events) and the switch of Remote Management;
    launchctl's switches and running jobs; /Library/SystemExtensions/db.plist; crontabs in /var/at/tabs; as root the
    login items, agents and daemons that applications registered with the system themselves (`sfltool dumpbtm`).
    Windows: the services' registry keys and which of them run; drivers that others than Windows brought; definitions of
    scheduled tasks; Run and RunOnce keys and Startup folders of the system and of users.
Why
    Unattended access has to survive a restart: a service, a timer, an autostart entry.
Never reads
    Arguments of what starts, environment files, logs, times of schedules. An instance of a unit that may be a
    person's name (syncthing@NAME.service) is `~`.
Rights
    User crontabs are root's, other users' home folders theirs: gaps for an ordinary user.
    macOS: crontabs and login items are root's, too; all else is readable by every user.
    Windows: tasks of others, and users' hives and Startup folders, are an administrator's: gaps for an ordinary user.
Blind spots
    A drop-in that replaces ExecStart is not followed; units made while running (`run-*`, scopes) are left out
    because their names change; of a line for a shell (`sh -c`, `cd x && y`) only the first program is told, and of
    one that begins with a word of the shell none; at(1) jobs and a program started from a shell's profile are not
    seen.
    macOS: Apple's other jobs, some 900 and the same on every Mac, are left out. Login items that an application
    registered for itself are told by macOS 13 and up, to root alone: a gap otherwise. Of an agent is not told whether
    it runs. These items, and which jobs run, are read from outputs whose form Apple does not promise: when they cannot
    be read they are a gap.
    Windows: its own drivers are left out, some 400 and the same on every laptop, and so are its own tasks that start
    what lies in its folder. Of a service inside svchost.exe the library is not told. What a shortcut in a Startup
    folder leads to is not followed. Users who are not logged in have no hive loaded: a gap.
"""

from farmwatch_schema.observables.base import Gap
from farmwatch_schema.observables.services import Service

from ...probe import Probe

PROBE = Probe(kind="services", emits=(Service, Gap), interval_seconds=1800, platforms=("linux", "macos", "windows"))
