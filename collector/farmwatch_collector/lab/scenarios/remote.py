"""Remote-control programs as their products install them, and under other names. Facts: the products' packages and
the public lists that the detectors' catalogue names per entry (RustDesk, AnyDesk, Chrome Remote Desktop, MeshAgent).
"""

import msgspec

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sockets import Listener, OutboundCount
from farmwatch_schema.observables.software import Package

from .. import programs
from .device import Change, Facts

#: Programs that a scenario may name. `renamed` is a copy of RustDesk under another name; `rebuilt` one that was built
#: anew, so that neither its resources nor its signer tell; both are what an operator can do in an hour.
TOOLS = ("none", "rustdesk", "anydesk", "chrome_remote_desktop", "renamed", "meshcentral", "renamed_anydesk",
         "renamed_meshcentral", "rebuilt")  # fmt: skip
KNOWN = ("rustdesk", "anydesk", "chrome_remote_desktop", "meshcentral")
RENAMED = ("renamed", "renamed_anydesk", "renamed_meshcentral", "rebuilt")

#: RustDesk's background processes, and the window that it shows for as long as a peer is connected: arguments of its
#: core_main.rs, told as docs/flags.md says, under any name (rustdesk/rustdesk:src/core_main.rs, as the agent cites it).
_RUSTDESK = ("only_server", "only_service", "serves_screen")
_OTHER_NAME = ("only_server", "only_service")
_WINDOW = "remote_session_window"

_CHROME_MAC = "/Library/PrivilegedHelperTools/ChromeRemoteDesktopHost.app/Contents/MacOS"

Found = dict[str, list[Observable]]


def found(tool: str, platform: str) -> Found:
    """Returns what a laptop's probes find of an installed tool, by kind; {} for `none`."""
    return {
        "none": lambda _: {},
        "rustdesk": _rustdesk,
        "anydesk": _anydesk,
        "chrome_remote_desktop": _chrome,
        "meshcentral": _mesh,
        "renamed": _renamed,
        "renamed_anydesk": _renamed_anydesk,
        "renamed_meshcentral": _renamed_mesh,
        "rebuilt": _rebuilt,
    }[tool](platform)


def installed(tool: str, platform: str) -> Change:
    """Returns the change by which a tool comes onto a laptop."""
    things = found(tool, platform)

    def change(facts: Facts) -> None:
        for kind, items in things.items():
            facts.add(kind, *items)

    return change


def in_session(tool: str, platform: str, driven: bool) -> Change | None:
    """Returns how somebody's coming or going shows in a tool's programs; None for a tool that shows nothing known."""
    if tool not in ("rustdesk", "renamed", "rebuilt"):
        return None
    names = {getattr(item, "name", "") for item in found(tool, platform)["processes"]}

    def change(facts: Facts) -> None:
        facts.items["processes"] = tuple(
            msgspec.structs.replace(
                item, flags=tuple(sorted({*item.flags, _WINDOW} if driven else {*item.flags} - {_WINDOW}))
            )
            if isinstance(item, Process) and item.name in names
            else item
            for item in facts.items["processes"]
        )

    return change


def process(
    platform: str, name: str, path: str, *, package: str = "", signer: str | None = None, original: str | None = None,
    run_by: str = "both", count: str = "2-4", listens: bool = False, writable: bool = False,
    kernel_names: tuple[str, ...] = (), holds: tuple[str, ...] = (), helper: bool = False, flags: tuple[str, ...] = (),
) -> Process:  # fmt: skip
    """Returns a program as the platform's probe tells it: docs/facts.md says which field each fills."""
    if platform == "windows":
        return Process(
            name=name, path=path, signer=signer or "", original_name=original if original is not None else name,
            count=count, run_by=run_by, user_writable=writable, listens=listens, session_helper=helper, flags=flags,
        )  # fmt: skip
    if platform == "macos":
        return Process(
            name=name, path=path, package=package, signer=signer or "", count=count, run_by=run_by,
            user_writable=writable, listens=listens, flags=flags,
        )  # fmt: skip
    return Process(
        name=name, path=path, package=package, count=count, run_by=run_by, user_writable=writable, listens=listens,
        kernel_names=kernel_names, holds=holds, flags=flags,
    )  # fmt: skip


