"""Network namespaces with addresses, and programs in them. All of it ends with its maker.

A namespace is named fwlab-PID-LAB-NAME after the process that made it; one whose maker is gone is taken away by
the next lab. Programs are children that the kernel ends when their maker dies.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
NAMESPACES = Path("/run/netns")
DEVICE = "lab0"
INSIDE = Path(__file__).with_name("inside.sh")
NEEDED = ("ip", "unshare", "nsenter", "setpriv", "mount")


def missing() -> str:
    """Returns why there can be no lab here; "" when there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux, for namespaces and tun devices"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun here"
    absent = [name for name in NEEDED if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def ip(*words: str) -> None:
    """Runs one ip command; raises LabError with what it said."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise LabError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def ip_batch(namespace: str, commands: Iterable[str]) -> None:
    """Runs ip commands in a namespace, in one process."""
    done = subprocess.run(
        ["ip", "-n", namespace, "-batch", "-"], input="\n".join(commands), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LabError(f"ip -n {namespace}: {done.stderr.strip()}")


class LabError(Exception):
    """The lab cannot be built or a program in it ended."""


def sweep() -> list[str]:
    """Takes away namespaces and folders whose makers are gone; returns the namespaces' names."""
    gone = []
    for path in (*NAMESPACES.glob("fwlab-*"), *Path(tempfile.gettempdir()).glob("fwlab-*")):
        found = re.match(r"fwlab-(\d+)-", path.name)
        if not found or Path(f"/proc/{found[1]}").exists():
            continue
        if path.parent != NAMESPACES:
            shutil.rmtree(path, ignore_errors=True)
            continue
        with suppress(LabError):
            ip("netns", "del", path.name)
            gone.append(path.name)
    return gone


class Site:
    """A namespace. Its way out is the tun device that the router opens in it.

    name       short, unique in its lab; `lab` tells the labs of one process apart
    addresses  address -> spot; the first IPv4 and the first IPv6 one are where its own connections come from
    hosts      file of the names that programs here know; None for the machine's own
    card       what /sys tells programs here of the way out: `ethernet`, `wifi`; "" for the truth, a tun device
    """

    def __init__(
        self,
        name: str,
        addresses: Mapping[str, str],
        hosts: Path | None = None,
        gateways: tuple[str, ...] = (),
        lab: int = 0,
    ) -> None:
        self.name = name
        self.addresses = dict(addresses)
        self.hosts = hosts
        self.gateways = gateways
        self.namespace = f"fwlab-{os.getpid()}-{lab}-{name}"
        self.programs: list[subprocess.Popen[bytes]] = []
        self.card = ""
        self._made = False

    @property
    def file(self) -> str:
        return str(NAMESPACES / self.namespace)

    def address(self, version: int = 4) -> str:
        """Returns its first address of an IP version."""
        return next(it for it in self.addresses if (":" in it) == (version == 6))

    def make(self) -> None:
        ip("netns", "add", self.namespace)
        self._made = True
        ip_batch(self.namespace, ["link set lo up"])

    def connect(self, mtu: int = 1500) -> None:
        """Gives the device its addresses and routes, once the router has opened it."""
        commands = [f"link set {DEVICE} mtu {mtu} up"]
        commands += [f"addr add {it}/{'128 nodad' if ':' in it else '32'} dev {DEVICE}" for it in self.addresses]
        for gateway in self.gateways:
            version = "-6 " if ":" in gateway else ""
            if any((":" in it) == (":" in gateway) for it in self.addresses):
                source = self.address(6 if version else 4)
                commands.append(f"route add {gateway} dev {DEVICE} src {source}")
                commands.append(f"route add default via {gateway} dev {DEVICE} src {source}")
        ip_batch(self.namespace, commands)

    def allow_pings(self) -> None:
        """Lets every account here send echoes, as most distributions do."""
        self.set("net.ipv4.ping_group_range=0 2147483647")

    def set(self, *settings: str) -> None:
        """Sets kernel settings of this namespace: "net.ipv4.ip_forward=1"."""
        done = subprocess.run(
            ["nsenter", f"--net={self.file}", "sysctl", "-qw", *settings], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise LabError(f"{self.name}: {done.stderr.strip()}")

    def command(self, *words: str) -> list[str]:
        """Returns the command that runs `words` in this place, with the lab's names and nobody's name server."""
        inside = ["setpriv", "--pdeathsig", "KILL", *words]
        if self.hosts is not None:
            folder = self.hosts.parent
            inside = ["unshare", "--mount", "sh", str(INSIDE), str(folder), DEVICE, self.card or "-", *inside]
        return ["nsenter", f"--net={self.file}", *inside]

    def run(
        self, *words: str, timeout: float = 60, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program here to its end."""
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, check=False, timeout=timeout,
            stdin=subprocess.DEVNULL, env=environment(env),
        )  # fmt: skip

    def start(
        self,
        *words: str,
        stdout: int | IO[Any] = subprocess.PIPE,
        stderr: int | IO[Any] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> "subprocess.Popen[bytes]":
        """Starts a program here; it ends with the site at the latest."""
        program = subprocess.Popen(
            self.command(*words), stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, env=environment(env)
        )
        self.programs.append(program)
        return program

    def close(self) -> None:
        for program in self.programs:
            end(program)
        if self._made:
            with suppress(LabError):
                ip("netns", "del", self.namespace)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns what programs of the lab get to know of this process."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ours = (ROOT, *(ROOT / name for name in ("schema", "agent", "detectors", "collector")))
    return {**kept, "PYTHONPATH": os.pathsep.join(map(str, ours)), **(more or {})}


def end(program: "subprocess.Popen[Any]") -> None:
    """Ends a child of this process and closes its pipes."""
    if program.poll() is None:
        program.terminate()
        try:
            program.wait(3)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
    for pipe in (program.stdin, program.stdout, program.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def line_of(program: "subprocess.Popen[bytes]", what: str) -> Any:
    """Returns the next line that a program printed, as JSON; raises LabError when it ended instead."""
    assert program.stdout is not None
    line = program.stdout.readline()
    if not line:
        raise LabError(f"{what}: ended with {program.wait()} and said nothing; see its messages above")
    return json.loads(line)


def closing(stack: ExitStack, site: Site) -> Site:
    """Returns a site that is made, and will be taken away with the stack."""
    stack.callback(site.close)
    site.make()
    return site
