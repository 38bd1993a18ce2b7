"""Software on macOS."""

import plistlib
from datetime import datetime
from typing import Any, cast

from farmwatch_agent.host import Host, NotPermitted, SourceBroken
from farmwatch_agent.probes.software import macos
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.software import Package

from ..mac_host import MacFake

INFO = {"CFBundleName": "AnyDesk", "CFBundleShortVersionString": "9.1.1", "CFBundleIdentifier": "com.philandro.anydesk"}


def seen(folders: Any, files: Any = None) -> list[Any]:
    return list(macos.collect(cast("Host", MacFake(files=files, folders=folders))))


def test_applications_are_found_in_each_folder_for_them() -> None:
    folders = {
        "/Applications": ["AnyDesk.app", "Utilities", ".DS_Store"], "/Applications/Utilities": ["Terminal.app", "x"],
        "/Users": ["anna", "Shared"], "/Users/anna/Applications": ["Game.app"],
    }  # fmt: skip
    files = {"/Applications/AnyDesk.app/Contents/Info.plist": plistlib.dumps(INFO)}
    assert seen(folders, files) == [
        Package(name="AnyDesk", version="9.1.1", source="application", bundle="com.philandro.anydesk"),
        Package(name="Terminal", source="application"),
        Package(name="Game", source="application"),
    ]


def test_a_bundle_that_cannot_be_read_still_has_its_name() -> None:
    files = {"/Applications/X.app/Contents/Info.plist": SourceBroken("no")}
    assert seen({"/Applications": ["X.app"]}, files) == [Package(name="X", source="application")]
    files = {"/Applications/X.app/Contents/Info.plist": b"\0nonsense"}  # type: ignore[dict-item]
    assert seen({"/Applications": ["X.app"]}, files) == [Package(name="X", source="application")]


def test_receipts_are_told_without_the_systems_own_and_broken_ones_are_a_gap() -> None:
    receipt = {"PackageIdentifier": "com.example.vpn", "PackageVersion": "3.2", "InstallDate": datetime(2026, 3, 2, 9)}
    folders = {
        macos.RECEIPTS: ["com.apple.pkg.Core.plist", "com.example.vpn.plist", "com.example.vpn.bom", "bad.plist"]
    }
    files = {f"{macos.RECEIPTS}/com.example.vpn.plist": plistlib.dumps(receipt), f"{macos.RECEIPTS}/bad.plist": b"x"}
    assert seen(folders, files) == [
        Package(name="com.example.vpn", version="3.2", installed_on="2026-03-02", source="receipt"),
        Gap(what="receipts of installed packages", outcome="broken", count="1"),
    ]


def test_homebrew_is_told_by_folder_with_its_last_version() -> None:
    folders = {
        "/opt/homebrew/Caskroom": ["anydesk", ".metadata"], "/opt/homebrew/Caskroom/anydesk": [".metadata", "9.1.1"],
        "/usr/local/Cellar": ["tailscale"],
    }  # fmt: skip
    assert seen(folders) == [
        Package(name="anydesk", version="9.1.1", source="homebrew_cask"), Package(name="tailscale", source="homebrew"),
    ]  # fmt: skip


def test_what_may_not_be_listed_is_a_gap() -> None:
    no = NotPermitted("no")
    folders = {"/Applications": no, "/Users": ["anna"], "/Users/anna/Applications": no, macos.RECEIPTS: no}
    assert [(gap.what, gap.outcome) for gap in seen(folders)] == [
        ("applications", "not_permitted"), ("applications in home folders", "not_permitted"),
        ("receipts of installed packages", "not_permitted"),
    ]  # fmt: skip


def test_a_mac_without_any_has_none() -> None:
    assert seen({}) == []


def test_values_of_the_wrong_type_are_left_out() -> None:
    assert macos.of_bundle("X.app", {"CFBundleName": 3, "CFBundleVersion": ["1"]}, "") == Package(
        name="X", source="application"
    )
    assert macos.of_receipt({"PackageIdentifier": 3}) is None
