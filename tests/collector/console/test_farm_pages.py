"""Farms' pages over a store in memory: works, not signed in, wrong method, bad number; hostile text, sizes, log."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from farmwatch_collector.console import Sessions, problem_pages, routes, vendored
from farmwatch_collector.console.vendored import FILES
from farmwatch_collector.farms.types import FarmEvent

from .farm_memory import TODAY, farm_of, label, member, office, replace, shared, shelf, turns
from .markup import Page
from .memory import NOW, SCRIPT, MemoryStore, as_store, worked_example
from .test_place import kept

Client = TestClient[Litestar]
BASE = "http://testserver.local"
HOSTILE = f"{SCRIPT}\u202e"


@pytest.fixture
def store() -> MemoryStore:
    """A shelf of sixty, an office of two thousand that is explained, and a farm whose every text is hostile."""
    store = worked_example()
    store.held["f-000"] = store.held["d-clean-1"]
    bad = member("x-1", 0, name=HOSTILE, person=HOSTILE, cohort=HOSTILE, household=HOSTILE, why=HOSTILE)
    value = shared("usb_serial", HOSTILE, ["x-1"], 2.0, place=HOSTILE)
    farm = shelf()
    store.kept = {
        1: replace(farm, case=7, previous=(4, 5)),
        2: office(),
        3: farm_of(3, [bad], [value], sentence=HOSTILE, attention="watch", points=40),
    }
    store.active = turns([each.member.device for each in farm.members][:40])
    store.said = [label(1), label(2, name=HOSTILE, owner=HOSTILE, reason=HOSTILE, actor=HOSTILE, farm=3)]
    store.happened = {number: [FarmEvent(at=NOW, action="found", words=HOSTILE, actor=HOSTILE)] for number in (1, 3)}
    store.placed["f-000"] = [kept(0)]
    return store


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the console looks for the files of map and graph: there, but empty."""
    for _, place in FILES.values():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(b"{}")
    monkeypatch.setattr(vendored.Vendored.__init__, "__defaults__", (tmp_path,))
    return tmp_path


@pytest.fixture
def stranger(store: MemoryStore, sessions: Sessions, folder: Path) -> Iterator[Client]:
    handlers = routes(as_store(store), sessions, clock=lambda: NOW)
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


