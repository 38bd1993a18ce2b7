"""The audit log's page over a real store: what an auditor reads there, and that reading leaves a line."""

from datetime import timedelta

import pytest

from farmwatch_collector.store import Store

from .memory import NOW, SCRIPT
from .test_case_pages import Client, analyst, page, send, sessions, store, stranger

__all__ = ["analyst", "sessions", "store", "stranger"]


def test_a_decision_is_told_with_who_when_and_why(analyst: Client) -> None:
    send(analyst, "/me", name="ann")
    send(
        analyst,
        "/cases/1/close",
        version="1",
        reason="the lab's KVM, asset 7",
        until="2026-12-31",
        **{"class": "sanctioned"},
    )
    found = page(analyst, "/audit?subject=case+1")
    assert "case closed" in found.text
    assert "sanctioned, expected until 2027-01-01 00:00 UTC: the lab's KVM, asset 7" in found.text
    assert "ann (session-" in found.text
    assert "/cases/1" in {link["href"] for link in found.all("a")}
    assert "case opened" in found.text
    assert "case 2" not in found.text


def test_looking_at_devices_cases_and_the_log_itself_can_be_seen(analyst: Client, store: Store) -> None:
    page(analyst, "/devices/d-1")
    page(analyst, "/cases/1")
    page(analyst, "/audit")
    assert [line.action for line in store.audit(limit=3)] == ["read audit log", "case viewed", "opened device"]
    found = page(analyst, "/audit")
    assert "/devices/d-1" in {link["href"] for link in found.all("a")}


def test_words_of_people_are_words_on_the_page(analyst: Client, store: Store) -> None:
    store.note_case(1, NOW, "ann", f"{SCRIPT} \u05d0")
    assert SCRIPT not in analyst.get("/audit").text
    page(analyst, "/audit")


def test_a_hundred_lines_a_page_and_older_ones_behind_a_link(analyst: Client, store: Store) -> None:
    for number in range(230):
        store.note(NOW + timedelta(seconds=number), "ann", "opened device", "d-2")
    path, pages = "/audit?subject=d-2", 0
    while path:
        found, pages = page(analyst, path), pages + 1
        path = next((link["href"] for link in found.all("a") if link.get("rel") == "next"), "")
    assert pages == 3


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=" + "9" * 30, "subject=%00", "subject=%E2%80%AEx"])
def test_odd_filters_show_no_fault(analyst: Client, query: str) -> None:
    page(analyst, f"/audit?{query}")


def test_a_filter_that_is_too_long_and_other_methods_are_refused(analyst: Client) -> None:
    page(analyst, "/audit?subject=" + "x" * 81, 400)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert analyst.request(method, "/audit").status_code == 405
