"""What browsers keep in folders, the same on every platform: profiles, extensions, native-messaging manifests.

A platform's file knows where homes and system folders are; it makes one `Found`, has it filled by `look_in_home` and
`look_at_manifests`, and yields its `observables`. Paths are joined with the host's own separator.

Sources: chromium docs/user_data_dir.md (a folder for each profile in the user data folder; `Extensions` in it holds a
folder for each id); developer.chrome.com "Native messaging" and developer.mozilla.org "Native manifests" for the
manifests; Firefox's toolkit/mozapps/extensions/internal/XPIDatabase.sys.mjs for extensions.json.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.browsers import BrowserExtension, NativeHost

from ...host import Host, HostError, Missing, NotPermitted
from ...paths import tilde
from ..bounds import at_most, short

MAX_PROFILES = 64
MAX_EXTENSIONS = 1_000
MAX_HOSTS = 300
MAX_NAME = 200
#: extensions.json has a few KiB for each add-on; the largest seen in public bug reports are below 2 MB.
DATABASE_LIMIT = 1 << 22
MANIFEST_LIMIT = 1 << 16

#: An extension's id: the SHA-256 of its key in letters a to p (chromium components/crx_file/id_util.cc).
_ID = re.compile(r"[a-p]{32}")
#: Profiles by chromium's chrome/browser/profiles: "Default", then "Profile 1" and on; Opera has no folder between.
_PROFILE = re.compile(r"Default|Profile \d{1,4}|Guest Profile|")
#: Where Firefox's own parts are installed (XPIProvider's location names); they say nothing about this laptop.
_OWN_PARTS = ("app-builtin", "app-system")


class Browser(msgspec.Struct, frozen=True, kw_only=True):
    """Where one browser keeps its things below a home; paths with "/", whatever the platform.

    name      as `BrowserExtension.browser` has it
    family    `chromium` or `firefox`
    data      user data folders (chromium) or folders of profiles (firefox)
    hosts     folders of a user's native-messaging manifests
    """

    name: str
    family: str = "chromium"
    data: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class Found:
    """What was found so far, on all profiles of all users."""

    def __init__(self) -> None:
        self.extensions: dict[tuple[str, str], int] = {}
        #: (browser, id) that a policy installs.
        self.by_policy: set[tuple[str, str]] = set()
        #: Browsers of which it is known what policies install.
        self.policies_known: set[str] = set()
        self.hosts: dict[tuple[str, str, str | None, str], None] = {}
        #: Homes that may not be looked into, and what could not be read for another reason.
        self.closed: set[str] = set()
        self.broken: dict[str, int] = {}

    def add_host(self, browser: str, name: str, path: str | None, run_by: str) -> None:
        """Keeps a native-messaging host."""
        self.hosts[browser, name[:MAX_NAME], None if path is None else short(tilde(path)), run_by] = None

    def fail(self, what: str) -> None:
        """Counts a part that could not be read."""
        self.broken[what] = self.broken.get(what, 0) + 1

    def observables(self) -> Iterator[Observable]:
        """Yields extensions and hosts, sorted, then gaps."""
        extensions = {**self.extensions, **{key: self.extensions.get(key, 0) for key in self.by_policy}}
        yield from at_most(
            (
                BrowserExtension(
                    browser=browser,
                    id=identity,
                    profiles=bucket(count),
                    by_policy=(browser, identity) in self.by_policy
                    if browser in self.policies_known or (browser, identity) in self.by_policy
                    else None,
                )
                for (browser, identity), count in sorted(extensions.items())
            ),
            MAX_EXTENSIONS,
            "browser extensions",
        )
        hosts = sorted(self.hosts, key=lambda host: tuple(part or "" for part in host))
        yield from at_most(
            (NativeHost(browser=host[0], name=host[1], path=host[2], run_by=host[3]) for host in hosts),
            MAX_HOSTS,
            "native-messaging hosts",
        )
        if self.closed:
            yield Gap(what="browsers of other users", outcome="not_permitted", count=bucket(len(self.closed)))
        for what, count in sorted(self.broken.items()):
            yield Gap(what=what, outcome="broken", count=bucket(count))


def look_in_home(host: Host, home: str, browsers: Iterable[Browser], found: Found, separator: str = "/") -> None:
    """Adds the extensions and a user's own native-messaging hosts of every browser below one home."""
    for browser in browsers:
        for data in browser.data:
            folder = separator.join((home, *data.split("/")))
            names = _listed(host, folder, found, home)
            if browser.family == "firefox":
                for name in names[:MAX_PROFILES]:
                    _look_at_database(host, separator.join((folder, name, "extensions.json")), browser, found, home)
                continue
            profiles = [name for name in ("", *names) if _PROFILE.fullmatch(name)] if names else []
            for name in profiles[:MAX_PROFILES]:
                extensions = separator.join(part for part in (folder, name, "Extensions") if part)
                for identity in {each for each in _listed(host, extensions, found, home) if _ID.fullmatch(each)}:
                    key = (browser.name, identity)
                    found.extensions[key] = found.extensions.get(key, 0) + 1
        for relative in browser.hosts:
            folder = separator.join((home, *relative.split("/")))
            look_at_manifests(host, folder, browser.name, "user", found, home=home, separator=separator)


