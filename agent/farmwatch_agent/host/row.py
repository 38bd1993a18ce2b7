"""`Row`: one line of what an interface of the operating system answered, in our own form.

Where a system tells its facts through files, probes read files. Where it tells them through functions (most of
Windows, parts of macOS, netlink), a module of `host/<platform>/` holds one Row type for each kind of line, and that
type's own `live` asks this machine. Probes import the type, ask `Host.rows(Type, of)`, and never see a function of
the system; recording keeps the rows, replaying gives them back on any system.

These modules import on every platform: what only one platform has is loaded inside `live`.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self, TypeVar

import msgspec

from .protocol import NotSupported


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of every kind of line.

    table      its name in a capture, never to be changed: "windows_registry_key"
    platforms  where `live` can ask
    """

    table: ClassVar[str] = ""
    platforms: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def live(cls, of: str) -> "list[Self]":
        """Returns the lines about `of` ("" for all of them) on this machine; raises HostError's children only."""
        raise NotSupported(f"{cls.table}: cannot be asked here")

    def kept(self) -> Self:
        """Returns what of it any capture may hold, a raw one too: without arguments and without what no probe reads."""
        return self

    def identifying(self) -> Iterable[str]:
        """Yields the words in it that tell a person, a unit or the machine, for pseudonymised captures."""
        return ()

    def rewritten(self, text: Callable[[str], str]) -> "Self":
        """Returns it with `text` applied to every string in it; bytes stay, so a type that holds any looks after them.

        `text` replaces what `identifying` yielded anywhere in the capture, and addresses, MACs and UUIDs.
        """
        return _rewritten(self, text)  # type: ignore[no-any-return]


R = TypeVar("R", bound=Row)


def live_rows(kind: type[R], of: str, platform: str) -> list[R]:
    """Returns what `kind` tells about `of` here; raises NotSupported on a platform that it is not for."""
    if platform not in kind.platforms:
        raise NotSupported(f"{kind.table}: {platform} has no such interface")
    return kind.live(of)


def _rewritten(value: Any, text: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, tuple):
        return tuple(_rewritten(item, text) for item in value)
    if isinstance(value, dict):
        return {_rewritten(key, text): _rewritten(item, text) for key, item in value.items()}
    if isinstance(value, msgspec.Struct):
        fields = {name: _rewritten(getattr(value, name), text) for name in value.__struct_fields__}
        return type(value)(**fields)
    return value
