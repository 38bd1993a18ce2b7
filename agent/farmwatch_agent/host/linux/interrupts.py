"""Counts input without /dev/input: by the counters that the kernel keeps of interrupts and of USB transfers.

Coarser than events, and open to every user: in half a minute a counter moved or it did not. What shares a counter
with something else is not counted: a USB device with a function besides HID (storage, sound, a camera) transfers
without anybody's hand, and so does a bus on which sensors live.

Sources: Documentation/filesystems/proc.rst (interrupts); drivers/input/serio/i8042-io.h (1 is the keyboard's, 12 the
pointer's); drivers/i2c/i2c-core-acpi.c and drivers/hid/i2c-hid (a touchpad's own interrupt bears the device's name);
Documentation/ABI/stable/sysfs-bus-usb (urbnum: requests submitted for the whole device. One that waits for a report is
submitted anew only when a report came, so it stands still while nobody touches the device).
"""

import re
import threading
import time
from collections.abc import Callable, Iterable

from ..input_counts import InputSource
from ..input_watch import InputCounter
from ..protocol import Host, HostError
from .input_devices import Found

INTERRUPTS = "/proc/interrupts"
USB = "/sys/bus/usb/devices"
EVERY_SECONDS = 30.0
_PS2 = {"keyboard": "1", "pointer": "12"}
_HID = "03"
_INTERFACE = re.compile(r"[\d.:-]+:\d+\.\d+\Z")


def parse_interrupts(text: str) -> dict[tuple[str, str], int]:
    """Returns number and name of each device interrupt -> how often it came, over all processors.

    A line holds a number, a count for each processor, chip and kind, and the names of those who share it.
    """
    lines = text.split("\n")
    processors = sum(word.startswith("CPU") for word in lines[0].split())
    found: dict[tuple[str, str], int] = {}
    for line in lines[1:]:
        number, colon, rest = line.partition(":")
        number = number.strip()
        words = rest.split()
        if not colon or not number.isdecimal() or len(words) <= processors:
            continue
        counts = words[:processors]
        if not all(count.isdecimal() and len(count) < 20 for count in counts):
            continue
        # Names are separated by ", "; the first follows chip and kind after blanks, and has none itself.
        names = " ".join(words[processors:]).split(", ")
        for name in (names[0].rpartition(" ")[2], *names[1:]):
            found[number, name] = sum(map(int, counts))
    return found


class CounterWatcher:
    """Looks at counters every half minute.

    listed  returns the devices that can give input
    """

    def __init__(
        self,
        host: Host,
        counter: InputCounter,
        listed: Callable[[], Iterable[Found]],
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counter = counter
        self._host = host
        self._listed = listed
        self._wall, self._monotonic = wall, monotonic
        self._before: dict[InputSource, dict[str, int]] = {}
        self._woken = threading.Event()
        self._stopped = False

    def run(self) -> None:
        """Watches until `stop`."""
        while not self._stopped:
            self.step()
            self._woken.wait(EVERY_SECONDS)

    def refresh(self) -> None:
        # Devices are listed at each look anyway.
        return

    def stop(self) -> None:
        self._stopped = True
        self._woken.set()

    def step(self) -> None:
        """Looks once: what moved since the last look was in use. A counter that is new says nothing yet."""
        now = self._counters()
        moved = [
            source
            for source, counts in now.items()
            if any(count != self._before.get(source, {}).get(name, count) for name, count in counts.items())
        ]
        self._before = now
        if not now:
            # A machine that counts nothing is not idle: nobody knows.
            self.counter.skip(self._wall(), self._monotonic())
            return
        self.counter.tick(self._wall(), self._monotonic(), moved, within=EVERY_SECONDS)

    def _counters(self) -> dict[InputSource, dict[str, int]]:
        try:
            interrupts = parse_interrupts(self._host.text(INTERRUPTS, 1 << 20))
        except HostError:
            interrupts = {}
        together: dict[str, set[InputSource]] = {}
        for found in self._listed():
            name = found.usb or self._line(found)
            if name:
                together.setdefault(name, set()).add(found.source)
        counters: dict[InputSource, dict[str, int]] = {}
        for name, sources in together.items():
            count = self._transfers(name) if name[0].isdigit() and "-" in name else _count(interrupts, name)
            if count is not None:
                counters.setdefault(_one(sources), {})[name] = count
        return counters

    def _line(self, found: Found) -> str:
        if found.line != "i8042":
            return found.line
        number = _PS2.get(found.source.function)
        return f"i8042:{number}" if number else ""

    def _transfers(self, name: str) -> int | None:
        path = f"{USB}/{name}"
        try:
            interfaces = [child for child in self._host.names(path) if _INTERFACE.match(child)]
            if any(self._host.text(f"{path}/{child}/bInterfaceClass", 8) != _HID for child in interfaces):
                return None
            text = self._host.text(f"{path}/urbnum", 32)
        except HostError:
            return None
        return int(text) if text.isdecimal() else None


def _count(interrupts: dict[tuple[str, str], int], name: str) -> int | None:
    if name.startswith("i8042:"):
        return interrupts.get((name[6:], "i8042"))
    counts = [count for (_, line), count in interrupts.items() if line == name]
    return sum(counts) if counts else None


def _one(sources: set[InputSource]) -> InputSource:
    """Returns what stands for all functions behind one counter: they cannot be told apart."""
    if len(sources) == 1:
        return next(iter(sources))
    first = min(sources, key=lambda source: (source.bus, source.vendor_id, source.product_id))
    functions = {source.function for source in sources}
    absolute = {source.absolute for source in sources}
    return InputSource(
        bus=first.bus,
        function=functions.pop() if len(functions) == 1 else "",
        absolute=absolute.pop() if len(absolute) == 1 else None,
        vendor_id=first.vendor_id,
        product_id=first.product_id,
    )
