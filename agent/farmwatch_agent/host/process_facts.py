"""What may be told of every process's arguments and open descriptors, reduced where it is read.

Both functions take the folder that stands for /proc, so that the live host and the root form share them.
"""

import os
from collections.abc import Collection

from .argument_flags import flags_of
from .files import READ_FLAGS, error_of, fail, read_descriptor
from .protocol import HostError, Missing

#: Descriptors worth telling: sockets by number, and devices that make or see input, pictures or sound. Names of files
#: stay here.
TOLD = ("socket:[", "/dev/uinput", "/dev/uhid", "/dev/hidraw", "/dev/video", "/dev/snd/pcm")

#: The kernel gives at most one page for the environment of a title; 16 KiB of arguments hold every listed word.
ARGUMENT_LIMIT = 1 << 14


def argument_flags(proc: str, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
    """Returns the argument flags of every process that has any, by its number; an error where it cannot be read."""
    found: dict[str, tuple[str, ...] | HostError] = {}
    for name in processes or _numbers(proc):
        path = f"{proc}/{name}/cmdline"
        try:
            flags = flags_of(
                read_descriptor(os.open(path, READ_FLAGS), path, ARGUMENT_LIMIT), _target(f"{proc}/{name}/exe")
            )
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
        folder = f"{proc}/{name}/fd/"
        try:
            numbers = os.listdir(folder)
        except OSError as error:
            problem = error_of(error, folder)
            if not isinstance(problem, Missing):
                found[name] = problem
            continue
        told: set[str] = set()
        refused: HostError | None = None
        for number in numbers:
            try:
                target = os.readlink(folder + number)
            except OSError as error:
                problem = error_of(error, folder + number)
                if not isinstance(problem, Missing):
                    refused = problem
                    break
                continue
            if target.startswith(TOLD):
                told.add(target)
        found[name] = refused if refused is not None else tuple(sorted(told))
    return found


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
