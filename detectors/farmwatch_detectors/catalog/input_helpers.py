"""What an entry of input_helpers.yaml holds: programs because of which input comes from software."""

from functools import cache
from typing import Literal

from farmwatch_schema.observables.processes import Process

from ..matching import folded, platform_of
from ..products import Names
from ..view import DeviceView
from . import Entry, load
from .deception import tools
from .extensions import is_assistive

Kind = Literal["remapper", "on_screen", "text_expander", "password_manager", "automation", "mouse_software"]
"""remapper: holds keyboards and speaks for them all day; on_screen: keys and clicks chosen on the screen, by eyes or
switches; the others give some input now and then."""


class InputHelper(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that gives input for its user; `names` are exact base names of its executables."""

    name: str
    kind: Kind
    names: Names


@cache
def input_helpers() -> tuple[InputHelper, ...]:
    """Returns the catalogue."""
    return load("input_helpers", InputHelper).entries


def replaces_hands(device: DeviceView) -> str:
    """Returns the name of a running program through which all of a person's input may come; "" when none is seen.

    Remappers, assistive technology, and one keyboard shared by several computers. Whoever hides behind such a program
    loses weight and not the finding: its name explains, and proves nothing.
    """
    platform = platform_of(device)
    for process in device.of("processes", Process):
        if is_assistive(process.name, platform) or _known(platform).get(folded(process.name, platform)) is True:
            return process.name
    return ""


def helps_input(device: DeviceView) -> str:
    """Returns the name of a running program that gives some input now and then; "" when none is seen."""
    platform = platform_of(device)
    names = (p.name for p in device.of("processes", Process) if folded(p.name, platform) in _known(platform))
    return next(names, "")


def holds_keyboard(device: DeviceView) -> bool:
    """Whether a remapper runs, which holds the laptop's own keyboard so that it seems to rest."""
    platform = platform_of(device)
    held = {folded(n, platform) for each in input_helpers() if each.kind == "remapper" for n in each.names.on(platform)}
    return any(folded(process.name, platform) in held for process in device.of("processes", Process))


@cache
def _known(platform: str) -> dict[str, bool]:
    """Base name as compared -> whether all of a person's input may come through it."""
    known = {
        folded(name, platform): helper.kind in ("remapper", "on_screen")
        for helper in input_helpers()
        for name in helper.names.on(platform)
    }
    for tool in tools("input-sharing"):
        for name in (*tool.names.on(platform), *tool.hints.names.on(platform)):
            known.setdefault(folded(name, platform), True)
    return known
