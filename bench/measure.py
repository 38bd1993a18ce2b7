"""What measuring round-trip times costs: CPU, bytes and connects of a day, and what a plain send pays for it.

    .venv/bin/python bench/measure.py [RUNS]

It begins itself anew in a network namespace of its own (`unshare`, as root), where addresses of the documentation
networks lie on loopback and stand for 15 landmarks: 13 with TLS, 2 that sign. Bytes are the kernel's count of that
loopback, connects to the machine itself taken off; on Ethernet each packet has the same 14 bytes of header. A day is
two rounds. Beside each other, interleaved: `send` with nothing to send while no round is due, and the same with
`latency` turned off. Figures stand in docs/cost.md.
"""

import json
import os
import resource
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from nacl.signing import SigningKey

from farmwatch_agent.identity import Identity, State, save_identity
from farmwatch_agent.rounds import Kept
from farmwatch_agent.spool import Spool
from farmwatch_schema import landmark
from farmwatch_schema.codec import encode
from farmwatch_schema.plan import Plan, Target

KEY = SigningKey(bytes(range(32)))
TLS = [(f"198.51.100.{at}", 443) for at in range(1, 8)] + [(f"2001:db8::{at}", 443) for at in range(1, 7)]
SIGNED = [("203.0.113.1", 4433), ("203.0.113.2", 4433)]
ROUNDS_A_DAY = 2
DEVICE = "d-0123456789abcdef"
#: SYN and its refusal on loopback: 60 and 40 bytes of IP, 14 of Ethernet each.
CONTROL_BYTES = 60 + 40 + 2 * 14
#: A server's first flight: hello, certificates, finished.
FLIGHT = bytes.fromhex("160303") + (3_700).to_bytes(2, "big") + bytes(3_700)


