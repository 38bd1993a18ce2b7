"""Every recorded host from what its system answered to score and page: codec, `score`, detectors and console."""

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from playwright.sync_api import Browser, sync_playwright

from farmwatch_agent.host.replaying import ReplayingHost
from farmwatch_agent.numbering import Numbering
from farmwatch_agent.runner import build
from farmwatch_collector.assessment import Assessment
from farmwatch_collector.cli import main as collector
from farmwatch_collector.console.words import title
from farmwatch_collector.evaluate import judge
from farmwatch_collector.settings import Limits
from farmwatch_detectors.view import SectionView
from farmwatch_schema import codec
from farmwatch_schema.observables import KINDS, Gap, UnknownObservable
from farmwatch_schema.observables.agent import AgentHealth
from farmwatch_schema.report import Section
from tests.cases import recorded

from .console.markup import Page
from .laptops import utc
from .recorded_laptops import FOLDERS, NOW, sections_of, told_now, view_of
from .served import Collector

#: What the guilty ones must reach, by group. Every host that is not here is honest, as far as its record tells.
GUILTY: dict[str, dict[str, int]] = {
    "linux-ip_kvm": {"H": 3},
    "linux-live_jetkvm_as_logitech_gadget": {"H": 3},
    "linux-live_keyboard_gadget": {"H": 2},
    "linux-live_laptop_root": {"R": 3, "A": 1},
    "linux-live_laptop_user": {"R": 2, "A": 1},
    "linux-live_nanokvm_ncm_gadget": {"H": 3},
    "linux-live_openvpn_tun": {"N": 1},
    "linux-live_pikvm_gadget": {"H": 3},
    "linux-live_uinput_injector": {"R": 3},
    "linux-real_nanokvm_lsusb": {"H": 3},
    "linux-real_pikvm_lsusb": {"H": 3},
    "linux-real_wireguard_table_51820": {"N": 1},
    "macos-ip_kvm": {"H": 3},
    "macos-jump_splashtop_teamviewer": {"R": 3},
    "macos-nanokvm_mac_mini": {"H": 3},
    "macos-pikvm_as_magic_keyboard": {"H": 3},
    "macos-permissions_denied": {"R": 3},
    "macos-real_mullvad_openvpn_routes": {"N": 1},
    "macos-real_rustdesk_jobs": {"R": 2},
    "macos-remote_tools": {"R": 3, "N": 1},
    "windows-ip_kvm": {"H": 3},
    "windows-permissions_denied": {"H": 3},
    "windows-real_pia_vpn_netstat": {"N": 1},
    "windows-real_pikvm_descriptor_dump": {"H": 3},
    "windows-real_rdp_events": {"R": 3},
    "windows-real_rdp_qwinsta": {"R": 2},
    "windows-real_rustdesk_msi": {"R": 1},
    "windows-remote_tools": {"R": 3, "N": 1},
}
#: Guests, by their own word.
GUESTS = {"linux-virtual_machine", "macos-qemu_guest", "macos-virtual_machine", "windows-virtual_machine"}
HONEST = sorted(FOLDERS.keys() - GUILTY.keys() - GUESTS)
#: Hosts with the most sections, and those whose sections say least: the pages are looked at on these.
PAGES = [f"{system}-{name}" for system in ("windows", "macos") for name in ("docked", "remote_tools", "ip_kvm")]
PAGES += [f"{system}-permissions_denied" for system in ("windows", "macos", "linux")] + ["linux-docked"]


def levels(assessment: Assessment) -> dict[str, int]:
    """Returns the highest level of each group that has one."""
    found: dict[str, int] = {}
    for group in assessment.groups:
        found[group.group] = max(group.level or 0, found.get(group.group, 0))
    return {group: level for group, level in found.items() if level}


@pytest.mark.parametrize("name", GUILTY)
def test_a_guilty_host_reaches_its_levels(name: str) -> None:
    found = judge(view_of(FOLDERS[name]))
    for group, level in GUILTY[name].items():
        assert levels(found).get(group, 0) >= level, [finding.sentence for finding in found.findings]
    if GUILTY[name].get("H") == 3:
        assert found.attention in ("review", "urgent", "near_certain")


@pytest.mark.parametrize("name", HONEST)
def test_honest_twin_an_honest_host_is_nobodys_work(name: str) -> None:
    found = judge(view_of(FOLDERS[name]))
    assert {group: level for group, level in levels(found).items() if level >= 2} == {}
    assert found.attention == "none", [finding.sentence for finding in found.findings]


@pytest.mark.parametrize("name", sorted(GUESTS))
def test_a_guest_is_told_and_stays_below_every_mark(name: str) -> None:
    found = judge(view_of(FOLDERS[name]))
    assert levels(found) == {"A": 1}
    assert found.attention == "none"


@pytest.mark.parametrize("system", ["linux", "macos", "windows"])
def test_an_ordinary_laptop_that_was_looked_at_whole_gets_its_silence_counted(system: str) -> None:
    device = view_of(FOLDERS[f"{system}-docked"])
    health = SectionView(kind="agent", outcome="found", observed_at=NOW, items=(AgentHealth(rights="root"),))
    needed = {kind: SectionView(kind=kind, outcome="none", observed_at=NOW) for kind in ("sockets", "services")}
    sections = {**needed, **device.sections, "agent": health}
    found = judge(msgspec.structs.replace(device, sections=sections))
    grey = {group.group: group.grey for group in found.groups if group.level is None}
    held = device.sections.keys()
    for group, kinds in {"H": {"usb", "displays"}, "R": {"processes"}, "N": {"network"}, "A": {"host"}}.items():
        if kinds <= held:
            assert group not in grey, grey


