"""Replaces what tells a person or a unit in a capture by invented values of the same shape.

Equal things stay equal within one capture, lengths and alphabets stay, so a replay still parses; the key is
random and thrown away, so two captures cannot be compared and nothing can be turned back. docs/capture.md
says what is covered and what is not.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from farmwatch_schema.formats import FormatError, edid
from farmwatch_schema.identifiers import PUBLISHED_CONSTANTS

from ..paths import home_names, is_plain_instance
from .addresses import AddressBook
from .capture import Answer, Capture
from .capture_files import without_names
from .command_lines import without_arguments
from .macos import identifying
from .protocol import HostError
from .published_uuids import is_published
from .row import Row

#: Files whose whole content is a serial: USB, DMI, block, power supply, HID and input (`uniq`).
SERIAL_FILES = frozenset(
    {"serial", "serial_number", "serial_no", "product_serial", "board_serial", "chassis_serial", "product_uuid", "uniq"}
    | {"wwid", "eui", "nguid", "uuid", "machine-id", "boot_id", "cid", "chassis_asset_tag", "board_asset_tag"}
)
HOST_NAME_FILES = frozenset({"hostname", "nodename"})
#: Login records: struct utmp of utmp(5) on Linux, 384 bytes; user and host are NUL-padded strings in it.
LOGIN_FILES = frozenset({"utmp", "wtmp", "btmp"})
#: macOS has its own: 628 bytes (struct utmpx32 of Apple's Libc, gen/utmpx-darwin.h).
MAC_LOGINS = "utmpx"
UTMPX_SIZE, UTMPX_USER, UTMPX_HOST = 628, (0, 256), (308, 564)
#: Names of files in it are names of users.
MAC_CRONTABS = "/private/var/at/tabs"
_OF_PEOPLE = (b"\x07\0", b"\x08\0")  # USER_PROCESS, DEAD_PROCESS: the host is where somebody came from
UTMP_SIZE, UTMP_USER, UTMP_HOST, UTMP_ADDRESS = 384, (44, 76), (76, 332), (348, 364)
#: Bytes that mean something bit by bit; text inside them is nobody's.
BINARY_FILES = frozenset({"descriptors", "report_descriptor"})
#: Names that thousands of machines have: they tell nobody, and are also words of other files.
COMMON_NAMES = frozenset(
    {"root", "user", "admin", "administrator", "guest", "test", "ubuntu", "debian", "fedora", "pi", "vagrant"}
    | {"system", "local service", "network service", "nt authority", "public", "default", "builtin", "workgroup"}
    | {"localhost", "linux", "laptop", "desktop", "nobody", "ec2-user", "kali", "arch", "home"}
    # The end of every Bluetooth service's UUID looks like an address (Bluetooth Core Specification 3.B.2.5.1).
    | {"00805f9b34fb"}
)
#: Here dotted numbers are versions, and host names are packages.
NO_ADDRESSES = ("/var/lib/dpkg/", "/var/lib/rpm/", "/usr/", "/sys/devices/", "/sys/bus/", "/etc/os-release")

_MAC = re.compile(
    r"(?<![0-9A-Fa-f:_-])([0-9A-Fa-f]{2})(?:([:_-])[0-9A-Fa-f]{2})(?:\2[0-9A-Fa-f]{2}){4,18}(?![0-9A-Fa-f])"
)
_NAMED_BY_MAC = re.compile(r"\b(en|wl|ww|bn)x([0-9a-f]{12})\b")
_UUID = re.compile(r"\b[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\b")
#: Windows's accounts by number: the middle parts tell machine or company ("SID Components", learn.microsoft.com).
_SID = re.compile(r"(?<=\bS-1-5-21-)\d{1,10}(?:-\d{1,10}){2}|(?<=\bS-1-12-1-)\d{1,10}(?:-\d{1,10}){3}")
#: Names of other machines: where a login came from (logind's session files), and the company's domain.
_TOLD_HOST = re.compile(r"^(REMOTE_HOST=|REMOTE_USER=|search |domain |DOMAINS=|PRETTY_HOSTNAME=)(.+)$", re.MULTILINE)
#: Instances of units may be people (syncthing@NAME.service); numbers and terminals are not.
_INSTANCE = re.compile(r"(?<=[A-Za-z0-9]@)([^@/\s\"]*[A-Za-z][^@/\s\"]*)(?=\.(?:service|socket|timer|path)\b)")
LOGIND = "/run/systemd/sessions/"
_SHORTEST = 6


def pseudonymised(
    capture: Capture, key: bytes | None = None, rows: Mapping[str, Sequence[Row]] | None = None
) -> Capture:
    """Returns the capture with invented values in place of identifying ones. A key makes it repeatable, for tests.

    rows  what interfaces answered, by question, not yet in the capture
    """
    rows = rows or {}
    book = _Book(key or secrets.token_bytes(32), capture, rows)
    return replace(
        capture,
        pseudonymised=True,
        boot=book.shaped(capture.boot),
        rows={
            **{book.text("", question): book.answer("", answer) for question, answer in capture.rows.items()},
            **{book.text("", question): book.rows(found) for question, found in rows.items()},
        },
        command={book.text("", question): book.said(question, answer) for question, answer in capture.command.items()},
        **{
            verb: {book.text(path, path): book.answer(path, answer) for path, answer in getattr(capture, verb).items()}
            for verb in ("read", "names", "link", "resolve", "status", "sha256", "read_each", "link_each")
        },
        **{
            verb: {name: book.answer("", answer) for name, answer in getattr(capture, verb).items()}
            for verb in ("argument_flags", "descriptors")
        },
    )


class _Book:
    """One capture's substitutions: found first, because a serial may stand in another file's text before its own."""

    def __init__(self, key: bytes, capture: Capture, rows: Mapping[str, Sequence[Row]]) -> None:
        self._key = key
        self._addresses = AddressBook(self._digest)
        self._windows = capture.platform == "windows"
        words = {word for word in (*_identifying(capture), *_in_rows(rows)) if word not in PUBLISHED_CONSTANTS}
        longest_first = sorted(words, key=lambda word: (-len(word), word))
        self._words = (
            re.compile(
                f"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, longest_first))})(?![A-Za-z0-9])",
                re.IGNORECASE if self._windows else 0,
            )
            if longest_first
            else None
        )

    def answer(self, path: str, answer: Answer) -> Answer:
        name = path.rpartition("/")[2]
        changes: dict[str, object] = {}
        if answer.text is not None or answer.data is not None:
            changes = self._content(name, path, answer)
        if answer.names is not None:
            changes["names"] = [self.text(path, entry) for entry in answer.names]
        if answer.target is not None:
            changes["target"] = self.text(path, answer.target)
        if answer.message:
            changes["message"] = self.text(path, answer.message)
        return replace(answer, **changes) if changes else answer

    def said(self, question: str, answer: Answer) -> Answer:
        """Returns what a command printed, of a Mac's registry and profile only what probes read."""
        name = question.partition(" ")[0]
        if answer.error is None and identifying.is_kept_in_part(name):
            data = identifying.rewritten(
                name, answer.content(), lambda text: self.text("", text), self.shaped, self._unique
            )
            return replace(answer, text=data.decode(), data=None)
        if answer.text is not None:
            from .macos.told import without_names as plain  # noqa: PLC0415 (only macOS has commands)

            text = plain(name, answer.text, self.shaped, lambda text: self._addresses.text("", text))
            answer = replace(answer, text=text)
        return self.answer("", answer)

    def rows(self, found: Sequence[Row]) -> Answer:
        """Returns what an interface answered, every text in it replaced where it tells somebody."""
        rewritten = (row.rewritten(lambda text: self.text("", text)) for row in found)
        return Answer(rows=[msgspec.Raw(msgspec.json.encode(row)) for row in rewritten])

    def text(self, path: str, text: str) -> str:
        """Returns a text with every substitution made; `path` decides whether addresses are looked for."""
        if self._words is not None:
            text = self._words.sub(lambda match: self.shaped(match[0]), text)
        text = _UUID.sub(lambda match: match[0] if is_published(match[0]) else self.shaped(match[0]), text)
        text = _SID.sub(lambda match: self.shaped(match[0]), text)
        text = _MAC.sub(self._mac, text)
        text = _INSTANCE.sub(lambda match: match[0] if is_plain_instance(match[0]) else self.shaped(match[0]), text)
        text = _TOLD_HOST.sub(lambda match: match[1] + self._host_name(match[2]), text)
        text = _NAMED_BY_MAC.sub(lambda match: f"{match[1]}x{match[2][:6]}{self._mac_tail(match[2])}", text)
        return text if path.startswith(NO_ADDRESSES) else self._addresses.text(path, text)

    def shaped(self, text: str) -> str:
        """Returns an invented text: digits for digits, letters for letters of the same case, hex digits stay hex."""
        if text in PUBLISHED_CONSTANTS or not text.strip("0:_- \n"):
            return text
        letters = (
            "abcdef" if all(char in "0123456789abcdefABCDEF-:_ \n" for char in text) else "abcdefghijklmnopqrstuvwxyz"
        )
        for attempt in range(8):
            # Small and capital letters of one thing, as Windows writes them by turns, stay one thing.
            stream = self._digest(f"{attempt}\0{text.lower()}", len(text))
            found = "".join(_shaped(char, byte, letters) for char, byte in zip(text, stream, strict=True))
            if found.lower() != text.lower():
                return found
        return "".join("0" if char.isalnum() else char for char in text)

    def _mac(self, match: re.Match[str]) -> str:
        """The maker's half stays, the unit's half is invented; broadcast is nobody's."""
        text = match[0].lower()
        return match[0] if not text.strip("f:_-") else match[0][:9] + self.shaped(text[9:])

    def _host_name(self, text: str) -> str:
        """Every label but the last is invented, in each of the names; addresses are left to the address book."""
        return " ".join(
            ".".join(
                [*(self.shaped(label) for label in labels[:-1]), labels[-1] if labels[1:] else self.shaped(labels[-1])]
            )
            if any(char.isalpha() for char in word) and ":" not in word and _tells(word)
            else word
            for word in text.split(" ")
            for labels in (word.split("."),)
        )

    def _mac_tail(self, digits: str) -> str:
        pairs = ":".join(digits[at : at + 2] for at in range(6, 12, 2))
        return self.shaped(pairs).replace(":", "")

    def _content(self, name: str, path: str, answer: Answer) -> dict[str, object]:
        if name in BINARY_FILES:
            return {}
        if name == "edid":
            return {"text": None, "data": edid.rewritten(answer.content(), self._unique)}
        if name in LOGIN_FILES:
            return {"text": None, "data": self._logins(answer.content())}
        if name == MAC_LOGINS:
            return {"text": None, "data": self._mac_logins(answer.content())}
        if name in SERIAL_FILES and answer.text is not None:
            stripped = answer.text.strip()
            # Long ones are words of the whole capture by now; a short one is replaced in its own file only.
            short = stripped and len(stripped) < _SHORTEST and stripped not in PUBLISHED_CONSTANTS
            text = answer.text.replace(stripped, self.shaped(stripped)) if short else self.text(path, answer.text)
            return {"text": text}
        if answer.text is not None:
            text = _without_full_names(answer.text) if name == "passwd" else answer.text
            return {"text": self.text(path, without_names(path, without_arguments(path, text), self.shaped))}
        latin = answer.content().decode("latin-1")
        if self._words is not None:
            latin = self._words.sub(lambda match: self.shaped(match[0]), latin)
        return {"data": latin.encode("latin-1")}

    def _unique(self, raw: bytes) -> bytes:
        """An EDID's serial number (4 bytes), serial string (13 bytes) or DisplayID field."""
        if len(raw) == 4:
            number = int.from_bytes(raw, "little")
            if not number or f"0x{number:08x}" in PUBLISHED_CONSTANTS:
                return raw
            return self._digest(f"edid\0{number}", 4)
        if len(raw) != 13:
            return self._digest(f"edid\0{raw.hex()}", len(raw))
        text = raw.split(b"\n", 1)[0].decode("latin-1")
        if text.strip() in PUBLISHED_CONSTANTS:
            return raw
        return self.shaped(text.strip()).encode("latin-1").ljust(len(text)) + raw[len(text) :]

    def _logins(self, data: bytes) -> bytes:
        records = bytearray(data)
        for start in range(0, len(records) - UTMP_SIZE + 1, UTMP_SIZE):
            person = records[start : start + 2] in _OF_PEOPLE
            for first, end in (UTMP_USER, UTMP_HOST):
                text = bytes(records[start + first : start + end]).rstrip(b"\0").decode("latin-1")
                if person and (first, end) == UTMP_HOST:
                    text = self._host_name(text)
                changed = self.text("/var/log/wtmp", text).encode("latin-1", "replace")[: end - first]
                records[start + first : start + end] = changed.ljust(end - first, b"\0")
            first, end = UTMP_ADDRESS
            records[start + first : start + end] = self._addresses.packed(bytes(records[start + first : start + end]))
        return bytes(records)

    def _mac_logins(self, data: bytes) -> bytes:
        records = bytearray(data)
        for start in range(UTMPX_SIZE, len(records) - UTMPX_SIZE + 1, UTMPX_SIZE):
            for (first, end), change in ((UTMPX_USER, str), (UTMPX_HOST, self._host_name)):
                text = bytes(records[start + first : start + end]).split(b"\0", 1)[0].decode("latin-1")
                changed = self.text("/var/run/utmpx", change(text)).encode("latin-1", "replace")[: end - first]
                records[start + first : start + end] = changed.ljust(end - first, b"\0")
        return bytes(records)

    def _digest(self, text: str, size: int) -> bytes:
        return hashlib.shake_256(self._key + text.encode("utf-8", "replace")).digest(size)


