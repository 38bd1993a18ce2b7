"""What an entry of edid.yaml holds, and which entries a display matches."""

from collections.abc import Collection, Iterator
from typing import Literal, get_args

import msgspec

from farmwatch_schema.observables.displays import Display

from ..edid_body import body_digest
from . import Catalogue, Entry, load

Kind = Literal["ip_kvm", "kvm_board", "residue", "donor", "kvm_over_ip", "capture_chip", "dummy_plug", "kvm_switch"]
#: Kinds that stand in place of a monitor. A local KVM switch does not: the monitor hangs behind it, at the desk.
INPUTS: frozenset[Kind] = frozenset[Kind](get_args(Kind)) - {"kvm_switch"}
How = Literal["pair", "digest", "serial", "body", "extension"]


class EdidEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A family of EDIDs that no real monitor sends, or that are published for disguise.

    product       id in ip_kvm.yaml, "" when there is none
    pairs         manufacturer and product code, "LNX:7770"
    names         when given, the monitor's name must be one of them beside the pair
    serials       when given, the serial descriptor must be one of these published ones beside the pair
    base_digests  SHA-256 of the first 128 bytes, serial included
    bodies        `edid_body.body_digest` of them: what stays when names and serials are edited
    extension     first bytes of an extension block that is zero from there to its checksum, as hex
    """

    name: str
    kind: Kind
    product: str = ""
    pairs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()
    base_digests: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    extension: str = ""


class Match(msgspec.Struct, frozen=True):
    """One thing by which a display matched an entry."""

    entry: EdidEntry
    how: How


def catalogue() -> Catalogue[EdidEntry]:
    """Returns the catalogue of EDIDs."""
    return load("edid", EdidEntry)


def matches(display: Display, kinds: Collection[Kind] = INPUTS) -> Iterator[Match]:
    """Yields every way in which a display's EDID equals a catalogue entry of these kinds."""
    pair = f"{display.manufacturer}:{display.product}"
    name = display.name.strip().casefold()
    body = body_digest(display.edid)
    extension = display.edid[256:512].lower()
    serial = display.serial.constant if display.serial is not None else ""
    for entry in catalogue().entries:
        if entry.kind not in kinds:
            continue
        if entry.serials:
            if display.base_digest and display.base_digest in entry.base_digests:
                yield Match(entry, "digest")
            elif pair in entry.pairs and serial in entry.serials:
                yield Match(entry, "serial")
        elif pair in entry.pairs and (not entry.names or name in {known.strip().casefold() for known in entry.names}):
            yield Match(entry, "pair")
        elif display.base_digest and display.base_digest in entry.base_digests:
            yield Match(entry, "digest")
        elif body and body in entry.bodies:
            yield Match(entry, "body")
        elif entry.extension and len(extension) == 256 and extension[:-2] == entry.extension.ljust(254, "0"):
            yield Match(entry, "extension")
