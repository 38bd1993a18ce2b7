"""Services on Linux.

Sources: systemd.unit(5), systemd.service(5), systemd.timer(5), systemd.socket(5),
systemd.path(5) and systemd's control group layout; crontab(5), cron(8);
Desktop Application Autostart Specification 0.5; Debian Policy 9.3 for init scripts.
"""

from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.services import Service

from ...host import Host, HostError, Missing, NotPermitted, NotSupported
from ...paths import is_plain_instance, tilde
from ..asking import names_in
from ..bounds import at_most, short
from ..linux_homes import in_homes, parse_desktop, program_of

SYSTEM_UNITS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
USER_UNITS = ("/etc/systemd/user", "/usr/lib/systemd/user")
#: Unified, hybrid and old layout; the first that is there counts.
GROUPS = ("/sys/fs/cgroup/system.slice", "/sys/fs/cgroup/systemd/system.slice", "/sys/fs/cgroup/unified/system.slice")
_UNIT_ENDS = (".service", ".socket", ".timer", ".path")
_LINK_FOLDERS = (".wants", ".requires", ".upholds")
#: Made while running under a name that is new each time.
_PASSING = ("run-", "dbus-:", "session-", "user-runtime-dir@", "systemd-fsck", "app-dbus", "user@", "systemd-coredump@")

#: First words of shell lines that are no program to tell.
_SHELL_WORDS = frozenset(
    {"cd", "test", "[", "if", "for", "while", "until", "case", "command", "exec", "export", "set", "eval", "sleep"}
    | {"nice", "ionice", "nohup", "setsid", "timeout", "chronic", "flock", "true", "echo", "umask", "ulimit", "time"}
)

CRON_FOLDERS = ("/etc/cron.d",)
CRON_SCRIPTS = ("/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly")
CRONTABS = "/var/spool/cron/crontabs"
AUTOSTART = "/etc/xdg/autostart"
INIT = "/etc/init.d"
_RUN_LEVELS = ("/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d")
_LIMIT = 1 << 16
MAX_ITEMS = 2_000


def collect(host: Host) -> Iterator[Observable]:
    """Yields units, init scripts, scheduled and autostart entries, and what may not be read."""
    yield from at_most(_all(host), MAX_ITEMS, "services")


def _all(host: Host) -> Iterator[Observable]:
    if not any(names_in(host, folder) for folder in ("/etc", *SYSTEM_UNITS)):
        raise NotSupported("/etc: nothing is there; give a tree that holds it")
    running = _running(host)
    enabled = _enabled(host, SYSTEM_UNITS[0])
    units = sorted(enabled | (running or set()))
    for name in units:
        yield Service(
            name=unit_name(name),
            kind="systemd",
            path=_program(host, SYSTEM_UNITS, name),
            enabled=name in enabled,
            running=name in running if running is not None and name.endswith(".service") else None,
        )
    for name in sorted(_enabled(host, USER_UNITS[0])):
        path = _program(host, USER_UNITS, name)
        yield Service(name=unit_name(name), kind="systemd", path=path, enabled=True, run_by="user")
    yield from _init_scripts(host, running is not None)
    yield from _cron(host)
    for name in names_in(host, AUTOSTART):
        yield from _autostart(host, AUTOSTART, name)
    found: list[Service] = []
    yield from in_homes(
        host, (".config/autostart", ".config/systemd/user"), lambda folder, name: _in_home(host, folder, name, found)
    )
    yield from found


def parse_unit(text: str) -> str:
    """Returns the program of a unit's first ExecStart, without prefixes and arguments; "" when it has none."""
    for line in text.split("\n"):
        key, mark, value = line.strip().partition("=")
        if mark and key.strip() == "ExecStart" and value.strip():
            return program_of(value.strip().lstrip("@-:+!|"))
    return ""


def parse_started(text: str) -> str:
    """Returns the unit that a timer or path (`Unit=`) or socket (`Service=`) names; "" when it names none."""
    for line in text.split("\n"):
        key, mark, value = line.strip().partition("=")
        if mark and key.strip() in ("Unit", "Service") and value.strip():
            return value.strip()
    return ""


def unit_name(name: str) -> str:
    """Returns a unit's name as it travels: an instance that may be a person's name is `~`."""
    template, mark, rest = name.partition("@")
    instance, dot, end = rest.rpartition(".")
    if not mark or not instance or is_plain_instance(instance):
        return name
    return f"{template}@~{dot}{end}"


def parse_crontab(text: str, *, with_user: bool) -> list[str]:
    """Returns the program of each line of a crontab, "" where the line does not show it plainly, each once.

    with_user  the line names a user after the times, as /etc/crontab and /etc/cron.d have it
    """
    found: list[str] = []
    for line in text.split("\n"):
        line = line.strip()
        fields = line.split(None, 1)
        if not fields or line.startswith("#") or ("=" in fields[0] and not line[0].isdigit()):
            continue
        times = 1 if line.startswith("@") else 5
        parts = line.split(None, times + with_user)
        if len(parts) > times + with_user:
            program = program_of(parts[-1])
            found.append("" if program in _SHELL_WORDS else program)
    return list(dict.fromkeys(found))


