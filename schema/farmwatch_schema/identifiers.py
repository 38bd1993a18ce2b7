"""Identifiers: what tells one thing from another, keyed so that equal things stay equal and unreadable.

A probe yields `unkeyed(kind, text)`. The runner turns it into an `Identifier` while it encodes, by
type, in one place (`Keyer.hook`). An observable that still holds plain text cannot be encoded without
that hook: msgspec refuses the unknown type, so forgetting to key is an error and never a leak.
"""

import hashlib
import re
from itertools import groupby
from typing import Any, cast

import msgspec

#: Serials that a product's firmware publishes, the same on every unit. They identify a product and
#: nobody's property, so they travel readable. Source: data read in the firmware named beside each.
PUBLISHED_CONSTANTS = frozenset(
    {
        "CAFEBABE",  # pikvm/kvmd and gl-inet/glkvm, USB gadget and EDID
        "CAFEBAB1",  # older pikvm/kvmd builds (memtest86plus issue 210)
        "6b65796d696d6570690",  # tiny-pilot/ansible-role-tinypilot, also BliKVM
        "0123456789ABCDEF",  # sipeed/NanoKVM; also many unrelated cheap devices
        "0123456789",  # mofeng-git/One-KVM
        "123456789ABCDEF",
        "1234567890",
        "000000000000",
        "0x01010101",  # EDID serial number of PiKVM, and of 5,261 of 113,248 real monitors
        "0x88888800",  # EDID serial number of JetKVM's default
        "T8NEE0038522",  # EDID serials of the monitors that jetkvm/kvm offers as presets and
        "M1LMQS052157",  # pikvm/pikvm shows in its documents (catalog/edid.yaml, donor_...)
        "3S5GQ23",
        "To be filled by O.E.M.",
        "Default string",
        "System Serial Number",
    }
)


class Identifier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A keyed value: equal inputs under one `key_id` give equal `digest`s, and nothing else is told.

    kind      what it identifies: `mac`, `serial`, `edid_serial`, `uuid`, `user`, `ssid`, `bssid`, `address`
    key_id    names the company key, so that values under different keys are never compared
    digest    BLAKE2b-128 of kind and normalised text under that key, 32 hex digits
    oui       `mac` and `bssid` only: first three bytes, lower-case hex without separators; "" when the
              address is locally administered (bit 1 of the first byte), because it names no maker then
    local     `mac` and `bssid` only: the address is locally administered (made up by software)
    near      `mac` and `bssid` only: keyed digest of the middle four bytes, 16 hex digits, the same in both kinds. A
              router or access point makes its further addresses from one by the first byte (the local bit and
              those beside it) or the last: they are near each other. "" from agents that do not tell it
    shape     `serial` kinds only: "length:alphabet:pattern", see `shape_of`
    constant  the text itself when it is one of `PUBLISHED_CONSTANTS`
    scope     `address` only: `loopback`, `link`, `private`, `shared` (100.64.0.0/10) or `public`
    """

    kind: str
    key_id: str
    digest: str
    oui: str = ""
    local: bool = False
    near: str = ""
    shape: str = ""
    constant: str = ""
    scope: str = ""

    def same(self, other: "Identifier | None") -> bool:
        """Whether both are known to be equal; False when they were keyed differently."""
        return other is not None and (self.kind, self.key_id, self.digest) == (other.kind, other.key_id, other.digest)


class Unkeyed:
    """Plain text on its way to the keyer. Not a Struct on purpose: msgspec cannot encode it."""

    __slots__ = ("kind", "text")

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text

    def __repr__(self) -> str:
        return f"Unkeyed({self.kind!r}, ...)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unkeyed) and (self.kind, self.text) == (other.kind, other.text)

    def __hash__(self) -> int:
        return hash((self.kind, self.text))


def unkeyed(kind: str, text: str) -> Identifier:
    """Returns what a probe puts into a field of type `Identifier`; the runner keys it while encoding.

    The cast is the one place where a probe's view (plain) and the report's view (keyed) meet.
    """
    return cast("Identifier", Unkeyed(kind, text))


class Keyer:
    """Keys plain text under one company key.

    key     16 to 64 bytes, the company's secret; the same on every laptop of the company
    key_id  public name of that key (first 8 hex digits of its BLAKE2b when made by `generate`)
    """

    def __init__(self, key: bytes, key_id: str) -> None:
        if not 16 <= len(key) <= 64:
            raise ValueError(f"an identifier key has 16 to 64 bytes, this one has {len(key)}")
        self._key = key
        self.key_id = key_id

    @classmethod
    def generate(cls) -> "Keyer":
        """Returns a keyer with a random key: values are comparable only within this keyer's life."""
        import secrets  # noqa: PLC0415 (costs every agent 10 ms, and only trials need it)

        return cls.from_key(secrets.token_bytes(32))

    @classmethod
    def from_key(cls, key: bytes) -> "Keyer":
        return cls(key, hashlib.blake2b(key, digest_size=4, person=b"fw-key-id").hexdigest())

    def key(self, kind: str, text: str) -> Identifier:
        """Returns the identifier of `text`, normalised for its kind (MAC: 12 lower hex digits)."""
        plain = normalised(kind, text)
        digest = hashlib.blake2b(f"{kind}\0{plain}".encode(), digest_size=16, key=self._key).hexdigest()
        if kind in ("mac", "bssid"):
            whole = bool(_MAC.match(plain))
            local = whole and bool(int(plain[1], 16) & 2)
            oui, near = "" if local else plain[:6], self._near(plain) if whole else ""
            return Identifier(kind=kind, key_id=self.key_id, digest=digest, oui=oui, local=local, near=near)
        if kind.endswith("serial"):
            constant = text if text in PUBLISHED_CONSTANTS else ""
            return Identifier(kind=kind, key_id=self.key_id, digest=digest, shape=shape_of(text), constant=constant)
        if kind == "address":
            return Identifier(kind=kind, key_id=self.key_id, digest=digest, scope=address_scope(plain))
        return Identifier(kind=kind, key_id=self.key_id, digest=digest)

    def _near(self, mac: str) -> str:
        """Returns the digest of what addresses made from one base have in common, of 12 hex digits."""
        return hashlib.blake2b(f"near\0{mac[2:10]}".encode(), digest_size=8, key=self._key).hexdigest()

    def hook(self, value: Any) -> Any:
        """msgspec's enc_hook: keys what is `Unkeyed`, refuses everything else it does not know."""
        if isinstance(value, Unkeyed):
            return self.key(value.kind, value.text)
        raise NotImplementedError(f"a report cannot hold a {type(value).__name__}")


