"""The ARP helper: looks at the ARP frames of some interfaces for some seconds and prints what they amount to, as JSON.

    python -m farmwatch_agent.host.arp_helper SECONDS INTERFACE...

A program of its own, because scapy is large and GPL-2.0-only: nothing of the agent loads this module, `arp_look.py`
starts it. It sends nothing and switches no interface to promiscuous mode. On Linux it needs CAP_NET_RAW alone;
elsewhere libpcap or Npcap.

Source of the filter: Documentation/networking/filter.rst of the kernel; socket(7), SO_ATTACH_FILTER.
"""

import errno
import os
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import msgspec

from .arp_frames import ETHERTYPE, Sums
from .arp_look import NO_SCAPY, SPARE_SECONDS, ArpLook

#: More frames than this in one look are not counted: nobody's ARP needs them.
MAX_FRAMES = 20_000
_SLICE_SECONDS = 0.5
_EVERY_FRAME = 0x0003
_SO_ATTACH_FILTER = 26
#: Load the half word at 12, pass the whole frame if it is ARP's type, else none of it: struct sock_filter, four times.
_ARP_ONLY = b"".join(
    struct.pack("=HBBI", *line)
    for line in ((0x28, 0, 0, 12), (0x15, 0, 1, ETHERTYPE), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0))
)
_REFUSED = (errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT)


def main(words: list[str]) -> int:
    """Prints one ArpLook for each interface; exit code `NO_SCAPY` without scapy."""
    seconds, names = float(words[0]), words[1:]
    # Nothing holds this process beyond its time, not even a driver.
    last = threading.Timer(seconds + SPARE_SECONDS, os._exit, (4,))
    last.daemon = True
    last.start()
    try:
        import logging  # noqa: PLC0415

        logging.getLogger("scapy").setLevel(logging.CRITICAL)
        import scapy.layers.l2  # noqa: F401, PLC0415 (what a socket needs to know Ethernet)
        from scapy.config import conf  # noqa: PLC0415
    except ImportError:
        return NO_SCAPY
    looks: dict[str, ArpLook] = {}
    open_sockets: dict[Any, Sums] = {}
    sums: dict[str, Sums] = {}
    for name in names:
        try:
            opened = _opened(conf, name)
        except Exception as error:
            # scapy raises its own, libpcap's and the system's.
            looks[name] = _refused(name, error)
        else:
            sums[name] = open_sockets[opened] = Sums()
    started = time.monotonic()
    ended = _look(conf, open_sockets, started + seconds) if open_sockets else []
    for opened in open_sockets:
        with suppress(Exception):
            opened.close()
    for name, found in sums.items():
        gone = any(open_sockets[it] is found for it in ended)
        looks[name] = ArpLook(
            interface=name,
            seconds=round(time.monotonic() - started, 1),
            frames=found.frames,
            problem="missing" if gone and not found.frames else "",
            senders=found.senders(),
        )
    sys.stdout.buffer.write(msgspec.json.encode([looks[name] for name in names]))
    sys.stdout.flush()
    return 0


def _opened(conf: Any, name: str) -> Any:
    """Returns a socket that gets the interface's ARP frames, those that this machine sends among them."""
    if sys.platform != "linux":
        return conf.L2listen(iface=name, promisc=False, filter="arp")
    # A socket for ARP's type alone would not get what this machine sends: packet(7), ETH_P_ALL.
    opened = conf.L2listen(iface=name, type=_EVERY_FRAME, promisc=False, nofilter=1)
    try:
        import ctypes  # noqa: PLC0415

        code = ctypes.create_string_buffer(_ARP_ONLY)
        program = struct.pack("@HP", len(_ARP_ONLY) // 8, ctypes.addressof(code))
        opened.ins.setsockopt(1, _SO_ATTACH_FILTER, program)
        # What came before the filter stood is thrown away unread.
        opened.ins.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                opened.ins.recv(1)
        opened.ins.setblocking(True)
    except BaseException:
        opened.close()
        raise
    return opened


def _look(conf: Any, sockets: dict[Any, Sums], end: float) -> list[Any]:
    """Counts what comes until `end`; returns sockets that broke, of an interface that is gone."""
    live, broken = list(sockets), []
    while live and (left := end - time.monotonic()) > 0:
        if sum(it.frames for it in sockets.values()) >= MAX_FRAMES:
            break
        for ready in conf.L2listen.select(live, min(left, _SLICE_SECONDS)):
            try:
                _, data, at = ready.recv_raw()
            except Exception:
                # An interface that goes away, in every system's own words.
                live.remove(ready)
                broken.append(ready)
                continue
            if data is not None:
                sockets[ready].add(bytes(data), float(at if at is not None else time.time()))
    return broken


def _refused(name: str, error: Exception) -> ArpLook:
    """Returns why an interface could not be looked at. No text of the error: it may hold anything."""
    number = error.errno if isinstance(error, OSError) else None
    text = str(error).lower()
    if isinstance(error, PermissionError) or number in _REFUSED or "permission" in text or "not permitted" in text:
        problem = "not_permitted"
    elif number in (errno.ENODEV, errno.ENXIO) or "not found" in text or "no such device" in text:
        problem = "missing"
    elif "libpcap" in text or "npcap" in text or "winpcap" in text:
        problem = "not_supported"
    else:
        problem = "broken"
    return ArpLook(interface=name, problem=problem)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
