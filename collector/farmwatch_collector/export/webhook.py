"""One signed POST per new case, in the form of Standard Webhooks 1.0 (standardwebhooks.com), whose libraries verify it.

`webhook-signature` is HMAC-SHA256 over id, time and body with a secret that only the receiver knows too. The id stays
the same at every attempt. Certificates are verified as the system does, redirects are not followed.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import os
import ssl
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
import truststore
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from farmwatch_schema.errors import FarmwatchError

from .. import __version__
from .telling import DeliveryError, Telling

SCHEMA = "farmwatch-case-v1"
CONNECT_SECONDS = 10
READ_SECONDS = 20
LEAST_SECRET = 24
"""Octets, as the specification asks for."""
_MOST_SECRET_FILE = 4096


class WebhookError(FarmwatchError):
    """An address or secret that cannot be used; str() says which option to change, never the secret."""


def webhook_url(url: str) -> str:
    """Returns the address when notices may go there: https, or http on this machine. Raises WebhookError."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme == "https" and host:
        return url
    if parts.scheme == "http" and _own(host):
        return url
    # The address itself may be the secret, so it is not repeated.
    raise WebhookError("The webhook's address is no https:// address (http:// only for this machine itself).")


def _own(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def secret_from(path: str) -> bytes:
    """Returns the key that a file holds: `whsec_` and base64, or at least 24 other octets. Raises WebhookError."""
    make = "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))' > FILE; chmod 600 FILE"
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_SECRET_FILE).strip()
            others = os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o007
    except OSError as error:
        raise WebhookError(f"--webhook-secret-file {path} cannot be read: {error.strerror}. {make}") from error
    if others:
        raise WebhookError(f"--webhook-secret-file {path} can be read by everybody here: chmod 600 {path}")
    if data.startswith(b"whsec_"):
        try:
            data = base64.b64decode(data.removeprefix(b"whsec_"), validate=True)
        except binascii.Error as error:
            raise WebhookError(f"--webhook-secret-file {path}: what follows whsec_ is no base64. {make}") from error
    if len(data) < LEAST_SECRET:
        raise WebhookError(f"--webhook-secret-file {path} holds less than {LEAST_SECRET} octets. {make}")
    return data


def signature(secret: bytes, name: str, seconds: int, body: bytes) -> str:
    """Returns the value of `webhook-signature`."""
    signed = f"{name}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def payload(telling: Telling) -> bytes:
    """Returns the body: what is needed to find the case, and no name of a person or a laptop."""
    body = telling.body
    about = {"farm": body.farm, "members": body.members} if body.farm else {"device": body.device}
    data = {
        "case": body.case,
        **about,
        "level": body.level,
        "points": body.points,
        "groups": body.groups,
        "sentence": body.sentence,
        "link": telling.link,
    }
    document = {
        "schema": SCHEMA,
        "id": telling.name,
        "type": body.event.replace("_", ".", 1),
        "timestamp": body.at,
        "data": data,
    }
    return msgspec.json.encode(document)


class _SystemTrust(HTTPAdapter):
    """Verifies certificates as the operating system does, plus the company's own file of authorities."""

    def __init__(self, ca_file: str) -> None:
        self.context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if ca_file:
            self.context.load_verify_locations(cafile=ca_file)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self.context, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self.context, **options)


class WebhookChannel:
    """Posts to one address.

    secret   key of the signature
    ca_file  PEM file of more authorities, or ""
    """

    def __init__(self, url: str, secret: bytes, ca_file: str = "") -> None:
        self._url = webhook_url(url)
        self._host = urlsplit(url).hostname or ""
        self._secret = secret
        try:
            trust = _SystemTrust(ca_file)
        except OSError as error:
            raise WebhookError(f"--webhook-ca {ca_file} cannot be taken: {error.strerror or error}.") from error
        self._session = requests.Session()
        # Off, because it would also send what stands in a ~/.netrc; the proxies are read by themselves.
        self._session.trust_env = False
        self._session.mount("https://", trust)

    def deliver(self, telling: Telling) -> None:
        body = payload(telling)
        seconds = int(telling.at.timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": f"farmwatch/{__version__}",
            "webhook-id": telling.name,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(self._secret, telling.name, seconds, body),
        }
        try:
            with self._session.post(
                self._url,
                data=body,
                headers=headers,
                proxies=get_environ_proxies(self._url),
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,  # the answer's body says nothing to us and is not read
            ) as answer:
                status = answer.status_code
        except requests.exceptions.RequestException as error:
            # Its text may hold the address, and with it a secret: only the kind of failure is told.
            raise DeliveryError(f"{self._host} could not be reached ({type(error).__name__}).") from error
        if not 200 <= status < 300:
            moved = " A redirect is not followed: set the right address." if 300 <= status < 400 else ""
            raise DeliveryError(f"{self._host} answered {status}.{moved}")
