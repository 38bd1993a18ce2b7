"""Programs of simulated laptops. Names, paths, signers and ports are those of the products.

Sources: the products' packages and public catalogues, named per entry in the detectors' catalogue.
"""

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sockets import Listener, OutboundCount

SOFTWARE = ("firefox-esr", "libreoffice-core", "git", "openssh-client")


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
    return [
        _linux("systemd", "/usr/lib/systemd/systemd", "systemd", run_by="both"),
        _linux("gnome-shell", "/usr/bin/gnome-shell", "gnome-shell"),
        _linux("firefox-esr", "/usr/lib/firefox-esr/firefox-esr", "firefox-esr", "10-49"),
        _linux("sshd", "/usr/sbin/sshd", "openssh-server", run_by="system", listens=True),
        _linux("zoom", "/opt/zoom/zoom", "zoom"),
    ]


def services(platform: str) -> list[Service]:
    """Returns what starts by itself on any laptop."""
    if platform == "windows":
        return [
            Service(name=name, kind="windows", enabled=True, running=True) for name in ("Dhcp", "Dnscache", "WinDefend")
        ]
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


def parsec(platform: str) -> Process:
    """Returns Parsec's host program."""
    if platform == "windows":
        return _windows("parsecd.exe", r"C:\Program Files\Parsec\parsecd.exe", "Parsec Cloud, Inc.", "parsecd.exe")
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
    return [_linux("teamviewerd", "/opt/teamviewer/tv_bin/teamviewerd", "teamviewer", run_by="system")]


def any_desk(platform: str) -> list[Process]:
    """Returns AnyDesk as its package installs it."""
    if platform == "windows":
        return [
            _windows(
                "AnyDesk.exe", r"C:\Program Files (x86)\AnyDesk\AnyDesk.exe", "AnyDesk Software GmbH", "AnyDesk.exe"
            )
        ]
    return [_linux("anydesk", "/usr/bin/anydesk", "anydesk", run_by="both")]


def tailscale(platform: str) -> list[Process]:
    """Returns Tailscale's daemon."""
    if platform == "windows":
        return [
            _windows("tailscaled.exe", r"C:\Program Files\Tailscale\tailscaled.exe", "Tailscale Inc.", "tailscaled.exe")
        ]
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
    return [_linux("PanGPA", "/opt/paloaltonetworks/globalprotect/PanGPA", "globalprotect")]


def remmina(platform: str) -> Process:
    """Returns an outbound remote-desktop client."""
    if platform == "windows":
        return _windows("mstsc.exe", r"C:\Windows\System32\mstsc.exe", "Microsoft Windows", "mstsc.exe")
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
    return Process(
        name="sync-host", path="/opt/sync-host/sync-host", package="", user_writable=False, kernel_names=("rustdesk",),
        run_by="both", count="2-4", listens=True, holds=("uinput",),
    )  # fmt: skip


def rust_desk_sockets(platform: str) -> list[Observable]:
    """Returns RustDesk's direct-access listener and its relay connections."""
    owner = "SyncHostSvc.exe" if platform == "windows" else "sync-host"
    return [
        Listener(protocol="tcp", port=21118, scope="network", owner=owner),
        OutboundCount(owner=owner, count="2-4"),
    ]


def rust_desk_services(platform: str) -> list[Service]:
    """Returns the service under which the renamed program starts."""
    kind, name = ("windows", "SyncHostSvc") if platform == "windows" else ("systemd", "sync-host.service")
    return [Service(name=name, kind=kind, enabled=True, running=True)]
