"""A router that takes as long as the way does: `python -m tests.lab.router`, a process of its own.

Opens one tun device in each site's namespace, reads the packets that leave there, holds each for the time of its way
and writes it to the tun device of the site that it is for. Of two packets of one way the earlier arrives first. What
waits is bounded (`MAX_WAITING`); what does not fit is dropped and counted, as in a real router.

Talks JSON, one line each: a `Task` on standard input, a `Done` on standard output. The end of the input ends it, and
with it every tun device.
"""

import ctypes
import fcntl
import gc
import heapq
import math
import os
import random
import select
import struct
import time
from collections import Counter
from contextlib import suppress
from ipaddress import ip_address

import msgspec

from . import packets

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN_NO_PI = 0x0001 | 0x1000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG, PR_SET_TIMERSLACK = 1, 29
MAX_WAITING = 20_000
#: Packets read from one device before others have their turn.
AT_ONCE = 64
BIGGEST = 65_535
#: 0.90 quantile of the standard normal distribution.
NORMAL_90 = 1.2816


class Port(msgspec.Struct, frozen=True):
    """A site's tun device.

    namespace   file of the network namespace
    spot        whose way a packet takes that has an address from elsewhere
    gateway_ms  round-trip time to the site's own gateway, which answers pings and resets connects
    """

    name: str
    namespace: str
    spot: str
    gateway: tuple[str, ...] = ()
    gateway_ms: float = 0.5


class Leg(msgspec.Struct, frozen=True):
    """The way from one spot to another, one direction; times in ms.

    jitter_ms  median and 0.90 quantile of what chance adds: log-normal
    tcp_ms     added to TCP alone
    mtu, mss   limits in bytes; 0 for none
    """

    start: str
    end: str
    delay_ms: float
    jitter_ms: tuple[float, float] = (0.0, 0.0)
    tcp_ms: float = 0.0
    loss: float = 0.0
    hops: int = 10
    mtu: int = 0
    mss: int = 0


class Divert(msgspec.Struct, frozen=True):
    """TCP from a spot goes to another spot's site, whatever its address says; only what is for `only` when named."""

    start: str
    to: str
    only: tuple[str, ...] = ()


class Task(msgspec.Struct, frozen=True):
    """What to do; what is not named stays as it is.

    spots      spot -> port
    addresses  address -> spot
    seed       of jitter and loss
    """

    ports: tuple[Port, ...] = ()
    spots: dict[str, str] = {}
    addresses: dict[str, str] = {}
    legs: tuple[Leg, ...] = ()
    diverts: tuple[Divert, ...] | None = None
    seed: int | None = None


class Done(msgspec.Struct, frozen=True):
    """The answer to each task. `late_ms`: median and most by which packets left later than they should have."""

    counts: dict[str, int]
    late_ms: tuple[float, float] = (0.0, 0.0)
    real_time: bool = False


