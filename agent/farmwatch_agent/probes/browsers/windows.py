r"""Browsers on Windows.

Sources: chromium docs/user_data_dir.md, and the makers' documentation of the same folders for Edge, Brave, Opera and
Vivaldi; developer.chrome.com "Native messaging" and learn.microsoft.com "Native messaging" (Edge) for the registry
keys, 32-bit view included; developer.mozilla.org "Native manifests"; chromeenterprise.google, policy
ExtensionInstallForcelist (REG_SZ values named 1, 2, ..., "id;update address").
"""

from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable

from ...host import Host, HostError, Missing
from ...host.windows.registry import RegistryBranch, RegistryKey
from ..asking import outcome_of
from ..windows_users import InHives, users
from .profiles import Browser, Found, look_at_manifest, look_in_home

BROWSERS = (
    Browser(
        name="chrome",
        data=(
            *("AppData/Local/Google/Chrome/User Data", "AppData/Local/Google/Chrome Beta/User Data"),
            *("AppData/Local/Google/Chrome Dev/User Data", "AppData/Local/Google/Chrome SxS/User Data"),
        ),
    ),
    Browser(name="chromium", data=("AppData/Local/Chromium/User Data",)),
    Browser(name="edge", data=("AppData/Local/Microsoft/Edge/User Data",)),
    Browser(name="brave", data=("AppData/Local/BraveSoftware/Brave-Browser/User Data",)),
    Browser(
        name="opera",
        data=("AppData/Roaming/Opera Software/Opera Stable", "AppData/Roaming/Opera Software/Opera GX Stable"),
    ),
    Browser(name="vivaldi", data=("AppData/Local/Vivaldi/User Data",)),
    Browser(name="firefox", family="firefox", data=("AppData/Roaming/Mozilla/Firefox/Profiles",)),
)
#: Keys with a subkey for each host, below SOFTWARE and SOFTWARE\WOW6432Node.
_HOSTS = (
    ("chrome", r"Google\Chrome\NativeMessagingHosts"),
    ("chromium", r"Chromium\NativeMessagingHosts"),
    ("edge", r"Microsoft\Edge\NativeMessagingHosts"),
    ("brave", r"BraveSoftware\Brave-Browser\NativeMessagingHosts"),
    ("firefox", r"Mozilla\NativeMessagingHosts"),
)
_VIEWS = ("SOFTWARE", r"SOFTWARE\WOW6432Node")
_POLICIES = (
    ("chrome", r"SOFTWARE\Policies\Google\Chrome\ExtensionInstallForcelist"),
    ("chromium", r"SOFTWARE\Policies\Chromium\ExtensionInstallForcelist"),
    ("edge", r"SOFTWARE\Policies\Microsoft\Edge\ExtensionInstallForcelist"),
    ("brave", r"SOFTWARE\Policies\BraveSoftware\Brave\ExtensionInstallForcelist"),
)


def collect(host: Host) -> Iterator[Observable]:
    """Yields extensions and native-messaging hosts of every browser of every user, and what could not be seen."""
    found = Found()
    who = users(host)
    hives = InHives(host, who)
    refused: dict[str, Gap] = {}
    for browser, path in _POLICIES:
        known = True
        keys: list[RegistryKey] = []
        try:
            keys += host.rows(RegistryKey, rf"HKLM\{path}")
        except Missing:
            pass
        except HostError as error:
            known = False
            refused["policies"] = Gap(what="extensions that policies install", outcome=outcome_of(error))
        keys += hives.key(path)
        for key in keys:
            found.by_policy.update((browser, identity) for identity in parse_forced(key))
        if known:
            found.policies_known.add(browser)
    for browser, path in _HOSTS:
        for view in _VIEWS:
            try:
                _hosts(host, host.rows(RegistryBranch, rf"HKLM\{view}\{path}"), browser, "system", found)
            except Missing:
                pass
            except HostError as error:
                refused["hosts"] = Gap(what="native-messaging hosts of the system", outcome=outcome_of(error))
            _hosts(host, list(hives.branch(rf"{view}\{path}")), browser, "user", found)
    for home in who.homes:
        look_in_home(host, home, BROWSERS, found, "\\")
    yield from found.observables()
    yield from (*refused.values(), *who.gaps, *hives.gaps())


def parse_forced(key: RegistryKey) -> list[str]:
    """Returns the ids that a policy installs."""
    return [value.partition(";")[0].strip() for value in key.texts.values() if value.partition(";")[0].strip()]


def _hosts(host: Host, keys: list[RegistryBranch], browser: str, run_by: str, found: Found) -> None:
    """Adds what each key's default value, the path of a manifest, leads to."""
    for key in keys:
        if key.problem:
            found.fail("registry keys of native-messaging hosts")
            continue
        path = key.texts.get("", "")
        if path:
            look_at_manifest(host, path, browser, key.name, run_by, found)
        else:
            found.add_host(browser, key.name, None, run_by)
