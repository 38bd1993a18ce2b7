"""Browsers on macOS.

Sources: chromium docs/user_data_dir.md and docs of Edge, Brave, Opera and Vivaldi for the folders below
~/Library/Application Support; developer.chrome.com "Native messaging" and developer.mozilla.org "Native manifests" for
the folders of manifests; Apple's "Safari app extensions": they live in an application's Contents/PlugIns as .appex
bundles, whose NSExtensionPointIdentifier tells what they extend.
"""

from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable

from ...host import Host, HostError, Missing
from ..asking import names_in, outcome_of
from ..macos_homes import homes, parse_dictionary
from .profiles import Browser, Found, look_at_manifests, look_in_home

_SUPPORT = "Library/Application Support"


def _chromium(name: str, *folders: str) -> Browser:
    return Browser(
        name=name,
        data=tuple(f"{_SUPPORT}/{folder}" for folder in folders),
        hosts=tuple(f"{_SUPPORT}/{folder}/NativeMessagingHosts" for folder in folders),
    )


BROWSERS = (
    _chromium("chrome", "Google/Chrome", "Google/Chrome Beta", "Google/Chrome Dev", "Google/Chrome Canary"),
    _chromium("chromium", "Chromium"),
    _chromium("edge", "Microsoft Edge", "Microsoft Edge Beta", "Microsoft Edge Dev", "Microsoft Edge Canary"),
    _chromium("brave", "BraveSoftware/Brave-Browser", "BraveSoftware/Brave-Browser-Beta"),
    _chromium("opera", "com.operasoftware.Opera", "com.operasoftware.OperaGX"),
    _chromium("vivaldi", "Vivaldi"),
    Browser(
        name="firefox",
        family="firefox",
        data=(f"{_SUPPORT}/Firefox/Profiles",),
        hosts=(f"{_SUPPORT}/Mozilla/NativeMessagingHosts",),
    ),
)
#: Folders of manifests for everybody.
SYSTEM_HOSTS = (
    ("chrome", "/Library/Google/Chrome/NativeMessagingHosts"),
    ("chromium", "/Library/Application Support/Chromium/NativeMessagingHosts"),
    ("edge", "/Library/Microsoft/Edge/NativeMessagingHosts"),
    ("vivaldi", "/Library/Application Support/Vivaldi/NativeMessagingHosts"),
    ("firefox", "/Library/Application Support/Mozilla/NativeMessagingHosts"),
)
APPLICATIONS = "/Applications"
_SAFARI = frozenset({"com.apple.Safari.web-extension", "com.apple.Safari.extension"})
MAX_APPLICATIONS = 500
MAX_PLUGINS = 20


def collect(host: Host) -> Iterator[Observable]:
    """Yields extensions and native-messaging hosts of every browser of every user, and what could not be seen."""
    found = Found()
    people, gaps = homes(host)
    for browser, folder in SYSTEM_HOSTS:
        look_at_manifests(host, folder, browser, "system", found)
    for home in people:
        look_in_home(host, home, BROWSERS, found)
    gaps += _safari(host, found)
    yield from found.observables()
    yield from gaps


def parse_plugin(data: bytes) -> str:
    """Returns the bundle id of a Safari extension's Info.plist; "" for another kind of plug-in; raises ValueError."""
    content = parse_dictionary(data)
    extension, identity = content.get("NSExtension"), content.get("CFBundleIdentifier")
    point = extension.get("NSExtensionPointIdentifier") if isinstance(extension, dict) else None
    return identity[:200] if point in _SAFARI and isinstance(identity, str) else ""


def _safari(host: Host, found: Found) -> list[Gap]:
    """Adds the Safari extensions in installed applications; which of them are on stands among Safari's settings."""
    try:
        applications = [name for name in host.names(APPLICATIONS) if name.endswith(".app")]
    except Missing:
        return []
    except HostError as error:
        return [Gap(what="extensions of Safari", outcome=outcome_of(error))]
    for application in applications[:MAX_APPLICATIONS]:
        folder = f"{APPLICATIONS}/{application}/Contents/PlugIns"
        for plugin in [name for name in names_in(host, folder) if name.endswith(".appex")][:MAX_PLUGINS]:
            try:
                identity = parse_plugin(host.read(f"{folder}/{plugin}/Contents/Info.plist"))
            except Missing:
                continue
            except (HostError, ValueError):
                found.fail("plug-ins of applications")
                continue
            if identity:
                key = ("safari", identity)
                found.extensions[key] = found.extensions.get(key, 0) + 1
    return []
