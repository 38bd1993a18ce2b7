"""What the network in use costs, as Windows knows it: from a modem, or because somebody marked it as metered.

Source: learn.microsoft.com, INetworkCostManager::GetCost (the third method after those of IUnknown; netlistmgr.h for
the ids), NLM_CONNECTION_COST, CoCreateInstance. No Windows has run this yet.
"""

import ctypes
from ctypes import c_int32, c_uint32, c_void_p
from typing import ClassVar

from ..protocol import NotSupported
from ..row import Row
from .library import library

#: NLM_CONNECTION_COST: fixed, variable, over its limit, roaming, near its limit. 0 is unknown, 1 unrestricted.
METERED = 0x2 | 0x4 | 0x10000 | 0x40000 | 0x80000
#: CLSID_NetworkListManager and IID_INetworkCostManager, as a GUID lies in memory.
LIST_MANAGER = bytes.fromhex("010cb0dc0f579b4a8d69199fdba5723b")
COST_MANAGER = bytes.fromhex("0800b0dc0f579b4a8d69199fdba5723b")
_INPROC_OR_LOCAL_SERVER = 1 | 4
_RELEASE, _GET_COST = 2, 3
_CHANGED_MODE = -2147417850  # RPC_E_CHANGED_MODE: this thread is in an apartment already, which serves as well


class NetworkCost(Row, frozen=True, kw_only=True, omit_defaults=True):
    """The cost of the machine's connection to the internet, NLM_CONNECTION_COST."""

    table: ClassVar[str] = "windows_network_cost"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    cost: int = 0

    @classmethod
    def live(cls, of: str) -> "list[NetworkCost]":
        ole = library("ole32")
        begin, end, create = ole.CoInitializeEx, ole.CoUninitialize, ole.CoCreateInstance
        begin.argtypes, begin.restype = (c_void_p, c_uint32), c_int32
        end.argtypes, end.restype = (), None
        create.argtypes, create.restype = (c_void_p, c_void_p, c_uint32, c_void_p, c_void_p), c_int32
        begun: int = begin(None, 0)
        if begun < 0 and begun != _CHANGED_MODE:
            raise NotSupported("the network's cost cannot be asked")
        try:
            manager = c_void_p()
            if create(LIST_MANAGER, None, _INPROC_OR_LOCAL_SERVER, COST_MANAGER, ctypes.byref(manager)) < 0:
                raise NotSupported("this Windows does not tell what a network costs")
            return [cls(cost=_cost(manager))]
        finally:
            if begun >= 0:
                end()


def _cost(manager: c_void_p) -> int:
    """Returns the cost and lets the manager go."""
    methods = ctypes.cast(manager, ctypes.POINTER(ctypes.POINTER(c_void_p))).contents
    prototype = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
    release = prototype(c_uint32, c_void_p)(methods[_RELEASE])
    get_cost = prototype(c_int32, c_void_p, c_void_p, c_void_p)(methods[_GET_COST])
    cost = c_uint32()
    try:
        if get_cost(manager, ctypes.byref(cost), None) < 0:
            raise NotSupported("the network's cost is not told")
    finally:
        release(manager)
    return cost.value
