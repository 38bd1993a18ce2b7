"""The signed echo of a company's own landmark: a nonce goes out, the same nonce comes back under a signature.

Question, 64 bytes: magic, 16 bytes of nonce, zeros. Answer, at most 128 bytes: magic, the nonce, the landmark's time,
the TTL with which the question arrived, Ed25519 over all before it. The answer is sent before anything else is done,
so what is timed is the way there and back. A question is never shorter than 64 bytes and an answer never longer than
twice that, so the landmark is of no use for flooding others. UDP and TCP carry the same bytes.
"""

import struct

import msgspec
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

QUESTION, ANSWER = b"fwq1", b"fwa1"
NONCE_BYTES = 16
QUESTION_BYTES = 64
_BODY = struct.Struct("!4s16sQB3x")
ANSWER_BYTES = _BODY.size + 64


class Echo(msgspec.Struct, frozen=True, kw_only=True):
    """A landmark's signed word.

    at_micros  its clock, microseconds since 1970 in UTC
    ttl        hops left in the question when it arrived; None when it could not be seen
    """

    at_micros: int
    ttl: int | None


def question(nonce: bytes) -> bytes:
    """Returns the question that carries 16 bytes of nonce."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes, this one has {len(nonce)}")
    return (QUESTION + nonce).ljust(QUESTION_BYTES, b"\0")


def nonce_of(data: bytes) -> bytes | None:
    """Returns the nonce of a question; None for anything else, which a landmark leaves unanswered."""
    if len(data) != QUESTION_BYTES or data[:4] != QUESTION:
        return None
    return data[4 : 4 + NONCE_BYTES]


def answer(nonce: bytes, key: SigningKey, at_micros: int, ttl: int | None) -> bytes:
    """Returns the signed answer to a nonce."""
    body = _BODY.pack(ANSWER, nonce, at_micros, ttl or 0)
    return body + key.sign(body).signature


def echo_of(data: bytes, nonce: bytes, public_key: bytes) -> Echo | None:
    """Returns what the holder of `public_key` (32 bytes) answered to this nonce; None for anything else."""
    if len(data) != ANSWER_BYTES:
        return None
    magic, echoed, at_micros, ttl = _BODY.unpack_from(data)
    if magic != ANSWER or echoed != nonce:
        return None
    try:
        VerifyKey(public_key).verify(data[: _BODY.size], data[_BODY.size :])
    except (BadSignatureError, ValueError):
        return None
    return Echo(at_micros=at_micros, ttl=ttl or None)
