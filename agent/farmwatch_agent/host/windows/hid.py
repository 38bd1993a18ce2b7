r"""What a HID collection says of itself. Windows hides the report descriptor and tells what it made of it.

Each top-level collection is a device of its own ("HID\VID_..&MI_01&Col02"). It is opened without any access, which
Windows allows for keyboards and mice too and which reads no input. Source: learn.microsoft.com, HidD_GetPreparsedData,
HidP_GetCaps, HidP_GetValueCaps, HidP_GetButtonCaps, HidP_GetLinkCollectionNodes; layouts as in hidpi.h.
"""

import ctypes
from typing import Any, ClassVar

import msgspec

from ..protocol import Missing, SourceBroken
from ..row import Row
from .devices import interfaces
from .library import error_of, last_error, library

#: GUID_DEVINTERFACE_HID (hidclass.h).
HID_INTERFACE = "4d1e55b2-f16f-11cf-88cb-001111000030"
#: HIDP_STATUS_SUCCESS (hidpi.h), and the report type of what comes from the device.
_SUCCESS, _INPUT = 0x00110000, 0
_MAX_CAPS, _MAX_NODES = 512, 256


class HidCaps(ctypes.Structure):
    """HIDP_CAPS (hidpi.h)."""

    _fields_ = (
        ("Usage", ctypes.c_uint16),
        ("UsagePage", ctypes.c_uint16),
        ("InputReportByteLength", ctypes.c_uint16),
        ("OutputReportByteLength", ctypes.c_uint16),
        ("FeatureReportByteLength", ctypes.c_uint16),
        ("Reserved", ctypes.c_uint16 * 17),
        ("NumberLinkCollectionNodes", ctypes.c_uint16),
        ("NumberInputButtonCaps", ctypes.c_uint16),
        ("NumberInputValueCaps", ctypes.c_uint16),
        ("NumberInputDataIndices", ctypes.c_uint16),
        ("NumberOutputButtonCaps", ctypes.c_uint16),
        ("NumberOutputValueCaps", ctypes.c_uint16),
        ("NumberOutputDataIndices", ctypes.c_uint16),
        ("NumberFeatureButtonCaps", ctypes.c_uint16),
        ("NumberFeatureValueCaps", ctypes.c_uint16),
        ("NumberFeatureDataIndices", ctypes.c_uint16),
    )


class HidButtonCaps(ctypes.Structure):
    """HIDP_BUTTON_CAPS (hidpi.h)."""

    _fields_ = (
        ("UsagePage", ctypes.c_uint16),
        ("ReportID", ctypes.c_uint8),
        ("IsAlias", ctypes.c_uint8),
        ("BitField", ctypes.c_uint16),
        ("LinkCollection", ctypes.c_uint16),
        ("LinkUsage", ctypes.c_uint16),
        ("LinkUsagePage", ctypes.c_uint16),
        ("IsRange", ctypes.c_uint8),
        ("IsStringRange", ctypes.c_uint8),
        ("IsDesignatorRange", ctypes.c_uint8),
        ("IsAbsolute", ctypes.c_uint8),
        ("Reserved", ctypes.c_uint32 * 10),
        ("UsageMin", ctypes.c_uint16),
        ("UsageMax", ctypes.c_uint16),
        ("Rest", ctypes.c_uint16 * 6),
    )


class HidValueCaps(ctypes.Structure):
    """HIDP_VALUE_CAPS (hidpi.h)."""

    _fields_ = (
        ("UsagePage", ctypes.c_uint16),
        ("ReportID", ctypes.c_uint8),
        ("IsAlias", ctypes.c_uint8),
        ("BitField", ctypes.c_uint16),
        ("LinkCollection", ctypes.c_uint16),
        ("LinkUsage", ctypes.c_uint16),
        ("LinkUsagePage", ctypes.c_uint16),
        ("IsRange", ctypes.c_uint8),
        ("IsStringRange", ctypes.c_uint8),
        ("IsDesignatorRange", ctypes.c_uint8),
        ("IsAbsolute", ctypes.c_uint8),
        ("HasNull", ctypes.c_uint8),
        ("Reserved", ctypes.c_uint8),
        ("BitSize", ctypes.c_uint16),
        ("ReportCount", ctypes.c_uint16),
        ("Reserved2", ctypes.c_uint16 * 5),
        ("UnitsExp", ctypes.c_uint32),
        ("Units", ctypes.c_uint32),
        ("LogicalMin", ctypes.c_int32),
        ("LogicalMax", ctypes.c_int32),
        ("PhysicalMin", ctypes.c_int32),
        ("PhysicalMax", ctypes.c_int32),
        ("UsageMin", ctypes.c_uint16),
        ("UsageMax", ctypes.c_uint16),
        ("Rest", ctypes.c_uint16 * 6),
    )


class HidLinkCollectionNode(ctypes.Structure):
    """HIDP_LINK_COLLECTION_NODE (hidpi.h)."""

    _fields_ = (
        ("LinkUsage", ctypes.c_uint16),
        ("LinkUsagePage", ctypes.c_uint16),
        ("Parent", ctypes.c_uint16),
        ("NumberOfChildren", ctypes.c_uint16),
        ("NextSibling", ctypes.c_uint16),
        ("FirstChild", ctypes.c_uint16),
        ("CollectionType", ctypes.c_uint32),
        ("UserContext", ctypes.c_void_p),
    )


