"""second_remote_tool: whose tools they are, when each was there, and the honest twins."""

from datetime import date, timedelta

import msgspec
import pytest

from farmwatch_detectors.policy import Policy, RosterEntry, Sanction
from farmwatch_detectors.products import remote_tools
from farmwatch_detectors.second_remote_tool import DETECTOR
from farmwatch_detectors.tool_days import vendor_of
from farmwatch_detectors.view import DeviceView, Span
from farmwatch_schema.observables.processes import Process, RecentProgram
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.software import Package

from .views import ENROLLED, NOW, view

ANYDESK = Process(name="anydesk", path="/usr/bin/anydesk", package="anydesk")
RUSTDESK = Process(name="rustdesk", path="/usr/share/rustdesk/rustdesk", package="rustdesk")
TEAM_VIEWER = Process(name="teamviewerd", path="/opt/teamviewer/tv_bin/teamviewerd", package="teamviewer")
HELP_DESK = Policy(sanctions=(Sanction(tool="teamviewer", owner="service-desk@example.com", reason="help desk"),))
TOOLS = {tool.id: tool for tool in remote_tools()}


def _day(days: float) -> timedelta:
    return timedelta(days=days)


def _span(process: Process, began: float, ended: float | None) -> Span:
    """A program that was there from `began` to `ended` days ago."""
    return Span(
        kind="processes",
        item=process,
        seen_from=NOW - _day(began),
        seen_until=None if ended is None else NOW - _day(ended),
    )


def _later(device: DeviceView, days: int) -> DeviceView:
    """The same laptop, enrolled and handed over so many days ago."""
    return msgspec.structs.replace(device, enrolled_at=NOW - _day(days))


def _levels(device: DeviceView) -> list[int]:
    return [finding.level for finding in DETECTOR.detect(device)]


# Hits ----------------------------------------------------------------------------------------------


def test_hit_two_unsanctioned_tools_at_once_are_level_two_and_in_the_first_days_level_three() -> None:
    both = view(processes=[ANYDESK, RUSTDESK])
    [finding] = DETECTOR.detect(_later(both, 200))
    assert (finding.level, finding.subject, finding.group) == (2, "tools", "R")
    assert "AnyDesk was at work beside RustDesk" in finding.sentence
    assert len(finding.sentence.split()) <= 45
    assert _levels(_later(both, 30)) == [3]


def test_hit_the_first_days_are_those_of_the_person_where_the_roster_tells() -> None:
    both = _later(view(processes=[ANYDESK, RUSTDESK]), 300)
    entry = RosterEntry(person="p-1", cohort="remote_new_hire", start_on=NOW.date() - _day(3))
    assert _levels(both) == [2]
    assert _levels(msgspec.structs.replace(both, roster=entry)) == [3]


def test_hit_a_second_tool_beside_the_allowed_one_is_level_one_and_in_the_first_days_level_two() -> None:
    device = view(processes=[TEAM_VIEWER, RUSTDESK], policy=HELP_DESK)
    [finding] = DETECTOR.detect(_later(device, 90))
    assert finding.level == 1
    assert any("policy allows it" in evidence.fact for evidence in finding.evidence)
    assert _levels(device) == [2]


def test_hit_a_tool_that_is_gone_still_counts_for_two_weeks() -> None:
    history = {"processes": (_span(ANYDESK, 13, 6), _span(RUSTDESK, 10, None))}
    assert _levels(_later(view(processes=[RUSTDESK], history=history), 100)) == [2]
    history = {"processes": (_span(ANYDESK, 40, 15), _span(RUSTDESK, 20, None))}
    assert _levels(_later(view(processes=[RUSTDESK], history=history), 100)) == []


def test_hit_a_portable_tool_that_only_the_system_remembers_counts_as_one_after_the_other() -> None:
    ran = RecentProgram(name="AnyDesk.exe", path=r"~\Downloads\AnyDesk.exe", last_run="2026-11-17")
    rustdesk = Process(name="rustdesk.exe", path=r"~\AppData\Local\rustdesk\rustdesk.exe", signer="PURSLANE")
    assert _levels(view(processes=[rustdesk, ran])) == [1]
    old = msgspec.structs.replace(ran, last_run="2026-10-01")
    unknown = msgspec.structs.replace(ran, last_run="")
    assert _levels(view(processes=[rustdesk, old, unknown])) == []


def test_hit_what_is_gone_altogether_says_since_when() -> None:
    history = {"processes": (_span(ANYDESK, 8, 3), _span(RUSTDESK, 8, 2))}
    [finding] = DETECTOR.detect(view(processes=[], history=history))
    assert finding.seen_until == (NOW - _day(2)).isoformat()


