"""The spool through kills, damage, full disks and two processes."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from farmwatch_agent.numbering import Numbering
from farmwatch_agent.spool import DamagedSpool, Spool, SpoolError
from farmwatch_schema import codec

DEVICE = "d-0123456789abcdef"
NOW = 1_790_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "spool.db")


def reader(path: str, device: str = DEVICE, max_bytes: int = 14 << 20) -> Spool:
    return Spool(path, device, lambda: NOW, mends=True, max_bytes=max_bytes)


def sender(path: str) -> Spool:
    return Spool(path, DEVICE, lambda: NOW, mends=False)


def fill(spool: Spool, count: int, size: int = 100) -> list[int]:
    return [
        spool.append(lambda n: f"{n.epoch} {n.sequence} ".encode() + b"x" * size, {"usb": "d"}) for _ in range(count)
    ]


def test_numbers_rise_from_one_and_chain_by_digest(path: str) -> None:
    spool = reader(path)
    seen: list[Numbering] = []

    def build(numbering: Numbering) -> bytes:
        seen.append(numbering)
        return b"report %d" % numbering.sequence

    assert [spool.append(build, {"usb": "a"}), spool.append(build, {"usb": "b"})] == [1, 2]
    assert (seen[0].previous, seen[0].digests) == ("", {})
    assert (seen[1].previous, seen[1].digests) == (codec.digest_of(b"report 1"), {"usb": "a"})
    assert len(seen[0].epoch) == 32


def test_a_report_stays_until_it_is_acknowledged(path: str) -> None:
    spool = reader(path)
    fill(spool, 3)
    other = sender(path)
    assert [it.sequence for it in other.waiting()] == [1, 2, 3]
    assert other.acknowledge(other.epoch, [1, 3]) == 2
    assert [it.sequence for it in spool.waiting()] == [2]
    assert other.acknowledge("0" * 32, [2]) == 0
    assert [it.sequence for it in spool.waiting()] == [2]


def test_a_number_is_not_used_again_after_all_are_acknowledged_and_after_a_restart(path: str) -> None:
    spool = reader(path)
    fill(spool, 3)
    spool.acknowledge(spool.epoch, [1, 2, 3])
    spool.close()
    again = reader(path)
    assert fill(again, 1) == [4]
    assert again.take_resets() == []


def test_at_most_64_reports_and_about_a_mebibyte_are_taken_at_once(path: str) -> None:
    spool = reader(path)
    fill(spool, 70)
    assert len(spool.waiting()) == 64
    fill(spool, 2, size=700_000)
    spool.acknowledge(spool.epoch, list(range(1, 71)))
    assert [it.sequence for it in spool.waiting()] == [71]


def test_what_the_collector_lacks_is_forgotten_so_that_it_is_sent_again(path: str) -> None:
    spool = reader(path)
    fill(spool, 1)
    sender(path).need(["usb"])
    known: list[dict[str, str]] = []

    def build(numbering: Numbering) -> bytes:
        known.append(numbering.digests)
        return b"report"

    spool.append(build, {})
    assert known == [{}]


def test_a_note_that_is_no_number_is_none(path: str) -> None:
    spool = reader(path)
    for text, number in (("12", 12.0), ("-3.5", -3.5), ("", None), ("soon", None), ("nan", None), ("inf", None)):
        spool.leave_note("next_at", text)
        assert sender(path).number("next_at") == number


def test_a_build_that_fails_uses_no_number_and_leaves_nothing(path: str) -> None:
    spool = reader(path)

    def build(_numbering: Numbering) -> bytes:
        raise ValueError("cannot be encoded")

    with pytest.raises(ValueError, match="cannot be encoded"):
        spool.append(build, {})
    assert spool.load().count == 0
    assert fill(spool, 1) == [1]


def test_the_oldest_give_way_at_the_cap_and_their_loss_is_told(path: str) -> None:
    spool = reader(path, max_bytes=10_000)
    fill(spool, 5, size=3_000)
    assert [it.sequence for it in spool.waiting()] == [3, 4, 5]
    resets = spool.take_resets()
    assert [(it.epoch, it.first_lost, it.last_lost) for it in resets] == [(spool.epoch, 1, 1), (spool.epoch, 2, 2)]
    assert spool.take_resets() == []


def test_the_file_never_grows_over_20_mib(path: str) -> None:
    spool = reader(path)
    for _ in range(40):
        fill(spool, 1, size=900_000)
    size = sum(os.path.getsize(path + end) for end in ("", "-wal", "-shm"))
    assert size <= 20 << 20
    assert spool.load().last == 40


def test_another_enrolment_begins_a_new_epoch_and_tells_what_was_left(path: str) -> None:
    spool = reader(path)
    fill(spool, 3)
    spool.acknowledge(spool.epoch, [1])
    old = spool.epoch
    spool.close()
    new = reader(path, "d-ffff")
    assert new.epoch != old
    assert fill(new, 1) == [1]
    assert [(it.epoch, it.first_lost, it.last_lost) for it in new.take_resets()] == [(old, 2, 3)]


def test_a_file_that_is_no_database_is_moved_aside_and_its_range_told(path: str) -> None:
    spool = reader(path)
    fill(spool, 4)
    old = spool.epoch
    spool.acknowledge(old, [1, 2])
    fill(spool, 1)
    spool.close()
    Path(path).write_bytes(b"not a database, by a long way" * 400)
    with pytest.raises(DamagedSpool, match="reader mends it"):
        sender(path)
    healed = reader(path)
    assert healed.epoch != old
    assert [(it.epoch, it.first_lost, it.last_lost) for it in healed.take_resets()] == [(old, 3, 5)]
    assert Path(path + ".damaged").read_bytes().startswith(b"not a database")
    assert fill(healed, 1) == [1]


def test_a_deleted_spool_is_noticed_while_running_and_told(path: str) -> None:
    spool = reader(path)
    fill(spool, 2)
    old = spool.epoch
    for end in ("", "-wal", "-shm"):
        os.unlink(path + end)
    assert fill(spool, 1) == [1]
    assert spool.epoch != old
    assert [(it.epoch, it.first_lost, it.last_lost) for it in spool.take_resets()] == [(old, 1, 2)]


def test_a_lost_write_ahead_log_never_leads_to_a_number_used_twice(path: str) -> None:
    spool = reader(path)
    fill(spool, 2)
    spool.close()
    spool = reader(path)
    fill(spool, 3)
    epoch = spool.epoch
    saved, mark = Path(path).read_bytes(), Path(path + ".mark").read_bytes()
    spool.close()
    Path(path).write_bytes(saved)
    Path(path + ".mark").write_bytes(mark)
    again = reader(path)
    assert again.epoch == epoch
    assert [(it.first_lost, it.last_lost) for it in again.take_resets()] == [(3, 5)]
    assert fill(again, 1) == [7], "a gap, because the digest of report 5 is gone"


def test_a_report_that_rotted_on_disk_is_given_up_and_told(path: str) -> None:
    spool = reader(path)
    fill(spool, 3)
    spool.close()
    database = sqlite3.connect(path)
    database.execute("update report set body = x'00' where sequence = 2")
    database.commit()
    database.close()
    assert [it.sequence for it in sender(path).waiting()] == [1, 3]
    assert [(it.first_lost, it.last_lost) for it in reader(path).take_resets()] == [(2, 2)]


@pytest.mark.parametrize("seed", range(30))
def test_random_flips_never_stop_the_reader_nor_reuse_a_number(path: str, seed: int) -> None:
    dice = random.Random(seed)
    spool = reader(path)
    fill(spool, 20, size=2_000)
    epoch, bodies = spool.epoch, {it.sequence: it.body for it in spool.waiting()}
    spool.close()
    data = bytearray(Path(path).read_bytes())
    for _ in range(dice.choice((1, 5, 50))):
        data[dice.randrange(len(data)) if seed % 2 else dice.randrange(4096)] ^= 1 << dice.randrange(8)
    Path(path).write_bytes(data)
    again = reader(path)
    (number,) = fill(again, 1)
    assert number == 21 if again.epoch == epoch else number == 1
    for waiting in again.waiting():
        if waiting.epoch == epoch and waiting.sequence != number:
            assert waiting.body == bodies[waiting.sequence]
    kept = {it.sequence for it in again.waiting()} if again.epoch == epoch else set()
    lost = {n for it in again.take_resets() for n in range(it.first_lost, it.last_lost + 1)}
    assert set(range(1, 21)) <= kept | lost, "what is gone is told"


WRITER = """
import sys
from farmwatch_agent.spool import Spool
spool = Spool(sys.argv[1], "d-0123456789abcdef", lambda: 0.0, mends=True)
while True:
    number = spool.append(lambda n: b"%d" % n.sequence * 200, {"usb": "d"})
    sys.stdout.write(f"{spool.epoch} {number}\\n")
    sys.stdout.flush()
