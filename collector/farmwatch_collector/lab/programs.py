"""Programs of simulated laptops. Names, paths, signers and ports are those of the products.

Sources: the products' packages and public catalogues, named per entry in the detectors' catalogue.
"""

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sockets import Listener, OutboundCount
from farmwatch_schema.observables.software import Package

_CONTROL_CENTER = "/System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter"

#: Team ids of Mac developers, as codesign shows them; sources stand in the catalogue.
_GOOGLE, _ZOOM = "EQHXZ8M8AV", "BJ4HAAB9B3"


def software(platform: str) -> list[Package]:
    """Returns what is installed on any laptop."""
    if platform == "windows":
        listed = (("Mozilla Firefox (x64 en-US)", "Mozilla"), ("Zoom Workplace", "Zoom Communications, Inc."),
                  ("Git", "The Git Development Community"), ("7-Zip 24.08 (x64)", "Igor Pavlov"))  # fmt: skip
        return [Package(name=name, publisher=maker, source="uninstall") for name, maker in listed]
    if platform == "macos":
        bundles = (("Google Chrome", "com.google.Chrome"), ("zoom.us", "us.zoom.xos"), ("Safari", "com.apple.Safari"))
        return [Package(name=name, bundle=bundle, source="application") for name, bundle in bundles]
    return [Package(name=name, source="dpkg") for name in ("firefox-esr", "libreoffice-core", "git", "openssh-client")]


def sockets(platform: str) -> list[Observable]:
    """Returns what listens and talks on any laptop."""
    if platform == "windows":
        heard = [Listener(protocol="tcp", port=port, scope="network", owner="svchost.exe",
                          path=r"C:\Windows\System32\svchost.exe") for port in (135, 5040, 7680)]  # fmt: skip
        return [*heard, OutboundCount(owner="firefox.exe", count="5-9")]
    if platform == "macos":
        heard = [Listener(protocol="tcp", port=7000, scope="network", owner="ControlCenter", path=_CONTROL_CENTER)]
        return [*heard, OutboundCount(owner="Google Chrome Helper", count="5-9")]
    cups = Listener(protocol="tcp", port=631, scope="loopback", owner="cupsd")
    return [cups, OutboundCount(owner="firefox", count="5-9")]


def ordinary(platform: str) -> list[Process]:
    """Returns what runs on any laptop."""
    if platform == "windows":
        return [
            _windows("explorer.exe", r"C:\Windows\explorer.exe", "Microsoft Windows", "EXPLORER.EXE"),
            _windows("svchost.exe", r"C:\Windows\System32\svchost.exe", "Microsoft Windows", "svchost.exe", "50+"),
            _windows("dwm.exe", r"C:\Windows\System32\dwm.exe", "Microsoft Windows", "dwm.exe"),
            _windows(
                "firefox.exe",
                r"C:\Program Files\Mozilla Firefox\firefox.exe",
                "Mozilla Corporation",
                "firefox.exe",
                "10-49",
            ),
            _windows("Zoom.exe", r"C:\Program Files\Zoom\bin\Zoom.exe", "Zoom Communications, Inc.", "Zoom.exe"),
        ]
    if platform == "macos":
        return [
            _mac("launchd", "/sbin/launchd", "com.apple.xpc.launchd", "Apple", run_by="both"),
            _mac("ControlCenter", _CONTROL_CENTER, "com.apple.controlcenter", "Apple", listens=True),
            _mac("Google Chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "com.google.Chrome",
                 _GOOGLE),
            _mac("zoom.us", "/Applications/zoom.us.app/Contents/MacOS/zoom.us", "us.zoom.xos", _ZOOM),
        ]  # fmt: skip
    return [
        _linux("systemd", "/usr/lib/systemd/systemd", "systemd", run_by="both"),
        _linux("gnome-shell", "/usr/bin/gnome-shell", "gnome-shell"),
        _linux("firefox-esr", "/usr/lib/firefox-esr/firefox-esr", "firefox-esr", "10-49"),
        _linux("sshd", "/usr/sbin/sshd", "openssh-server", run_by="system", listens=True),
        _linux("zoom", "/opt/zoom/zoom", "zoom"),
    ]


