"""What the system knows of a TCP connection: segment size and path MTU. 0 where it does not tell.

A segment size is given as on the wire without options, 1460 on plain Ethernet: systems take the 12 bytes of
timestamps off where both ends use them (RFC 7323, appendix A), which is added again.

Sources: tcp(7), ip(7) and include/uapi/linux/tcp.h, struct tcp_info; xnu bsd/netinet/tcp.h, struct tcp_connection_info;
learn.microsoft.com, SIO_TCP_INFO, TCP_INFO_v0 and IPPROTO_IP Socket Options (IP_MTU).
"""

import socket
import struct
import sys

_TIMESTAMPS = 12
#: tcp_info: 8 bytes, then numbers of four; tcpi_options is the sixth byte, tcpi_snd_mss the third number.
_LINUX_OPTIONS, _LINUX_MSS, _LINUX_SIZE = 5, 16, 104
_TCPI_OPT_TIMESTAMPS = 1
_LINUX_IP_MTU, _LINUX_IPV6_MTU = 14, 24
#: tcp_connection_info: four bytes, tcpi_options, tcpi_flags, tcpi_rto, tcpi_maxseg.
_MAC_CONNECTION_INFO, _MAC_OPTIONS, _MAC_MSS, _MAC_SIZE = 0x106, 4, 16, 128
_WINDOWS_IP_MTU, _WINDOWS_IPV6_MTU = 73, 72
_SIO_TCP_INFO = 0xD8000027


def facts_of(sock: socket.socket) -> tuple[int, int]:
    """Returns segment size and path MTU of a connection, in bytes."""
    if sys.platform == "win32":
        return _windows_mss(sock), _option(sock, _WINDOWS_IP_MTU, _WINDOWS_IPV6_MTU)
    if sys.platform == "darwin":
        return parse_mac_info(_bytes(sock, _MAC_CONNECTION_INFO, _MAC_SIZE)), 0
    return parse_linux_info(_bytes(sock, 11, _LINUX_SIZE)), _option(sock, _LINUX_IP_MTU, _LINUX_IPV6_MTU)


def parse_linux_info(info: bytes) -> int:
    """Returns the segment size that a tcp_info tells."""
    if len(info) < _LINUX_MSS + 4:
        return 0
    (size,) = struct.unpack_from("=I", info, _LINUX_MSS)
    return _sane(int(size) + (_TIMESTAMPS if info[_LINUX_OPTIONS] & _TCPI_OPT_TIMESTAMPS else 0))


def parse_mac_info(info: bytes) -> int:
    """Returns the segment size that a tcp_connection_info tells."""
    if len(info) < _MAC_MSS + 4:
        return 0
    options, size = struct.unpack_from("=I", info, _MAC_OPTIONS)[0], struct.unpack_from("=I", info, _MAC_MSS)[0]
    return _sane(int(size) + (_TIMESTAMPS if options & _TCPI_OPT_TIMESTAMPS else 0))


def parse_windows_info(info: bytes) -> int:
    """Returns the segment size that a TCP_INFO_v0 tells: state, size, eight bytes of time, timestamps or not."""
    if len(info) < 17:
        return 0
    (size,) = struct.unpack_from("=I", info, 4)
    return _sane(int(size) + (_TIMESTAMPS if info[16] else 0))


def _sane(size: int) -> int:
    return size if 0 < size < 1 << 16 and size != _TIMESTAMPS else 0


def _bytes(sock: socket.socket, option: int, size: int) -> bytes:
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, option, size)
    except OSError:
        return b""


def _option(sock: socket.socket, ipv4: int, ipv6: int) -> int:
    four = sock.family == socket.AF_INET
    try:
        return _sane(sock.getsockopt(socket.IPPROTO_IP if four else socket.IPPROTO_IPV6, ipv4 if four else ipv6))
    except OSError:
        return 0


def _windows_mss(sock: socket.socket) -> int:
    import ctypes  # noqa: PLC0415 (Windows alone asks this way: sockets of Python pass three controls on, not this)

    from .protocol import HostError  # noqa: PLC0415
    from .windows.library import library  # noqa: PLC0415

    version, info, size = ctypes.c_uint32(0), (ctypes.c_char * 128)(), ctypes.c_uint32()
    try:
        control = library("ws2_32").WSAIoctl
    except HostError:
        return 0
    control.argtypes = (ctypes.c_size_t, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p,
                        ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)  # fmt: skip
    control.restype = ctypes.c_int
    asked = (ctypes.byref(version), 4, info, len(info), ctypes.byref(size), None, None)
    return parse_windows_info(info.raw[: size.value]) if not control(sock.fileno(), _SIO_TCP_INFO, *asked) else 0