"""


def cut(path: str, seconds: float) -> list[tuple[str, int]]:
    """Returns what a writer said was durable before it was killed."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate()
    lines = [first, *rest.splitlines(keepends=True)]
    return [(line.split()[0], int(line.split()[1])) for line in lines if line.endswith("\n")]


def survive_cuts(path: str, cuts: int) -> None:
    dice = random.Random(7)
    said: list[tuple[str, int]] = []
    for _ in range(cuts):
        said += cut(path, dice.uniform(0.0, 0.15))
        spool = reader(path)
        kept = {(spool.epoch, it.sequence) for it in spool.waiting(limit=1 << 20, max_bytes=1 << 30)}
        assert set(said) <= kept
        assert spool.take_resets() == []
        spool.close()
    assert len(said) == len(set(said)), "no number is used twice"


def test_kill_9_loses_no_report_and_reuses_no_number(path: str) -> None:
    survive_cuts(path, 5)


@pytest.mark.soak
def test_200_kills_lose_no_report_and_reuse_no_number(path: str) -> None:
    survive_cuts(path, 200)


def test_reader_and_sender_work_at_the_same_time(path: str) -> None:
    reader(path).close()
    process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    taken: list[int] = []
    other = sender(path)
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        waiting = other.waiting()
        taken += [it.sequence for it in waiting]
        other.acknowledge(other.epoch, [it.sequence for it in waiting])
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    taken += [it.sequence for it in other.waiting(limit=1 << 20)]
    assert taken == list(range(1, len(taken) + 1)), "each number once and in order"
    assert len(taken) > 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_gives_one_clear_message_and_nothing_half_written(small_disk: Path) -> None:
    path = str(small_disk / "spool.db")
    spool = reader(path)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(60_000))
    with pytest.raises(SpoolError, match=r"full; nothing was written\. Free some space") as caught:
        fill(spool, 100, size=8_000)
    written = spool.load().last
    assert written > 1
    assert path in str(caught.value)
    assert not isinstance(caught.value, DamagedSpool)
    assert [it.sequence for it in spool.waiting()] == list(range(1, written + 1))
    ballast.unlink()
    spool.acknowledge(spool.epoch, list(range(1, written)))
    assert fill(spool, 1) == [written + 1]
    spool.close()
    again = reader(path)
    assert [it.sequence for it in again.waiting()] == [written, written + 1]
    assert again.take_resets() == []


