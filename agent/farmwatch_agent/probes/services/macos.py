"""What starts by itself on macOS: launchd's jobs, system extensions, cron.

Sources: launchd.plist(5); launchctl(1); Technical Note TN2083 (session types); the layout of
/Library/SystemExtensions/db.plist as osquery's system_extensions table reads it; the switches of sharing as its
sharing_preferences table reads them. `launchctl print-disabled` writes true or false up to macOS 12, disabled or
enabled from 13 (usnistgov/macos_security, issue 167).
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.services import Service

from ...host import Host, HostError, Missing, NotPermitted, SourceBroken
from ...host.macos.launchd_plists import STARTS, program_of
from ...paths import tilde
from ..asking import outcome_of
from ..bounds import at_most, short
from ..macos_homes import homes, parse_dictionary
from . import login_items
from .linux import parse_crontab

DAEMONS = "/Library/LaunchDaemons"
AGENTS = "/Library/LaunchAgents"
HOME_AGENTS = "Library/LaunchAgents"
APPLE_DAEMONS = "/System/Library/LaunchDaemons"
#: Of Apple's own some 900 jobs, the same on every Mac of a release, those that let somebody in.
APPLE_SHARING = ("com.apple.screensharing", "ssh", "com.apple.AEServer", "com.apple.smbd")
#: The switch of Remote Management: the file is there, with the word "enabled" in it, while it is on.
REMOTE_MANAGEMENT = "/Library/Application Support/Apple/Remote Desktop/RemoteManagement.launchd"
ARD_AGENT = "/System/Library/CoreServices/RemoteManagement/ARDAgent.app/Contents/MacOS/ARDAgent"
EXTENSIONS = "/Library/SystemExtensions/db.plist"
CRONTABS = "/private/var/at/tabs"
#: Where launchd keeps switches: disabled.501.plist is that of user 501.
SWITCHES = "/private/var/db/com.apple.xpc.launchd/disabled"
LOGIN_ITEMS = "login items that an application registered for itself"
MAX_ITEMS = 2_000
MAX_JOBS = 500
MAX_LINE = 1_000
PLIST_LIMIT = 1 << 20
_SWITCH = re.compile(r'^\s*"(?P<label>[^"]+)" => (?P<word>true|false|enabled|disabled)\s*$')
_JOB = re.compile(r"^\s+(?P<pid>\d+|-)\s+\S+\s+(?P<label>\S.*?)\s*$")
_BOTH = {"LoginWindow", "Aqua"}


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a job's property list says.

    program       what it starts, of a shell's line the first program in it; "" when it is not plain to see
    enabled       starts by itself, as long as no switch says otherwise
    login_window  an agent that also runs at the login window, before anybody has logged in
    """

    label: str
    program: str = ""
    enabled: bool = True
    login_window: bool = False


class _Seen:
    """What was not to be seen, gathered from all places."""

    def __init__(self) -> None:
        self.closed = 0
        self.links = 0
        self.broken = 0
        self.gaps: list[Gap] = []

    def refuse(self, path: str) -> None:
        """Counts what may not be read: in a home, or for everybody, where a link is not followed."""
        if path.startswith("/Users/"):
            self.closed += 1
        else:
            self.links += 1


def collect(host: Host) -> Iterator[Observable]:
    """Yields launchd's jobs that others than Apple installed, its sharing, extensions, cron, login items, and gaps."""
    yield from at_most(_all(host), MAX_ITEMS, "services")


def _all(host: Host) -> Iterator[Observable]:
    seen = _Seen()
    switches = _switches(host, "system", seen)
    running = _running(host, seen)
    yield from _sharing(host, switches, running, seen)
    for job in _jobs(host, DAEMONS, seen):
        yield _service(job, "system", switches, running)
    everybody = list(_jobs(host, AGENTS, seen))
    people, hidden = homes(host)
    seen.gaps += hidden
    per_user: list[dict[str, bool]] = []
    found: set[Service] = set()
    for home in people:
        own = _switches(host, f"user/{uid}", seen) if (uid := _uid(host, home)) else {}
        per_user.append(own)
        found.update(_service(job, "user", own, None) for job in _jobs(host, f"{home}/{HOME_AGENTS}", seen))
    for job in everybody:
        told = {switches[job.label] for switches in per_user if job.label in switches}
        # On for one person is on.
        yield _service(job, "user", {job.label: any(told)} if told else {}, None)
    yield from sorted(found, key=lambda service: (service.name, service.path, str(service.enabled)))
    yield from _extensions(host, seen)
    yield from _cron(host, seen)
    if seen.closed:
        what = "launchd jobs in other users' home folders"
        yield Gap(what=what, outcome="not_permitted", count=bucket(seen.closed))
    if seen.links:
        yield Gap(what="launchd jobs", outcome="not_permitted", count=bucket(seen.links))
    if seen.broken:
        yield Gap(what="launchd jobs", outcome="broken", count=bucket(seen.broken))
    yield from _login_items(host, seen)
    yield from seen.gaps