# Misses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        Process(name="remmina", path="/usr/bin/remmina", package="remmina"),
        Process(name="xrdp", path="/usr/sbin/xrdp", package="xrdp"),
        Process(name="zoom", path="/opt/zoom/zoom", package="zoom"),
        Process(name="sshd", path="/usr/sbin/sshd", package="openssh-server"),
        Process(name="AnyDesk-helper", path="/opt/x/AnyDesk-helper"),
    ],
    ids=["viewer", "built in", "meeting", "ssh", "a name that resembles"],
)
def test_miss_a_viewer_what_is_built_in_and_meeting_clients_are_no_second_tool(other: Process) -> None:
    assert _levels(view(processes=[RUSTDESK, other])) == []


def test_miss_an_installed_tool_that_never_ran_is_no_second_one() -> None:
    assert _levels(view(processes=[RUSTDESK], software=[Package(name="anydesk", source="dpkg")])) == []


def test_miss_what_ran_before_the_person_had_the_laptop_is_somebody_elses() -> None:
    history = {"processes": (_span(ANYDESK, 12, 6), _span(RUSTDESK, 2, None))}
    device = view(processes=[RUSTDESK], history=history)
    entry = RosterEntry(person="p-2", start_on=NOW.date() - _day(4))
    assert _levels(device) == [1]
    assert _levels(msgspec.structs.replace(device, roster=entry)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("logmein", "logmein-rescue"),
        ("logmein", "gotomypc"),
        ("screenconnect", "connectwise-automate"),
        ("sunlogin", "awesun"),  # one signer
        ("tigervnc", "x11vnc"),
        ("rsupport-remotecall", "rsupport-remoteview"),
        ("zoho-assist", "manageengine"),
    ],
)
def test_miss_two_programs_of_one_vendor_are_one(one: str, other: str) -> None:
    assert vendor_of(TOOLS[one]) == vendor_of(TOOLS[other])


def test_the_best_known_tools_are_of_vendors_of_their_own() -> None:
    known = ["anydesk", "rustdesk", "teamviewer", "chrome-remote-desktop", "screenconnect", "splashtop", "parsec",
             "meshcentral", "dwservice", "logmein", "anyviewer", "tigervnc"]  # fmt: skip
    assert len({vendor_of(TOOLS[each]) for each in known}) == len(known)


# Honest twins --------------------------------------------------------------------------------------


def test_honest_twin_a_migration_from_one_tool_to_another_is_level_one() -> None:
    history = {"processes": (_span(ANYDESK, 60, 6), _span(TEAM_VIEWER, 6.5, None))}
    [finding] = DETECTOR.detect(_later(view(processes=[TEAM_VIEWER], history=history), 100))
    assert finding.level == 1
    assert "before or after" in finding.sentence


def test_honest_twin_a_migration_between_two_allowed_tools_is_nothing() -> None:
    both = (*HELP_DESK.sanctions, Sanction(tool="anydesk", owner="it@example.com", reason="old one", until=date.max))
    assert _levels(view(processes=[ANYDESK, TEAM_VIEWER], policy=Policy(sanctions=both))) == []


def test_honest_twin_a_managed_services_agent_and_the_tool_it_brings_are_level_one() -> None:
    atera = Process(name="AteraAgent.exe", path=r"C:\Program Files\ATERA Networks\AteraAgent\AteraAgent.exe",
                    signer="Atera Networks Ltd")  # fmt: skip
    splashtop = Process(name="SRManager.exe", signer="Splashtop Inc.",
                        path=r"C:\Program Files (x86)\Splashtop\Splashtop Remote\Server\SRManager.exe")  # fmt: skip
    assert _levels(view(processes=[atera, splashtop])) == [1]


def test_honest_twin_a_gamer_with_two_streaming_hosts_is_nothing() -> None:
    sunshine = Process(name="sunshine", path="/usr/bin/sunshine")
    parsec = Process(name="parsecd", path="/usr/bin/parsecd", package="parsec")
    assert _levels(view(processes=[sunshine, parsec])) == []


def test_could_not_look_gives_no_finding() -> None:
    assert _levels(view()) == []
    assert _levels(view(processes=[ANYDESK, RUSTDESK], outcome="not_permitted")) == []
    service = Service(name="rustdesk.service", kind="systemd", path="/usr/bin/rustdesk", enabled=True)
    assert _levels(view(processes=[ANYDESK], services=[service], outcome="broken")) == []
    assert ENROLLED < NOW