def services(platform: str) -> list[Observable]:
    """Returns what starts by itself on any laptop."""
    if platform == "windows":
        shared = r"C:\Windows\System32\svchost.exe"
        own = [
            Service(name=name, kind="service", path=shared, enabled=True, running=True) for name in ("Dhcp", "Dnscache")
        ]
        return [*own, Service(name="TermService", kind="service", path=shared, enabled=False, running=True)]
    if platform == "macos":
        return [
            Service(name="com.apple.screensharing", kind="launchd", enabled=False, running=False),
            Service(name="us.zoom.ZoomDaemon", kind="launchd", enabled=True, running=False,
                    path="/Library/PrivilegedHelperTools/us.zoom.ZoomDaemon"),
        ]  # fmt: skip
    return [
        Service(name=f"{name}.service", kind="systemd", path=path, enabled=True, running=True)
        for name, path in (
            ("ssh", "/usr/sbin/sshd"),
            ("NetworkManager", "/usr/sbin/NetworkManager"),
            ("cron", "/usr/sbin/cron"),
        )
    ]


def _windows(name: str, path: str, signer: str, original: str, count: str = "1", writable: bool = False) -> Process:
    return Process(
        name=name, path=path, signer=signer, original_name=original, count=count, user_writable=writable,
        run_by="user", listens=False, holds=(),
    )  # fmt: skip


def _linux(
    name: str, path: str, package: str, count: str = "1", run_by: str = "user", listens: bool = False
) -> Process:
    return Process(
        name=name,
        path=path,
        package=package,
        count=count,
        user_writable=False,
        run_by=run_by,
        listens=listens,
        holds=(),
    )


def _mac(name: str, path: str, bundle: str, team: str, run_by: str = "user", listens: bool = False) -> Process:
    return Process(
        name=name, path=path, package=bundle, signer=team, user_writable=False, run_by=run_by, listens=listens
    )  # fmt: skip


def parsec(platform: str) -> Process:
    """Returns Parsec's host program."""
    if platform == "windows":
        return _windows("parsecd.exe", r"C:\Program Files\Parsec\parsecd.exe", "Parsec Cloud, Inc.", "parsecd.exe")
    if platform == "macos":
        return _mac("parsecd", "/Applications/Parsec.app/Contents/MacOS/parsecd", "tv.parsec.www", "Y9MY52XZDB")
    return _linux("parsecd", "/usr/bin/parsecd", "parsec")


def proton_vpn(platform: str) -> list[Process]:
    """Returns Proton VPN's client."""
    if platform == "windows":
        return [
            _windows(
                "ProtonVPN.Client.exe",
                r"C:\Program Files\Proton\VPN\ProtonVPN.Client.exe",
                "Proton AG",
                "ProtonVPN.Client.exe",
            )
        ]
    if platform == "macos":
        path = "/Applications/ProtonVPN.app/Contents/MacOS/ProtonVPN"
        return [_mac("ProtonVPN", path, "ch.protonvpn.mac", "J6S6Q257EK")]
    return [_linux("protonvpn-app", "/usr/bin/protonvpn-app", "proton-vpn-gtk-app")]


def team_viewer(platform: str) -> list[Process]:
    """Returns TeamViewer with its service."""
    if platform == "windows":
        return [
            _windows(
                "TeamViewer_Service.exe",
                r"C:\Program Files\TeamViewer\TeamViewer_Service.exe",
                "TeamViewer Germany GmbH",
                "TeamViewer_Service.exe",
            )
        ]
    if platform == "macos":
        path = "/Applications/TeamViewer.app/Contents/MacOS/TeamViewer"
        return [_mac("TeamViewer", path, "com.teamviewer.TeamViewer", "H7UGFBUGV6")]
    return [_linux("teamviewerd", "/opt/teamviewer/tv_bin/teamviewerd", "teamviewer", run_by="system")]


