"""unknown_remote_tool: renamed and unknown tools by what they do, one ability alone, and the honest twins."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_detectors import remote_access_tool
from farmwatch_detectors.catalog.control_helpers import helpers
from farmwatch_detectors.detector import level_table
from farmwatch_detectors.unknown_remote_tool import DETECTOR
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.observables.displays import DisplayAdapter
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.media import Grant, MediaUse
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sockets import Listener, OutboundCount

from .views import view

WINDOWS = HostFacts(os="Windows 11 Pro", hypervisor="")
MAC = HostFacts(os="macOS", hypervisor="")
LINUX = HostFacts(os="Debian GNU/Linux", hypervisor="")

#: A remote tool built anew under another name: RustDesk's own structure (src/platform/windows.cc) with no mark of it.
SYNC = Process(
    name="SyncHost.exe", path=r"C:\Program Files\SyncHost\SyncHost.exe", signer="", session_helper=True, run_by="both"
)
#: The same on a Mac, signed ad hoc: RustDesk src/platform/macos.mm asks for these two grants.
MAC_SYNC = Process(name="SyncHost", path="/Applications/SyncHost.app/Contents/MacOS/SyncHost", package="", signer="")
#: And on Linux, where RustDesk's uinput service gives input.
LINUX_SYNC = Process(name="sync-host", path="/opt/sync-host/sync-host", package="", holds=("uinput",), run_by="system")


def _out(process: Process) -> OutboundCount:
    return OutboundCount(owner=process.name, path=process.path)


def _heard(process: Process, port: int = 41217) -> Listener:
    return Listener(protocol="tcp", port=port, scope="network", owner=process.name, path=process.path)


def _grants(process: Process, *what: str, given_by: str = "user") -> list[Grant]:
    return [Grant(what=each, app=process.name, path=process.path, allowed=True, given_by=given_by) for each in what]


def _found(device: DeviceView) -> list[tuple[str, int]]:
    return [
        (finding.subject.replace("\\", "/").rpartition("/")[2], finding.level) for finding in DETECTOR.detect(device)
    ]


# Hits ----------------------------------------------------------------------------------------------


def test_hit_a_windows_service_that_reaches_into_the_session_counts_by_what_comes_with_it() -> None:
    assert _found(view(host=[WINDOWS], processes=[SYNC], sockets=[_out(SYNC)])) == [("SyncHost.exe", 1)]
    assert _found(view(host=[WINDOWS], processes=[SYNC], sockets=[_out(SYNC), _heard(SYNC)])) == [("SyncHost.exe", 2)]
    renamed = msgspec.structs.replace(SYNC, original_name="newtool.exe")
    assert _found(view(host=[WINDOWS], processes=[renamed], sockets=[_out(SYNC)])) == [("SyncHost.exe", 2)]
    took = MediaUse(what="screen", app="SyncHost.exe", path=SYNC.path)
    device = view(host=[WINDOWS], processes=[renamed], sockets=[_out(SYNC)], media=[took])
    [finding] = DETECTOR.detect(device)
    assert (finding.level, finding.group) == (3, "R")
    assert "Check:" in finding.sentence
    assert len(finding.sentence.split()) <= 45
    assert {evidence.kind for evidence in finding.evidence} == {"processes", "media", "sockets"}


def test_hit_a_service_and_its_helper_in_one_folder_are_one_program() -> None:
    service = Process(name="svc.exe", path=r"C:\Program Files\SyncHost\svc.exe", signer="", run_by="system")
    sockets = [_out(service), _heard(service)]
    assert _found(view(host=[WINDOWS], processes=[service, SYNC], sockets=sockets)) == [("SyncHost.exe", 2)]


def test_hit_a_mac_program_that_nobody_signed_sees_drives_and_is_connected() -> None:
    media = _grants(MAC_SYNC, "screen", "accessibility")
    device = view(host=[MAC], processes=[MAC_SYNC], sockets=[_out(MAC_SYNC)], media=media)
    assert _found(device) == [("SyncHost", 3)]


def test_hit_a_signed_mac_program_counts_when_it_also_waits_at_the_login_window() -> None:
    # The pair of a daemon and an agent for LoginWindow and Aqua is how RustDesk and DWService stay reachable.
    signed = msgspec.structs.replace(MAC_SYNC, signer="ABCDE12345", package="com.example.sync")
    pair = [
        Service(name="com.example.sync.server", kind="launchd", path=MAC_SYNC.path or "", login_window=True,
                enabled=True, run_by="user"),
        Service(name="com.example.sync.service", kind="launchd", enabled=True,
                path="/Applications/SyncHost.app/Contents/MacOS/service"),
    ]  # fmt: skip
    media = _grants(signed, "screen", "post_event")
    device = view(host=[MAC], processes=[signed], sockets=[_out(signed)], media=media, services=pair)
    assert _found(device) == [("SyncHost", 3)]
    assert _found(view(host=[MAC], processes=[signed], sockets=[_out(signed)], media=media, services=pair[:1])) == []


def test_hit_an_unsigned_mac_program_that_waits_at_the_login_window_needs_no_daemon_beside_it() -> None:
    agent = Service(name="com.example.sync", kind="launchd", path=MAC_SYNC.path or "", login_window=True, enabled=True)
    sockets = [_out(MAC_SYNC), _heard(MAC_SYNC)]
    device = view(host=[MAC], processes=[MAC_SYNC], sockets=sockets, services=[agent])
    assert _found(device) == [("SyncHost", 2)]
    signed = msgspec.structs.replace(MAC_SYNC, signer="ABCDE12345")
    assert _found(view(host=[MAC], processes=[signed], sockets=sockets, services=[agent])) == []


def test_hit_a_renamed_mesh_agent_on_a_mac_that_nobody_signed_keeps_its_pair_at_the_login_window() -> None:
    """Ylianst/MeshAgent modules/agent-installer.js: its name is a setting; daemon and agent share one unsigned file."""
    agent = Process(name="fleethealth", path="/usr/local/fleethealth/fleethealth", package="", signer="", run_by="both")
    pair = [
        Service(name="fleethealth", kind="launchd", path=agent.path or "", enabled=True, run_by="system"),
        Service(name="fleethealth-agent", kind="launchd", path=agent.path or "", enabled=True, login_window=True),
    ]
    assert _found(view(host=[MAC], processes=[agent], sockets=[_out(agent)], services=pair)) == [("fleethealth", 2)]
    signed = msgspec.structs.replace(agent, signer="ABCDE12345")
    assert _found(view(host=[MAC], processes=[signed], sockets=[_out(signed)], services=pair)) == []
    assert _found(view(host=[MAC], processes=[agent], services=pair)) == [], "nobody reaches it"
    unknown = msgspec.structs.replace(agent, signer=None)
    assert _found(view(host=[MAC], processes=[unknown], sockets=[_out(unknown)], services=pair)) == []


def test_hit_a_known_tool_s_own_folder_adds_to_what_a_program_does() -> None:
    """The Mac's default folder of a MeshAgent with another name (catalog/remote_access.yaml, meshcentral)."""
    path = "/usr/local/mesh_services/fleethealth/fleethealth"
    agent = Process(name="fleethealth", path=path, package="", signer="", run_by="system")
    login = Service(name="fleethealth", kind="launchd", path=path, enabled=True, login_window=True)
    (finding,) = DETECTOR.detect(view(host=[MAC], processes=[agent], sockets=[_out(agent)], services=[login]))
    assert finding.level == 2
    assert "MeshCentral" in finding.evidence[-1].fact
    elsewhere = msgspec.structs.replace(agent, path="/usr/local/fleethealth/fleethealth")
    moved = msgspec.structs.replace(login, path=elsewhere.path or "")
    assert _found(view(host=[MAC], processes=[elsewhere], sockets=[_out(elsewhere)], services=[moved])) == [
        ("fleethealth", 1)
    ]


