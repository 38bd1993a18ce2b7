"""Browsers on macOS: folders of Chromium's family and Firefox, native-messaging hosts, Safari's extensions."""

import json
import plistlib
from typing import Any, cast

import pytest

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.probes.browsers import macos
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.browsers import BrowserExtension, NativeHost

from ..mac_host import ReplayedMac

CRD = "inomeogfingihgjfjlpeplalcfajhgai"
SUPPORT = "/Users/jdoe/Library/Application Support"
HOSTS = "/Library/Google/Chrome/NativeMessagingHosts"


def looked(folders: dict[str, Any] | None = None, files: dict[str, Any] | None = None) -> list[Any]:
    given = {"/Users": ["Shared", ".localized", "jdoe"], "/Applications": []} | (folders or {})
    return list(macos.collect(cast("Host", ReplayedMac(folders=given, files=files))))


def plugin(point: str, identity: Any = "com.example.blocker.safari") -> bytes:
    return plistlib.dumps({"CFBundleIdentifier": identity, "NSExtension": {"NSExtensionPointIdentifier": point}})


def test_extensions_of_all_profiles_count_together_and_nobody_is_named() -> None:
    profile = f"{SUPPORT}/Google/Chrome"
    told = looked({
        profile: ["Default", "Profile 1", "Crashpad"],
        f"{profile}/Default/Extensions": [CRD, "Temp"], f"{profile}/Profile 1/Extensions": [CRD],
    })  # fmt: skip
    assert told == [BrowserExtension(browser="chrome", id=CRD, profiles="2-4")]
    assert "jdoe" not in repr(told)


def test_firefox_tells_who_installed_what() -> None:
    folder = f"{SUPPORT}/Firefox/Profiles"
    addons = {"addons": [{"type": "extension", "id": "uBlock0@raymondhill.net", "location": "app-profile"}]}
    told = looked(
        {folder: ["abcd1234.default-release"]},
        {f"{folder}/abcd1234.default-release/extensions.json": json.dumps(addons).encode()},
    )
    assert told == [BrowserExtension(browser="firefox", id="uBlock0@raymondhill.net", by_policy=False)]


def test_native_messaging_hosts_of_the_system_and_of_a_person() -> None:
    manifest = json.dumps(
        {"name": "com.google.chrome.remote_desktop", "path": "/Library/x/native_messaging_host"}
    ).encode()
    own = f"{SUPPORT}/Google/Chrome/NativeMessagingHosts"
    told = looked(
        {HOSTS: ["com.google.chrome.remote_desktop.json"], own: ["a.json", "notes.txt"]},
        {
            f"{HOSTS}/com.google.chrome.remote_desktop.json": manifest,
            f"{own}/a.json": json.dumps({"name": "a", "path": "/Users/jdoe/bin/a"}).encode(),
        },
    )
    assert told == [
        NativeHost(browser="chrome", name="a", path="~/bin/a", run_by="user"),
        NativeHost(browser="chrome", name="com.google.chrome.remote_desktop", path="/Library/x/native_messaging_host"),
    ]


@pytest.mark.parametrize("point", ["com.apple.Safari.web-extension", "com.apple.Safari.extension"])
def test_safaris_extensions_come_with_applications(point: str) -> None:
    folder = "/Applications/Blocker.app/Contents/PlugIns"
    told = looked(
        {"/Applications": ["Blocker.app", "notes.txt"], folder: ["Ext.appex", "Other.appex", "x.bundle"]},
        {
            f"{folder}/Ext.appex/Contents/Info.plist": plugin(point),
            f"{folder}/Other.appex/Contents/Info.plist": plugin("com.apple.widgetkit-extension"),
        },
    )
    assert told == [BrowserExtension(browser="safari", id="com.example.blocker.safari")]


def test_what_may_not_or_cannot_be_read_is_a_gap() -> None:
    folder = "/Applications/Blocker.app/Contents/PlugIns"
    told = looked(
        {f"{SUPPORT}/Google/Chrome": NotPermitted("c"), "/Applications": ["Blocker.app"], folder: ["Ext.appex"]},
        {f"{folder}/Ext.appex/Contents/Info.plist": b"no list"},
    )
    assert Gap(what="browsers of other users", outcome="not_permitted", count="1") in told
    assert Gap(what="plug-ins of applications", outcome="broken", count="1") in told
    assert Gap(what="extensions of Safari", outcome="broken") in looked({"/Applications": SourceBroken("a")})
    assert Gap(what="home folders", outcome="not_permitted") in looked({"/Users": NotPermitted("u")})


@pytest.mark.parametrize("data", [b"", b"bplist00", plistlib.dumps([1]), plugin("com.apple.Safari.extension", 7)])
def test_hostile_plug_ins_make_no_error(data: bytes) -> None:
    folder = "/Applications/A.app/Contents/PlugIns"
    told = looked(
        {"/Applications": ["A.app"], folder: ["Ext.appex"]}, {f"{folder}/Ext.appex/Contents/Info.plist": data}
    )
    assert all(isinstance(item, Gap) for item in told)