def parse_job(data: bytes) -> Job:
    """Returns what a job's property list says; raises ValueError for what is none or has no label."""
    content = parse_dictionary(data)
    label = content.get("Label")
    if not isinstance(label, str) or not label:
        raise ValueError("a job has a label")
    starts = any(content.get(key) for key in STARTS)
    sessions = content.get("LimitLoadToSessionType")
    types = {sessions} if isinstance(sessions, str) else {it for it in _list(sessions) if isinstance(it, str)}
    return Job(
        label=label[:255],
        program=program_of(content),
        enabled=starts and content.get("Disabled") is not True,
        login_window=types >= _BOTH,
    )


def parse_switches(text: str) -> dict[str, bool]:
    """Returns by label whether a switch lets a job start, from `launchctl print-disabled`."""
    found: dict[str, bool] = {}
    for line in text.split("\n"):
        match = _SWITCH.match(line[:MAX_LINE])
        if match:
            found[match["label"]] = match["word"] in ("false", "enabled")
        elif line.startswith("login item associations"):
            break
    return found


def parse_running(text: str) -> dict[str, bool]:
    """Returns by label whether a job has a process, from the block `services` of `launchctl print DOMAIN`."""
    found: dict[str, bool] = {}
    inside = False
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped == "services = {":
            inside = True
        elif inside and stripped == "}":
            break
        elif inside and (match := _JOB.match(line[:MAX_LINE])):
            found[match["label"]] = match["pid"] not in ("0", "-")
    return found


def _service(job: Job, run_by: str, switches: dict[str, bool], running: dict[str, bool] | None) -> Service:
    enabled = switches.get(job.label, job.enabled)
    return Service(
        name=job.label,
        kind="launchd",
        path=short(tilde(job.program)),
        enabled=enabled,
        running=running.get(job.label, False) if running is not None else None,
        run_by=run_by,
        login_window=job.login_window,
    )


def _sharing(host: Host, switches: dict[str, bool], running: dict[str, bool] | None, seen: _Seen) -> Iterator[Service]:
    """Yields Apple's own services that let somebody in, on or off."""
    for name in APPLE_SHARING:
        job = _job(host, f"{APPLE_DAEMONS}/{name}.plist", seen)
        if job is not None:
            # launchd knows only jobs that are on (snare/idiot, pull 1), also those that Remote Management switched on.
            loaded = {job.label: True} if running is not None and job.label in running else {}
            yield _service(job, "system", switches | loaded, running)
    try:
        on = "enabled" in host.text(REMOTE_MANAGEMENT, 1024)
    except Missing:
        on = False
    except HostError as error:
        seen.gaps.append(Gap(what="the switch of Remote Management", outcome=outcome_of(error)))
        return
    yield Service(name="com.apple.RemoteDesktop.agent", kind="launchd", path=ARD_AGENT, enabled=on)


def _jobs(host: Host, folder: str, seen: _Seen) -> Iterator[Job]:
    try:
        names = host.names(folder)
    except Missing:
        return
    except NotPermitted:
        seen.refuse(folder)
        return
    except HostError:
        seen.broken += 1
        return
    plists = [name for name in names if name.endswith(".plist")]
    if len(plists) > MAX_JOBS:
        what = "further launchd jobs"
        seen.gaps.append(Gap(what=what, outcome="not_supported", count=bucket(len(plists) - MAX_JOBS)))
    for name in plists[:MAX_JOBS]:
        job = _job(host, f"{folder}/{name}", seen)
        if job is not None:
            yield job


def _job(host: Host, path: str, seen: _Seen) -> Job | None:
    try:
        return parse_job(host.read(path, PLIST_LIMIT))
    except Missing:
        return None  # taken away since the folder was listed, or a link to nothing
    except NotPermitted:
        seen.refuse(path)
    except (HostError, ValueError):
        seen.broken += 1
    return None


