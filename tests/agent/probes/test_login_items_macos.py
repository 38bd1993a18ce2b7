"""Login items that applications registered with macOS itself.

The form is that of dumps quoted from real Macs: objective-see/DumpBTM issue 1 (the command answers root although the
file is closed), and the tests of tools that read them, of macOS 13 to 27; names and identifiers are invented.
"""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.host.macos.told import without_names
from farmwatch_agent.probes.services import login_items, macos
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.services import Service

from ..mac_host import ReplayedMac

RULE = "========================"
DUMP = f"""{RULE}
 Records for UID -2 : FFFFEEEE-DDDD-CCCC-BBBB-AAAAFFFFFFFE
{RULE}

 ServiceManagement migrated: true
 LaunchServices registered: false

 Items:

 #1:
                 UUID: 00000000-0000-4000-8000-000000000001
                 Name: Docker
       Developer Name: Docker
                 Type: developer (0x20)
                Flags: [ curated ] (0x4)
          Disposition: [disabled, allowed, not notified] (0x2)
           Identifier: Docker
                  URL: (null)
           Generation: 0
  Embedded Item Identifiers:
    #1: 16.com.docker.vmnetd

 #2:
                 UUID: 00000000-0000-4000-8000-000000000002
                 Name: com.docker.vmnetd
                 Type: legacy daemon (0x10010)
          Disposition: [enabled, allowed, notified] (0xb)
           Identifier: 16.com.docker.vmnetd
                  URL: /Library/LaunchDaemons/com.docker.vmnetd.plist
      Executable Path: /Library/PrivilegedHelperTools/com.docker.vmnetd
    Parent Identifier: Docker

 #3:
                 Name: screend
       Developer Name: Anna Muster
      Team Identifier: AAAAAAAAAA
                 Type: daemon (0x10)
                Flags: [  ] (0)
          Disposition: [enabled, allowed, notified] (0xb)
           Identifier: 16.com.example.screend
                  URL: Contents/Library/LaunchDaemons/com.example.screend.plist
      Executable Path: Contents/MacOS/screend
           Generation: 1
    Parent Identifier: 2.com.example.screen

 #4:
                 Type: app (0x2)
          Disposition: [disabled, allowed, not notified] (0x2)
           Identifier: 2.com.example.screen
                  URL: file:///Applications/Example%20Screen.app/
    Bundle Identifier: com.example.screen

{RULE}
 Records for UID 501 : 00000000-0000-4000-8000-000000000501
{RULE}

 Items:

 #1:
                 Name: Helper: of Anna's
                 Type: login item (0x4)
          Disposition: [enabled, allowed, notified] (0xb)
           Identifier: 4.com.example.helper
                  URL: Contents/Library/LoginItems/Helper.app
    Bundle Identifier: com.example.helper
    Parent Identifier: 2.com.example.menu

 #2:
                 Type: app (0x2)
          Disposition: [enabled, disallowed, notified] (0x9)
           Identifier: 2.com.example.menu
                  URL: /Users/501/Applications/Menu.app
    Bundle Identifier: com.example.menu

 #3:
                 Type: app (0x10002)
          Disposition: [enabled, allowed, visible, notified] (0xb)
           Identifier: com.example.old
                  URL: /Applications/Old.app

 #4:
                 Type: legacy agent (0x10008)
          Disposition: [enabled, allowed, notified] (0xb)
           Identifier: 8.homebrew.mxcl.thing
                  URL: /Users/501/Library/LaunchAgents/homebrew.mxcl.thing.plist
      Executable Path: /opt/homebrew/opt/thing/bin/thing

 #5:
                 Type: background tasks (0x2000)
          Disposition: [enabled, allowed, notified] (0xb)
           Identifier: 8192.com.example.menu
                  URL: (null)
    Parent Identifier: 2.com.example.menu
"""


def told(dump: str) -> dict[str, Service]:
    return {service.name: service for service in login_items.services(login_items.parse_dump(dump))}


def collected(answer: Any, uid: int = 0) -> list[Any]:
    commands = {"login_items": answer} if answer is not None else {}
    return list(macos.collect(cast("Host", ReplayedMac(commands=commands, uid=uid))))


