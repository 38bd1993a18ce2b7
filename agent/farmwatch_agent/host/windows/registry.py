"""The registry: one key a question, its values by type, its subkeys and when it was written.

Source: learn.microsoft.com, "Registry Value Types" and RegQueryInfoKey; Python's winreg.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Self

from msgspec.structs import replace

from ..protocol import HostError, Missing, NotPermitted, NotSupported, SourceBroken
from ..row import Row

#: FILETIME counts 100 ns from 1601; this many seconds lie between that and 1970.
FILETIME_EPOCH = 11_644_473_600
_HIVES = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS", "HKCU": "HKEY_CURRENT_USER", "HKCR": "HKEY_CLASSES_ROOT"}
_MAX_KEYS = 4096
_NO_MORE_ITEMS = 259
_MAX_VALUE = 1 << 16
#: Values that name the buyer or the licence: never read.
_NEVER = frozenset(
    {"registeredowner", "registeredorganization", "productid", "digitalproductid", "digitalproductid4"}
    | {"defaultusername", "defaultpassword", "altdefaultusername", "lastusedusername"}
)
#: Keys below which texts are command lines, folded: their arguments are left where they are.
_COMMANDS = (
    *("\\services\\", "\\currentversion\\run", "\\currentversion\\uninstall"),
    *("\\currentversion\\explorer\\startupapproved", "\\windows nt\\currentversion\\winlogon"),
)
_COMMAND_VALUES = frozenset({"imagepath", "uninstallstring", "quietuninstallstring", "modifypath", "failurecommand"})
#: How Chromium's family has one of its web applications removed (chrome/common/chrome_switches.cc); the word alone.
WEB_APPLICATION = " --uninstall-app-id"
#: Texts and lists that probes read, folded; a capture holds no other. In the keys below `_NAMED_BY_OTHERS` all stay.
_TOLD = frozenset(
    {"", "imagepath", "objectname", "owners", "systemroot", "profileimagepath", "value", "netcfginstanceid"}
    | {"componentid", "deviceinstanceid", "matchingdeviceid", "friendlyname", "languages", "edid"}
    | {"displayname", "parentkeyname", "releasetype", "displayversion", "publisher", "installdate", "uninstallstring"}
    | {"productname", "currentbuildnumber", "currentversion", "releaseid", "layout text"}
    | {"systemmanufacturer", "systemproductname", "systemversion", "biosvendor", "timezonekeyname"}
    | {"computername"}
)
_NAMED_BY_OTHERS = (
    *("\\currentversion\\run", "\\keyboard layout\\", "\\extensioninstallforcelist", "\\startupapproved\\"),
    *("\\bam\\", "\\dam\\"),
)
#: Together no key holds more, not even HKLM\SYSTEM's; anybody may write as much as he likes into his own.
_MAX_KEY, _MAX_BRANCH = 1 << 21, 1 << 25


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

    def kept(self) -> Self:
        """Returns it with what probes read of it: no arguments, of an extension's line in a policy no address."""
        folded = f"{self.path.casefold()}\\"
        listed = "\\extensioninstallforcelist" in folded
        every = any(part in folded for part in _NAMED_BY_OTHERS)
        texts = {
            name: text.partition(";")[0] if listed else without_arguments(self.path, name, text)
            for name, text in self.texts.items()
            if every or name.casefold() in _TOLD
        }
        if every:
            return replace(self, texts=texts)
        return replace(
            self,
            texts=texts,
            words={name: words for name, words in self.words.items() if name.casefold() in _TOLD},
            data={name: data for name, data in self.data.items() if name.casefold() in _TOLD},
        )

    def identifying(self) -> Iterable[str]:
        r"""Yields the computer's name, and the account that a service runs as: .\NAME, DOMAIN\NAME or NAME@DOMAIN."""
        yield from (text for name, text in self.texts.items() if name.casefold() == "computername")
        account = (
            self.text("ObjectName") if "\\services\\" in self.path.casefold() and "ObjectName" in self.texts else ""
        )
        domain, mark, name = account.rpartition("\\")
        if mark and domain.casefold() not in ("nt authority", "nt service"):
            yield name
            yield from (domain,) if domain != "." else ()
        elif "@" in account:
            yield account
            yield account.partition("@")[0]

    def rewritten(self, text: Callable[[str], str]) -> Self:
        """Returns it with `text` applied, but to versions: four numbers look like an address."""
        found = super().rewritten(text)
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
        size = 0
        for _, path in below(of, read(of).keys):
            if size > _MAX_BRANCH:
                found.append(cls(path=path, problem="broken"))
                continue
            try:
                content = _content(path)
                size += _size(content)
                found.append(cls(**content))
            except Missing:
                continue
            except HostError as error:
                problem = "not_permitted" if isinstance(error, NotPermitted) else "broken"
                found.append(cls(path=path, problem=problem))
        return found