def _service(platform: str, names: tuple[str, str, str], path: str) -> Service:
    linux, macos, windows = names
    kind, name = {"linux": ("systemd", linux), "macos": ("launchd", macos)}.get(platform, ("service", windows))
    return Service(name=name, kind=kind, path=path, enabled=True, running=True, login_window=platform == "macos")


def _out(owner: str, count: str = "1") -> OutboundCount:
    return OutboundCount(owner=owner, count=count)


def _rustdesk(platform: str) -> Found:
    name, path, signer, package = {
        "windows": ("rustdesk.exe", r"C:\Program Files\RustDesk\rustdesk.exe", "PURSLANE", ""),
        "macos": ("RustDesk", "/Applications/RustDesk.app/Contents/MacOS/RustDesk", "HZF9JMC8YN",
                  "com.carriez.rustdesk"),
        "linux": ("rustdesk", "/usr/share/rustdesk/rustdesk", None, "rustdesk"),
    }[platform]  # fmt: skip
    bundle = package if platform == "macos" else ""
    source = {"windows": "uninstall", "macos": "application"}.get(platform, "dpkg")
    return {
        "processes": [process(platform, name, path, package=package, signer=signer, listens=True, helper=True,
                              holds=("uinput",), flags=_RUSTDESK)],
        "services": [_service(platform, ("rustdesk.service", "com.carriez.RustDesk_service", "RustDesk"), path)],
        "software": [Package(name="RustDesk" if platform != "linux" else "rustdesk", source=source, bundle=bundle)],
        "sockets": [Listener(protocol="tcp", port=21118, scope="network", owner=name, path=path), _out(name, "2-4")],
    }  # fmt: skip


def _anydesk(platform: str) -> Found:
    running = programs.any_desk(platform)
    path = running[0].path or ""
    source = {"windows": "uninstall", "macos": "application"}.get(platform, "dpkg")
    bundle = "com.philandro.anydesk" if platform == "macos" else ""
    return {
        "processes": [msgspec.structs.replace(each, flags=("serves_screen",)) for each in running],
        "services": [_service(platform, ("anydesk.service", "com.philandro.anydesk.service", "AnyDesk Service"), path)],
        "software": [Package(name="AnyDesk" if platform != "linux" else "anydesk", source=source, bundle=bundle)],
        "sockets": [
            Listener(protocol="tcp", port=7070, scope="network", owner=running[0].name, path=path),
            _out(running[0].name),
        ],
    }


def _chrome(platform: str) -> Found:
    name, path, signer, package = {
        "windows": ("remoting_host.exe", r"C:\Program Files (x86)\Google\Chrome Remote Desktop\131.0\remoting_host.exe",
                    "Google LLC", ""),
        "macos": ("remoting_me2me_host", f"{_CHROME_MAC}/remoting_me2me_host", "EQHXZ8M8AV",
                  "com.google.pkg.ChromeRemoteDesktopHost"),
        "linux": ("chrome-remote-desktop-host", "/opt/google/chrome-remote-desktop/chrome-remote-desktop-host", None,
                  "chrome-remote-desktop"),
    }[platform]  # fmt: skip
    names = ("chrome-remote-desktop@user.service", "org.chromium.chromoting", "chromoting")
    return {
        "processes": [process(platform, name, path, package=package, signer=signer, helper=True)],
        "services": [_service(platform, names, path)],
        "sockets": [_out(name)],
    }


