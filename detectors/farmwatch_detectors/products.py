"""What the catalogues know of programs: remote tools, VPNs and tunnels, and names that collide."""

from functools import cache
from typing import Literal

import msgspec

from .catalog import Entry, load

Alarm = Literal["allow", "info", "warn", "high"]
"""What a program means when no policy speaks of it. allow: companies install it themselves; info: everybody has
it, or it only shows the screen; warn: somebody can drive the laptop with it; high: named in farm reports."""

Role = Literal["host", "viewer"]
"""host: the laptop can be driven through it; viewer: it drives others, and is never a finding."""


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exact base names of executables on each system."""

    windows: tuple[str, ...] = ()
    macos: tuple[str, ...] = ()
    linux: tuple[str, ...] = ()

    def on(self, platform: str) -> tuple[str, ...]:
        """Returns the names on one system; those of Linux for a system nobody knows."""
        return {"windows": self.windows, "macos": self.macos}.get(platform, self.linux)


class Hints(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Facts that no source confirmed: they give low confidence at most, whatever agrees with them."""

    names: Names = Names()
    weak: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    bundle_ids: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    adapters: tuple[str, ...] = ()


class Product(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that matters.

    names          exact base names that are its own
    weak           names that other software bears too: never enough alone
    viewers        names of its parts that only drive others: such a program is never taken for the product
    patterns       "prefix*.exe" of per-customer builds: as weak as a weak name
    paths          fragments of its installed path; whole folder names, except where the end is open
    packages       names of its packages
    services       exact names of its services, launchd labels, systemd units (template units end in "@.service"), or
                   the beginning of a name that each installation ends in its own way, with "*" at its end
    weak_services  services that clean systems have too
    bundle_ids, signers  macOS bundle ids; code signers and macOS team ids (they confirm, they never start a match)
    ports          "tcp/5900": what it listens on
    distinctive    those of its ports that nothing else known uses: they survive a renamed file
    unowned        "tcp/5900": ports that say something alone when the file that listens there came with no package
    sha256         digests of its executables, as packages ship them: they survive a renamed file
    flags          argument flags of the agent that only this program has; joined with + only together
    domains        relay and control hosts of its maker alone, "*.example.com": for whoever reads a proxy's log beside
                   a finding; the agent tells no host names, so that nothing is matched on them
    tags           `farm-reported` (named in reports on farms), `farm-plausible`, `consumer`, `gaming` ...
    """

    name: str
    category: str
    alarm: Alarm
    role: Role = "host"
    tags: tuple[str, ...] = ()
    names: Names = Names()
    weak: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    weak_services: tuple[str, ...] = ()
    bundle_ids: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    distinctive: tuple[str, ...] = ()
    unowned: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    hints: Hints = Hints()


class RemoteTool(Product, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program through which a laptop can be seen or driven from elsewhere."""


class Tunnel(Product, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A VPN, mesh, tunnel or proxy program.

    interfaces  names of its network interfaces; "zt*" stands for a prefix
    adapters    driver descriptions of its adapters on Windows
    """

    interfaces: tuple[str, ...] = ()
    adapters: tuple[str, ...] = ()


class Collision(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names that harmless software bears too; wins over every other catalogue.

    alone  the most that such a name gives by itself: `none`, `low`, `info` (context only), `medium`, `high`
    rule   what must be there besides, in words
    """

    kind: Literal["name", "domain", "signer"]
    names: tuple[str, ...]
    tools: tuple[str, ...]
    benign: tuple[str, ...]
    rule: str
    alone: Literal["none", "low", "info", "medium", "high"]


@cache
def remote_tools() -> tuple[RemoteTool, ...]:
    """Returns the catalogue of remote tools, with what later exports of LOLRMM added (`farmwatch catalog`)."""
    return overlaid(load("remote_access", RemoteTool).entries, load("remote_access_lolrmm", RemoteTool).entries)


def overlaid(tools: tuple[RemoteTool, ...], more: tuple[RemoteTool, ...]) -> tuple[RemoteTool, ...]:
    """Returns tools with more facts about them, and more tools; what is one word (name, alarm, role) stays."""
    by_id = {tool.id: tool for tool in tools}
    for extra in more:
        tool = by_id.get(extra.id)
        if tool is None:
            by_id[extra.id] = extra
            continue
        facts: dict[str, tuple[str, ...] | Names] = {"names": _both(tool.names, extra.names)}
        for field in RemoteTool.__struct_fields__:
            value: object = getattr(tool, field)
            if isinstance(value, tuple):
                facts[field] = tuple(dict.fromkeys((*getattr(tool, field), *getattr(extra, field))))
        by_id[extra.id] = msgspec.structs.replace(tool, **facts)
    return tuple(by_id.values())


def _both(one: Names, other: Names) -> Names:
    return Names(
        windows=tuple(dict.fromkeys((*one.windows, *other.windows))),
        macos=tuple(dict.fromkeys((*one.macos, *other.macos))),
        linux=tuple(dict.fromkeys((*one.linux, *other.linux))),
    )


@cache
def tunnels() -> tuple[Tunnel, ...]:
    """Returns the catalogue of VPNs and tunnels."""
    return load("vpn_tunnel", Tunnel).entries


@cache
def collisions() -> tuple[Collision, ...]:
    """Returns the names that never count alone, and how much they do count."""
    return load("name_collisions", Collision).entries
