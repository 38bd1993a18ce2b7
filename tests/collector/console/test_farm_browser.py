"""Farms in headless Chromium: a shelf of sixty and an office of two thousand, drawn from our own files alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from playwright.sync_api import Browser, Page, sync_playwright

from farmwatch_collector.console import Sessions, problem_pages, routes
from farmwatch_collector.console.vendored import Vendored
from farmwatch_collector.serving import Serving
from farmwatch_collector.settings import Settings

from .farm_memory import label, office, shelf, turns
from .memory import NOW, as_store, worked_example
from .test_browser import ARGUMENTS, CHROMIUM
from .test_place import kept

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH; on Debian: apt-get install chromium"),
]
wants_graph = pytest.mark.skipif(not Vendored().graph, reason="the graph's files were not built: make assets")


class Console:
    """A served console with two farms, and the browser's context in which pages are watched.

    wrong  what was logged, refused, failed or asked elsewhere
    """

    def __init__(self, browser: Browser, url: str, sessions: Sessions) -> None:
        self._browser, self._url, self._sessions = browser, url, sessions
        self.wrong: list[str] = []

    def open(self, path: str, scheme: Any = "light", width: int = 1280, script: bool = True) -> Page:
        context = self._browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=script
        )
        page = context.new_page()
        page.on("console", lambda message: self.wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", lambda it: None if it.url.startswith(self._url) else self.wrong.append(it.url))
        page.on("response", lambda it: self.wrong.append(f"{it.status}: {it.url}") if it.status >= 400 else None)
        page.goto(self._sessions.new_link(self._url))
        page.wait_for_url(self._url + "/")
        page.goto(self._url + path)
        return page


@pytest.fixture(scope="module")
def console() -> Iterator[Console]:
    store, sessions = worked_example(), Sessions()
    store.add("f-059", "nb-059")
    store.kept = {1: shelf(), 2: office()}
    store.active = turns([each.member.device for each in shelf().members])
    store.said = [label()]
    store.placed["f-000"] = [kept(0)]
    handlers = routes(as_store(store), sessions, clock=lambda: NOW)
    app = Litestar(handlers, exception_handlers=problem_pages, openapi_config=None)
    serving = Serving(app, Settings(port=0))
    serving.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            yield Console(browser, serving.url, sessions)
            browser.close()
    finally:
        serving.stop()


#: Distinct colours of the canvas that nodes are drawn on.
COLOURS = """() => {
  const canvas = document.querySelector("#farm-graph canvas[data-id='layer2-node']");
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) seen.add(data.slice(at, at + 3).join());
  return seen.size;
}"""


def spot(page: Page, node: str) -> tuple[float, float]:
    """Where a node stands in the window."""
    x, y = page.evaluate(
        """id => {
          const box = document.getElementById("farm-graph"), edge = box.getBoundingClientRect();
          const at = box._cyreg.cy.getElementById(id).renderedPosition();
          return [edge.left + at.x, edge.top + at.y];
        }""",
        node,
    )
    return x, y


@wants_graph
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_graph_and_map_are_drawn_and_nothing_is_refused_or_logged(console: Console, scheme: str, width: int) -> None:
    page = console.open("/farms/1", scheme, width)
    # 60 devices; gateway 60, exit 60, access point 30, monitor 10, KVM 3 lines.
    page.wait_for_selector("[aria-label^='Graph of 60 devices and 5 shared values, 163 lines']")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.wait_for_timeout(300)
    assert page.evaluate(COLOURS) > 3  # levels, values and ink, not an empty canvas
    page.wait_for_selector("#place-map path.outline", state="attached")
    assert page.locator("#place-map path.spot.claim").count() == 4
    assert page.locator("#place-map path.spot.estimate").count() == 1
    page.get_by_role("button", name="Nearer").click()
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    page.context.close()
    assert console.wrong == []


@wants_graph
def test_a_device_of_the_graph_leads_to_its_page_and_a_value_says_what_it_is(console: Console) -> None:
    page = console.open("/farms/1")
    page.wait_for_selector("[aria-label^='Graph of 60 devices']")
    page.locator("#farm-graph").scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    page.mouse.move(*spot(page, "v0"), steps=4)
    page.get_by_text("TP-Link gateway: 60 members, +9.0 bits").wait_for()
    page.mouse.click(*spot(page, "d59"))
    page.wait_for_url("**/devices/f-059")
    page.context.close()
    assert console.wrong == []


@wants_graph
def test_an_office_of_two_thousand_is_drawn_as_groups(console: Console) -> None:
    page = console.open("/farms/2")
    page.wait_for_selector("[aria-label^='Graph of 19 devices and 11 shared values, 47 lines']")
    assert page.get_by_role("link", name="Next", exact=True).is_visible()
    assert page.get_by_text("50 devices").first.is_visible()
    page.context.close()
    assert console.wrong == []


def test_without_script_everything_stands_in_tables(console: Console) -> None:
    for path in ("/farms", "/farms/1", "/farms/2"):
        page = console.open(path, width=390, script=False)
        assert not page.locator("#farm-graph, #place-map, #farm-graph-tools").locator("visible=true").count()
        page.context.close()
    page = console.open("/farms/1", script=False)
    for heading in ("What they share", "Members", "Joining", "Rhythm", "Is this a known place?", "History"):
        assert page.get_by_role("heading", name=heading).first.is_visible()
    assert page.get_by_role("rowheader", name="TP-Link gateway").first.is_visible()
    assert page.locator(".strip-track path.active").count() == 60
    page.context.close()
    assert console.wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_list_fits_its_window(console: Console, scheme: str, width: int) -> None:
    page = console.open("/farms?state=all", scheme, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()
    assert console.wrong == []