PAGES = ["/farms", "/farms?state=all&level=watch", "/farms/1", "/farms/2?members=3", "/farms/3", "/farms/1?day=x"]
DOCUMENTS = ["/farms/1.json", "/farms/1/graph.json"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_every_check_of_structure_and_keep_hostile_text_as_text(analyst: Client, path: str) -> None:
    page(analyst, path)
    text = analyst.get(path).text
    assert SCRIPT not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("path", [*PAGES, *DOCUMENTS])
def test_nothing_is_shown_to_who_is_not_signed_in(stranger: Client, path: str) -> None:
    assert "TP-Link" not in page(stranger, path, 401).text


@pytest.mark.parametrize("path", [*PAGES, *DOCUMENTS])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_pages_take_no_other_method(analyst: Client, path: str, method: str) -> None:
    assert analyst.request(method, path).status_code == 405


@pytest.mark.parametrize("number", ["0", "9", "-1", "x", "1x", "9" * 40, "%00", "..%2f1", "9.json", "9/graph.json"])
def test_a_number_that_is_no_farm_gets_a_page(analyst: Client, number: str) -> None:
    page(analyst, f"/farms/{number}", 404)


@pytest.mark.parametrize("query", ["state=evil", "level=evil", "level="])
def test_a_filter_that_there_is_not_is_refused(analyst: Client, query: str) -> None:
    page(analyst, f"/farms?{query}", 400)


# the list -----------------------------------------------------------------------------------------
def test_the_list_tells_what_ties_them_how_many_and_how_many_are_expected(analyst: Client) -> None:
    text = page(analyst, "/farms").text.split("Known places")[0]
    # 60 members of a farm of P = 0.97: 58.2 are expected to be a farm's.
    assert re.search(
        r"near certain ?about 97 in 100 92 Farm 1 60 members 58\.2 expected true TP-Link gateway, 60", text
    )
    assert "Case 7" in text
    assert "Farm 2" not in text


def test_an_explained_farm_is_listed_as_explained_and_never_as_clear(analyst: Client) -> None:
    text = page(analyst, "/farms?state=explained").text.split("Known places")[0]
    assert "explained by a place" in text
    assert "Farm 1" not in text
    assert "clear" not in text.replace("Clear filter", "")


def test_an_explained_farm_says_by_what_and_that_its_figures_are_of_before(analyst: Client, store: MemoryStore) -> None:
    store.happened[2] = [FarmEvent(at=NOW, action="explained", words="Its gateway is known: Leeds.")]
    text = page(analyst, "/farms/2").text
    assert re.search(
        r"Its gateway is known: Leeds\. It counts as nothing since [-0-9: ]+\. What stands here is how", text
    )
    assert "that it is a farm, as last judged" in text
    assert "as last judged" not in page(analyst, "/farms/1").text


def test_the_list_goes_on_over_pages_without_losing_a_farm(analyst: Client, store: MemoryStore) -> None:
    small = shelf(2)
    store.kept = {number: replace(small, id=number) for number in range(1, 251)}
    path, seen = "/farms", []
    while path:
        answer = analyst.get(path).text
        seen += re.findall(r'<a href="/farms/(\d+)">Farm', answer.split('id="labels"')[0])
        following = re.search(r'href="([^"]+)" rel="next"', answer)
        path = following[1].replace("&amp;", "&") if following else ""
    assert sorted(map(int, seen)) == list(range(1, 251))


def test_no_farm_at_all_says_what_one_would_be(analyst: Client, store: MemoryStore) -> None:
    store.kept, store.said = {}, []
    text = page(analyst, "/farms").text
    assert "None does now" in text
    assert "No label speaks of any shared value" in text


# a farm -------------------------------------------------------------------------------------------
def test_all_that_is_drawn_stands_in_tables(analyst: Client) -> None:
    text = page(analyst, "/farms/1").text
    assert "60 unrelated laptops share one gateway" in text
    assert "judgement" in text
    assert re.search(r"TP-Link gateway 60 60 60 0 \+9 31 % of farm laptops, 1 in 8,130 of others; 1,940 measured", text)
    assert "handed on from one to the next, never at two at once" in text
    assert "It stands on one gateway with 59 laptops of people whom nothing relates." in text
    assert "one stops where the other starts" in text
    assert re.search(r"Seattle, WA, US the records' claim 15 50 km", text)
    assert re.search(r"Lisbon, PT round-trip times 1 1,234 km", text)
    assert "came out of farm 4, farm 5" in text.casefold()


def test_a_member_below_watch_is_not_called_clear(analyst: Client) -> None:
    members = analyst.get("/farms/1").text.split('id="members"')[1].split("</section>")[0]
    assert members.count("below watch") == 45
    assert "clear" not in members


def test_below_watch_nobodys_hours_are_shown(analyst: Client) -> None:
    answer = analyst.get("/farms/2").text
    assert 'id="rhythm"' not in answer
    assert 'id="rhythm"' in analyst.get("/farms/1").text


def test_a_day_of_the_strip_can_be_asked_for_and_an_older_one_is_all_days(analyst: Client) -> None:
    day = TODAY - timedelta(days=2)
    assert '<svg viewBox="0 0 96 1"' in analyst.get(f"/farms/1?day={day}").text
    assert '<svg viewBox="0 0 960 1"' in analyst.get(f"/farms/1?day={TODAY - timedelta(days=10)}").text


def test_members_of_a_large_office_come_by_two_hundred_and_its_page_stays_small(analyst: Client) -> None:
    seen: set[str] = set()
    for number in range(1, 11):
        answer = analyst.get(f"/farms/2?members={number}").text
        rows = re.findall(r'<th scope="row"><a href="/devices/(o-\d+)">', answer.split('id="members"')[1])
        seen |= set(rows)
        assert len(answer) < 400_000
    assert len(seen) == 2_000


def test_an_ended_farm_without_members_or_ties_still_has_a_page(analyst: Client, store: MemoryStore) -> None:
    farm = shelf(3)
    left = tuple(msgspec.structs.replace(each, left_at=NOW) for each in farm.members)
    facts = msgspec.structs.replace(farm.facts, members=(), shared=(), rhythms=(), traits=(), egress={})
    store.kept[4] = replace(farm, id=4, state="ended", members=left, facts=facts, into=1)
    text = page(analyst, "/farms/4").text
    assert "Nothing ties its members any more" in text
    assert "Went into farm 1" in text
    assert "cytoscape" not in analyst.get("/farms/4").text


# files, policy ------------------------------------------------------------------------------------
def test_a_farms_page_runs_our_own_files_and_no_others(analyst: Client) -> None:
    answer = analyst.get("/farms/1")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "unsafe" not in policy
    scripts = re.findall(r'<script src="/static/(\w+\.js)\?v=\w+" defer></script>', answer.text)
    assert scripts == ["leaflet.js", "map.js", "cytoscape.js", "graph.js"]
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text):
        assert analyst.get(path).status_code == 200
    assert "<script" not in analyst.get("/farms").text