LIMITED = """
import resource, sys
from farmwatch_agent.spool import Spool, SpoolError, DamagedSpool
spool = Spool(sys.argv[1], "d-0123456789abcdef", lambda: 0.0, mends=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
written = 0
try:
    while True:
        written = spool.append(lambda n: b"%d" % n.sequence * 4_000, {})
except SpoolError as error:
    assert not isinstance(error, DamagedSpool), error
    print(written, error)
"""


def test_a_file_that_may_not_grow_gives_one_clear_message(path: str) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, path], capture_output=True, text=True, check=True)
    written, message = done.stdout.split(" ", 1)
    assert "nothing was written" in message
    spool = reader(path)
    assert [it.sequence for it in spool.waiting()] == list(range(1, int(written) + 1))
    assert spool.take_resets() == []


def test_a_sender_without_a_spool_is_told_to_start_the_reader(path: str) -> None:
    with pytest.raises(SpoolError, match="farmwatch-agent read"):
        sender(path)


def test_a_new_identity_does_not_wait_for_what_the_old_one_was_told(path: str) -> None:
    spool = reader(path)
    spool.leave_note("next_at", f"{NOW + 3600:.0f}")
    spool.leave_note("failures", "7")
    spool.leave_note("clock_offset", "600")
    spool.close()
    spool = reader(path, device="d-another")
    assert (spool.note("next_at"), spool.note("failures")) == ("", "")
    assert spool.note("clock_offset") == "600", "the laptop's clock is what it was"
    spool.close()
