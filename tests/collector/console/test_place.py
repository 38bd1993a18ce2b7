"""The section "Place": what it says, with and without the map's files."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from farmwatch_collector.console import Sessions, problem_pages, routes, vendored
from farmwatch_collector.console.place_view import place_view
from farmwatch_collector.console.vendored import FILES, Vendored
from farmwatch_collector.place.samples import KeptDay
from farmwatch_detectors.placing import Circle, DayVerdict, Spot, Verdict
from farmwatch_detectors.policy import Claim, RosterEntry

from .markup import Page
from .memory import NOW, SCRIPT, MemoryStore, as_store, worked_example

BASE = "http://testserver.local"
DEVICE = "d-farm-1"
TODAY = NOW.date()
CLAIM = Claim(place="Seattle, WA, US", latitude=47.61, longitude=-122.33, radius_km=55, country="US")
PERSON = RosterEntry(person="e-1042", cohort="remote_new_hire", claim=CLAIM)
PROOF = "9 ms to Dublin: at most 925 km from there; the claim, Seattle, is 7,294 km away."
DUBLIN = Circle(
    landmark="aws:eu-west-1", place="Dublin, IE", latitude=53.35, longitude=-6.26, rtt_ms=9.0, radius_km=925.0,
    claim_km=7294.0, breaks=True,
)  # fmt: skip
TOKYO = Circle(
    landmark="aws:ap-northeast-1", place="Tokyo, JP", latitude=35.69, longitude=139.69, rtt_ms=210.0,
    radius_km=21_100.0, claim_km=7_700.0,
)  # fmt: skip
LISBON = Spot(place="Lisbon, PT", latitude=38.72, longitude=-9.14, radius_km=1_234.0)


def kept(ago: int, verdict: Verdict = "impossible", **more: object) -> KeptDay:
    one = DayVerdict(
        day=TODAY - timedelta(days=ago),
        verdict=verdict,
        sentence=PROOF,
        rules=("light",),
        at_least_km=6_314.0,
        landmarks=14,
        access="wifi",
        estimate=LISBON,
        footprint=("control_differs",),
        circles=(DUBLIN, TOKYO),
    )
    return KeptDay(day=one.day, basis=b"b", verdict=msgspec.structs.replace(one, **more))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the console looks for the map's files: empty, whatever was built beside the code."""
    monkeypatch.setattr(vendored.Vendored.__init__, "__defaults__", (tmp_path,))
    return tmp_path


def built(folder: Path) -> None:
    for _, place in FILES.values():
        path = folder / place
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"{}")


@pytest.fixture
def store() -> MemoryStore:
    store = worked_example()
    store.people[DEVICE] = PERSON
    store.placed[DEVICE] = [kept(1), kept(0)]
    return store


@pytest.fixture
def client(store: MemoryStore, folder: Path, request: pytest.FixtureRequest) -> Iterator[TestClient[Litestar]]:
    if request.node.get_closest_marker("parametrize") is None or "absent" not in request.node.name:
        built(folder)
    sessions = Sessions()
    handlers = routes(as_store(store), sessions, clock=lambda: NOW)
    app = Litestar(handlers, exception_handlers=problem_pages, openapi_config=None)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        client.get(sessions.new_link(BASE).removeprefix(BASE))
        yield client


# what it says -------------------------------------------------------------------------------------
def test_it_says_the_verdict_in_one_sentence_and_every_circle_in_a_table(client: TestClient[Litestar]) -> None:
    answer = client.get(f"/devices/{DEVICE}")
    page = Page(answer.text)
    text = page.text
    assert "Not where the records say." in text
    assert PROOF in text
    assert "6,314 km" in text
    assert re.search(r"within\s+1,234 km\s+of\s+Lisbon, PT", text)
    assert re.search(r"Dublin, IE\s+aws:eu-west-1\s+9\.0 ms\s+925 km away\s+7,294 km away\s+no", text)
    assert re.search(r"Tokyo, JP\s+aws:ap-northeast-1\s+210\.0 ms\s+anywhere\s+7,700 km away\s+yes", text)
    assert "the company's own landmark differs" in text


def test_a_page_with_a_map_runs_our_own_files_and_no_others(client: TestClient[Litestar]) -> None:
    answer = client.get(f"/devices/{DEVICE}")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "unsafe" not in policy
    scripts = re.findall(r"<script[^>]*>", answer.text)
    assert [re.sub(r"\?v=\w+", "", each) for each in scripts] == [
        '<script src="/static/leaflet.js" defer>',
        '<script src="/static/map.js" defer>',
    ]
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text):
        assert client.get(path).status_code == 200


