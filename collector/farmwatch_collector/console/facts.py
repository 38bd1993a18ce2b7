"""A section's observables as tables and cards, made from the types themselves.

A new observable needs no change here: field names become words, values are written by their type, and
columns in which no item says anything are left out.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec
from markupsafe import Markup, escape

from farmwatch_schema.codec import decode_items
from farmwatch_schema.errors import CodecError
from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import KINDS, Gap, Observable, UnknownObservable
from farmwatch_schema.observables.input_source import SLOT_MINUTES
from farmwatch_schema.observables.input_timing import GAP_EDGES_MS

from ..store.protocol import SectionRow
from .words import shown, title, visible

#: Rows of one type that a page shows; the raw section holds the rest.
MOST_ROWS = 200
#: Gaps and unknown types that a section lists.
MOST_LISTED = 20
#: Sections on one page; the kinds that this collector knows come first.
MOST_SECTIONS = 40
#: Characters of HTML that all rows of one page may take together: a hostile laptop makes no page that no browser opens.
PAGE_CHARACTERS = 2_000_000
#: A section with more observables than this starts folded.
OPEN_UP_TO = 6

#: Digits of a digest or of raw bytes that a page shows.
SHORT_HEX = 16

#: Names that words alone would make unreadable, and units.
_HEADINGS = {
    "active": "active (min)",
    "band": "band (GHz)",
    "bcd_device": "device release (bcdDevice)",
    "bcd_hid": "HID version",
    "bcd_usb": "USB version",
    "bssid": "BSSID",
    "charge": "charge (%)",
    "class_triple": "class",
    "ddc": "answers DDC",
    "edid": "EDID bytes",
    "edid_digest": "EDID digest",
    "base_digest": "EDID base digest",
    "entropy": "entropy (bits a byte)",
    "extra_bytes": "extra (bytes)",
    "gaps": "gaps between events",
    "hid": "HID",
    "max_packet_size0": "packet size 0 (bytes)",
    "mac": "MAC",
    "mtu": "MTU (bytes)",
    "on_ac": "on mains",
    "os": "system",
    "os_version": "system version",
    "oui": "maker (OUI)",
    "out_of_band": "out-of-band management",
    "percent": "share (%)",
    "period_seconds": "period (s)",
    "rtt": "round trip (ms)",
    "scsi": "SCSI inquiry",
    "seconds": "looked for (s)",
    "slots": "active, in UTC",
    "sha256": "SHA-256",
    "size_cm": "size (cm)",
    "speed_mbps": "speed (Mbit/s)",
    "ssid": "SSID",
    "clock_offset": "clock offset (s)",
    "utc_offset_minutes": "UTC offset (min)",
    "watched": "watched (min)",
}
_SHORT_HEX = frozenset({"sha256", "edid", "edid_digest", "base_digest", "report_descriptor", "source_digest"})
_NOT_SEEN = Markup('<span class="na" title="not seen">—</span>')
_NONE = Markup('<span class="na" title="looked, and there is none">none</span>')


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """All observables of one type in a section.

    style  `table` (one row each) or `cards` (one list of names and values each)
    count  of observables; `rows` holds at most `MOST_ROWS` of them
    """

    name: str
    style: Literal["table", "cards"]
    columns: tuple[str, ...]
    rows: tuple[tuple[Markup, ...], ...]
    count: int


class Room:
    """How much of a page is left for rows."""

    def __init__(self, characters: int = PAGE_CHARACTERS) -> None:
        self.left = characters

    def takes(self, cells: tuple[Markup, ...]) -> bool:
        """Whether the cells still fit; they are counted then."""
        size = sum(map(len, cells))
        if size > self.left:
            return False
        self.left -= size
        return True


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A section as the device page shows it.

    gaps      parts that could not be looked at, the first `MOST_LISTED`; `more_gaps` says how many there are besides
    unknown   type names that this collector is too old to know, with how many; cut like gaps
    count     observables, gaps left out; None when the items are not here
    fault     why the items cannot be shown; "" when they can
    """

    kind: str
    outcome: str
    reason: str
    observed_at: datetime
    since: datetime
    blocks: tuple[Block, ...] = ()
    gaps: tuple[Gap, ...] = ()
    more_gaps: int = 0
    unknown: tuple[tuple[str, int], ...] = ()
    more_unknown: int = 0
    count: int | None = None
    fault: str = ""
    known: bool = True

    @property
    def empty(self) -> bool:
        """Nothing to unfold."""
        return not (self.fault or self.blocks or self.gaps or self.unknown)

    @property
    def opened(self) -> bool:
        """Shown unfolded: short enough to be read in passing."""
        return bool(self.fault) or (self.count or 0) + len(self.gaps) <= OPEN_UP_TO


