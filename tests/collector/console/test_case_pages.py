"""Queue and case over a real store: works, not signed in, wrong method, bad number; and forms from elsewhere."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from farmwatch_collector.assessment import GroupLevel
from farmwatch_collector.console import Sessions, problem_pages, routes
from farmwatch_collector.store import Store, open_store
from farmwatch_detectors.policy import RosterEntry

from ..store.contract import StoreContract, assessment
from .markup import Page
from .memory import NOW, SCRIPT

Client = TestClient[Litestar]
BASE = "http://testserver.local"
TOOL = GroupLevel(group="R", level=2, bits=4.0, detector="remote_access_tool")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three open cases: 1 at review, 2 urgent, 3 of a laptop with a hostile name."""
    opened = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    rows = (("d-1", 60, "review", "laptop-1"), ("d-2", 70, "urgent", "laptop-2"), ("d-3", 55, "review", SCRIPT))
    for device, points, level, name in rows:
        StoreContract().enrolled(opened, device, name)
        opened.save(assessment(device, NOW, points, attention=level), "v1", None)
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


def token(client: Client) -> str:
    return next(each["value"] for each in page(client, "/cases").all("input") if each.get("name") == "token")


def send(client: Client, path: str, **fields: Any) -> Any:
    data = {"token": token(client), **fields}
    return client.post(path, data=data, headers={"Origin": BASE}, follow_redirects=False)


def version(store: Store, number: int) -> int:
    case = store.case(number)
    assert case is not None
    return case.version


