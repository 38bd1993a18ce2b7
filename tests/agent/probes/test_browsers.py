"""Extensions and native-messaging hosts, from folders and keys as the browsers' documentation has them."""

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.probes.browsers import windows
from farmwatch_agent.probes.browsers.profiles import Found, parse_extensions, parse_manifest
from farmwatch_agent.probes.windows_users import PROFILES
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.browsers import BrowserExtension, NativeHost

from ..windows_host import WindowsFake

#: Chrome Remote Desktop's own (catalogue of the project; chrome web store) and Google's documented example.
CRD = "inomeogfingihgjfjlpeplalcfajhgai"
OTHER = "knldjmfmopnpolahpmmgbagdohdnhkik"
SID = "S-1-5-21-1004336348-1177238915-682003330-1001"
CHROME = r"C:\Users\jdoe\AppData\Local\Google\Chrome\User Data"
FIREFOX = r"C:\Users\jdoe\AppData\Roaming\Mozilla\Firefox\Profiles"


def laptop(**changes: Any) -> WindowsFake:
    given: dict[str, Any] = {
        "keys": {"HKU": {"keys": (".DEFAULT", "S-1-5-18", SID, f"{SID}_Classes")}},
        "branches": {
            PROFILES: {SID: {"ProfileImagePath": r"C:\Users\jdoe"}, "S-1-5-18": {"ProfileImagePath": r"%systemroot%"}}
        },
    }
    for name, values in changes.items():
        given[name] = {**given.get(name, {}), **values}
    return WindowsFake(**given)


def seen(host: WindowsFake) -> list[Any]:
    return list(windows.collect(cast("Host", host)))


def test_an_extension_is_told_once_with_how_many_profiles_hold_it() -> None:
    host = laptop(
        names={
            CHROME: ["Default", "Profile 1", "Crashpad", "Local State"],
            rf"{CHROME}\Default\Extensions": [CRD, OTHER, "Temp"],
            rf"{CHROME}\Profile 1\Extensions": [CRD],
        }
    )
    assert seen(host) == [
        BrowserExtension(browser="chrome", id=CRD, profiles="2-4", by_policy=False),
        BrowserExtension(browser="chrome", id=OTHER, profiles="1", by_policy=False),
    ]


def test_what_a_policy_installs_is_told_also_when_no_profile_holds_it_yet() -> None:
    path = r"HKLM\SOFTWARE\Policies\Microsoft\Edge\ExtensionInstallForcelist"
    host = laptop(keys={path: {"1": f"{OTHER};https://clients2.example/crx"}})
    assert seen(host) == [BrowserExtension(browser="edge", id=OTHER, profiles="0", by_policy=True)]


def test_a_native_messaging_host_of_the_system_and_of_a_user_with_a_program_beside_its_manifest() -> None:
    manifest = rb'{"name": "com.google.chrome.remote_desktop", "path": "remoting_native_messaging_host.exe"}'
    folder = r"C:\Program Files (x86)\Google\Chrome Remote Desktop\143.0"
    host = laptop(
        branches={
            r"HKLM\SOFTWARE\WOW6432Node\Google\Chrome\NativeMessagingHosts": {
                "com.google.chrome.remote_desktop": {"": rf"{folder}\manifest.json"}
            },
            rf"HKU\{SID}\SOFTWARE\Mozilla\NativeMessagingHosts": {"example.helper": {"": r"C:\gone.json"}},
        },
        files={rf"{folder}\manifest.json": manifest},
    )
    assert seen(host) == [
        NativeHost(
            browser="chrome",
            name="com.google.chrome.remote_desktop",
            path=rf"{folder}\remoting_native_messaging_host.exe",
            run_by="system",
        ),
        NativeHost(browser="firefox", name="example.helper", path=None, run_by="user"),
    ]


def test_a_laptop_without_browsers_yields_nothing() -> None:
    assert seen(laptop()) == []