def facts_of(row: SectionRow, room: Room | None = None) -> Facts:
    """Returns a stored section ready to show; content that is missing or unreadable is said, never left out."""
    room = room or Room()
    known = row.kind in KINDS
    fault, items = "", list[Observable]()
    if row.missing:
        fault = "The report names this content by its digest, but the content itself has not arrived yet."
    elif row.items:
        try:
            items = decode_items(row.kind, row.items)
        except CodecError as error:
            fault = f"This content cannot be read: {error}"
    unknown: dict[str, int] = {}
    types: dict[type[Observable], list[Observable]] = {}
    for item in items:
        if isinstance(item, UnknownObservable):
            unknown[item.name] = unknown.get(item.name, 0) + 1
        elif not isinstance(item, Gap):
            types.setdefault(type(item), []).append(item)
    gaps = [item for item in items if isinstance(item, Gap)]
    return Facts(
        kind=row.kind,
        outcome=row.outcome,
        reason=row.reason,
        observed_at=row.observed_at,
        since=row.since,
        blocks=tuple(_block(kind, seen, room) for kind, seen in types.items()),
        gaps=tuple(gaps[:MOST_LISTED]),
        more_gaps=max(0, len(gaps) - MOST_LISTED),
        unknown=tuple(unknown.items())[:MOST_LISTED],
        more_unknown=max(0, len(unknown) - MOST_LISTED),
        count=None if fault else sum(len(seen) for seen in types.values()) + sum(unknown.values()),
        fault=fault,
        known=known,
    )


def never_reported(rows: Iterable[SectionRow]) -> list[str]:
    """Returns kinds that this collector knows and no report of the device ever held."""
    held = {row.kind for row in rows}
    return [kind for kind in KINDS if kind not in held]


def _block(kind: type[Observable], items: list[Observable], room: Room) -> Block:
    fields = [
        field
        for field in msgspec.structs.fields(kind)
        if any(_said(field, getattr(item, field.name)) for item in items)
    ]
    nested = any(_is_nested(getattr(item, field.name)) for item in items[:20] for field in fields)
    rows: list[tuple[Markup, ...]] = []
    for item in items[:MOST_ROWS]:
        cells = tuple(_field(item, field) for field in fields)
        if not room.takes(cells):
            break
        rows.append(cells)
    return Block(
        name=title(str(kind.__struct_config__.tag)),
        style="cards" if nested or len(items) == 1 else "table",
        columns=tuple(heading(field.name) for field in fields),
        rows=tuple(rows),
        count=len(items),
    )


def _said(field: "msgspec.structs.FieldInfo", value: Any) -> bool:
    return field.required or value != field.default


def _is_nested(value: Any) -> bool:
    held = value[0] if isinstance(value, tuple) and value else value
    return isinstance(held, msgspec.Struct) and not isinstance(held, Identifier)


def heading(name: str) -> str:
    """Returns a field's name in words, with its unit where it has one."""
    return _HEADINGS.get(name) or title(name)


def _field(item: msgspec.Struct, field: "msgspec.structs.FieldInfo") -> Markup:
    """Returns a field's value; where null would say "not known", an empty one says "none"."""
    value = getattr(item, field.name)
    if field.default is None and value in ("", ()):
        return _NONE
    own = _WRITERS.get(field.name)
    return own(value) if own is not None and value else written(value, field.name)


def _slots(value: Any) -> Markup:
    """Returns the quarters of an hour with input as spans of time; as it came where it is no such row of bits."""
    try:
        bits = f"{int(value, 16):0{len(value) * 4}b}"
    except (TypeError, ValueError):
        return written(value)
    if len(bits) != 24 * 60 // SLOT_MINUTES:
        return written(value)
    spans = [(run.start(), run.end()) for run in re.finditer("1+", bits)]
    return escape(", ".join(f"{_clock(start)} to {_clock(end)}" for start, end in spans) or "never")


