r"""Active displays, and what monitors said of themselves when Windows met them.

QueryDisplayConfig wants a desktop: a service in session 0 and a remote session are refused (learn.microsoft.com,
QueryDisplayConfig, ERROR_ACCESS_DENIED). The EDID stays in the registry, also of monitors that are gone, and every
user may read it. Layouts and numbers as in wingdi.h and winuser.h.
"""

import ctypes
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from msgspec.structs import replace

from farmwatch_schema.formats import edid
from farmwatch_schema.identifiers import PUBLISHED_CONSTANTS

from ..protocol import Missing, SourceBroken
from ..row import Row
from . import registry
from .library import error_of, library
from .wide import wide_text

_ONLY_ACTIVE = 2
_TARGET_NAME, _ADAPTER_NAME = 2, 4
_TARGET_MODE = 2
_INSUFFICIENT_BUFFER = 122
_MAX_PATHS = 128
#: Where Windows keeps devices.
ENUM = r"HKLM\SYSTEM\CurrentControlSet\Enum"


class Luid(ctypes.Structure):
    """LUID (winnt.h)."""

    _fields_ = (("LowPart", ctypes.c_uint32), ("HighPart", ctypes.c_int32))


class Rational(ctypes.Structure):
    """DISPLAYCONFIG_RATIONAL (wingdi.h)."""

    _fields_ = (("Numerator", ctypes.c_uint32), ("Denominator", ctypes.c_uint32))


class PathSource(ctypes.Structure):
    """DISPLAYCONFIG_PATH_SOURCE_INFO (wingdi.h)."""

    _fields_ = (
        ("adapterId", Luid),
        ("id", ctypes.c_uint32),
        ("modeInfoIdx", ctypes.c_uint32),
        ("statusFlags", ctypes.c_uint32),
    )


class PathTarget(ctypes.Structure):
    """DISPLAYCONFIG_PATH_TARGET_INFO (wingdi.h)."""

    _fields_ = (
        ("adapterId", Luid),
        ("id", ctypes.c_uint32),
        ("modeInfoIdx", ctypes.c_uint32),
        ("outputTechnology", ctypes.c_uint32),
        ("rotation", ctypes.c_uint32),
        ("scaling", ctypes.c_uint32),
        ("refreshRate", Rational),
        ("scanLineOrdering", ctypes.c_uint32),
        ("targetAvailable", ctypes.c_int32),
        ("statusFlags", ctypes.c_uint32),
    )


class PathInfo(ctypes.Structure):
    """DISPLAYCONFIG_PATH_INFO (wingdi.h)."""

    _fields_ = (("sourceInfo", PathSource), ("targetInfo", PathTarget), ("flags", ctypes.c_uint32))


class VideoSignal(ctypes.Structure):
    """DISPLAYCONFIG_VIDEO_SIGNAL_INFO (wingdi.h)."""

    _fields_ = (
        ("pixelRate", ctypes.c_uint64),
        ("hSyncFreq", Rational),
        ("vSyncFreq", Rational),
        ("activeWidth", ctypes.c_uint32),
        ("activeHeight", ctypes.c_uint32),
        ("totalWidth", ctypes.c_uint32),
        ("totalHeight", ctypes.c_uint32),
        ("videoStandard", ctypes.c_uint32),
        ("scanLineOrdering", ctypes.c_uint32),
    )


class ModeInfo(ctypes.Structure):
    """DISPLAYCONFIG_MODE_INFO (wingdi.h)."""

    _fields_ = (
        ("infoType", ctypes.c_uint32),
        ("id", ctypes.c_uint32),
        ("adapterId", Luid),
        ("targetVideoSignalInfo", VideoSignal),
    )


