"""Builds file trees in the kernel's and the distributions' documented layout, to be read as if they were `/`."""

import os
from pathlib import Path

import msgspec

from farmwatch_agent import runner
from farmwatch_agent.health import Health
from farmwatch_agent.host import Host
from farmwatch_agent.host.root import RootHost
from farmwatch_agent.limits import Limit
from farmwatch_schema.codec import decode_items
from farmwatch_schema.identifiers import Identifier, Keyer
from farmwatch_schema.observables import Observable
from farmwatch_schema.report import Section

KEYER = Keyer(b"a company's key for tests only..", "testkey0")
#: 22 November 2026, 12:00 UTC.
NOW = 1_795_348_800.0
BOOTED = 1_795_305_600
PATIENT = Limit(wall_seconds=600, cpu_seconds=600)

#: proc_pid_stat(5): state, ppid ... flags is the 7th after the name, starttime the 20th.
STAT = "{pid} ({name}) {state} 1 1 1 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 1 0 {start} 1000000 100 18446744073709551615"


class Tree:
    """A file tree below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def file(self, path: str, content: str | bytes = "", mode: int = 0o644) -> Path:
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))
        place.chmod(mode)
        return place

    def folder(self, path: str, mode: int = 0o755) -> None:
        place = self.root / path.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(mode)

    def link(self, path: str, target: str) -> None:
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target, place)

    def process(
        self,
        pid: int,
        name: str,
        executable: str | None,
        *,
        uid: int = 0,
        arguments: tuple[str, ...] = (),
        open_files: tuple[str, ...] = (),
        start: int = 100,
        flags: int = 0,
        state: str = "S",
    ) -> None:
        """Adds a process; its executable is made when it is not there yet."""
        folder = f"/proc/{pid}"
        self.file(f"{folder}/stat", STAT.format(pid=pid, name=name, state=state, flags=flags, start=start) + "\n")
        self.file(f"{folder}/status", f"Name:\t{name}\nState:\t{state}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
        self.file(f"{folder}/cmdline", "".join(f"{word}\0" for word in arguments))
        self.folder(f"{folder}/fd")
        for number, target in enumerate(open_files):
            self.link(f"{folder}/fd/{number}", target)
        if executable is not None:
            self.link(f"{folder}/exe", executable)
            if not executable.endswith(" (deleted)") and not (self.root / executable.lstrip("/")).exists():
                self.file(executable, f"program {executable}", 0o755)

    def sockets(self, table: str, *lines: str) -> None:
        """Adds a table of /proc/net with the kernel's heading."""
        heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
        self.file(f"/proc/net/{table}", "\n".join((heading, *lines)) + "\n")

    def host(self, euid: int = 0) -> RootHost:
        return RootHost(str(self.root), euid=euid, now=NOW)


def socket_line(local: str, remote: str, state: str, inode: int, uid: int = 0) -> str:
    """Returns a line of /proc/net/tcp or udp as Documentation/networking/proc_net_tcp.rst has it."""
    return (
        f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000  {uid:4d}        0 {inode} "
        "1 0000000000000000 100 0 0 10 0"
    )


def section(host: Host, kind: str) -> Section:
    """Returns a probe's section, made by the runner, however busy the machine is."""
    return runner.run(host, KEYER, Health(), [kind], PATIENT)[0]


def look(host: Host, kind: str) -> list[Observable]:
    """Returns what a probe's section holds, through the wire and back."""
    made = section(host, kind)
    return [] if made.items is msgspec.UNSET else decode_items(kind, made.items)


def keyed(kind: str, text: str) -> Identifier:
    return KEYER.key(kind, text)
