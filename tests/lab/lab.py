"""The lab: sites, landmarks, one router, and what stands between. A context manager; nothing is left behind."""

import itertools
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from .geography import HOSTING, Access, Spot, path_ms
from .router import Divert, Done, Leg, Port, Task
from .sites import LabError, Site, closing, end, environment, ip_batch, line_of, missing, sweep
from .tunnel import tunnel

#: Whose gateway it is makes no difference: each site reaches its own at these.
GATEWAYS = ("192.0.2.1", "2001:db8:ff::1")
WORLD = "world"
#: TCP segment and packet that WireGuard leaves on a line of 1,500 bytes.
TUNNEL_MSS = 1_380
_numbers = itertools.count(1)
_tunnels = itertools.count(1)


@dataclass(frozen=True)
class Mark:
    """A landmark: `host` leads to both of its addresses."""

    spot: Spot
    host: str
    addresses: tuple[str, str]


@dataclass
class Member:
    """A site and how it is reached.

    via     a box in front of it sends all through a tunnel whose exit is there (a travel router); the site knows not
    extra   added to what it sends to a spot, ms
    extra_tcp  the same for TCP alone
    mtu, mss   limits of its line, bytes
    """

    site: Site
    spot: Spot
    access: Access
    via: Spot | None = None
    extra: Mapping[str, float] | None = None
    extra_tcp: Mapping[str, float] | None = None
    mtu: int = 0
    mss: int = 0