PATHS = ["/audit", "/cases", "/cases?state=all&owner=everybody", "/cases/1", "/cases/3", "/cases/1.json"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_shown_to_who_is_not_signed_in(stranger: Client, path: str) -> None:
    assert "laptop-1" not in page(stranger, path, 401).text


@pytest.mark.parametrize("path", ["/cases", "/cases/1/note", "/cases/1/close", "/me"])
def test_nothing_is_done_for_who_is_not_signed_in(stranger: Client, store: Store, path: str) -> None:
    assert stranger.post(path, data={"text": "x"}, headers={"Origin": BASE}).status_code == 401
    assert len(store.case_history(1)) == 1


@pytest.mark.parametrize("path", ["/audit", "/cases", "/cases/1", "/cases/3", "/cases?level=urgent&owner=nobody"])
def test_pages_hold_every_check_of_structure_and_the_strict_policy(analyst: Client, path: str) -> None:
    page(analyst, path)
    answer = analyst.get(path)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert answer.headers["cache-control"] == "no-store"
    assert SCRIPT not in answer.text


@pytest.mark.parametrize(
    "path", ["/cases/0", "/cases/9", "/cases/-1", "/cases/x", "/cases/1x", "/cases/9.json", "/cases/" + "9" * 40]
)
def test_a_number_that_is_no_case_gets_a_page(analyst: Client, path: str) -> None:
    page(analyst, path, 404)


@pytest.mark.parametrize("query", ["state=evil", "owner=ann", "level=high", "level=%00"])
def test_a_filter_that_there_is_not_is_refused(analyst: Client, query: str) -> None:
    page(analyst, f"/cases?{query}", 400)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(analyst: Client, method: str) -> None:
    for path in ("/cases", "/cases/1", "/cases/1/note", "/me"):
        assert analyst.request(method, path).status_code == 405


# forms from elsewhere ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://testserver.local"])
def test_a_form_of_another_site_changes_nothing(analyst: Client, store: Store, origin: str | None) -> None:
    data = {"token": token(analyst), "text": "forged"}
    answer = analyst.post("/cases/1/note", data=data, headers={} if origin is None else {"Origin": origin})
    assert answer.status_code == 403
    assert len(store.case_history(1)) == 1


@pytest.mark.parametrize("given", ["", "0" * 64, "é", "other"])
def test_a_form_without_this_sessions_token_changes_nothing(
    analyst: Client, store: Store, sessions: Sessions, given: str
) -> None:
    if given == "other":
        code = sessions.new_link(BASE).partition("code=")[2]
        from farmwatch_collector.console.access import form_token

        given = form_token(sessions.redeem(code) or "")
    answer = analyst.post("/cases/1/note", data={"token": given, "text": "forged"}, headers={"Origin": BASE})
    assert answer.status_code == 403
    assert len(store.case_history(1)) == 1


def test_a_body_that_is_no_form_or_too_large_is_refused(analyst: Client) -> None:
    headers = {"Origin": BASE}
    assert analyst.post("/cases/1/note", json={"text": "x"}, headers=headers).status_code == 415
    assert send(analyst, "/cases/1/note", text="x" * 70_000).status_code == 413
    form = {**headers, "content-type": "application/x-www-form-urlencoded"}
    assert analyst.post("/cases/1/note", content=b"text=%ff", headers=form).status_code == 400
    assert analyst.post("/cases/1/note", content=b"\xff\xfe", headers=form).status_code == 400
    assert analyst.post("/cases/1/note", content=b"&".join([b"a=1"] * 1000), headers=form).status_code == 400


# the queue --------------------------------------------------------------------------------------------------------


def cases_in(found: Page) -> list[int]:
    return [int(words) for words in re.findall(r"Case (\d+) (?:review|urgent|watch|below)", found.text)]


def test_the_queue_begins_with_mine_and_unassigned(analyst: Client, store: Store) -> None:
    assert cases_in(page(analyst, "/cases")) == [2, 1, 3]
    store.assign_case(2, NOW, "bob", "bob")
    store.assign_case(1, NOW, "ann", "ann")
    assert cases_in(page(analyst, "/cases")) == [3]
    assert send(analyst, "/me", name="ann").headers["location"] == "/cases"
    assert cases_in(page(analyst, "/cases")) == [1, 3]
    assert cases_in(page(analyst, "/cases?owner=mine")) == [1]
    assert cases_in(page(analyst, "/cases?owner=everybody")) == [2, 1, 3]
    assert cases_in(page(analyst, "/cases?owner=everybody&level=urgent")) == [2]


def test_nobody_is_mine_before_a_name_is_said(analyst: Client) -> None:
    assert cases_in(page(analyst, "/cases?owner=mine")) == []


def test_a_name_cannot_pass_for_a_session(analyst: Client, store: Store) -> None:
    send(analyst, "/me", name="ann (session-00000000)")
    send(analyst, "/cases/1/note", text="x")
    assert re.fullmatch(r"ann session-00000000 \(session-[0-9a-f]{8}\)", store.case_history(1)[-1].actor)
    line = store.audit(limit=3)[1]
    assert (line.action, line.before.startswith("session-")) == ("said who they are", True)


def test_an_empty_queue_says_what_there_is(analyst: Client, store: Store) -> None:
    assert "3 not closed, 0 closed" in page(analyst, "/cases?state=closed").text
    assert "Show every case" in page(analyst, "/cases?owner=mine").text


def test_the_queue_goes_on_after_a_hundred_with_its_filter(analyst: Client, store: Store) -> None:
    for number in range(100):
        StoreContract().enrolled(store, f"more-{number}")
        store.save(assessment(f"more-{number}", NOW, 52, attention="review"), "v1", None)
    found = page(analyst, "/cases?owner=everybody&level=review")
    assert len(cases_in(found)) == 100
    (following,) = [link["href"] for link in found.all("a") if link.get("rel") == "next"]
    assert "owner=everybody" in following
    assert len(cases_in(page(analyst, following))) == 3


def test_the_queue_is_searched_by_laptop_and_person_and_keeps_the_search(analyst: Client, store: Store) -> None:
    store.set_roster({"d-1": RosterEntry(person="Ada Example")})
    assert cases_in(page(analyst, "/cases?q=laptop-2")) == [2]
    assert cases_in(page(analyst, "/cases?q=ada+ex")) == [1]
    assert cases_in(page(analyst, "/cases?q=%25")) == []
    answer = send(analyst, "/cases", case=["1.1"], act="assign", owner="ann", q="a&b=c", standing="new")
    assert answer.headers["location"].endswith("&standing=new&q=a%26b%3Dc")
    page(analyst, "/cases?q=" + "x" * 201, 400)


def test_the_queue_is_filtered_by_standing(analyst: Client, store: Store) -> None:
    store.note_case(2, NOW, "ann", "I am on it")
    assert cases_in(page(analyst, "/cases?standing=ongoing")) == [2]
    assert sorted(cases_in(page(analyst, "/cases?standing=new"))) == [1, 3]
    page(analyst, "/cases?standing=old", 400)


def test_a_long_note_can_be_read_to_its_end(analyst: Client) -> None:
    send(analyst, "/cases/1/note", text="x" * 1_990 + " the end")
    assert "the end" in page(analyst, "/cases/1").text


def test_a_closed_row_says_why_and_until_when(analyst: Client, store: Store) -> None:
    store.close_case(1, NOW, "ann", "sanctioned", "the lab's KVM", until="2026-12-31")
    assert "the lab's KVM expected until 2027-01-01 00:00" in page(analyst, "/cases?state=closed").text


def test_a_closed_case_shows_the_level_that_the_device_has_now(analyst: Client, store: Store) -> None:
    store.close_case(2, NOW, "ann", "sanctioned", "the lab's KVM", until="2026-12-31")
    store.save(assessment("d-2", NOW + timedelta(minutes=1), 3), "v1", None)
    text = page(analyst, "/cases/2").text
    assert "3 points now below watch" in text
    assert "70, urgent, by hardware control" in text


def test_checked_cases_are_closed_with_one_reason(analyst: Client, store: Store) -> None:
    chosen = [f"{number}.{version(store, number)}" for number in (1, 2)]
    fields = {"case": chosen, "act": "close", "class": "benign", "reason": "one demonstration", "until": "2026-12-31"}
    answer = send(analyst, "/cases", **fields, state="open", **{"in": "nobody"}, level="review")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases?state=open&owner=nobody&level=review")
    closed = store.cases(("closed",))
    assert sorted((case.id, case.closed_as, case.reason) for case in closed) == [
        (1, "benign", "one demonstration"),
        (2, "benign", "one demonstration"),
    ]
    assert [case.id for case in store.cases()] == [3]


def test_checked_cases_are_assigned_whatever_the_close_fields_hold(analyst: Client, store: Store) -> None:
    answer = send(analyst, "/cases", case=["1.1", "3.1"], act="assign", owner="ann", reason="", **{"class": "benign"})
    assert answer.status_code == 303
    assert [case.owner for case in store.cases()] == ["", "ann", "ann"]


def test_one_that_changed_is_named_and_the_others_are_done(analyst: Client, store: Store) -> None:
    store.note_case(2, NOW, "bob", "I am on it")
    fields = {"act": "close", "class": "confirmed", "reason": "admitted"}
    answer = send(analyst, "/cases", case=["1.1", "2.1"], **fields)
    found = Page(answer.text)
    assert (answer.status_code, found.problems) == (409, [])
    assert "1 done, 1 not" in found.text
    assert "Case 2 has changed since you looked" in found.text
    assert sorted(case.id for case in store.cases()) == [2, 3]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"act": "close", "class": "confirmed", "reason": "x"}, "No case was checked"),
        ({"case": "1", "act": "close", "class": "confirmed", "reason": "x"}, "No case was checked"),
        ({"case": "1.1", "act": "close", "class": "confirmed", "reason": " "}, "A reason is needed"),
        ({"case": "1.1", "act": "close", "class": "benign", "reason": "x", "until": "2099-01-01"}, "The end date lies"),
        ({"case": "1.1", "act": "delete"}, "nothing that can be done"),
    ],
)
def test_a_form_that_cannot_be_taken_says_why_and_changes_nothing(
    analyst: Client, store: Store, fields: dict[str, str], said: str
) -> None:
    answer = send(analyst, "/cases", **fields)
    assert answer.status_code == 400
    assert said in Page(answer.text).text
    assert len(store.cases()) == 3


