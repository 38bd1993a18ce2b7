"""Reads LOLRMM: its JSON export, one YAML record, or a folder of records, as facts that our matching can use.

Format: magicsword-io/LOLRMM:bin/spec/lolrmm.spec.json and website/public/api/rmm_tools.json@3c75cf09. Much of it is
free text: a list of paths holds file names, folders, placeholders and prose. What cannot be a fact is not read at all;
what can be one and is none is for the gate to say (see merging.py). Left alone: ports, which are those that a tool
calls out to; digests, which are Authenticode's and not of files; files and registry keys, which the agent never reads.
"""

import json
import os
import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import yaml

from ..input_error import InputError, read_text

#: The export of 319 records has 2 MB.
MOST_BYTES = 64 * 2**20
MOST_RECORDS = 20_000
_REMEDY = "Take rmm_tools.json from https://lolrmm.io/api/, or files of LOLRMM's folder yaml/."
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: Parts of a path that every program shares; what follows them is the program's own folder.
_SHARED = re.compile(
    r"(?i)([a-z]:|\*|~|%[a-z0-9_()]+%|program files( \(x86\))?\*?|programdata|users|appdata|local|roaming|locallow"
    r"|programs)\Z"
)
_APPLICATION = re.compile(r"(?i)/applications/([^/*]+\.app)")
_UNIT = re.compile(r"(?i)/(?:launch(?:daemons|agents)/([\w.-]+)\.plist|systemd/(?:system|user)/([\w@.-]+\.service))\Z")
_MACOS = re.compile(r"/Contents/MacOS/([^/*]+)\Z")
_LINUX = re.compile(r"/(?:usr/|usr/local/)?s?bin/([^/*]+)\Z")
_SERVICE_KEY = re.compile(r"(?i)\\services\\([^\\*]+)(\\|\Z)")
_INSTALLER = re.compile(r"(?i)setup|install|update|\.(msi|pkg|dmg|deb|rpm|zip|dll|sys|txt|ps1|cmd|bat|json|ini|log)\Z")


