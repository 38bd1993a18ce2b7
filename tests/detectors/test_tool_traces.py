"""What remote_access_tool says of a tool that left traces and does not run, and who leaves like traces."""

from datetime import UTC, datetime

import msgspec
import pytest

from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.remote_access_tool import DETECTOR
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.finding import Finding
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.browsers import BrowserExtension, NativeHost
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.media import Grant, MediaUse
from farmwatch_schema.observables.processes import Process, RecentProgram

from .views import view

WINDOWS = HostFacts(os="Windows 11 Pro", hypervisor="")
MAC = HostFacts(os="macOS", hypervisor="")
PORTABLE = RecentProgram(name="AnyDesk.exe", path=r"~\Downloads\AnyDesk.exe", last_run="2026-11-18")
#: Chromium source, remoting/host/setup: the manifest by which the extension finds the host.
CHROME_HOST = NativeHost(browser="chrome", name="com.google.chrome.remote_desktop")
CHROME_EXTENSION = BrowserExtension(browser="chrome", id="inomeogfingihgjfjlpeplalcfajhgai")


def _found(device: DeviceView) -> list[tuple[str, int]]:
    return [(finding.subject, finding.level) for finding in DETECTOR.detect(device)]


def _only(device: DeviceView) -> Finding:
    [finding] = DETECTOR.detect(device)
    return finding


def test_hit_a_portable_tool_that_ran_lately_is_level_one_and_gone_since_then() -> None:
    finding = _only(view(host=[WINDOWS], processes=[PORTABLE]))
    assert (finding.subject, finding.level) == ("anydesk", 1)
    assert "ran lately, last on 2026-11-18" in finding.sentence
    assert finding.seen_until == datetime(2026, 11, 18, tzinfo=UTC).isoformat()
    unknown = msgspec.structs.replace(PORTABLE, last_run="")
    assert _only(view(host=[WINDOWS], processes=[unknown])).seen_until == ""


def test_hit_the_host_manifest_of_chrome_remote_desktop_tells_of_a_host_that_does_not_run() -> None:
    finding = _only(view(host=[WINDOWS], processes=[], browsers=[CHROME_HOST, CHROME_EXTENSION]))
    assert (finding.subject, finding.level) == ("chrome-remote-desktop", 1)
    assert "host set up for the browser" in finding.sentence
    assert [evidence.kind for evidence in finding.evidence] == ["browsers", "browsers"]


@pytest.mark.parametrize(
    "item",
    [
        Grant(what="screen", app="com.carriez.rustdesk", allowed=True),
        Grant(what="accessibility", app="com.carriez.rustdesk", allowed=True),
        MediaUse(what="screen", app="RustDesk", path="/Applications/RustDesk.app/Contents/MacOS/RustDesk"),
    ],
)
def test_hit_a_grant_that_outlived_its_tool_is_level_one(item: Observable) -> None:
    assert _found(view(host=[MAC], processes=[], media=[item])) == [("rustdesk", 1)]


def test_hit_a_running_tool_quotes_its_traces_and_is_told_once() -> None:
    host = Process(name="remoting_host.exe", signer="Google LLC",
                   path=r"C:\Program Files (x86)\Google\Chrome Remote Desktop\131.0\remoting_host.exe")  # fmt: skip
    finding = _only(view(host=[WINDOWS], processes=[host], browsers=[CHROME_HOST]))
    assert (finding.level, finding.seen_until) == (4, "")
    assert [evidence.kind for evidence in finding.evidence] == ["processes", "browsers"]


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("browsers", CHROME_EXTENSION),  # who looks at another computer has it too
        ("browsers", NativeHost(browser="chrome", name="com.google.chrome.remote_assistance")),
        ("browsers", NativeHost(browser="chrome", name="com.example.password_manager")),
        ("processes", RecentProgram(name="mstsc.exe", path=r"C:\Windows\System32\mstsc.exe", last_run="2026-11-18")),
        ("processes", RecentProgram(name="rv.exe", path=r"C:\Tools\rv.exe", last_run="2026-11-18")),
        ("media", Grant(what="screen", app="com.carriez.rustdesk", allowed=False)),
        ("media", Grant(what="microphone", app="com.carriez.rustdesk", allowed=True)),
    ],
)
def test_miss_what_says_nothing_by_itself_is_nothing(kind: str, item: Observable) -> None:
    assert _found(view(host=[WINDOWS], **{kind: [item]})) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("media", Grant(what="screen", app="us.zoom.xos", allowed=True)),
        ("media", MediaUse(what="screen", app="ms-teams.exe", path=r"C:\Program Files\WindowsApps\ms-teams.exe")),
        ("processes", RecentProgram(name="Zoom.exe", path=r"~\AppData\Roaming\Zoom\bin\Zoom.exe")),
    ],
)
def test_honest_twin_a_meeting_client_may_see_the_screen(kind: str, item: Observable) -> None:
    assert _found(view(host=[WINDOWS], **{kind: [item]})) == []  # type: ignore[arg-type]


def test_honest_twin_a_sanctioned_tool_that_ran_lately_counts_nothing() -> None:
    policy = Policy(sanctions=(Sanction(tool="anydesk", owner="service-desk@example.com", reason="help desk"),))
    assert _found(view(host=[WINDOWS], processes=[PORTABLE], policy=policy)) == [("anydesk", 0)]


@pytest.mark.parametrize("kind", ["processes", "browsers", "media"])
def test_could_not_look_gives_no_finding(kind: str) -> None:
    items = {"processes": PORTABLE, "browsers": CHROME_HOST,
             "media": Grant(what="screen", app="com.carriez.rustdesk", allowed=True)}  # fmt: skip
    assert _found(view(outcome="not_permitted", **{kind: [items[kind]]})) == []  # type: ignore[arg-type]
