"""`MacHost`: this Mac."""

import sys
import time
from collections.abc import Collection
from typing import ClassVar

from ..command import run
from ..posix import PosixHost
from ..process_list import argument_flags
from ..protocol import HostError, NotSupported, SourceBroken
from .commands import COMMANDS

#: A command that fails after so long is left alone for an hour. All commands of a probe share the probe's time.
SLOW_SECONDS = 1.0
REST_SECONDS = 3600.0


class MacHost(PosixHost):
    """This Mac, read with the agent's own rights. Every verb raises only HostError's children."""

    platform = "macos"
    #: Apple's file system layout (File System Programming Guide): below these only root, or the system itself, writes.
    #: /Library, /Applications and /usr/local belong to the group admin and are not among them.
    system_trees: ClassVar[tuple[str, ...]] = (
        *("/System/", "/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/", "/bin/", "/sbin/", "/etc/", "/dev/"),
        *("/private/etc/", "/private/var/db/", "/private/var/log/", "/private/var/run/", "/var/db/", "/var/log/"),
        "/var/run/",
    )

    def __init__(self) -> None:
        #: Until when a command is not asked again, by its name and argument.
        self._resting: dict[tuple[str, str], float] = {}

    def command(self, name: str, of: str = "") -> bytes:
        if name not in COMMANDS:
            raise SourceBroken(f"{name}: is no listed command")
        began = time.monotonic()
        if began < self._resting.get((name, of), 0.0):
            raise SourceBroken(f"{name}: was slow and then failed, so it is not asked for a while")
        try:
            return run(name, COMMANDS[name], of)
        except BaseException:
            # Also when the probe's own time was over: one that hangs each time would take its probe's section along.
            if time.monotonic() - began > SLOW_SECONDS:
                self._resting[name, of] = began + REST_SECONDS
            raise

    def boot_id(self) -> str:
        return self.command("boot_session").decode("ascii", "replace").strip()

    def read_each(self, folder: str, file: str, limit: int = 1 << 16) -> dict[str, bytes | HostError]:
        raise NotSupported(f"{folder}/*/{file}: macOS has no /proc")

    def link_each(self, folder: str, file: str) -> dict[str, str | HostError]:
        raise NotSupported(f"{folder}/*/{file}: macOS has no /proc")

    def argument_flags(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        return argument_flags(processes)

    def descriptors(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        raise NotSupported("open devices of processes cannot be listed on macOS")

    def uptime(self) -> float:
        if sys.platform != "darwin":
            raise NotSupported("this is no Mac")
        # Goes on while the Mac sleeps: clock_gettime(3), CLOCK_MONOTONIC_RAW against CLOCK_UPTIME_RAW.
        return time.clock_gettime(time.CLOCK_MONOTONIC_RAW)