def _clock(slot: int) -> str:
    return f"{slot * SLOT_MINUTES // 60:02}:{slot * SLOT_MINUTES % 60:02}"


def _gaps(value: Any) -> Markup:
    """Returns shares of gaps with the bounds of their buckets; as they came where there are not so many."""
    if not isinstance(value, tuple) or len(value) != len(GAP_EDGES_MS) + 1:
        return written(value)
    bounds = [f"under {edge:g} ms" for edge in GAP_EDGES_MS] + ["longer"]
    return escape(", ".join(f"{bound}: {share} %" for bound, share in zip(bounds, value, strict=True) if share))


#: Fields whose value needs more than its type to be read.
_WRITERS: dict[str, Callable[[Any], Markup]] = {"slots": _slots, "gaps": _gaps}


def written(value: Any, name: str = "") -> Markup:
    """Returns a field's value as escaped HTML by its type; absent ones as a dash that says "not seen"."""
    if value is None or value == "" or value == ():
        return _NOT_SEEN
    if isinstance(value, bool):
        return escape("yes" if value else "no")
    if isinstance(value, int | float):
        figures = f"{value:g}" if isinstance(value, float) else str(value)
        return Markup('<span class="figures">{}</span>').format(figures)
    if isinstance(value, str):
        return _hex(value) if name in _SHORT_HEX else shown(value)
    if isinstance(value, Identifier):
        return identifier(value)
    if isinstance(value, tuple):
        if _is_nested(value):
            inner = Markup("").join(Markup("<li>{}</li>").format(_inline(item)) for item in value)
            return Markup('<ul class="inner">{}</ul>').format(inner)
        joiner = Markup(" by ") if name == "size_cm" else Markup(", ")
        return joiner.join(written(item, name) for item in value)
    if isinstance(value, msgspec.Struct):
        return _inline(value)
    return shown(str(value))


def _hex(value: str) -> Markup:
    """Long hex is told apart by its beginning; the raw section has all of it."""
    cut = "…" if len(value) > SHORT_HEX else ""
    return Markup('<code class="hex">{}{}</code>').format(visible(value[:SHORT_HEX]), cut)


def _inline(value: msgspec.Struct) -> Markup:
    pairs = [
        Markup('<span class="pair"><span class="key">{}</span> {}</span>').format(
            heading(field.name), _field(value, field)
        )
        for field in msgspec.structs.fields(value)
        if _said(field, getattr(value, field.name))
    ]
    return Markup(" ").join(pairs)


def identifier(value: Identifier) -> Markup:
    """Returns a keyed identifier: the digest's first eight digits, and what may be told beside it."""
    told = [
        f"maker {value.oui}" if value.oui else "",
        "made-up address" if value.local else "",
        f"shape {value.shape}" if value.shape else "",
        f"published constant {value.constant}" if value.constant else "",
        value.scope,
    ]
    chips = Markup("").join(Markup(' <span class="chip">{}</span>').format(shown(text, 60)) for text in told if text)
    return Markup('<span class="keyed" title="keyed {}: {} under key {}">{}…</span>{}').format(
        value.kind[:40], value.digest[:64], value.key_id[:40], value.digest[:8], chips
    )


def subject(item: Observable) -> str:
    """Returns in few words what an observable is about, for the time line; plain text, still hostile."""
    if isinstance(item, UnknownObservable):
        return f"{item.name} (collector too old to read it)"
    words = title(str(item.__struct_config__.tag))
    said: list[str] = []
    for name in _TELLING:
        value = None if name in _IN_IDS and hasattr(item, "ids") else getattr(item, name, None)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            said.append(f"{_PREFIX.get(name, '')}{value}")
        if len(said) == 3:
            break
    return f"{words} {' '.join(said)}".strip()


#: Fields that tell a person which one is meant, in the order in which they are tried.
_TELLING = (
    "ids", "product", "connector", "name", "browser", "id", "landmark", "plan", "what", "app", "family", "interface",
    "protocol", "port", "scope", "origin", "owner", "path", "version", "destination", "oui", "kind", "os",
    "os_version", "model", "active_mode", "rights", "vendor_id", "product_id", "day", "bus", "function", "role",
    "method",
)  # fmt: skip
#: Said already by "ids".
_IN_IDS = ("vendor_id", "product_id")
_PREFIX = {"interface": "on ", "port": "port ", "path": "at ", "owner": "of "}
