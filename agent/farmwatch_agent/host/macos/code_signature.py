"""Who signed a program, asked of Security.framework without a child process.

Sources: developer.apple.com "Code Signing Services" (SecStaticCodeCreateWithPath, SecStaticCodeCheckValidity,
SecCodeCopySigningInformation, SecRequirementCreateWithString); numbers of flags and errors: CSCommon.h and
SecStaticCode.h; "anchor apple" and "anchor apple generic": the code signing requirement language.

A signature is checked against Apple's root and against the list of hashes in the file (kSecCSBasicValidateOnly), off
the network. The pages of the file are not hashed: that costs a pass over each program, and the kernel does it itself
for each page that runs.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from ..protocol import HostError, Missing, NotPermitted, NotSupported, SourceBroken
from ..row import Row

#: kSecCSDoNotValidateExecutable | kSecCSDoNotValidateResources, and kSecCSNoNetworkAccess
_BASIC = (1 << 1) | (1 << 2) | (1 << 29)
_SIGNING_INFORMATION = 1 << 1
_UTF8 = 0x0800_0100
_NAME_LIMIT = 1024
#: errSecCSUnsigned (CSCommon.h); the others come from opening the file.
_UNSIGNED = -67062
_MISSING = frozenset({100_002, -67068})  # ENOENT above errSecErrnoBase, errSecCSStaticCodeNotFound
_REFUSED = frozenset({100_001, 100_013})  # EPERM and EACCES above errSecErrnoBase
_ERRNO_BASE = 100_000


class CodeSignature(Row, frozen=True, kw_only=True, omit_defaults=True):
    """What the signature of one program says. `of` is the program's path. The certificate's name is not read: that of
    somebody who signs for himself is his own.

    anchor      `apple` (Apple's own software), `developer` (a certificate that Apple issued, the App Store's too),
                `none` (ad hoc, self-made or broken: it proves nothing), `unsigned`
    team        team identifier, 10 letters and digits; "" for Apple's own
    identifier  of the program, mostly its bundle id; as the maker wrote it
    """

    table: ClassVar[str] = "macos_code_signature"
    platforms: ClassVar[tuple[str, ...]] = ("macos",)

    anchor: str = "unsigned"
    team: str = ""
    identifier: str = ""

    @classmethod
    def live(cls, of: str) -> "list[CodeSignature]":
        if sys.platform != "darwin":
            raise NotSupported("code signatures are macOS's")
        return [_read(of)]


@cache
def _frameworks() -> tuple[Any, Any]:
    """Returns CoreFoundation and Security with the types of what is called."""
    try:
        core = ctypes.CDLL("/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation")
        security = ctypes.CDLL("/System/Library/Frameworks/Security.framework/Security")
    except OSError:
        raise NotSupported("this system has no Security.framework") from None
    pointer, flags, status, index = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int32, ctypes.c_long
    for library, name, result, arguments in (
        (core, "CFRelease", None, (pointer,)),
        (core, "CFURLCreateFromFileSystemRepresentation", pointer,
         (pointer, ctypes.c_char_p, index, ctypes.c_ubyte)),
        (core, "CFStringCreateWithCString", pointer, (pointer, ctypes.c_char_p, ctypes.c_uint32)),
        (core, "CFStringGetCString", ctypes.c_ubyte, (pointer, ctypes.c_char_p, index, ctypes.c_uint32)),
        (core, "CFStringGetTypeID", ctypes.c_ulong, ()),
        (core, "CFGetTypeID", ctypes.c_ulong, (pointer,)),
        (core, "CFDictionaryGetValue", pointer, (pointer, pointer)),
        (security, "SecStaticCodeCreateWithPath", status, (pointer, flags, ctypes.POINTER(pointer))),
        (security, "SecStaticCodeCheckValidity", status, (pointer, flags, pointer)),
        (security, "SecCodeCopySigningInformation", status, (pointer, flags, ctypes.POINTER(pointer))),
        (security, "SecRequirementCreateWithString", status, (pointer, flags, ctypes.POINTER(pointer))),
    ):  # fmt: skip
        function = getattr(library, name)
        function.restype, function.argtypes = result, list(arguments)
    return core, security


@contextmanager
def _released(reference: Any) -> Iterator[Any]:
    """Gives a CoreFoundation object back when the block ends; None is passed through."""
    try:
        yield reference
    finally:
        if reference:
            _frameworks()[0].CFRelease(reference)


def _read(path: str) -> CodeSignature:
    core, security = _frameworks()
    name = path.encode("utf-8", "surrogateescape")
    with (
        _released(core.CFURLCreateFromFileSystemRepresentation(None, name, len(name), 0)) as url,
        _released(_made(security.SecStaticCodeCreateWithPath, url, path)) as code,
    ):
        anchor = _anchor(security, code, path)
        if anchor == "unsigned":
            return CodeSignature()
        with _released(_made(security.SecCodeCopySigningInformation, code, path, _SIGNING_INFORMATION)) as told:
            return CodeSignature(
                anchor=anchor,
                team=_text(core, core.CFDictionaryGetValue(told, _constant("kSecCodeInfoTeamIdentifier"))),
                identifier=_text(core, core.CFDictionaryGetValue(told, _constant("kSecCodeInfoIdentifier"))),
            )


def _made(function: Any, subject: Any, path: str, flags: int = 0) -> Any:
    """Returns what a function of the form (subject, flags, out) made; raises the HostError of its status."""
    if not subject:
        raise SourceBroken(f"{path}: cannot be asked about")
    made = ctypes.c_void_p()
    status = function(subject, flags, ctypes.byref(made))
    if status == 0 and made.value:
        return made.value
    raise _error(status, path)


def _error(status: int, path: str) -> HostError:
    kind = Missing if status in _MISSING else NotPermitted if status in _REFUSED else SourceBroken
    return kind(f"{path}: its signature cannot be read, error {status}")


def _anchor(security: Any, code: Any, path: str) -> str:
    """Returns whose certificate the signature leads to; a file that cannot be read is no unsigned one."""
    for words, anchor in (("anchor apple", "apple"), ("anchor apple generic", "developer")):
        status = security.SecStaticCodeCheckValidity(code, _BASIC, _requirement(words))
        if status == 0:
            return anchor
        if status == _UNSIGNED:
            return "unsigned"
        if _ERRNO_BASE < status < 2 * _ERRNO_BASE or status in _MISSING:
            raise _error(status, path)
    return "none"


@cache
def _requirement(words: str) -> Any:
    """Returns a requirement, made once: it lives as long as the agent."""
    core, security = _frameworks()
    with _released(core.CFStringCreateWithCString(None, words.encode(), _UTF8)) as text:
        return _made(security.SecRequirementCreateWithString, text, words)


def _constant(name: str) -> Any:
    """Returns a CFStringRef that Security exports under a name."""
    return ctypes.c_void_p.in_dll(_frameworks()[1], name).value


def _text(core: Any, value: Any) -> str:
    """Returns a CFString's text; "" for None, for another type and for one longer than any identifier."""
    if not value or core.CFGetTypeID(value) != core.CFStringGetTypeID():
        return ""
    buffer = ctypes.create_string_buffer(_NAME_LIMIT)
    if not core.CFStringGetCString(value, buffer, _NAME_LIMIT, _UTF8):
        return ""
    return buffer.value.decode("utf-8", "replace")