def _switches(host: Host, domain: str, seen: _Seen) -> dict[str, bool]:
    try:
        try:
            return parse_switches(host.command("launchd_switches", domain).decode("utf-8", "replace"))
        except Missing:
            # Of somebody who is not logged in launchd knows nothing; it keeps the switches in a file.
            return _stored_switches(host, domain.rpartition("/")[2])
    except HostError as error:
        gap = Gap(what="switches of launchd's jobs", outcome=outcome_of(error))
        if gap not in seen.gaps:
            seen.gaps.append(gap)
        return {}


def _stored_switches(host: Host, user: str) -> dict[str, bool]:
    """Returns by label whether a switch lets a job start, from launchd's own list of what is disabled."""
    try:
        content = parse_dictionary(host.read(f"{SWITCHES}.{user}.plist", PLIST_LIMIT))
    except Missing:
        return {}
    except ValueError:
        raise SourceBroken("the list of disabled jobs makes no sense") from None
    return {label: not disabled for label, disabled in content.items() if isinstance(disabled, bool)}


def _running(host: Host, seen: _Seen) -> dict[str, bool] | None:
    """Returns which of the system's jobs run; None when that is not told."""
    try:
        found = parse_running(host.command("launchd_jobs", "system").decode("utf-8", "replace"))
    except HostError as error:
        seen.gaps.append(Gap(what="which of launchd's jobs run", outcome=outcome_of(error)))
        return None
    if not found:
        # Its form is no promise of Apple's: what cannot be read is not "nothing runs".
        seen.gaps.append(Gap(what="which of launchd's jobs run", outcome="broken"))
        return None
    return found


def _uid(host: Host, home: str) -> int:
    try:
        return host.status(home).uid
    except HostError:
        return 0


def _extensions(host: Host, seen: _Seen) -> Iterator[Service]:
    """Yields system extensions (network filters, VPNs, cameras, security tools) that are or wait to be switched on."""
    try:
        content = parse_dictionary(host.read(EXTENSIONS, 1 << 22))
    except Missing:
        return
    except HostError as error:
        seen.gaps.append(Gap(what="system extensions", outcome=outcome_of(error)))
        return
    except ValueError:
        seen.gaps.append(Gap(what="system extensions", outcome="broken"))
        return
    found: dict[str, bool] = {}
    for entry in _list(content.get("extensions")):
        name, state = (entry.get("identifier"), entry.get("state")) if isinstance(entry, dict) else (None, None)
        if isinstance(name, str) and name and isinstance(state, str) and not state.startswith("terminated"):
            found[name] = found.get(name, False) or state == "activated_enabled"
    for name, enabled in sorted(found.items()):
        yield Service(name=name[:255], kind="system_extension", enabled=enabled)


def _login_items(host: Host, seen: _Seen) -> Iterator[Service]:
    """Yields what applications registered with the system itself, in a store that only root may ask for unasked."""
    try:
        if host.euid() != 0:
            raise NotPermitted("login items: only root is told without a password")
        dump = login_items.parse_dump(host.command("login_items").decode("utf-8", "replace"))
        if not dump.known:
            # No promise of Apple's either, and every Mac has a part for the system at least.
            raise SourceBroken("login items: have a form that is not known")
    except HostError as error:
        seen.gaps.append(Gap(what=LOGIN_ITEMS, outcome=outcome_of(error)))
        return
    yield from login_items.services(dump)


def _cron(host: Host, seen: _Seen) -> Iterator[Service]:
    try:
        users = host.names(CRONTABS)
    except Missing:
        return
    except HostError as error:
        seen.gaps.append(Gap(what="crontabs of users", outcome=outcome_of(error)))
        return
    for user in users[:50]:
        try:
            text = host.text(f"{CRONTABS}/{user}", PLIST_LIMIT)
        except HostError as error:
            seen.gaps.append(Gap(what="crontabs of users", outcome=outcome_of(error)))
            continue
        run_by = "system" if user == "root" else "user"
        for program in parse_crontab(text, with_user=False):
            # The file is called after the user, and no name of a person leaves the laptop.
            yield Service(name="user crontab", kind="cron", path=short(tilde(program)), enabled=True, run_by=run_by)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