def _shaped(char: str, byte: int, letters: str) -> str:
    if char.isdigit() and char.isascii():
        return str(byte % 10)
    if char.isalpha():
        letter = letters[byte % len(letters)]
        return letter.upper() if char.isupper() else letter
    return char


def _identifying(capture: Capture) -> Iterable[str]:
    """Yields every word of this capture that tells a person, a unit or the machine."""
    for path, answer in capture.read.items():
        name = path.rpartition("/")[2]
        text = answer.text or ""
        if name in SERIAL_FILES:
            yield from (word for word in (text.strip(),) if len(word) >= _SHORTEST)
        elif name in HOST_NAME_FILES:
            yield from _host_words(text)
        elif path.startswith(LOGIND):
            yield from filter(_tells, (line[5:] for line in text.split("\n") if line.startswith("USER=")))
        elif name == "passwd":
            yield from filter(_tells, _people(text))
        elif name == "edid":
            yield from _serial_of(answer)
        elif name in LOGIN_FILES:
            yield from filter(_tells, _logged_in(answer.content()) if answer.error is None else ())
        elif name == MAC_LOGINS and answer.error is None:
            yield from filter(_tells, _logged_in_mac(answer.content()))
    for question, answer in capture.command.items():
        name = question.partition(" ")[0]
        if answer.error is None and identifying.is_kept_in_part(name):
            yield from (word for word in identifying.words(name, answer.content()) if len(word) >= _SHORTEST)
    yield from filter(_tells, _homes(capture))


