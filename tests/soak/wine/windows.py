# ruff: noqa: INP001, T201 (run inside Wine, never imported as a package; stdout is its answer)
"""ctypes.WinDLL and winreg over `wincall`, and then the agent's own Windows readers, one a process.

Runs inside the program that host.c makes: `host windows.py AGENT-FOLDERS TABLE [OF]`. Prints one JSON line: the rows,
or the HostError that the reader ended with. What is Wine's here and not Windows's is the other side of every call;
what is proved is ours: names of functions, arguments, structures, buffers, handles.
"""

import contextlib
import ctypes
import importlib
import json
import os
import pkgutil
import sys
import types
from collections.abc import Iterator
from typing import Any

import wincall

_last_error = 0


def word(value: Any, kept: list[Any]) -> int:
    """Returns an argument as the word that a 64-bit function takes; what it points to is kept alive in `kept`."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, bytes):
        buffer = ctypes.create_string_buffer(value)
        kept.append(buffer)
        return ctypes.addressof(buffer)
    if isinstance(value, str):
        return word(value.encode("utf-16-le") + b"\0\0", kept)
    if hasattr(value, "_obj"):  # byref
        return ctypes.addressof(value._obj)
    if isinstance(value, ctypes.c_wchar_p | ctypes.c_char_p):
        return word(value.value, kept)
    if isinstance(value, ctypes._SimpleCData):
        return word(value.value, kept)
    if isinstance(value, ctypes._Pointer):
        return ctypes.cast(value, ctypes.c_void_p).value or 0
    if isinstance(value, ctypes.Structure | ctypes.Union) and ctypes.sizeof(value) in (1, 2, 4, 8):
        return int.from_bytes(bytes(value), "little")
    if isinstance(value, ctypes.Structure | ctypes.Union | ctypes.Array):
        kept.append(value)
        return ctypes.addressof(value)
    raise TypeError(f"an argument of type {type(value).__name__} is not known")


class Function:
    """A function of Windows: argtypes and restype as ctypes has them."""

    def __init__(self, name: str, address: int) -> None:
        self.name = name
        self.address = address
        self.argtypes: Any = None
        self.restype: Any = ctypes.c_int32

    def __call__(self, *given: Any) -> Any:
        global _last_error
        if self.argtypes is None:
            raise AssertionError(f"{self.name}: argtypes are not set, so a handle may be cut to 32 bits")
        if len(given) != len(self.argtypes):
            raise AssertionError(f"{self.name}: {len(given)} arguments, {len(self.argtypes)} argtypes")
        kept: list[Any] = []
        words = []
        for value, kind in zip(given, self.argtypes, strict=True):
            # What ctypes itself refuses is refused here, too.
            if hasattr(kind, "from_param") and not isinstance(value, str | bytes | types.FunctionType):
                kind.from_param(value)
            words.append(word(value, kept))
        result, _last_error = wincall.call(self.address, tuple(words))
        return self._returned(result)

    def _returned(self, result: int) -> Any:
        kind = self.restype
        if kind is None:
            return None
        if isinstance(kind, type) and issubclass(kind, ctypes._Pointer):
            return ctypes.cast(ctypes.c_void_p(result), kind)
        if kind is ctypes.c_void_p:
            return result or None
        bits = 8 * ctypes.sizeof(kind)
        return kind(result & ((1 << bits) - 1)).value


class WinDLL:
    """A library of Windows."""

    def __init__(self, name: str, **_settings: Any) -> None:
        self._handle = wincall.load(name)
        if not self._handle:
            raise OSError(f"there is no {name}")
        self._functions: dict[str, Function] = {}

    def __getattr__(self, name: str) -> Function:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._functions:
            address = wincall.address(self._handle, name)
            if not address:
                raise AttributeError(f"function '{name}' not found")
            self._functions[name] = Function(name, address)
        return self._functions[name]

    def __getitem__(self, name: str) -> Function:
        return getattr(self, name)  # type: ignore[no-any-return]


def winreg() -> types.ModuleType:
    """Returns a module with what the agent uses of winreg."""
    module = types.ModuleType("winreg")
    api = WinDLL("advapi32.dll")
    for name, arguments in (("RegOpenKeyExW", 5), ("RegQueryInfoKeyW", 12), ("RegEnumKeyExW", 8), ("RegEnumValueW", 8),
                            ("RegCloseKey", 1)):  # fmt: skip
        getattr(api, name).argtypes = [ctypes.c_void_p] * arguments
    roots = {"HKEY_CLASSES_ROOT": 0, "HKEY_CURRENT_USER": 1, "HKEY_LOCAL_MACHINE": 2, "HKEY_USERS": 3}
    kinds = {"REG_SZ": 1, "REG_EXPAND_SZ": 2, "REG_BINARY": 3, "REG_DWORD": 4, "REG_MULTI_SZ": 7, "REG_QWORD": 11}
    for name, number in roots.items():
        setattr(module, name, 0x80000000 + number)
    for name, number in {**kinds, "KEY_READ": 0x20019, "KEY_WOW64_64KEY": 0x100}.items():
        setattr(module, name, number)

    def check(code: int) -> None:
        if code:
            raise {2: FileNotFoundError, 5: PermissionError}.get(code, OSError)(code, f"Windows error {code}")

    @contextlib.contextmanager
    def open_key(root: int, path: str, reserved: int, access: int) -> Iterator[int]:
        key = ctypes.c_uint64()
        kept: list[Any] = []
        check(api.RegOpenKeyExW(root, word(path, kept), reserved, access, ctypes.byref(key)))
        try:
            yield key.value
        finally:
            api.RegCloseKey(key.value)

    def query(key: int) -> tuple[int, int, int]:
        keys, values, written = ctypes.c_uint32(), ctypes.c_uint32(), ctypes.c_uint64()
        refs = [None, None, None, ctypes.byref(keys), None, None, ctypes.byref(values), None, None, None,
                ctypes.byref(written)]  # fmt: skip
        check(api.RegQueryInfoKeyW(key, *refs))
        return keys.value, values.value, written.value

    def enum_key(key: int, index: int) -> str:
        name, size = (ctypes.c_uint16 * 512)(), ctypes.c_uint32(512)
        check(api.RegEnumKeyExW(key, index, name, ctypes.byref(size), None, None, None, None))
        return bytes(name)[: 2 * size.value].decode("utf-16-le", "surrogatepass")

    def enum_value(key: int, index: int) -> tuple[str, Any, int]:
        name, size, kind = (ctypes.c_uint16 * 16384)(), ctypes.c_uint32(16384), ctypes.c_uint32()
        data, length = (ctypes.c_ubyte * 65536)(), ctypes.c_uint32(65536)
        check(api.RegEnumValueW(key, index, name, ctypes.byref(size), None, ctypes.byref(kind), data,
                                ctypes.byref(length)))  # fmt: skip
        raw = bytes(data)[: length.value]
        return bytes(name)[: 2 * size.value].decode("utf-16-le"), _value(raw, kind.value), kind.value

    module.OpenKey, module.QueryInfoKey = open_key, query
    module.EnumKey, module.EnumValue = enum_key, enum_value
    return module


def _value(raw: bytes, kind: int) -> Any:
    if kind in (1, 2):
        return raw.decode("utf-16-le", "replace").rstrip("\0")
    if kind in (4, 11):
        return int.from_bytes(raw, "little")
    return [text for text in raw.decode("utf-16-le", "replace").split("\0") if text] if kind == 7 else raw


def wide_text(address: int, size: int = -1) -> str:
    """ctypes.wstring_at for Windows' two-byte characters: this system's have four."""
    units = []
    while len(units) != size:
        unit = ctypes.c_uint16.from_address(address + 2 * len(units)).value
        if not unit and size < 0:
            break
        units.append(unit)
    return b"".join(unit.to_bytes(2, "little") for unit in units).decode("utf-16-le", "replace")


def wide_buffer(given: str | int, size: int | None = None) -> Any:
    """ctypes.create_unicode_buffer for two-byte characters."""
    text = given if isinstance(given, str) else ""
    units = text.encode("utf-16-le") + b"\0\0"
    length = size or (given if isinstance(given, int) else len(units) // 2)

    class Wide(ctypes.Array):  # type: ignore[type-arg]
        _type_, _length_ = ctypes.c_uint16, length

        @property
        def value(self) -> str:
            return wide_text(ctypes.addressof(self))

    buffer = Wide()
    ctypes.memmove(buffer, units, min(len(units), 2 * length))
    return buffer


def files() -> types.ModuleType:
    """Lets os.open take a path with a drive, through CreateFileW; returns a msvcrt that knows the handles."""
    module = types.ModuleType("msvcrt")
    kernel = WinDLL("kernel32.dll")
    kernel.CreateFileW.argtypes = [ctypes.c_void_p] * 7
    kernel.CreateFileW.restype = ctypes.c_uint64
    kernel.CloseHandle.argtypes = [ctypes.c_void_p]
    plain_open, plain_close, handles = os.open, os.close, {}

    def opened(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if not (isinstance(path, str) and path[1:3] == ":\\"):
            return plain_open(path, flags, *rest, **named)
        kept: list[Any] = []
        handle = kernel.CreateFileW(word(path, kept), 0x80000000, 7, None, 3, 0, None)
        if handle == (1 << 64) - 1:
            raise FileNotFoundError(2, "not there", path)
        descriptor = plain_open(os.devnull, os.O_RDONLY)
        handles[descriptor] = handle
        return descriptor

    def closed(descriptor: int) -> None:
        if descriptor in handles:
            kernel.CloseHandle(handles.pop(descriptor))
        plain_close(descriptor)

    os.open, os.close = opened, closed
    os.O_BINARY = os.O_NOINHERIT = 0
    module.get_osfhandle = handles.__getitem__
    return module


def pretend() -> None:
    """Makes this process look like Windows to the agent; the standard library has been loaded as what it is."""
    ctypes.WinDLL = WinDLL
    ctypes.get_last_error = lambda: _last_error
    ctypes.set_last_error = lambda _number: None
    ctypes.wstring_at = lambda where, size=-1: wide_text(where.value if hasattr(where, "value") else where, size)
    ctypes.create_unicode_buffer = wide_buffer
    sys.modules["winreg"], sys.modules["msvcrt"] = winreg(), files()
    sys.platform = "win32"


def rows_by_table(names: list[str]) -> dict[str, Any]:
    """Returns every Row type of host/windows, by its table."""
    package = importlib.import_module("farmwatch_agent.host.windows")
    for found in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{found.name}")
    from farmwatch_agent.host.row import Row

    def below(kind: Any) -> Iterator[Any]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    # Rows through psutil need its Windows build, which cannot be loaded here.
    return {it.table: it for it in below(Row) if "windows" in it.platforms and ".windows." in it.__module__}


def main(arguments: list[str]) -> None:
    """Asks one reader; without a table, lists them."""
    folders, *question = arguments
    sys.path[:0] = folders.split(":")
    import msgspec

    from farmwatch_agent.host.protocol import HostError
    from farmwatch_agent.host.row import live_rows

    tables = rows_by_table(question)
    pretend()
    if not question:
        print(json.dumps(sorted(tables)))
        return
    table, of = question[0], question[1] if len(question) > 1 else ""
    try:
        rows = live_rows(tables[table], of, "windows")
        print(json.dumps({"rows": [msgspec.to_builtins(row, builtin_types=()) for row in rows]}, default=str))
    except HostError as error:
        print(json.dumps({"error": type(error).__name__, "message": str(error)}))


if __name__ == "__main__":
    main(sys.argv[1:])
