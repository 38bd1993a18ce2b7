"""What programs of a device do that remote tools do, whatever they are called: each mark with its points.

A remote tool must see the screen, give input, live in the person's session although it is started by the system, and
be reachable. Marks of these four kinds, and of where the program came from, are brought together per program (an
application's folder on a Mac, a folder of its own on Windows). The points follow the proposal that was measured
against public tools: RustDesk src/platform (windows.cc, macos.mm, its launchd files) @0a1f8330, dwservice/agent
lib_core, Sunshine's udev rules.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Literal

import msgspec

from farmwatch_schema.finding import Evidence
from farmwatch_schema.observables.displays import DisplayAdapter
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.media import Grant, MediaUse
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sockets import Listener, OutboundCount

from .matching import base_name, folded, is_interpreter, platform_of
from .products import remote_tools
from .view import DeviceView

MarkKind = Literal["sees", "drives", "stays", "reach", "origin", "place"]

#: Points of each mark.
SEES = DRIVES = 25
BOTH = 10
STAYS = REACH = UNSIGNED = DISPLAY = 15
OTHER_NAME = MAKER = 20
WRITABLE = 10

_INPUT_GRANTS = frozenset({"accessibility", "post_event", "remote_desktop"})
_SCREEN_GRANTS = frozenset({"screen", "remote_desktop"})
_INPUT_DEVICES = frozenset({"uinput", "uhid"})
_SEES_FLAGS = frozenset({"display_capture", "serves_screen"})

#: Frameworks whose version resource programs keep under a name of their own.
_FRAMES = frozenset({"electron", "nw", "squirrel", "javaw", "java", "dotnet", "apphost", "python", "pythonw", "node"})

_AT_LOGIN = "It runs at the login window, before anybody has logged in, and in the person's session."

#: Where a Linux program comes as a whole image from a store, which dpkg knows nothing of.
_STORES = ("/snap/", "/var/lib/flatpak/", "/app/", "/nix/store/", "/gnu/store/")

#: Judged: what companies keep at a Mac's login window bears its maker's signature, a home-made agent aside.
_NOBODYS_AT_LOGIN = "Nothing proves who made what a daemon of its own keeps at the login window."

#: Programs that lie in Windows's own folder and nowhere else (Microsoft Learn, "Windows system processes").
_WINDOWS_OWN = frozenset({
    "audiodg", "conhost", "csrss", "ctfmon", "dllhost", "dwm", "fontdrvhost", "lsass", "lsm", "msdtc", "rundll32",
    "runtimebroker", "searchindexer", "services", "sihost", "smss", "spoolsv", "svchost", "taskhostw", "wininit",
    "winlogon", "wudfhost",
})  # fmt: skip

#: Folders of Windows that many programs share.
_SHARED = frozenset({"system32", "syswow64", "windows", "temp", "tmp", "downloads", "desktop", "bin", "programdata"})
_APPLICATION = re.compile(r".*?\.app(?=/)", re.I)


_DOES: dict[MarkKind, str] = {
    "sees": "sees the screen",
    "drives": "gives input",
    "stays": "serves a service in the session",
    "reach": "is reachable",
    "origin": "has an unproven origin or name",
}


class Mark(msgspec.Struct, frozen=True):
    """One thing that a program does, or how it came here, with its points and the quote of it."""

    kind: MarkKind
    points: int
    words: str
    section: str


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """A program's conduct.

    processes  its executables, the one that shows most first
    marks      in the order of their points
    """

    processes: tuple[Process, ...]
    marks: tuple[Mark, ...]

    @property
    def kinds(self) -> frozenset[MarkKind]:
        """The kinds of its marks."""
        return frozenset(mark.kind for mark in self.marks)

    @property
    def points(self) -> int:
        """All points together; who sees and drives gets some more for both."""
        return sum(mark.points for mark in self.marks) + (BOTH if {"sees", "drives"} <= self.kinds else 0)

    @property
    def words(self) -> str:
        """What it does: "sees the screen, is reachable"."""
        return ", ".join(words for kind, words in _DOES.items() if kind in self.kinds)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Each mark as a finding quotes it."""
        subject = f"program {self.processes[0].name}"
        return tuple(Evidence(kind=mark.section, subject=subject, fact=mark.words) for mark in self.marks)


