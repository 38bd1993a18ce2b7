"""Catalogues: published facts as YAML, one file a subject, read once and checked field by field.

docs/catalogues.md tells how a file looks and where facts come from. An entry's type stands beside the
detector that matches on it; whatever it holds, it is an `Entry`: id, sources, date and confidence.
"""

import hashlib
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Generic, Literal, TypeVar, cast

import msgspec
import yaml

from farmwatch_schema.errors import FarmwatchError

Confidence = Literal["firmware", "dump", "corpus", "vendor", "package", "list", "usb.ids", "unverified"]
"""firmware: read in source code; dump: seen in a real dump; corpus: seen in a public collection of real
devices; vendor: stated by its maker; package: in the file list of a distribution's package; list: in a
public list of such products; usb.ids: known from a name database only; unverified: nobody looked."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every entry of every catalogue has.

    id          permanent, unique in its file
    source      where it was read, "repository:path@commit" or a page; one or more
    date        day on which the source was read or dated
    confidence  how well it is known
    """

    id: str
    source: tuple[str, ...]
    date: date
    confidence: Confidence


AnyEntry = TypeVar("AnyEntry", bound=Entry)


class Catalogue(msgspec.Struct, Generic[AnyEntry], frozen=True):
    """A catalogue as read: its name, the version its file states, SHA-256 of the file, and its entries."""

    name: str
    version: str
    digest: str
    entries: tuple[AnyEntry, ...]

    def get(self, entry_id: str) -> AnyEntry | None:
        """Returns the entry with this id, or None."""
        return next((entry for entry in self.entries if entry.id == entry_id), None)


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    about: str
    entries: list[dict[str, Any]]


class CatalogueError(FarmwatchError):
    """A catalogue that breaks a rule; says which file, entry and field."""


#: The loader in C is ten times as fast; wheels of PyYAML carry it, plain source builds may not.
_LOADER: type[yaml.SafeLoader] = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def load(name: str, kind: type[AnyEntry]) -> Catalogue[AnyEntry]:
    """Returns the catalogue `catalog/<name>.yaml` with entries of type `kind`; read once per process.

    Raises CatalogueError naming file, entry and field.
    """
    return parse(_bytes(name), name, kind)


def parse(data: bytes, name: str, kind: type[AnyEntry]) -> Catalogue[AnyEntry]:
    """Returns the catalogue that a YAML text holds; `name` is said in errors."""
    where = f"{name}.yaml"
    try:
        # A loader derived from SafeLoader: builds plain values only, whatever the text says.
        document = msgspec.convert(yaml.load(data, Loader=_LOADER), _Document)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise CatalogueError(f"{where}: {error}. See docs/catalogues.md.") from error
    entries: list[AnyEntry] = []
    ids: set[str] = set()
    for index, raw in enumerate(document.entries):
        place = f"{where} entry {raw.get('id', index)}"
        try:
            entry = msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            problem, _, path = str(error).partition(" - at `")
            raise CatalogueError(f"{place} {path.rstrip('`') or '$'}: {problem}. See docs/catalogues.md.") from error
        if entry.id in ids:
            raise CatalogueError(f"{place} $.id: is there twice.")
        if not entry.source or not all(entry.source):
            raise CatalogueError(f"{place} $.source: names no source.")
        ids.add(entry.id)
        entries.append(entry)
    return Catalogue(name, document.version, hashlib.sha256(data).hexdigest(), tuple(entries))


def _bytes(name: str) -> bytes:
    try:
        return resources.files(__name__).joinpath(f"{name}.yaml").read_bytes()
    except FileNotFoundError as error:
        raise CatalogueError(f"{name}.yaml: is not among the catalogues. See docs/catalogues.md.") from error