def without_arguments(path: str, name: str, text: str) -> str:
    """Returns a text of a key; where it is a command line, its program alone."""
    folded = f"{path.casefold()}\\"
    if not any(part in folded for part in _COMMANDS):
        return text
    if "\\currentversion\\run" not in folded and name.casefold() not in _COMMAND_VALUES:
        return text
    from ..command_lines import windows_start  # noqa: PLC0415 (few keys need it)

    return windows_start(text) + (WEB_APPLICATION if f"{WEB_APPLICATION}=" in text else "")


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
            largest = _largest_value(int(key))
            if largest * values > _MAX_KEY and largest > _MAX_VALUE:
                raise SourceBroken(f"{path}: a value of it is larger than any that Windows or a program writes there")
            names = tuple(_each(winreg.EnumKey, key, min(subkeys, _MAX_KEYS)))
            for name, value, kind in _each(winreg.EnumValue, key, min(values, _MAX_KEYS)):
                name = whole(name)
                if name.casefold() in _NEVER:
                    continue
                if kind in (winreg.REG_SZ, winreg.REG_EXPAND_SZ):
                    texts[name] = without_arguments(path, name, whole(value or ""))
                elif kind in (winreg.REG_DWORD, winreg.REG_QWORD):
                    numbers[name] = value or 0
                elif kind == winreg.REG_MULTI_SZ:
                    words[name] = tuple(map(whole, value or ()))
                else:
                    data[name] = bytes(value or b"")[:_MAX_VALUE]
    except FileNotFoundError:
        raise Missing(f"{path}: is not there") from None
    except PermissionError:
        raise NotPermitted(f"{path}: may not be read") from None
    except OSError as error:
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


def _largest_value(handle: int) -> int:
    """Returns the bytes of an open key's largest value: winreg would take room for it before anything can be said."""
    import ctypes  # noqa: PLC0415 (winreg alone does for everything else)

    from .library import error_of, library  # noqa: PLC0415

    largest = ctypes.c_uint32()
    ask = library("advapi32").RegQueryInfoKeyW
    ask.argtypes = (ctypes.c_void_p,) * 12
    ask.restype = ctypes.c_int32
    problem = ask(handle, *(None,) * 8, ctypes.addressof(largest), None, None)
    if problem:
        raise error_of(problem, "size of a key of the registry")
    return largest.value


def _size(content: dict[str, Any]) -> int:
    """Returns about how much of the memory a key's values take, bytes."""
    return (
        sum(len(name) + len(text) for name, text in content["texts"].items())
        + sum(len(data) for data in content["data"].values())
        + sum(len(text) for words in content["words"].values() for text in words)
        + sum(map(len, content["keys"]))
    )


def _each(ask: Callable[[Any, int], Any], key: Any, count: int) -> Iterator[Any]:
    """Yields what `ask` answers by position, until there is no more: something may go away after it was counted."""
    for index in range(count):
        try:
            yield ask(key, index)
        except OSError as error:
            if getattr(error, "winerror", None) != _NO_MORE_ITEMS:
                raise
            return


def whole(text: str) -> str:
    """Returns a text without halves of characters, which Windows takes as they come and no report can hold."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def below(path: str, keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yields name and path of each subkey."""
    for name in keys:
        yield name, f"{path}\\{name}"
