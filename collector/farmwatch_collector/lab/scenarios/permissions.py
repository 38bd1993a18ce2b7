"""What a laptop's agent may not see, one permission at a time: what its probes then say instead.

Words of gaps and sections are the agent's own, as its recorded hosts without rights show them (docs/support.md).
"""

from collections.abc import Callable

from farmwatch_schema.observables import Gap
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.input_source import InputDay
from farmwatch_schema.observables.media import Grant, MediaUse
from farmwatch_schema.observables.sockets import InboundConnection, OutboundCount

from .device import Device, Facts

_ALL = ("linux", "macos", "windows")


def _denied(kind: str, reason: str) -> Callable[[Facts], None]:
    return lambda facts: facts.deny(kind, "not_permitted", reason)


def _gap(
    kind: str, what: str, gone: Callable[[object], bool] = lambda _: False, count: str = ""
) -> Callable[[Facts], None]:
    def change(facts: Facts) -> None:
        facts.drop(kind, gone)
        facts.add(kind, Gap(what=what, outcome="not_permitted", count=count))

    return change


def _executables(facts: Facts) -> None:
    """The agent runs as an ordinary user: of others' programs it sees a count."""
    facts.drop("processes", lambda item: getattr(item, "run_by", "user") != "user")
    facts.add("processes", Gap(what="executables of other users' processes", outcome="not_permitted", count="50+"))


#: Each missing permission: on which platforms there is one, and what it takes away.
_TABLE: dict[str, tuple[tuple[str, ...], Callable[[Facts], None]]] = {
    "usb": (("macos",), _denied("usb", "the registry may not be asked")),
    "displays": (("macos",), _denied("displays", "the registry may not be asked")),
    "input": (("macos", "windows"), _denied("input_source", "not seen: a day's activity: may not be asked")),
    "input_days": (
        _ALL,
        _gap(
            "input_source", "a day's activity: only the running reader counts it", lambda it: isinstance(it, InputDay)
        ),
    ),
    "processes": (_ALL, _executables),
    "services": (("linux", "macos"), _denied("services", "Services may be read by root only.")),
    "sockets": (
        _ALL,
        _gap("sockets", "owners of sockets", lambda it: isinstance(it, InboundConnection | OutboundCount), "10-49"),
    ),
    "browsers": (_ALL, _denied("browsers", "not seen: browsers of other users")),
    "media": (
        ("macos",),
        _gap("media", "grants (TCC.db needs Full Disk Access)", lambda it: isinstance(it, Grant | MediaUse)),
    ),
    "wifi": (_ALL, _denied("wifi", "not seen: the Wi-Fi network")),
    "sessions": (("macos",), _denied("sessions", "not seen: logins")),
    "panel": (
        ("windows",),
        _gap("displays", "connectors and modes of displays", lambda it: isinstance(it, Display) and it.internal),
    ),
}
MISSING = ("none", *_TABLE)


def is_missing_on(name: str, platform: str) -> bool:
    """Whether a platform has this permission, so that it can be missing."""
    return name == "none" or platform in _TABLE[name][0]


def take_away(device: Device, name: str, at: int | None = None) -> None:
    """Takes a permission from a device's agent, from the first report on or from a time on."""
    if name != "none":
        device.later(device.enrolled if at is None else at, _TABLE[name][1], wakes=False)
        if name == "input_days":
            device.facts.hides_days = True
