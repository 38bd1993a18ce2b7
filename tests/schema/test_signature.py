"""The signature against an independent implementation of RFC 9421, and against forgery."""

import datetime
from dataclasses import dataclass, field
from typing import Any

import pytest
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_schema.errors import SignatureError
from farmwatch_schema.signature import public_key_of, sign, verify

SEED = bytes(range(32))
OTHER_SEED = bytes(range(1, 33))
DEVICE = "d-0123456789abcdef"
PATH = "/v1/reports"
BODY = b"packed reports"
NOW = 1_790_000_000


def test_the_public_key_is_the_one_of_rfc_8032() -> None:
    # RFC 8032 section 7.1, test 1.
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    assert public_key_of(seed).hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


class Keys(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id: str) -> bytes:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(SEED).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def resolve_public_key(self, key_id: str) -> bytes:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return (
            Ed25519PrivateKey.from_private_bytes(SEED)
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )


@dataclass
class Message:
    method: str = "POST"
    url: str = "https://collector.example.com/v1/reports"
    headers: dict[str, Any] = field(default_factory=dict)


def signed(**changes: Any) -> dict[str, str]:
    arguments: dict[str, Any] = {
        "method": "POST", "path": PATH, "device": DEVICE, "body": BODY, "private_key": SEED, "created": NOW,
    }  # fmt: skip
    return sign(**{**arguments, **changes})


def test_an_independent_implementation_verifies_what_we_sign() -> None:
    import time

    message = Message(headers=signed(created=int(time.time())))
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Keys())
    results = verifier.verify(message, max_age=datetime.timedelta(minutes=10))
    assert len(results) == 1
    assert results[0].label == "farmwatch"
    assert set(results[0].covered_components) == {
        '"@method"', '"@path"', '"content-digest"', '"farmwatch-device"', '"@signature-params"',
    }  # fmt: skip


def test_we_verify_what_an_independent_implementation_signs() -> None:
    message = Message(headers={"farmwatch-device": DEVICE})
    HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=Keys()).sign(
        message,
        key_id=DEVICE,
        label="farmwatch",
        body=BODY,
        covered_component_ids=("@method", "@path", "content-digest", "farmwatch-device"),
        created=datetime.datetime.fromtimestamp(NOW, datetime.UTC),
    )
    headers = {name.lower(): value for name, value in message.headers.items()}
    verify("POST", PATH, headers, BODY, public_key_of(SEED), NOW)


def refused(headers: dict[str, str], method: str = "POST", path: str = PATH, body: bytes = BODY, now: float = NOW,
            public_key: bytes | None = None) -> str:  # fmt: skip
    with pytest.raises(SignatureError) as caught:
        verify(method, path, headers, body, public_key or public_key_of(SEED), now)
    return caught.value.status


def test_another_body_path_method_device_or_key_is_refused() -> None:
    assert refused(signed(), body=b"other") == "bad_signature"
    assert refused(signed(), path="/v1/enrol") == "bad_signature"
    assert refused(signed(), method="PUT") == "bad_signature"
    assert refused({**signed(), "farmwatch-device": "d-ffff"}) == "bad_signature"
    assert refused(signed(), public_key=public_key_of(OTHER_SEED)) == "bad_signature"
    assert refused(signed(), public_key=b"short") == "bad_signature"


def test_a_signature_that_names_another_key_or_algorithm_is_refused() -> None:
    headers = signed()
    for old, new in ((DEVICE, "d-other"), ("ed25519", "hmac-sha256"), ("@method", "@authority"), (";alg", ";tag")):
        assert refused({**headers, "signature-input": headers["signature-input"].replace(old, new)}) == "bad_signature"


def test_the_clock_may_be_ten_minutes_off_and_not_more() -> None:
    verify("POST", PATH, signed(), BODY, public_key_of(SEED), NOW + 600)
    verify("POST", PATH, signed(), BODY, public_key_of(SEED), NOW - 600)
    assert refused(signed(), now=NOW + 601) == "clock_skew"
    assert refused(signed(), now=NOW - 86_400) == "clock_skew"


def test_a_forged_request_never_learns_that_the_clock_is_off() -> None:
    assert refused(signed(private_key=OTHER_SEED), now=NOW + 86_400) == "bad_signature"


def test_a_missing_header_is_named() -> None:
    for name in ("content-digest", "signature-input", "signature"):
        headers = signed()
        del headers[name]
        with pytest.raises(SignatureError, match=name):
            verify("POST", PATH, headers, BODY, public_key_of(SEED), NOW)


@given(name=st.sampled_from(sorted(signed())), text=st.text(max_size=200))
def test_hostile_headers_raise_nothing_but_signature_errors(name: str, text: str) -> None:
    headers = signed()
    if text != headers[name]:
        assert refused({**headers, name: text}) == "bad_signature"


@given(position=st.integers(0, 10_000), char=st.characters(max_codepoint=126, min_codepoint=32))
def test_a_changed_character_is_refused(position: int, char: str) -> None:
    headers = signed()
    name = sorted(headers)[position % 4]
    text = headers[name]
    place = position % len(text)
    changed = text[:place] + char + text[place + 1 :]
    if changed != text:
        headers[name] = changed
        # Base64's last character has spare bits, which may differ without a difference in bytes.
        if not (name == "signature" and place == len(text) - len("A==:")):
            assert refused(headers) == "bad_signature"
