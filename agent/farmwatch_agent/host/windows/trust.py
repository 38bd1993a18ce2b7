"""Who signed a file: Authenticode in the file itself, or a catalogue of the system that names its digest.

Sources: learn.microsoft.com, WinVerifyTrust, WINTRUST_DATA, "Example C Program: Verifying the Signature of a PE File",
CryptCATAdminCalcHashFromFileHandle2, CryptCATAdminEnumCatalogFromHash, CertGetNameString. Nothing is fetched: the
reader has no network, so revocation is not checked and missing certificates of a chain are not looked for.
"""

import ctypes
from typing import Any

from ..protocol import NotSupported
from .library import library

#: wintrust.h and wincrypt.h
_UI_NONE, _CHOICE_FILE, _CHOICE_CATALOG, _VERIFY, _CLOSE = 2, 1, 2, 1, 2
_NO_REVOCATION, _CACHE_ONLY = 0x10, 0x1000
_SIMPLE_DISPLAY_NAME = 4
#: winerror.h: the file bears no signature, or is of a form that bears none.
_UNSIGNED = frozenset({0x800B0100, 0x800B0003, 0x800B0001})
#: Has a signature that says nothing: changed file, root that nobody trusts, publisher distrusted, revoked.
_WORTHLESS = frozenset({0x80096010, 0x800B0109, 0x800B0111, 0x800B010C, 0x800B0004})
#: Signed well when it was signed; the certificate ran out since and no time stamp stands beside it.
_EXPIRED = 0x800B0101
_INVALID = ctypes.c_void_p(-1).value
_NAME_LENGTH = 512
_HASHES = ("SHA256", "SHA1")


class Guid(ctypes.Structure):
    """GUID (guiddef.h)."""

    _fields_ = (
        ("Data1", ctypes.c_uint32),
        ("Data2", ctypes.c_uint16),
        ("Data3", ctypes.c_uint16),
        ("Data4", ctypes.c_uint8 * 8),
    )


class FileInfo(ctypes.Structure):
    """WINTRUST_FILE_INFO (wintrust.h)."""

    _fields_ = (
        ("cbStruct", ctypes.c_uint32),
        ("pcwszFilePath", ctypes.c_void_p),
        ("hFile", ctypes.c_void_p),
        ("pgKnownSubject", ctypes.c_void_p),
    )


class CatalogInfo(ctypes.Structure):
    """WINTRUST_CATALOG_INFO (wintrust.h)."""

    _fields_ = (
        ("cbStruct", ctypes.c_uint32),
        ("dwCatalogVersion", ctypes.c_uint32),
        ("pcwszCatalogFilePath", ctypes.c_void_p),
        ("pcwszMemberTag", ctypes.c_void_p),
        ("pcwszMemberFilePath", ctypes.c_void_p),
        ("hMemberFile", ctypes.c_void_p),
        ("pbCalculatedFileHash", ctypes.c_void_p),
        ("cbCalculatedFileHash", ctypes.c_uint32),
        ("pcCatalogContext", ctypes.c_void_p),
        ("hCatAdmin", ctypes.c_void_p),
    )


class TrustData(ctypes.Structure):
    """WINTRUST_DATA (wintrust.h)."""

    _fields_ = (
        ("cbStruct", ctypes.c_uint32),
        ("pPolicyCallbackData", ctypes.c_void_p),
        ("pSIPClientData", ctypes.c_void_p),
        ("dwUIChoice", ctypes.c_uint32),
        ("fdwRevocationChecks", ctypes.c_uint32),
        ("dwUnionChoice", ctypes.c_uint32),
        ("pFile", ctypes.c_void_p),
        ("dwStateAction", ctypes.c_uint32),
        ("hWVTStateData", ctypes.c_void_p),
        ("pwszURLReference", ctypes.c_void_p),
        ("dwProvFlags", ctypes.c_uint32),
        ("dwUIContext", ctypes.c_uint32),
    )


class CatalogueFile(ctypes.Structure):
    """CATALOG_INFO (mscat.h)."""

    _fields_ = (("cbStruct", ctypes.c_uint32), ("wszCatalogFile", ctypes.c_uint16 * 260))