def test_what_an_application_brings_is_told_with_its_path_below_the_application() -> None:
    found = told(DUMP)
    assert found["com.example.screend"] == Service(
        name="com.example.screend", kind="launchd", enabled=True,
        path="/Applications/Example Screen.app/Contents/MacOS/screend",
    )  # fmt: skip
    assert found["com.example.helper"] == Service(
        name="com.example.helper", kind="login_item", enabled=True, run_by="user",
        path="~/Applications/Menu.app/Contents/Library/LoginItems/Helper.app",
    )  # fmt: skip
    assert found["com.example.old"].path == "/Applications/Old.app"


def test_what_the_person_refused_in_the_settings_does_not_start() -> None:
    assert told(DUMP)["com.example.menu"].enabled is False
    assert told(DUMP)["com.example.screen"].enabled is False, "disabled holds the word enabled in nothing but its end"


def test_developers_plug_ins_and_jobs_that_have_a_property_list_are_not_told_here() -> None:
    assert set(told(DUMP)) == {
        "com.example.screend", "com.example.screen", "com.example.helper", "com.example.menu", "com.example.old",
    }  # fmt: skip


def test_no_name_of_an_application_or_a_developer_is_read() -> None:
    assert "Muster" not in repr(told(DUMP))
    assert "Anna" not in repr(told(DUMP))


def test_a_name_with_lines_in_it_hides_nothing() -> None:
    hostile = DUMP.replace("Name: screend", "Name: screend\n                 Type: developer (0x20)")
    assert "com.example.screend" in told(hostile)


def test_as_root_they_are_told_and_leave_no_gap() -> None:
    found = collected(DUMP.encode())
    assert {it.name for it in found if isinstance(it, Service) and it.kind == "login_item"} == {
        "com.example.screen", "com.example.helper", "com.example.menu", "com.example.old",
    }  # fmt: skip
    assert not [it for it in found if isinstance(it, Gap) and it.what == macos.LOGIN_ITEMS]


def test_an_ordinary_user_is_never_asked_for_a_password() -> None:
    host = ReplayedMac(commands={"login_items": DUMP.encode()}, uid=501)
    found = list(macos.collect(cast("Host", host)))
    assert "login_items" not in host.asked
    assert Gap(what=macos.LOGIN_ITEMS, outcome="not_permitted") in found


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (NotPermitted("authorization failed"), "not_permitted"),
        (SourceBroken("login_items: did not answer within 4 s and was stopped"), "broken"),
        (b"", "broken"),
        (b"Usage: sfltool resetlist|dumpbtm\n", "broken"),
        (f"{RULE}\n Records for UID 501 : X\n{RULE}\n #1:\n   Kind: 4\n".encode(), "broken"),
        (b"\xff\xfe\x00", "broken"),
    ],
)
def test_what_cannot_be_read_is_a_gap_and_the_others_go_out(answer: Any, outcome: str) -> None:
    found = collected(answer)
    assert Gap(what=macos.LOGIN_ITEMS, outcome=outcome) in found  # type: ignore[arg-type]
    assert [it for it in found if isinstance(it, Service)]


def test_a_mac_on_which_nothing_registered_has_a_part_for_the_system_and_no_gap() -> None:
    empty = f"{RULE}\n Records for UID -2 : X\n{RULE}\n\n ServiceManagement migrated: true\n\n Items:\n\n"
    assert macos.LOGIN_ITEMS not in {it.what for it in collected(empty.encode()) if isinstance(it, Gap)}


def test_a_capture_holds_no_name_and_the_same_facts() -> None:
    kept = without_names(
        "login_items", DUMP.replace("/Applications/Old.app", "/Users/anna/Old.app"), str.upper, lambda text: text
    )
    assert "Muster" not in kept
    assert "of Anna" not in kept
    assert "/Users/anna/" not in kept
    assert {**told(kept), "com.example.old": None} == {**told(DUMP), "com.example.old": None}


@given(st.lists(st.sampled_from([*DUMP.split("\n"), " #9:", "Type: (0x", "\0", "Type: x (0x4)", "Identifier: 4."])))
def test_lines_in_any_order_never_raise(lines: list[str]) -> None:
    for service in login_items.services(login_items.parse_dump("\n".join(lines))):
        assert service.name