class Lab:
    """Declare sites and landmarks, then enter it.

    seed  of ways, jitter and loss: the same seed makes the same lab, apart from the machine's own noise
    ipv6  whether names lead to IPv6 addresses, too: a round then takes twice as long
    """

    def __init__(self, seed: int = 0, *, ipv6: bool = True) -> None:
        self.seed = seed
        self.ipv6 = ipv6
        self.number = next(_numbers)
        self.members: dict[str, Member] = {}
        self.marks: dict[str, Mark] = {}
        self.hosts: dict[str, list[str]] = {}
        self.diverts: list[Divert] = []
        self.set_ms: dict[frozenset[str], float] = {}
        self.inner: dict[str, str] = {}
        self.folder = Path(tempfile.gettempdir()) / f"fwlab-{os.getpid()}-{self.number}-{secrets.token_hex(4)}"
        self._stack = ExitStack()
        self._router: subprocess.Popen[bytes] | None = None
        self._networks: dict[str, int] = {}

    # What there is.

    def landmark(self, name: str, spot: Spot, host: str = "") -> Mark:
        """Adds a landmark, a TCP listener at a hosting site; `host` is its name, NAME.example.com when ""."""
        number = self._next("landmark")
        addresses = (f"198.51.100.{number}", f"2001:db8:1::{number:x}")
        mark = self.marks[name] = Mark(spot, host or f"{name}.example.com", addresses)
        self.hosts[mark.host] = list(addresses)
        return mark

    def laptop(self, name: str, spot: Spot, access: Access, **more: object) -> Member:
        """Adds a site with a laptop in it."""
        number = self._next("laptop") + 1
        member = self._member(name, spot, access, (f"192.0.2.{number}", f"2001:db8:2::{number:x}"), **more)
        member.site.card = "wifi" if access.kind == "wifi" else "ethernet"
        return member

    def server(self, name: str, spot: Spot, access: Access = HOSTING, host: str = "") -> Member:
        """Adds a site for a server: a collector, an exit of a tunnel."""
        number = self._next("server")
        addresses = (f"203.0.113.{number}", f"2001:db8:3::{number:x}")
        if host:
            self.hosts[host] = list(addresses)
        return self._member(name, spot, access, addresses)

    def ms(self, one: str, other: str) -> float:
        """Returns the round-trip time between two spots that the lab sets, without jitter and without extras."""
        fixed = self.set_ms.get(frozenset((one, other)))
        if fixed is not None:
            return fixed
        ends = [self._reached(it) for it in (one, other)]
        for (spot, _, via), (far, _, _) in (ends, ends[::-1]):
            if via is not None and far.name != via.name:
                return path_ms(spot, via, self.seed) + path_ms(via, far, self.seed) + ends[0][1] + ends[1][1]
        return path_ms(ends[0][0], ends[1][0], self.seed) + ends[0][1] + ends[1][1]

    def mimic(self, laptop: str, claim: Spot, only: Collection[str] | None = None) -> dict[str, float]:
        """Returns what a box must add to each landmark to look as if the laptop stood at the claim; never below 0."""
        member = self.members[laptop]
        return {
            mark.spot.name: max(
                0.0,
                path_ms(claim, mark.spot, self.seed)
                + member.access.added_ms
                - self.ms(member.spot.name, mark.spot.name),
            )
            for name, mark in self.marks.items()
            if only is None or name in only
        }

    def fix(self, one: str, other: str, milliseconds: float) -> None:
        """Sets a round-trip time between two spots by hand."""
        self.set_ms[frozenset((one, other))] = milliseconds

    # At work.

    def __enter__(self) -> Self:
        try:
            self._enter()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def tunnel(self, start: str, end_at: str, routes: Iterable[str] = ("default",)) -> str:
        """Leads a laptop's traffic (all, or to some networks) through WireGuard to another site."""
        number = next(_tunnels)
        inner = (f"198.18.{number // 250}.{number % 250 + 1}", f"2001:db8:18::{number:x}")
        far = self.members[end_at]
        self.tell(Task(addresses=dict.fromkeys(inner, far.spot.name)))
        return tunnel(self.members[start].site, far.site, inner, routes, number)

    def middlebox(
        self, laptop: str, near: str, far: str, *, only: Collection[str] = (), ports: Collection[int] = (443,)
    ) -> None:
        """Lets the server site `near` answer a laptop's connects; what is said goes on from `far`.

        only  spots of the landmarks it answers for; all when empty
        """
        box = self.members[near].site
        networks = ("198.51.100.0/24", "2001:db8:1::/64")
        # All of a network's addresses are this site's own (AnyIP): the kernel answers for each of them.
        ip_batch(box.namespace, [f"route add local {network} dev lo" for network in networks])
        program = box.start(
            sys.executable, "-m", "tests.lab.servers", "middlebox", self.members[far].site.file, *map(str, ports)
        )
        line_of(program, "the middlebox")
        marks = tuple(only or (mark.spot.name for mark in self.marks.values()))
        self.diverts.append(Divert(self.members[laptop].spot.name, self.members[near].spot.name, marks))
        self.tell(Task(diverts=tuple(self.diverts)))

    def refresh(self) -> None:
        """Gives the router the ways anew, after `extra`, `via` or a time was changed."""
        self.tell(Task(legs=tuple(self._legs())))

    def tell(self, task: Task) -> Done:
        """Gives the router a task and returns its answer."""
        router = self._router
        if router is None or router.stdin is None:
            raise LabError("the lab was not entered: use it in a with statement")
        router.stdin.write(msgspec.json.encode(task) + b"\n")
        router.stdin.flush()
        return msgspec.convert(line_of(router, "the router"), Done)

    # How it is built.

    def _next(self, kind: str) -> int:
        self._networks[kind] = self._networks.get(kind, 0) + 1
        if self._networks[kind] > 250:
            raise LabError(f"more than 250 of {kind}: the documentation networks are not larger")
        return self._networks[kind]

    def _member(self, name: str, spot: Spot, access: Access, addresses: tuple[str, ...], **more: object) -> Member:
        site = Site(name, dict.fromkeys(addresses, spot.name), self.folder / "hosts", GATEWAYS, self.number)
        member = self.members[name] = Member(site, spot, access, **more)  # type: ignore[arg-type]
        return member

    def _reached(self, name: str) -> tuple[Spot, float, Spot | None]:
        for member in self.members.values():
            if member.spot.name == name:
                return member.spot, member.access.added_ms, member.via
        return next(mark.spot for mark in self.marks.values() if mark.spot.name == name), 0.0, None

    def _enter(self) -> None:
        if reason := missing():
            raise LabError(reason)
        sweep()
        self.folder.mkdir(mode=0o700)
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        lines = [
            f"{address} {host}"
            for host, addresses in self.hosts.items()
            for address in addresses
            if self.ipv6 or ":" not in address
        ]
        (self.folder / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n" + "\n".join(lines) + "\n")
        # What inside.sh shows as the card's device and driver.
        (self.folder / "card").mkdir()
        (self.folder / "card" / "driver").symlink_to("/sys/bus/pci/drivers/r8169")
        (self.folder / "card" / "subsystem").symlink_to("/sys/bus/pci")
        # Names come from that file alone: there is no name server to wait for.
        (self.folder / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
        world = Site(
            WORLD,
            {it: mark.spot.name for mark in self.marks.values() for it in mark.addresses},
            None,
            GATEWAYS,
            self.number,
        )
        sites = {WORLD: world} if self.marks else {}
        sites |= {name: member.site for name, member in self.members.items()}
        for site in sites.values():
            closing(self._stack, site)
        self._start_router()
        self._connect(sites)
        if self.marks:
            program = world.start(sys.executable, "-m", "tests.lab.servers", "landmarks", *world.addresses)
            line_of(program, "the landmarks")

    def _start_router(self) -> None:
        self._router = subprocess.Popen(
            [sys.executable, "-m", "tests.lab.router"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(),
        )  # fmt: skip
        self._stack.callback(end, self._router)

    def _connect(self, sites: Mapping[str, Site]) -> None:
        spots = {member.spot.name: name for name, member in self.members.items()}
        spots |= {mark.spot.name: WORLD for mark in self.marks.values()}
        if len(spots) != len(self.members) + len(self.marks):
            raise LabError("two sites or landmarks have a spot of one name: give each its own")
        ports = tuple(
            Port(name, site.file, next(iter(site.addresses.values())), GATEWAYS) for name, site in sites.items()
        )
        addresses = {address: spot for site in sites.values() for address, spot in site.addresses.items()}
        self.tell(Task(ports, spots, addresses, tuple(self._legs()), seed=self.seed))
        for site in sites.values():
            site.connect()

    def _legs(self) -> Iterable[Leg]:
        members = list(self.members.values())
        for member in members:
            for mark in self.marks.values():
                yield from self._both(member, mark.spot, HOSTING)
            for other in members:
                if other is not member:
                    yield self._leg(member, other.spot, other.access, out=True)

    def _both(self, member: Member, spot: Spot, access: Access) -> Iterable[Leg]:
        yield self._leg(member, spot, access, out=True)
        yield self._leg(member, spot, access, out=False)

    def _leg(self, member: Member, spot: Spot, access: Access, *, out: bool) -> Leg:
        """Returns the way from a member to a spot, or back. Chance is added on the way out of a line alone."""
        names = (member.spot.name, spot.name)
        delay = self.ms(*names) / 2 + ((member.extra or {}).get(spot.name, 0.0) if out else 0.0)
        return Leg(
            *(names if out else names[::-1]),
            delay_ms=delay,
            jitter_ms=member.access.jitter_ms if out else access.jitter_ms,
            tcp_ms=(member.extra_tcp or {}).get(spot.name, 0.0) if out else 0.0,
            loss=member.access.loss + access.loss,
            hops=4 + int(delay / 8) % 20,
            mtu=member.mtu,
            mss=TUNNEL_MSS if member.via else member.mss,
        )