def serve_tls(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.create_server((address, port), family=family, backlog=16)
    while True:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            if connection.recv(4096):
                connection.sendall(FLIGHT)


def serve_signed(address: str, port: int) -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, port))
    while True:
        data, sender = server.recvfrom(200)
        nonce = landmark.nonce_of(data)
        if nonce is not None:
            server.sendto(landmark.answer(nonce, KEY, time.time_ns() // 1_000, 60), sender)


def plan() -> Plan:
    targets = [Target(landmark=f"tls-{at}", host=address) for at, (address, _) in enumerate(TLS)]
    targets += [
        Target(landmark=f"own-{at}", host=address, port=port, method="signed", public_key=bytes(KEY.verify_key).hex())
        for at, (address, port) in enumerate(SIGNED)
    ]
    return Plan(plan="bench", valid_until="2999-01-01T00:00:00Z", targets=tuple(targets))


def carried() -> int:
    """Returns the bytes that loopback carried."""
    line = next(it for it in Path("/proc/net/dev").read_text().splitlines() if it.strip().startswith("lo:"))
    return int(line.split(":")[1].split()[0])


def spent(words: list[str]) -> tuple[float, float, str]:
    """Returns CPU seconds, peak MiB and output of a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    script = (
        f"import resource, sys; from farmwatch_agent.cli import main; code = main({words!r}); "
        "sys.stderr.write(f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, int(done.stderr.split()[-1].rpartition("\n")[2]) / 1024, done.stdout


def inside(runs: int) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address, _ in (*TLS, *SIGNED):
        alone = [f"{address}/128", "dev", "lo", "nodad"] if ":" in address else [f"{address}/32", "dev", "lo"]
        subprocess.run(["ip", "address", "add", *alone], check=True)
    # Elsewhere a segment fits Ethernet.
    subprocess.run(["ip", "link", "set", "lo", "mtu", "1500"], check=True)
    for serve, places in ((serve_tls, TLS), (serve_signed, SIGNED)):
        for place in places:
            threading.Thread(target=serve, args=place, daemon=True).start()
    time.sleep(0.3)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.json"
        file.write_bytes(encode(plan()))
        settings = Path(folder) / "agent.yaml"
        settings.write_text("landmarks: [198.51.100.0/24, 203.0.113.0/24, '2001:db8::/32']\n")
        rounds(folder, str(file), str(settings))
        plain(folder, runs)


def rounds(folder: str, file: str, settings: str) -> None:
    found = []
    for _ in range(3):
        before = carried()
        words = ["measure", "--plan", file, "--config", settings, "--json", "--state-dir", f"{folder}/none"]
        cpu, memory, out = spent(words)
        items = json.loads(out)["items"]
        about = next(it for it in items if it["type"] == "measuring_round")
        taken = sum(it.get("count", 0) + it.get("lost", 0) for it in items if it.get("method") == "tcp")
        real = carried() - before - (taken + about.get("dropped", 0)) * CONTROL_BYTES
        found.append((cpu, memory, real, about["bytes"], about["connects"], about["seconds"], len(out)))
    cpu, memory, real, told, connects, seconds, size = (
        statistics.median(column) for column in zip(*found, strict=True)
    )
    start = statistics.median(spent(["measure", "--help"])[0] for _ in range(3))
    print(f"a round of {len(TLS) + len(SIGNED)} landmarks, whole process: {cpu:.3f} CPU-s ({start:.3f} of it to start),"
          f" {memory:.0f} MiB, {seconds:.0f} s")  # fmt: skip
    print(f"  {connects:.0f} connects, {real:.0f} bytes carried, {told:.0f} told; {size:.0f} bytes of observables")
    print(f"a day of {ROUNDS_A_DAY}: {ROUNDS_A_DAY * (cpu - start):.3f} CPU-s beside the sends,"
          f" {ROUNDS_A_DAY * connects:.0f} connects, {ROUNDS_A_DAY * real / 1000:.0f} kB")  # fmt: skip


def plain(folder: str, runs: int) -> None:
    state = State(f"{folder}/state")
    given = Identity(device=DEVICE, url="http://127.0.0.1:9", key_id="k", enrolled_at="2026-11-22T08:00:00Z")
    save_identity(state, given, bytes(32), bytes(32))
    spool = Spool(state.spool, DEVICE, time.time, mends=True)
    spool.leave_note("measure_at", f"{time.time() + 43_200:.0f}")
    spool.close()
    Path(state.of_sender("measuring.json")).write_bytes(encode(Kept(device=DEVICE, plan=plan())))
    off = Path(folder) / "off.yaml"
    off.write_text("off: [latency]\n")
    on = Path(folder) / "on.yaml"
    on.write_text("off: [arp]\n")
    times: dict[str, list[float]] = {"on": [], "off": []}
    memory: dict[str, list[float]] = {"on": [], "off": []}
    for _ in range(runs):
        for name, config in (("on", on), ("off", off)):
            cpu, peak, _ = spent(["send", "--state-dir", state.folder, "--config", str(config)])
            times[name].append(cpu)
            memory[name].append(peak)
    ratios = sorted(a / b for a, b in zip(times["on"], times["off"], strict=True))
    print(f"send while no round is due: {statistics.median(times['on']):.3f} CPU-s, latency off"
          f" {statistics.median(times['off']):.3f}; x{statistics.median(ratios):.3f}"
          f" ({ratios[len(ratios) // 10]:.3f} to {ratios[-1 - len(ratios) // 10]:.3f} in 8 of 10 of {runs});"
          f" {statistics.median(memory['on']):.1f} and {statistics.median(memory['off']):.1f} MiB")  # fmt: skip


if __name__ == "__main__":
    wanted = next((word for word in sys.argv[1:] if word.isdecimal()), "20")
    if "--inside" in sys.argv:
        print(f"load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}, {ssl.OPENSSL_VERSION}")
        inside(int(wanted))
    elif os.geteuid() != 0:
        sys.exit("bench/measure.py: a network namespace wants root. Run: sudo .venv/bin/python bench/measure.py")
    else:
        os.execvp("unshare", ["unshare", "-n", sys.executable, __file__, "--inside", wanted])
