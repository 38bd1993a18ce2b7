"""What the firmware's tables and the processor's hypervisor leaves say of the machine.

Sources: learn.microsoft.com, GetSystemFirmwareTable (provider RSMB, RawSMBIOSData); DMTF DSP0134 3.7, 6.1.2 (structure
header, strings), 7.2 (System Information) and 7.4 (System Enclosure). The hypervisor's leaves: phnt's ntexapi.h,
SYSTEM_HYPERVISOR_DETAIL_INFORMATION (class 159, not documented by Microsoft); Microsoft's Hypervisor Top-Level
Functional Specification, "Feature Discovery": vendor in leaf 0x40000000, and the privilege CreatePartitions, bit 0 of
EBX in leaf 0x40000003, which only the root partition has: Windows itself on its own hypervisor, as with
virtualisation-based security, is no guest.
"""

import ctypes
import struct
from collections.abc import Iterable, Iterator
from typing import ClassVar

from ..protocol import NotSupported, SourceBroken
from ..row import Row
from .library import error_of, last_error, library

_RSMB = 0x52534D42
_LIMIT = 1 << 17
_STRUCTURES = 1024
_TEXT = 128
_HYPERVISOR_DETAIL = 159
_STATUS_NOT_IMPLEMENTED, _STATUS_INVALID_CLASS = 0xC0000002, 0xC0000003


class SystemTables(Row, frozen=True, kw_only=True, omit_defaults=True):
    """SMBIOS structures of the system and its enclosure.

    vendor, model, version, serial, family  texts as the firmware has them
    uuid      in the usual form, lower case; "" when not set (all 0 or all F)
    chassis   type, 0 when there is none
    """

    table: ClassVar[str] = "windows_system_tables"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    vendor: str = ""
    model: str = ""
    version: str = ""
    serial: str = ""
    family: str = ""
    uuid: str = ""
    chassis: int = 0

    @classmethod
    def live(cls, of: str) -> "list[SystemTables]":
        ask = library("kernel32").GetSystemFirmwareTable
        ask.argtypes = (ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32)
        ask.restype = ctypes.c_uint32
        buffer = (ctypes.c_uint8 * _LIMIT)()
        size = ask(_RSMB, 0, ctypes.addressof(buffer), _LIMIT)
        if not size:
            raise error_of(last_error(), "SMBIOS tables")
        if size > _LIMIT:
            raise SourceBroken(f"SMBIOS tables have {size} bytes")
        return [parse_tables(bytes(buffer[:size]))]

    def identifying(self) -> Iterable[str]:
        yield from (word for word in (self.serial, self.uuid) if len(word) > 5)


class HypervisorLeaves(Row, frozen=True, kw_only=True, omit_defaults=True):
    """The hypervisor that this Windows runs on.

    vendor  its signature: "Microsoft Hv", "KVMKVMKVM"; "" when there is no hypervisor
    root    this is the root partition: Windows on bare metal that started the hypervisor itself
    """

    table: ClassVar[str] = "windows_hypervisor"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    vendor: str = ""
    root: bool = False

    @classmethod
    def live(cls, of: str) -> "list[HypervisorLeaves]":
        ask = library("ntdll").NtQuerySystemInformation
        ask.argtypes = (ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p)
        ask.restype = ctypes.c_uint32
        data = (ctypes.c_uint8 * 112)()
        returned = ctypes.c_uint32()
        status = ask(_HYPERVISOR_DETAIL, ctypes.addressof(data), 112, ctypes.addressof(returned))
        if status in (_STATUS_NOT_IMPLEMENTED, _STATUS_INVALID_CLASS):
            raise NotSupported("this Windows does not tell of its hypervisor")
        if status:
            raise SourceBroken(f"hypervisor: status {status:#x}")
        return [parse_leaves(bytes(data))]


def parse_leaves(data: bytes) -> HypervisorLeaves:
    """Returns vendor and role from the leaves, four 32-bit words each; raises SourceBroken when they are cut short."""
    if len(data) < 64:
        raise SourceBroken("hypervisor: fewer than four leaves")
    vendor = data[4:16].rstrip(b"\0 ").decode("ascii", "replace")
    microsoft = vendor == "Microsoft Hv"
    return HypervisorLeaves(vendor=vendor, root=microsoft and bool(struct.unpack_from("<I", data, 52)[0] & 1))


def parse_tables(data: bytes) -> SystemTables:
    """Returns what RawSMBIOSData says of the system; raises SourceBroken when it is no such table."""
    if len(data) < 8:
        raise SourceBroken("SMBIOS tables have a head of 8 bytes")
    length = struct.unpack_from("<I", data, 4)[0]
    found: dict[str, str | int] = {}
    for kind, body, texts in _structures(data[8 : 8 + length]):
        if kind == 1 and "vendor" not in found:
            names = (("vendor", 4), ("model", 5), ("version", 6), ("serial", 7), ("family", 26))
            found |= {name: _text(body, at, texts) for name, at in names}
            found["uuid"] = _uuid(body[8:24])
        elif kind == 3 and "chassis" not in found and len(body) > 5:
            found["chassis"] = body[5] & 0x7F
    return SystemTables(**found)  # type: ignore[arg-type]


def _structures(data: bytes) -> Iterator[tuple[int, bytes, list[bytes]]]:
    """Yields type, formatted part and strings of each structure."""
    at = 0
    for _ in range(_STRUCTURES):
        if at + 4 > len(data):
            return
        kind, size = data[at], data[at + 1]
        if size < 4:
            return
        end = data.find(b"\0\0", at + size)
        if end < 0:
            return
        yield kind, data[at : at + size], data[at + size : end].split(b"\0")
        if kind == 127:
            return
        at = end + 2


def _text(body: bytes, at: int, texts: list[bytes]) -> str:
    number = body[at] if at < len(body) else 0
    if not 1 <= number <= len(texts):
        return ""
    return texts[number - 1].decode("utf-8", "replace").strip()[:_TEXT]


def _uuid(raw: bytes) -> str:
    """Returns a UUID whose first three fields are little-endian since SMBIOS 2.6."""
    if len(raw) < 16 or raw in (b"\0" * 16, b"\xff" * 16):
        return ""
    first, second, third = struct.unpack_from("<IHH", raw)
    return f"{first:08x}-{second:04x}-{third:04x}-{raw[8:10].hex()}-{raw[10:].hex()}"
