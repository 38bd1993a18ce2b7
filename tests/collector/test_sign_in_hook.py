import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farmwatch_collector.cli import main
from farmwatch_collector.place.networks import Networks
from farmwatch_collector.sign_in_hook import MAX_BYTES, MAX_ROWS, TOKEN_SETTING, SignInHook, digest_of
from farmwatch_collector.sign_ins import SignInReader
from farmwatch_collector.store import Store, open_store
from farmwatch_schema.identifiers import Keyer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = "token-of-the-tests"
ROW = {"person": "p-1", "at": "2026-11-22T08:00:00Z", "address": "192.0.2.7"}


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    opened.set_sign_in_token(digest_of(TOKEN))
    yield opened
    opened.close()


@pytest.fixture
def hook(store: Store) -> Any:
    hook = SignInHook(store, lambda: NOW)
    hook.reader = SignInReader(Networks(None), Keyer(bytes(32), "test"))
    hook._bucket._per_second = 0
    yield hook
    hook.close()


def ask(hook: SignInHook, body: bytes, token: str = TOKEN, method: str = "POST") -> tuple[int, dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope = {"type": "http", "method": method, "path": "/v1/sign-ins", "headers": headers}
    asyncio.run(hook(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_sign_ins_are_taken_once_however_often_they_are_sent(hook: SignInHook, store: Store) -> None:
    body = json.dumps([ROW, {**ROW, "person": "p-2"}]).encode()
    assert ask(hook, body) == (200, {"ok": True, "added": 2})
    assert ask(hook, body) == (200, {"ok": True, "known": 2})
    (one,) = store.sign_ins("p-1", NOW.replace(hour=0))
    assert one.at == NOW.replace(hour=8)


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1], "\xff"])
def test_without_the_token_nothing_is_read(hook: SignInHook, store: Store, token: str) -> None:
    status, answer = ask(hook, json.dumps([ROW]).encode(), token)
    assert (status, answer["ok"]) == (401, False)
    assert store.sign_ins("p-1", NOW.replace(hour=0)) == []


def test_where_no_token_was_made_or_it_ended_nobody_gets_in(hook: SignInHook, store: Store) -> None:
    store.set_sign_in_token(b"")
    assert ask(hook, b"[]", "")[0] == 401
    assert ask(hook, b"[]")[0] == 401


def test_one_bad_row_and_nothing_is_taken(hook: SignInHook, store: Store) -> None:
    status, answer = ask(hook, json.dumps([ROW, {**ROW, "at": "noon"}]).encode())
    assert status == 400
    assert [(fault["row"], fault["field"]) for fault in answer["faults"]] == [(2, "at")]
    assert store.sign_ins("p-1", NOW.replace(hour=0)) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b'[{"person":"p"}]', 400),
        (b'[{"person":"p","at":"x","ip":"192.0.2.1"}]', 400),
        (b"[" * 100_000, 400),
        (b"\xff\xfe", 400),
        (json.dumps([ROW] * (MAX_ROWS + 1)).encode(), 413),
        (b" " * (MAX_BYTES + 1), 413),
    ],
)
def test_a_body_that_is_none_of_ours_is_refused(hook: SignInHook, body: bytes, status: int) -> None:
    assert ask(hook, body)[0] == status


def test_another_method_is_refused(hook: SignInHook) -> None:
    assert ask(hook, b"", method="GET")[0] == 405


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.binary(max_size=200))
def test_any_body_has_an_answer(hook: SignInHook, body: bytes) -> None:
    assert ask(hook, body)[0] in (200, 400)


def test_a_flood_is_told_to_wait(hook: SignInHook) -> None:
    hook._bucket._per_second = 0.001
    hook._bucket._burst = 2
    assert [ask(hook, b"[]")[0] for _ in range(3)] == [200, 200, 429]


def test_the_command_shows_a_token_once_and_stores_its_digest(tmp_path: Path, capsys: Any) -> None:
    assert main(["signins", "token", "--data", str(tmp_path)]) == 0
    token = capsys.readouterr().out.strip()
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    assert store.setting(TOKEN_SETTING) == digest_of(token)
    store.close()
    assert main(["signins", "token", "--revoke", "--data", str(tmp_path)]) == 0
    store = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    assert store.setting(TOKEN_SETTING) == b""
    store.close()
