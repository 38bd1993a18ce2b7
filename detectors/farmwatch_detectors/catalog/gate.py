"""The gate: what no entry of a catalogue of programs may name as its own. For `farmwatch catalog`, never for a score.

Each function returns why a fact must not stand, in words that follow the fact ("dwm.exe is a program of Windows
itself"), or "" when nothing speaks against it.
"""

import ipaddress
import re
from functools import cache
from typing import Literal

from ..products import collisions
from . import Entry, load

Kind = Literal["name", "service", "signer", "domain", "zone", "folder"]
"""domain: the host itself, or all under it at once; zone: every host under it."""

_FILE_NAME = re.compile(r"[\w][\w .()+&'!@,\[\]-]{0,79}\Z")
_HOST = re.compile(r"(\*\.)?([a-z0-9_*-]+\.)+[a-z]{2,24}\Z")
#: Labels under which everybody may register: "*.com", "*.co.uk", "*.local".
_PUBLIC = frozenset({"local", "lan", "internal", "home", "arpa", "test", "invalid", "example", "localhost"})
_SECOND = frozenset({"co", "com", "net", "org", "ac", "gov", "edu"})
SHORTEST = 3


class GateList(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of one kind, small letters, and why they say nothing; names without ".exe"."""

    kind: Kind
    why: str
    values: tuple[str, ...]


def stem(name: str) -> str:
    """Returns a file name as the gate compares it."""
    return name.strip().casefold().removesuffix(".exe")


def name_fault(name: str) -> str:
    """Returns why this may not be a program's own file name."""
    if not _FILE_NAME.match(name):
        return "is no file name"
    short = stem(name)
    if len(short) < SHORTEST:
        return f"has fewer than {SHORTEST} letters"
    return _lists("name").get(short, "")


def collides(name: str) -> bool:
    """Returns whether name_collisions.yaml says that this name is weak."""
    return stem(name) in _collided()


def service_fault(name: str) -> str:
    """Returns why this may not be a program's own service."""
    if len(name.strip(" *")) < SHORTEST or "%" in name or len(name) > 120:
        return "is no service's name"
    return _lists("service").get(name.casefold(), "") or _lists("name").get(stem(name), "")


def signer_fault(name: str) -> str:
    """Returns why this signer may not confirm a program."""
    lower = name.casefold().strip()
    if lower in _collided_signers():
        return "signs many products of other makers or kinds"
    return _lists("signer").get(lower, "")


def domain_fault(host: str) -> str:
    """Returns why this host may not be called a program's own."""
    lower = host.casefold().rstrip(".")
    try:
        ipaddress.ip_address(lower.strip("[]"))
    except ValueError:
        pass
    else:
        return "is an address, which changes hands"
    if not _HOST.match(lower):
        return "is no host name"
    labels = lower.removeprefix("*.").split(".")
    if labels[-1] in _PUBLIC or lower in ("*." + labels[-1], labels[-1]):
        return "holds every host under a name that anybody uses"
    if lower.startswith("*.") and (len(labels) == 1 or (len(labels) == 2 and labels[0] in _SECOND)):
        return "holds every host under a name that anybody uses"
    for zone, why in _lists("zone").items():
        if lower == zone or lower.endswith("." + zone):
            return why
    return _lists("domain").get(lower.removeprefix("*."), "")


def path_fault(fragment: str) -> str:
    """Returns why this part of a path may not be a program's own folder."""
    parts = [part for part in re.split(r"[\\/]", fragment.casefold()) if part]
    if not parts or len("".join(parts)) < SHORTEST:
        return "is no folder's name"
    known = _lists("folder")
    if all(part in known for part in parts):
        return known[parts[-1]]
    if any("*" in part or "%" in part or "?" in part for part in parts):
        return "holds a placeholder"
    return ""


@cache
def _lists(kind: Kind) -> dict[str, str]:
    return {
        value: entry.why for entry in load("gate", GateList).entries if entry.kind == kind for value in entry.values
    }


@cache
def _collided() -> frozenset[str]:
    weak = (c for c in collisions() if c.kind == "name" and c.alone in ("none", "low", "info"))
    return frozenset(stem(name) for collision in weak for name in collision.names)


@cache
def _collided_signers() -> frozenset[str]:
    return frozenset(name.casefold() for c in collisions() if c.kind == "signer" for name in c.names)