def is_shaped_so(conduct: Conduct) -> bool:
    """Whether it has what every remote tool has, and something that ordinary programs have not."""
    kinds = conduct.kinds
    able = {"sees", "drives", "stays"} & kinds
    return "reach" in kinds and bool(able) and ("origin" in kinds or ("stays" in able and len(able) > 1))


def conducts_of(device: DeviceView) -> Iterator[Conduct]:
    """Yields the conduct of each program that sees, drives or stays; others need no look."""
    platform = platform_of(device)
    groups: dict[str, list[Process]] = defaultdict(list)
    for process in device.of("processes", Process):
        groups[_home(process.path, platform) or process.name].append(process)
    waiting = _waiting(device, platform)
    held = _Held(device)
    for home, processes in sorted(groups.items()):
        able = list(_able(held, processes))
        daemon = waiting.get(home)
        # One that nobody signed needs no daemon beside it to be strange at the login window.
        nobodys = daemon is not None and any(_unvouched(process, platform) for process in processes)
        if daemon or nobodys:
            able.append(Mark("stays", STAYS, _AT_LOGIN, "services"))
        if daemon and nobodys:
            able.append(Mark("place", STAYS, _NOBODYS_AT_LOGIN, "services"))
        if able:
            marks = {(mark.kind, mark.words): mark for mark in (*able, *_around(device, processes, platform))}
            first = sorted(processes, key=lambda each: (not _shows(each), each.name))
            yield Conduct(
                processes=tuple(first),
                marks=tuple(sorted(marks.values(), key=lambda mark: (-mark.points, mark.words))),
            )


class _Held:
    """What programs of a device may do, or did, by their names and paths; looked up once for each program."""

    def __init__(self, device: DeviceView) -> None:
        self._by_name: dict[str, list[Mark]] = defaultdict(list)
        self._by_path: list[tuple[str, Mark]] = []
        for grant in device.of("media", Grant):
            if grant.allowed and grant.given_by != "policy":
                if grant.what in _SCREEN_GRANTS:
                    self._add(grant, Mark("sees", SEES, "Somebody allowed it to see the screen.", "media"))
                if grant.what in _INPUT_GRANTS:
                    self._add(grant, Mark("drives", DRIVES, "Somebody allowed it to give input.", "media"))
        for use in device.of("media", MediaUse):
            if use.what == "screen":
                self._add(use, Mark("sees", SEES, "It took pictures of the screen.", "media"))

    def _add(self, whose: Grant | MediaUse, mark: Mark) -> None:
        if whose.app:
            self._by_name[whose.app].append(mark)
        if whose.path:
            self._by_path.append((whose.path, mark))

    def of(self, process: Process) -> Iterator[Mark]:
        """Yields what a program may do: by its path, its bundle id or package, or its own file name."""
        yield from self._by_name.get(process.package or "", ())
        yield from self._by_name.get(process.name, ())
        for path, mark in self._by_path if process.path else ():
            if process.path == path or (process.path or "").startswith(path.rstrip("/") + "/"):
                yield mark


def _shows(process: Process) -> bool:
    return bool(process.session_helper) or bool(_INPUT_DEVICES & set(process.holds or ()))


@lru_cache(maxsize=8192)
def _home(path: str | None, platform: str) -> str:
    """What belongs together: an application on a Mac, a folder of its own on Windows, else the file."""
    if path is None:
        return ""
    if platform == "macos":
        found = _APPLICATION.match(path)
        return found[0].casefold() if found else path.casefold()
    if platform == "windows":
        folder = path.casefold().rpartition("\\")[0]
        return folder if "\\" in folder and base_name(folder) not in _SHARED else path.casefold()
    return path


def _able(held: _Held, processes: list[Process]) -> Iterator[Mark]:
    for process in processes:
        yield from held.of(process)
        if not (process.flags or process.holds or process.session_helper):
            continue  # most: not worth a closer look
        if _SEES_FLAGS & set(process.flags):
            yield Mark("sees", SEES, "Its arguments tell it to show or record the screen.", "processes")
        for name in sorted(_INPUT_DEVICES & set(process.holds or ())):
            yield Mark("drives", DRIVES, f"It holds {name}, through which programs give input.", "processes")
        if process.session_helper:
            words = "A service that is not Windows's own started it in the person's session."
            yield Mark("stays", STAYS, words, "processes")


