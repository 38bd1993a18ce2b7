"""Invented IP addresses for captures: prefixes stay prefixes, and each address stays in its scope.

Every part of an address is exchanged depending on the parts before it, so that two addresses of one network are
in one network afterwards and a route still covers what it covered. Zeros, masks, broadcast, loopback and
multicast stay.
"""

import ipaddress
import re
from collections.abc import Callable

#: Text forms: dotted quads; colon hex with at least two colons, which may end in a dotted quad (RFC 4291, 2.2).
_QUAD = r"(?:\d{1,3}\.){3}\d{1,3}(?![0-9A-Za-z.])"
_IPV4 = re.compile(rf"(?<![0-9A-Za-z.]){_QUAD}")
_ANY = re.compile(
    rf"(?<![0-9A-Za-z:.])(?:[0-9A-Fa-f]{{0,4}}:){{2,7}}(?:{_QUAD}|[0-9A-Fa-f]{{0,4}}(?![0-9A-Za-z:]|\.\d))"
    rf"|{_IPV4.pattern}"
)
#: The kernel's own forms: 8 hex digits in host order (proc_net(5): tcp, udp, raw with a port, route), 32 for IPv6.
_HEX4 = re.compile(r"(?<=\s)[0-9A-F]{8}(?=:[0-9A-F]{4}\s|\s)")
_HEX6 = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{32}(?![0-9A-Fa-f])")
#: Tables whose IPv6 addresses are four words in host order; if_inet6 and ipv6_route have them in network order.
_SWAPPED = ("tcp6", "udp6", "raw6")
_HEX_TABLES = ("tcp", "udp", "raw", "route", "if_inet6", "ipv6_route", *_SWAPPED)
_FIRST_KEPT = frozenset({0, 10, 100, 127, 169, 172, 192, 255})


class AddressBook:
    """Exchanges addresses; `digest(text, size)` returns that many bytes depending on the capture's key."""

    def __init__(self, digest: Callable[[str, int], bytes]) -> None:
        self._digest = digest

    def text(self, path: str, text: str) -> str:
        """Returns a text with every address exchanged, also the kernel's hexadecimal ones below /proc/net."""
        folder, _, name = path.rpartition("/")
        if folder.startswith("/proc/") and folder.endswith("/net") and name in _HEX_TABLES:
            text = _HEX6.sub(lambda match: self._hex6(match[0], swapped=name in _SWAPPED), text)
            if name in ("tcp", "udp", "raw", "route"):
                text = _HEX4.sub(lambda match: self._hex4(match[0]), text)
            return text
        return _ANY.sub(lambda match: self._colons(match[0]) if ":" in match[0] else self._dotted(match[0]), text)

    def packed(self, data: bytes) -> bytes:
        """Returns a login record's 16 bytes of address, exchanged; an IPv4 one has the first four, the rest is 0."""
        if not any(data[4:]):
            return self._four(data[:4]) + data[4:]
        return self._sixteen(data)

    def _dotted(self, text: str) -> str:
        parts = [int(part) for part in text.split(".")]
        return ".".join(map(str, self._four(bytes(parts)))) if max(parts) < 256 else text

    def _colons(self, text: str) -> str:
        try:
            changed = ipaddress.IPv6Address(self._sixteen(ipaddress.IPv6Address(text).packed))
        except ValueError:
            return _IPV4.sub(lambda match: self._dotted(match[0]), text)
        # Spelt as it was, whatever this Python's own way is: Python 3.13 began to write the dotted form.
        if changed.ipv4_mapped is not None and "." in text:
            return f"::ffff:{changed.ipv4_mapped}"
        return str(changed)

    def _hex4(self, text: str) -> str:
        return self._four(bytes.fromhex(text)[::-1])[::-1].hex().upper()

    def _hex6(self, text: str, *, swapped: bool) -> str:
        raw = bytes.fromhex(text)
        changed = _swap(self._sixteen(_swap(raw))) if swapped else self._sixteen(raw)
        return changed.hex().upper() if text.upper() == text else changed.hex()

    def _four(self, raw: bytes) -> bytes:
        first, second = raw[0], raw[1]
        if first in (0, 127) or first >= 224 or not any(raw[1:]):
            return raw  # none, loopback, multicast, masks, broadcast, and halves of the net as tunnels route them
        kept = first in _FIRST_KEPT
        out = [first if kept else self._exchanged(bytes((4,)), first, 1, 223, _FIRST_KEPT)]
        if (first, second) in ((169, 254), (192, 168)) or (first in (100, 172) and not 0 < second < 255):
            out.append(second)
        elif first == 172 and 16 <= second < 32:
            out.append(self._exchanged(raw[:1], second, 16, 31))
        elif first == 100 and 64 <= second < 128:
            out.append(self._exchanged(raw[:1], second, 64, 127))
        else:
            special = (
                frozenset({168, 254} | set(range(16, 32)) | set(range(64, 128)))
                if kept and first != 10
                else frozenset()
            )
            out.append(self._exchanged(raw[:1], second, 1, 254, special))
        out += [self._exchanged(raw[:at], raw[at], 1, 254) for at in (2, 3)]
        return bytes(out)

    def _sixteen(self, raw: bytes) -> bytes:
        if not any(raw[:10]) and raw[10:12] == b"\xff\xff":
            return raw[:12] + self._four(raw[12:])
        if not any(raw[:15]) or raw[0] == 0xFF:
            return raw  # none, loopback, multicast
        # The first two bytes tell the scope (2000::/3, fc00::/7, fe80::/10).
        return raw[:2] + bytes(self._exchanged(raw[:at], raw[at], 1, 255) for at in range(2, 16))

    def _exchanged(self, before: bytes, value: int, low: int, high: int, besides: frozenset[int] = frozenset()) -> int:
        """Returns another value of low..high, a permutation that depends on what stands before; others stay."""
        allowed = [number for number in range(low, high + 1) if number not in besides]
        if value not in allowed:
            return value
        turned = int.from_bytes(self._digest(f"address\0{before.hex()}", 2), "big") % (len(allowed) - 1) + 1
        return allowed[(allowed.index(value) + turned) % len(allowed)]


def _swap(raw: bytes) -> bytes:
    return b"".join(raw[at : at + 4][::-1] for at in range(0, 16, 4))