def test_hit_the_name_of_windows_s_own_program_elsewhere_counts_against_who_bears_it() -> None:
    """T1036.005: a build of one's own as dwm.exe, kept in the session by a service."""
    posing = msgspec.structs.replace(
        SYNC, name="dwm.exe", path=r"C:\ProgramData\Fonts\dwm.exe", original_name="dwm.exe"
    )
    assert _found(view(host=[WINDOWS], processes=[posing], sockets=[_out(posing)])) == [("dwm.exe", 2)]
    # Signed, in Windows's folder, or under a name of nobody's: what it does alone.
    for honest in (
        msgspec.structs.replace(posing, signer="Microsoft Windows"),
        msgspec.structs.replace(posing, path=r"C:\Windows\System32\dwm.exe", signer="Microsoft Windows"),
    ):
        assert _found(view(host=[WINDOWS], processes=[honest], sockets=[_out(honest)])) == []
    named = msgspec.structs.replace(posing, name="sync.exe", path=r"C:\ProgramData\Fonts\sync.exe", original_name=None)
    assert _found(view(host=[WINDOWS], processes=[named], sockets=[_out(named)])) == [("sync.exe", 1)]


def test_hit_a_linux_program_that_no_package_brought_gives_input_and_is_reached() -> None:
    assert _found(view(host=[LINUX], processes=[LINUX_SYNC], sockets=[_out(LINUX_SYNC)])) == [("sync-host", 1)]
    sockets = [_out(LINUX_SYNC), _heard(LINUX_SYNC)]
    assert _found(view(host=[LINUX], processes=[LINUX_SYNC], sockets=sockets)) == [("sync-host", 2)]
    portable = msgspec.structs.replace(LINUX_SYNC, path="~/.cache/sync-host", user_writable=True)
    sockets = [_out(portable), _heard(portable)]
    assert _found(view(host=[LINUX], processes=[portable], sockets=sockets)) == [("sync-host", 3)]


