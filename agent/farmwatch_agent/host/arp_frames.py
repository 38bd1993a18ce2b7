"""What ARP frames look like: counted frame by frame, so that nothing of what they carry is kept.

Pure, and without scapy. Sources: RFC 826 (fields, in their order), RFC 894 and IEEE 802.3 (a frame's payload is
padded to 46 octets, with zeros), RFC 5494 (which operations are assigned), RFC 2390 (inverse ARP).
"""

import hashlib
import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

ETHERTYPE = 0x0806
#: IEEE 802.1Q and 802.1ad: four bytes more before the type.
_TAGS = (0x8100, 0x88A8)
_ETHERNET, _MAX_TAGS = 14, 2
#: ARP for IPv4 over Ethernet, what Ethernet pads it to, and that with a checksum which some drivers leave.
ARP_BYTES, PADDED_BYTES, CHECKSUM_BYTES = 28, 46, 4
_HARDWARE, _IPV4 = (1, 6), 0x0800
#: Request, reply, the reverse pair, the inverse pair. RFC 5494 keeps 24 and 25 for experiments.
_OPERATIONS = frozenset({1, 2, 3, 4, 8, 9})
_REQUEST, _REPLY = 1, 2

#: Bounds on what one look keeps in memory, whatever is sent at it.
MAX_SENDERS, MAX_STREAMS, MAX_TIMES, MAX_DIGESTS, MAX_TARGETS, MAX_LENGTHS = 256, 8, 512, 64, 1024, 32

#: Gaps that differ by no more are even; so many in a row are a rhythm; below this many seconds it is one burst.
EVEN, RHYTHM_GAPS, SHORTEST_PERIOD = 0.05, 10, 0.05
#: A code is made of few gaps, each used again, that come in no simple turn (a program that asks again does that).
CODE_GAPS, CODE_CLASSES, CODE_SHARE, CODE_USES, CODE_TURN = 16, (2, 4), 0.95, 3, 6
_CLASS_WIDTH, _CLASS_APART = 0.10, 1.3
#: Fewer bytes say nothing about entropy.
ENTROPY_BYTES = 64


class ArpSender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one sender's frames of one look amount to.

    sender    its MAC, as Ethernet has it; "" for all beyond `MAX_SENDERS`
    frames    how many
    padded    of them with bytes other than zero where Ethernet pads
    oversize  of them longer than padded ARP
    odd       of them with fields that ARP for IPv4 over Ethernet does not have
    extra     commonest number of bytes carried beyond ARP; 0 when none
    distinct  how many different ones, at most `MAX_DIGESTS`
    entropy   of the carried bytes, bits per byte; null when there are too few
    period    seconds between frames that come evenly; null when they do not
    code      gaps are the same few again and again, in no simple turn
    asked     different addresses asked for, at most `MAX_TARGETS`; `silent`: of them without an answer that was seen
    """

    sender: str
    frames: int
    padded: int = 0
    oversize: int = 0
    odd: int = 0
    extra: int = 0
    distinct: int = 0
    entropy: float | None = None
    period: float | None = None
    code: bool = False
    asked: int = 0
    silent: int = 0


class Frame(msgspec.Struct, frozen=True):
    """An ARP frame's shape; `carried` is what stands beyond ARP, without the zeros at its end unless it is oversize."""

    sender: str
    operation: int
    target: bytes
    answers: bytes
    carried: bytes
    oversize: bool
    odd: bool


def parse(data: bytes) -> Frame | None:
    """Returns the shape of an Ethernet frame; None when it is no ARP. Takes any bytes."""
    at = _ETHERNET - 2
    for _ in range(_MAX_TAGS):
        if int.from_bytes(data[at : at + 2], "big") in _TAGS:
            at += 4
    body = data[at + 2 :]
    if len(data) < _ETHERNET or int.from_bytes(data[at : at + 2], "big") != ETHERTYPE:
        return None
    hardware, protocol = int.from_bytes(body[:2], "big"), int.from_bytes(body[2:4], "big")
    operation = int.from_bytes(body[6:8], "big")
    ordinary = hardware in _HARDWARE and protocol == _IPV4 and body[4:6] == b"\x06\x04" and operation in _OPERATIONS
    carried = body[ARP_BYTES:]
    if len(body) == PADDED_BYTES + CHECKSUM_BYTES:
        carried = body[ARP_BYTES:PADDED_BYTES]
    oversize = len(body) > PADDED_BYTES + CHECKSUM_BYTES
    return Frame(
        sender=data[6:12].hex(":"),
        operation=operation,
        target=body[24:28] if operation == _REQUEST else b"",
        answers=body[14:18] if operation == _REPLY else b"",
        carried=carried if oversize else carried.rstrip(b"\0"),
        oversize=oversize,
        odd=not ordinary or len(body) < ARP_BYTES,
    )


