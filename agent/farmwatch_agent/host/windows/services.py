"""Which services and drivers run, from the service control manager.

Source: learn.microsoft.com, OpenSCManagerW, EnumServicesStatusExW (SC_ENUM_PROCESS_INFO), SERVICE_STATUS_PROCESS.
"""

import ctypes
from typing import Any, ClassVar

from ..protocol import SourceBroken
from ..row import Row
from .library import error_of, last_error, library

_ENUMERATE, _PROCESS_INFO, _ALL_TYPES, _ALL_STATES = 0x4, 0, 0x3B, 0x3
_RUNNING = 4
_MORE_DATA = 234
_BUFFER = 1 << 18
_MAX_CALLS = 64
_NAME = 256


class ServiceStatus(ctypes.Structure):
    """SERVICE_STATUS_PROCESS (winsvc.h)."""

    _fields_ = (
        ("dwServiceType", ctypes.c_uint32),
        ("dwCurrentState", ctypes.c_uint32),
        ("dwControlsAccepted", ctypes.c_uint32),
        ("dwWin32ExitCode", ctypes.c_uint32),
        ("dwServiceSpecificExitCode", ctypes.c_uint32),
        ("dwCheckPoint", ctypes.c_uint32),
        ("dwWaitHint", ctypes.c_uint32),
        ("dwProcessId", ctypes.c_uint32),
        ("dwServiceFlags", ctypes.c_uint32),
    )


class ServiceLine(ctypes.Structure):
    """ENUM_SERVICE_STATUS_PROCESSW (winsvc.h)."""

    _fields_ = (
        ("lpServiceName", ctypes.c_void_p),
        ("lpDisplayName", ctypes.c_void_p),
        ("ServiceStatusProcess", ServiceStatus),
    )


class RunningService(Row, frozen=True, kw_only=True, omit_defaults=True):
    """A service or driver that runs now."""

    table: ClassVar[str] = "windows_running_service"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    name: str

    @classmethod
    def live(cls, of: str) -> "list[RunningService]":
        advapi = library("advapi32")
        opened = advapi.OpenSCManagerW
        opened.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)
        opened.restype = ctypes.c_void_p
        close = advapi.CloseServiceHandle
        close.argtypes = (ctypes.c_void_p,)
        close.restype = ctypes.c_int32
        manager = opened(None, None, _ENUMERATE)
        if not manager:
            raise error_of(last_error(), "service control manager")
        try:
            return [cls(name=name) for name in _running(advapi, manager)]
        finally:
            close(manager)


def _running(advapi: Any, manager: int) -> list[str]:
    ask = advapi.EnumServicesStatusExW
    ask.argtypes = (
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32),
        *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
    )
    ask.restype = ctypes.c_int32
    buffer = (ctypes.c_uint8 * _BUFFER)()
    needed, count, resume = ctypes.c_uint32(), ctypes.c_uint32(), ctypes.c_uint32()
    found: list[str] = []
    for _ in range(_MAX_CALLS):
        done = ask(
            manager, _PROCESS_INFO, _ALL_TYPES, _ALL_STATES, ctypes.addressof(buffer), _BUFFER,
            *(ctypes.addressof(needed), ctypes.addressof(count), ctypes.addressof(resume), None),
        )  # fmt: skip
        code = 0 if done else last_error()
        if code not in (0, _MORE_DATA):
            raise error_of(code, "services")
        size = ctypes.sizeof(ServiceLine)
        if count.value * size > _BUFFER:
            raise SourceBroken(f"services: {count.value} do not fit into what was asked for")
        for index in range(count.value):
            line = ServiceLine.from_buffer(buffer, index * size)
            if line.ServiceStatusProcess.dwCurrentState == _RUNNING and line.lpServiceName:
                found.append(ctypes.wstring_at(line.lpServiceName)[:_NAME])
        if done:
            return found
    raise SourceBroken("services: their list has no end")
