r"""Scheduled tasks, from their definitions below System32\Tasks. Arguments are left where they are.

Source: learn.microsoft.com, "Task Scheduler Schema": Task/Actions/Exec/Command, Task/Settings/Enabled,
Task/Principals/Principal/UserId. Any user may make a task, so the files are read as text with bounds and never as XML
that could name other files.
"""

import html
import os
import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from ..command_lines import windows_program
from ..protocol import HostError, Missing, NotPermitted, SourceBroken
from ..row import Row

_LIMIT = 1 << 17
_MAX_TASKS = 2_000
_MAX_DEPTH = 8
_TEXT = 1_024
_EXEC = re.compile(r"<Exec\b[^>]*>(.{0,65536}?)</Exec>", re.DOTALL)
_COMMAND = re.compile(r"<Command>([^<]{0,4096})</Command>")
_SETTINGS = re.compile(r"<Settings>(.{0,16384}?)</Settings>", re.DOTALL)
_PRINCIPAL = re.compile(r"<Principal\b[^>]*>(.{0,4096}?)</Principal>", re.DOTALL)
_USER = re.compile(r"<UserId>([^<]{0,256})</UserId>")
#: LocalSystem, LocalService, NetworkService by number and by name.
_SYSTEM = frozenset({"s-1-5-18", "s-1-5-19", "s-1-5-20", "system", "localservice", "networkservice"})


class ScheduledTask(Row, frozen=True, kw_only=True, omit_defaults=True):
    r"""A task with something to run.

    name      its path among the tasks: "\GoogleSystem\GoogleUpdater"
    programs  what it runs, in order, as written, without arguments; none for a task that calls a component
    enabled   starts by itself
    system    runs as the system
    problem   why its definition could not be read: `not_permitted` or `broken`; "" when it was
    """

    table: ClassVar[str] = "windows_scheduled_task"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    name: str
    programs: tuple[str, ...] = ()
    enabled: bool = True
    system: bool = False
    problem: str = ""

    @classmethod
    def live(cls, of: str) -> "list[ScheduledTask]":
        top = os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "Tasks")
        found: list[ScheduledTask] = []
        for path in _files(top):
            name = path[len(top) :].replace(os.sep, "\\")
            try:
                with open(path, "rb") as file:
                    data = file.read(_LIMIT)
                found.append(parse_task(name, data))
            except FileNotFoundError:
                continue
            except PermissionError:
                found.append(cls(name=name, problem="not_permitted"))
            except (OSError, HostError):
                found.append(cls(name=name, problem="broken"))
        return found

    def identifying(self) -> Iterable[str]:
        from ...paths import home_names  # noqa: PLC0415 (a capture alone asks)

        for program in self.programs:
            yield from home_names(program)


def parse_task(name: str, data: bytes) -> ScheduledTask:
    """Returns what a task's definition says; raises SourceBroken when it is none."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = data.decode(encoding, "replace")
    if "<Task" not in text:
        raise SourceBroken(f"{name}: is no definition of a task")
    programs = [
        # Some write arguments behind the program, too.
        windows_program(html.unescape(command[1]))[:_TEXT]
        for action in _EXEC.finditer(text)
        if (command := _COMMAND.search(action[1]))
    ]
    settings = _SETTINGS.search(text)
    principal = _PRINCIPAL.search(text)
    user = _USER.search(principal[1]) if principal else None
    account = user[1].strip().casefold().rpartition("\\")[2] if user else ""
    return ScheduledTask(
        name=name,
        programs=tuple(programs),
        enabled="<Enabled>false</Enabled>" not in (settings[1] if settings else ""),
        system=account in _SYSTEM,
    )


def _files(top: str) -> Iterator[str]:
    """Yields the files below a folder, links not followed."""
    folders = [(top, 0)]
    count = 0
    while folders:
        folder, depth = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except FileNotFoundError:
            if folder == top:
                raise Missing(f"{top}: is not there") from None
            continue
        except OSError:
            if folder == top:
                raise NotPermitted(f"{top}: may not be read") from None
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if depth < _MAX_DEPTH:
                    folders.append((entry.path, depth + 1))
            elif entry.is_file(follow_symlinks=False):
                count += 1
                if count > _MAX_TASKS:
                    return
                yield entry.path
