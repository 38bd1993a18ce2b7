"""Software on Linux.

Sources: deb-control(5) and dpkg's status file; flatpak's and snapd's folder layouts as their documentation has
them; Desktop Entry Specification 1.5; FHS 3.0 for /opt.
"""

import re
import time
from collections.abc import Iterator
from weakref import ReferenceType, ref

from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.software import Package

from ...host import Host, HostError, Missing, NotPermitted, SourceBroken
from ...paths import base_name
from ..asking import names_in
from ..bounds import at_most
from ..linux_homes import in_homes, parse_desktop, program_of

STATUS = "/var/lib/dpkg/status"
INFO = "/var/lib/dpkg/info"
STATUS_LIMIT = 1 << 25
RPM = ("/usr/lib/sysimage/rpm", "/var/lib/rpm")
#: A folder name-version-release per package: pacman's local database, alpm's lib/libalpm/be_local.c.
PACMAN = "/var/lib/pacman/local"
FLATPAK = "/var/lib/flatpak/app"
SNAP = "/snap"
OPT = "/opt"
_NO_SNAP = frozenset({"bin", "README"})
#: Dates of these say nothing, and they are most of all packages.
_UNDATED = ("lib", "fonts-", "python3-", "gir1.2-", "linux-headers-", "x11-", "xfonts-", "texlive-")
_UNDATED_ENDS = ("-doc", "-dev", "-data", "-common", "-locale", "-l10n")
#: Desktop files of web applications, which tell what somebody reads rather than what is installed.
_WEB = ("chrome-", "brave-", "msedge-", "chromium-", "vivaldi-", "webapp-", "FFPWA-", "google-chrome-")

#: A field's line, or the empty line between two stanzas. Lines that go on begin with a blank and match nothing.
_FIELDS = re.compile(r"\n(?=\n)|\n(Package|Status|Version|Maintainer|Architecture): *([^\n]*)")

MAX_OWN = 500

#: Of the host that was read last: dpkg's status file as it was, and its packages.
_dpkg: tuple["ReferenceType[Host]", tuple[float, int, int], list[Package]] | None = None


def collect(host: Host) -> Iterator[Observable]:
    """Yields one Package per installed thing, from every source that is there."""
    known = False
    for source in (_from_dpkg, _from_pacman, _of_rpm):
        for item in source(host):
            known = True
            yield item
    if not known and not _is_there(host, STATUS):
        yield Gap(what="packages: there is no package database that farmwatch can read", outcome="not_supported")
    yield from _named(host, FLATPAK, "flatpak")
    for name in names_in(host, SNAP):
        if name not in _NO_SNAP:
            yield Package(name=name, version=_snap_version(host, name), source="snap")
    yield from _named(host, OPT, "opt")
    found: list[Package] = []
    yield from in_homes(
        host,
        (".local/share/applications", ".local/share/flatpak/app"),
        lambda folder, name: _in_home(host, folder, name, found),
    )
    yield from at_most(found, MAX_OWN, "programs in home folders")


def parse_status(text: str) -> list[tuple[str, str, str, str]]:
    """Returns name, version, publisher and architecture of each installed package of dpkg's status file.

    Stanzas without a name, and packages removed or half installed, are left out.
    """
    found: list[tuple[str, str, str, str]] = []
    stanza: dict[str, str] = {}
    for key, value in (*_FIELDS.findall(f"\n{text}"), ("", "")):
        if key:
            stanza.setdefault(key, value)
        elif stanza:
            name = stanza.get("Package", "").strip()
            if name and f" {stanza.get('Status', '')}".endswith(" installed"):
                publisher = stanza.get("Maintainer", "").partition("<")[0].strip(' "')
                found.append((name, stanza.get("Version", ""), publisher, stanza.get("Architecture", "")))
            stanza = {}
    return found


def _from_dpkg(host: Host) -> Iterator[Observable]:
    global _dpkg  # noqa: PLW0603 (thousands of packages are read again only when one of them changed)
    try:
        status = host.status(STATUS)
    except Missing:
        return
    except NotPermitted:
        yield Gap(what="packages of dpkg", outcome="not_permitted")
        return
    key = (status.mtime, status.size, status.inode)
    # The file is rewritten whole by every change, so that an unchanged one need not be read again.
    if _dpkg is not None and _dpkg[0]() is host and _dpkg[1] == key:
        packages = _dpkg[2]
    else:
        data = host.read(STATUS, STATUS_LIMIT)
        if len(data) >= STATUS_LIMIT:
            raise SourceBroken(f"{STATUS}: is larger than {STATUS_LIMIT >> 20} MiB; it cannot be dpkg's")
        packages = [
            Package(
                name=name,
                version=version,
                publisher=publisher,
                installed_on=_date(host, name, architecture),
                source="dpkg",
            )
            for name, version, publisher, architecture in parse_status(data.decode("utf-8", "replace"))
        ]
        _dpkg = (ref(host), key, packages)
    yield from packages


def _from_pacman(host: Host) -> Iterator[Observable]:
    for folder in names_in(host, PACMAN):
        parts = folder.rsplit("-", 2)
        if len(parts) == 3:
            yield Package(name=parts[0], version=f"{parts[1]}-{parts[2]}", source="pacman")


def _of_rpm(host: Host) -> Iterator[Observable]:
    if any(name.startswith(("rpmdb", "Packages")) for folder in RPM for name in names_in(host, folder)):
        yield Gap(what="packages of rpm", outcome="not_supported")


def _is_there(host: Host, path: str) -> bool:
    try:
        host.status(path)
    except HostError:
        return False
    return True


def _date(host: Host, name: str, architecture: str) -> str:
    if name.startswith(_UNDATED) or name.endswith(_UNDATED_ENDS):
        return ""
    for file in (name, f"{name}:{architecture}"):
        try:
            return time.strftime("%Y-%m-%d", time.gmtime(host.status(f"{INFO}/{file}.list").mtime))
        except Missing:
            continue
        except (HostError, OverflowError, ValueError, OSError):
            return ""
    return ""


def _named(host: Host, folder: str, source: str) -> Iterator[Package]:
    for name in names_in(host, folder):
        if not name.startswith("."):
            yield Package(name=name, source=source)


def _snap_version(host: Host, name: str) -> str:
    try:
        text = host.text(f"{SNAP}/{name}/current/meta/snap.yaml", 1 << 14)
    except HostError:
        return ""
    line = next((line for line in text.split("\n") if line.startswith("version:")), "")
    return line[8:].strip().strip("'\"")


def _in_home(host: Host, folder: str, name: str, found: list[Package]) -> None:
    if folder.endswith("/flatpak/app"):
        found.append(Package(name=name, source="flatpak"))
        return
    if not name.endswith(".desktop") or name.startswith(_WEB):
        return
    try:
        entry = parse_desktop(host.text(f"{folder}/{name}", 1 << 16))
    except HostError:
        return
    program = base_name(program_of(entry.get("Exec", "")))
    if program and entry.get("Type", "Application") == "Application":
        found.append(Package(name=program[:255], source="desktop"))
