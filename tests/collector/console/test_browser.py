"""The pages in headless Chromium: both schemes, wide and narrow, without script, nothing from elsewhere."""

import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from farmwatch_collector.console.vendored import Vendored
from farmwatch_collector.place.samples import KeptDay

from .conftest import Served
from .test_place import CLAIM, kept

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH; on Debian: apt-get install chromium"),
]

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDTHS = [1280, 390]

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser, served: Served) -> Iterator[Open]:
    """Opens a signed-in page and, at the end, holds that nothing was logged, refused, failed or asked elsewhere."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def watch(page: Page) -> None:
        host = urlsplit(served.url).netloc
        page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda request: wrong.append(f"elsewhere: {request.url}") if urlsplit(request.url).netloc != host else None,
        )
        page.on(
            "response",
            lambda answer: wrong.append(f"{answer.status}: {answer.url}") if answer.status >= 400 else None,
        )

    def open_page(path: str, scheme: str = "light", width: int = 1280, script: bool = True, zoom: int = 1) -> Page:
        context = chromium.new_context(
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width // zoom, "height": 900 // zoom},
            device_scale_factor=zoom,
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        watch(page)
        page.goto(served.link())
        page.wait_for_url(served.url + "/")
        if path != "/":
            page.goto(served.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def on_day(day: date) -> KeptDay:
    """A day on which light cannot have come from the claim."""
    one = kept(0)
    return msgspec.structs.replace(one, day=day, verdict=msgspec.structs.replace(one.verdict, day=day))


def paths(served: Served) -> list[str]:
    return [
        "/",
        "/cases?owner=everybody",
        "/cases/1",
        "/audit",
        *(f"/devices/{served.devices[name]}" for name in ("laptop-056", "laptop-060", "hostile", "silent")),
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_fit_their_window_and_log_nothing(served: Served, opened: Open, scheme: str, width: int) -> None:
    page = opened("/", scheme, width)
    for path in paths(served):
        page.goto(served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_two_hundred_per_cent_zoom_needs_no_sideways_scrolling(served: Served, opened: Open) -> None:
    page = opened("/", zoom=2)
    for path in paths(served):
        page.goto(served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, path


def test_the_schemes_really_differ(opened: Open) -> None:
    grounds = {
        scheme: opened("/", scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert grounds == {"light": "rgb(244, 246, 248)", "dark": "rgb(15, 20, 26)"}


def test_every_page_works_without_script(served: Served, opened: Open) -> None:
    page = opened("/", script=False)
    page.get_by_label("Search").fill("laptop-060")
    page.get_by_role("button", name="Show").click()
    assert page.url.endswith("/?q=laptop-060&level=none")
    page.get_by_role("link", name="laptop-060").click()
    assert page.get_by_role("heading", level=1).inner_text() == "laptop-060"
    page.get_by_text("How these weights were chosen").click()
    assert page.get_by_role("columnheader", name="Basis").is_visible()
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_role("heading", level=1).inner_text() == "You are signed out"


def test_everything_can_be_reached_by_keyboard_and_shows_it(served: Served, opened: Open) -> None:
    page = opened(f"/devices/{served.devices['laptop-056']}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate(
                "document.activeElement.tagName + ' ' + getComputedStyle(document.activeElement).outlineStyle"
            )
        )
    assert {"A solid", "BUTTON solid", "SUMMARY solid"} <= seen
    assert not any(entry.endswith(" none") for entry in seen if not entry.startswith("BODY"))


def test_the_policy_stops_what_a_page_would_never_hold(chromium: Browser, served: Served) -> None:
    """The policy is in force, not only sent: an injected script, style and image do not run."""
    context = chromium.new_context()
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(served.link())
    page.wait_for_url(served.url + "/")
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            const style = document.createElement("style");
            style.textContent = "body { color: rgb(1, 2, 3) }";
            const image = document.createElement("img");
            image.src = "http://192.0.2.1/pixel.png";
            document.body.append(script, style, image);
        }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert page.evaluate("getComputedStyle(document.body).color") != "rgb(1, 2, 3)"
    assert len([text for text in refused if "Content Security Policy" in text]) == 3
    context.close()


def test_a_printed_device_page_leaves_the_controls_out(served: Served, opened: Open, tmp_path: Path) -> None:
    page = opened(f"/devices/{served.devices['laptop-056']}")
    page.emulate_media(media="print", color_scheme="light")
    assert not page.get_by_role("button", name="Sign out").is_visible()
    assert page.locator(".waterfall").is_visible()
    assert page.pdf(path=tmp_path / "device.pdf").startswith(b"%PDF")


def test_a_case_is_worked_on_without_script(served: Served, opened: Open) -> None:
    """The whole way of a case in a real browser, whose own Origin header and cookie rules are in force."""
    page = opened("/cases", script=False)
    page.get_by_label("Your name, for the cases you take").fill("ann")
    page.get_by_role("button", name="Keep").click()
    assert page.get_by_label("You are").input_value() == "ann"
    device = served.devices["laptop-060"]
    (case,) = served.store.cases_of(device)
    page.get_by_role("checkbox", name=f"Case {case.id}", exact=True).check()
    page.get_by_role("button", name="Assign").click()
    page.get_by_label("Whose").select_option("mine")
    page.get_by_role("button", name="Show").click()
    assert page.url.endswith("/cases?q=&state=unclosed&owner=mine&level=none&standing=")
    page.get_by_role("link", name=f"Case {case.id}", exact=True).click()
    page.get_by_label("Note").fill("the tool is the help desk's")
    page.get_by_role("button", name="Add note").click()
    page.get_by_label("It was").select_option("benign")
    page.get_by_label("Reason, for whoever reads it later").fill("help desk, ticket 12")
    page.get_by_role("button", name="Close", exact=True).click()
    assert page.get_by_text("closed: benign, explained").is_visible()
    page.get_by_label("Why the decision does not hold").fill("a trial of the form")
    page.get_by_role("button", name="Open again").click()
    assert page.get_by_role("button", name="Close", exact=True).is_visible()
    assert served.store.case_history(case.id)[-1].actor.startswith("ann (session-")
    ends = time.monotonic() + 30
    while (row := served.store.device(device)) and row.assessment and row.assessment.points < 51:
        assert time.monotonic() < ends, "what was expected still counts as nothing"
        time.sleep(0.1)


@pytest.mark.skipif(not Vendored().version, reason="the map's files were not built: make assets")
def test_a_map_is_drawn_from_our_own_files_alone(served: Served, opened: Open) -> None:
    """`opened` holds that nothing was asked elsewhere, refused by the policy or logged, while everything was drawn."""
    device = served.devices["laptop-057"]
    entries = served.store.roster()
    entries[device] = msgspec.structs.replace(entries[device], claim=CLAIM)
    served.store.set_roster(entries)
    now = datetime.now(UTC)
    days = [on_day(now.date() - timedelta(days=ago)) for ago in (1, 0)]
    served.store.save_place_days(device, days, now)
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390)):
        page = opened(f"/devices/{device}", scheme, width)
        page.wait_for_selector("#place-map path.outline", state="attached")
        shown = page.locator("#place-map")
        assert shown.locator("path.outline").count() > 150  # countries of the world
        assert shown.locator("path.spot.claim").count() == 1
        assert shown.locator("path.spot.estimate").count() == 1
        assert shown.locator("path.landmark.breaks").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        size = shown.bounding_box()
        assert size is not None
        assert size["height"] >= 200
    without = opened(f"/devices/{device}", script=False)
    assert not without.locator("#place-map").is_visible()
    assert without.get_by_role("rowheader", name="Dublin, IE").is_visible()
