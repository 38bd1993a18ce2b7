"""Who is logged in, and from where."""

from ..identifiers import Identifier
from .base import Kind, Observable


class Session(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="session"):
    """A login.

    origin    `console` (at the laptop) or `remote`
    protocol  `tty`, `x11`, `wayland`, `ssh`, `rdp`, `vnc`, ... or ""
    user      keyed
    client    where a remote login comes from, keyed address or name; null when not known
    since     UTC to the minute
    ended     False while it lasts
    """

    origin: str
    protocol: str = ""
    user: Identifier | None = None
    client: Identifier | None = None
    since: str = ""
    ended: bool = False


KIND = Kind("sessions", "state", (Session,))
