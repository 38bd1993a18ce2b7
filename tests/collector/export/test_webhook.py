"""The webhook, sent to a real HTTP server: what travels, what signs it, and what is not taken."""

import json
from pathlib import Path

import pytest

from farmwatch_collector.export.telling import DeliveryError
from farmwatch_collector.export.webhook import WebhookChannel, WebhookError, secret_from, signature, webhook_url

from .receivers import AT, certificate_for, hook, telling

SECRET = b"a secret of thirty-two octets !!"


def test_the_signature_is_that_of_the_standards_own_vector() -> None:
    # standard-webhooks/standard-webhooks, the vector that its libraries' tests share; the key is base64 in the secret.
    import base64

    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_travels_is_signed_and_names_no_person_and_no_laptop() -> None:
    with hook() as receiver:
        WebhookChannel(receiver.url, SECRET).deliver(telling())
    (body,), (headers,) = receiver.bodies, receiver.headers
    assert json.loads(body) == {
        "schema": "farmwatch-case-v1",
        "id": "fw-1",
        "type": "case.opened",
        "timestamp": "2026-11-02T09:00:00Z",
        "data": {
            "case": 12,
            "device": "d-1",
            "level": "review",
            "points": 60,
            "groups": ["H", "R"],
            "sentence": "Review, about 1 in 5: a PiKVM is plugged in (hardware control).",
            "link": "https://farmwatch.example/cases/12",
        },
    }
    assert headers["content-type"] == "application/json"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("fw-1", str(int(AT.timestamp())))
    assert headers["webhook-signature"] == signature(SECRET, "fw-1", int(AT.timestamp()), body)


def test_of_a_farms_case_travels_its_number_with_its_laptops_and_no_device() -> None:
    with hook() as receiver:
        farm = telling(device="", farm=3, members=("d-1", "d-2"), groups=())
        WebhookChannel(receiver.url, SECRET).deliver(farm)
    data = json.loads(receiver.bodies[0])["data"]
    assert (data["farm"], data["members"], data["groups"]) == (3, ["d-1", "d-2"], [])
    assert "device" not in data


@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
def test_only_a_success_counts_as_taken(status: int) -> None:
    with hook() as receiver:
        receiver.answers = [status]
        with pytest.raises(DeliveryError, match=f"answered {status}"):
            WebhookChannel(receiver.url, SECRET).deliver(telling())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with hook() as elsewhere, hook() as receiver:
        receiver.answers, receiver.location = [status], elsewhere.url
        with pytest.raises(DeliveryError, match="not followed"):
            WebhookChannel(receiver.url, SECRET).deliver(telling())
    assert elsewhere.bodies == []


def test_an_unverified_certificate_gets_nothing_and_a_known_authoritys_gets_it(tmp_path: Path) -> None:
    certificate = certificate_for(tmp_path)
    with hook(certificate) as receiver:
        with pytest.raises(DeliveryError, match="SSLError"):
            WebhookChannel(receiver.url, SECRET).deliver(telling())
        assert receiver.bodies == []
        WebhookChannel(receiver.url, SECRET, str(certificate)).deliver(telling())
    assert len(receiver.bodies) == 1


def test_a_certificate_for_another_host_gets_nothing(tmp_path: Path) -> None:
    certificate = certificate_for(tmp_path, "192.0.2.1")
    with hook(certificate) as receiver, pytest.raises(DeliveryError, match="SSLError"):
        WebhookChannel(receiver.url, SECRET, str(certificate)).deliver(telling())
    assert receiver.bodies == []


def test_an_error_does_not_repeat_an_address_that_may_be_secret() -> None:
    with pytest.raises(DeliveryError) as caught:
        WebhookChannel("http://127.0.0.1:9/services/T000/SECRET", SECRET).deliver(telling())
    assert "SECRET" not in str(caught.value)
    with pytest.raises(WebhookError) as refused:
        webhook_url("http://hooks.example.com/SECRET")
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://hooks.example.com/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "https://", "x", "http://[::1", ""]
)
def test_notices_go_over_https_or_stay_on_this_machine(url: str) -> None:
    with pytest.raises(WebhookError, match="https"):
        webhook_url(url)


def test_https_and_this_machine_are_addresses() -> None:
    for url in ("https://hooks.example.com/x", "http://127.0.0.1:8000/x", "http://[::1]:8000/x", "http://localhost/x"):
        assert webhook_url(url) == url


def test_a_secret_comes_from_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    file.chmod(0o600)
    assert len(secret_from(str(file))) == 24
    file.write_bytes(SECRET + b"\n")
    assert secret_from(str(file)) == SECRET
    file.chmod(0o644)
    with pytest.raises(WebhookError, match="chmod 600"):
        secret_from(str(file))
    file.chmod(0o600)
    for wrong in ("short", "whsec_!!!", "whsec_c2hvcnQ="):
        file.write_text(wrong)
        with pytest.raises(WebhookError) as caught:
            secret_from(str(file))
        assert wrong not in str(caught.value)
    with pytest.raises(WebhookError, match="cannot be read"):
        secret_from(str(tmp_path / "nowhere"))