def test_profiles_and_hives_of_others_that_may_not_be_read_are_gaps() -> None:
    host = laptop(
        names={CHROME: NotPermitted("no"), FIREFOX: NotPermitted("no")},
        branches={rf"HKU\{SID}\SOFTWARE\Google\Chrome\NativeMessagingHosts": NotPermitted("no")},
    )
    assert seen(host) == [
        Gap(what="browsers of other users", outcome="not_permitted", count="1"),
        Gap(what="registry of other users", outcome="not_permitted", count="1"),
    ]


def test_people_who_are_not_logged_in_leave_a_gap() -> None:
    host = laptop(keys={"HKU": {"keys": (".DEFAULT",)}})
    assert Gap(what="registry of users who are not logged in", outcome="not_supported", count="1") in seen(host)


def test_a_policy_key_that_may_not_be_read_leaves_it_unknown_who_installed_an_extension() -> None:
    path = r"HKLM\SOFTWARE\Policies\Google\Chrome\ExtensionInstallForcelist"
    host = laptop(keys={path: NotPermitted("no")}, names={CHROME: ["Default"], rf"{CHROME}\Default\Extensions": [CRD]})
    assert seen(host) == [
        BrowserExtension(browser="chrome", id=CRD, by_policy=None),
        Gap(what="extensions that policies install", outcome="not_permitted"),
    ]


ADDONS = {
    "schemaVersion": 36,
    "addons": [
        {"id": "uBlock0@raymondhill.net", "type": "extension", "location": "app-profile"},
        {
            "id": "corp@example.com",
            "type": "extension",
            "location": "app-profile",
            "installTelemetryInfo": {"source": "enterprise-policy"},
        },
        {"id": "formautofill@mozilla.org", "type": "extension", "location": "app-builtin"},
        {"id": "default-theme@mozilla.org", "type": "theme", "location": "app-builtin"},
        {"id": 7, "type": "extension"},
        "nonsense",
    ],
}


def test_add_ons_of_firefox_are_told_without_its_own_parts() -> None:
    host = laptop(
        names={FIREFOX: ["abcd1234.default-release"]},
        files={rf"{FIREFOX}\abcd1234.default-release\extensions.json": json.dumps(ADDONS).encode()},
    )
    assert seen(host) == [
        BrowserExtension(browser="firefox", id="corp@example.com", by_policy=True),
        BrowserExtension(browser="firefox", id="uBlock0@raymondhill.net", by_policy=False),
    ]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"addons": 3}', b"\xff\xfe", b"[" * 5000])
def test_a_damaged_list_of_add_ons_is_broken_and_not_empty(data: bytes) -> None:
    host = laptop(names={FIREFOX: ["p"]}, files={rf"{FIREFOX}\p\extensions.json": data})
    assert seen(host) == [Gap(what="extensions.json of a Firefox profile", outcome="broken", count="1")]


def test_a_manifest_that_cannot_be_read_leaves_its_registered_name_and_a_gap() -> None:
    host = laptop(
        branches={r"HKLM\SOFTWARE\Chromium\NativeMessagingHosts": {"x.y": {"": r"C:\m.json"}}},
        files={r"C:\m.json": SourceBroken("no")},
    )
    assert seen(host) == [
        NativeHost(browser="chromium", name="x.y", path=None),
        Gap(what="native-messaging manifests that cannot be read", outcome="broken", count="1"),
    ]


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(
    lambda value: json.dumps({"addons": value, "path": value}).encode()))  # fmt: skip
def test_whatever_a_file_holds_it_is_read_or_refused(data: bytes) -> None:
    for parse in (parse_manifest, parse_extensions):
        try:
            parse(data)
        except ValueError:
            continue


def test_more_than_a_report_can_hold_is_counted() -> None:
    found = Found()
    for number in range(1_005):
        found.extensions["chrome", f"{number:032}"] = 1
    assert list(found.observables())[-1] == Gap(what="further browser extensions", outcome="not_supported", count="5-9")
