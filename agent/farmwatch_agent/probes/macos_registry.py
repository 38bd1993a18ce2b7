"""What listed commands of macOS printed in one pass, shared by the probes that read it, and how it is parsed.

Sources: ioreg(8) and system_profiler(8); the form of `ioreg -a` is what IORegistryEntryCreateCFProperties returns,
with the keys IORegistryEntryName, IORegistryEntryID, IOObjectClass and IORegistryEntryChildren beside it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from weakref import ReferenceType, ref

import msgspec

from ..host import Host, HostError, SourceBroken
from ..host.macos import property_list

#: A section that follows within this time belongs to the same pass.
PASS_SECONDS = 5.0
#: Deeper trees than any Mac has; what a hostile plist nests deeper is left out.
MAX_DEPTH = 64
MAX_TEXT = 512
#: Bytes of one answer that stay until the next pass; longer ones (all USB devices) are read by one probe only.
MAX_KEPT = 1 << 18

_LISTS = re.compile(
    rb"\n(\t*)<key>(?:Elements|InputReportElements|TimingElements|ColorElements)</key>\n\1<array>.*?\n\1</array>",
    re.DOTALL,
)

Node = dict[str, Any]

plist = property_list.parse

_last: tuple["ReferenceType[Host]", float, dict[tuple[str, str], bytes | HostError]] | None = None


def output(host: Host, name: str, of: str = "") -> bytes:
    """Returns what a listed command printed less than five seconds ago, else asks it; its error stays as long."""
    global _last  # noqa: PLW0603 (the probes of one pass share it; a weak reference tells whose it is)
    now = host.uptime()
    if _last is None or _last[0]() is not host or not 0 <= now - _last[1] < PASS_SECONDS:
        _last = (ref(host), now, {})
    kept = _last[2]
    answer = kept.get((name, of))
    if answer is None:
        try:
            answer = host.command(name, of)
        except HostError as error:
            answer = error
        if isinstance(answer, HostError) or len(answer) <= MAX_KEPT:
            kept[name, of] = answer
    if isinstance(answer, HostError):
        raise answer
    return answer


def forget() -> None:
    """Drops what was printed: the next `output` asks again."""
    global _last  # noqa: PLW0603
    _last = None


def registry(host: Host, name: str) -> list[Node]:
    """Returns the top entries that an `ioreg -a` printed; none when it printed nothing, which is how it says so."""
    data = output(host, name)
    if not data.strip():
        return []
    found = property_list.parse(without_lists(data), name)
    entries = nodes(found if isinstance(found, list) else [found])
    if found and not entries:
        raise SourceBroken(f"{name}: printed no registry entries")
    return entries


def without_lists(data: bytes) -> bytes:
    """Returns XML that `ioreg -a` printed without its longest lists, which no probe reads.

    They are nine tenths of it: an entry per key of a keyboard, per mode of a monitor. Apple's writer puts a list's end
    at the depth of its beginning, and writes < in a text as &lt;, so nobody can end one early.
    """
    return _LISTS.sub(b"", data)


def profile(host: Host, name: str, kind: str) -> list[Node]:
    """Returns the items of one data type of a `system_profiler -json`; raises SourceBroken when it has none."""
    try:
        found = msgspec.json.decode(output(host, name))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceBroken(f"{name}: is no JSON: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get(kind), list):
        raise SourceBroken(f"{name}: holds no {kind}")
    return nodes(found[kind])


def file_plist(host: Host, path: str, limit: int = 1 << 20) -> Node:
    """Returns the dictionary in a property list file; raises what reading it raises, SourceBroken for another thing."""
    found = property_list.parse(host.read(path, limit), path)
    if not isinstance(found, dict):
        raise SourceBroken(f"{path}: holds no dictionary")
    return found


def nodes(value: Any) -> list[Node]:
    """Returns the dictionaries in a list; none when it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def children(node: Node) -> list[Node]:
    """Returns the entries directly below a registry entry."""
    return nodes(node.get("IORegistryEntryChildren"))


def below(node: Node, stop: Callable[[Node], bool] | None = None) -> Iterator[Node]:
    """Yields every entry below one, but none for which `stop` says so, nor what is below it."""
    waiting = [(child, 1) for child in reversed(children(node))]
    while waiting:
        entry, depth = waiting.pop()
        if stop is not None and stop(entry):
            continue
        yield entry
        if depth < MAX_DEPTH:
            waiting += [(child, depth + 1) for child in reversed(children(entry))]


def text(node: Node, *keys: str) -> str:
    """Returns the first text among some keys, bounded, data taken for text that ends in NUL; "" when there is none."""
    for key in keys:
        value = node.get(key)
        if isinstance(value, bytes):
            value = value.split(b"\0", 1)[0].decode("utf-8", "replace")
        if isinstance(value, str) and value:
            return value[:MAX_TEXT]
    return ""


def number(node: Node, *keys: str) -> int | None:
    """Returns the first whole number among some keys; None when there is none."""
    for key in keys:
        value = node.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def flag(node: Node, key: str) -> bool | None:
    """Returns a yes or no; None when there is none."""
    value = node.get(key)
    return value if isinstance(value, bool) else None


def data_of(node: Node, key: str) -> bytes:
    """Returns bytes; b"" when there are none."""
    value = node.get(key)
    return value if isinstance(value, bytes) else b""


def inner(node: Node, *keys: str) -> Node:
    """Returns the dictionary at the end of a way of keys; an empty one when there is none."""
    for key in keys:
        value = node.get(key)
        if not isinstance(value, dict):
            return {}
        node = value
    return node
