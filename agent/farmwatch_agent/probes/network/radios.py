"""Radios of Linux and their switches.

Sources: Documentation/ABI/stable/sysfs-class-rfkill, Documentation/driver-api/rfkill.rst.
"""

from collections.abc import Iterator
from typing import Literal

from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.network import Radio

from ...host import Host, HostError, Missing
from ..asking import outcome_of

RFKILL = "/sys/class/rfkill"
_KINDS = {"wlan": "wifi", "bluetooth": "bluetooth", "wwan": "mobile"}
#: A laptop often has two switches for one radio, the maker's and the card's: what is on anywhere is on.
_FIRST = ("on", "off", "blocked", "")


def collect(host: Host, *, has_radio: bool) -> Iterator[Observable]:
    """Yields a Radio per kind. Without rfkill in the kernel the state of a radio that is there is a gap."""
    try:
        names = host.names(RFKILL)
    except Missing:
        if has_radio:
            yield Gap(what="switches of radios", outcome="not_supported")
        return
    except HostError as error:
        yield Gap(what="switches of radios", outcome=outcome_of(error))
        return
    states: dict[str, set[str]] = {}
    refused: Literal["not_permitted", "not_supported", "broken"] | None = None
    for name in names[:64]:
        try:
            kind = _KINDS.get(host.text(f"{RFKILL}/{name}/type", 64))
        except Missing:
            continue  # an adapter was unplugged between two looks
        except HostError as error:
            refused = outcome_of(error)
            continue
        if kind is not None:
            states.setdefault(kind, set()).add(state_of(_text(host, name, "soft"), _text(host, name, "hard")))
    if refused:
        yield Gap(what="switches of some radios", outcome=refused)
    for kind, seen in sorted(states.items()):
        yield Radio(kind=kind, state=next(state for state in _FIRST if state in seen))


def state_of(soft: str, hard: str) -> str:
    """Returns a radio's state from its two blocks, "1" or "0" each; "" when neither says anything."""
    if hard == "1":
        return "blocked"
    if soft == "1":
        return "off"
    return "on" if soft == "0" else ""


def _text(host: Host, name: str, file: str) -> str:
    try:
        return host.text(f"{RFKILL}/{name}/{file}", 16).strip()
    except HostError:
        return ""
