"""Measuring as its users see it: a plan asked and signed, a round left, told in a report, and the verb for people."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from farmwatch_agent.host import signed_trips, tcp_trips
from farmwatch_agent.identity import Identity, State, save_identity
from farmwatch_agent.probes.latency import measuring
from farmwatch_schema.plan import PLAN_PATH
from farmwatch_schema.signature import public_key_of, verify

from .collector_double import Collector, Exchange, running
from .landmark_doubles import PUBLIC_KEY, signs, udp
from .test_cli import agent

DEVICE = "d-0123456789abcdef"
SEED = bytes(range(32))
LOOPBACK = {"FARMWATCH_LANDMARKS": "127.0.0.0/8"}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (tcp_trips, signed_trips):
        monkeypatch.setattr(module, "BETWEEN_SECONDS", (0.0, 0.01))
    monkeypatch.setattr(measuring, "CONTROL_MICROS", 1_000_000)  # a machine that runs tests is busy


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running(Collector(public_key=public_key_of(SEED))) as double:
        yield double


@pytest.fixture
def state(tmp_path: Path, collector: Collector) -> State:
    made = State(str(tmp_path / "state"))
    save_identity(made, Identity(device=DEVICE, url=collector.url, key_id="k"), SEED, SEED)
    return made


@pytest.fixture
def landmark() -> Iterator[int]:
    with udp(signs()) as port:
        yield port


def target(port: int, **more: Any) -> dict[str, Any]:
    return {"landmark": "own", "host": "127.0.0.1", "port": port, "method": "signed", "public_key": PUBLIC_KEY, **more}


def plan_of(*targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    return {"plan": "p-1", "valid_until": until, "targets": list(targets), "connects": 2, **more}


def answers(plan: dict[str, Any]) -> Any:
    """Returns a reaction that answers a signed question with a plan, and any other with a refusal."""

    def react(collector: Collector, exchange: Exchange) -> tuple[int, bytes]:
        assert exchange.path == PLAN_PATH
        assert exchange.body == b"{}"
        verify("POST", exchange.path, exchange.headers, exchange.body, collector.public_key, collector.clock())
        return 200, collector.response([], device=exchange.headers["farmwatch-device"], plan=plan)

    return react


def latency(collector: Collector) -> list[dict[str, Any]]:
    """Returns what the last report that tells of measuring holds."""
    found = [it for exchange in collector.seen for report in collector.reports(exchange) for it in report.sections]
    (section,) = [it for it in found if it.kind == "latency"]
    assert isinstance(section.items, msgspec.Raw)
    items: list[dict[str, Any]] = msgspec.json.decode(section.items)
    return items


def test_from_a_plan_to_a_round_in_a_report(collector: Collector, state: State, landmark: int) -> None:
    collector.plan = answers(plan_of(target(landmark), target(22, landmark="ssh", method="tcp")))
    folder = ["--state-dir", state.folder]
    assert agent("read", "--once", *folder).returncode == 0
    done = agent("send", "--measure", *folder, **LOOPBACK)
    assert (done.returncode, done.stdout) == (0, "1 report is with the collector.\n"), done.stderr
    assert "measured in" in done.stderr
    assert len(collector.asked) == 1
    assert agent("read", "--once", *folder).returncode == 0
    assert agent("send", *folder, **LOOPBACK).returncode == 0
    items = {(it["type"], it.get("landmark", "")): it for it in latency(collector)}
    assert items["measuring_round", ""]["plan"] == "p-1"
    own = items["round_trips", "own"]
    assert (own["count"], own["address"], own["ttl_seen"]) == (2, "127.0.0.1", 57)
    assert own["min_ms"] < 300
    assert items["round_trips", "ssh"]["problem"] == "not_allowed"
    assert agent("read", "--once", *folder).returncode == 0
    assert agent("send", *folder).returncode == 0
    assert latency(collector), "it was told once, and never again"


def test_a_plain_send_measures_nothing_before_it_is_due_and_asks_an_older_collector_once(
    collector: Collector, state: State
) -> None:
    folder = ["--state-dir", state.folder]
    for _ in range(3):
        assert agent("read", "--once", *folder).returncode == 0
        assert agent("send", "--scheduled", *folder).returncode == 0
    assert len(collector.asked) == 1, "it answered 404"
    assert not os.path.exists(os.path.join(state.folder, "rounds.json"))


def test_one_process_for_both_halves_measures_too(collector: Collector, state: State, landmark: int) -> None:
    collector.plan = answers(plan_of(target(landmark)))
    done = agent("run", "--once", "--state-dir", state.folder, **LOOPBACK)
    assert done.returncode == 0, done.stderr
    kept = json.loads(Path(state.of_sender("measuring.json")).read_bytes())
    assert kept["plan"]["plan"] == "p-1"
    assert kept["next_at"] > time.time() - 60


def test_turned_off_nothing_is_asked_and_nothing_measured(collector: Collector, state: State, landmark: int) -> None:
    collector.plan = answers(plan_of(target(landmark)))
    folder = ["--state-dir", state.folder]
    assert agent("read", "--once", *folder).returncode == 0
    done = agent("send", "--measure", *folder, FARMWATCH_OFF="latency", **LOOPBACK)
    assert done.returncode == 0
    assert "latency is turned off (environment FARMWATCH_OFF)" in done.stderr
    assert collector.asked == []
    refused = agent("measure", *folder, FARMWATCH_OFF="latency")
    assert (refused.returncode, refused.stdout) == (1, "")


def test_behind_a_sign_in_page_nothing_is_measured(collector: Collector, state: State, landmark: int) -> None:
    collector.plan = answers(plan_of(target(landmark)))
    folder = ["--state-dir", state.folder]
    assert agent("read", "--once", *folder).returncode == 0
    collector.react = lambda *_: (200, b"<html>sign in</html>")
    assert agent("send", "--measure", *folder, **LOOPBACK).returncode == 4
    assert collector.asked == []
    assert not os.path.exists(os.path.join(state.folder, "rounds.json"))


def test_the_verb_measures_by_a_file_without_enrolment_and_keeps_nothing(tmp_path: Path, landmark: int) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(plan_of(target(landmark), target(landmark, landmark="second"))))
    words = ["measure", "--plan", str(plan), "--state-dir", str(tmp_path / "none")]
    done = agent(*words, **LOOPBACK)
    assert done.returncode == 0, done.stderr
    head, first, second, _, about = done.stdout.splitlines()
    assert head.split()[:4] == ["LANDMARK", "METHOD", "FAMILY", "ADDRESS"]
    assert first.split()[:5] == ["own", "signed", "ipv4", "127.0.0.1", "2"]
    assert second.split()[0] == "second"
    assert "0 connects" in about
    document = json.loads(agent(*words, "--json", **LOOPBACK).stdout)
    assert (document["verb"], document["code"]) == ("measure", 0)
    assert [it["type"] for it in document["items"]] == ["measuring_round", "round_trips", "round_trips"]
    assert not (tmp_path / "none").exists()
    # The list of this laptop holds for the verb, too.
    alone = json.loads(agent(*words, "--json").stdout)
    assert [it["problem"] for it in alone["items"][1:]] == ["not_allowed"] * 2


@pytest.mark.parametrize("text", ["", "[]", '{"plan": 1}', '{"plan":"p","valid_until":"x","rounds_per_day":9}', "\xff"])
def test_what_is_no_plan_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text, encoding="latin-1")
    done = agent("measure", "--plan", str(file), "--state-dir", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{file}: is no plan" in done.stderr
    assert agent("measure", "--plan", str(tmp_path / "none"), "--state-dir", str(tmp_path)).returncode == 2


def test_without_any_plan_it_says_where_one_comes_from(state: State, tmp_path: Path) -> None:
    done = agent("measure", "--state-dir", state.folder)
    assert (done.returncode, "--plan FILE" in done.stderr) == (1, True)
    assert agent("measure", "--state-dir", str(tmp_path / "none")).returncode == 3


def test_status_doctor_and_explain_say_when_it_was_and_why_not(
    collector: Collector, state: State, landmark: int
) -> None:
    collector.plan = answers(plan_of(target(landmark)))
    folder = ["--state-dir", state.folder]
    assert "the sender has no plan" in agent("status", *folder).stdout
    assert agent("read", "--once", *folder).returncode == 0
    assert agent("send", "--measure", *folder, **LOOPBACK).returncode == 0
    for words in (["status"], ["doctor", "--only", "measuring"], ["explain"]):
        assert "last at " in agent(*words, *folder).stdout, words
    file = Path(state.of_sender("measuring.json"))
    kept = json.loads(file.read_bytes())
    file.write_bytes(json.dumps({**kept, "why": "metered", "tried_at": time.time()}).encode())
    done = agent("doctor", "--only", "measuring", *folder)
    assert (done.returncode, "metered" in done.stdout) == (1, True)
