"""The registry: one key a question, its values by type, its subkeys and when it was written.

Source: learn.microsoft.com, "Registry Value Types" and RegQueryInfoKey; Python's winreg.
"""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

from msgspec.structs import replace

from ..protocol import HostError, Missing, NotPermitted, NotSupported, SourceBroken
from ..row import Row

#: FILETIME counts 100 ns from 1601; this many seconds lie between that and 1970.
FILETIME_EPOCH = 11_644_473_600
_HIVES = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS", "HKCU": "HKEY_CURRENT_USER", "HKCR": "HKEY_CLASSES_ROOT"}
_MAX_KEYS = 4096
_MAX_VALUE = 1 << 16
#: Values that name the buyer or the licence: never read.
_NEVER = frozenset(
    {"registeredowner", "registeredorganization", "productid", "digitalproductid", "digitalproductid4"}
    | {"defaultusername", "defaultpassword", "altdefaultusername", "lastusedusername"}
)
#: Keys below which texts are command lines, folded: in a pseudonymised capture only their programs stay.
_COMMANDS = (
    *("\\currentcontrolset\\services\\", "\\currentversion\\run", "\\currentversion\\uninstall"),
    *("\\currentversion\\explorer\\startupapproved", "\\windows nt\\currentversion\\winlogon"),
)
_COMMAND_VALUES = frozenset({"imagepath", "uninstallstring", "quietuninstallstring", "modifypath", "failurecommand"})


class RegistryKey(Row, frozen=True, kw_only=True, omit_defaults=True):
    r"""What one key holds. `of` is its path with a short hive: "HKLM\SYSTEM\CurrentControlSet\Enum\USB".

    A value of another type than asked for is SourceBroken, so that nobody takes it for absent. Names of values are
    compared without case, as the registry does; "" is the default value.

    texts    REG_SZ and REG_EXPAND_SZ (as written)
    numbers  REG_DWORD and REG_QWORD
    words    REG_MULTI_SZ
    data     REG_BINARY and every other type, the first 64 KiB
    keys     names of subkeys
    written  when the key was last written, seconds since 1970
    """

    table: ClassVar[str] = "windows_registry_key"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    path: str = ""
    texts: dict[str, str] = {}
    numbers: dict[str, int] = {}
    words: dict[str, tuple[str, ...]] = {}
    data: dict[str, bytes] = {}
    keys: tuple[str, ...] = ()
    written: float = 0.0

    def text(self, name: str, default: str = "") -> str:
        """Returns a text, `default` when there is no such value; raises SourceBroken for one of another type."""
        return self._typed("text", self.texts, name, default)  # type: ignore[no-any-return]

    def number(self, name: str, default: int | None = None) -> int | None:
        """Returns a number, as `text` does."""
        return self._typed("a number", self.numbers, name, default)  # type: ignore[no-any-return]

    def strings(self, name: str) -> tuple[str, ...]:
        """Returns a list of texts, as `text` does."""
        return self._typed("a list", self.words, name, ())  # type: ignore[no-any-return]

    def binary(self, name: str, default: bytes = b"") -> bytes:
        """Returns bytes, as `text` does."""
        return self._typed("binary", self.data, name, default)  # type: ignore[no-any-return]

    def _typed(self, wanted: str, values: dict[str, Any], name: str, default: Any) -> Any:
        if name in values:
            return values[name]
        folded = name.casefold()
        for key, value in values.items():
            if key.casefold() == folded:
                return value
        for others in (self.texts, self.numbers, self.words, self.data):
            if any(key.casefold() == folded for key in others):
                raise SourceBroken(f"{self.path}: {name} is not {wanted}")
        return default

    @classmethod
    def live(cls, of: str) -> "list[Self]":
        return [cls(**_content(of))]

    def rewritten(self, text: Callable[[str], str]) -> Self:
        """Returns it with `text` applied and, where texts are command lines, without their arguments."""
        folded = f"{self.path.casefold()}\\"
        if any(part in folded for part in _COMMANDS):
            from ..command_lines import windows_program  # noqa: PLC0415 (only a capture needs it)

            every = "\\currentversion\\run" in folded
            texts = {
                name: windows_program(value) if every or name.casefold() in _COMMAND_VALUES else value
                for name, value in self.texts.items()
            }
            found = super(RegistryKey, replace(self, texts=texts)).rewritten(text)
        else:
            found = super().rewritten(text)
        # Four numbers of a version look like an address.
        kept = {name: value for name, value in self.texts.items() if name.casefold().endswith("version")}
        return replace(found, texts={**found.texts, **kept}) if kept else found


