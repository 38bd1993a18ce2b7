"""A stage for test_live_remote.py: everything by which somebody far away may drive a Linux, for real, at once.

Run as root by `unshare --net --mount --pid --fork --kill-child --mount-proc`: network, mounts and processes are its
own, so that nothing on the machine is touched and all ends with it. Prints a JSON object: `missing` (programs that are
not installed here), `ports`, and `report`, what one `farmwatch-agent collect --json` printed.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

DISTINCT = 300
MARKER = "rendezvous-42"
KINDS = "host,processes,services,sockets,network,sessions,arp,agent"
PORTS = {"x11vnc": 5991, "Xtigervnc": 5992, "xrdp": 3391, "sshd": 2291, "reverse": 8291, "openvpn": 1194}
SNIFFER = """
import socket, time
line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
while True:
    line.recv(65535)
"""
ARP = """
import socket, time
sender = bytes.fromhex("0200000000aa")
line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
line.bind(("fw1", 0))
number, at = 0, time.monotonic()
while True:
    number += 1
    padding = (b"%s" + bytes([number %% 200 + 1])).ljust(18, b"\\0")
    fields = b"\\0\\x01\\x08\\0\\x06\\x04\\0\\x01" + sender + b"\\xc0\\0\\x02\\x05" + b"\\0" * 6 + b"\\xc0\\0\\x02\\x01"
    line.send(b"\\xff" * 6 + sender + b"\\x08\\x06" + fields + padding)
    at += 0.5
    time.sleep(max(0, at - time.monotonic()))