def test_a_page_without_a_map_runs_nothing(client: TestClient[Litestar]) -> None:
    for path in ("/", "/devices/d-clean-1"):
        answer = client.get(path)
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "<script" not in answer.text


def test_what_is_drawn_stands_in_the_page_as_data(client: TestClient[Litestar]) -> None:
    (data,) = re.findall(r'data-place="([^"]*)"', client.get(f"/devices/{DEVICE}").text)
    drawn = json.loads(data.replace("&#34;", '"').replace("&#39;", "'"))
    assert drawn["claim"] == {"at": [47.61, -122.33], "km": 55, "words": "Claim: Seattle, WA, US, within 55 km"}
    assert [(each["km"], each["breaks"]) for each in drawn["circles"]] == [(925, True), (21_100, False)]
    assert drawn["estimate"]["words"] == "Times fit best within 1,234 km of Lisbon, PT"


@pytest.mark.parametrize("files", ["absent"])
def test_without_the_files_it_says_so_and_shows_the_table(client: TestClient[Litestar], files: str) -> None:
    answer = client.get(f"/devices/{DEVICE}")
    assert "<script" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "The map was not built into this collector" in Page(answer.text).text
    assert "Dublin, IE" in answer.text
    assert client.get("/static/leaflet.js").status_code == 404


# files --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("leaflet.js", "text/javascript"),
        ("leaflet.css", "text/css"),
        ("outlines.json", "application/json"),
        ("map.js", "text/javascript"),
    ],
)
def test_files_have_their_types(client: TestClient[Litestar], name: str, kind: str) -> None:
    answer = client.get(f"/static/{name}")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("name", ["leaflet.LICENSE", "console.css", "..%2fconsole.css", "%2e%2e/pages.py", "x"])
def test_no_other_file_is_served(client: TestClient[Litestar], name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404
    assert client.post("/static/map.js").status_code == 405


def test_one_missing_file_is_no_map(folder: Path) -> None:
    built(folder)
    assert Vendored(folder).version
    (folder / "vendor" / "outlines.json").unlink()
    assert Vendored(folder).version == ""
    assert Vendored(folder).headers() == {}


# what is not known --------------------------------------------------------------------------------
def test_without_a_claim_nothing_is_compared_and_no_day_is_shown() -> None:
    for entry in (None, RosterEntry(person="p", site="hq")):
        view = place_view(entry, [kept(0)])
        assert (view.verdict, view.days, view.map) == (None, (), "")
        assert view.sentence == "The records name no place, so nothing is compared."


def test_without_measurements_it_says_so() -> None:
    assert place_view(PERSON, []).sentence.startswith("No round-trip times were measured")


def test_a_day_without_circles_draws_nothing() -> None:
    unmeasured = kept(0, "unmeasurable", circles=(), why_not="tunnelled", estimate=None)
    view = place_view(PERSON, [unmeasured])
    assert (view.verdict, view.shown, view.map) == ("unmeasurable", None, "")


def test_the_day_that_says_what_all_say_together_is_shown() -> None:
    view = place_view(PERSON, [kept(2), kept(1), kept(0, "consistent")])
    assert view.verdict == "impossible"
    assert view.shown is not None
    assert view.shown.day == TODAY - timedelta(days=1)


def test_the_day_that_is_shown_is_the_one_that_the_sentence_is_of() -> None:
    """The sentence is of the day that proves most; table, map and distance must not be another day's."""
    far = kept(2, at_least_km=9_000.0, sentence="5 ms to Lagos: at most 500 km from there.")
    view = place_view(PERSON, [far, kept(1), kept(0)])
    assert view.sentence == "5 ms to Lagos: at most 500 km from there."
    assert view.shown is not None
    assert (view.shown.day, view.shown.at_least_km) == (far.day, 9_000.0)


def test_names_of_places_are_text_and_numbers_that_are_none_are_left_out(
    store: MemoryStore, client: TestClient[Litestar]
) -> None:
    bad = msgspec.structs.replace(DUBLIN, place=SCRIPT, latitude=float("nan"))
    named = msgspec.structs.replace(DUBLIN, place=SCRIPT)
    store.placed[DEVICE] = [kept(1), kept(0, circles=(bad, named))]
    text = client.get(f"/devices/{DEVICE}").text
    assert SCRIPT not in text
    assert text.count("&lt;script&gt;alert(1)") >= 1
    assert "NaN" not in text
