"""HID report descriptors: an item walker that keeps what tells one kind of input device from another.

Items, usages and flags: Device Class Definition for HID 1.11, sections 5 and 6.2.2; usage pages: HID
Usage Tables 1.5. Where the specification leaves room, the Linux parser is followed
(drivers/hid/hid-core.c): the usage page in force at the main item counts, and a logical maximum is
unsigned unless the minimum is negative.
"""

import msgspec

from ..errors import FormatError
from ..observables.usb import HidFeatures

#: The kernel takes no longer ones (include/linux/hid.h, HID_MAX_DESCRIPTOR_SIZE).
MAX_BYTES = 4096

GENERIC_DESKTOP, DIGITIZER, VENDOR = 0x01, 0x0D, 0xFF00
X, Y = GENERIC_DESKTOP << 16 | 0x30, GENERIC_DESKTOP << 16 | 0x31

_MAIN, _GLOBAL, _LOCAL = 0, 1, 2
_INPUT, _COLLECTION, _END_COLLECTION = 8, 10, 12
_PAGE, _LOGICAL_MIN, _LOGICAL_MAX, _SIZE, _REPORT_ID, _COUNT, _PUSH, _POP = 0, 1, 2, 7, 8, 9, 10, 11
_USAGE, _USAGE_MIN, _USAGE_MAX = 0, 1, 2
_APPLICATION = 1
_CONSTANT, _VARIABLE, _RELATIVE = 1, 2, 4
_LONG_ITEM = 0xFE
_MAX_STACK = 64


class ReportDescriptor(msgspec.Struct, frozen=True, kw_only=True):
    """What a report descriptor says, and the first thing found wrong in it ("" when it is sound)."""

    features: HidFeatures
    fault: str = ""


class _Globals(msgspec.Struct):
    page: int = 0
    logical_min: int = 0
    logical_max: bytes = b""
    size: int = 0
    count: int = 0


