"""One HTTP exchange with the collector: the system's trust and proxy, no redirects, a bounded answer.

What comes back may be a captive portal's page; making sense of it is the caller's part.
"""

import ssl
import time
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
import requests
import truststore
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from farmwatch_schema.errors import FarmwatchError

from . import __version__
from .limits import Limit, LimitBroken, limited
from .options import readable

MAX_ANSWER_BYTES = 256 << 10
CONNECT_SECONDS = 10
READ_SECONDS = 30
#: Of the whole answer, so that a server which drips a byte a second holds nobody.
ANSWER_SECONDS = 60
#: Of one exchange from connecting to the last byte, headers included; where the system has timers.
EXCHANGE_SECONDS = 120
_PIECE = 16 << 10


class TransportError(FarmwatchError):
    """No usable answer. `kind` is `unreachable`, `tls`, `proxy`, `redirect`, `too_large` or `slow`."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: HTTP status, at most 256 KiB of body, and the seconds of a Retry-After header (0 for none)."""

    status: int
    body: bytes
    retry_after_seconds: int = 0


class Transport(Protocol):
    """Posts to the collector."""

    def post(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """Returns the answer; raises TransportError."""
        ...


class _Context(truststore.SSLContext):
    """The system's trust, with a memory: `issuer` is who issued the certificate verified last."""

    issuer = ""

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        socket = super().wrap_socket(*arguments, **options)
        # Taken here, because a connection that ends with its answer has no socket any more afterwards.
        certificate: dict[str, Any] = socket.getpeercert() or {}
        names = {name: value for part in certificate.get("issuer", ()) for name, value in part}
        self.issuer = str(names.get("organizationName") or names.get("commonName") or "")
        return socket


class _SystemTrust(HTTPAdapter):
    """Verifies certificates as the operating system does, plus the company's own file of authorities."""

    def __init__(self, ca_file: str) -> None:
        self.context = _Context(ssl.PROTOCOL_TLS_CLIENT)
        if ca_file:
            self.context.load_verify_locations(cafile=ca_file)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self.context, **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self.context, **options)


class HttpTransport:
    """Requests over the network to one collector.

    url      scheme, host and port
    proxy    the system's (environment, Windows settings, macOS settings) when ""
    ca_file  PEM file of more authorities, or ""
    """

    def __init__(self, url: str, proxy: str = "", ca_file: str = "") -> None:
        self.url = url.rstrip("/")
        self.proxies: dict[str, str] = {urlsplit(url).scheme: proxy} if proxy else get_environ_proxies(url)
        self._session = requests.Session()
        # Off, because it would also send what stands in a ~/.netrc; the proxies are read above.
        self._session.trust_env = False
        self._trust = _SystemTrust(ca_file)
        self._session.mount("https://", self._trust)

    @property
    def issuer(self) -> str:
        """Who issued the certificate seen last; "" before an exchange and without TLS. TLS inspection shows here."""
        return self._trust.context.issuer

    def post(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        try:
            with limited(Limit(wall_seconds=EXCHANGE_SECONDS, cpu_seconds=EXCHANGE_SECONDS)):
                return self._post(path, headers, body)
        except LimitBroken as error:
            raise TransportError("slow", f"{self.url} took over {EXCHANGE_SECONDS} s for its answer.") from error

    def _post(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        end = time.monotonic() + ANSWER_SECONDS
        headers = {"user-agent": f"farmwatch-agent/{__version__}", "accept-encoding": "identity", **headers}
        try:
            with self._session.post(
                self.url + path,
                data=body,
                headers=headers,
                proxies=self.proxies,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                if 300 <= response.status_code < 400:
                    place = readable(without_secret(urlsplit(response.headers.get("location", "")).netloc))
                    place = place or "another place"
                    raise TransportError(
                        "redirect",
                        f"{self.url} redirects to {place}, which is not followed. Open a browser to get past a"
                        " network's sign-in page, or set the collector's right address.",
                    )
                return Reply(
                    status=response.status_code,
                    body=self._body(response, end),
                    retry_after_seconds=_seconds(response.headers.get("retry-after", "")),
                )
        except requests.exceptions.ProxyError as error:
            named = ", ".join(shown for proxy in self.proxies.values() if (shown := without_secret(proxy)))
            raise TransportError(
                "proxy",
                f"the proxy {named} does not let us through to {self.url} ({_cause(error)}). Check the setting proxy"
                " or the system's, or ask who runs the proxy.",
            ) from error
        except requests.exceptions.SSLError as error:
            raise TransportError(
                "tls",
                f"{self.url}: its certificate is not trusted here ({_cause(error)}). If TLS is inspected on this"
                " network, give the inspecting authority to the system or name its file as ca_file.",
            ) from error
        except (requests.exceptions.RequestException, OSError, ValueError) as error:
            raise TransportError("unreachable", f"{self.url} cannot be reached ({_cause(error)}).") from error

    def _body(self, response: requests.Response, end: float) -> bytes:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 (beside its use)

        pieces: list[bytes] = []
        size = 0
        try:
            while piece := response.raw.read1(_PIECE):
                size += len(piece)
                if size > MAX_ANSWER_BYTES:
                    raise TransportError("too_large", f"{self.url} answered more than 256 KiB; nothing of it was used.")
                if time.monotonic() > end:
                    raise TransportError("slow", f"{self.url} took over {ANSWER_SECONDS} s for its answer.")
                pieces.append(piece)
        except HTTPError as error:
            raise TransportError("unreachable", f"{self.url} broke off its answer ({_cause(error)}).") from error
        return b"".join(pieces)


def _seconds(text: str) -> int:
    """Returns a Retry-After header's seconds (RFC 9110, section 10.2.3); 0 for a date or nonsense."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def without_secret(proxy: str) -> str:
    """Returns a proxy's address without the name and password that may stand in it."""
    return proxy.rpartition("@")[2]


def _cause(error: BaseException) -> str:
    """Returns the innermost reason in a few words, without the address that requests puts around it."""
    inner: BaseException = error
    for _ in range(8):
        nested = (getattr(inner, "reason", None), *inner.args, inner.__cause__)
        following = next((it for it in nested if isinstance(it, BaseException)), None)
        if following is None:
            break
        inner = following
    text = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return readable(" ".join(str(text).split()), 160)
