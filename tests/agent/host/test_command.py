"""Listed commands: limits of time and output, exit codes, and nothing left behind."""

import os
import sys
import time

import pytest

from farmwatch_agent.host import Missing, NotPermitted, NotSupported, SourceBroken
from farmwatch_agent.host.command import Command, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows runs no commands")


def shell(script: str, **settings: object) -> Command:
    return Command(program="/bin/sh", arguments=("-c", script, "sh", "{}"), **settings)  # type: ignore[arg-type]


def test_output_comes_back_whole_and_the_argument_is_one_word() -> None:
    assert run("greet", shell('printf "%s." "$1"'), "a b; echo c") == b"a b; echo c."
    assert len(run("much", shell("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"))) == 300_000


def test_a_command_that_hangs_is_stopped_with_all_that_it_started(tmp_path: object) -> None:
    marker = f"{tmp_path}/pid"
    begun = time.monotonic()
    with pytest.raises(SourceBroken, match=r"^hang: did not answer within 0\.3 s"):
        run("hang", shell(f"sleep 60 & echo $! > {marker}; wait", seconds=0.3))
    assert time.monotonic() - begun < 5
    with open(marker, encoding="ascii") as file:
        child = int(file.read())
    for _ in range(50):
        if not _lives(child):
            break
        time.sleep(0.05)
    assert not _lives(child)


def test_a_command_that_prints_megabytes_is_stopped() -> None:
    with pytest.raises(SourceBroken, match=r"^flood: printed more than 4096 bytes"):
        run("flood", shell("cat /dev/zero", limit=4096))


def test_one_that_ignores_being_ended_is_killed() -> None:
    with pytest.raises(SourceBroken, match="did not answer"):
        run("stubborn", shell("trap '' TERM; while :; do sleep 0.1; done", seconds=0.3))


@pytest.mark.parametrize(
    ("script", "settings", "error"),
    [
        ("exit 3", {}, SourceBroken),
        ("exit 3", {"missing": (3,)}, Missing),
        ("echo 'sh: Operation not permitted' >&2; exit 1", {}, NotPermitted),
    ],
)
def test_exit_codes_tell_outcomes(script: str, settings: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^ask: "):
        run("ask", shell(script, **settings))
    assert run("ask", shell("exit 3", codes=(0, 3))) == b""


def test_a_missing_program_and_an_option_for_an_argument_are_refused() -> None:
    with pytest.raises(NotSupported, match="this system has no /nowhere/ioreg"):
        run("ioreg", Command(program="/nowhere/ioreg"))
    with pytest.raises(SourceBroken, match="cannot be asked about"):
        run("ask", shell("echo"), "--all")


def _lives(number: int) -> bool:
    try:
        with open(f"/proc/{number}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return os.path.exists(f"/proc/{number}")
