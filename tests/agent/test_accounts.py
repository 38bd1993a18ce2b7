"""Reader and sender with accounts of their own: who may read and write what, and what a taken-over sender tries."""

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from farmwatch_agent import identity
from farmwatch_agent.files import read_foreign, write_whole
from farmwatch_agent.identity import Account, Identity, IdentityError, State, save_identity
from farmwatch_agent.outbox import Answered, Outbox
from farmwatch_agent.spool import Spool
from farmwatch_schema.report import Report

from .accounts import OTHER, SENDER, agent_as, needs_root, open_folder, run_as
from .test_cli import agent

pytestmark = needs_root

DEVICE = "d-0123456789abcdef"
SEED = bytes(range(32))
MANY = 1 << 40


@pytest.fixture
def state() -> Iterator[State]:
    before = os.umask(0o077)
    try:
        with open_folder() as folder:
            made = State(str(folder / "state"))
            given = Identity(device=DEVICE, url="http://127.0.0.1:9", key_id="k", enrolled_at="2026-11-22T08:00:00Z")
            save_identity(made, given, SEED, SEED, Account(SENDER, SENDER))
            yield made
    finally:
        os.umask(before)


@pytest.fixture
def spool(state: State) -> Iterator[Spool]:
    made = Spool(state.spool, DEVICE, time.time, mends=True)
    yield made
    made.close()


def fill(spool: Spool, count: int) -> None:
    for _ in range(count):
        spool.append(lambda numbering: b"report %d" % numbering.sequence, {"usb": "0" * 64})


def owner_and_mode(path: str) -> tuple[int, int, str]:
    status = os.lstat(path)
    return status.st_uid, status.st_gid, oct(stat.S_IMODE(status.st_mode))


def answers(state: State, text: bytes) -> None:
    """Leaves a file as the sender would."""
    write_whole(state.answers, text, mode=0o644, owner=(SENDER, SENDER))


def test_every_file_has_the_owner_and_mode_that_the_decision_names(state: State, spool: Spool) -> None:
    fill(spool, 1)
    assert agent("read", "--once", "--state-dir", state.folder).returncode == 0
    found = {name: owner_and_mode(os.path.join(state.folder, name)) for name in sorted(os.listdir(state.folder))}
    assert found == {
        "executables.json": (0, SENDER, "0o600"),
        "health.json": (0, SENDER, "0o644"),
        "identifier.key": (0, SENDER, "0o600"),
        "identity.json": (0, SENDER, "0o644"),
        "sender": (SENDER, SENDER, "0o755"),
        "signing.key": (SENDER, SENDER, "0o600"),
        "spool.db": (0, SENDER, "0o640"),
        "spool.db-shm": (0, SENDER, "0o640"),
        "spool.db-wal": (0, SENDER, "0o640"),
        "spool.db.mark": (0, SENDER, "0o640"),
    }
    assert owner_and_mode(state.folder) == (0, SENDER, "0o2755")


#: Tries every way of changing what is not the sender's, and names those that went.
TRIES = """
folder = {folder!r}
went = []
def attempt(name, what):
    try:
        what()
    except OSError:
        return
    went.append(name)
attempt("plant", lambda: open(folder + "/sender/mine", "w").close())
for name in sorted(os.listdir(folder)):
    path = folder + "/" + name
    if name == "sender":
        continue
    attempt("open " + name, lambda: open(path, "r+b").close())
    attempt("read " + name, lambda: open(path, "rb").close())
    attempt("rename " + name, lambda: os.rename(path, path + ".gone"))
    attempt("delete " + name, lambda: os.unlink(path))
    attempt("chmod " + name, lambda: os.chmod(path, 0o777))
    attempt("replace " + name, lambda: os.rename(folder + "/sender/mine", path))
attempt("make", lambda: open(folder + "/new", "w").close())
attempt("link", lambda: os.symlink("/etc/passwd", folder + "/spool.db-journal"))
attempt("chmod folder", lambda: os.chmod(folder, 0o777))
attempt("rename sender", lambda: os.rename(folder + "/sender", folder + "/other"))
print(*went, sep="\\n")
"""


def test_the_sender_can_change_its_own_folder_and_its_own_key_and_nothing_else(state: State, spool: Spool) -> None:
    fill(spool, 1)
    done = run_as(SENDER, TRIES.format(folder=state.folder))
    assert done.stdout.split("\n")[:-1] == [
        "plant", "read identity.json",
        "open signing.key", "read signing.key", "chmod signing.key",
        "read spool.db", "read spool.db-shm", "read spool.db-wal", "read spool.db.mark",
    ], done.stderr  # fmt: skip


