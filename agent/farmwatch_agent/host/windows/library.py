"""How functions of Windows are reached through ctypes, and how their errors become HostErrors.

ctypes imports on every platform and its structures can be measured anywhere, so layouts use fixed widths
(`c_uint32` for DWORD, never `c_ulong`, which has eight bytes on Linux). Source of error numbers: learn.microsoft.com,
"System Error Codes".
"""

import ctypes
import sys
from functools import cache
from typing import Any

from ..protocol import HostError, Missing, NotPermitted, NotSupported, SourceBroken

#: ERROR_ACCESS_DENIED, ERROR_PRIVILEGE_NOT_HELD, ERROR_NOT_LOGGED_ON
_REFUSED = frozenset({5, 1314, 1245})
#: ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_NOT_FOUND, ERROR_NO_MORE_ITEMS, ERROR_NO_DATA
_MISSING = frozenset({2, 3, 1168, 259, 232})
#: ERROR_INVALID_FUNCTION, _NOT_SUPPORTED, _CALL_NOT_IMPLEMENTED, _PROC_NOT_FOUND, _SERVICE_NOT_ACTIVE
_UNSUPPORTED = frozenset({1, 50, 120, 127, 1062})


@cache
def library(name: str) -> Any:
    """Returns a system library such as "setupapi", loaded from System32 only; raises NotSupported elsewhere."""
    if sys.platform != "win32":
        raise NotSupported(f"{name} is a library of Windows")
    try:
        # 0x800 is LOAD_LIBRARY_SEARCH_SYSTEM32: a library planted beside the agent is never taken.
        return ctypes.WinDLL(f"{name}.dll", use_last_error=True, winmode=0x800)
    except OSError:
        raise NotSupported(f"this Windows has no {name}") from None


def last_error() -> int:
    """Returns the error number of the last call of a library that `library` returned."""
    if sys.platform != "win32":
        return 0
    return ctypes.get_last_error()


def error_of(number: int, what: str) -> HostError:
    """Returns the HostError that a Windows error number means; `what` was asked."""
    kind: type[HostError] = SourceBroken
    if number in _REFUSED:
        kind = NotPermitted
    elif number in _MISSING:
        kind = Missing
    elif number in _UNSUPPORTED:
        kind = NotSupported
    return kind(f"{what}: Windows error {number}")
