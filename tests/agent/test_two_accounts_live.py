"""Root's reader and a sender of another account at work against a real collector, killed at any moment."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from farmwatch_agent import identity
from farmwatch_agent.identity import State
from farmwatch_agent.spool import Spool
from tests.collector.served import TOKEN, Served, wait_until

from .accounts import OTHER, SENDER, agent_as, needs_root, open_folder, run_as, verb
from .test_cli import agent

pytestmark = [needs_root, pytest.mark.integration]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    made.start()
    made.token()
    yield made
    made.stop()


@pytest.fixture
def state(served: Served, tmp_path: Path) -> Iterator[State]:
    with open_folder() as folder:
        made = State(str(folder / "state"))
        (tmp_path / "token").write_text(TOKEN)
        done = agent("enrol", "--url", f"http://127.0.0.1:{served.port}", "--token-file", str(tmp_path / "token"),
                     "--sender-account", str(SENDER), "--state-dir", made.folder)  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "farmwatch-agent-send.timer" in done.stderr
        yield made


def reader(state: State) -> subprocess.Popen[str]:
    """Starts `read` as root and returns it when its first report is in the spool."""
    process = subprocess.Popen(
        [sys.executable, "-m", "farmwatch_agent.cli", "read", "--state-dir", state.folder],
        stderr=subprocess.PIPE, text=True, cwd="/",
    )  # fmt: skip
    assert process.stderr is not None
    while line := process.stderr.readline():
        if "is in the spool" in line:
            return process
    raise AssertionError("the reader ended")


def stop(process: subprocess.Popen[str], how: signal.Signals) -> None:
    process.send_signal(how)
    process.wait(20)
    assert process.stderr is not None
    process.stderr.close()


def writable_by_sender(folder: str) -> list[str]:
    """Returns what lies in the state folder and can be written by the sender, apart from its own folder."""
    code = (
        "import os\n"
        f"for folder, folders, files in os.walk({folder!r}):\n"
        "    for name in ['.', *files]:\n"
        "        path = os.path.normpath(os.path.join(folder, name))\n"
        "        if os.access(path, os.W_OK): print(path)"
    )
    done = run_as(SENDER, code)
    assert done.returncode == 0, done.stderr
    return sorted(os.path.relpath(line, folder) for line in done.stdout.splitlines())


def test_a_report_arrives_whichever_half_is_killed(served: Served, state: State) -> None:
    process = reader(state)
    try:
        # Killed while it speaks, at moments that differ; what it left undone the next one does.
        for delay in (0.4, 0.7, 0.9):
            sender = subprocess.Popen(verb(SENDER, "send", "--state-dir", state.folder), cwd="/",
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
            time.sleep(delay)
            sender.kill()
            sender.wait()
        stop(process, signal.SIGKILL)
        done = agent_as(SENDER, "send", "--state-dir", state.folder)
        assert done.returncode == 0, done.stdout + done.stderr
        # What a sender had measured when it was killed waits for the reader; on a busy machine none got that far.
        assert [each for each in writable_by_sender(state.folder) if each != "sender/rounds.json"] == [
            "sender", "sender/answers.json", "sender/measuring.json", "sender/measuring.lock", "sender/sent.json",
            "signing.key",
        ]  # fmt: skip

        # The next reader takes over what the sender was told, and numbers on.
        process = reader(state)
        stop(process, signal.SIGTERM)
        known = identity.load_identity(state)
        assert known is not None
        spool = Spool(state.spool, known.device, time.time, mends=False)
        assert [it.sequence for it in spool.waiting()] == [2]
        spool.close()

        # Nobody has the spool open, so its write-ahead log is gone, and the sender reads it all the same.
        assert not os.path.exists(f"{state.spool}-wal")
        done = agent_as(SENDER, "send", "--state-dir", state.folder)
        assert (done.returncode, done.stdout) == (0, "1 report is with the collector.\n"), done.stderr
        again = agent_as(SENDER, "send", "--state-dir", state.folder)
        assert (again.returncode, again.stdout) == (0, "nothing waits to be sent.\n"), again.stderr
    finally:
        process.kill()
        process.wait()
    assert wait_until(lambda: device_count(served) == 1)


def device_count(served: Served) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "farmwatch_collector.cli", "devices", "--data", str(served.folder), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return sum(item["last_seen_at"] is not None for item in json.loads(done.stdout)["items"])


def test_a_sender_that_may_not_read_what_it_needs_says_so(state: State) -> None:
    done = agent_as(OTHER, "send", "--state-dir", state.folder)
    assert done.returncode == 1
    assert "signing.key: cannot be read" in done.stderr
    assert agent_as(SENDER, "read", "--once", "--state-dir", state.folder).returncode != 0
