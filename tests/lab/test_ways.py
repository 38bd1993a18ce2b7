"""What the lab's router reads and what its ways are, without namespaces."""

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from . import packets
from .geography import PATHS, Spot, chance, km_between, path_ms, quantile
from .router import MAX_WAITING, Leg, Port, Router

HERE, THERE = ip_address("192.0.2.2").packed, ip_address("198.51.100.1").packed
HERE6, THERE6 = ip_address("2001:db8:2::2").packed, ip_address("2001:db8:1::1").packed


def tcp(mss: int, flags: int = packets.SYN, padding: bytes = b"") -> bytes:
    options = padding + struct.pack("!BBH", 2, 4, mss)
    options += b"\0" * (-len(options) % 4)
    content = struct.pack("!HHIIBBHHH", 40000, 443, 7, 0, (5 + len(options) // 4) << 4, flags, 65535, 0, 0) + options
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(content), 1, 0x4000, 64, 6, 0) + HERE + THERE
    return header[:10] + packets.summed(header).to_bytes(2, "big") + header[12:] + content


def test_the_checksum_is_that_of_rfc_1071s_own_example() -> None:
    assert packets.summed(bytes.fromhex("0001f203f4f5f6f7")) == ~0xDDF2 & 0xFFFF


@pytest.mark.parametrize("padding", [b"", b"\x01", b"\x01\x01\x01", b"\x03\x03\x07"])
def test_a_syn_is_clamped_and_its_sums_hold(padding: bytes) -> None:
    done = packets.clamped(tcp(1460, padding=padding), 1380)
    at = 40 + len(padding)
    assert done[at : at + 4] == struct.pack("!BBH", 2, 4, 1380)
    # RFC 9293, 3.1: the sum over pseudo-header and segment, its own sum within, is zero.
    assert packets.summed(HERE + THERE + struct.pack("!BBH", 0, 6, len(done) - 20) + done[20:]) == 0


def test_only_larger_offers_of_syns_are_clamped() -> None:
    assert packets.clamped(tcp(1200), 1380)[40:44] == struct.pack("!BBH", 2, 4, 1200)
    assert packets.clamped(tcp(1460, flags=0x10), 1380) == tcp(1460, flags=0x10)


def test_hops_are_taken_and_the_sum_follows() -> None:
    there = packets.travelled(tcp(1460), 10)
    assert there is not None
    assert there[8] == 54
    assert packets.summed(there[:20]) == 0
    assert packets.travelled(tcp(1460), 64) is None


def test_what_is_too_large_is_said_with_the_limit() -> None:
    said = packets.too_big(tcp(1460), HERE, 1400)
    assert said is not None
    assert (said[9], said[20], said[21], said[26:28]) == (1, 3, 4, (1400).to_bytes(2, "big"))
    assert packets.summed(said[20:]) == 0
    six = struct.pack("!IHBB", 6 << 28, 8, 17, 64) + HERE6 + THERE6 + bytes(8)
    said = packets.too_big(six, THERE6, 1400)
    assert said is not None
    assert (said[6], said[40], said[44:48]) == (58, 2, (1400).to_bytes(4, "big"))


@given(st.binary(max_size=120))
def test_no_bytes_break_the_router(data: bytes) -> None:
    """What leaves a site may be anything."""
    found = packets.ends(data)
    assert packets.gateway_answer(data) is None or found is not None
    if found is not None:
        packets.travelled(data, 3)
        assert len(packets.clamped(data, 1300)) == len(data)
        packets.too_big(data, found[0], 1300)


@given(st.binary(max_size=60))
def test_no_options_break_the_clamp(options: bytes) -> None:
    packet = bytearray(tcp(1460)[:40] + options)
    packet[32] = (5 + min(10, (len(options) + 3) // 4)) << 4
    assert len(packets.clamped(bytes(packet), 1300)) == len(packet)


def test_what_waits_is_bounded_and_what_does_not_fit_is_counted() -> None:
    router = Router()
    router.spots, router.addresses = {"a": 10, "b": 11}, {HERE: "a", THERE: "b"}
    router.legs = {("a", "b"): Leg("a", "b", 50.0)}
    port = Port("a", "", "a")
    for number in range(MAX_WAITING + 5):
        router.forward(port, 10, tcp(1460), number)
    assert len(router.waiting) == MAX_WAITING
    assert router.counts["no_room"] == 5


def test_packets_of_a_way_arrive_in_order_whatever_chance_adds() -> None:
    router = Router()
    router.spots, router.addresses = {"a": 10, "b": 11}, {HERE: "a", THERE: "b"}
    router.legs = {("a", "b"): Leg("a", "b", 5.0, jitter_ms=(5.0, 40.0))}
    for number in range(200):
        router.forward(Port("a", "", "a"), 10, tcp(1460), number * 1_000_000)
    dues = [(due, number) for due, number, _, _ in router.waiting]
    assert [number for _, number in sorted(dues)] == sorted(number for _, number in dues)
    assert all(due >= number * 1_000_000 + 4_000_000 for due, number in dues)


def test_a_distance_is_that_of_the_great_circle() -> None:
    # Dublin to Seattle by the haversine formula, by hand: 7,281 km.
    assert km_between(Spot("a", 53.3331, -6.2489), Spot("b", 47.6062, -122.3321)) == pytest.approx(7281, abs=15)


@pytest.mark.parametrize("seed", range(20))
def test_no_way_is_faster_than_light_in_fibre_and_each_is_the_same_both_ways(seed: int) -> None:
    one = Spot("one", 52.0, 5.0)
    for number in range(60):
        other = Spot(f"o{number}", 180 * chance(seed, number) - 90, 360 * chance(number, seed) - 180)
        there = path_ms(one, other, seed)
        assert there >= km_between(one, other) / 100
        assert there == path_ms(other, one, seed)
        assert there == path_ms(one, other, seed)


def test_seeds_make_different_worlds() -> None:
    drawn = {path_ms(Spot("one", 52, 5), Spot("other", 30, 30), seed) for seed in range(50)}
    assert len(drawn) > 30


def test_a_level_between_the_known_ones_lies_between_their_values() -> None:
    values = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
    levels = (0.0, 0.05, 0.25, 0.375, 0.9, 1.0)
    assert [quantile(level, values) for level in levels] == pytest.approx([1.0, 1.0, 4.0, 6.0, 32.0, 64.0])
    assert all(list(row) == sorted(row) and row[0] > 1 for _, row in PATHS)