class HidField(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value that comes from the device: usage page, first and last usage, report id, size in bits, range."""

    page: int
    first: int
    last: int
    report_id: int = 0
    bits: int = 0
    absolute: bool = False
    minimum: int = 0
    maximum: int = 0


class HidCollection(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A top-level collection. `of` is its instance.

    page, usage  its own usage: 1 and 2 are a mouse
    input_bytes  length of the longest report from the device, with the byte of the report id that Windows adds
    nodes        (page, usage) of itself and every collection in it
    fields       values from the device; buttons: their usage pages; report_ids: as far as input goes
    """

    table: ClassVar[str] = "windows_hid_collection"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    page: int
    usage: int
    input_bytes: int = 0
    nodes: tuple[tuple[int, int], ...] = ()
    fields: tuple[HidField, ...] = ()
    buttons: tuple[int, ...] = ()
    report_ids: tuple[int, ...] = ()

    @classmethod
    def live(cls, of: str) -> "list[HidCollection]":
        paths = interfaces(HID_INTERFACE, of)
        if not paths:
            raise Missing(f"{of}: is switched off or gone")
        return [_collection(paths[0])]


def _collection(path: str) -> HidCollection:
    kernel, hid = library("kernel32"), library("hid")
    create, close = kernel.CreateFileW, kernel.CloseHandle
    create.restype = ctypes.c_void_p
    create.argtypes = [
        ctypes.c_wchar_p,
        *[ctypes.c_uint32] * 2,
        ctypes.c_void_p,
        *[ctypes.c_uint32] * 2,
        ctypes.c_void_p,
    ]
    close.restype, close.argtypes = ctypes.c_int32, [ctypes.c_void_p]
    hid.HidD_GetPreparsedData.restype = hid.HidD_FreePreparsedData.restype = ctypes.c_uint8
    hid.HidD_GetPreparsedData.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    hid.HidD_FreePreparsedData.argtypes = [ctypes.c_void_p]
    what = path.rpartition("#")[0]
    handle = create(path, 0, 3, None, 3, 0, None)
    if handle is None or handle == ctypes.c_void_p(-1).value:
        raise error_of(last_error(), what)
    parsed = ctypes.c_void_p()
    try:
        if not hid.HidD_GetPreparsedData(handle, ctypes.byref(parsed)):
            raise error_of(last_error(), what)
        return _asked(hid, parsed, what)
    finally:
        if parsed.value:
            hid.HidD_FreePreparsedData(parsed)
        close(handle)


def _asked(hid: Any, parsed: ctypes.c_void_p, what: str) -> HidCollection:
    hid.HidP_GetCaps.restype = ctypes.c_uint32
    hid.HidP_GetCaps.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    caps = HidCaps()
    if hid.HidP_GetCaps(parsed, ctypes.byref(caps)) != _SUCCESS:
        raise SourceBroken(f"{what}: its capabilities make no sense")
    values = _caps(hid.HidP_GetValueCaps, HidValueCaps, caps.NumberInputValueCaps, parsed)
    buttons = _caps(hid.HidP_GetButtonCaps, HidButtonCaps, caps.NumberInputButtonCaps, parsed)
    return of_caps(caps, values, buttons, _nodes(hid, parsed, caps.NumberLinkCollectionNodes))


def of_caps(caps: HidCaps, values: list[Any], buttons: list[Any], nodes: list[Any]) -> HidCollection:
    """Returns the collection that the structures of hid.dll describe."""
    return HidCollection(
        page=caps.UsagePage,
        usage=caps.Usage,
        input_bytes=caps.InputReportByteLength,
        nodes=tuple((node.LinkUsagePage, node.LinkUsage) for node in nodes),
        fields=tuple(
            HidField(
                page=value.UsagePage,
                first=value.UsageMin,
                last=value.UsageMax if value.IsRange else value.UsageMin,
                report_id=value.ReportID,
                bits=value.BitSize,
                absolute=bool(value.IsAbsolute),
                minimum=value.LogicalMin,
                maximum=value.LogicalMax,
            )
            for value in values
        ),
        buttons=tuple(sorted({button.UsagePage for button in buttons})),
        report_ids=tuple(dict.fromkeys(cap.ReportID for cap in (*buttons, *values) if cap.ReportID)),
    )


def _caps(ask: Any, kind: Any, count: int, parsed: ctypes.c_void_p) -> list[Any]:
    count = min(count, _MAX_CAPS)
    if not count:
        return []
    ask.restype = ctypes.c_uint32
    ask.argtypes = [ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    room = (kind * count)()
    length = ctypes.c_uint16(count)
    if ask(_INPUT, room, ctypes.byref(length), parsed) != _SUCCESS:
        raise SourceBroken("a HID collection does not tell its fields")
    return list(room[: min(length.value, count)])


def _nodes(hid: Any, parsed: ctypes.c_void_p, count: int) -> list[Any]:
    count = min(count, _MAX_NODES)
    if not count:
        return []
    ask = hid.HidP_GetLinkCollectionNodes
    ask.restype = ctypes.c_uint32
    ask.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    room = (HidLinkCollectionNode * count)()
    length = ctypes.c_uint32(count)
    if ask(room, ctypes.byref(length), parsed) != _SUCCESS:
        raise SourceBroken("a HID collection does not tell what is in it")
    return list(room[: min(length.value, count)])
