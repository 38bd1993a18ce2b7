"""A laptop for tests: makes reports, signs and sends them, as docs/report.md describes, without the agent's code."""

import gzip
import hashlib
import http.client
import json
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from nacl.signing import SigningKey

from farmwatch_schema.codec import decode_response
from farmwatch_schema.report import MEDIA_TYPE, Response
from farmwatch_schema.signature import sign

USB = '{"type":"usb_device","vendor_id":"046d","product_id":"c52b","product":"USB Receiver","port_path":"1-4"}'


def utc(at: float) -> str:
    """Returns seconds since 1970 as the contract writes times."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def section(kind: str, items: str | None = None, outcome: str = "found", at: float | None = None) -> dict[str, Any]:
    """Returns a state's section with its content; `items` is a JSON array."""
    found: dict[str, Any] = {"kind": kind, "outcome": outcome, "observed_at": utc(at or time.time())}
    if items is not None:
        found["digest"] = hashlib.sha256(items.encode()).hexdigest()
        found["items"] = msgspec.Raw(items.encode())
    return found


def named(kind: str, items: str, at: float | None = None) -> dict[str, Any]:
    """Returns a state's section that names its content by digest only."""
    found = section(kind, items, at=at)
    del found["items"]
    return found


class Laptop:
    """A device with a key; after `enrol`, with an identity."""

    def __init__(self, device: str = "") -> None:
        self.private_key = secrets.token_bytes(32)
        self.public_key = bytes(SigningKey(self.private_key).verify_key)
        self.device = device
        self.epoch = secrets.token_hex(16)
        self.sequence = 0
        self.previous = ""

    def report(self, *sections: dict[str, Any], **changes: Any) -> bytes:
        """Returns the next report's bytes; `changes` overwrite fields."""
        self.sequence += 1
        body = {
            "device": self.device,
            "epoch": self.epoch,
            "sequence": self.sequence,
            "boot": "0123456789abcdef",
            "created_at": utc(time.time()),
            "uptime_seconds": 60,
            "previous": self.previous,
            "agent": {"version": "0.1.0", "platform": "linux"},
            "sections": sections or [section("usb", f"[{USB}]")],
            **changes,
        }
        data = msgspec.json.encode(body)
        self.previous = hashlib.sha256(data).hexdigest()
        return data

    def signed(
        self, body: bytes, at: float | None = None, path: str = "/v1/reports", device: str | None = None
    ) -> dict[str, str]:
        """Returns the headers for a packed body."""
        created = int(time.time() if at is None else at)
        headers = sign("POST", path, self.device if device is None else device, body, self.private_key, created)
        return {**headers, "content-type": MEDIA_TYPE}

    def enrol(self, port: int, token: str) -> None:
        """Takes an identity from a served collector."""
        wanted = {"token": token, "public_key": self.public_key.hex(), "platform": "linux", "name": "laptop.example"}
        status, answer = post(port, "/v1/enrol", json.dumps(wanted).encode(), {"content-type": "application/json"})
        assert status == 200, answer
        self.device = json.loads(answer)["device"]

    def send(self, port: int, *reports: bytes) -> tuple[int, Response]:
        """Sends reports and returns HTTP status and answer."""
        body = pack(reports)
        status, answer = post(port, "/v1/reports", body, self.signed(body))
        return status, decode_response(answer)


def pack(reports: Sequence[bytes]) -> bytes:
    """Returns a request's body."""
    return gzip.compress(b'{"reports":[' + b",".join(reports) + b"]}", 6)


def post(port: int, path: str, body: bytes, headers: dict[str, str], seconds: float = 20.0) -> tuple[int, bytes]:
    """Returns status and body of one POST to this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