class ProviderCertificate(ctypes.Structure):
    """CRYPT_PROVIDER_CERT (wintrust.h)."""

    _fields_ = (
        ("cbStruct", ctypes.c_uint32),
        ("pCert", ctypes.c_void_p),
        ("fCommercial", ctypes.c_int32),
        ("fTrustedRoot", ctypes.c_int32),
        ("fSelfSigned", ctypes.c_int32),
        ("fTestCert", ctypes.c_int32),
        ("dwRevokedReason", ctypes.c_uint32),
        ("dwConfidence", ctypes.c_uint32),
        ("dwError", ctypes.c_uint32),
        ("pTrustListContext", ctypes.c_void_p),
        ("fTrustListSignerCert", ctypes.c_int32),
        ("pCtlContext", ctypes.c_void_p),
        ("dwCtlError", ctypes.c_uint32),
        ("fIsCyclic", ctypes.c_int32),
        ("pChainElement", ctypes.c_void_p),
    )


#: WINTRUST_ACTION_GENERIC_VERIFY_V2 (softpub.h)
_GENERIC_VERIFY = (0x00AAC56B, 0xCD44, 0x11D0, (0x8C, 0xC2, 0x00, 0xC0, 0x4F, 0xC2, 0x95, 0xEE))


def signer_of(path: str, handle: int) -> str | None:
    """Returns the name in the certificate that signed a file; "" when none did, None when that cannot be told.

    handle  of the open file
    A signature that does not hold, or that leads to no root this system trusts, is none.
    """
    text = ctypes.create_unicode_buffer(path)
    info = FileInfo(cbStruct=ctypes.sizeof(FileInfo), pcwszFilePath=ctypes.addressof(text), hFile=handle)
    code, name = _verified(_CHOICE_FILE, info)
    if code not in _UNSIGNED:
        return _judged(code, name)
    for algorithm in _HASHES:
        found = _by_catalogue(path, handle, algorithm)
        if found is not None:
            return found
    return ""


def _judged(code: int, name: str | None) -> str | None:
    """Returns what a verdict of WinVerifyTrust makes of the signer's name."""
    if code in (0, _EXPIRED):
        return name
    return "" if code in _WORTHLESS or code in _UNSIGNED else None


def _verified(choice: int, subject: ctypes.Structure) -> tuple[int, str | None]:
    """Returns WinVerifyTrust's verdict, and the signer's name when there is a signature."""
    wintrust = library("wintrust")
    verify = wintrust.WinVerifyTrust
    verify.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    verify.restype = ctypes.c_uint32
    action = Guid(*_GENERIC_VERIFY[:3], (ctypes.c_uint8 * 8)(*_GENERIC_VERIFY[3]))
    data = TrustData(
        cbStruct=ctypes.sizeof(TrustData),
        dwUIChoice=_UI_NONE,
        dwUnionChoice=choice,
        pFile=ctypes.addressof(subject),
        dwStateAction=_VERIFY,
        dwProvFlags=_NO_REVOCATION | _CACHE_ONLY,
    )
    code = verify(_INVALID, ctypes.addressof(action), ctypes.addressof(data))
    try:
        return code, _name(wintrust, data.hWVTStateData) if data.hWVTStateData else None
    finally:
        data.dwStateAction = _CLOSE
        verify(_INVALID, ctypes.addressof(action), ctypes.addressof(data))


def _name(wintrust: Any, state: int) -> str | None:
    """Returns the simple display name of the first signer's certificate."""
    of_state = _function(wintrust, "WTHelperProvDataFromStateData", ctypes.c_void_p, ctypes.c_void_p)
    signer = _function(
        wintrust, "WTHelperGetProvSignerFromChain", ctypes.c_void_p,
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int32, ctypes.c_uint32),
    )  # fmt: skip
    certificate = _function(wintrust, "WTHelperGetProvCertFromChain", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)
    data = of_state(state)
    first = signer(data, 0, 0, 0) if data else None
    found = certificate(first, 0) if first else None
    context = ProviderCertificate.from_address(found).pCert if found else None
    if not context:
        return None
    ask = _function(
        library("crypt32"), "CertGetNameStringW", ctypes.c_uint32,
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32),
    )  # fmt: skip
    buffer = ctypes.create_unicode_buffer(_NAME_LENGTH)
    ask(context, _SIMPLE_DISPLAY_NAME, 0, None, ctypes.addressof(buffer), _NAME_LENGTH)
    return buffer.value or None


