"""What may be told of every process's arguments and open descriptors, reduced where it is read.

Both functions take the folder that stands for /proc, so that the live host and the root form share them.
"""

import os
from collections.abc import Collection, Mapping

from .argument_flags import flags_of
from .files import FOLDER_FLAGS, READ_FLAGS, error_of, fail, read_descriptor
from .protocol import HostError, Missing

#: Descriptors worth telling: sockets by number, and devices that make or see input, pictures or sound. Names of files
#: stay here.
TOLD = ("socket:[", "/dev/uinput", "/dev/uhid", "/dev/hidraw", "/dev/video", "/dev/snd/pcm")

#: The kernel gives at most one page for the environment of a title; 16 KiB of arguments hold every listed word.
ARGUMENT_LIMIT = 1 << 14


def argument_flags(
    proc: str, processes: Collection[str] = (), executables: Mapping[str, str | HostError] | None = None
) -> dict[str, tuple[str, ...] | HostError]:
    """Returns the argument flags of every process that has any, by its number; an error where it cannot be read.

    executables  links of executables that were read a moment ago, which need not be read again
    """
    links = executables or {}
    found: dict[str, tuple[str, ...] | HostError] = {}
    for name in processes or _numbers(proc):
        path = f"{proc}/{name}/cmdline"
        try:
            line = read_descriptor(os.open(path, READ_FLAGS), path, ARGUMENT_LIMIT)
            link = links.get(name) or _target(f"{proc}/{name}/exe")
            flags = flags_of(line, link if isinstance(link, str) else "")
        except Missing:
            continue
        except HostError as error:
            found[name] = error
        except OSError as error:
            problem = error_of(error, path)
            if not isinstance(problem, Missing):
                found[name] = problem
        else:
            if flags:
                found[name] = flags
    return found


def descriptors(proc: str, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
    """Returns the sorted, distinct descriptors of `TOLD` that each process holds; an error where it cannot be read."""
    found: dict[str, tuple[str, ...] | HostError] = {}
    for name in processes or _numbers(proc):
        folder = f"{proc}/{name}/fd"
        try:
            # Links are read from the open folder: the way to it is long, and a browser holds hundreds.
            opened = os.open(folder, FOLDER_FLAGS)
        except OSError as error:
            problem = error_of(error, folder)
            if not isinstance(problem, Missing):
                found[name] = problem
            continue
        try:
            found[name] = _told(opened, folder)
        except HostError as error:
            if not isinstance(error, Missing):
                found[name] = error
        finally:
            os.close(opened)
    return found


def _told(opened: int, folder: str) -> tuple[str, ...]:
    """Returns what one process holds of `TOLD`; Missing when it ended, and what refuses a link."""
    try:
        numbers = os.listdir(opened)
    except OSError as error:
        fail(error, folder)
    told: set[str] = set()
    for number in numbers:
        try:
            target = os.readlink(number, dir_fd=opened)
        except OSError as error:
            problem = error_of(error, f"{folder}/{number}")
            if not isinstance(problem, Missing):
                raise problem from None
            continue
        if target.startswith(TOLD):
            told.add(target)
    return tuple(sorted(told))


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _numbers(folder: str) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name.isdigit()]
    except OSError as error:
        fail(error, folder)
