"""What a company's own landmark adds to a round trip, and how many questions one core answers.

Side by side on loopback, interleaved: `farmwatch landmark serve`, and a bare program that sends each datagram back.
The difference is what signing and the limits add. Usage: .venv/bin/python bench/landmark_serve.py [rounds]
"""

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time

from farmwatch_schema.landmark import question

BARE = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.bind(("127.0.0.1", 0))
print(one.getsockname()[1], flush=True)
while True:
    data, source = one.recvfrom(100)
    one.sendto(data + bytes(32), source)
"""
WINDOW, SECONDS, QUESTIONS = 32, 3.0, 200


def started(command: list[str]) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    found = re.search(r"(\d+)(?:, UDP and TCP)?\s*$", process.stdout.readline())
    assert found
    return process, int(found[1])


def trips(port: int, count: int) -> list[float]:
    """Microseconds of single questions, one after the other."""
    took = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("127.0.0.1", port))
        one.settimeout(2)
        for _ in range(count):
            asked = question(secrets.token_bytes(16))
            began = time.perf_counter_ns()
            one.send(asked)
            one.recv(200)
            took.append((time.perf_counter_ns() - began) / 1_000)
    return took


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rate(port: int, pid: int) -> tuple[float, float]:
    """Answers per second with a window of questions under way, and answers per CPU second of the program."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("127.0.0.1", port))
        one.settimeout(2)
        asked = question(bytes(16))
        before, began, answered = cpu_seconds(pid), time.perf_counter(), 0
        for _ in range(WINDOW):
            one.send(asked)
        while time.perf_counter() - began < SECONDS:
            one.recv(200)
            answered += 1
            one.send(asked)
        took, cpu = time.perf_counter() - began, cpu_seconds(pid) - before
    return answered / took, answered / max(cpu, 0.01)


def share(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        serve = [sys.executable, "-m", "farmwatch_collector.cli", "landmark", "serve", "--key", f"{folder}/key"]
        limits = ["--host", "127.0.0.1", "--port", "0", "--per-second", "1e9", "--in-all", "1e9"]
        landmark, port = started([*serve, *limits])
        bare, bare_port = started([sys.executable, "-c", BARE])
        try:
            signed: list[float] = []
            plain: list[float] = []
            for _ in range(rounds):
                signed += trips(port, QUESTIONS)
                plain += trips(bare_port, QUESTIONS)
            for name, found in (("landmark", signed), ("bare echo", plain)):
                parts = ", ".join(f"p{part * 100:g} {share(found, part):,.0f} us" for part in (0, 0.5, 0.99))
                print(f"{name:10} {len(found)} questions: {parts}")
            print(
                f"added: least {min(signed) - min(plain):,.0f} us, p50 {share(signed, 0.5) - share(plain, 0.5):,.0f} us"
            )
            for name, number, process in (("landmark", port, landmark), ("bare echo", bare_port, bare)):
                wall, core = rate(number, process.pid)
                print(f"{name:10} {wall:,.0f} answers/s, {core:,.0f} per CPU second of its own")
        finally:
            for process in (landmark, bare):
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main()