# one case ---------------------------------------------------------------------------------------------------------


def test_a_case_shows_why_what_was_found_and_its_history(analyst: Client) -> None:
    text = page(analyst, "/cases/1").text
    for words in (
        "Case 1: laptop-1",
        "One thing stands out.",
        "A PiKVM is plugged in.",
        "evaluation opened review, 60",
    ):
        assert words in text, words
    assert "1 finding counts as nothing until that day" in text


def test_it_is_worked_on_and_every_act_shows(analyst: Client, store: Store) -> None:
    send(analyst, "/me", name="ann")
    for path, fields in (
        ("assign", {"owner": "ann"}),
        ("wait", {"on": "HR"}),
        ("note", {"text": "first line\nsecond <b>line</b>"}),
        ("close", {"class": "sanctioned", "reason": "KVM of the lab", "until": "2026-12-24"}),
    ):
        answer = send(analyst, f"/cases/1/{path}", version=version(store, 1), **fields)
        assert (answer.status_code, answer.headers["location"]) == (303, "/cases/1"), path
    found = page(analyst, "/cases/1")
    for words in ("closed: sanctioned", "KVM of the lab", "second <b>line</b>", "2026-12-25 00:00", "Open again"):
        assert words in found.text, words
    view = store.view("d-1", NOW + timedelta(hours=1))
    assert view is not None
    assert [each.owner for each in view.expectations] == ["ann"]
    send(analyst, "/cases/1/reopen", reason="the lab has none")
    assert [case.id for case in store.cases()] == [2, 1, 3]