class _Document(msgspec.Struct, frozen=True):
    """The fields of a record that hold facts; each may be missing, null, or of another type, and then holds none."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = msgspec.field(name="Name")
    category: Any = msgspec.field(name="Category", default="")
    modified: Any = msgspec.field(name="LastModified", default="")
    details: dict[str, Any] | None = msgspec.field(name="Details", default=None)
    artifacts: dict[str, Any] | None = msgspec.field(name="Artifacts", default=None)
    signing: dict[str, Any] | None = msgspec.field(name="CodeSigning", default=None)


class Record(msgspec.Struct, frozen=True):
    """One record.

    names, macos, linux  base names of executables on each system, as written
    patterns  base names with one or more stars
    paths     folders of the program: `\\anydesk\\`, `AnyDesk.app/`, `/opt/anydesk/`
    services, signers, domains  as written
    """

    name: str
    category: str = ""
    modified: str = ""
    names: tuple[str, ...] = ()
    macos: tuple[str, ...] = ()
    linux: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()


def read(path: str) -> tuple[list[Record], list[str]]:
    """Returns the records of a file or folder, sorted by name, and a sentence for each that is none.

    Raises InputError when nothing in it can be a record.
    """
    broken: list[str] = []
    found: dict[str, Record] = {}
    documents = list(_documents(path))
    if not documents or len(documents) > MOST_RECORDS:
        raise InputError(path, 0, "", f"holds {len(documents)} records; 1 to {MOST_RECORDS} can be.", _REMEDY)
    for place, raw in documents:
        try:
            document = msgspec.convert(raw, _Document)
        except msgspec.ValidationError as error:
            broken.append(f"{place}: {str(error).rstrip('.')}.")
            continue
        record = _record(document)
        older = found.get(record.name.casefold())
        # LOLRMM has a few records twice: what either says is known of the tool.
        found[record.name.casefold()] = _united(older, record) if older else record
    if not found:
        raise InputError(path, 0, "", f"none of {len(documents)} is a record: {broken[0]}", _REMEDY)
    return [found[key] for key in sorted(found)], broken


def _documents(path: str) -> Iterator[tuple[str, Any]]:
    if os.path.isdir(path):
        names = sorted(name for name in os.listdir(path) if name.endswith((".yaml", ".yml")))
        for name in names:
            yield from _documents(os.path.join(path, name))
        return
    text = read_text(path, MOST_BYTES)
    try:
        # YAML holds JSON, and its loader takes ten times as long.
        document = json.loads(text) if text.lstrip()[:1] in ("[", "{") else yaml.load(text, Loader=_LOADER)  # noqa: S506
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        number = getattr(error, "lineno", 0) if line is None else line + 1
        said = getattr(error, "msg", None) or getattr(error, "problem", None) or type(error).__name__
        raise InputError(path, number, "", f"is neither JSON nor YAML: {said}.", _REMEDY) from error
    if isinstance(document, dict):
        yield f"{path}", document
    elif isinstance(document, list):
        for index, item in enumerate(document):
            yield f"{path} record {index + 1}", item
    else:
        raise InputError(path, 0, "", "holds neither a record nor a list of records.", _REMEDY)


def _record(document: _Document) -> Record:
    details, artifacts, signing = document.details or {}, document.artifacts or {}, document.signing or {}
    names: list[str] = []
    patterns: list[str] = []
    paths: list[str] = []
    places = [*_texts(details.get("InstallationPaths")), *_column(artifacts.get("EventLog"), "ImagePath")]
    files = [*places, *_column(artifacts.get("Disk"), "File")]
    for metadata in _rows(details.get("PEMetadata")):
        places += [*_texts(metadata.get("Filename")), *_texts(metadata.get("OriginalFileName"))]
    for place in places:
        base = re.split(r"[\\/]", place.strip('" '))[-1].split('"')[0].strip()
        folder = _folder(place)
        if folder:
            paths.append(folder)
        if base.casefold().endswith(".exe") and not _INSTALLER.search(base):
            (patterns if "*" in base else names).append(base)
    services = [*_column(artifacts.get("EventLog"), "ServiceName")]
    for key in _column(artifacts.get("Registry"), "Path"):
        services += [match[1].strip() for match in _SERVICE_KEY.finditer(key)]
    services += [unit[1] or unit[2] for unit in map(_UNIT.search, files) if unit]
    domains = [host for row in _rows(artifacts.get("Network")) for host in _texts(row.get("Domains"))]
    return Record(
        name=document.name.strip(),
        category=document.category if isinstance(document.category, str) else "",
        modified=document.modified[:10] if isinstance(document.modified, str) else "",
        names=_each(names),
        macos=_each(match[1] for match in map(_MACOS.search, files) if match),
        linux=_each(match[1] for match in map(_LINUX.search, files) if match),
        patterns=_each(patterns),
        paths=_each(paths),
        services=_each(services),
        signers=_each([*_texts(signing.get("signer_names")), *_column(signing.get("certificates"), "signer_name")]),
        domains=_each(re.sub(r"(?i)\A[a-z]+://|[:/].*\Z", "", host) for host in domains),
    )


def _folder(place: str) -> str:
    """Returns the program's own folder in a path, at most two names deep, "" when there is none."""
    application = _APPLICATION.search(place)
    if application:
        return f"{application[1]}/"
    unix = re.match(r"/(opt|usr/(local|share|lib))/(?!s?bin/|lib/|share/)[^/*]+/", place)
    if unix:
        return unix[0]
    if "\\" not in place:
        return ""
    parts = [part for part in place.strip('" ').split("\\")[:-1] if part]
    for index, part in enumerate(parts):
        named_after_somebody = index and parts[index - 1].casefold() == "users"
        if not named_after_somebody and not _SHARED.match(part):
            own = parts[index : index + 2]
            return "\\" + "\\".join(own) + "\\"
    return ""


def _united(one: Record, other: Record) -> Record:
    both = {
        field: _each([*getattr(one, field), *getattr(other, field)])
        for field in Record.__struct_fields__
        if isinstance(getattr(one, field), tuple)
    }
    return msgspec.structs.replace(one, **both)


def _rows(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item.strip() for item in items if isinstance(item, str) and 0 < len(item.strip()) <= 300]


def _column(value: Any, field: str) -> list[str]:
    return [text for row in _rows(value) for text in _texts(row.get(field))]


def _each(values: Any) -> tuple[str, ...]:
    """Returns values once each, case set aside, in their order."""
    return tuple({value.casefold(): value for value in values if value}.values())
