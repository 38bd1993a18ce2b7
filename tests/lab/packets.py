"""IP packets as a router sees them: who, where to, how far, how large; and what a router answers itself."""

import struct

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
SYN, RST_ACK = 0x02, 0x14


def ends(packet: bytes) -> tuple[bytes, bytes, int] | None:
    """Returns source, destination (4 or 16 bytes) and protocol; None for what is no whole IP packet."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        return packet[12:16], packet[16:20], packet[9]
    if len(packet) >= 40 and packet[0] >> 4 == 6:
        return packet[8:24], packet[24:40], packet[6]
    return None


def summed(data: bytes) -> int:
    """Returns the Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def header_bytes(packet: bytes) -> int:
    """Returns the length of the IP header; extension headers of IPv6 count as content."""
    return (packet[0] & 15) * 4 if packet[0] >> 4 == 4 else 40


def _pseudo(source: bytes, destination: bytes, protocol: int, length: int) -> bytes:
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, protocol, length)
    return source + destination + struct.pack("!IHBB", length, 0, 0, protocol)


def travelled(packet: bytes, hops: int) -> bytes | None:
    """Returns the packet after so many hops; None when it ran out of them."""
    data = bytearray(packet)
    if data[0] >> 4 == 6:
        if data[7] <= hops:
            return None
        data[7] -= hops
        return bytes(data)
    if data[8] <= hops:
        return None
    data[8] -= hops
    size = header_bytes(packet)
    data[10:12] = b"\0\0"
    data[10:12] = summed(bytes(data[:size])).to_bytes(2, "big")
    return bytes(data)


def clamped(packet: bytes, mss: int) -> bytes:
    """Returns a TCP SYN whose offered segment size is at most `mss`; any other packet as it is."""
    found = ends(packet)
    size = header_bytes(packet)
    if found is None or found[2] != TCP or len(packet) < size + 20 or not packet[size + 13] & SYN:
        return packet
    data = bytearray(packet)
    at, end = size + 20, min(len(data), size + (data[size + 12] >> 4) * 4)
    while at + 1 < end and data[at] != 0:
        if data[at] == 1:
            at += 1
            continue
        length = data[at + 1]
        if length < 2:
            break
        if data[at] == 2 and length == 4 and at + 4 <= end:
            offered = int.from_bytes(data[at + 2 : at + 4], "big")
            data[at + 2 : at + 4] = min(offered, mss).to_bytes(2, "big")
        at += length
    data[size + 16 : size + 18] = b"\0\0"
    segment = bytes(data[size:])
    total = summed(_pseudo(found[0], found[1], TCP, len(segment)) + segment)
    data[size + 16 : size + 18] = total.to_bytes(2, "big")
    return bytes(data)


def _ip(source: bytes, destination: bytes, protocol: int, content: bytes) -> bytes:
    if len(source) == 16:
        return struct.pack("!IHBB", 0x60000000, len(content), protocol, 64) + source + destination + content
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(content), 0, 0, 64, protocol, 0) + source + destination
    return header[:10] + summed(header).to_bytes(2, "big") + header[12:] + content


def _with_sum(source: bytes, destination: bytes, protocol: int, content: bytes, at: int) -> bytes:
    pseudo = b"" if protocol == ICMP else _pseudo(source, destination, protocol, len(content))
    return content[:at] + summed(pseudo + content).to_bytes(2, "big") + content[at + 2 :]


def too_big(packet: bytes, router: bytes, mtu: int) -> bytes | None:
    """Returns what a router says of a packet over its limit (RFC 1191, RFC 4443); None when the packet may be cut."""
    found = ends(packet)
    if found is None:
        return None
    if len(router) == 16:
        content = struct.pack("!BBHI", 2, 0, 0, mtu) + packet[:1000]
        return _ip(router, found[0], ICMP6, _with_sum(router, found[0], ICMP6, content, 2))
    if not packet[6] & 0x40:
        return None
    content = struct.pack("!BBHHH", 3, 4, 0, 0, mtu) + packet[: header_bytes(packet) + 8]
    return _ip(router, found[0], ICMP, _with_sum(router, found[0], ICMP, content, 2))


def gateway_answer(packet: bytes) -> bytes | None:
    """Returns what a home router says to a packet for itself: an echo to a ping, a reset to a connect, else nothing."""
    found = ends(packet)
    if found is None:
        return None
    source, destination, protocol = found
    content = packet[header_bytes(packet) :]
    if (protocol, content[:1]) in ((ICMP, b"\x08"), (ICMP6, b"\x80")):
        answer = (b"\0" if protocol == ICMP else b"\x81") + content[1:2] + b"\0\0" + content[4:]
        return _ip(destination, source, protocol, _with_sum(destination, source, protocol, answer, 2))
    if protocol == TCP and len(content) >= 20 and content[13] & SYN:
        sequence = int.from_bytes(content[4:8], "big") + 1 & 0xFFFFFFFF
        answer = content[2:4] + content[:2] + struct.pack("!IIBBHHH", 0, sequence, 0x50, RST_ACK, 0, 0, 0)
        return _ip(destination, source, TCP, _with_sum(destination, source, TCP, answer, 16))
    return None
