"""Runs in the guest: a program that makes input devices through uinput, as mouse jigglers and remote desktops do.

injector.py SECONDS DEVICE:CADENCE ...  makes each device (keyboard, mouse, absolute), says "ready", and gives one event
every CADENCE milliseconds (0: none). Numbers are those of include/uapi/linux/uinput.h and input-event-codes.h.
"""

import fcntl
import struct
import sys
import time
from contextlib import ExitStack
from typing import BinaryIO, NamedTuple

_SET_EV, _SET_KEY, _SET_REL, _SET_ABS = 0x40045564, 0x40045565, 0x40045566, 0x40045567
_SETUP, _ABS_SETUP, _CREATE = 0x405C5503, 0x401C5504, 0x5501
_SYN, _KEY, _REL, _ABS = range(4)
_BTN_LEFT = 0x110
_BUS_USB = 3
IDS = {"keyboard": 0x0101, "mouse": 0x0102, "absolute": 0x0103}


class Made(NamedTuple):
    """A device at work."""

    file: BinaryIO
    kind: str
    cadence: float


def make(kind: str) -> BinaryIO:
    """Returns the open device of a new keyboard, mouse or absolute pointer, which claims to be on USB."""
    file = open("/dev/uinput", "wb", buffering=0)  # noqa: SIM115 (it lives as long as the device)
    if kind == "keyboard":
        wanted = [(_SET_EV, _KEY), *((_SET_KEY, code) for code in range(1, 128))]
    elif kind == "mouse":
        wanted = [(_SET_EV, _KEY), (_SET_KEY, _BTN_LEFT), (_SET_EV, _REL), (_SET_REL, 0), (_SET_REL, 1)]
    else:
        wanted = [(_SET_EV, _KEY), (_SET_KEY, _BTN_LEFT), (_SET_EV, _ABS), (_SET_ABS, 0), (_SET_ABS, 1)]
    for request, value in wanted:
        fcntl.ioctl(file, request, value)
    if kind == "absolute":
        for axis in (0, 1):
            fcntl.ioctl(file, _ABS_SETUP, struct.pack("@Hxxiiiiii", axis, 0, 0, 32767, 0, 0, 0))
    name = f"Injected {kind}".encode()
    fcntl.ioctl(file, _SETUP, struct.pack("@HHHH80sI", _BUS_USB, 0x1234, IDS[kind], 1, name, 0))
    fcntl.ioctl(file, _CREATE)
    return file


def give(made: Made, number: int) -> None:
    """Gives one event and its end."""
    kind, code, value = {
        "keyboard": (_KEY, 30, number % 2),
        "mouse": (_REL, 0, 1 if number % 2 else -1),
        "absolute": (_ABS, 0, 100 + number % 1000),
    }[made.kind]
    event = struct.pack("@llHHi", 0, 0, kind, code, value) + struct.pack("@llHHi", 0, 0, _SYN, 0, 0)
    made.file.write(event)


def main(seconds: float, wanted: list[str]) -> None:
    """Makes what is wanted and gives events until the time is over."""
    with ExitStack() as stack:
        devices = []
        for word in wanted:
            kind, _, cadence = word.partition(":")
            devices.append(Made(stack.enter_context(make(kind)), kind, float(cadence or 0) / 1000))
        time.sleep(1)
        print("ready", flush=True)  # noqa: T201 (who started it waits for this)
        start = time.monotonic()
        due = [start if made.cadence else float("inf") for made in devices]
        count = 0
        while (now := time.monotonic()) - start < seconds:
            for index, made in enumerate(devices):
                if now >= due[index]:
                    give(made, count)
                    count += 1
                    due[index] += made.cadence
            time.sleep(max(0.0, min([*due, start + seconds, now + 0.5]) - time.monotonic()))


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