def _by_catalogue(path: str, handle: int, algorithm: str) -> str | None:
    """Returns who signed the catalogue that names this file; None when none does, or it cannot be told."""
    wintrust = library("wintrust")
    admin = ctypes.c_void_p()
    try:
        acquire = _function(
            wintrust, "CryptCATAdminAcquireContext2", ctypes.c_int32, *([ctypes.c_void_p] * 4), ctypes.c_uint32
        )
    except AttributeError:
        raise NotSupported("catalogues are asked as Windows 8 and later do") from None
    kind = ctypes.create_unicode_buffer(algorithm)
    if not acquire(ctypes.addressof(admin), None, ctypes.addressof(kind), None, 0):
        return None
    try:
        digest = _digest(wintrust, admin, handle)
        return _signer_of_catalogue(wintrust, admin, path, handle, digest) if digest else None
    finally:
        _function(wintrust, "CryptCATAdminReleaseContext", ctypes.c_int32, ctypes.c_void_p, ctypes.c_uint32)(admin, 0)


def _digest(wintrust: Any, admin: ctypes.c_void_p, handle: int) -> bytes:
    calculate = _function(
        wintrust, "CryptCATAdminCalcHashFromFileHandle2", ctypes.c_int32,
        *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32),
    )  # fmt: skip
    buffer = (ctypes.c_uint8 * 64)()
    size = ctypes.c_uint32(64)
    if not calculate(admin, handle, ctypes.addressof(size), ctypes.addressof(buffer), 0):
        return b""
    return bytes(buffer)[: min(size.value, 64)]


def _signer_of_catalogue(wintrust: Any, admin: ctypes.c_void_p, path: str, handle: int, digest: bytes) -> str | None:
    enumerate_ = _function(
        wintrust, "CryptCATAdminEnumCatalogFromHash", ctypes.c_void_p,
        *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p),
    )  # fmt: skip
    told = _function(
        wintrust, "CryptCATCatalogInfoFromContext", ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32
    )
    release = _function(
        wintrust, "CryptCATAdminReleaseCatalogContext", ctypes.c_int32,
        *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32),
    )  # fmt: skip
    bytes_ = (ctypes.c_uint8 * len(digest)).from_buffer_copy(digest)
    context = enumerate_(admin, ctypes.addressof(bytes_), len(digest), 0, None)
    if not context:
        return None
    try:
        catalogue = CatalogueFile(cbStruct=ctypes.sizeof(CatalogueFile))
        if not told(context, ctypes.addressof(catalogue), 0):
            return None
        tag = ctypes.create_unicode_buffer(digest.hex().upper())
        member = ctypes.create_unicode_buffer(path)
        info = CatalogInfo(
            cbStruct=ctypes.sizeof(CatalogInfo),
            pcwszCatalogFilePath=ctypes.addressof(catalogue) + CatalogueFile.wszCatalogFile.offset,
            pcwszMemberTag=ctypes.addressof(tag),
            pcwszMemberFilePath=ctypes.addressof(member),
            hMemberFile=handle,
            pbCalculatedFileHash=ctypes.addressof(bytes_),
            cbCalculatedFileHash=len(digest),
            hCatAdmin=admin,
        )
        return _judged(*_verified(_CHOICE_CATALOG, info))
    finally:
        release(admin, context, 0)


def _function(library_: Any, name: str, result: Any, *arguments: Any) -> Any:
    """Returns a function of a library with its types; raises AttributeError when this Windows lacks it."""
    function = getattr(library_, name)
    function.argtypes = arguments
    function.restype = result
    return function
