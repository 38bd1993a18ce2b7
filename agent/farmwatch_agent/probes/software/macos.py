"""Software on macOS.

Sources: Information Property List Key Reference (CFBundle... keys); receipts as pkgutil(1) keeps them, one property
list each with PackageIdentifier, PackageVersion and InstallDate; Homebrew's folders Caskroom and Cellar (docs.brew.sh),
a folder per name with one per version in it.
"""

import re
import time
from collections.abc import Iterator
from datetime import datetime

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.software import Package

from ...host import Host, HostError, Missing, NotPermitted
from ..asking import names_in, outcome_of
from ..bounds import at_most
from ..macos_homes import homes
from ..macos_registry import Node, file_plist, text

APPLICATIONS = "/Applications"
RECEIPTS = "/var/db/receipts"
#: Apple silicon and Intel.
HOMEBREW = ("/opt/homebrew", "/usr/local")
MAX_EACH, MAX_PLIST = 1000, 1 << 18
#: Bundle ids that Chromium's family (app_mode::GetBundleIdentifierForShim) and Safari give to web pages.
_WEB = re.compile(r"\.app\.(?:.*-)?[a-p]{32}$|^com\.apple\.Safari\.WebApp\.")
_ROOMS = (("Caskroom", "homebrew_cask"), ("Cellar", "homebrew"))


def collect(host: Host) -> Iterator[Observable]:
    """Yields one Package per application, receipt and Homebrew folder, and what may not be read."""
    yield from at_most(_applications(host, APPLICATIONS), MAX_EACH, "applications")
    folders, gaps = homes(host)
    yield from gaps
    closed = 0
    for home in folders:
        try:
            host.names(f"{home}{APPLICATIONS}")
        except NotPermitted:
            closed += 1
            continue
        except HostError:
            continue
        yield from at_most(_applications(host, f"{home}{APPLICATIONS}"), MAX_EACH, "applications in a home folder")
    if closed:
        yield Gap(what="applications in home folders", outcome="not_permitted", count=bucket(closed))
    yield from at_most(_receipts(host), MAX_EACH, "receipts")
    yield from at_most(_homebrew(host), MAX_EACH, "Homebrew packages")


def is_web_page(bundle: str) -> bool:
    """Whether an application is a web page that somebody keeps as one: its name is the page's title."""
    return _WEB.search(bundle) is not None


def of_bundle(folder: str, info: Node, day: str) -> Package:
    """Returns an application from its Info.plist; its folder's name where that names none."""
    name = text(info, "CFBundleDisplayName", "CFBundleName") or folder.removesuffix(".app")
    return Package(
        name=name[:128],
        version=text(info, "CFBundleShortVersionString", "CFBundleVersion")[:64],
        installed_on=day,
        source="application",
        bundle=text(info, "CFBundleIdentifier")[:128],
    )


def of_receipt(receipt: Node) -> Package | None:
    """Returns what an installer package left; None for the system's own, and for what names no package."""
    name, date = text(receipt, "PackageIdentifier"), receipt.get("InstallDate")
    if not name or name.startswith("com.apple."):
        return None
    return Package(
        name=name[:128],
        version=text(receipt, "PackageVersion")[:64],
        installed_on=date.strftime("%Y-%m-%d") if isinstance(date, datetime) and date.year > 1970 else "",
        source="receipt",
    )


def _applications(host: Host, folder: str) -> Iterator[Observable]:
    """Yields the applications in a folder and in the folders in it, as Utilities is one."""
    try:
        names = host.names(folder)
    except Missing:
        return
    except HostError as error:
        yield Gap(what="applications", outcome=outcome_of(error))
        return
    for name in names:
        if name.endswith(".app"):
            yield from _application(host, folder, name)
        elif not name.startswith(".") and "." not in name:
            for inner in names_in(host, f"{folder}/{name}")[:MAX_EACH]:
                if inner.endswith(".app"):
                    yield from _application(host, f"{folder}/{name}", inner)


def _application(host: Host, folder: str, name: str) -> Iterator[Package]:
    try:
        info = file_plist(host, f"{folder}/{name}/Contents/Info.plist", MAX_PLIST)
    except HostError:
        info = {}  # its name still tells that it is there
    if not is_web_page(text(info, "CFBundleIdentifier")):
        yield of_bundle(name, info, _day(host, f"{folder}/{name}"))


def _receipts(host: Host) -> Iterator[Observable]:
    try:
        names = host.names(RECEIPTS)
    except Missing:
        return
    except HostError as error:
        yield Gap(what="receipts of installed packages", outcome=outcome_of(error))
        return
    broken = 0
    for name in names:
        if not name.endswith(".plist") or name.startswith("com.apple."):
            continue
        try:
            package = of_receipt(file_plist(host, f"{RECEIPTS}/{name}", MAX_PLIST))
        except Missing:
            continue
        except HostError:
            broken += 1
            continue
        if package is not None:
            yield package
    if broken:
        yield Gap(what="receipts of installed packages", outcome="broken", count=bucket(broken))


def _homebrew(host: Host) -> Iterator[Observable]:
    for prefix in HOMEBREW:
        for room, source in _ROOMS:
            for name in names_in(host, f"{prefix}/{room}"):
                if not name.startswith("."):
                    versions = [one for one in names_in(host, f"{prefix}/{room}/{name}") if not one.startswith(".")]
                    yield Package(name=name[:128], version=versions[-1][:64] if versions else "", source=source)


def _day(host: Host, path: str) -> str:
    try:
        return time.strftime("%Y-%m-%d", time.gmtime(host.status(path).mtime))
    except (HostError, OverflowError, ValueError, OSError):
        return ""