def test_what_a_system_could_not_tell_is_never_clean() -> None:
    for name in ("linux-permissions_denied", "macos-permissions_denied", "windows-permissions_denied"):
        device = view_of(FOLDERS[name])
        found = judge(device)
        clean = {group.group for group in found.groups if group.level == 0}
        blind = {kind for kind, section in device.sections.items() if not section.looked}
        assert not (clean & {"H"} and blind & {"usb", "displays"})
        assert not (clean & {"R"} and blind & {"processes", "sockets", "services"})
        assert not (clean & {"N"} and blind & {"network"})


def test_score_reads_every_recorded_host_as_json_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = []
    for name, folder in FOLDERS.items():
        host = ReplayingHost(recorded.load(folder))
        lines.append(codec.encode(build(host, Numbering(device=name, epoch="0" * 32), sections_of(folder))))
    reports = tmp_path / "reports.jsonl"
    reports.write_bytes(b"\n".join(lines))
    assert collector(["score", str(reports), "--json"]) == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert {item["device"] for item in items} == set(FOLDERS)
    assert collector(["score", str(reports), "--explain"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in FOLDERS)


class Fleet(msgspec.Struct, frozen=True):
    """A served collector that every recorded host reported to: ids and sections by name."""

    collector: Collector
    devices: dict[str, str]
    sections: dict[str, list[Section]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.collector.port}"

    def path(self, name: str) -> str:
        return f"/devices/{self.devices[name]}"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    served = Collector(tmp_path_factory.mktemp("collector"), Limits())
    devices: dict[str, str] = {}
    sections: dict[str, list[Section]] = {}
    try:
        for name, folder in FOLDERS.items():
            laptop = served.laptop()
            devices[name], sections[name] = laptop.device, sections_of(folder)
            told = told_now(sections[name], utc(time.time()))
            report = laptop.report(*told, agent={"version": "0.1.0", "platform": folder.parent.name})
            status, answer = laptop.send(served.port, report)
            assert (status, [each.status for each in answer.answers]) == (200, ["accepted"]), name
        ends = time.monotonic() + 60
        while served.store.counts().get("unjudged", 0) or served.store.due(datetime.now(UTC), 1):
            assert time.monotonic() < ends, "the collector did not judge its fleet in time"
            time.sleep(0.2)
        yield Fleet(served, devices, sections)
    finally:
        served.close()


@pytest.mark.integration
def test_a_served_collector_judges_each_host_as_its_report_alone_is_judged(fleet: Fleet) -> None:
    for name, wanted in GUILTY.items():
        row = fleet.collector.store.device(fleet.devices[name])
        assert row is not None
        assert row.assessment is not None
        for group, level in wanted.items():
            assert levels(row.assessment).get(group, 0) >= level, name
    for name in HONEST:
        row = fleet.collector.store.device(fleet.devices[name])
        assert row is not None
        assert row.assessment is not None
        assert row.assessment.attention == "none", name


@pytest.mark.integration
def test_every_observable_and_gap_of_every_host_stands_on_its_page(fleet: Fleet) -> None:
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(fleet.collector.app.sessions.new_link(fleet.url), timeout=10).status_code == 200
        for name in FOLDERS:
            answer = session.get(fleet.url + fleet.path(name), timeout=20)
            assert answer.status_code == 200
            page = Page(answer.text)
            assert page.problems == [], name
            assert "Collector too old" not in page.text
            for section in fleet.sections[name]:
                assert title(section.kind) in page.text
                items = [] if section.items is msgspec.UNSET else codec.decode_items(section.kind, section.items)
                for item in items[:50]:
                    assert not isinstance(item, UnknownObservable)
                    words = item.what if isinstance(item, Gap) else title(str(item.__struct_config__.tag))
                    assert words in page.text, f"{name} {section.kind}: {words}"
                    for field in msgspec.structs.fields(item):
                        value = getattr(item, field.name)
                        # A column in which every row has the usual value is left out.
                        if value == field.default or field.name == "slots":
                            continue
                        if isinstance(value, str) and 0 < len(value) < 40 and value.isalnum():
                            assert value[:16] in page.text, f"{name} {section.kind}: {field.name} {value}"


CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.mark.integration
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH; on Debian: apt-get install chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_of_windows_and_mac_laptops_fit_their_window(
    fleet: Fleet, chromium: Browser, scheme: Any, width: int
) -> None:
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    try:
        page = context.new_page()
        page.goto(fleet.collector.app.sessions.new_link(fleet.url))
        for name in PAGES:
            page.goto(fleet.url + fleet.path(name))
            page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    finally:
        context.close()


def test_the_hosts_show_every_kind_that_has_a_probe() -> None:
    shown = {section.kind for folder in FOLDERS.values() for section in sections_of(folder)}
    assert shown >= KINDS.keys() - {"agent"}