def _running(host: Host) -> set[str] | None:
    """Returns the services that have a control group; None without systemd."""
    for folder in GROUPS:
        try:
            names = host.names(folder)
        except HostError:
            continue
        return {name for name in names if name.endswith(".service") and not name.startswith(_PASSING)}
    return None


def _told(path: str) -> str:
    return short(tilde(path))


def _enabled(host: Host, folder: str) -> set[str]:
    """Returns the units that links below a folder make start."""
    found: set[str] = set()
    for name in names_in(host, folder):
        if name.endswith(_LINK_FOLDERS):
            found.update(unit for unit in names_in(host, f"{folder}/{name}") if unit.endswith(_UNIT_ENDS))
    return found


def _program(host: Host, folders: tuple[str, ...], name: str) -> str:
    """Returns the program of a service, or of the service that a timer, socket or path unit starts."""
    text = _unit(host, folders, name)
    stem, _, end = name.rpartition(".")
    if end == "service":
        return _told(parse_unit(text))
    other = parse_started(text) or f"{stem}.service"
    return _told(parse_unit(_unit(host, folders, other))) if other.endswith(".service") else ""


def _unit(host: Host, folders: tuple[str, ...], name: str) -> str:
    """Returns the text of a unit, of its template when it is an instance without a file; "" when it is not there."""
    stem, mark, rest = name.partition("@")
    for unit in dict.fromkeys((name, f"{stem}@.{rest.rpartition('.')[2]}" if mark else name)):
        for folder in folders:
            try:
                return host.text(f"{folder}/{unit}", _LIMIT)
            except HostError:
                continue
    return ""


def _init_scripts(host: Host, systemd: bool) -> Iterator[Service]:
    scripts = [name for name in names_in(host, INIT) if not name.startswith(".") and name not in ("README", "skeleton")]
    if not scripts:
        return
    replaced: set[str] = set()
    for folder in SYSTEM_UNITS if systemd else ():
        replaced.update(names_in(host, folder))
    starts = {link[3:] for folder in _RUN_LEVELS for link in names_in(host, folder) if link.startswith("S")}
    for name in scripts:
        if f"{name.removesuffix('.sh')}.service" not in replaced:
            yield Service(name=name, kind="init", path=f"{INIT}/{name}", enabled=name in starts)


def _cron(host: Host) -> Iterator[Observable]:
    files = [("crontab", "/etc/crontab")]
    files += [(name, f"{folder}/{name}") for folder in CRON_FOLDERS for name in names_in(host, folder)]
    for name, path in files:
        if not name.startswith("."):
            for program in parse_crontab(_text(host, path), with_user=True):
                yield Service(name=name, kind="cron", path=_told(program), enabled=True)
    for folder in CRON_SCRIPTS:
        for name in names_in(host, folder):
            if not name.startswith("."):
                yield Service(name=name, kind="cron", path=f"{folder}/{name}", enabled=True)
    try:
        users = host.names(CRONTABS)
    except Missing:
        return
    except HostError:
        yield Gap(what="crontabs of users", outcome="not_permitted")
        return
    for user in users:
        try:
            text = host.text(f"{CRONTABS}/{user}", _LIMIT)
        except NotPermitted:
            yield Gap(what="crontabs of users", outcome="not_permitted")
            continue
        except HostError:
            continue
        run_by = "system" if user == "root" else "user"
        for program in parse_crontab(text, with_user=False):
            # The file is called after the user, and no name of a person leaves the laptop.
            yield Service(name="user crontab", kind="cron", path=_told(program), enabled=True, run_by=run_by)


def _autostart(host: Host, folder: str, name: str) -> Iterator[Service]:
    if not name.endswith(".desktop"):
        return
    entry = parse_desktop(_text(host, f"{folder}/{name}"))
    if not entry:
        return
    off = entry.get("Hidden", "").lower() == "true" or entry.get("X-GNOME-Autostart-enabled", "").lower() == "false"
    path = _told(program_of(entry.get("Exec", "")))
    yield Service(name=name, kind="autostart", path=path, enabled=not off, run_by="user")


def _in_home(host: Host, folder: str, name: str, found: list[Service]) -> None:
    if folder.endswith("autostart"):
        found += _autostart(host, folder, name)
    elif name.endswith(".wants"):
        for unit in names_in(host, f"{folder}/{name}"):
            if unit.endswith(_UNIT_ENDS):
                path = _program(host, (folder, *USER_UNITS), unit)
                found.append(Service(name=unit_name(unit), kind="systemd", path=path, enabled=True, run_by="user"))


def _text(host: Host, path: str) -> str:
    try:
        return host.text(path, _LIMIT)
    except HostError:
        return ""
