"""Browsers on Linux, in the folders that the makers' documentation names."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.host import capture
from farmwatch_agent.host.recording import RecordingHost
from farmwatch_agent.probes.browsers import linux
from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.browsers import BrowserExtension, NativeHost

from ..linux_tree import Tree, look, section

#: Chrome Remote Desktop's extension and host, and uBlock Origin, as their stores publish them.
CRD, UBLOCK = "inomeogfingihgjfjlpeplalcfajhgai", "cjpalhdlnbpafiamejdnhcphjbkeiagm"
HOST = "com.google.chrome.remote_desktop"
MANIFEST = json.dumps(
    {"name": HOST, "path": "/opt/google/chrome-remote-desktop/native-messaging-host", "type": "stdio"}
)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path)
    for home, folders in {
        "anna": (".config/google-chrome/Default", "snap/chromium/common/chromium/Default"),
        "bob": (".config/google-chrome/Profile 1", ".config/BraveSoftware/Brave-Browser/Default"),
    }.items():
        for folder in folders:
            tree.folder(f"/home/{home}/{folder}/Extensions/{UBLOCK}/1.61.2_0")
            tree.folder(f"/home/{home}/{folder}/Extensions/Temp")
    tree.folder(f"/home/anna/.config/google-chrome/Default/Extensions/{CRD}")
    tree.file(f"/etc/opt/chrome/native-messaging-hosts/{HOST}.json", MANIFEST)
    return tree


def test_extensions_of_all_profiles_are_told_once_for_each_browser(tree: Tree) -> None:
    assert [item for item in look(tree.host(), "browsers") if isinstance(item, BrowserExtension)] == [
        BrowserExtension(browser="brave", id=UBLOCK, by_policy=False),
        BrowserExtension(browser="chrome", id=UBLOCK, profiles="2-4", by_policy=False),
        BrowserExtension(browser="chrome", id=CRD, by_policy=False),
        BrowserExtension(browser="chromium", id=UBLOCK, by_policy=False),
    ]


def test_native_messaging_hosts_of_system_and_user_are_told(tree: Tree) -> None:
    tree.file("/home/bob/.mozilla/native-messaging-hosts/example.json",
              json.dumps({"name": "com.example.helper", "path": "/home/bob/bin/helper"}))  # fmt: skip
    assert {item for item in look(tree.host(), "browsers") if isinstance(item, NativeHost)} == {
        NativeHost(browser="chrome", name=HOST, path="/opt/google/chrome-remote-desktop/native-messaging-host"),
        NativeHost(browser="firefox", name="com.example.helper", path="~/bin/helper", run_by="user"),
    }


def test_firefox_tells_its_add_ons_and_nothing_else_of_a_profile_is_kept(tree: Tree) -> None:
    addons = [
        {
            "id": "uBlock0@raymondhill.net",
            "type": "extension",
            "location": "app-profile",
            "sourceURI": "https://a.example",
        },
        {"id": "screenshots@mozilla.org", "type": "extension", "location": "app-builtin"},
    ]
    for folder in (".mozilla/firefox", ".config/mozilla/firefox", "snap/firefox/common/.mozilla/firefox"):
        tree.file(f"/home/anna/{folder}/x1.default-release/extensions.json", json.dumps({"addons": addons}))
    recording = RecordingHost(tree.host())
    found = look(recording, "browsers")
    assert BrowserExtension(browser="firefox", id="uBlock0@raymondhill.net", profiles="2-4", by_policy=False) in found
    written = capture.pack(recording.capture(raw=True))
    assert "a.example" not in str(capture.unpack(written))


def test_a_policy_says_what_it_installs_before_any_profile_has_it(tree: Tree) -> None:
    tree.file("/etc/opt/edge/policies/managed/company.json",
              json.dumps({"ExtensionInstallForcelist": [f"{CRD};https://update.example"],
                          "ExtensionSettings": {"*": {"installation_mode": "blocked"},
                                                UBLOCK: {"installation_mode": "force_installed"}}}))  # fmt: skip
    found = {item for item in look(tree.host(), "browsers") if isinstance(item, BrowserExtension)}
    assert BrowserExtension(browser="edge", id=CRD, profiles="0", by_policy=True) in found
    assert BrowserExtension(browser="edge", id=UBLOCK, profiles="0", by_policy=True) in found
    assert not any(item.id == "*" for item in found)


def test_other_peoples_homes_and_policies_are_gaps_for_an_ordinary_user(tree: Tree) -> None:
    tree.folder("/home/bob/.config/google-chrome", 0o700)
    tree.folder("/etc/opt/chrome/policies/managed", 0o700)
    found = look(tree.host(euid=1000), "browsers")
    assert Gap(what="browsers of other users", outcome="not_permitted", count="1") in found
    assert Gap(what="extensions that policies install", outcome="not_permitted") in found
    assert BrowserExtension(browser="chrome", id=CRD) in found  # whether by policy is not known


def test_a_malformed_policy_is_broken_and_a_laptop_without_browsers_is_none(tree: Tree, tmp_path: Path) -> None:
    tree.file("/etc/opt/chrome/policies/managed/bad.json", "[1, 2")
    assert Gap(what="policy files of browsers", outcome="broken", count="1") in look(tree.host(), "browsers")
    assert section(Tree(tmp_path / "empty").host(), "browsers").outcome == "none"


def test_only_browsers_whose_folder_is_there_are_looked_for(tree: Tree) -> None:
    recording = RecordingHost(tree.host())
    look(recording, "browsers")
    assert not [path for path in recording.capture(raw=True).names if "/home/anna/.mozilla" in path]
    assert "/home/anna" not in recording.capture(raw=True).names  # what else lies in a home is nobody's business


POLICY_KEYS = st.sampled_from(["ExtensionInstallForcelist", "ExtensionSettings", "installation_mode"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(POLICY_KEYS, inner),
    )
)
def test_hostile_policies_are_read_or_refused(content: object) -> None:
    try:
        linux.parse_policy(json.dumps(content).encode())
    except ValueError:
        assert not isinstance(content, dict)
