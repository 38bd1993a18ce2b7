"""A WireGuard tunnel between two sites: wireguard-go in both, set up over its own control socket.

The kernel here has no WireGuard, and `wg` need not be installed: the socket's protocol is that of
https://www.wireguard.com/xplatform/ ("set=1", keys in hex).
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from nacl.public import PrivateKey

from .sites import DEVICE, LabError, Site, ip_batch

SOCKETS = Path("/var/run/wireguard")
PORT = 51_820
#: What an IPv6 packet of 1,500 bytes leaves after outer headers: WireGuard's usual.
MTU = 1_420


def missing() -> str:
    """Returns why there can be no tunnel here; "" when there can."""
    return "" if shutil.which("wireguard-go") else "wireguard-go is not installed"


def _device(site: Site, name: str) -> None:
    """Starts a tunnel's device in a site."""
    program = site.start(
        "wireguard-go", "--foreground", name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"LOG_LEVEL": "silent", "WG_PROCESS_FOREGROUND": "1"},
    )  # fmt: skip
    place = SOCKETS / f"{name}.sock"
    deadline = time.monotonic() + 10
    while not place.exists():
        if program.poll() is not None or time.monotonic() > deadline:
            raise LabError(f"wireguard-go for {site.name}: did not come up")
        time.sleep(0.01)


def _set(name: str, lines: Iterable[str]) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        line.connect(str(SOCKETS / f"{name}.sock"))
        line.sendall("\n".join(["set=1", *lines, "", ""]).encode())
        answer = line.recv(4096).decode()
    if "errno=0" not in answer:
        raise LabError(f"wireguard-go, {name}: {answer.strip()}")


def tunnel(start: Site, end: Site, inner: tuple[str, str], routes: Iterable[str], number: int) -> str:
    """Leads `routes` of one site through a tunnel to another; returns the tunnel's device in the first.

    inner   IPv4 and IPv6 address inside; whoever is beyond the exit sees these
    routes  destinations: "default" for all, else networks
    number  unique in this process
    """
    names = [f"fwg{start.namespace.split('-')[1]}x{number}{side}" for side in "ab"]
    keys = [PrivateKey.generate() for _ in names]
    port = PORT + number
    for site, name in zip((start, end), names, strict=True):
        _device(site, name)
    allowed = [f"allowed_ip={it}/{128 if ':' in it else 32}" for it in inner]
    _set(names[0], [
        f"private_key={bytes(keys[0]).hex()}", f"public_key={bytes(keys[1].public_key).hex()}",
        f"endpoint={end.address()}:{port}", "allowed_ip=0.0.0.0/0", "allowed_ip=::/0",
    ])  # fmt: skip
    _set(names[1], [
        f"private_key={bytes(keys[1]).hex()}", f"listen_port={port}",
        f"public_key={bytes(keys[0].public_key).hex()}", *allowed,
    ])  # fmt: skip
    ip_batch(end.namespace, [f"link set {names[1]} mtu {MTU} up", *(f"route add {it} dev {names[1]}" for it in inner)])
    commands = [f"link set {names[0]} mtu {MTU} up"]
    commands += [f"addr add {it}/{'128 nodad' if ':' in it else '32'} dev {names[0]}" for it in inner]
    # The tunnel's own packets go the plain way.
    commands.append(f"route replace {end.address()} via {start.gateways[0]} dev {DEVICE} src {start.address()}")
    for route in routes:
        for address in inner:
            if route == "default" or (":" in route) == (":" in address):
                commands.append(f"route replace {route} dev {names[0]} src {address}")
    ip_batch(start.namespace, commands)
    end.set("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    return names[0]
