"""The verbs of farmwatch-agent as a person types them."""

import importlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import msgspec
import pytest

from farmwatch_agent import config, identity, options, probes
from farmwatch_agent.cli import VERBS, main
from farmwatch_agent.identity import Identity, State, save_identity
from farmwatch_schema import codec
from farmwatch_schema.signature import public_key_of

from .collector_double import Collector, Exchange, running

SEED = bytes(range(32))
DEVICE = "d-0123456789abcdef"
KEY = bytes(range(32))

#: What the reader must never load: network, cryptography, and what costs memory for nothing (docs/architecture.md).
FORBIDDEN = {
    "asyncio", "concurrent", "email", "http", "multiprocessing", "nacl", "psutil", "requests", "scapy",
    "socket", "socketserver", "ssl", "subprocess", "truststore", "urllib", "urllib3", "xml",
}  # fmt: skip


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(str(tmp_path / "state"))


@pytest.fixture
def enrolled(state: State) -> State:
    save_identity(state, Identity(device=DEVICE, url="http://127.0.0.1:9", key_id="k"), SEED, KEY)
    return state


class Done(NamedTuple):
    """What a verb left: exit code and both streams."""

    returncode: int
    stdout: str
    stderr: str


def agent(*words: str, **environment: str) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), patch.dict(os.environ, environment):
        code = main(words)
    return Done(code, out.getvalue(), err.getvalue())