class InfoHeader(ctypes.Structure):
    """DISPLAYCONFIG_DEVICE_INFO_HEADER (wingdi.h)."""

    _fields_ = (
        ("type", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("adapterId", Luid),
        ("id", ctypes.c_uint32),
    )


class TargetName(ctypes.Structure):
    """DISPLAYCONFIG_TARGET_DEVICE_NAME (wingdi.h)."""

    _fields_ = (
        ("header", InfoHeader),
        ("flags", ctypes.c_uint32),
        ("outputTechnology", ctypes.c_uint32),
        ("edidManufactureId", ctypes.c_uint16),
        ("edidProductCodeId", ctypes.c_uint16),
        ("connectorInstance", ctypes.c_uint32),
        ("monitorFriendlyDeviceName", ctypes.c_uint16 * 64),
        ("monitorDevicePath", ctypes.c_uint16 * 128),
    )


class AdapterName(ctypes.Structure):
    """DISPLAYCONFIG_ADAPTER_NAME (wingdi.h)."""

    _fields_ = (("header", InfoHeader), ("adapterDevicePath", ctypes.c_uint16 * 128))


class DisplayTarget(Row, frozen=True, kw_only=True, omit_defaults=True):
    r"""One display that is in use.

    technology  DISPLAYCONFIG_VIDEO_OUTPUT_TECHNOLOGY: 5 is HDMI, 0x80000000 the laptop's own panel
    connector   number among connectors of that kind of its adapter, from 1; 0 when it is the only one
    monitor     instance of the monitor's device: "DISPLAY\DELA0D1\5&1234abcd&0&UID4353"; "" when it has none
    adapter     instance of the graphics adapter
    width, height  of what is sent to it, pixels; 0 when not known
    """

    table: ClassVar[str] = "windows_display_target"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    technology: int
    connector: int = 0
    monitor: str = ""
    adapter: str = ""
    width: int = 0
    height: int = 0

    @classmethod
    def live(cls, of: str) -> "list[DisplayTarget]":
        user = library("user32")
        paths, modes = _query(user)
        found = []
        for path in paths:
            mode = modes[path.targetInfo.modeInfoIdx] if path.targetInfo.modeInfoIdx < len(modes) else None
            signal = mode.targetVideoSignalInfo if mode is not None and mode.infoType == _TARGET_MODE else None
            name, adapter = TargetName(), AdapterName()
            named = _info(user, name, _TARGET_NAME, path.targetInfo.adapterId, path.targetInfo.id)
            told = _info(user, adapter, _ADAPTER_NAME, path.targetInfo.adapterId, 0)
            found.append(
                cls(
                    technology=path.targetInfo.outputTechnology,
                    connector=name.connectorInstance if named else 0,
                    monitor=instance_of(wide_text(bytes(name.monitorDevicePath))) if named else "",
                    adapter=instance_of(wide_text(bytes(adapter.adapterDevicePath))) if told else "",
                    width=signal.activeWidth if signal is not None else 0,
                    height=signal.activeHeight if signal is not None else 0,
                )
            )
        return found


class MonitorEdid(Row, frozen=True, kw_only=True, omit_defaults=True):
    r"""The EDID that Windows keeps of a monitor. `of` is the monitor's instance.

    edid  as the monitor sent it; empty when it sent none
    """

    table: ClassVar[str] = "windows_monitor_edid"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    edid: bytes = b""

    @classmethod
    def live(cls, of: str) -> "list[MonitorEdid]":
        try:
            key = registry.read(f"{ENUM}\\{of}\\Device Parameters")
        except Missing:
            return [cls()]
        return [cls(edid=key.binary("EDID")[: edid.MAX_BYTES])]

    def identifying(self) -> Iterable[str]:
        found: list[str] = []

        def note(unique: bytes) -> bytes:
            found.append(_word(unique))
            return unique

        edid.rewritten(self.edid, note)
        return (word for word in found if word)

    def rewritten(self, text: Callable[[str], str]) -> "MonitorEdid":
        def invented(unique: bytes) -> bytes:
            word = _word(unique)
            if not word:
                return unique
            if len(unique) == 13:
                return text(word).encode("latin-1", "replace")[:13].ljust(len(word), b" ") + unique[len(word) :]
            return bytes.fromhex(text(word))

        return replace(self, edid=edid.rewritten(self.edid, invented))


def instance_of(path: str) -> str:
    r"""Returns the device instance in an interface's path: "\\?\DISPLAY#DELA0D1#5&12..#{e6f0...}"."""
    parts = path.removeprefix("\\\\?\\").split("#")
    return "\\".join(parts[:3]).upper() if len(parts) >= 4 else ""


def _word(unique: bytes) -> str:
    """Returns what is unique in an EDID as a word: the serial's text, or hex; "" for nobody's."""
    if len(unique) == 13:
        word = unique.split(b"\n", 1)[0].rstrip(b"\0 ").decode("latin-1")
        return "" if word in PUBLISHED_CONSTANTS else word
    constant = f"0x{int.from_bytes(unique, 'little'):08x}"
    return "" if constant in PUBLISHED_CONSTANTS or not any(unique) else unique.hex()


def _query(user: Any) -> tuple[list[Any], list[Any]]:
    user.GetDisplayConfigBufferSizes.restype = user.QueryDisplayConfig.restype = ctypes.c_int32
    user.GetDisplayConfigBufferSizes.argtypes = [ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p]
    user.QueryDisplayConfig.argtypes = [ctypes.c_uint32, *[ctypes.c_void_p] * 5]
    paths_number, modes_number = ctypes.c_uint32(), ctypes.c_uint32()
    for _ in range(4):
        result = user.GetDisplayConfigBufferSizes(_ONLY_ACTIVE, ctypes.byref(paths_number), ctypes.byref(modes_number))
        if result:
            raise error_of(result, "active displays")
        if paths_number.value > _MAX_PATHS or modes_number.value > 4 * _MAX_PATHS:
            raise SourceBroken(f"{paths_number.value} active displays make no sense")
        paths, modes = (PathInfo * max(1, paths_number.value))(), (ModeInfo * max(1, modes_number.value))()
        result = user.QueryDisplayConfig(
            _ONLY_ACTIVE, ctypes.byref(paths_number), paths, ctypes.byref(modes_number), modes, None
        )
        if result == 0:
            return list(paths[: paths_number.value]), list(modes[: modes_number.value])
        if result != _INSUFFICIENT_BUFFER:
            raise error_of(result, "active displays")
    raise SourceBroken("displays changed each time they were asked for")


def _info(user: Any, given: Any, kind: int, adapter: Luid, number: int) -> bool:
    given.header.type, given.header.size = kind, ctypes.sizeof(given)
    given.header.adapterId, given.header.id = adapter, number
    ask = user.DisplayConfigGetDeviceInfo
    ask.restype, ask.argtypes = ctypes.c_int32, [ctypes.c_void_p]
    return bool(ask(ctypes.byref(given)) == 0)