def _in_rows(rows: Mapping[str, Sequence[Row]]) -> Iterable[str]:
    for question, found in rows.items():
        yield from filter(_tells, home_names(question))
        for row in found:
            yield from filter(_tells, row.identifying())
            for text in _texts(row):
                # CapabilityAccessManager writes paths with # in names of keys.
                yield from filter(_tells, home_names(text) or home_names(text.replace("#", "\\")))


def _texts(value: object) -> Iterable[str]:
    """Yields every text in a row that may hold a path."""
    if isinstance(value, str):
        if "\\" in value or "/" in value or "#" in value:
            yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _texts(item)


def _homes(capture: Capture) -> Iterable[str]:
    """Yields the names of home folders: listed, in a path that was read, or where a link leads."""
    for folder in ("/home", "/Users", MAC_CRONTABS):
        if folder in capture.names:
            names = capture.names[folder].names or ()
            yield from (name for name in names if name not in (".ecryptfs", ".localized", "Shared", "Guest"))
    for verb in (capture.read, capture.names, capture.status, capture.sha256, capture.link, capture.resolve):
        for path, answer in verb.items():
            yield from home_names(path)
            yield from home_names(answer.target or "")


def _tells(name: str) -> bool:
    return len(name) > 1 and name.lower() not in COMMON_NAMES


