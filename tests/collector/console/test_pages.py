"""Every route: works, wrong method, not signed in, bad id; and what the pages say."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec
import pytest
from litestar import Litestar, get
from litestar.testing import TestClient

from farmwatch_collector.assessment import Assessment
from farmwatch_collector.console import Sessions, problem_pages, routes
from farmwatch_collector.console.access import COOKIE
from farmwatch_detectors.policy import RosterEntry
from farmwatch_schema import codec
from farmwatch_schema.finding import GROUPS
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.processes import Process

from .markup import Page
from .memory import (
    ENDLESS,
    FORMULA,
    KVM,
    NOW,
    OVERRIDE,
    SCRIPT,
    MemoryStore,
    as_store,
    judged,
    level,
    section,
    worked_example,
)

Client = TestClient[Litestar]
BASE = "http://testserver.local"

PAGES = [
    "/",
    "/?level=review",
    "/?q=lisbon",
    "/devices/d-farm-1",
    "/devices/d-clean-1",
    "/devices/d-new",
    "/devices/d-blind",
]
DOCUMENTS = ["/devices/d-farm-1.json", "/devices/d-farm-1/sections/usb.json"]
PRIVATE = [*PAGES, *DOCUMENTS]


@get("/breaks")
async def breaks() -> str:
    raise RuntimeError("secret detail of the inside")


@pytest.fixture
def store() -> MemoryStore:
    return worked_example()


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def stranger(store: MemoryStore, sessions: Sessions) -> Iterator[Client]:
    handlers = routes(as_store(store), sessions, clock=lambda: NOW)
    app = Litestar([*handlers, breaks], exception_handlers=problem_pages, openapi_config=None)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def analyst(stranger: Client, sessions: Sessions) -> Client:
    link = sessions.new_link(BASE)
    assert stranger.get(link.removeprefix(BASE)).status_code == 200
    return stranger


def page(client: Client, path: str, status: int = 200) -> Page:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    found = Page(answer.text)
    assert found.problems == []
    return found


@pytest.mark.parametrize("path", PAGES)
def test_pages_work_and_hold_every_check_of_structure(analyst: Client, path: str) -> None:
    page(analyst, path)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_are_json(analyst: Client, path: str) -> None:
    answer = analyst.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()


@pytest.mark.parametrize("path", PRIVATE)
def test_nothing_is_shown_to_who_is_not_signed_in(stranger: Client, path: str) -> None:
    found = page(stranger, path, 401)
    assert "sign-in link" in found.text
    assert "nb-" not in found.text


def test_an_unknown_device_is_not_told_apart_before_sign_in(stranger: Client) -> None:
    assert stranger.get("/devices/d-nobody").text == stranger.get("/devices/d-farm-1").text


@pytest.mark.parametrize("path", [*PRIVATE, "/sign-in", "/console.css", "/icon.svg"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_take_no_other_method(analyst: Client, path: str, method: str) -> None:
    answer = analyst.request(method, path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert Page(answer.text).problems == []


@pytest.mark.parametrize(
    "path",
    [
        "/devices/d-nobody",
        "/devices/d-nobody.json",
        "/devices/D-FARM-1",
        "/devices/" + "d" * 65,
        "/devices/%00",
        "/devices/..%2f..%2fetc",
        "/devices/%3Cscript%3E",
        "/devices/d-new.json",
        "/devices/d-farm-1/sections/bluetooth.json",
        "/devices/d-farm-1/sections/usb",
        "/devices/d-farm-1/sections/..json",
        "/devices/d-nobody/sections/usb.json",
        "/nowhere",
        "/devices",
    ],
)
def test_bad_ids_get_a_page_that_says_what_to_do(analyst: Client, path: str) -> None:
    found = page(analyst, path, 404)
    assert "device" in found.text
    assert "<script>" not in found.text


@pytest.mark.parametrize("path", ["/?level=evil", "/?level=", "/?q=" + "x" * 201])
def test_an_address_that_cannot_be_read_is_refused_with_the_remedy(analyst: Client, path: str) -> None:
    assert "device list" in page(analyst, path, 400).text


def test_a_failing_page_tells_nothing_of_the_inside(analyst: Client) -> None:
    found = page(analyst, "/breaks", 500)
    assert "secret" not in found.text
    assert "nothing is lost" in found.text


@pytest.mark.parametrize("path", [*PRIVATE, "/nowhere", "/console.css", "/icon.svg", "/sign-in?code=x", "/breaks"])
def test_every_answer_has_the_strict_policy(analyst: Client, path: str) -> None:
    headers = analyst.get(path).headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PRIVATE)
def test_personal_pages_are_not_kept_by_browsers(analyst: Client, path: str) -> None:
    assert analyst.get(path).headers["cache-control"] == "no-store"


# signing in and out -----------------------------------------------------------------------------------------------


def test_a_link_signs_in_once_with_a_cookie_that_scripts_and_other_sites_cannot_use(
    stranger: Client, sessions: Sessions, store: MemoryStore
) -> None:
    path = sessions.new_link(BASE).removeprefix(BASE)
    answer = stranger.get(path)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for word in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert word in cookie
    assert "Secure" not in cookie
    assert urlsplit(path).query.removeprefix("code=") not in answer.text
    assert [entry[2] for entry in store.log] == ["signed in"]
    stranger.cookies.clear()
    found = page(stranger, path, 401)
    assert "has been used" in found.text


def test_over_https_the_cookie_stays_there(store: MemoryStore) -> None:
    sessions = Sessions()
    app = Litestar(routes(as_store(store), sessions), exception_handlers=problem_pages, openapi_config=None)
    with TestClient(app, base_url="https://testserver.local") as client:
        assert "Secure" in client.get(sessions.new_link("").removeprefix("/")).headers["set-cookie"]


@pytest.mark.parametrize("query", ["", "?code=", "?code=wrong", "?code=%00", "?code=" + "x" * 5_000])
def test_a_wrong_code_is_refused(stranger: Client, query: str) -> None:
    answer = stranger.get("/sign-in" + query)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_a_made_up_cookie_opens_nothing(stranger: Client) -> None:
    stranger.cookies.set(COOKIE, "made-up")
    page(stranger, "/", 401)


def test_sign_out_ends_the_session_everywhere(analyst: Client, store: MemoryStore) -> None:
    held = analyst.cookies[COOKIE]
    answer = analyst.post("/sign-out", headers={"Origin": BASE})
    assert answer.status_code == 200
    assert Page(answer.text).problems == []
    analyst.cookies.clear()
    analyst.cookies.set(COOKIE, held)
    page(analyst, "/", 401)
    assert store.log[-1][2] == "signed out"


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://testserver.local"])
def test_another_site_cannot_sign_anybody_out(analyst: Client, origin: str | None) -> None:
    answer = analyst.post("/sign-out", headers={} if origin is None else {"Origin": origin})
    assert answer.status_code == 403
    assert Page(answer.text).problems == []
    page(analyst, "/")


def test_sign_out_needs_a_session_and_a_post(stranger: Client) -> None:
    assert stranger.post("/sign-out", headers={"Origin": BASE}).status_code == 401
    assert stranger.get("/sign-out").status_code == 405


def test_opening_a_device_leaves_an_audit_line(analyst: Client, store: MemoryStore) -> None:
    analyst.get("/devices/d-farm-1")
    analyst.get("/devices/d-farm-1.json")
    analyst.get("/devices/d-farm-1/sections/usb.json")
    actors = {entry[1] for entry in store.log}
    assert [entry[2:] for entry in store.log[1:]] == [
        ("opened device", "d-farm-1"),
        ("read assessment", "d-farm-1"),
        ("read raw section usb", "d-farm-1"),
    ]
    assert len(actors) == 1
    assert analyst.cookies[COOKIE] not in actors


# the list ---------------------------------------------------------------------------------------------------------


def test_the_list_shows_level_chance_and_reasons_in_words(analyst: Client) -> None:
    text = page(analyst, "/").text
    assert "near certain about 97 in 100 91 nb-lisbon-17 e-1042" in text
    assert "A USB device on port 1-2 bears the identity that PiKVM publishes" in text
    assert "not judged yet" in text
    assert "14 devices" in text


def test_every_row_has_eight_boxes_with_text(analyst: Client) -> None:
    found = page(analyst, "/")
    images = [attributes for _, attributes in found.elements if attributes.get("role") == "img"]
    assert len(images) == 14
    for image in images:
        assert image["aria-label"].count(";") == len(GROUPS) - 1
    assert "H hardware control: level 3" in images[0]["aria-label"]
    assert "I input provenance: not measured" in images[0]["aria-label"]
    assert "R remote software: looked, nothing found" in images[0]["aria-label"]


def test_the_level_filter_keeps_what_stands_at_it_or_above(analyst: Client) -> None:
    text = page(analyst, "/?level=urgent").text
    assert "nb-porto-03" in text
    assert "nb-lab-2" not in text
    assert "2 devices" in text


def test_the_search_is_in_the_address_and_finds_names_and_people(analyst: Client) -> None:
    assert "nb-lisbon-17" in page(analyst, "/?q=LISBON").text
    found = page(analyst, "/?q=e-1044")
    assert "nb-porto-03" in found.text
    assert next(field for field in found.all("input"))["value"] == "e-1044"
    assert page(analyst, "/?q=%25").text.count("No device matches") == 1


def test_an_empty_list_says_why(analyst: Client, store: MemoryStore) -> None:
    assert "No device matches" in page(analyst, "/?q=nothing-like-this").text
    for device in ("d-farm-1", "d-farm-2"):
        del store.held[device]
    text = page(analyst, "/?level=urgent").text
    assert "No device stands at urgent or above" in text
    assert "stands at 51 points" in text
    store.held.clear()
    assert "No laptop has been enrolled yet" in page(analyst, "/").text


def test_at_most_a_hundred_rows_are_shown_and_the_total_said(analyst: Client, store: MemoryStore) -> None:
    for number in range(120):
        store.add(f"d-more-{number}", f"more-{number}", judged(f"d-more-{number}", []))
    found = page(analyst, "/")
    assert "100 of 134 devices" in found.text
    assert len([row for row in found.all("tr") if "class" in row]) == 100
    rest = page(analyst, next(link["href"] for link in found.all("a") if link.get("rel") == "next"))
    assert len([row for row in rest.all("tr") if "class" in row]) == 34
    assert not [link for link in rest.all("a") if link.get("rel") == "next"]
    assert "First page" in rest.text


def test_devices_that_nobody_judged_can_be_listed_alone(analyst: Client, store: MemoryStore) -> None:
    waiting = [row.device.name for row in store.held.values() if row.assessment is None]
    found = page(analyst, "/?level=unjudged")
    assert len([row for row in found.all("tr") if "class" in row]) == len(waiting) > 0
    assert f"{len(waiting)} device" in found.text
    store.held = {device: row for device, row in store.held.items() if row.assessment is not None}
    assert "No device waits to be judged" in page(analyst, "/?level=unjudged").text


@pytest.mark.parametrize(
    "name", [SCRIPT, OVERRIDE, ENDLESS, FORMULA, "", "\n\t\0", "<b onmouseover=alert(1)>", '"><svg>']
)
def test_a_hostile_name_stays_text_on_every_page(analyst: Client, store: MemoryStore, name: str) -> None:
    gateway = KVM.__class__(vendor_id=name[:4], product_id="0104", product=name, manufacturer=name, port_path=name)
    person = RosterEntry(person=name, cohort=name, site=name)
    hostile = judged("d-hostile", [level("H", 2, 4.0, name)])
    store.add("d-hostile", name, hostile, [section("usb", [gateway], reason=name)], person=person)
    for path in ("/", "/devices/d-hostile", "/?q=" + ("script" if "script" in name else "d-hostile")):
        answer = analyst.get(path)
        found = Page(answer.text)
        assert found.problems == []
        assert answer.status_code == 200
        assert len(answer.text) < 120_000
        assert "\u202e" not in answer.text
        assert "\0" not in answer.text
        assert "<script" not in answer.text


def test_a_laptop_cannot_make_a_page_that_no_browser_opens(analyst: Client, store: MemoryStore) -> None:
    """2 MiB of undrawn characters in every kind, 5,000 gaps and 500 kinds of its own."""
    program = Process(name="\u202e" * 3_000, path="\0" * 3_000, package="\u0301" * 3_000)
    gaps = [Gap(what="\u202e" * 500, outcome="broken") for _ in range(4_000)]
    unknown = b"[" + b",".join(b'{"type":"t%d"}' % number for number in range(900)) + b"]"
    items: list[Observable] = [*[program] * 190, *gaps]
    parts = [section("processes", items), section("usb", raw=unknown)]
    parts += [section(f"kind-{number}", raw=unknown) for number in range(500)]
    store.add("d-huge", "huge", judged("d-huge", []), parts)
    answer = analyst.get("/devices/d-huge")
    assert answer.status_code == 200
    assert len(answer.text) < 4_000_000
    found = Page(answer.text)
    assert found.problems == []
    assert "more gaps, in the raw section" in found.text
    assert "more types that it does not know" in found.text
    assert "462 more kinds" in found.text
    assert "first" in found.text


# the device -------------------------------------------------------------------------------------------------------


def test_the_waterfalls_figures_add_up_to_the_points_shown(analyst: Client, store: MemoryStore) -> None:
    for device, row in store.held.items():
        if row.assessment is None:
            continue
        answer = analyst.get(f"/devices/{device}").text
        table = answer[
            answer.index('<table class="waterfall">') : answer.index("</table>", answer.index('class="waterfall"'))
        ]
        body, foot = table.split("<tfoot>")
        rows = re.findall(r"<tr class=.*?</tr>", body, re.DOTALL)
        points = [_figures(row)[1] for row in rows]
        totals = [_figures(row)[2] for row in rows]
        assert sum(points) == row.assessment.points
        assert totals[-1] == row.assessment.points
        assert _figures(foot)[1] == row.assessment.points
        assert len(rows) == len(row.assessment.bars)


def _figures(row: str) -> list[float]:
    """Level, points, total and bits of a row; 0 where the cell holds no figure."""
    cells = re.findall(r'<td(?: class="num[^"]*")?>(.*?)</td>', row, re.DOTALL)
    texts = [
        re.sub("<[^>]+>", "", cell).strip().replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "") for cell in cells
    ]
    return [float(text) if text else 0.0 for text in texts]


def test_the_drawn_bars_are_as_wide_as_their_points(analyst: Client) -> None:
    answer = analyst.get("/devices/d-farm-1").text
    widths = {
        float(points.replace("\N{MINUS SIGN}", "-")): float(width)
        for width, points in re.findall(
            r'<tr class="b-\w+ s-(?:more|less)">.*?class="piece" x="[\d.]+%" width="([\d.]+)%".*?'
            r'<td class="num">[^<]*</td>\s*<td class="num">([^<]+)</td>',
            answer,
            re.DOTALL,
        )
    }
    assert len(widths) >= 5
    per_point = {round(width / abs(points), 2) for points, width in widths.items()}
    assert max(per_point) - min(per_point) < 0.02


def test_what_could_not_be_seen_is_hatched_and_says_its_cause(analyst: Client) -> None:
    answer = analyst.get("/devices/d-farm-1").text
    assert answer.count('fill="url(#hatch)"') == 3
    assert "physical use: could not see" in answer
    assert "no probe for physical use in this agent" in answer


def test_the_head_says_level_points_and_chance(analyst: Client, store: MemoryStore) -> None:
    text = page(analyst, "/devices/d-farm-1").text
    assert "91 points near certain about 97 in 100" in text
    row = store.device("d-farm-1")
    assert row is not None
    assert row.assessment is not None
    assert row.assessment.sentence in text


def test_there_is_one_last_seen_and_the_clock_stands_apart(analyst: Client) -> None:
    text = page(analyst, "/devices/d-farm-1").text
    assert text.count("Last seen") == 1
    assert "Last seen 2026-11-22 09:26 4 min ago" in text
    assert "Laptop's clock 90 min behind" in text


def test_findings_carry_evidence_innocent_readings_and_weight(analyst: Client) -> None:
    text = page(analyst, "/devices/d-farm-1").text
    assert "bears the identity that PiKVM publishes" in text
    assert "usb USB device 1d6b:0104 on port 1-2 Its serial is the published constant CAFEBABE" in text
    assert "a lab's KVM for a server rack" in text
    assert "Share of farm laptops that show it 0.35, of others 0.00015: 2,333 times likelier. Basis: published." in text


def test_what_would_clear_a_device_is_said(analyst: Client) -> None:
    text = page(analyst, "/devices/d-farm-1").text
    assert "What would clear this" in text
    assert "the asset register holds it, with its owner" in text
    assert "What would clear this" not in page(analyst, "/devices/d-clean-1").text


def test_the_five_outcomes_differ_in_word_and_shape(analyst: Client) -> None:
    answer = analyst.get("/devices/d-farm-1").text
    marks = dict(re.findall(r'<span class="outcome (\w+)">(<svg.*?</svg>)', answer, re.DOTALL))
    assert set(marks) == {"found", "none", "not_permitted", "not_supported", "broken"}
    assert len(set(marks.values())) == 5
    for word in ("found", "looked, nothing there", "not permitted", "not supported", "broken"):
        assert word in Page(answer).text


def test_gaps_unknown_kinds_and_absent_ones_are_all_said(analyst: Client) -> None:
    text = page(analyst, "/devices/d-farm-1").text
    assert "Not looked at: executables of other users (10-49)" in text
    assert "Collector too old" in text
    assert "footfall" in text
    never = text.partition("Never reported, so nothing is known: ")[2].partition(".")[0].split(", ")
    assert set(never) & {"input source", "arp", "agent", "usb", "processes"} == {"input source", "arp", "agent"}


def test_a_device_without_report_says_so(analyst: Client) -> None:
    text = page(analyst, "/devices/d-new").text
    assert "no report has arrived yet" in text
    assert "not judged yet" in text
    assert "Last seen never" in text


def test_events_of_reporting_are_shown(analyst: Client) -> None:
    assert "reports that never came 2 sequences 41 to 43" in page(analyst, "/devices/d-farm-1").text


def test_a_failed_judgement_is_said_beside_the_one_before(analyst: Client, store: MemoryStore) -> None:
    store.held["d-review"] = msgspec.structs.replace(store.held["d-review"], problem="A level table is missing.")
    assert "A level table is missing." in page(analyst, "/devices/d-review").text
    assert "judging failed" in page(analyst, "/").text


# documents --------------------------------------------------------------------------------------------------------


def test_the_assessment_as_json_is_the_very_record_that_was_drawn(analyst: Client, store: MemoryStore) -> None:
    row = store.device("d-farm-1")
    assert row is not None
    answer = analyst.get("/devices/d-farm-1.json")
    assert codec.decode(answer.content, Assessment, "assessment") == row.assessment


def test_the_raw_section_keeps_its_bytes(analyst: Client, store: MemoryStore) -> None:
    answer = analyst.get("/devices/d-farm-1/sections/usb.json")
    held = next(entry for entry in store.sections("d-farm-1") if entry.kind == "usb")
    assert held.items in answer.content
    assert answer.json()["outcome"] == "found"


def test_a_section_that_never_came_has_no_items(analyst: Client, store: MemoryStore) -> None:
    store.parts["d-review"] = [section("usb", raw=b"", missing=True)]
    assert analyst.get("/devices/d-review/sections/usb.json").json()["items"] is None
    assert "has not arrived" in page(analyst, "/devices/d-review").text
