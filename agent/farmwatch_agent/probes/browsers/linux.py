"""Browsers on Linux, as packages of the distribution, snaps and flatpaks.

Sources: chromium docs/user_data_dir.md (Linux); developer.chrome.com "Native messaging" and developer.mozilla.org
"Native manifests" for the folders of manifests; support.google.com/chrome/a/answer/9027408 for policy files, and the
makers' documentation of the same for Edge and Brave; snap's and flatpak's data folders as their packages set them.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from farmwatch_schema.observables import Gap, Observable

from ...host import Host, HostError, Missing, NotPermitted
from ..asking import outcome_of
from ..linux_homes import homes
from .profiles import Browser, Found, look_at_manifests, look_in_home


def _chromium(name: str, own: str, *others: str) -> Browser:
    """Returns a browser of Chromium's family: below .config, and where snap or flatpak keep the same."""
    data = (f".config/{own}", *others)
    return Browser(name=name, data=data, hosts=tuple(f"{folder}/NativeMessagingHosts" for folder in data))


BROWSERS = (
    _chromium("chrome", "google-chrome", ".var/app/com.google.Chrome/config/google-chrome"),
    _chromium("chrome", "google-chrome-beta"),
    _chromium("chrome", "google-chrome-unstable"),
    _chromium(
        *("chromium", "chromium", "snap/chromium/common/chromium"), ".var/app/org.chromium.Chromium/config/chromium"
    ),
    _chromium("edge", "microsoft-edge", ".var/app/com.microsoft.Edge/config/microsoft-edge"),
    _chromium(
        *("brave", "BraveSoftware/Brave-Browser", "snap/brave/current/.config/BraveSoftware/Brave-Browser"),
        ".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser",
    ),
    _chromium("opera", "opera", "snap/opera/current/.config/opera", ".var/app/com.opera.Opera/config/opera"),
    _chromium("vivaldi", "vivaldi", "snap/vivaldi/current/.config/vivaldi"),
    Browser(
        name="firefox",
        family="firefox",
        data=(
            # The second since Firefox 147 (XDG base directories).
            *(".mozilla/firefox", ".config/mozilla/firefox", "snap/firefox/common/.mozilla/firefox"),
            ".var/app/org.mozilla.firefox/.mozilla/firefox",
        ),
        hosts=(".mozilla/native-messaging-hosts",),
    ),
)
HOSTS = (
    ("chrome", "/etc/opt/chrome/native-messaging-hosts"),
    ("chromium", "/etc/chromium/native-messaging-hosts"),
    ("edge", "/etc/opt/edge/native-messaging-hosts"),
    *(("firefox", f"/usr/{folder}/mozilla/native-messaging-hosts") for folder in ("lib", "lib64", "share")),
)
POLICIES = (
    ("chrome", "/etc/opt/chrome/policies/managed"),
    ("chromium", "/etc/chromium/policies/managed"),
    ("edge", "/etc/opt/edge/policies/managed"),
    ("brave", "/etc/brave/policies/managed"),
)
FORCED = "extensions that policies install"
_POLICY_LIMIT = 1 << 20
#: Where all of a browser's folders lie: one look at each spares a look at the folders of browsers that are not there.
_ABOVE = (".config", ".mozilla", "snap", ".var/app")
_MODES = frozenset({"force_installed", "normal_installed"})


def collect(host: Host) -> Iterator[Observable]:
    """Yields extensions and native-messaging hosts of every browser of every user, and what could not be seen."""
    found = Found()
    refused: HostError | None = None
    for browser, folder in POLICIES:
        try:
            found.by_policy.update((browser, identity) for identity in _forced(host, folder, found))
            found.policies_known.add(browser)
        except HostError as error:
            refused = error
    for browser, folder in HOSTS:
        look_at_manifests(host, folder, browser, "system", found)
    people, gaps = homes(host)
    for home in people:
        look_in_home(host, home, _possible(host, home, found), found)
    yield from found.observables()
    yield from gaps
    if refused is not None:
        yield Gap(what=FORCED, outcome=outcome_of(refused))


def parse_policy(data: bytes) -> set[str]:
    """Returns the ids that a policy file installs; raises ValueError for what is no policy file."""
    try:
        content: Any = msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(content, dict):
        raise ValueError("a policy file is an object")
    listed, settings = content.get("ExtensionInstallForcelist"), content.get("ExtensionSettings")
    found: set[str] = set()
    if isinstance(listed, list):
        found |= {text.partition(";")[0].strip() for text in listed if isinstance(text, str)}
    if isinstance(settings, dict):
        found |= {
            key
            for key, value in settings.items()
            if isinstance(value, dict) and str(value.get("installation_mode")) in _MODES
        }
    return {identity[:200] for identity in found if identity}


def _forced(host: Host, folder: str, found: Found) -> set[str]:
    """Returns what the policy files of one browser install; raises HostError when one cannot be read."""
    try:
        names = host.names(folder)
    except Missing:
        return set()
    identities: set[str] = set()
    for name in names[:100]:
        if not name.endswith(".json"):
            continue
        try:
            identities |= parse_policy(host.read(f"{folder}/{name}", _POLICY_LIMIT))
        except Missing:
            continue
        except ValueError:
            found.fail("policy files of browsers")
    return identities


def _possible(host: Host, home: str, found: Found) -> list[Browser]:
    """Returns the browsers with the folders that one home may hold."""
    there: set[str] = set()
    for folder in _ABOVE:
        try:
            host.status(f"{home}/{folder}")
        except NotPermitted:
            found.closed.add(home)
            return []
        except HostError:
            continue
        there.add(folder)
    starts = tuple(f"{folder}/" for folder in there)
    return [
        msgspec.structs.replace(
            browser,
            data=tuple(path for path in browser.data if path.startswith(starts)),
            hosts=tuple(path for path in browser.hosts if path.startswith(starts)),
        )
        for browser in BROWSERS
        if starts
    ]