def test_the_day_of_a_form_is_left_aside_where_the_class_takes_none(analyst: Client, store: Store) -> None:
    fields = {"class": "confirmed", "reason": "admitted", "until": "2027-02-20", "version": 1}
    assert send(analyst, "/cases/1/close", **fields).status_code == 303
    case = store.case(1)
    assert case is not None
    assert case.until is None


def test_evidence_that_came_after_the_page_was_opened_stops_the_close(analyst: Client, store: Store) -> None:
    seen = version(store, 1)
    grown = assessment("d-1", NOW + timedelta(minutes=1), 75, attention="urgent")
    store.save(
        type(grown)(**{**{f: getattr(grown, f) for f in grown.__struct_fields__}, "groups": (TOOL,)}), "v1", None
    )
    answer = send(analyst, "/cases/1/close", version=seen, reason="x", **{"class": "benign"})
    assert answer.status_code == 409
    assert "changed since you looked" in Page(answer.text).text
    answer = send(analyst, "/cases/1/close", reason="x", **{"class": "benign"})
    assert answer.status_code == 409
    assert len(store.cases()) == 3


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/cases/1/note", {"text": " "}, 400),
        ("/cases/1/note", {"text": "x" * 2_001}, 400),
        ("/cases/1/assign", {"owner": "a\nb", "version": 1}, 400),
        ("/cases/1/reopen", {"reason": "x"}, 409),
        ("/cases/1/burn", {}, 404),
        ("/cases/9/note", {"text": "x"}, 404),
    ],
)
def test_acts_that_cannot_be_done_get_a_page(
    analyst: Client, store: Store, path: str, fields: dict[str, Any], status: int
) -> None:
    answer = send(analyst, path, **fields)
    assert answer.status_code == status
    assert Page(answer.text).problems == []
    assert len(store.case_history(1)) == 1


def test_looking_and_exporting_leave_audit_lines(analyst: Client, store: Store) -> None:
    page(analyst, "/cases/1")
    document = analyst.get("/cases/1.json")
    assert document.headers["content-type"] == "application/json"
    assert (document.json()["schema"], document.json()["case"]["id"]) == ("farmwatch-case-v1", 1)
    assert [line.action for line in store.audit("case 1")][:2] == ["case exported", "case viewed"]
    assert all(line.actor.startswith("session-") for line in store.audit("case 1")[:2])


def test_the_devices_page_shows_its_case(analyst: Client, store: Store) -> None:
    found = page(analyst, "/devices/d-1")
    assert "/cases/1" in {link["href"] for link in found.all("a")}
    assert "nobody has it" in found.text
    store.close_case(1, NOW, "ann", "benign", "one demonstration")
    assert "one demonstration expected until" in page(analyst, "/devices/d-1").text


def test_what_could_not_be_delivered_stands_above_the_queue(analyst: Client, store: Store) -> None:
    StoreContract().enrolled(store, "d-4", "laptop-4")
    store.save(assessment("d-4", NOW, 60, attention="review"), "v1", None, ("webhook",))
    notice = store.claim_notice(NOW, ["webhook"])
    assert notice is not None
    assert "could not be delivered" not in page(analyst, "/cases").text
    store.notice_failed(notice.name, "hooks.example.com answered 302.", NOW + timedelta(minutes=1))
    assert "webhook, case 4, attempt 1: hooks.example.com answered 302." in page(analyst, "/cases").text
    store.notice_sent(notice.name, NOW)
    assert "could not be delivered" not in page(analyst, "/cases").text
