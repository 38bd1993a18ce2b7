"""Rounds of measuring that the sender finished and left in one small file: `rounds.json` in its folder.

What stands there may be anything, because another account writes it: every number, word and list has bounds in its
type, and nothing in it names a file or a command. `give` says where it lies, because a probe is given nothing but the
host; without it there are none.
"""

from collections.abc import Callable, Collection
from hashlib import blake2b
from typing import Annotated, ClassVar, Literal

import msgspec

from .protocol import SourceBroken
from .row import Row

#: The newest rounds that are kept: two days of four.
MOST_ROUNDS = 8
MAX_BYTES = 1 << 18
#: 24 landmarks, two address families, a second opinion for each.
_MOST_TRIPS = 96
_MAX_ERROR = 120

_Id = Annotated[str, msgspec.Meta(max_length=64)]
_Time = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
_Address = Annotated[str, msgspec.Meta(max_length=45, pattern="^[0-9a-f:.]*$")]
_Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=60_000)]
_Small = Annotated[int, msgspec.Meta(ge=0, le=1_000)]
_Size = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
_Hops = Annotated[int, msgspec.Meta(ge=0, le=255)]
_Sum = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]

Method = Literal["tcp", "icmp", "signed"]
Family = Literal["ipv4", "ipv6"]
Problem = Literal["", "refused", "no_name", "not_allowed", "forged", "unreachable"]
Skipped = Literal["", "battery_saver", "metered", "captive", "no_network"]
Access = Literal["", "ethernet", "wifi", "mobile", "tunnel", "virtual", "other"]


class LeftTrips(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One landmark in a round, with the fields of `RoundTrips`."""

    landmark: _Id
    method: Method
    family: Family
    address: _Address = ""
    count: _Small = 0
    lost: _Small = 0
    min_ms: _Milliseconds | None = None
    median_ms: _Milliseconds | None = None
    max_ms: _Milliseconds | None = None
    first_byte_ms: _Milliseconds | None = None
    mss: _Size = 0
    ttl: _Hops | None = None
    ttl_seen: _Hops | None = None
    access: Access = ""
    problem: Problem = ""


class LeftRound(Row, frozen=True, kw_only=True, omit_defaults=True):
    """One round, with the fields of `MeasuringRound`, and what it measured."""

    table: ClassVar[str] = "left_round"
    platforms: ClassVar[tuple[str, ...]] = ("linux", "macos", "windows")

    plan: _Id
    began_at: _Time
    seconds: _Small = 0
    skipped: Skipped = ""
    access: Access = ""
    gateway_ms: _Milliseconds | None = None
    control_ms: _Milliseconds | None = None
    dropped: _Small = 0
    connects: _Small = 0
    bytes: _Sum = 0
    path_mtu: _Size = 0
    trips: Annotated[tuple[LeftTrips, ...], msgspec.Meta(max_length=_MOST_TRIPS)] = ()

    @classmethod
    def live(cls, of: str) -> "list[LeftRound]":
        return _giver.untold() if _giver is not None else []

    @property
    def key(self) -> str:
        """16 hex digits that tell this round from others."""
        return blake2b(msgspec.json.encode(self), digest_size=8).hexdigest()


class LeftRounds(msgspec.Struct, kw_only=True):
    """The file: the newest rounds of one device, the oldest first."""

    device: _Id
    rounds: Annotated[list[LeftRound], msgspec.Meta(max_length=MOST_ROUNDS)] = []


class Giver:
    """Where the file is read, for whose device, and which rounds are told already. `offered`: keys of the last look."""

    def __init__(self, read: Callable[[], bytes], device: str, told: Collection[str]) -> None:
        self._read = read
        self._device = device
        self._told = told
        self.offered: list[str] = []

    def untold(self) -> list[LeftRound]:
        try:
            left = msgspec.json.decode(self._read(), type=LeftRounds)
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError, RecursionError) as error:
            # The error may quote what stands there, which is another account's text.
            said = "".join(char if char.isprintable() else "?" for char in str(error)[:_MAX_ERROR])
            raise SourceBroken(f"what the sender measured cannot be taken over ({said})") from None
        if self._device and left.device != self._device:
            return []
        rounds = [it for it in left.rounds if it.key not in self._told]
        self.offered = [it.key for it in rounds]
        return rounds


_giver: Giver | None = None


def give(read: Callable[[], bytes], device: str = "", told: Collection[str] = ()) -> Giver:
    """Makes `LeftRound` tell what `read` returns, a file's bytes; raises nothing itself.

    device  rounds of another one are nobody's; "" for any
    told    keys of rounds that are left out
    """
    global _giver  # noqa: PLW0603 (one reader in one process)
    _giver = Giver(read, device, told)
    return _giver