def _around(device: DeviceView, processes: list[Process], platform: str) -> Iterator[Mark]:
    """How the program is reached, and where it came from."""
    heard = any(
        item.scope == "network" and _owns(item.owner, item.path, processes) for item in device.of("sockets", Listener)
    )
    if heard or any(process.listens for process in processes):
        yield Mark("reach", REACH, "Others can connect to it over the network.", "sockets")
    if any(_owns(item.owner, item.path, processes) for item in device.of("sockets", OutboundCount)):
        yield Mark("reach", REACH, "It holds connections to public addresses.", "sockets")
    unvouched = [process for process in processes if _unvouched(process, platform)]
    if unvouched:
        words = "No package brought it." if platform == "linux" else "Nothing proves who made it."
        yield Mark("origin", UNSIGNED, words, "processes")
        if any(process.user_writable for process in unvouched):
            yield Mark("place", WRITABLE, "An ordinary user could replace its file.", "processes")
    for process in processes:
        original = folded(process.original_name or "", "windows")
        if original and original not in _FRAMES and original != folded(process.name, "windows"):
            words = f"Its version resource calls it {(process.original_name or '')[:40]}."
            yield Mark("origin", OTHER_NAME, words, "processes")
        if platform == "windows" and _poses(process):
            words = "It bears the name of a program of Windows's own, and lies elsewhere."
            yield Mark("origin", OTHER_NAME, words, "processes")
        if (process.signer or "").casefold() in _makers():
            yield Mark(
                "origin", MAKER, f"A maker of remote tools signed it, {(process.signer or '')[:40]}.", "processes"
            )
        if process.deleted:
            yield Mark("origin", UNSIGNED, "Its file was removed while it runs.", "processes")
    guest = any(facts.hypervisor for facts in device.of("host", HostFacts))
    made = [
        each for each in device.of("displays", DisplayAdapter) if each.virtual and each.hardware_id.startswith("root/")
    ]
    if made and not guest:
        yield Mark("place", DISPLAY, f"A display adapter made by software is there, {made[0].name[:40]}.", "displays")


def _unvouched(process: Process, platform: str) -> bool:
    """Whether nothing vouches for a file; an interpreter says nothing about what it runs."""
    if is_interpreter(process.name):
        return platform == "linux" and bool(_INPUT_DEVICES & set(process.holds or ()))
    if platform == "linux":
        return process.package == "" and not (process.path or "").startswith(_STORES)
    return process.signer == ""


def _poses(process: Process) -> bool:
    """Whether a file bears the name of a program of Windows's own and lies outside of Windows's folder."""
    path = (process.path or "").casefold()
    elsewhere = bool(path) and "\\windows\\" not in path
    return elsewhere and folded(process.name, "windows") in _WINDOWS_OWN and process.signer == ""


def _owns(owner: str, path: str | None, processes: list[Process]) -> bool:
    return any(path == each.path if path and each.path else owner == each.name for each in processes if owner or path)


def _waiting(device: DeviceView, platform: str) -> dict[str, bool]:
    """Programs of a Mac that run at the login window, before anybody is there, and whether a daemon is theirs too."""
    services = [each for each in device.of("services", Service) if each.kind == "launchd" and each.path]
    daemons = {_home(each.path, platform) for each in services if each.run_by == "system" and not each.login_window}
    return {home: home in daemons for home in (_home(each.path, platform) for each in services if each.login_window)}


@cache
def _makers() -> frozenset[str]:
    """Signers all of whose products in the catalogue let others drive a laptop."""
    bad: set[str] = set()
    good: set[str] = {"microsoft corporation", "google llc", "apple"}
    for tool in remote_tools():
        drives = tool.role == "host" and tool.alarm in ("warn", "high") and tool.category != "rmm"
        (bad if drives else good).update(signer.casefold() for signer in tool.signers)
    return frozenset(bad - good)