def _host_words(text: str) -> Iterable[str]:
    full = text.strip()
    return filter(_tells, {full, full.partition(".")[0]} - {""})


def _people(passwd: str) -> Iterable[str]:
    """Yields names of accounts that people use (user ids from 1000, login.defs(5)), and of their home folders."""
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) >= 6 and fields[2].isdecimal() and 1000 <= int(fields[2]) < 65534:
            yield fields[0]
            yield fields[5].rstrip("/").rpartition("/")[2]


def _without_full_names(passwd: str) -> str:
    lines = []
    for line in passwd.split("\n"):
        fields = line.split(":")
        if len(fields) >= 6 and fields[2].isdecimal() and int(fields[2]) >= 1000:
            fields[4] = ""
        lines.append(":".join(fields))
    return "\n".join(lines)


def _serial_of(answer: Answer) -> Iterable[str]:
    try:
        serial = edid.parse(answer.content()).serial
    except (FormatError, HostError):
        return ()
    return (serial,) if len(serial) >= _SHORTEST else ()


def _logged_in(data: bytes) -> Iterable[str]:
    for start in range(0, len(data) - UTMP_SIZE + 1, UTMP_SIZE):
        yield data[start + UTMP_USER[0] : start + UTMP_USER[1]].split(b"\0", 1)[0].decode("latin-1")


def _logged_in_mac(data: bytes) -> Iterable[str]:
    for start in range(UTMPX_SIZE, len(data) - UTMPX_SIZE + 1, UTMPX_SIZE):
        yield data[start + UTMPX_USER[0] : start + UTMPX_USER[1]].split(b"\0", 1)[0].decode("latin-1")
