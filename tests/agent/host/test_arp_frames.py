"""ARP frames counted: made by hand after RFC 826 and IEEE 802.3, and by scapy."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_agent.host import arp_frames
from farmwatch_agent.host.arp_frames import ArpSender, Sums, gaps_of, is_code, parse, rhythm

MARKER = b"rendezvous-42"
#: Locally administered, of nobody.
SENDER, OTHER = bytes.fromhex("020000000042"), bytes.fromhex("020000000043")
BROADCAST = b"\xff" * 6


def frame(
    operation: int = 1,
    *,
    sender: bytes = SENDER,
    source: bytes = b"\xc0\x00\x02\x05",
    target: bytes = b"\xc0\x00\x02\x01",
    rest: bytes = b"\0" * 18,
    head: bytes = b"\0\x01\x08\0\x06\x04",
    tag: bytes = b"",
) -> bytes:
    body = head + operation.to_bytes(2, "big") + sender + source + b"\0" * 6 + target
    return BROADCAST + sender + tag + b"\x08\x06" + body + rest


def summed(*frames: bytes, every: float = 1.7) -> ArpSender:
    sums = Sums()
    dice = random.Random(7)
    at = 0.0
    for data in frames:
        at += every * dice.uniform(0.3, 2.5)
        sums.add(data, at)
    (found,) = sums.senders()
    return found


@pytest.mark.parametrize(
    "data",
    [
        frame(),
        frame(rest=b""),
        frame(2),
        frame(tag=b"\x81\0\0\x05"),
        frame(tag=b"\x88\xa8\0\x05\x81\0\0\x06"),
        # Some drivers leave the checksum of the frame, which looks random.
        frame(rest=b"\0" * 18 + b"\xde\xad\xbe\xef"),
        frame(head=b"\0\x06\x08\0\x06\x04"),
        frame(8),
    ],
)
def test_ordinary_arp_with_zeros_or_without_padding_has_no_sign(data: bytes) -> None:
    found = summed(data, data)
    assert msgspec.structs.replace(found, asked=0, silent=0) == ArpSender(sender="02:00:00:00:00:42", frames=2)
    assert (found.asked, found.silent) in ((1, 1), (0, 0))


def test_bytes_in_the_padding_are_counted_and_not_kept() -> None:
    frames = [frame(rest=(MARKER + bytes([number])).ljust(18, b"\0")) for number in range(1, 11)]
    found = summed(*frames, *[frame() for _ in range(3)])
    assert (found.frames, found.padded, found.oversize, found.odd) == (13, 10, 0, 0)
    assert (found.extra, found.distinct) == (len(MARKER) + 1, 10)
    assert found.entropy is not None
    assert 2 < found.entropy < 5
    assert MARKER not in msgspec.json.encode(found)
    assert MARKER.hex().encode() not in msgspec.json.encode(found)


def test_frames_beyond_the_padding_are_oversize_even_when_they_hold_zeros() -> None:
    found = summed(frame(rest=b"\0" * 100))
    assert (found.oversize, found.padded, found.extra) == (1, 0, 100)


@pytest.mark.parametrize(
    "data",
    [
        frame(head=b"\0\x0f\x08\0\x06\x04"),
        frame(head=b"\0\x01\x86\xdd\x06\x04"),
        frame(head=b"\0\x01\x08\0\x08\x04"),
        frame(head=b"\0\x01\x08\0\x06\x10"),
        frame(24),
        frame(0),
        BROADCAST + SENDER + b"\x08\x06" + b"\0\x01\x08\0\x06",
        BROADCAST + SENDER + b"\x08\x06",
    ],
)
def test_fields_that_arp_does_not_have_are_odd(data: bytes) -> None:
    assert summed(data).odd == 1


def test_what_is_no_arp_is_passed_over() -> None:
    sums = Sums()
    for data in (b"", b"\x08\x06", BROADCAST + SENDER + b"\x08\x00" + bytes(46), BROADCAST + SENDER + b"\x81\0\0\x05"):
        sums.add(data, 1.0)
    assert (sums.frames, sums.senders()) == (0, ())


def test_even_gaps_are_a_rhythm_within_five_per_cent() -> None:
    dice = random.Random(1)
    even = [2 * dice.uniform(0.96, 1.04) for _ in range(10)]
    assert rhythm(even) == pytest.approx(2, rel=0.05)
    assert rhythm([7.0, 0.1, *even]) == pytest.approx(2, rel=0.05)
    assert rhythm(even[:9]) is None
    assert rhythm([2 * dice.uniform(0.8, 1.2) for _ in range(50)]) is None
    assert rhythm([0.001] * 50) is None, "a burst of one moment, as of a scanner"


def test_a_clock_that_is_set_back_makes_no_rhythm_and_breaks_nothing() -> None:
    assert rhythm(gaps_of([100.0, 99.0, 98.0, *range(50, 58)])) is None
    assert rhythm(gaps_of([float(1000 - number) for number in range(40)])) is None


def test_few_gaps_in_no_simple_turn_are_a_code_and_a_program_that_asks_again_is_not() -> None:
    dice = random.Random(3)
    morse = [dice.choice((0.2, 0.6)) * dice.uniform(0.97, 1.03) for _ in range(40)]
    assert is_code(morse)
    # Linux asks three times, a second apart, then rests (mcast_solicit, retrans_time_ms of arp(7)).
    assert not is_code([1.0, 1.0, 3.0] * 10)
    assert not is_code([1.0] * 40)
    assert not is_code([dice.expovariate(1) + 0.05 for _ in range(60)])
    assert not is_code(morse[:10])


def test_many_asked_without_an_answer_are_counted_and_answers_are_taken_off() -> None:
    sums = Sums()
    for number in range(40):
        sums.add(frame(target=bytes((192, 0, 2, number))), float(number))
    for number in range(5):
        sums.add(frame(2, sender=OTHER, source=bytes((192, 0, 2, number))), 50.0)
    asking, answering = sums.senders()
    assert (asking.asked, asking.silent) == (40, 35)
    assert (answering.asked, answering.silent) == (0, 0)


def test_memory_is_bounded_whatever_is_sent() -> None:
    sums = Sums()
    dice = random.Random(5)
    for number in range(6000):
        sums.add(frame(dice.randrange(65536), sender=dice.randbytes(6), rest=dice.randbytes(40)), number * 0.01)
    for number in range(3000):
        sums.add(frame(target=dice.randbytes(4), rest=dice.randbytes(18 + number % 100)), number * 0.01)
    senders = sums.senders()
    assert len(senders) == arp_frames.MAX_SENDERS + 1
    assert sum(it.frames for it in senders) == sums.frames == 9000
    assert all(it.asked <= arp_frames.MAX_TARGETS and it.distinct <= arp_frames.MAX_DIGESTS for it in senders)
    assert len(msgspec.json.encode(senders)) < 1 << 16


@settings(max_examples=200)
@given(st.lists(st.tuples(st.binary(max_size=120), st.floats(allow_nan=False)), max_size=30))
def test_hostile_frames_and_times_never_break_it(frames: list[tuple[bytes, float]]) -> None:
    sums = Sums()
    for data, at in frames:
        sums.add(BROADCAST + SENDER + b"\x08\x06" + data, at)
        sums.add(data, at)
    assert msgspec.json.decode(msgspec.json.encode(sums.senders()), type=list[ArpSender])[:1] is not None


@settings(max_examples=50)
@given(st.integers(0, 65535), st.binary(max_size=40))
def test_scapys_frames_are_read_as_scapy_reads_them(operation: int, payload: bytes) -> None:
    scapy = pytest.importorskip("scapy.layers.l2", reason="scapy is not installed")
    from scapy.packet import Padding

    data = bytes(
        scapy.Ether(dst="ff:ff:ff:ff:ff:ff", src="02:00:00:00:00:42")
        / scapy.ARP(op=operation, psrc="192.0.2.5", pdst="192.0.2.1", hwsrc="02:00:00:00:00:42")
        / Padding(payload)
    )
    read = scapy.Ether(data)
    found = parse(data)
    assert found is not None
    assert found.sender == read.src
    assert found.operation == read[scapy.ARP].op
    padding = bytes(read[Padding]) if Padding in read else b""
    if len(payload) == 22:
        padding = padding[:18]  # what may be a checksum is no payload
    assert found.carried.rstrip(b"\0") == padding.rstrip(b"\0")
    assert found.oversize is (len(payload) > 22)
