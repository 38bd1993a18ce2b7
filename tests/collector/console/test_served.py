"""Pages over the real store, filled through the public protocol."""

import re
from collections.abc import Iterator

import pytest
import requests

from .conftest import Served
from .markup import Page
from .memory import SCRIPT

pytestmark = pytest.mark.integration


@pytest.fixture
def browser(served: Served) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(served.link(), timeout=10).status_code == 200
        yield session


def text_of(answer: requests.Response, status: int = 200) -> Page:
    assert answer.status_code == status
    page = Page(answer.text)
    assert page.problems == []
    return page


def test_a_stranger_sees_no_page_of_a_running_collector(served: Served) -> None:
    for path in ("/", *(f"/devices/{device}" for device in served.devices.values())):
        answer = requests.get(served.url + path, timeout=10)
        assert answer.status_code == 401
        assert "laptop-0" not in answer.text


def test_the_list_shows_the_fleet_that_reported(served: Served, browser: requests.Session) -> None:
    page = text_of(browser.get(served.url + "/", timeout=10))
    assert f"{len(served.devices)} devices" in page.text
    assert "laptop-060" in page.text
    assert "not judged yet" in page.text


def test_every_device_page_adds_up_and_holds_its_structure(served: Served, browser: requests.Session) -> None:
    for name, device in served.devices.items():
        answer = browser.get(f"{served.url}/devices/{device}", timeout=10)
        text_of(answer)
        row = served.store.device(device)
        assert row is not None
        if row.assessment is None:
            assert name == "silent"
            continue
        table = answer.text.split('<table class="waterfall">')[1].split("</table>")[0]
        body = table.split("<tfoot>")[0]
        points = re.findall(r'</svg></td>\s*<td class="num">.*?</td>\s*<td class="num">(.*?)</td>', body, re.DOTALL)
        figures = [re.sub("<[^>]+>", "", point).replace("\N{MINUS SIGN}", "-") for point in points]
        assert len(figures) == len(row.assessment.bars)
        assert sum(float(figure) for figure in figures) == row.assessment.points


def test_the_farms_laptops_stand_above_the_honest_ones(served: Served, browser: requests.Session) -> None:
    text = text_of(browser.get(served.url + "/", timeout=10)).text
    places = {name: text.index(name) for name in served.devices if name.startswith("laptop-")}
    farm = {f"laptop-{number:03}" for number in range(56, 61)}
    assert {name for name, _ in sorted(places.items(), key=lambda item: item[1])[:5]} == farm


def test_search_finds_by_name_and_by_person_and_counts_what_it_found(served: Served, browser: requests.Session) -> None:
    for words in ("LAPTOP-060", "person-60"):
        page = text_of(browser.get(served.url + "/", params={"q": words}, timeout=10))
        assert "1 device," in page.text
        assert "laptop-060" in page.text
    assert "No device matches" in text_of(browser.get(served.url + "/", params={"q": "%"}, timeout=10)).text


def test_a_hostile_laptop_stays_text(served: Served, browser: requests.Session) -> None:
    for path in ("/", f"/devices/{served.devices['hostile']}"):
        answer = browser.get(served.url + path, timeout=10)
        text_of(answer)
        assert SCRIPT not in answer.text
        assert not {"\u202e", "\u200b", "\0", "\x1b"} & set(answer.text)
    page = text_of(browser.get(f"{served.url}/devices/{served.devices['hostile']}", timeout=10))
    assert "Collector too old" in page.text
    assert "U+202E" in page.text


def test_raw_sections_and_assessments_are_served(served: Served, browser: requests.Session) -> None:
    device = served.devices["laptop-060"]
    document = browser.get(f"{served.url}/devices/{device}/sections/usb.json", timeout=10)
    assert document.json()["kind"] == "usb"
    assert document.json()["items"]
    assert browser.get(f"{served.url}/devices/{device}.json", timeout=10).json()["device"] == device


def test_unknown_addresses_and_methods_get_pages(served: Served, browser: requests.Session) -> None:
    text_of(browser.get(served.url + "/nowhere", timeout=10), 404)
    text_of(browser.put(served.url + "/", timeout=10), 405)
    assert browser.get(served.url + "/healthz", timeout=10).json()["status"] == "ok"