def any_desk(platform: str) -> list[Process]:
    """Returns AnyDesk as its package installs it."""
    if platform == "windows":
        return [
            _windows(
                "AnyDesk.exe", r"C:\Program Files (x86)\AnyDesk\AnyDesk.exe", "AnyDesk Software GmbH", "AnyDesk.exe"
            )
        ]
    if platform == "macos":
        path = "/Applications/AnyDesk.app/Contents/MacOS/AnyDesk"
        return [_mac("AnyDesk", path, "com.philandro.anydesk", "KHRWM533LU", run_by="both")]
    return [_linux("anydesk", "/usr/bin/anydesk", "anydesk", run_by="both")]


def tailscale(platform: str) -> list[Process]:
    """Returns Tailscale's daemon."""
    if platform == "windows":
        return [
            _windows("tailscaled.exe", r"C:\Program Files\Tailscale\tailscaled.exe", "Tailscale Inc.", "tailscaled.exe")
        ]
    if platform == "macos":
        path = "/Applications/Tailscale.app/Contents/MacOS/Tailscale"
        return [_mac("Tailscale", path, "io.tailscale.ipn.macsys", "W5364U7YZB")]
    return [_linux("tailscaled", "/usr/sbin/tailscaled", "tailscale", run_by="system")]


def global_protect(platform: str) -> list[Process]:
    """Returns the GlobalProtect client of a company VPN."""
    if platform == "windows":
        return [
            _windows(
                "PanGPA.exe",
                r"C:\Program Files\Palo Alto Networks\GlobalProtect\PanGPA.exe",
                "Palo Alto Networks",
                "PanGPA.exe",
            )
        ]
    if platform == "macos":
        path = "/Applications/GlobalProtect.app/Contents/MacOS/GlobalProtect"
        return [_mac("GlobalProtect", path, "com.paloaltonetworks.GlobalProtect.client", "PXPZ95SK77")]
    return [_linux("PanGPA", "/opt/paloaltonetworks/globalprotect/PanGPA", "globalprotect")]


def remmina(platform: str) -> Process:
    """Returns an outbound remote-desktop client."""
    if platform == "windows":
        return _windows("mstsc.exe", r"C:\Windows\System32\mstsc.exe", "Microsoft Windows", "mstsc.exe")
    if platform == "macos":
        path = "/Applications/Windows App.app/Contents/MacOS/Windows App"
        return _mac("Windows App", path, "com.microsoft.rdc.macos", "UBF8T346G9")
    return _linux("remmina", "/usr/bin/remmina", "remmina")


def renamed_rust_desk(platform: str) -> Process:
    """Returns RustDesk under another name: the file is renamed, what it carries inside is not."""
    if platform == "windows":
        return _windows(
            "SyncHostSvc.exe",
            r"~\AppData\Local\SyncHost\SyncHostSvc.exe",
            "PURSLANE",
            "rustdesk.exe",
            "2-4",
            writable=True,
        )
    if platform == "macos":
        bundle = "com.carriez.rustdesk"
        return _mac("SyncHost", "~/Library/SyncHost/SyncHost", bundle, "HZF9JMC8YN", run_by="both", listens=True)
    return Process(
        name="sync-host", path="/opt/sync-host/sync-host", package="", user_writable=False, kernel_names=("rustdesk",),
        run_by="both", count="2-4", listens=True, holds=("uinput",),
    )  # fmt: skip


def rust_desk_sockets(platform: str) -> list[Observable]:
    """Returns RustDesk's direct-access listener and its relay connections."""
    owner = {"windows": "SyncHostSvc.exe", "macos": "SyncHost"}.get(platform, "sync-host")
    return [
        Listener(protocol="tcp", port=21118, scope="network", owner=owner),
        OutboundCount(owner=owner, count="2-4"),
    ]


def rust_desk_services(platform: str) -> list[Service]:
    """Returns the service under which the renamed program starts."""
    kind, name = {
        "windows": ("service", "SyncHostSvc"),
        "macos": ("launchd", "com.example.synchost"),
    }.get(platform, ("systemd", "sync-host.service"))
    return [Service(name=name, kind=kind, enabled=True, running=True)]