def test_hit_a_grant_of_wayland_s_portal_lets_a_program_see_and_drive() -> None:
    plain = msgspec.structs.replace(LINUX_SYNC, holds=())
    grant = Grant(what="remote_desktop", app="sync-host", allowed=True)
    assert _found(view(host=[LINUX], processes=[plain], sockets=[_out(plain)], media=[grant])) == [("sync-host", 3)]


def test_hit_a_file_that_a_remote_tools_maker_signed_under_a_foreign_name_counts_more() -> None:
    # AnyDesk's signer; a version resource without an original name, as its portable builds have.
    signed = msgspec.structs.replace(SYNC, signer="AnyDesk Software GmbH")
    took = MediaUse(what="screen", app="SyncHost.exe", path=SYNC.path)
    assert _found(view(host=[WINDOWS], processes=[signed], sockets=[_out(SYNC)], media=[took])) == [("SyncHost.exe", 2)]


def test_hit_a_virtual_display_on_real_hardware_adds_to_it() -> None:
    adapter = DisplayAdapter(name="Virtual Display Driver", hardware_id="root/mttvdd", virtual=True)
    device = view(host=[WINDOWS], processes=[SYNC], sockets=[_out(SYNC)], displays=[adapter])
    assert _found(device) == [("SyncHost.exe", 2)]
    guest = [HostFacts(os="Windows 11 Pro", hypervisor="vmware")]
    assert _found(view(host=guest, processes=[SYNC], sockets=[_out(SYNC)], displays=[adapter])) == [("SyncHost.exe", 1)]


def test_hit_a_harmless_name_alone_clears_nobody() -> None:
    named = msgspec.structs.replace(LINUX_SYNC, name="keyd", path="~/.cache/keyd", user_writable=True)
    grant = Grant(what="screen", app="keyd", allowed=True)
    sockets = [_out(named), _heard(named)]
    assert _found(view(host=[LINUX], processes=[named], sockets=sockets, media=[grant])) == [("keyd", 2)]


# Misses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "process", "media"),
    [
        (WINDOWS, msgspec.structs.replace(SYNC, session_helper=False), []),
        (MAC, MAC_SYNC, _grants(MAC_SYNC, "screen")),
        (MAC, MAC_SYNC, _grants(MAC_SYNC, "accessibility")),
        (LINUX, LINUX_SYNC, []),
    ],
    ids=["no session", "screen", "accessibility", "uinput"],
)
def test_miss_one_ability_without_a_way_in_from_outside_is_nothing(
    host: HostFacts, process: Process, media: list[Grant]
) -> None:
    inner = Listener(protocol="tcp", port=9000, scope="loopback", owner=process.name, path=process.path)
    assert _found(view(host=[host], processes=[process], media=media, sockets=[inner])) == []