def tun_in(namespace: str, name: str) -> int:
    """Returns the file descriptor of a new tun device in a namespace; the caller's own namespace stays as it is."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", "rb") as home, open(namespace, "rb") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"{namespace}: cannot be entered")
        try:
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
        finally:
            if libc.setns(home.fileno(), CLONE_NEWNET):
                os._exit(70)  # in a namespace that is not its own nothing that follows would be right
    return device


class Router:
    """Forwards between its ports. Times are nanoseconds of the monotonic clock inside."""

    def __init__(self) -> None:
        self.devices: dict[str, int] = {}
        self.ports: dict[int, Port] = {}
        self.spots: dict[str, int] = {}
        self.addresses: dict[bytes, str] = {}
        self.gateways: set[bytes] = set()
        self.legs: dict[tuple[str, str], Leg] = {}
        self.diverts: dict[str, Divert] = {}
        self.waiting: list[tuple[int, int, int, bytes]] = []
        self.last: dict[tuple[str, str], int] = {}
        self.counts: Counter[str] = Counter()
        self.late: list[int] = []
        self.random = random.Random(0)
        self.number = 0
        self.real_time = False

    def take(self, task: Task) -> Done:
        """Does a task."""
        for port in task.ports:
            device = self.devices[port.name] = tun_in(port.namespace, "lab0")
            self.ports[device] = port
            self.gateways.update(ip_address(text).packed for text in port.gateway)
        self.spots.update({spot: self.devices[port] for spot, port in task.spots.items()})
        self.addresses.update({ip_address(text).packed: spot for text, spot in task.addresses.items()})
        self.legs.update({(leg.start, leg.end): leg for leg in task.legs})
        if task.diverts is not None:
            self.diverts = {it.start: it for it in task.diverts}
        if task.seed is not None:
            self.random.seed(task.seed)
        late = sorted(self.late) or [0]
        done = Done(dict(self.counts), (late[len(late) // 2] / 1e6, late[-1] / 1e6), self.real_time)
        self.late.clear()
        return done

    def run(self) -> None:
        """Works until standard input ends."""
        pending = b""
        while True:
            # select() counts in microseconds, poll() in milliseconds.
            readable, _, _ = select.select([0, *self.ports], (), (), self.seconds_left())
            for device in readable:
                if device == 0:
                    data = os.read(0, 1 << 20)
                    if not data:
                        return
                    *lines, pending = (pending + data).split(b"\n")
                    for line in lines:
                        done = self.take(msgspec.json.decode(line, type=Task))
                        os.write(1, msgspec.json.encode(done) + b"\n")
                else:
                    self.read(device)
            self.deliver()

    def seconds_left(self) -> float | None:
        if not self.waiting:
            return None
        return max(0, self.waiting[0][0] - time.monotonic_ns()) / 1e9

    def read(self, device: int) -> None:
        """Takes what a site sent."""
        for _ in range(AT_ONCE):
            try:
                packet = os.read(device, BIGGEST)
            except OSError:  # nothing left, or the device is not up yet
                return
            self.forward(self.ports[device], device, packet, time.monotonic_ns())

    def forward(self, port: Port, device: int, packet: bytes, now: int) -> None:
        """Puts a packet on its way, or drops it."""
        found = packets.ends(packet)
        if found is None:
            self.counts["not_ip"] += 1
            return
        source, destination, protocol = found
        if destination in self.gateways:
            answer = packets.gateway_answer(packet)
            if answer is not None:
                self.hold(now + int(port.gateway_ms * 1e6), device, answer)
            return
        start, end = self.addresses.get(source, ""), self.addresses.get(destination, "")
        if self.spots.get(start) != device:
            start = port.spot
        divert = self.diverts.get(start) if protocol == packets.TCP else None
        if divert is not None and end and (not divert.only or end in divert.only):
            end = divert.to
        leg = self.legs.get((start, end))
        if leg is None:
            # Neighbours' and routers' talk of IPv6 goes to addresses that are nobody's.
            self.counts["no_way"] += 1
            return
        self.send(leg, port, device, packet, protocol, now)

    def send(self, leg: Leg, port: Port, device: int, packet: bytes, protocol: int, now: int) -> None:
        if leg.loss and self.random.random() < leg.loss:
            self.counts["lost"] += 1
            return
        if leg.mtu and len(packet) > leg.mtu:
            version = 4 if packet[0] >> 4 == 4 else 6
            gateway = next((ip_address(it).packed for it in port.gateway if ip_address(it).version == version), None)
            said = packets.too_big(packet, gateway, leg.mtu) if gateway else None
            self.counts["too_big"] += 1
            if said is not None:
                self.hold(now + int(leg.delay_ms * 1e6), device, said)
            return
        if leg.mss and protocol == packets.TCP:
            packet = packets.clamped(packet, leg.mss)
        arrived = packets.travelled(packet, leg.hops)
        if arrived is None:
            self.counts["out_of_hops"] += 1
            return
        milliseconds = leg.delay_ms + self.jitter(leg) + (leg.tcp_ms if protocol == packets.TCP else 0.0)
        way = (leg.start, leg.end)
        due = self.last[way] = max(now + int(milliseconds * 1e6), self.last.get(way, 0))
        self.hold(due, self.spots[leg.end], arrived)

    def jitter(self, leg: Leg) -> float:
        """Returns a draw in ms; at most ten times the 0.90 quantile, as who waits longer has lost it."""
        median, high = leg.jitter_ms
        if median <= 0:
            return 0.0
        spread = math.log(high / median) / NORMAL_90
        return min(median * math.exp(spread * self.random.gauss(0, 1)), 10 * high)

    def hold(self, due: int, device: int, packet: bytes) -> None:
        if len(self.waiting) >= MAX_WAITING:
            self.counts["no_room"] += 1
            return
        self.number += 1
        heapq.heappush(self.waiting, (due, self.number, device, packet))

    def deliver(self) -> None:
        """Writes what is due."""
        while self.waiting and self.waiting[0][0] <= (now := time.monotonic_ns()):
            due, _, device, packet = heapq.heappop(self.waiting)
            try:
                os.write(device, packet)
            except OSError:
                self.counts["not_written"] += 1
                continue
            self.counts["delivered"] += 1
            if len(self.late) < MAX_WAITING:
                self.late.append(now - due)


def precise() -> bool:
    """Asks to be woken on time and to end with the parent; returns whether the system lets this go before others."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, 9)
    libc.prctl(PR_SET_TIMERSLACK, 1)
    gc.disable()
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        return True
    return False


def main() -> None:
    router = Router()
    router.real_time = precise()
    router.run()


if __name__ == "__main__":
    main()
