"""An analyst's word on a shared value, and cases about farms, over a real store."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from farmwatch_collector.console import Sessions, problem_pages, routes
from farmwatch_collector.store import Store, open_store

from ..store.contract import StoreContract
from ..store.farm_facts import GATEWAY, change, farm
from .markup import Page
from .memory import NOW, SCRIPT

Client = TestClient[Litestar]
BASE = "http://testserver.local"
DEVICES = ("d-1", "d-2", "d-3")
UNTIL = (NOW + timedelta(days=60)).date()
WORDS: dict[str, Any] = {
    "value": f"gateway_mac.{GATEWAY.hex()}",
    "place": "office",
    "name": "Lisbon office",
    "owner": "it@example.com",
    "reason": "a lease, seen today",
    "until": UNTIL.isoformat(),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """One farm of three, with a case."""
    opened = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    for device in DEVICES:
        StoreContract().enrolled(opened, device, f"laptop {device}")
    assert opened.save_farms([change(farm(-1, *DEVICES, at=NOW), "found")], NOW) == {-1: 1}
    yield opened
    opened.close()


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def stranger(store: Store, sessions: Sessions) -> Iterator[Client]:
    handlers = routes(store, sessions, clock=lambda: NOW + timedelta(minutes=5))
    app = Litestar(handlers, exception_handlers=problem_pages, openapi_config=None)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def analyst(stranger: Client, sessions: Sessions) -> Client:
    assert stranger.get(sessions.new_link(BASE).removeprefix(BASE)).status_code == 200
    return stranger


def page(client: Client, path: str, status: int = 200) -> Page:
    answer = client.get(path)
    assert answer.status_code == status
    found = Page(answer.text)
    assert found.problems == []
    return found


def send(client: Client, path: str, **fields: Any) -> Any:
    token = next(each["value"] for each in page(client, "/cases").all("input") if each.get("name") == "token")
    return client.post(path, data={"token": token, **fields}, headers={"Origin": BASE}, follow_redirects=False)


# labels -------------------------------------------------------------------------------------------
def test_an_office_is_named_until_a_day_and_the_log_says_by_whom(analyst: Client, store: Store) -> None:
    answer = send(analyst, "/farms/1/label", **WORDS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/farms/1#labels")
    (label,) = store.labels()
    assert (label.kind, label.value, label.place) == ("gateway_mac", GATEWAY.hex(), "office")
    assert (label.name, label.owner, label.until, label.farm) == ("Lisbon office", "it@example.com", UNTIL, 1)
    assert label.devices == ()
    assert label.actor.startswith("session-")
    assert "Lisbon office" in page(analyst, "/farms/1").text
    assert "Lisbon office" in page(analyst, "/farms").text
    assert any(line.action == "label made" for line in store.audit())


def test_a_household_speaks_of_the_members_of_now_only(analyst: Client, store: Store) -> None:
    assert send(analyst, "/farms/1/label", **{**WORDS, "place": "household"}).status_code == 303
    assert store.labels()[0].devices == DEVICES


WRONG: list[dict[str, str]] = [
    {"value": "gateway_mac." + "00" * 16},
    {"value": "usb_serial." + GATEWAY.hex()},
    {"value": ""},
    {"place": "farm"},
    {"place": ""},
    {"name": ""},
    {"name": "x" * 65},
    {"owner": " "},
    {"reason": ""},
    {"until": "tomorrow"},
    {"until": ""},
    {"until": (NOW - timedelta(days=1)).date().isoformat()},
    {"until": (NOW + timedelta(days=400)).date().isoformat()},
]


def test_a_label_without_all_it_needs_is_refused_in_a_sentence(analyst: Client, store: Store) -> None:
    for wrong in WRONG:
        answer = send(analyst, "/farms/1/label", **{**WORDS, **wrong})
        assert answer.status_code == 400, wrong
        assert Page(answer.text).problems == []
    assert store.labels() == []


def test_a_form_of_another_site_changes_nothing(analyst: Client, store: Store) -> None:
    send(analyst, "/farms/1/label", **WORDS)
    for path in ("/farms/1/label", "/labels/1/end"):
        for headers in ({}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": BASE}):
            data = {**WORDS, "token": "forged", "name": "forged"}
            assert analyst.post(path, data=data, headers=headers).status_code == 403
    assert [(each.name, each.until) for each in store.labels()] == [("Lisbon office", UNTIL)]


def test_nothing_is_done_for_who_is_not_signed_in(stranger: Client, store: Store) -> None:
    for path in ("/farms/1/label", "/labels/1/end"):
        assert stranger.post(path, data=WORDS, headers={"Origin": BASE}).status_code == 401
    assert store.labels() == []


def test_a_label_is_ended_with_a_reason_and_the_form_leads_back(analyst: Client, store: Store) -> None:
    send(analyst, "/farms/1/label", **WORDS)
    (label,) = store.labels()
    assert send(analyst, f"/labels/{label.id}/end", reason="", back="farms/1").status_code == 400
    answer = send(analyst, f"/labels/{label.id}/end", reason="they moved out", back="farms/1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/farms/1#labels")
    assert store.labels((NOW + timedelta(days=1)).date()) == []
    assert send(analyst, f"/labels/{label.id}/end", reason="again", back="farms").status_code == 400


def test_a_form_never_leads_elsewhere(analyst: Client, store: Store) -> None:
    for back in ("//evil.example", "https://evil.example", "farms/1/../..", "farms/x", "farms/1\n", ""):
        send(analyst, "/farms/1/label", **WORDS)
        answer = send(analyst, f"/labels/{store.labels()[0].id}/end", reason="over", back=back)
        assert answer.headers["location"] == "/farms#labels"


def test_words_of_a_label_stay_text(analyst: Client) -> None:
    assert send(analyst, "/farms/1/label", **{**WORDS, "name": SCRIPT, "reason": SCRIPT}).status_code == 303
    for path in ("/farms", "/farms/1"):
        page(analyst, path)
        assert SCRIPT not in analyst.get(path).text


def test_the_log_leads_to_the_farm_that_was_opened(analyst: Client) -> None:
    page(analyst, "/farms/1")
    assert 'href="/farms/1"' in analyst.get("/audit?subject=farm+1").text
    assert "opened farm" in page(analyst, "/audit?subject=farm+1").text


# cases --------------------------------------------------------------------------------------------
def test_a_farms_case_leads_to_the_farm_and_back(analyst: Client) -> None:
    queue = analyst.get("/cases").text
    assert '<a href="/farms/1">Farm 1</a>' in queue
    assert "3 devices" in page(analyst, "/cases").text
    case = page(analyst, "/cases/1").text
    assert "Case 1: farm 1" in case
    assert "TP-Link gateway: 3 members, 3 of them unrelated" in case
    assert "One gateway, five strangers." in case
    assert "Devices, 3" in case
    assert '<a href="/cases/1">Case 1</a>' in analyst.get("/farms/1").text
    assert analyst.get("/cases/1.json").json()["farm"]["id"] == 1


def test_a_farms_case_that_is_closed_as_a_household_names_the_place(analyst: Client, store: Store) -> None:
    case = store.case(1)
    assert case is not None
    fields = {"class": "benign", "reason": "three friends", "until": UNTIL.isoformat(), "place": "co_working"}
    answer = send(analyst, "/cases/1/close", version=case.version, **fields)
    assert answer.status_code == 303
    (label,) = store.labels()
    assert (label.place, label.value, label.until) == ("co_working", GATEWAY.hex(), UNTIL)
    assert "closed: benign, explained" in page(analyst, "/cases/1").text


def test_a_farms_case_can_be_assigned_noted_and_confirmed_like_any_other(analyst: Client, store: Store) -> None:
    assert send(analyst, "/cases/1/note", text="asked facilities").status_code == 303
    case = store.case(1)
    assert case is not None
    assert send(analyst, "/cases/1/assign", owner="ann", version=case.version).status_code == 303
    case = store.case(1)
    assert case is not None
    fields = {"class": "confirmed", "reason": "seen on site", "place": "office"}
    assert send(analyst, "/cases/1/close", version=case.version, **fields).status_code == 303
    assert store.labels() == []
    page(analyst, "/cases/1")