def test_miss_a_grant_that_was_refused_or_is_not_known_is_none() -> None:
    refused = [Grant(what=each, app="SyncHost", path=MAC_SYNC.path, allowed=False) for each in ("screen", "post_event")]
    unknown = [msgspec.structs.replace(each, allowed=None) for each in refused]
    for media in (refused, unknown):
        assert _found(view(host=[MAC], processes=[MAC_SYNC], sockets=[_out(MAC_SYNC)], media=media)) == []


def test_miss_a_known_tool_is_told_once_by_its_name() -> None:
    renamed = msgspec.structs.replace(SYNC, original_name="rustdesk.exe")
    device = view(host=[WINDOWS], processes=[renamed], sockets=[_out(SYNC), _heard(SYNC)])
    assert [finding.level for finding in remote_access_tool.DETECTOR.detect(device)] == [5]
    assert _found(device) == []


# Honest twins --------------------------------------------------------------------------------------


def _mac_app(name: str, team: str, *, writable: bool = True) -> Process:
    """An application as people drag it into the folder: it belongs to them, and they could replace it."""
    path = f"/Applications/{name}.app/Contents/MacOS/{name}"
    return Process(name=name, path=path, signer=team, package=f"com.example.{name}", user_writable=writable)


@pytest.mark.parametrize(
    ("name", "team"),
    [
        ("Claude", "Q6L2SF6YDW"),  # a desktop agent; Installomator claudedesktop
        ("ChatGPT", "2DC432GLL2"),
        ("zoom.us", "BJ4HAAB9B3"),
        ("Slack", "BQR82RBBHL"),
        ("1Password", "2BUA8C4S2C"),
        ("BetterTouchTool", "DAFVSXZ82P"),
        ("DisplayLink Manager", "73YQY62QM3"),
        ("Unheard Of", "ZZZZZ99999"),
    ],
)
def test_honest_twin_a_signed_application_may_see_give_input_and_be_connected(name: str, team: str) -> None:
    app = _mac_app(name, team)
    media = _grants(app, "screen", "accessibility", "post_event")
    assert _found(view(host=[MAC], processes=[app], sockets=[_out(app), _heard(app)], media=media)) == []


def test_honest_twin_an_unsigned_window_manager_that_nobody_can_reach_is_nothing() -> None:
    yabai = Process(name="yabai", path="/opt/homebrew/bin/yabai", signer="", package="", user_writable=True)
    media = _grants(yabai, "screen", "accessibility")
    assert _found(view(host=[MAC], processes=[yabai], media=media, sockets=[])) == []


@pytest.mark.parametrize(
    "process",
    [
        Process(name="keyd", path="/usr/bin/keyd", package="keyd", holds=("uinput",)),
        Process(name="kanata", path="~/.cargo/bin/kanata", package="", holds=("uinput",), user_writable=True),
        Process(name="input-remapper-service", path="/usr/bin/input-remapper-service", package="input-remapper-daemon",
                holds=("uinput",)),
        Process(name="python3.11", path="/usr/bin/python3.11", package="python3.11-minimal", holds=("uinput",)),
        Process(name="talon", path="~/talon/talon", package="", holds=("uinput",), user_writable=True),
    ],
    ids=lambda process: process.name,
)  # fmt: skip
def test_honest_twin_a_key_remapper_or_voice_control_on_linux_is_nothing(process: Process) -> None:
    assert _found(view(host=[LINUX], processes=[process], sockets=[])) == []


def test_honest_twin_steam_in_a_home_holds_input_listens_and_stays_below_level_two() -> None:
    # Steam's client makes controllers through uinput and listens on 27036 for Remote Play, from the home folder.
    steam = Process(name="steam", path="~/.local/share/Steam/ubuntu12_32/steam", package="", holds=("uinput",),
                    user_writable=True)  # fmt: skip
    assert _found(view(host=[LINUX], processes=[steam], sockets=[_out(steam), _heard(steam, 27036)])) == []


