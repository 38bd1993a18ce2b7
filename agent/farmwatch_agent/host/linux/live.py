"""`LinuxHost`: this machine."""

import os
import sys
import time
from collections.abc import Collection
from typing import ClassVar

from ..files import READ_FLAGS, error_of, fail, read_descriptor
from ..posix import PosixHost
from ..process_facts import argument_flags, descriptors
from ..protocol import HostError, Missing, NotPermitted, NotSupported

#: Nobody outside host/ reads these of a process; the kernel's own arguments are nobody's secret.
SECRET_FILES = ("/cmdline", "/environ")
KERNEL_ARGUMENTS = "/proc/cmdline"
#: New with each boot: proc_sys_kernel(5), random/boot_id.
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class LinuxHost(PosixHost):
    """This machine, read with the agent's own rights. Every verb raises only HostError's children."""

    platform = "linux"
    #: Filesystem Hierarchy Standard 3.0.
    system_trees: ClassVar[tuple[str, ...]] = (
        *("/proc/", "/sys/", "/etc/", "/usr/", "/lib/", "/lib64/", "/bin/", "/sbin/", "/boot/", "/opt/", "/snap/"),
        *("/var/lib/", "/var/log/", "/var/run/", "/run/"),
    )
    user_trees: ClassVar[tuple[str, ...]] = ("/run/user/", "/var/run/user/")

    def __init__(self) -> None:
        #: Executables as `link_each` just read them, for the `argument_flags` that follows; used once.
        self._links: dict[str, str | HostError] = {}

    def refuse_secrets(self, path: str) -> None:
        if path.endswith(SECRET_FILES) and "/proc/" in path and path != KERNEL_ARGUMENTS:
            raise NotPermitted(f"{path}: arguments and environments stay here; ask for argument_flags")

    def boot_id(self) -> str:
        return self.text(BOOT_ID)

    def read_each(self, folder: str, file: str, limit: int = 1 << 16) -> dict[str, bytes | HostError]:
        if f"/{file}".endswith(SECRET_FILES):
            raise NotPermitted(f"{folder}/*/{file}: arguments and environments stay here; ask for argument_flags")
        found: dict[str, bytes | HostError] = {}
        for name in self._numbers(folder):
            path = f"{folder}/{name}/{file}"
            try:
                found[name] = read_descriptor(os.open(path, READ_FLAGS), path, limit)
            except Missing:
                continue
            except HostError as error:
                found[name] = error
            except OSError as error:
                problem = error_of(error, path)
                if not isinstance(problem, Missing):
                    found[name] = problem
        return found

    def link_each(self, folder: str, file: str) -> dict[str, str | HostError]:
        found: dict[str, str | HostError] = {}
        for name in self._numbers(folder):
            path = f"{folder}/{name}/{file}"
            try:
                found[name] = os.readlink(path)
            except OSError as error:
                problem = error_of(error, path)
                if not isinstance(problem, Missing):
                    found[name] = problem
        if (folder, file) == ("/proc", "exe"):
            self._links = found
        return found

    def argument_flags(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        links, self._links = self._links, {}
        return argument_flags("/proc", processes, links)

    def descriptors(self, processes: Collection[str] = ()) -> dict[str, tuple[str, ...] | HostError]:
        return descriptors("/proc", processes)

    def uptime(self) -> float:
        if sys.platform != "linux":
            raise NotSupported("time since boot is read on Linux only")
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def _numbers(self, folder: str) -> list[str]:
        try:
            return [name for name in os.listdir(folder) if name.isdigit()]
        except (OSError, ValueError) as error:
            fail(error, folder)