def _mesh(platform: str) -> Found:
    name, path = {
        "windows": ("MeshAgent.exe", r"C:\Program Files\Mesh Agent\MeshAgent.exe"),
        "macos": ("meshagent", "/usr/local/mesh_services/meshagent/meshagent"),
        "linux": ("meshagent", "/usr/local/mesh_services/meshagent/meshagent"),
    }[platform]
    return {
        "processes": [process(platform, name, path, run_by="system", count="1", helper=True)],
        "services": _mesh_services(platform, ("meshagent.service", "meshagent", "Mesh Agent"), path),
        "sockets": [_out(name)],
    }


def _mesh_services(platform: str, names: tuple[str, str, str], path: str) -> list[Observable]:
    """A Mac's agent has a daemon, and beside it one for both kinds of session (createLaunchDaemon and createLaunchAgent
    in Ylianst/MeshAgent:modules/agent-installer.js).
    """
    service = _service(platform, names, path)
    if platform != "macos":
        return [service]
    daemon = msgspec.structs.replace(service, run_by="system", login_window=False)
    return [daemon, msgspec.structs.replace(service, name=f"{names[1]}-agent", run_by="user")]


def _renamed(platform: str) -> Found:
    return {
        "processes": [msgspec.structs.replace(programs.renamed_rust_desk(platform), flags=_OTHER_NAME)],
        "services": list(programs.rust_desk_services(platform)),
        "sockets": list(programs.rust_desk_sockets(platform)),
    }


def _renamed_anydesk(platform: str) -> Found:
    name, path = {
        "windows": ("DisplayTuner.exe", r"~\AppData\Local\DisplayTuner\DisplayTuner.exe"),
        "macos": ("DisplayTuner", "~/Library/DisplayTuner/DisplayTuner"),
        "linux": ("display-tuner", "/opt/display-tuner/display-tuner"),
    }[platform]
    running = process(
        platform, name, path, package="com.philandro.anydesk" if platform == "macos" else "",
        signer={"windows": "AnyDesk Software GmbH", "macos": "KHRWM533LU"}.get(platform), original="AnyDesk.exe",
        listens=True, writable=platform == "windows", kernel_names=("anydesk",),
    )  # fmt: skip
    listener = Listener(protocol="tcp", port=7070, scope="network", owner=name, path=path)
    return {"processes": [running], "sockets": [listener, _out(name)]}


def _renamed_mesh(platform: str) -> Found:
    """The installer's own setting: another name for program and service; the agent is unsigned or self-signed."""
    name, path = {
        "windows": ("FleetHealth.exe", r"C:\Program Files\Fleet Health\FleetHealth.exe"),
        "macos": ("fleethealth", "/usr/local/fleethealth/fleethealth"),
        "linux": ("fleethealth", "/usr/local/fleethealth/fleethealth"),
    }[platform]
    running = process(platform, name, path, run_by="system", count="1", original="MeshAgent.exe", helper=True,
                      kernel_names=("meshagent",))  # fmt: skip
    services = _mesh_services(platform, ("fleethealth.service", "fleethealth", "Fleet Health"), path)
    return {"processes": [running], "services": services, "sockets": [_out(name)]}


def _rebuilt(platform: str) -> Found:
    """RustDesk built by somebody: its own name in every resource, no signer, a relay and port of its own."""
    name, path = {
        "windows": ("HelpDock.exe", r"C:\ProgramData\HelpDock\HelpDock.exe"),
        "macos": ("HelpDock", "/Applications/HelpDock.app/Contents/MacOS/HelpDock"),
        "linux": ("helpdock", "/opt/helpdock/helpdock"),
    }[platform]
    running = process(platform, name, path, package="com.example.helpdock" if platform == "macos" else "",
                      listens=True, helper=True, holds=("uinput",), flags=_OTHER_NAME)  # fmt: skip
    service = _service(platform, ("helpdock.service", "com.example.helpdock", "HelpDock"), path)
    listener = Listener(protocol="tcp", port=35118, scope="network", owner=name, path=path)
    return {"processes": [running], "services": [service], "sockets": [listener, _out(name, "2-4")]}
