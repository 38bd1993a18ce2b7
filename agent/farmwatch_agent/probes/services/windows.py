r"""Services on Windows: the service control manager's keys, scheduled tasks, Run keys and Startup folders.

Sources: learn.microsoft.com, "HKLM\SYSTEM\CurrentControlSet\Services Registry Tree" (Type, Start, ImagePath,
ObjectName), "Per-user services", "Run and RunOnce Registry Keys", CSIDL_STARTUP. `Owners` of a driver names the INF
that installed it; those of third parties are renamed to oemN.inf ("INF file"). StartupApproved, whose values begin
with an odd byte for what is switched off, is not documented; as Sysinternals' and forensic tools read it.
"""

import re
from collections.abc import Iterator
from contextlib import suppress

from msgspec.structs import replace

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.services import Service

from ...host import Host, HostError, Missing, NotPermitted
from ...host.command_lines import windows_program
from ...host.windows.registry import RegistryBranch, RegistryKey
from ...host.windows.services import RunningService
from ...host.windows.tasks import ScheduledTask
from ...paths import tilde, windows_name
from ..asking import outcome_of
from ..bounds import at_most, short
from ..windows_users import InHives, Users, users

SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
COMPUTER = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"
_RUN = r"Microsoft\Windows\CurrentVersion\Run"
_VIEWS = ("SOFTWARE", r"SOFTWARE\WOW6432Node")
APPROVED = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved"
STARTUP = r"Microsoft\Windows\Start Menu\Programs\Startup"
PROGRAM_DATA = r"C:\ProgramData"
#: winnt.h: SERVICE_KERNEL_DRIVER, _FILE_SYSTEM_DRIVER, _RECOGNIZER_DRIVER; a user's own instance of a service.
_DRIVER, _INSTANCE = 0x0B, 0x80
_WIN32 = 0x30
_AUTOMATIC, _DISABLED = 2, 4
_VARIABLE = re.compile(r"%([^%]{1,40})%")
#: Of a user's instance: a number that is new with each login.
_SUFFIX = re.compile(r"_[0-9a-f]{4,8}$")
MAX_ITEMS = 3_000
MAX_NAME = 200
MAX_STARTUP = 200


def collect(host: Host) -> Iterator[Observable]:
    """Yields services, drivers of others than Windows, tasks and what starts at login, and what may not be read."""
    gaps: list[Gap] = []
    who = users(host)
    hives = InHives(host, who)
    root = _system_root(host)
    items = [
        *_services(host, root, gaps),
        *_tasks(host, root, gaps),
        *_run_keys(host, hives, root, gaps),
        *_startup(host, who, gaps),
    ]
    people = _people(host, who)
    if people is not None:
        items = [replace(item, name=people.sub("~", item.name)) for item in items]
    yield from at_most(dict.fromkeys(items), MAX_ITEMS, "services")
    yield from (*gaps, *who.gaps, *hives.gaps())


def parse_service(key: RegistryBranch, running: set[str] | None, root: str) -> Service | None:
    """Returns the service or driver of one key; None for Windows's own drivers, users' instances and other keys.

    Raises SourceBroken for values of another type.
    """
    kind = key.number("Type") or 0
    is_driver = bool(kind & _DRIVER)
    if not (is_driver or kind & _WIN32) or kind & _INSTANCE:
        return None
    path = program_path(key.text("ImagePath"), root)
    if is_driver and not _is_foreign(key, path, root):
        return None
    start = key.number("Start")
    account = key.text("ObjectName").casefold()
    system = (
        is_driver or not account or account == "localsystem" or account.startswith(("nt authority\\", "nt service\\"))
    )
    return Service(
        name=key.name[:MAX_NAME],
        kind="driver" if is_driver else "service",
        path=short(tilde(path)),
        enabled=None if start is None else start <= _AUTOMATIC,
        running=None if running is None else key.name.casefold() in running,
        run_by="system" if system else "user",
    )


def program_path(command: str, root: str) -> str:
    """Returns the program of a command line as a whole path, without arguments; "" when there is none.

    root  Windows's folder, for names that are told below it
    """
    path = windows_program(expanded(command, root))
    if path.casefold().startswith("\\systemroot\\"):
        return root + path[11:]
    if path.casefold().startswith(("system32\\", "syswow64\\")):
        return f"{root}\\{path}"
    return path.removeprefix("\\??\\")


def expanded(text: str, root: str) -> str:
    """Returns a text with the variables of the system in it replaced; those of users stay as they are."""
    drive = root[:2]
    known = {
        "systemroot": root,
        "windir": root,
        "systemdrive": drive,
        "programfiles": rf"{drive}\Program Files",
        "programfiles(x86)": rf"{drive}\Program Files (x86)",
        "programw6432": rf"{drive}\Program Files",
        "programdata": rf"{drive}\ProgramData",
        "allusersprofile": rf"{drive}\ProgramData",
        "commonprogramfiles": rf"{drive}\Program Files\Common Files",
    }
    return _VARIABLE.sub(lambda match: known.get(match[1].casefold(), match[0]), text)


def parse_approved(key: RegistryKey) -> set[str]:
    """Returns names, in small letters, of what was switched off."""
    return {name.casefold() for name, value in key.data.items() if value[:1] and value[0] & 1}


