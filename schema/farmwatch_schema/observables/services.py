"""What starts by itself."""

from .base import Kind, Observable


class Service(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="service"):
    """A service or scheduled start.

    kind     `systemd`, `init`, `launchd`, `system_extension`, `cron`, `autostart`, ...
    path     the program it starts, without its arguments, home folders as `~`; "" when not known
    enabled  starts by itself; null when not known
    running  runs now; null when not known
    run_by   `system` or `user`
    login_window  macOS: also runs at the login window, before anybody has logged in
    """

    name: str
    kind: str
    path: str = ""
    enabled: bool | None = None
    running: bool | None = None
    run_by: str = "system"
    login_window: bool = False


KIND = Kind("services", "state", (Service,))
