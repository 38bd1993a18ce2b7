"""What an entry of control_helpers.yaml holds: ordinary programs that see the screen or give input."""

from functools import cache
from typing import Literal

from farmwatch_schema.observables.processes import Process

from ..products import Names
from . import Entry, load

Kind = Literal[
    "window-manager", "launcher", "automation", "text-expander", "key-remapper", "device-driver", "dock",
    "password-manager", "meeting", "screen-recorder", "ai-agent", "dictation", "game-client",
]  # fmt: skip


class ControlHelper(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that holds what a remote tool holds, for another purpose.

    names     exact base names of its executables
    packages  names of the packages that bring it
    bundles   macOS bundle ids, as grants name them
    signers   code signers, and team ids on macOS
    """

    name: str
    kind: Kind
    names: Names = Names()
    packages: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()


@cache
def helpers(*kinds: Kind) -> tuple[ControlHelper, ...]:
    """Returns the entries of these kinds, of all when none is named."""
    entries = load("control_helpers", ControlHelper).entries
    return tuple(entry for entry in entries if not kinds or entry.kind in kinds)


def helper_of(process: Process, platform: str) -> tuple[ControlHelper | None, bool]:
    """Returns which of them a program calls itself, and whether its signer or package agrees."""
    entry = _by_name().get((platform, process.name.casefold().removesuffix(".exe")))
    if entry is None:
        return None, False
    return entry, process.signer in entry.signers or (process.package or "") in entry.packages


@cache
def _by_name() -> dict[tuple[str, str], ControlHelper]:
    platforms = ("windows", "macos", "linux")
    return {
        (platform, name.casefold().removesuffix(".exe")): entry
        for entry in helpers()
        for platform in platforms
        for name in entry.names.on(platform)
    }