"""
AGENT = "import sys; from farmwatch_agent import cli; sys.exit(cli.main(sys.argv[1:]))"

held: list[socket.socket] = []
children: list["subprocess.Popen[bytes]"] = []


def run(*words: str) -> None:
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def start(*words: str) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children.append(child)
    return child


def wait_for(what: str, there: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not there():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: did not come up")
        time.sleep(0.1)


def connected(port: int) -> bool:
    """Connects and stays."""
    try:
        held.append(socket.create_connection(("127.0.0.1", port), timeout=2))
    except OSError:
        return False
    return True


def own_places() -> None:
    """Gives this stage its own /run, login records and displays."""
    run("mount", "--make-rprivate", "/")
    # What stands in /sys/class/net is what the network of whoever mounted it holds.
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    Path("/tmp/.X11-unix").mkdir(mode=0o1777, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/tmp/.X11-unix")
    Path("/run/utmp").touch()
    Path("/run/sshd").mkdir(mode=0o755)
    Path("/run/wtmp").touch()
    for record in ("/var/log/wtmp", "/var/log/lastlog", "/var/log/btmp"):
        if Path(record).exists():
            run("mount", "--bind", "/run/wtmp", record)


def wires() -> None:
    """A loopback and a veth pair with a default route."""
    for command in ("link set lo up", "link add fw0 type veth peer name fw1", "link set fw0 up", "link set fw1 up",
                    "addr add 192.0.2.2/24 dev fw0", "route add default via 192.0.2.1 dev fw0"):  # fmt: skip
        run("ip", *command.split())


def tunnels(top: Path) -> None:
    if shutil.which("openvpn"):
        run("openvpn", "--genkey", "secret", str(top / "key"))
        start("openvpn", "--dev", "tun0", "--ifconfig", "10.8.0.2", "10.8.0.1", "--secret", str(top / "key"), "--port",
              str(PORTS["openvpn"]), "--providers", "legacy", "default", "--cipher", "AES-256-CBC")  # fmt: skip
        wait_for("openvpn", lambda: Path("/sys/class/net/tun0").exists())
        wait_for("tun0", lambda: b"10.8.0.2" in subprocess.run(["ip", "addr"], capture_output=True, check=True).stdout)
        for half in ("0.0.0.0/1", "128.0.0.0/1"):
            run("ip", "route", "add", half, "via", "10.8.0.1", "dev", "tun0")
    if shutil.which("wireguard-go"):
        start("env", "WG_PROCESS_FOREGROUND=1", "wireguard-go", "--foreground", "wgfw0")
        wait_for("wireguard-go", lambda: Path("/sys/class/net/wgfw0").exists())
        run("ip", "link", "set", "wgfw0", "up")


def desktops(top: Path) -> None:
    """VNC and RDP servers, each with a client connected to it."""
    if shutil.which("Xvfb") and shutil.which("x11vnc"):
        start("Xvfb", ":91", "-screen", "0", "320x240x24", "-nolisten", "tcp", "-nolock")
        wait_for("Xvfb", lambda: Path("/tmp/.X11-unix/X91").exists())
        start("x11vnc", "-display", ":91", "-forever", "-nopw", "-rfbport", str(PORTS["x11vnc"]), "-q")
        wait_for("x11vnc", lambda: connected(PORTS["x11vnc"]))
    if shutil.which("Xtigervnc"):
        start("Xtigervnc", ":92", "-rfbport", str(PORTS["Xtigervnc"]), "-SecurityTypes", "None",
              "-geometry", "320x240", "-nolock")  # fmt: skip
        wait_for("Xtigervnc", lambda: connected(PORTS["Xtigervnc"]))
    if shutil.which("xrdp") and Path("/etc/xrdp/xrdp.ini").is_file():
        lines = [
            f"port=tcp://127.0.0.1:{PORTS['xrdp']}" if line.startswith("port=3389") else line
            for line in Path("/etc/xrdp/xrdp.ini").read_text(encoding="utf-8").splitlines()
        ]
        (top / "xrdp.ini").write_text("\n".join(lines) + "\n", encoding="utf-8")
        start("xrdp", "--nodaemon", "--config", str(top / "xrdp.ini"))
        wait_for("xrdp", lambda: connected(PORTS["xrdp"]))
        # A connection request of RDP (MS-RDPBCGR, 2.2.1.1), so that the server goes on to serve it.
        held[-1].sendall(bytes.fromhex("030000130ee000000000000100080000000000"))


def shells(top: Path) -> None:
    """A session over ssh from elsewhere, whose client forwards a port of this machine."""
    server = shutil.which("sshd")
    if server is None or shutil.which("ssh") is None:
        return
    for name in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(top / name))
    (top / "authorized").write_bytes((top / "user.pub").read_bytes())
    settings = top / "sshd_config"
    settings.write_text(
        f"Port {PORTS['sshd']}\nListenAddress 127.0.0.1\nHostKey {top}/host\nAuthorizedKeysFile {top}/authorized\n"
        "UsePAM no\nStrictModes no\nPermitRootLogin prohibit-password\nPidFile none\nPrintMotd no\n",
        encoding="utf-8",
    )
    start(server, "-D", "-f", str(settings))
    wait_for("sshd", lambda: connected(PORTS["sshd"]))
    held.pop().close()
    options = ("StrictHostKeyChecking=no", f"UserKnownHostsFile={top}/known")
    forward = f"127.0.0.1:{PORTS['reverse']}:127.0.0.1:22"
    start("ssh", "-F", "none", "-tt", "-i", str(top / "user"), "-p", str(PORTS["sshd"]), "-o", options[0],
          "-o", options[1], "-R", forward, "root@127.0.0.1", "sleep 600")  # fmt: skip
    wait_for("ssh -R", lambda: connected(PORTS["reverse"]))
    held.pop().close()


def programs(top: Path) -> None:
    """Many distinct programs that run: each differs from the others by its last bytes."""
    plain = Path(shutil.which("sleep") or "/bin/sleep").read_bytes()
    for number in range(DISTINCT):
        place = top / f"tool{number:03d}"
        place.write_bytes(plain + number.to_bytes(4, "big"))
        place.chmod(0o755)
        start(str(place), "600")
    start(sys.executable, "-c", SNIFFER)
    start(sys.executable, "-c", ARP % MARKER)


def main(top: Path) -> None:
    own_places()
    wires()
    tunnels(top)
    desktops(top)
    shells(top)
    programs(top)
    time.sleep(2)
    collected = subprocess.run(
        [sys.executable, "-c", AGENT, "collect", "--json", "--only", KINDS],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    wanted = ("openvpn", "wireguard-go", "Xvfb", "x11vnc", "Xtigervnc", "xrdp", "sshd", "ssh")
    sys.stdout.write(
        json.dumps(
            {
                "missing": [name for name in wanted if shutil.which(name) is None],
                "ended": [str(child.args) for child in children if child.poll() is not None],
                "code": collected.returncode,
                "said": collected.stderr.decode("utf-8", "replace"),
                "report": collected.stdout.decode("utf-8", "replace"),
            }
        )
    )
    sys.stdout.flush()
    # The first process of its namespace: whatever is left ends with it.
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
