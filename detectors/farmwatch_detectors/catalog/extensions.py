"""What entries of extensions.yaml and accessibility.yaml hold: additions to browsers, and who may see the screen."""

from functools import cache
from typing import Literal

from farmwatch_schema.observables.browsers import BrowserExtension, NativeHost

from ..products import Alarm, Names, Role
from . import Entry, load

Category = Literal[
    "remote-access", "remote-assist", "viewer", "vpn", "residential-proxy", "proxy-switcher", "keep-awake", "ai-agent"
]
"""remote-access: belongs to a host that waits for somebody; remote-assist: of a session that a person starts each time;
residential-proxy: lends the laptop's address to strangers; the others as their words say."""


class Extension(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A browser extension, a native-messaging host, or both.

    role     `host`: part of what lets others in; `viewer`: what drives others, never a finding
    product  id in remote_access.yaml or vpn_tunnel.yaml of the program it belongs to; "" when there is none
    ids      extension ids: 32 letters a-p, or an add-on id of Firefox
    hosts    names of native-messaging hosts: registered when the program is installed, and gone with it
    """

    name: str
    category: Category
    alarm: Alarm
    role: Role = "host"
    product: str = ""
    ids: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class Assistive(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program for people with disabilities: it reads the screen or gives input, and is never counted for that.

    names    exact base names of its executables
    bundles  macOS bundle ids, as grants name them
    why      what it is, in words
    """

    name: str
    why: str
    names: Names = Names()
    bundles: tuple[str, ...] = ()


@cache
def extensions() -> tuple[Extension, ...]:
    """Returns the catalogue of extensions and native-messaging hosts."""
    return load("extensions", Extension).entries


@cache
def assistive() -> tuple[Assistive, ...]:
    """Returns the programs of assistive technology."""
    return load("accessibility", Assistive).entries


def extension_of(observed: BrowserExtension | NativeHost) -> Extension | None:
    """Returns the entry of an extension or native-messaging host, or None."""
    if isinstance(observed, NativeHost):
        return _by_host().get(observed.name)
    return _by_id().get(observed.id)


def is_assistive(name: str, platform: str) -> bool:
    """Returns whether a program of this base name, or a Mac's of this bundle id, is assistive technology."""
    return (platform, name.casefold().removesuffix(".exe")) in _assistive_names()


@cache
def _by_id() -> dict[str, Extension]:
    return {each: entry for entry in extensions() for each in entry.ids}


@cache
def _by_host() -> dict[str, Extension]:
    return {each: entry for entry in extensions() for each in entry.hosts}


@cache
def _assistive_names() -> frozenset[tuple[str, str]]:
    platforms = ("windows", "macos", "linux")
    named = {(p, n.casefold().removesuffix(".exe")) for e in assistive() for p in platforms for n in e.names.on(p)}
    return frozenset(named | {("macos", bundle.casefold()) for e in assistive() for bundle in e.bundles})
