"""`farmwatch landmark serve` as a process: who is answered, who is not, and how it ends."""

import argparse
import os
import re
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from farmwatch_collector.cli import main
from farmwatch_collector.commands import landmark as command
from farmwatch_collector.commands.landmark import KeyProblem, signing_key
from farmwatch_collector.place.landmarks import parse_landmarks
from farmwatch_collector.place.responder import Gate, Limits, ListenProblem, Responder, source_of
from farmwatch_schema.landmark import ANSWER_BYTES, QUESTION_BYTES, Echo, echo_of, question

PACKAGING = Path(__file__).parents[3] / "packaging" / "systemd"


class Landmark:
    """The program in a process of its own, on a port that the system chose."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.key = folder / "key"
        command = [sys.executable, "-m", "farmwatch_collector.cli", "landmark", "serve", "--key", str(self.key)]
        self.process = subprocess.Popen(
            [*command, "--port", "0", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        first, second = self.process.stdout.readline(), self.process.stdout.readline()
        found = re.search(r"port (\d+), UDP and TCP", first)
        assert found, first
        self.port = int(found[1])
        self.public = bytes.fromhex(second.partition(": ")[2].strip())

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def landmark(tmp_path: Path) -> Iterator[Landmark]:
    one = Landmark(tmp_path, "--host", "127.0.0.1")
    yield one
    one.close()


def udp(port: int, data: bytes, host: str = "127.0.0.1", seconds: float = 5.0, ttl: int = 0) -> bytes | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.settimeout(seconds)
        if ttl and family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
        elif ttl:
            one.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        one.sendto(data, (host, port))
        try:
            return one.recv(4096)
        except TimeoutError:
            return None


def ended(one: socket.socket) -> bool:
    """Whether the other side has closed; a socket that does not block and has nothing to read has not been."""
    try:
        return one.recv(100) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def echo(landmark: Landmark, host: str = "127.0.0.1", ttl: int = 0) -> Echo | None:
    nonce = secrets.token_bytes(16)
    reply = udp(landmark.port, question(nonce), host, ttl=ttl)
    assert reply is not None
    assert len(reply) == ANSWER_BYTES
    return echo_of(reply, nonce, landmark.public)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.integration
class TestServe:
    def test_a_question_is_answered_signed_with_its_ttl(self, landmark: Landmark) -> None:
        before = time.time_ns() // 1000
        found = echo(landmark, ttl=37)
        assert found is not None
        assert found.ttl == 37
        assert before <= found.at_micros <= time.time_ns() // 1000

    def test_another_s_key_is_told(self, landmark: Landmark) -> None:
        nonce = secrets.token_bytes(16)
        reply = udp(landmark.port, question(nonce))
        assert reply is not None
        assert echo_of(reply, nonce, bytes(SigningKey.generate().verify_key)) is None
        assert echo_of(reply, secrets.token_bytes(16), landmark.public) is None

    def test_tcp_carries_the_same_bytes_several_times(self, landmark: Landmark) -> None:
        with socket.create_connection(("127.0.0.1", landmark.port), timeout=5) as one:
            for _ in range(3):
                nonce = secrets.token_bytes(16)
                asked = question(nonce)
                one.sendall(asked[:10])
                time.sleep(0.01)
                one.sendall(asked[10:])
                reply = one.recv(4096)
                found = echo_of(reply, nonce, landmark.public)
                assert found is not None
                assert found.ttl is None  # TCP does not tell

    def test_what_is_no_question_is_left_unanswered_and_nothing_breaks(self, landmark: Landmark) -> None:
        good = question(secrets.token_bytes(16))
        for data in (b"", good[:-1], good + b"\0", b"fwa1" + good[4:], b"\0" * 64, secrets.token_bytes(1400)):
            assert udp(landmark.port, data, seconds=0.15) is None
        with socket.create_connection(("127.0.0.1", landmark.port), timeout=5) as one:
            one.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n".ljust(QUESTION_BYTES, b" "))
            assert ended(one)
        assert echo(landmark) is not None

    @pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root may use a port below 1024")
    def test_a_low_source_port_gets_nothing(self, landmark: Landmark) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            for port in range(1023, 900, -1):
                try:
                    one.bind(("127.0.0.1", port))
                    break
                except OSError:
                    continue
            one.settimeout(0.3)
            one.sendto(question(secrets.token_bytes(16)), ("127.0.0.1", landmark.port))
            with pytest.raises(TimeoutError):
                one.recv(200)

    def test_a_flood_of_one_source_is_cut_and_others_are_answered(self, tmp_path: Path) -> None:
        landmark = Landmark(tmp_path, "--host", "127.0.0.1", "--per-second", "10")
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
                flood.settimeout(0.5)
                answered = 0
                for _ in range(400):
                    flood.sendto(question(secrets.token_bytes(16)), ("127.0.0.1", landmark.port))
                with suppress(TimeoutError):
                    while flood.recv(200):
                        answered += 1
                # A burst of five seconds' worth, and what the second of the test adds.
                assert 50 <= answered <= 80
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.bind(("127.0.0.2", 0))
                other.settimeout(5)
                nonce = secrets.token_bytes(16)
                other.sendto(question(nonce), ("127.0.0.1", landmark.port))
                assert echo_of(other.recv(200), nonce, landmark.public)
            code, errors = landmark.stop()
            assert code == 0
            assert re.search(r"[1-9]\d+ over the limit", errors)
            assert "127.0.0" not in errors  # nobody's address is written down
        finally:
            landmark.close()

    def test_connections_of_one_source_are_limited_and_silent_ones_end(self, landmark: Landmark) -> None:
        held = [socket.create_connection(("127.0.0.1", landmark.port), timeout=10) for _ in range(40)]
        try:
            time.sleep(0.2)
            for one in held:
                one.setblocking(False)
            assert sum(ended(one) for one in held) == 8  # 32 of one source are kept
            assert echo(landmark) is not None
            held[0].settimeout(10)
            began = time.monotonic()
            assert ended(held[0])
            assert time.monotonic() - began < 8
        finally:
            for one in held:
                one.close()

    @pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
    def test_ipv6_tells_the_hop_limit(self, tmp_path: Path) -> None:
        landmark = Landmark(tmp_path, "--host", "::1", "--host", "127.0.0.1")
        try:
            found = echo(landmark, "::1", ttl=41)
            assert found is not None
            assert found.ttl == 41
            assert echo(landmark, "127.0.0.1") is not None
            with socket.create_connection(("::1", landmark.port), timeout=5) as one:
                nonce = secrets.token_bytes(16)
                one.sendall(question(nonce))
                assert echo_of(one.recv(200), nonce, landmark.public)
        finally:
            landmark.close()

    def test_the_answer_comes_from_the_address_that_was_asked(self, tmp_path: Path) -> None:
        landmark = Landmark(tmp_path)  # everywhere
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.settimeout(5)
                # A connected socket takes answers of that address alone; the kernel would choose 127.0.0.1.
                one.bind(("127.0.0.1", 0))
                one.connect(("127.0.0.9", landmark.port))
                nonce = secrets.token_bytes(16)
                one.send(question(nonce))
                assert echo_of(one.recv(200), nonce, landmark.public)
        finally:
            landmark.close()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_it_ends_cleanly_and_keeps_its_key(self, tmp_path: Path, number: int) -> None:
        one = Landmark(tmp_path, "--host", "127.0.0.1")
        held = socket.create_connection(("127.0.0.1", one.port), timeout=5)
        assert echo(one) is not None
        code, errors = one.stop(number)
        held.close()
        assert code == 0
        assert "a new key was made" in errors
        assert "1 answered" in errors
        assert "Traceback" not in errors
        again = Landmark(tmp_path, "--host", "127.0.0.1")
        try:
            assert again.public == one.public
        finally:
            assert again.stop()[0] == 0

    def test_it_starts_without_the_collector_s_packages(self, tmp_path: Path) -> None:
        code = (
            "import sys; from farmwatch_collector.commands import landmark; "
            "print(sorted({name.partition('.')[0] for name in sys.modules} & "
            "{'numpy', 'litestar', 'sqlalchemy', 'uvicorn', 'jinja2', 'alembic', 'requests', 'scapy'}))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n"


def test_a_port_that_is_taken_says_so() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        with pytest.raises(ListenProblem, match=r"cannot listen at 127.0.0.1 port \d+: .*--port"):
            Responder(SigningKey.generate(), ("127.0.0.1",), one.getsockname()[1])


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key, made = signing_key(str(path))
    assert made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again, made = signing_key(str(path))
    assert not made
    assert bytes(again) == bytes(key)


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [(b"ab" * 32, 0o640, "chmod 600"), (b"hello", 0o600, "is no landmark's key"), (b"AB" * 32 + b"!", 0o600, "is no")],
)
def test_a_key_that_others_can_read_or_that_is_none_is_refused(
    tmp_path: Path, content: bytes, mode: int, says: str
) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(KeyProblem, match=says):
        signing_key(str(path))
    assert path.read_bytes() == content


def test_a_key_in_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyProblem, match="Make its folder"):
        signing_key(str(tmp_path / "nowhere" / "key"))


def test_the_printed_block_is_one_that_the_landmarks_file_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "key"
    where = ["--id", "own:fra", "--place", "Frankfurt, DE", "--country", "DE", "--latitude", "50.11",
             "--longitude", "8.68", "--host", "landmark.example.com"]  # fmt: skip
    assert main(["landmark", "key", "--key", str(path), *where]) == 0
    shown = capsys.readouterr()
    found = parse_landmarks(shown.out, "landmarks.yaml")["own:fra"]
    assert found.method == "signed"
    assert found.public_key == bytes(signing_key(str(path))[0].verify_key).hex()
    assert path.read_text().strip() not in shown.out + shown.err
    assert main(["landmark", "key", "--key", str(path)]) == 0
    assert "fill in: place, country, latitude, longitude, host" in capsys.readouterr().err


def test_a_gate_lets_a_burst_through_and_then_the_rate() -> None:
    gate = Gate(Limits(per_second=10, burst=5, in_all=1_000, burst_in_all=1_000))
    assert [gate.lets(b"a", 100.0) for _ in range(6)] == [True] * 5 + [False]
    assert gate.lets(b"b", 100.0)
    assert not gate.lets(b"a", 100.05)
    assert gate.lets(b"a", 100.15)


def test_all_together_have_a_limit_too() -> None:
    gate = Gate(Limits(in_all=100, burst_in_all=10))
    assert sum(gate.lets(bytes([n]), 50.0) for n in range(50)) == 10
    assert sum(gate.lets(bytes([n]), 50.1) for n in range(50, 100)) == 10


@given(st.lists(st.tuples(st.binary(min_size=4, max_size=8), st.floats(0, 2)), max_size=200))
def test_a_gate_remembers_a_bounded_number_of_sources(asked: list[tuple[bytes, float]]) -> None:
    gate = Gate(Limits(sources=16))
    now = 0.0
    for source, later in asked:
        now += later
        gate.lets(source, now)
        assert len(gate) <= 16


def test_an_ipv6_source_is_its_network_of_64_bits() -> None:
    assert source_of("2001:db8::1") == source_of("2001:db8::ffff:2")
    assert source_of("2001:db8::1") != source_of("2001:db8:0:1::1")
    assert source_of("fe80::1%eth0") == source_of("fe80::2")
    assert source_of("192.0.2.1") != source_of("192.0.2.2")


@given(st.binary(max_size=200))
def test_nothing_is_answered_by_more_than_twice_its_length(data: bytes) -> None:
    sent: list[bytes] = []

    class Wire:
        def sendmsg(self, parts: list[bytes], *_: object) -> None:
            sent.extend(parts)

    responder = Responder(SigningKey.generate(), ())
    responder._answer(Wire(), data, (), ("192.0.2.1", 40_000))  # type: ignore[arg-type]
    responder._answer(Wire(), question(bytes(16)), (), ("192.0.2.1", 1_023))  # type: ignore[arg-type]
    assert sum(map(len, sent)) <= 2 * len(data)


UNIT = "farmwatch-landmark.service"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def test_the_unit_starts_the_verb_with_a_key_in_its_own_folder_and_port() -> None:
    text = (PACKAGING / UNIT).read_text(encoding="utf-8")
    settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    program, *words = settings["ExecStart"].split()
    assert program == "/usr/bin/farmwatch"
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    assert words[0] == "landmark"
    options = parser.parse_args(words[1:])
    assert options.action == "serve"
    assert options.key == f"/var/lib/{settings['StateDirectory']}/key"
    assert settings["SocketBindAllow"] == str(options.port)
    assert settings["DynamicUser"] == "yes"
    assert settings["CapabilityBoundingSet"] == ""


@needs_systemd
def test_systemd_knows_every_word_of_the_unit(tmp_path: Path) -> None:
    text = (PACKAGING / UNIT).read_text(encoding="utf-8").replace("/usr/bin/farmwatch", shutil.which("true") or "")
    (tmp_path / UNIT).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / UNIT)], capture_output=True, text=True, check=False
    )
    assert [line for line in (done.stdout + done.stderr).splitlines() if "farmwatch" in line] == []


@needs_systemd
def test_the_unit_is_exposed_no_more_than_the_agent_s_bar() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(PACKAGING / UNIT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "Unknown option" in done.stderr or "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze has no --offline; it came with version 250")
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert float(exposure) <= 2.5