class RegistryBranch(RegistryKey, frozen=True, kw_only=True, omit_defaults=True):
    r"""One of the keys right below a key: `of` names the one above ("HKLM\SYSTEM\CurrentControlSet\Services").

    All of them are one question, so that a thousand services are no thousand of them. A key that goes away meanwhile
    is left out.

    problem  why this one could not be read: `not_permitted` or `broken`; "" when it was
    """

    table: ClassVar[str] = "windows_registry_branch"

    problem: str = ""

    @property
    def name(self) -> str:
        """What stands after the last backslash of its path."""
        return self.path.rpartition("\\")[2]

    @classmethod
    def live(cls, of: str) -> "list[Self]":
        found: list[Self] = []
        for _, path in below(of, read(of).keys):
            try:
                found.append(cls(**_content(path)))
            except Missing:
                continue
            except HostError as error:
                problem = "not_permitted" if isinstance(error, NotPermitted) else "broken"
                found.append(cls(path=path, problem=problem))
        return found


def read(path: str) -> RegistryKey:
    """Returns a key of this machine's registry; raises Missing, NotPermitted or SourceBroken."""
    return RegistryKey(**_content(path))


def _content(path: str) -> dict[str, Any]:
    """Returns a key's fields."""
    import sys  # noqa: PLC0415

    if sys.platform != "win32":
        raise NotSupported("the registry is Windows's")
    import winreg  # noqa: PLC0415

    hive, _, rest = path.partition("\\")
    root = getattr(winreg, _HIVES.get(hive, ""), None)
    if root is None:
        raise SourceBroken(f"{path}: names no hive")
    texts: dict[str, str] = {}
    numbers: dict[str, int] = {}
    words: dict[str, tuple[str, ...]] = {}
    data: dict[str, bytes] = {}
    try:
        # The 64-bit view, whatever the agent's own width: a laptop's drivers and services live there.
        with winreg.OpenKey(root, rest, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as key:
            subkeys, values, written = winreg.QueryInfoKey(key)
            names = tuple(winreg.EnumKey(key, index) for index in range(min(subkeys, _MAX_KEYS)))
            for name, value, kind in (winreg.EnumValue(key, index) for index in range(min(values, _MAX_KEYS))):
                if name.casefold() in _NEVER:
                    continue
                if kind in (winreg.REG_SZ, winreg.REG_EXPAND_SZ):
                    texts[name] = value or ""
                elif kind in (winreg.REG_DWORD, winreg.REG_QWORD):
                    numbers[name] = value or 0
                elif kind == winreg.REG_MULTI_SZ:
                    words[name] = tuple(value or ())
                else:
                    data[name] = bytes(value or b"")[:_MAX_VALUE]
    except FileNotFoundError:
        raise Missing(f"{path}: is not there") from None
    except PermissionError:
        raise NotPermitted(f"{path}: may not be read") from None
    except OSError as error:
        # A subkey or value that went away between counting and reading ends here, too; the next pass sees the rest.
        raise SourceBroken(f"{path}: {error.strerror or 'cannot be read'}") from None
    return {
        "path": path,
        "texts": texts,
        "numbers": numbers,
        "words": words,
        "data": data,
        "keys": names,
        "written": max(0.0, written / 1e7 - FILETIME_EPOCH),
    }


def below(path: str, keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yields name and path of each subkey."""
    for name in keys:
        yield name, f"{path}\\{name}"