class Sums:
    """Counts the frames of one interface. `frames` is how many there were."""

    def __init__(self) -> None:
        self.frames = 0
        self._senders: dict[str, _Sender] = {}
        self._answered: set[bytes] = set()

    def add(self, data: bytes, at: float) -> None:
        """Counts a frame that came `at` so many seconds; what is no ARP is passed over."""
        frame = parse(data)
        if frame is None:
            return
        self.frames += 1
        name = frame.sender if frame.sender in self._senders or len(self._senders) < MAX_SENDERS else ""
        self._senders.setdefault(name, _Sender()).add(frame, at)
        if frame.answers and len(self._answered) < MAX_TARGETS:
            self._answered.add(frame.answers)

    def senders(self) -> tuple[ArpSender, ...]:
        """Returns what was counted, by sender."""
        return tuple(found.summed(name, self._answered) for name, found in sorted(self._senders.items()))


class _Sender:
    def __init__(self) -> None:
        self._frames = self._padded = self._oversize = self._odd = 0
        self._lengths: Counter[int] = Counter()
        self._bytes: Counter[int] = Counter()
        self._digests: set[bytes] = set()
        self._targets: set[bytes] = set()
        self._times: dict[tuple[int, bool], deque[float]] = {}

    def add(self, frame: Frame, at: float) -> None:
        """Counts one frame and lets go of it."""
        self._frames += 1
        self._oversize += frame.oversize
        self._odd += frame.odd
        if frame.carried:
            self._padded += any(frame.carried)
            self._bytes.update(frame.carried)
            if len(self._lengths) < MAX_LENGTHS or len(frame.carried) in self._lengths:
                self._lengths[len(frame.carried)] += 1
            if len(self._digests) < MAX_DIGESTS:
                self._digests.add(hashlib.blake2b(frame.carried, digest_size=8).digest())
        if frame.target and len(self._targets) < MAX_TARGETS:
            self._targets.add(frame.target)
        stream = (frame.operation, bool(frame.carried))
        if stream in self._times or len(self._times) < MAX_STREAMS:
            self._times.setdefault(stream, deque(maxlen=MAX_TIMES)).append(at)

    def summed(self, name: str, answered: set[bytes]) -> ArpSender:
        gaps = [gaps_of(times) for times in self._times.values()]
        periods = [period for found in gaps if (period := rhythm(found)) is not None]
        return ArpSender(
            sender=name,
            frames=self._frames,
            padded=self._padded,
            oversize=self._oversize,
            odd=self._odd,
            extra=self._lengths.most_common(1)[0][0] if self._lengths else 0,
            distinct=len(self._digests),
            entropy=entropy(self._bytes),
            period=min(periods, default=None),
            code=any(is_code(found) for found in gaps),
            asked=len(self._targets),
            silent=len(self._targets - answered),
        )


def gaps_of(times: Iterable[float]) -> list[float]:
    """Returns seconds between one time and the next; of a clock that was set back 0, which is no rhythm."""
    return [max(0.0, later - earlier) for earlier, later in pairwise(times)]


def rhythm(gaps: Sequence[float]) -> float | None:
    """Returns the period of the first `RHYTHM_GAPS` or more gaps in a row within 5 % of their median; None without."""
    for start in range(len(gaps) - RHYTHM_GAPS + 1):
        run = sorted(gaps[start : start + RHYTHM_GAPS])
        middle = (run[(RHYTHM_GAPS - 1) // 2] + run[RHYTHM_GAPS // 2]) / 2
        if middle >= SHORTEST_PERIOD and run[0] >= middle * (1 - EVEN) and run[-1] <= middle * (1 + EVEN):
            return middle
    return None


def is_code(gaps: Sequence[float]) -> bool:
    """Whether gaps fall into a few lengths, each used again, in an order that is no simple turn."""
    used = [gap for gap in gaps if gap >= SHORTEST_PERIOD]
    if len(used) < CODE_GAPS or len(used) < CODE_SHARE * len(gaps):
        return False
    starts: list[float] = []
    for gap in sorted(used):
        if not starts or gap > starts[-1] * (1 + 2 * _CLASS_WIDTH):
            if starts and gap < starts[-1] * _CLASS_APART:
                return False
            starts.append(gap)
            if len(starts) > CODE_CLASSES[1]:
                return False
    word = [sum(gap >= start for start in starts) for gap in used]
    if len(starts) < CODE_CLASSES[0] or min(Counter(word).values()) < CODE_USES:
        return False
    return not any(_turns(word, length) for length in range(1, CODE_TURN + 1))


def _turns(word: Sequence[int], length: int) -> bool:
    """Whether nearly every letter is the one that stands `length` before it."""
    same = sum(a == b for a, b in zip(word, word[length:], strict=False))
    return same >= 0.9 * (len(word) - length)


def entropy(counts: Counter[int]) -> float | None:
    """Returns bits per byte of so many bytes by value; None when they are fewer than `ENTROPY_BYTES`."""
    total = counts.total()
    if total < ENTROPY_BYTES:
        return None
    return -sum(count / total * math.log2(count / total) for count in counts.values())