@pytest.mark.parametrize(
    "process",
    [
        Process(name="nvcontainer.exe", path=r"C:\Program Files\NVIDIA Corporation\NvContainer\nvcontainer.exe",
                signer="NVIDIA Corporation", session_helper=True),
        Process(name="DisplayLinkUserAgent.exe",
                path=r"C:\Program Files\DisplayLink Core Software\DisplayLinkUserAgent.exe",
                signer="DisplayLink (UK) Limited", session_helper=True),
        Process(name="nvda.exe", path=r"C:\Program Files (x86)\NVDA\nvda.exe", signer="", session_helper=True),
        Process(name="ZSATray.exe", path=r"C:\Program Files\Zscaler\ZSATray\ZSATray.exe", signer="Zscaler, Inc.",
                session_helper=True),
        Process(name="Code.exe", path=r"~\AppData\Local\Programs\Microsoft VS Code\Code.exe",
                signer="Microsoft Corporation", original_name="electron.exe", session_helper=None),
    ],
    ids=lambda process: process.name,
)  # fmt: skip
def test_honest_twin_what_services_of_windows_laptops_start_for_people_is_nothing(process: Process) -> None:
    assert _found(view(host=[WINDOWS], processes=[process], sockets=[_out(process), _heard(process)])) == []


def test_honest_twin_what_the_company_s_own_management_granted_is_no_ability() -> None:
    media = _grants(MAC_SYNC, "screen", "accessibility", given_by="policy")
    assert _found(view(host=[MAC], processes=[MAC_SYNC], sockets=[_out(MAC_SYNC)], media=media)) == []


def test_honest_twin_level_one_alone_weighs_little() -> None:
    row = level_table(DETECTOR.id)[1]
    assert row.m / row.u < 4


def test_every_helper_says_from_where_it_is_known() -> None:
    assert len(helpers()) > 20
    for entry in helpers():
        known = entry.names.windows or entry.names.macos or entry.names.linux
        assert known, entry.id
        assert entry.confidence != "unverified" or entry.source == ("K",), entry.id
    assert {entry.id for entry in helpers("dock")} == {"displaylink"}


def test_could_not_look_gives_no_finding() -> None:
    assert _found(view()) == []
    media = _grants(MAC_SYNC, "screen", "accessibility")
    blind = view(host=[MAC], processes=[MAC_SYNC], sockets=[_out(MAC_SYNC)], media=media, outcome="not_permitted")
    assert _found(blind) == []
    unknown = msgspec.structs.replace(SYNC, session_helper=None, signer=None)
    assert _found(view(host=[WINDOWS], processes=[unknown], sockets=[_out(SYNC), _heard(SYNC)])) == []


_TEXT = st.text(max_size=12) | st.sampled_from(["keyd", "SyncHost", "/", "\\", "C:\\", "~", ".app/", "/x.app/y"])
_PROCESS = st.builds(
    Process, name=_TEXT, path=st.none() | _TEXT, package=st.none() | _TEXT, signer=st.none() | _TEXT,
    original_name=st.none() | _TEXT, session_helper=st.none() | st.booleans(), user_writable=st.none() | st.booleans(),
    holds=st.none() | st.just(("uinput",)), flags=st.just(("serves_screen",)) | st.just(()), deleted=st.booleans(),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    processes=st.lists(_PROCESS, max_size=4),
    services=st.lists(st.builds(Service, name=_TEXT, kind=st.just("launchd"), path=_TEXT, login_window=st.booleans())),
    media=st.lists(st.builds(Grant, what=st.sampled_from(["screen", "post_event"]), app=_TEXT, allowed=st.booleans())),
    sockets=st.lists(st.builds(OutboundCount, owner=_TEXT, path=st.none() | _TEXT), max_size=3),
    host=st.sampled_from([WINDOWS, MAC, LINUX, HostFacts()]),
)
def test_whatever_a_report_holds_each_program_is_told_once(
    processes: list[Process], services: list[Service], media: list[Grant], sockets: list[OutboundCount], host: HostFacts
) -> None:
    device = view(host=[host], processes=processes, services=services, media=media, sockets=sockets)
    found = list(DETECTOR.detect(device))
    assert all(finding.level in level_table(DETECTOR.id) and finding.evidence for finding in found)
    assert all(finding.sentence.isprintable() for finding in found)
    assert found == list(DETECTOR.detect(device))
    assert len({finding.subject for finding in found}) == len(found)
