"""Signs and verifies a request: a profile of RFC 9421 with Ed25519, the body by RFC 9530's Content-Digest.

Covered are method, path, the body's digest and the device. Neither host nor scheme are, so that a proxy
which inspects TLS breaks nothing. The reader never loads this module, because PyNaCl costs it 7 MiB.
"""

import base64
import hashlib
import re
from collections.abc import Mapping

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from .errors import SignatureError

DEVICE_HEADER = "farmwatch-device"
WINDOW_SECONDS = 600

_COVERED = '("@method" "@path" "content-digest" "farmwatch-device")'
_INPUT = re.compile(r"(?:^|,)\s*farmwatch=(" + re.escape(_COVERED) + r'((?:;[a-z]+=(?:\d{1,15}|"[!#-\[\]-~]*")){3}))')
_PARAMETER = re.compile(r';([a-z]+)=(?:(\d+)|"([^"]*)")')
_SIGNATURE = re.compile(r"(?:^|,)\s*farmwatch=:([A-Za-z0-9+/]{86}==):")
_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):")


def sign(method: str, path: str, device: str, body: bytes, private_key: bytes, created: int) -> dict[str, str]:
    """Returns the four headers, names in lower case, that make a request trusted.

    path         the request's path without query, "/v1/reports"
    private_key  the 32 bytes of an Ed25519 seed
    created      seconds since 1970 in UTC, by the laptop's clock with its learnt offset
    """
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    params = f'{_COVERED};created={created};keyid="{device}";alg="ed25519"'
    signed = SigningKey(private_key).sign(_base(method, path, digest, device, params)).signature
    return {
        DEVICE_HEADER: device,
        "content-digest": digest,
        "signature-input": f"farmwatch={params}",
        "signature": f"farmwatch=:{base64.b64encode(signed).decode()}:",
    }


def verify(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    public_key: bytes,
    now: float,
    window_seconds: int = WINDOW_SECONDS,
) -> None:
    """Returns when the request is what the holder of `public_key` (32 bytes) signed within the window.

    headers  by lower-case name

    Raises SignatureError with status `bad_signature`, or `clock_skew` when all holds but the time.
    """
    device, digest = headers.get(DEVICE_HEADER, ""), headers.get("content-digest", "")
    found = _INPUT.search(headers.get("signature-input", ""))
    signature = _SIGNATURE.search(headers.get("signature", ""))
    claimed = _DIGEST.search(digest)
    if found is None or signature is None or claimed is None:
        missing = "signature-input" if found is None else "signature" if signature is None else "content-digest"
        raise SignatureError("bad_signature", f"Header {missing} is missing or not of the farmwatch profile.")
    parameters = {name: number or text for name, number, text in _PARAMETER.findall(found[2])}
    if parameters.keys() != {"created", "keyid", "alg"} or not parameters["created"].isdigit():
        raise SignatureError("bad_signature", "The signature's parameters are not created, keyid and alg.")
    if parameters["alg"] != "ed25519" or parameters["keyid"] != device:
        raise SignatureError("bad_signature", "The signature is not Ed25519 by the key of the device that it names.")
    if base64.b64decode(claimed[1]) != hashlib.sha256(body).digest():
        raise SignatureError("bad_signature", "The body is not the one that was signed: something changed it.")
    try:
        VerifyKey(public_key).verify(_base(method, path, digest, device, found[1]), base64.b64decode(signature[1]))
    except (BadSignatureError, ValueError) as error:
        raise SignatureError("bad_signature", "The signature does not belong to this request and device.") from error
    skew = int(parameters["created"]) - now
    if abs(skew) > window_seconds:
        raise SignatureError(
            "clock_skew", f"Signed {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the clock here."
        )


def public_key_of(private_key: bytes) -> bytes:
    """Returns the 32 public bytes of an Ed25519 seed."""
    return bytes(SigningKey(private_key).verify_key)


def _base(method: str, path: str, digest: str, device: str, params: str) -> bytes:
    text = (
        f'"@method": {method}\n"@path": {path}\n"content-digest": {digest}\n'
        f'"farmwatch-device": {device}\n"@signature-params": {params}'
    )
    return text.encode("utf-8", "replace")
