"""What it costs to watch an 8 kHz mouse for a minute: CPU seconds of the watching process.

    .venv/bin/python bench/input_watch.py [SECONDS] [HERTZ]

A socket stands for the device; another process fills it, as the kernel would, and drops what finds no room. Twice the
reports of a gaming mouse at its fastest, and a keyboard beside it. Figures stand in docs/support.md.
"""

import multiprocessing
import os
import socket
import struct
import sys
import threading
import time

from farmwatch_agent.host.input_counts import InputSource
from farmwatch_agent.host.input_watch import InputCounter
from farmwatch_agent.host.linux.evdev import EvdevWatcher

EVENT = struct.Struct("@llHHi")
SOURCE = InputSource(bus="usb", function="pointer", absolute=False, vendor_id="1532", product_id="00b7")
#: What the kernel keeps of one mouse: 128 events (drivers/input/evdev.c, evdev_compute_buffer_size).
KEPT_BYTES = 128 * 24


def reports(end: socket.socket, hertz: int, seconds: float) -> None:
    """Sends reports of two moves and an end, in step with the clock."""
    stop = time.monotonic() + seconds
    told, began = 0, time.monotonic()
    while (now := time.monotonic()) < stop:
        while told < (now - began) * hertz:
            told += 1
            at = began + told / hertz
            when = int(at), int(at % 1 * 1e6)
            try:
                end.send(EVENT.pack(*when, 2, 0, 3) + EVENT.pack(*when, 2, 1, -1) + EVENT.pack(*when, 0, 0, 0))
            except BlockingIOError:
                continue
        time.sleep(0.0002)


def measured(hertz: int, seconds: float, *, timing: bool) -> float:
    """Returns CPU seconds that watching took."""
    ours, theirs = socket.socketpair()
    for each in (ours, theirs):
        each.setblocking(False)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KEPT_BYTES)
    sender = multiprocessing.Process(target=reports, args=(ours, hertz, seconds))
    sender.start()
    before = time.process_time()
    watcher = EvdevWatcher(
        InputCounter("evdev", time.time(), time.monotonic()),
        lambda: {"/dev/input/event3": SOURCE},
        timing=timing,
        opened=lambda _: os.dup(theirs.fileno()),
    )
    thread = threading.Thread(target=watcher.run)
    thread.start()
    sender.join()
    watcher.stop()
    thread.join()
    cost = time.process_time() - before
    (row,) = watcher.counter.rows()
    print(f"  active {row.active} s of {row.watched} s, gaps {sum(sum(it.gaps) for it in row.sources)}")
    return cost


if __name__ == "__main__":
    length = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 8000
    for wanted in (False, True):
        cost = measured(rate, length, timing=wanted)
        print(f"{rate} Hz, {length:g} s, timing {wanted}: {cost:.3f} CPU-s, {100 * cost / length:.3f} % of a core")