_MAC = re.compile(r"[0-9A-Fa-f]{2}(?:[:-]?[0-9A-Fa-f]{2}){5}\Z")


def normalised(kind: str, text: str) -> str:
    """Returns `text` as it enters the digest: MAC addresses as 12 lower hex digits, others stripped."""
    stripped = text.strip()
    if kind in ("mac", "bssid") and _MAC.match(stripped):
        return stripped.replace(":", "").replace("-", "").lower()
    if kind == "address":
        return stripped.lower().partition("%")[0]
    return stripped


def shape_of(serial: str) -> str:
    """Returns "length:alphabet:pattern" of a serial.

    alphabet is `dec`, `hex`, `alnum` or `other`; pattern writes A for a run of capitals, a for small
    letters, 9 for digits and the character itself for the rest, each with its run length when it is
    over one: "5CG1234XYZ" is "10:alnum:9A29 4A3" without the space. Cut at 48 characters.
    """
    if not serial:
        return "0::"
    if serial.isdigit():
        alphabet = "dec"
    elif all(char in "0123456789abcdefABCDEF" for char in serial):
        alphabet = "hex"
    else:
        alphabet = "alnum" if serial.isascii() and serial.isalnum() else "other"
    runs: list[str] = []
    for sign, run in groupby(serial, _sign_of):
        length = sum(1 for _ in run)
        runs.append(sign if length == 1 else f"{sign}{length}")
    return f"{len(serial)}:{alphabet}:{''.join(runs)}"[:48]


def _sign_of(char: str) -> str:
    if char.isdigit():
        return "9"
    if not char.isalpha():
        return char if char.isascii() and char.isprintable() else "?"
    return "A" if char.isupper() else "a"


def address_scope(address: str) -> str:
    """Returns where an IPv4 or IPv6 address can be reached from; "" when it is not an address.

    Prefix comparison only, because the reader must not pay for importing `ipaddress`.
    """
    if ":" in address:
        head = address.lower()
        if head.startswith("::ffff:") and "." in head:
            return address_scope(head[7:])
        if head == "::1":
            return "loopback"
        if head[:3] in ("fe8", "fe9", "fea", "feb"):
            return "link"
        return "private" if head[:2] in ("fc", "fd") else "public"
    parts = address.split(".")
    if len(parts) != 4 or not all(part.isdigit() and len(part) <= 3 and int(part) < 256 for part in parts):
        return ""
    first, second = int(parts[0]), int(parts[1])
    if first == 127:
        return "loopback"
    if (first, second) == (169, 254):
        return "link"
    if first == 10 or (first == 172 and 16 <= second < 32) or (first, second) == (192, 168):
        return "private"
    return "shared" if first == 100 and 64 <= second < 128 else "public"