@pytest.mark.parametrize("missing", ["cytoscape.js", "leaflet.js"])
def test_without_a_file_the_page_says_so_and_shows_its_tables(
    store: MemoryStore, sessions: Sessions, folder: Path, missing: str
) -> None:
    (folder / "vendor" / missing).unlink()
    app = Litestar(routes(as_store(store), sessions, clock=lambda: NOW), openapi_config=None)
    with TestClient(app, base_url=BASE) as client:
        client.get(sessions.new_link(BASE).removeprefix(BASE))
        found = page(client, "/farms/1")
        assert missing not in client.get("/farms/1").text
    assert ("graph" if missing == "cytoscape.js" else "map") + " was not built into this collector" in found.text
    assert "TP-Link gateway" in found.text


# documents, log -----------------------------------------------------------------------------------
def test_the_graph_is_json_with_a_line_per_device_and_value(analyst: Client) -> None:
    answer = analyst.get("/farms/1/graph.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    drawn = answer.json()
    assert (len(drawn["nodes"]), len(drawn["lines"])) == (65, 163)


def test_a_farm_is_exported_whole(analyst: Client) -> None:
    told = analyst.get("/farms/1.json").json()
    assert told["schema"] == "farmwatch-farm-v1"
    assert len(told["farm"]["members"]) == 60
    assert [each["id"] for each in told["labels"]] == [1, 2]


def test_who_looked_at_which_farm_is_in_the_log_and_the_log_leads_back(analyst: Client, store: MemoryStore) -> None:
    store.log.clear()
    for path in ("/farms/1", "/farms/2.json", "/farms/1/graph.json", "/farms"):
        analyst.get(path)
    assert [(action, subject) for _, _, action, subject in store.log] == [
        ("opened farm", "farm 1"),
        ("exported farm", "farm 2"),
        ("read farm's graph", "farm 1"),
    ]


# a device's page ----------------------------------------------------------------------------------
def test_a_device_says_which_farm_it_belongs_to_and_why(analyst: Client, store: MemoryStore) -> None:
    store.parts["f-000"], store.spans["f-000"] = [], []
    text = page(analyst, "/devices/f-000").text
    assert re.search(r"Farm 1 ?60 members, 92 points, about 97 in 100 that it is a farm", text)
    assert "It stands on one gateway with 59 laptops" in text
    assert "Tied by: gateway, public address" in text


def test_a_device_of_no_farm_says_so_and_what_ties_were_found(analyst: Client) -> None:
    assert "It belongs to no farm: it shares nothing rare" in page(analyst, "/devices/d-clean-1").text
    told = page(analyst, "/devices/d-farm-1").text
    assert "It belongs to no farm. F Five laptops without a common household" in told