class _Walk:
    """State of one walk; global items are pushed and popped, local ones end with each main item."""

    def __init__(self) -> None:
        self.state = _Globals()
        self.stack: list[_Globals] = []
        self.depth = 0
        self.usages: list[tuple[int, int]] = []
        self.range_start: int | None = None
        self.applications: list[str] = []
        self.report_ids: list[int] = []
        self.digitizer = False
        self.vendor = False
        #: Position fields by application (their number so far), relative or not, and axis.
        self.axes: dict[tuple[int, int, int], tuple[int, int, int]] = {}
        self.faults: list[str] = []

    def main(self, tag: int, data: bytes) -> None:
        # Four-byte usages carry their page; for shorter ones the page in force now counts.
        page = self.state.page << 16
        usages = [
            (low if low > 0xFFFF else page | low, high if high > 0xFFFF else page | high) for low, high in self.usages
        ]
        if tag == _COLLECTION:
            self._collection(data, usages[0][0] if usages else page)
        elif tag == _END_COLLECTION:
            if self.depth == 0:
                self.faults.append("A collection ends that never began.")
            self.depth = max(0, self.depth - 1)
        elif tag == _INPUT:
            self._input(_unsigned(data), usages)
        self.digitizer = self.digitizer or any(usage >> 16 == DIGITIZER for pair in usages for usage in pair)
        self.usages = []
        self.range_start = None

    def _collection(self, data: bytes, usage: int) -> None:
        self.depth += 1
        if _unsigned(data) == _APPLICATION:
            self.applications.append(f"{usage >> 16:x}:{usage & 0xFFFF:x}")
        self.vendor = self.vendor or usage >> 16 >= VENDOR
        self.digitizer = self.digitizer or usage >> 16 == DIGITIZER

    def _input(self, flags: int, usages: list[tuple[int, int]]) -> None:
        # An array (no variable flag) selects one of its usages, as keyboards do; it measures nothing.
        if flags & _CONSTANT or not flags & _VARIABLE or not self.state.count:
            return
        low = self.state.logical_min
        raw = self.state.logical_max
        field = (low, _signed(raw) if low < 0 else _unsigned(raw), self.state.size)
        for axis in (X, Y):
            if any(first <= axis <= last for first, last in usages):
                self.axes.setdefault((len(self.applications), flags & _RELATIVE, axis), field)

    def _position(self, relative: int) -> tuple[int, int, int] | None:
        """X of the first application that has both axes, since they may come in items of their own."""
        for (application, kind, axis), field in self.axes.items():
            if axis == X and kind == relative and (application, kind, Y) in self.axes:
                return field
        return None

    def of_all(self, tag: int, data: bytes) -> None:
        state = self.state
        if tag == _PAGE:
            state.page = _unsigned(data) & 0xFFFF
        elif tag == _LOGICAL_MIN:
            state.logical_min = _signed(data)
        elif tag == _LOGICAL_MAX:
            state.logical_max = data
        elif tag == _SIZE:
            state.size = _unsigned(data)
        elif tag == _COUNT:
            state.count = _unsigned(data)
        elif tag == _REPORT_ID:
            number = _unsigned(data)
            if number not in self.report_ids:
                self.report_ids.append(number)
        elif tag == _PUSH:
            if len(self.stack) >= _MAX_STACK:
                self.faults.append("Global items are pushed too often.")
            else:
                self.stack.append(_Globals(state.page, state.logical_min, state.logical_max, state.size, state.count))
        elif tag == _POP:
            if self.stack:
                self.state = self.stack.pop()
            else:
                self.faults.append("Global items are popped that were never pushed.")

    def local(self, tag: int, data: bytes) -> None:
        usage = _unsigned(data)
        if tag == _USAGE:
            self.usages.append((usage, usage))
        elif tag == _USAGE_MIN:
            self.range_start = usage
        elif tag == _USAGE_MAX:
            if self.range_start is None or self.range_start > usage:
                self.faults.append("A usage range ends before it begins.")
            else:
                self.usages.append((self.range_start, usage))
            self.range_start = None

    def result(self) -> ReportDescriptor:
        if self.depth:
            self.faults.append("A collection never ends.")
        absolute = self._position(0)
        position = absolute or self._position(_RELATIVE)
        return ReportDescriptor(
            features=HidFeatures(
                applications=tuple(self.applications),
                absolute_xy=absolute is not None,
                x_logical=(position[0], position[1]) if position else None,
                x_bits=position[2] if position else 0,
                report_ids=tuple(self.report_ids),
                digitizer=self.digitizer,
                vendor=self.vendor,
            ),
            fault=self.faults[0] if self.faults else "",
        )


def parse(data: bytes) -> ReportDescriptor:
    """Returns what a report descriptor says; raises FormatError when it is empty or over 4,096 bytes."""
    if not 1 <= len(data) <= MAX_BYTES:
        raise FormatError(f"A HID report descriptor has 1 to {MAX_BYTES} bytes, this one has {len(data)}.")
    walk = _Walk()
    at = 0
    while at < len(data):
        prefix = data[at]
        if prefix == _LONG_ITEM:
            length = 3 + (data[at + 1] if at + 1 < len(data) else 0)
        else:
            length = 1 + (0, 1, 2, 4)[prefix & 3]
        if at + length > len(data):
            walk.faults.append(f"The item at byte {at} is cut off.")
            break
        if prefix != _LONG_ITEM:
            payload = data[at + 1 : at + length]
            kind = prefix >> 2 & 3
            if kind == _MAIN:
                walk.main(prefix >> 4, payload)
            elif kind == _GLOBAL:
                walk.of_all(prefix >> 4, payload)
            elif kind == _LOCAL:
                walk.local(prefix >> 4, payload)
        at += length
    return walk.result()


def features_of(data: bytes) -> HidFeatures:
    """Returns the features alone, as far as the bytes go; empty ones for an empty or overlong descriptor."""
    try:
        return parse(data).features
    except FormatError:
        return HidFeatures()


def _unsigned(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _signed(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)