def _people(host: Host, who: Users) -> re.Pattern[str] | None:
    """Returns what finds accounts and the computer's name in names of tasks, which some programs put there."""
    words = {windows_name(home) for home in who.homes}
    # A folder may be NAME.DOMAIN or NAME.COMPUTER, the account is its first part.
    words |= {word.partition(".")[0] for word in words}
    with suppress(HostError, IndexError):
        words.add(host.rows(RegistryKey, COMPUTER)[0].text("ComputerName"))
    words = {word for word in words if len(word) > 1}
    if not words:
        return None
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, longest_first))})(?![^\W_])", re.IGNORECASE)


def _is_foreign(key: RegistryBranch, path: str, root: str) -> bool:
    """Whether a driver is not Windows's own: installed by an INF of others, or lying elsewhere than drivers do."""
    owners = key.strings("Owners")
    if owners:
        return any(owner.casefold().startswith("oem") for owner in owners)
    folded = path.casefold()
    return bool(folded) and not folded.startswith(f"{root}\\system32\\".casefold())


def _services(host: Host, root: str, gaps: list[Gap]) -> Iterator[Service]:
    running: set[str] | None = None
    try:
        names = [row.name.casefold() for row in host.rows(RunningService)]
        running = {*names, *(_SUFFIX.sub("", name) for name in names)}
    except HostError as error:
        gaps.append(Gap(what="which services run", outcome=outcome_of(error)))
    try:
        keys = host.rows(RegistryBranch, SERVICES)
    except HostError as error:
        gaps.append(Gap(what="services", outcome=outcome_of(error)))
        return
    closed = broken = 0
    for key in keys:
        if key.problem:
            closed += key.problem == "not_permitted"
            broken += key.problem == "broken"
            continue
        try:
            service = parse_service(key, running, root)
        except HostError:
            broken += 1
            continue
        if service is not None:
            yield service
    if closed:
        gaps.append(Gap(what="services", outcome="not_permitted", count=bucket(closed)))
    if broken:
        gaps.append(Gap(what="services", outcome="broken", count=bucket(broken)))


def _tasks(host: Host, root: str, gaps: list[Gap]) -> Iterator[Service]:
    try:
        tasks = host.rows(ScheduledTask)
    except HostError as error:
        gaps.append(Gap(what="scheduled tasks", outcome=outcome_of(error)))
        return
    closed = sum(task.problem == "not_permitted" for task in tasks)
    broken = sum(task.problem == "broken" for task in tasks)
    for task in tasks:
        own = task.name.casefold().startswith("\\microsoft\\")
        for program in task.programs:
            path = program_path(f'"{program}"', root)
            # Windows has hundreds of its own, which start what lies in its own folder.
            if not (own and path.casefold().startswith(f"{root.casefold()}\\")):
                yield Service(
                    name=tilde(task.name)[:MAX_NAME],
                    kind="task",
                    path=short(tilde(path)),
                    enabled=task.enabled,
                    run_by="system" if task.system else "user",
                )
    if closed:
        gaps.append(Gap(what="scheduled tasks", outcome="not_permitted", count=bucket(closed)))
    if broken:
        gaps.append(Gap(what="scheduled tasks", outcome="broken", count=bucket(broken)))


def _run_keys(host: Host, hives: InHives, root: str, gaps: list[Gap]) -> Iterator[Service]:
    off: set[str] = set()
    for part in ("Run", "Run32"):
        with suppress(HostError, IndexError):
            off |= parse_approved(host.rows(RegistryKey, rf"HKLM\{APPROVED}\{part}")[0])
    users_off: set[str] = set()
    for key in hives.key(rf"{APPROVED}\Run"):
        users_off |= parse_approved(key)
    for view in _VIEWS:
        for once in ("", "Once"):
            try:
                keys = host.rows(RegistryKey, rf"HKLM\{view}\{_RUN}{once}")
            except Missing:
                keys = []
            except HostError as error:
                keys = []
                gaps.append(Gap(what=f"programs of the Run{once} key", outcome=outcome_of(error)))
            for key in keys:
                yield from _started(key, off, "system", root)
            for key in hives.key(rf"{view}\{_RUN}{once}"):
                yield from _started(key, users_off, "user", root)


def _started(key: RegistryKey, off: set[str], run_by: str, root: str) -> Iterator[Service]:
    for name, command in key.texts.items():
        path = program_path(command, root)
        if path:
            yield Service(
                name=name[:MAX_NAME] or "(default)",
                kind="run",
                path=short(tilde(path)),
                enabled=name.casefold() not in off,
                run_by=run_by,
            )


def _startup(host: Host, who: Users, gaps: list[Gap]) -> Iterator[Service]:
    folders = [(rf"{PROGRAM_DATA}\{STARTUP}", "system")]
    folders += [(rf"{home}\AppData\Roaming\{STARTUP}", "user") for home in who.homes]
    closed = 0
    for folder, run_by in folders:
        try:
            names = host.names(folder)
        except Missing:
            continue
        except HostError as error:
            closed += isinstance(error, NotPermitted)
            continue
        for name in names[:MAX_STARTUP]:
            if name.casefold() != "desktop.ini":
                path = short(tilde(rf"{folder}\{name}"))
                yield Service(name=name[:MAX_NAME], kind="startup", path=path, enabled=True, run_by=run_by)
    if closed:
        gaps.append(Gap(what="Startup folders of other users", outcome="not_permitted", count=bucket(closed)))


def _system_root(host: Host) -> str:
    try:
        return host.rows(RegistryKey, VERSION)[0].text("SystemRoot") or r"C:\Windows"
    except (HostError, IndexError):
        return r"C:\Windows"