def test_the_command_ends_with_the_exit_code_of_its_verb() -> None:
    command = [sys.executable, "-m", "farmwatch_agent.cli", "collect", "--jsno"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_a_name_in_any_script_ends_no_verb() -> None:
    command = [sys.executable, "-m", "farmwatch_agent.cli", "collect", "--only", "電源"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env=environment)
    assert done.returncode == 2
    assert "--only 電源: there is no such kind" in done.stderr


LOADED = """
import sys
from farmwatch_agent.cli import main
code = main(sys.argv[1:])
print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
sys.exit(code)
"""


def loaded_by(*words: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_the_reader_never_loads_network_or_cryptography(enrolled: State) -> None:
    assert loaded_by("read", "--once", "--state-dir", enrolled.folder) & FORBIDDEN == set()


def test_collect_loads_no_database_either(tmp_path: Path) -> None:
    loaded = loaded_by("collect", "--json", "--state-dir", str(tmp_path))
    assert loaded & {*FORBIDDEN, "sqlite3", "argparse", "json", "logging", "yaml", "random", "pickle"} == set()


@pytest.mark.parametrize(("verb", "times"), [("collect", 1), ("read", 0)])
def test_only_a_process_that_ends_soon_lets_cycles_of_garbage_lie(
    verb: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    disabled: list[bool] = []
    monkeypatch.setattr("farmwatch_agent.cli.gc.disable", lambda: disabled.append(True))
    monkeypatch.setattr(sys, "argv", ["farmwatch-agent", verb, "--help"])
    assert main() == 0
    assert len(disabled) == times


def test_collect_prints_one_json_line_with_every_kind_and_an_outcome(tmp_path: Path) -> None:
    done = agent("collect", "--json", "--state-dir", str(tmp_path))
    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    report = codec.decode_report(line.encode())
    assert [section.kind for section in report.sections] == list(probes.usual())
    assert report.origin == "live"
    for section in report.sections:
        assert section.reason or section.outcome in ("found", "none")
        if isinstance(section.items, msgspec.Raw):
            codec.decode_items(section.kind, section.items)


def test_collect_without_json_is_a_table_for_people(tmp_path: Path) -> None:
    done = agent("collect", "--only", "host,agent", "--state-dir", str(tmp_path))
    assert [line.split()[0] for line in done.stdout.splitlines()[3:]] == ["host", "agent"]


def test_a_report_of_a_file_tree_is_marked_and_takes_nothing_from_this_machine(tmp_path: Path, enrolled: State) -> None:
    (tmp_path / "tree/proc").mkdir(parents=True)
    done = agent("collect", "--json", "--root", str(tmp_path / "tree"), "--state-dir", enrolled.folder)
    report = codec.decode_report(done.stdout.encode())
    assert report.origin == "root"
    assert report.device != DEVICE


def test_a_capture_replays_with_the_same_outcomes(tmp_path: Path) -> None:
    file = str(tmp_path / "laptop.capture")
    assert agent("capture", file, "--only", "usb,displays,power").returncode == 0
    live = codec.decode_report(agent("collect", "--json", "--only", "usb,displays,power").stdout.encode())
    replayed = codec.decode_report(
        agent("collect", "--json", "--replay", file, "--only", "usb,displays,power").stdout.encode()
    )
    assert replayed.origin == "replay"
    assert [it.outcome for it in replayed.sections] == [it.outcome for it in live.sections]


def test_the_same_key_gives_the_same_identifiers(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY.hex())
    lines = [agent("collect", "--json", "--only", "network", "--key-file", str(key)).stdout for _ in range(2)]
    one, two = (codec.decode_report(line.encode()).sections[0] for line in lines)
    assert one.digest == two.digest


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["colect"], 2, "no verb “colect”"),
        (["collect", "--jsno"], 2, "Did you mean --json?"),
        (["collect", "--only"], 2, "--only needs KIND after it"),
        (["collect", "--only", "usbs"], 2, "no such kind"),
        (["collect", "extra"], 2, "one word too many"),
        (["capture"], 2, "FILE is missing"),
        (["collect", "--root", "/nowhere/at/all"], 1, "/nowhere/at/all"),
        (["collect", "--key-file", "/nowhere/key"], 1, "/nowhere/key"),
        (["enrol"], 2, "--url is missing"),
        (["enrol", "--url", "farmwatch.example.com"], 2, "no web address"),
        (["enrol", "--url", "http://farmwatch.example.com"], 2, "Write https"),
        (["enrol", "--url", "https://farmwatch.example.com/x"], 2, "has a path"),
        (["enrol", "--url", "https://u:p@farmwatch.example.com"], 2, "must hold no secret"),
    ],
)
def test_a_mistake_gives_one_message_and_its_exit_code(
    words: list[str], code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = [] if words == ["colect"] else ["--state-dir", str(tmp_path)]
    assert main([*words, *state]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_an_error_with_json_is_a_document_with_the_same_code(capsys: pytest.CaptureFixture[str], state: State) -> None:
    assert main(["send", "--json", "--state-dir", state.folder]) == 3
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["code"], document["verb"]) == (False, 3, "send")
    assert "not enrolled" in document["error"]


@pytest.mark.parametrize(("words", "verb"), [(["send"], "send"), (["run", "--once"], "run")])
def test_a_sending_that_fails_is_a_document_in_the_name_of_its_verb(
    words: list[str], verb: str, enrolled: State
) -> None:
    assert agent("read", "--once", "--state-dir", enrolled.folder).returncode == 0
    done = agent(*words, "--json", "--state-dir", enrolled.folder)
    document = json.loads(done.stdout)
    assert done.returncode == 4
    assert (document["ok"], document["code"], document["verb"], document["status"]) == (False, 4, verb, "unreachable")
    assert "cannot be reached" in document["error"]


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert f"farmwatch-agent {verb}" in capsys.readouterr().out


def test_help_begins_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "Examples:" in capsys.readouterr().out
    assert main([]) == 2


@pytest.mark.parametrize("verb", ["read", "send", "run"])
def test_what_needs_an_identity_says_how_to_get_one(
    verb: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--state-dir", state.folder]) == 3
    assert "farmwatch-agent enrol" in capsys.readouterr().err


@pytest.fixture
def collector() -> Iterator[Collector]:
    def react(double: Collector, exchange: Exchange) -> tuple[int, bytes]:
        if exchange.path != "/v1/enrol":
            return double.accept(exchange)
        asked = codec.decode_enrol_request(exchange.body)
        if asked.token != "token-7":
            return 403, double.response([], status="invalid", message="This token was used up. Ask for a new one.")
        double.public_key = bytes.fromhex(asked.public_key)
        given = {"device": DEVICE, "identifier_key": KEY.hex(), "key_id": "k", "server_time": double.server_time()}
        return 200, json.dumps(given).encode()

    with running(Collector(react=react)) as double:
        yield double


def test_from_enrolment_to_an_acknowledged_report(collector: Collector, state: State, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("token-7\n")
    folder = ["--state-dir", state.folder]
    done = agent("enrol", "--url", collector.url, "--token-file", str(token), *folder)
    assert (done.returncode, done.stdout) == (0, f"enrolled as {DEVICE} at {collector.url}\n")
    assert os.stat(state.signing_key).st_mode & 0o777 == 0o600
    assert public_key_of(identity.load_signing_key(state)) == collector.public_key
    assert not os.path.exists(f"{state.signing_key}.pending")

    assert agent("enrol", "--url", collector.url, "--token-file", str(token), *folder).returncode == 1

    assert agent("read", "--once", *folder).stdout == "1\n"
    dry = agent("send", "--dry-run", *folder)
    assert dry.stdout.startswith(f"POST {collector.url}/v1/reports\n")
    assert "nothing was sent" in dry.stderr
    assert collector.taken == []

    assert agent("send", *folder).returncode == 0
    assert [number for _, number in collector.taken] == [1]
    assert agent("run", "--once", *folder).returncode == 0
    assert [number for _, number in collector.taken] == [1, 2]
    second = collector.reports(collector.seen[-1])[0]
    assert second.device == DEVICE
    assert second.previous
    unchanged = [it.kind for it in second.sections if it.digest and it.items is msgspec.UNSET]
    assert "host" in unchanged, "a state that did not change travels by its digest"

    explained = agent("explain", *folder)
    assert explained.returncode == 0
    assert "report 2 of epoch" in explained.stdout
    assert "why: " in explained.stdout
    assert "Blind spots" not in explained.stdout, "one heading ends where the next one begins"
    assert json.loads(agent("explain", "--json", *folder).stdout)["sent"]["status"] == "accepted"

    status = agent("status", "--json", *folder)
    assert status.returncode == 0, status.stdout
    assert {item["subject"]: item["state"] for item in json.loads(status.stdout)["items"]} == {
        "identity": "ok", "spool": "ok", "sent": "ok", "probes": "ok", "measuring": "ok",
    }  # fmt: skip

    doctor = json.loads(agent("doctor", "--json", *folder).stdout)
    results = {item["id"]: item["result"] for item in doctor["items"]}
    assert results["collector"] == "ok"
    assert results["keys"] == "ok"
    assert results["spool"] == "ok"


def test_a_token_is_never_shown_and_a_refusal_has_its_code(collector: Collector, state: State) -> None:
    done = agent("enrol", "--url", collector.url, "--state-dir", state.folder, FARMWATCH_TOKEN="token-wrong")
    assert done.returncode == 5
    assert "used up" in done.stderr
    assert "token-wrong" not in done.stdout + done.stderr
    assert not os.path.exists(state.identity)


def test_a_lost_answer_at_enrolment_shows_the_same_key_again(collector: Collector, state: State) -> None:
    asked: list[str] = []
    good = collector.react

    def lose(double: Collector, exchange: Exchange) -> tuple[int, bytes]:
        asked.append(codec.decode_enrol_request(exchange.body).public_key)
        return (502, b"bad gateway") if len(asked) == 1 else good(double, exchange)

    collector.react = lose
    words = ["enrol", "--url", collector.url, "--state-dir", state.folder]
    assert agent(*words, FARMWATCH_TOKEN="token-7").returncode == 4
    assert agent(*words, FARMWATCH_TOKEN="token-7").returncode == 0
    assert asked[0] == asked[1]


def test_a_clock_that_is_a_day_off_at_enrolment_costs_no_report(collector: Collector, state: State) -> None:
    collector.clock = lambda: time.time() + 86_400
    folder = ["--state-dir", state.folder]
    assert agent("enrol", "--url", collector.url, *folder, FARMWATCH_TOKEN="token-7").returncode == 0
    assert agent("run", "--once", *folder).returncode == 0
    (report,) = collector.reports(collector.seen[-1])
    assert len(collector.seen) == 2, "enrolment and one request: the offset was known before the first one"
    assert abs(datetime.fromisoformat(report.created_at).timestamp() - collector.clock()) < 60


def test_doctor_names_what_stands_between_this_laptop_and_its_collector(collector: Collector, enrolled: State) -> None:
    words = ["doctor", "--only", "collector", "--state-dir", enrolled.folder]
    collector.react = lambda *_: (200, b"<html>Welcome</html>")
    done = agent(*words, FARMWATCH_URL=collector.url)
    assert done.returncode == 4
    assert "not as a collector does" in done.stdout
    collector.react = lambda double, _: (401, double.response([], status="bad_signature"))
    collector.clock = lambda: time.time() + 4_000
    done = agent(*words, FARMWATCH_URL=collector.url)
    assert done.returncode == 6
    assert "this clock is +4" in done.stdout or "this clock is +3999" in done.stdout
    done = agent(*words, FARMWATCH_URL="http://localhost:9", FARMWATCH_PROXY="http://user:pass@127.0.0.1:9")
    assert done.returncode == 7
    assert "through proxy 127.0.0.1:9" in done.stdout
    assert "pass" not in done.stdout


def test_a_portal_at_enrolment_enrols_nothing(collector: Collector, state: State) -> None:
    collector.react = lambda *_: (200, b"<html>Welcome</html>")
    done = agent("enrol", "--url", collector.url, "--state-dir", state.folder, FARMWATCH_TOKEN="token-7")
    assert done.returncode == 3
    assert "sign-in page" in done.stderr
    assert not os.path.exists(state.identity)


def test_status_before_enrolment_says_what_to_type(state: State) -> None:
    done = agent("status", "--state-dir", state.folder)
    assert done.returncode == 3
    assert "farmwatch-agent enrol" in done.stdout


def test_doctor_gives_a_command_for_what_is_wrong(enrolled: State) -> None:
    os.chmod(enrolled.signing_key, 0o644)
    done = agent("doctor", "--offline", "--only", "keys,spool", "--state-dir", enrolled.folder)
    assert done.returncode == 8
    assert f"fix: chmod 600 {enrolled.signing_key}" in done.stdout
    assert "fix: farmwatch-agent read --once" in done.stdout


def test_a_damaged_identity_is_kept_and_named(enrolled: State, capsys: pytest.CaptureFixture[str]) -> None:
    Path(enrolled.identity).write_bytes(b"{broken")
    assert main(["read", "--once", "--state-dir", enrolled.folder]) == 8
    assert "Nothing was deleted" in capsys.readouterr().err
    assert Path(enrolled.identity).read_bytes() == b"{broken"
    assert main(["status", "--state-dir", enrolled.folder]) == 8


def test_what_is_turned_off_says_so_and_is_never_none(enrolled: State, tmp_path: Path) -> None:
    settings = tmp_path / "agent.yaml"
    settings.write_text("off: [sessions]\n")
    assert agent("read", "--once", "--state-dir", enrolled.folder, "--config", str(settings)).returncode == 0
    dry = agent("send", "--dry-run", "--json", "--state-dir", enrolled.folder)
    sections = {it["kind"]: it for it in json.loads(dry.stdout)["reports"][0]["sections"]}
    assert sections["sessions"]["outcome"] == "not_supported"
    assert "turned off" in sections["sessions"]["reason"]


DOCUMENT = (Path(__file__).parents[2] / "docs/commands.md").read_text()


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_the_document_names_every_verb_and_option(verb: str) -> None:
    module = VERBS[verb][0]
    (row,) = [line for line in DOCUMENT.splitlines() if line.startswith((f"| `{module} ", f"| `{verb} "))]
    command = importlib.import_module(f"farmwatch_agent.commands.{module}")
    for option in command.OPTIONS:
        assert f"--{option}" in row or option in ("proxy", "ca-file", "json")
    assert verb in row


def test_the_document_names_every_exit_code_setting_and_state_file(state: State) -> None:
    codes = [
        line.split("|")[1].strip() for line in DOCUMENT.splitlines() if line.startswith("| ") and line[2].isdigit()
    ]
    assert codes == [str(code) for code in (*range(9), options.CANCELLED)]
    for name in config.NAMES:
        assert f"| `{name}` |" in DOCUMENT
    for path in (state.identity, state.signing_key, state.identifier_key, state.spool, state.health, state.sent):
        assert f"`{os.path.basename(path)}`" in DOCUMENT


def test_everybody_may_look_at_status_and_explain_and_nobody_else_at_the_keys(enrolled: State) -> None:
    modes = {name: os.stat(os.path.join(enrolled.folder, name)).st_mode & 0o777 for name in os.listdir(enrolled.folder)}
    assert os.stat(enrolled.folder).st_mode & 0o777 == 0o755
    assert modes == {"identity.json": 0o644, "identifier.key": 0o640, "signing.key": 0o600}


@pytest.mark.integration
@pytest.mark.parametrize("verb", ["read", "run"])
def test_what_runs_on_ends_well_when_the_service_manager_says_so(
    verb: str, collector: Collector, state: State, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("token-7\n")
    folder = ["--state-dir", state.folder]
    assert agent("enrol", "--url", collector.url, "--token-file", str(token), *folder).returncode == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "farmwatch_agent.cli", verb, *folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        time.sleep(2.0)
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()
    assert agent("status", *folder).returncode in (0, 1), "the spool is whole"