def look_at_manifests(
    host: Host, folder: str, browser: str, run_by: str, found: Found, *, home: str = "", separator: str = "/"
) -> None:
    """Adds the native-messaging hosts whose manifests lie in a folder; a folder that is not there adds none."""
    for name in _listed(host, folder, found, home)[:MAX_HOSTS]:
        if name.endswith(".json"):
            look_at_manifest(host, separator.join((folder, name)), browser, name[:-5], run_by, found)


def look_at_manifest(host: Host, path: str, browser: str, name: str, run_by: str, found: Found) -> None:
    """Adds the native-messaging host of one manifest; with `name` and no program when it cannot be read."""
    try:
        told, program = parse_manifest(host.read(path, MANIFEST_LIMIT))
    except Missing:
        # Registered and gone: what it would start is not known.
        told, program = "", None
    except (HostError, ValueError) as error:
        found.fail(
            f"native-messaging manifests that {'may not' if isinstance(error, NotPermitted) else 'cannot'} be read"
        )
        told, program = "", None
    if program and host.platform == "windows":
        import ntpath  # noqa: PLC0415 (elsewhere it looks for modules that only Windows has, a millisecond)

        if not ntpath.isabs(program):
            program = ntpath.normpath(ntpath.join(ntpath.dirname(path), program))
    found.add_host(browser, told or name, program, run_by)


def parse_manifest(data: bytes) -> tuple[str, str | None]:
    """Returns name and program of a native-messaging manifest; raises ValueError when it is none."""
    content = _decoded(data)
    if not isinstance(content, dict):
        raise ValueError("a manifest is an object")
    name, path = content.get("name"), content.get("path")
    return name if isinstance(name, str) else "", path if isinstance(path, str) else None


def parse_extensions(data: bytes) -> list[tuple[str, bool]]:
    """Returns id and whether a policy installed it, of each extension in Firefox's extensions.json.

    Themes, dictionaries and Firefox's own parts are left out. Raises ValueError when it is no such file.
    """
    content = _decoded(data)
    addons = content.get("addons") if isinstance(content, dict) else None
    if not isinstance(addons, list):
        raise ValueError("extensions.json has a list of add-ons")
    found: list[tuple[str, bool]] = []
    for addon in addons:
        if not isinstance(addon, dict) or addon.get("type") != "extension":
            continue
        identity, location = addon.get("id"), addon.get("location")
        if isinstance(identity, str) and identity and not str(location).startswith(_OWN_PARTS):
            told = addon.get("installTelemetryInfo")
            found.append((identity[:MAX_NAME], isinstance(told, dict) and told.get("source") == "enterprise-policy"))
    return found


def _look_at_database(host: Host, path: str, browser: Browser, found: Found, home: str) -> None:
    try:
        data = host.read(path, DATABASE_LIMIT)
        if len(data) >= DATABASE_LIMIT:
            raise ValueError("too large")
        addons = parse_extensions(data)
    except Missing:
        return
    except NotPermitted:
        found.closed.add(home)
        return
    except (HostError, ValueError):
        found.fail("extensions.json of a Firefox profile")
        return
    found.policies_known.add(browser.name)
    for identity, by_policy in dict(addons).items():
        key = (browser.name, identity)
        found.extensions[key] = found.extensions.get(key, 0) + 1
        if by_policy:
            found.by_policy.add(key)


def _listed(host: Host, folder: str, found: Found, home: str) -> list[str]:
    try:
        return host.names(folder)
    except NotPermitted:
        found.closed.add(home or folder)
    except Missing:
        pass
    except HostError:
        found.fail("a folder of a browser")
    return []


def _decoded(data: bytes) -> Any:
    """Returns the JSON in bytes; raises ValueError."""
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
