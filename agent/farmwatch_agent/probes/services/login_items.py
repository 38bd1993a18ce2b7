"""What applications registered for itself with macOS to start at login, from `sfltool dumpbtm` (macOS 13 and up).

Form: what is quoted of macOS 13 to 27 in objective-see/DumpBTM issue 1 and in the tests of tools that read it: a part
per user ("Records for UID 501 : UUID"), in it records (" #1:"), in them "Key: value". A path in an item that an
application brings is relative to the application, whose record `Parent Identifier` names; a home is /Users/NUMBER.
Kinds: 0x2 application, 0x4 login item, 0x8 agent, 0x10 daemon; 0x10000 more for what came before macOS 13: a property
list in a folder of launchd's, which is read itself, or an application of the old list of login items. The other kinds
(developers, plug-ins, the quota of an application's background tasks) start nothing.

Without root the command asks the person for a password, so it is run as root only. The names of records and developers
may be a person's and are not read.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

import msgspec

from farmwatch_schema.observables.services import Service

from ...paths import tilde
from ..bounds import short

MAX_RECORDS = 2_000
MAX_LINE = 1_000
_USER = re.compile(r" ?Records for UID (-?\d{1,10}) ?:")
_RECORD = re.compile(r" {0,2}#\d{1,6}: *")
_TYPE = re.compile(r".*\((0x[0-9a-f]{1,8})\) *")
_WORDS = re.compile(r"\[([^\]]*)\]")
_KEYS = frozenset(
    {"Type", "Disposition", "Identifier", "URL", "Executable Path", "Bundle Identifier", "Parent Identifier"}
)
_LEGACY = 0x10000
_APPLICATION, _LOGIN_ITEM, _AGENT, _DAEMON = 0x2, 0x4, 0x8, 0x10
#: Number of a kind before an identifier: "4.com.docker.helper".
_NUMBERED = re.compile(r"\d{1,6}\.")

Record = dict[str, str]


class Dump(msgspec.Struct):
    """Records of each user, and whether the text has the known form at all."""

    users: dict[str, list[Record]]
    known: bool


def parse_dump(text: str) -> Dump:
    """Returns the records of `sfltool dumpbtm`; of a key told twice the last value, because names stand first."""
    users: dict[str, list[Record]] = {}
    records: list[Record] | None = None
    record: Record | None = None
    count = 0
    for line in text.split("\n"):
        line = line[:MAX_LINE]
        if match := _USER.match(line):
            records, record = users.setdefault(match[1], []), None
        elif _RECORD.fullmatch(line) and records is not None:
            count += 1
            record = {} if count <= MAX_RECORDS else None
            if record is not None:
                records.append(record)
        elif record is not None:
            key, mark, value = line.strip().partition(": ")
            if mark and key in _KEYS:
                record[key] = "" if value == "(null)" else value.strip()
    return Dump(users, bool(users) and all("Type" in it for found in users.values() for it in found))


def services(dump: Dump) -> Iterator[Service]:
    """Yields what starts by itself, each once, in a steady order; Apple's own on the sealed volume left out."""
    found: set[Service] = set()
    for user, records in dump.users.items():
        # The first wins: what a later record says of itself cannot move another's items.
        parents: dict[str, str] = {}
        for record in records:
            parents.setdefault(record.get("Identifier", ""), _plain(record.get("URL", "")))
        for record in records:
            service = _service(record, user, parents)
            if service is not None and not service.path.startswith("/System/"):
                found.add(service)
    yield from sorted(found, key=lambda it: (it.name, it.path, it.kind, str(it.enabled), it.run_by))


def _service(record: Record, user: str, parents: dict[str, str]) -> Service | None:
    match = _TYPE.fullmatch(record.get("Type", ""))
    number = int(match[1], 16) if match else 0
    base, legacy = number & 0xFFFF, number & _LEGACY
    if base not in (_APPLICATION, _LOGIN_ITEM, _AGENT, _DAEMON) or (legacy and base in (_AGENT, _DAEMON)):
        return None
    name = record.get("Bundle Identifier") or _NUMBERED.sub("", record.get("Identifier", ""), count=1)
    if not name:
        return None
    path = _plain(record.get("Executable Path", "")) or _plain(record.get("URL", ""))
    if path and not path.startswith("/"):
        above = parents.get(record.get("Parent Identifier", ""), "")
        path = f"{above.rstrip('/')}/{path}" if above.startswith("/") else ""
    words = _WORDS.search(record.get("Disposition", ""))
    said = {word.strip() for word in words[1].split(",")} if words else set()
    return Service(
        name=name[:255],
        kind="login_item" if base in (_APPLICATION, _LOGIN_ITEM) else "launchd",
        path=short(tilde(path.rstrip("/"))) if not path.endswith(".plist") else "",
        enabled={"enabled", "allowed"} <= said if said - {""} else None,
        run_by="system" if base == _DAEMON or user == "0" else "user",
    )


def _plain(url: str) -> str:
    """Returns the path of "file:///Applications/An%20App.app/", and a path as it is."""
    return unquote(url[7:]) if url.startswith("file:///") else url
