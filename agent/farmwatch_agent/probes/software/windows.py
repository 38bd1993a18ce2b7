r"""Software on Windows.

Sources: learn.microsoft.com, "Uninstall Registry Key" (DisplayName, DisplayVersion, Publisher, InstallDate as
YYYYMMDD, ReleaseType and ParentKeyName of updates) and "Package identity" (a full name has five parts: name, version,
architecture, resource, publisher's digest). Where packages are listed, AppxAllUserStore and AppModel\Repository, is
as Windows keeps it and not documented.
"""

import time
from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.software import Package

from ...host import Host, HostError, Missing
from ...host.windows.registry import WEB_APPLICATION, RegistryBranch, RegistryKey
from ..asking import outcome_of
from ..bounds import at_most
from ..windows_users import InHives, users

UNINSTALL = r"Microsoft\Windows\CurrentVersion\Uninstall"
_VIEWS = ("SOFTWARE", r"SOFTWARE\WOW6432Node")
STORE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore\Applications"
REPOSITORY = r"Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages"
#: Parts that other packages need, and languages: they are no programs.
_FRAMEWORKS = (
    *("Microsoft.VCLibs.", "Microsoft.NET.Native.", "Microsoft.UI.Xaml.", "Microsoft.WindowsAppRuntime."),
    *("Microsoft.LanguageExperiencePack", "Microsoft.Services.Store.Engagement", "Microsoft.DirectXRuntime"),
)
_UPDATES = frozenset({"Update", "Hotfix", "Security Update", "Service Pack", "Update Rollup"})
MAX_PACKAGES = 3_000
MAX_TEXT = 200


def collect(host: Host) -> Iterator[Observable]:
    """Yields one Package per installed program or package, and what could not be seen."""
    gaps: list[Gap] = []
    found: dict[Package, None] = {}
    broken = 0
    who = users(host)
    hives = InHives(host, who)
    keys: list[RegistryBranch] = []
    for view in _VIEWS:
        try:
            keys += host.rows(RegistryBranch, rf"HKLM\{view}\{UNINSTALL}")
        except Missing:
            if view == "SOFTWARE":
                gaps.append(Gap(what="installed programs: the registry has no list of them", outcome="broken"))
        except HostError as error:
            gaps.append(Gap(what="installed programs", outcome=outcome_of(error)))
        keys += hives.branch(rf"{view}\{UNINSTALL}")
    closed = sum(key.problem == "not_permitted" for key in keys)
    for key in keys:
        try:
            package = None if key.problem else parse_uninstall(key)
        except HostError:
            broken += 1
            continue
        broken += key.problem == "broken"
        if package is not None:
            found[package] = None
    for package in sorted(_packages(host, who.hives, gaps), key=lambda package: (package.name, package.version)):
        found[package] = None
    if closed:
        gaps.append(Gap(what="installed programs", outcome="not_permitted", count=bucket(closed)))
    if broken:
        gaps.append(Gap(what="installed programs", outcome="broken", count=bucket(broken)))
    yield from at_most(found, MAX_PACKAGES, "installed programs")
    yield from (*gaps, *who.gaps, *hives.gaps())


def parse_uninstall(key: RegistryBranch) -> Package | None:
    """Returns the program of one key; None for an update, a web page or a nameless one.

    Raises SourceBroken for odd values.
    """
    name = key.text("DisplayName").strip()
    if not name or key.text("ParentKeyName") or key.text("ReleaseType") in _UPDATES:
        return None
    if WEB_APPLICATION in key.texts.get("UninstallString", ""):
        return None  # a web page, by its title: what somebody reads rather than what is installed
    return Package(
        name=name[:MAX_TEXT],
        version=key.text("DisplayVersion").strip()[:MAX_TEXT],
        publisher=key.text("Publisher").strip()[:MAX_TEXT],
        installed_on=day_of(key.texts.get("InstallDate", ""), key.written),
        source="uninstall",
    )


def day_of(date: str, written: float) -> str:
    """Returns the day in YYYYMMDD, else the day on which the key was written; "" when neither tells."""
    date = date.strip()
    if len(date) == 8 and date.isdecimal() and date.isascii() and "19900101" <= date <= "21001231":
        return f"{date[:4]}-{date[4:6]}-{date[6:]}"
    return time.strftime("%Y-%m-%d", time.gmtime(written)) if 0 < written < 1 << 33 else ""


def parse_full_name(name: str) -> Package | None:
    """Returns the package of a full name; None for a framework, a resource or what is no full name."""
    parts = name.split("_")
    if len(parts) != 5 or name.startswith(_FRAMEWORKS) or parts[3].startswith(("split.", "language-", "scale-")):
        return None
    return Package(name=parts[0][:MAX_TEXT], version=parts[1][:MAX_TEXT], source="appx")


def _packages(host: Host, hives: tuple[str, ...], gaps: list[Gap]) -> set[Package]:
    found: set[Package] = set()
    for path in (STORE, *(rf"{hive}_Classes\{REPOSITORY}" for hive in hives)):
        try:
            names = host.rows(RegistryKey, path)[0].keys
        except (Missing, IndexError):
            continue
        except HostError as error:
            gap = Gap(what="packages of the store", outcome=outcome_of(error))
            gaps += [] if gap in gaps else [gap]
            continue
        found.update(package for name in names if (package := parse_full_name(name)) is not None)
    return found