def test_another_user_reads_identity_and_nothing_that_is_secret(state: State, spool: Spool) -> None:
    fill(spool, 1)
    done = run_as(OTHER, TRIES.format(folder=state.folder))
    assert done.stdout.split() == ["read", "identity.json"], done.stderr


@pytest.mark.parametrize("reader_is", ["running", "killed", "ended"])
def test_the_sender_reads_the_spool_beside_a_reader_that(reader_is: str, state: State) -> None:
    code = (
        "import sys, time\nfrom farmwatch_agent.spool import Spool\n"
        f"spool = Spool({state.spool!r}, {DEVICE!r}, time.time, mends=True)\n"
        "for _ in range(3): spool.append(lambda it: b'report', {})\n"
        + ("spool.close()\n" if reader_is == "ended" else "")
        + "print('up', flush=True)\ntime.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        if reader_is == "killed":
            process.kill()
            process.wait()
        done = run_as(SENDER, READ.format(folder=state.folder, device=DEVICE))
        assert done.stdout == "[1, 2, 3] 3\n", done.stderr
    finally:
        process.kill()
        process.communicate()


READ = """
from farmwatch_agent.identity import State
from farmwatch_agent.outbox import Outbox
box = Outbox(State({folder!r}), {device!r})
print([it.sequence for it in box.waiting()], box.load().count)
"""


def test_what_the_sender_answers_for_goes_from_the_spool_at_the_readers_next_pass(state: State, spool: Spool) -> None:
    fill(spool, 5)
    code = READ.format(folder=state.folder, device=DEVICE) + (
        "epoch = box.waiting()[0].epoch\n"
        "box.acknowledge(epoch, [1, 2, 4])\nbox.give_up(epoch, [3])\nbox.need(['usb'])\n"
        "box.leave_note('clock_offset', '120')\nbox.leave_note('failures', '2')\n"
        "box.acknowledge('0' * 32, [5])\n"
        "again = Outbox(State(box._state.folder), box.device)\n"
        "print([it.sequence for it in again.waiting()], again.note('failures'), again.load().count)"
    )
    done = run_as(SENDER, code)
    assert done.stdout == "[1, 2, 3, 4, 5] 5\n[5] 2 1\n", done.stderr
    assert spool.load().count == 5
    taker = Answered(state)
    taker.apply(spool)
    assert taker.problem == ""
    assert [it.sequence for it in spool.waiting()] == [5]
    (lost,) = spool.take_resets()
    assert (lost.first_lost, lost.last_lost) == (3, 3)
    assert spool.number("clock_offset") == 120
    assert spool.note("failures") == "", "the sender's own notes stay its own"
    known: list[dict[str, str]] = []
    spool.append(lambda numbering: known.append(numbering.digests) or b"six", {"usb": "0" * 64})  # type: ignore[func-returns-value]
    spool.append(lambda numbering: known.append(numbering.digests) or b"seven", {})  # type: ignore[func-returns-value]
    assert known[0] == {}, "the kind that was asked for goes in full"
    taker.apply(spool)
    Answered(state).apply(spool)
    assert spool.take_resets() == []
    fresh = Outbox(state, DEVICE)
    assert fresh._taken == set(), "what the reader has let go of is not told for ever"
    assert fresh._need == {}


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        ("a symbolic link to root's file", "os.symlink('/etc/shadow', path)"),
        ("a pipe that nobody writes to", "os.mkfifo(path)"),
        ("a folder", "os.mkdir(path)"),
        ("an endless file", "open(path, 'wb').truncate(1 << 33)"),
        ("a socket", "import socket; socket.socket(socket.AF_UNIX).bind(path)"),
        ("a symbolic link to a device", "os.symlink('/dev/zero', path)"),
        ("a file with a second name", "open(path, 'w').write('{}'); os.link(path, path + '2')"),
    ],
)
def test_the_reader_is_not_led_astray_by(name: str, plant: str, state: State, spool: Spool) -> None:
    fill(spool, 1)
    assert run_as(SENDER, f"path = {state.answers!r}\n{plant}").returncode == 0
    sent = os.path.join(state.sender, "sent.json")
    assert run_as(SENDER, f"path = {sent!r}\n{plant}").returncode == 0
    begin = time.monotonic()
    taker = Answered(state)
    taker.apply(spool)
    assert taker.problem.startswith("what the sender left is not taken over")
    assert spool.load().count == 1
    for verb in ("status", "explain"):
        done = agent(verb, "--state-dir", state.folder)
        assert "root:" not in done.stdout + done.stderr
        assert done.returncode != 0
    assert time.monotonic() - begin < 5


