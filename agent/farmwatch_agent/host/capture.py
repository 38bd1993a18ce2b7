"""The capture file: what probes read on one machine at one time. docs/capture.md describes it for people.

One JSON document, packed with gzip. `load` takes it from anybody, so sizes are bounded before anything is unpacked.
"""

import os
import zlib
from typing import Literal

import msgspec

from .protocol import FileStatus, HostError, Missing, NotPermitted, NotSupported, SourceBroken

FORMAT = "farmwatch-capture"
VERSION = 1
MAX_PACKED, MAX_UNPACKED = 1 << 26, 1 << 28

ErrorName = Literal["missing", "not_permitted", "not_supported", "broken"]

_BY_NAME: dict[str, type[HostError]] = {
    "missing": Missing,
    "not_permitted": NotPermitted,
    "not_supported": NotSupported,
    "broken": SourceBroken,
}


class CaptureError(SourceBroken):
    """A capture file that cannot be read; says what is wrong with it and what to do next."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a verb returned for one path; exactly one of the fields up to `error` is set.

    text, data  a file's content: as text where it is valid UTF-8, else as base64
    limit       how many bytes were asked for, when the content may go on after them
    names       names in a folder, numbers that a verb for all processes found, or words about one process
    target      where a link leads
    status      of a file; sha256: of a file
    rows        what an interface of the system answered, one object a line
    error       name of the HostError, with its message
    """

    text: str | None = None
    data: bytes | None = None
    limit: int = 0
    names: list[str] | None = None
    target: str | None = None
    status: FileStatus | None = None
    sha256: str | None = None
    rows: list[msgspec.Raw] | None = None
    error: ErrorName | None = None
    message: str = ""

    def content(self) -> bytes:
        """Returns a file's bytes; raises the error that stands here instead."""
        if self.text is not None:
            return self.text.encode()
        if self.data is None:
            raise self.problem()
        return self.data

    def problem(self) -> HostError:
        """Returns the error that stands here; a document that has neither value nor error is broken."""
        return _BY_NAME.get(self.error or "", SourceBroken)(self.message or "the capture holds no answer here")


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """All answers of one machine, by verb and path.

    read_each, link_each  by "folder/*/file": the numbers for which `read` or `link` has an answer
    argument_flags, descriptors  by process number; under "" stands the error when the verb itself failed
    rows, command  by table or command, and what was asked about after a space: "windows_registry_key HKLM\\SYSTEM"
    boot  new with each boot; "" where the host does not tell
    """

    format: str
    version: int
    agent: str
    platform: str
    pseudonymised: bool
    now: float
    uptime: float
    euid: int
    running: bool = True
    boot: str = ""
    read: dict[str, Answer] = {}
    names: dict[str, Answer] = {}
    link: dict[str, Answer] = {}
    resolve: dict[str, Answer] = {}
    status: dict[str, Answer] = {}
    sha256: dict[str, Answer] = {}
    read_each: dict[str, Answer] = {}
    link_each: dict[str, Answer] = {}
    argument_flags: dict[str, Answer] = {}
    descriptors: dict[str, Answer] = {}
    rows: dict[str, Answer] = {}
    command: dict[str, Answer] = {}


def asked(name: str, of: str) -> str:
    """Returns the key of a question to an interface or a command."""
    return f"{name} {of}" if of else name


def refused(error: HostError) -> Answer:
    """Returns an error as an answer."""
    for name, kind in _BY_NAME.items():
        if isinstance(error, kind):
            return Answer(error=name, message=str(error))  # type: ignore[arg-type]
    return Answer(error="broken", message=str(error))


def pack(capture: Capture) -> bytes:
    """Returns the bytes of a capture file."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(msgspec.json.encode(capture, order="sorted")) + packer.flush()


def unpack(data: bytes, place: str = "capture") -> Capture:
    """Returns the capture in the bytes of a file; raises CaptureError saying what is wrong with them."""
    unpacker = zlib.decompressobj(31)
    try:
        plain = unpacker.decompress(data, MAX_UNPACKED)
    except zlib.error as error:
        raise CaptureError(f"{place}: is not packed with gzip ({error}); give the file that capture wrote") from None
    if unpacker.unconsumed_tail:
        raise CaptureError(f"{place}: unpacks to more than {MAX_UNPACKED} bytes")
    if not unpacker.eof:
        raise CaptureError(f"{place}: is cut off; copy the whole file")
    try:
        head = msgspec.json.decode(plain, type=_Head)
        if head.format != FORMAT:
            raise CaptureError(f"{place}: is no capture; its format is {head.format!r}, not {FORMAT!r}")
        if head.version != VERSION:
            raise CaptureError(f"{place}: is version {head.version}, this agent reads {VERSION}; use a newer agent")
        return msgspec.json.decode(plain, type=Capture)
    except (msgspec.DecodeError, RecursionError) as error:
        raise CaptureError(f"{place}: is not a capture: {error}") from None


class _Head(msgspec.Struct):
    format: str = ""
    version: int = 0


def load(path: str) -> Capture:
    """Returns the capture in a file; raises CaptureError."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_PACKED + 1)
    except OSError as error:
        raise CaptureError(f"{path}: {error.strerror}") from None
    if len(data) > MAX_PACKED:
        raise CaptureError(f"{path}: has more than {MAX_PACKED} bytes")
    return unpack(data, path)


def save(capture: Capture, path: str) -> None:
    """Writes a capture file that only its owner may read; raises CaptureError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pack(capture))
    except OSError as error:
        raise CaptureError(f"{path}: cannot be written: {error.strerror}") from None