def test_a_hard_link_to_roots_own_file_is_not_read(state: State, spool: Spool) -> None:
    # Made by root here: most systems forbid it to others (fs.protected_hardlinks), and the reader does not rely on it.
    os.link(state.identifier_key, state.answers)
    with pytest.raises(OSError, match="another's file"):
        read_foreign(state.sender, identity.ANSWERS, 1 << 18)


def test_the_senders_folder_made_a_link_is_not_followed(state: State, spool: Spool) -> None:
    os.rename(state.sender, f"{state.folder}/was")
    os.symlink("/etc", state.sender)
    with pytest.raises(OSError):
        read_foreign(state.sender, "passwd", 1 << 18)


HOSTILE = [
    b"", b"[", b"null", b"[]", b'{"device": 1}', b"[" * 100_000, b"\xff" * 100,
    b'{"device":"d","epoch":"e","taken":[[1,1e300]]}',
    b'{"device":"d","epoch":"e","taken":[[-5,99]]}',
    b'{"device":"d","epoch":"e","taken":[[1,9999999999999999999999]]}',
    b'{"device":"d","epoch":"e","need":{"' + b"x" * 100 + b'":1}}',
    b'{"device":"d","epoch":"e","notes":{"clock_offset":"' + b"9" * 5000 + b'"}}',
    b'{"device":"d","epoch":"e","taken":[' + b"[1,1]," * 5000 + b"[1,1]]}",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_nonsense_from_the_sender_changes_nothing_and_is_told(text: bytes, state: State, spool: Spool) -> None:
    fill(spool, 3)
    answers(state, text)
    taker = Answered(state)
    taker.apply(spool)
    assert taker.problem
    assert spool.load().count == 3
    answers(state, b'{"device":"%s","epoch":"%s","taken":[[1,%d]]}' % (DEVICE.encode(), spool.epoch.encode(), MANY))
    taker.apply(spool)
    assert (taker.problem, spool.load().count) == ("", 0), "a range is not counted out, however long it is"


@pytest.mark.parametrize("offset", ["1e14", "-1e14", "nan", "inf", "-9e9", "x", "1" * 4000])
def test_a_clock_offset_that_no_calendar_has_breaks_no_report(offset: str, state: State, spool: Spool) -> None:
    answers(state, json.dumps({"device": DEVICE, "epoch": spool.epoch, "notes": {"clock_offset": offset}}).encode())
    spool.close()
    assert agent("read", "--once", "--state-dir", state.folder).returncode == 0
    assert json.loads(Path(state.health).read_bytes()).get("clock_offset") is None


def test_kinds_and_modules_that_the_sender_names_are_not_loaded(state: State) -> None:
    report = Report(device=DEVICE, epoch="0" * 32, sequence=1, boot="", created_at="x", uptime_seconds=1,
                    agent={"version": "1", "platform": "linux"}, sections=[], previous="")  # type: ignore[arg-type]  # fmt: skip
    import msgspec

    section = {"kind": "processes.cache", "outcome": "none", "observed_at": "x", "reason": "\x1b[2J"}
    document = {"sent_at": "now", "status": "accepted", "message": "\x1b]0;owned\x07", "headers": {},
                "reports": [{**msgspec.to_builtins(report), "sections": [section]}]}  # fmt: skip
    write_whole(os.path.join(state.sender, "sent.json"), json.dumps(document).encode(), owner=(SENDER, SENDER))
    done = agent("explain", "--state-dir", state.folder)
    assert done.returncode == 0, done.stderr
    assert "processes.cache: none" in done.stdout
    assert "reads:" not in done.stdout
    assert "\x1b" not in done.stdout + agent("status", "--state-dir", state.folder).stdout


def test_root_works_in_no_folder_that_another_account_can_change(state: State, spool: Spool) -> None:
    os.chown(state.folder, SENDER, SENDER)
    for words in (["read", "--once"], ["enrol", "--force", "--url", "https://a.example.com"]):
        done = agent(*words, "--state-dir", state.folder, FARMWATCH_TOKEN="t")
        assert done.returncode == 8
        assert "is not root's alone" in done.stderr
    os.chown(state.folder, 0, SENDER)
    os.chmod(state.folder, 0o2775)
    with pytest.raises(IdentityError, match="is not root's alone"):
        state.check()


def test_root_does_not_do_both_halves_and_sends_as_the_sender(state: State, spool: Spool) -> None:
    fill(spool, 1)
    refused = agent("run", "--once", "--state-dir", state.folder)
    assert refused.returncode == 1
    assert "accounts of their own" in refused.stderr
    code = (
        "from farmwatch_agent.commands import send\nfrom farmwatch_agent.identity import State\n"
        f"send.become_sender(State({state.folder!r}))\nprint(os.getresuid(), os.getresgid(), os.getgroups())"
    )
    done = subprocess.run([sys.executable, "-c", f"import os\n{code}"], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == f"{(SENDER,) * 3} {(SENDER,) * 3} []", done.stderr


def test_any_user_sees_status_and_explain_and_what_is_not_theirs_is_skipped(state: State, spool: Spool) -> None:
    fill(spool, 1)
    Path(state.health).write_bytes(b"{}")
    os.chmod(state.health, 0o600)
    sent = {"sent_at": "now", "status": "accepted", "message": "1 report is with the collector.", "headers": {},
            "reports": []}  # fmt: skip
    write_whole(os.path.join(state.sender, "sent.json"), json.dumps(sent).encode(), mode=0o644, owner=(SENDER, SENDER))
    done = agent_as(OTHER, "status", "--state-dir", state.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["skipped", "spool"], ["skipped", "probes"], ["ok", "identity"], ["ok", "sent"], ["ok", "measuring"],
    ]  # fmt: skip
    assert agent_as(OTHER, "explain", "--state-dir", state.folder).returncode == 0


def test_an_ordinary_user_is_shown_the_machines_folder_and_never_given_it(
    state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(identity, "SYSTEM_STATE", state.folder)
    monkeypatch.setattr(identity, "USER_STATE", str(tmp_path / "none"))
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    assert identity.open_state(to_look=True).folder == state.folder
    assert identity.open_state().folder == str(tmp_path / "none")


def test_enrol_names_an_account_that_is_not_there_or_is_root(state: State) -> None:
    for name in ("no-such-account", "root", "0"):
        done = agent("enrol", "--force", "--url", "https://a.example.com", "--sender-account", name,
                     "--state-dir", state.folder, FARMWATCH_TOKEN="t")  # fmt: skip
        assert done.returncode == 2
        assert "there is no such account" in done.stderr


def test_nothing_planted_under_the_name_of_a_new_file_is_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    for plant in (os.symlink, os.link):
        plant(victim, tmp_path / "file.new")
        write_whole(str(tmp_path / "file"), b"data")
        assert victim.read_text() == "kept"


ROUNDS = (
    f'{{"device":"{DEVICE}","rounds":[{{"plan":"p","began_at":"2026-11-22T10:41:07Z","trips":[{{"landmark":"a",'
    '"method":"tcp","family":"ipv4","count":1,"min_ms":7.5}]}]}'
)


def latency_of(state: State, spool: Spool) -> tuple[str, int]:
    """Returns outcome and number of observables of the `latency` section in the next report; "" when there is none."""
    assert agent("read", "--once", "--state-dir", state.folder).returncode == 0
    report = json.loads(spool.waiting(limit=100)[-1].body)
    found = [it for it in report["sections"] if it["kind"] == "latency"]
    return (found[0]["outcome"], len(found[0].get("items", ()))) if found else ("", 0)


def test_what_the_senders_account_measured_is_told_and_what_another_planted_is_not(state: State, spool: Spool) -> None:
    path = state.of_sender("rounds.json")
    write_whole(path, ROUNDS.encode(), mode=0o644, owner=(SENDER, SENDER))
    assert latency_of(state, spool) == ("found", 2)
    assert latency_of(state, spool) == ("", 0)
    os.chown(path, OTHER, OTHER)
    assert latency_of(state, spool) == ("broken", 0)
    os.unlink(path)
    os.symlink(state.identifier_key, path)
    assert latency_of(state, spool) == ("broken", 0)
    os.unlink(path)
    os.mkfifo(path)
    assert latency_of(state, spool) == ("broken", 0)
