"""What lies between this laptop and the collector: proxy, who signed the certificate, the clock's offset."""

from collections.abc import Callable

import msgspec

from farmwatch_schema import codec
from farmwatch_schema.errors import CodecError

from .health import seconds_of
from .sender import PATH
from .transport import HttpTransport, TransportError, without_secret


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What one unsigned question found.

    proxy    through which it went, without its password; "" for none
    issuer   organisation or name of the certificate's issuer; "" without TLS. An inspecting proxy shows here
    offset   collector's time minus this laptop's, seconds; None when it told none
    problem  why there is no collector; "" when there is one
    kind     the TransportError's kind
    """

    proxy: str = ""
    issuer: str = ""
    offset: float | None = None
    problem: str = ""
    kind: str = ""


def look(url: str, proxy: str, ca_file: str, clock: Callable[[], float]) -> Contact:
    """Returns what answers under an address. Sends nothing about this laptop."""
    transport = HttpTransport(url, proxy, ca_file)
    used = without_secret(next((text for scheme, text in transport.proxies.items() if url.startswith(scheme)), ""))
    try:
        reply = transport.post(PATH, {"content-type": "text/plain"}, b"")
    except TransportError as error:
        return Contact(proxy=used, issuer=transport.issuer, problem=str(error), kind=error.kind)
    try:
        answer = codec.decode_response(reply.body)
    except CodecError:
        problem = f"{url} answers (HTTP {reply.status}), but not as a collector does"
        return Contact(proxy=used, issuer=transport.issuer, problem=problem, kind="not_a_collector")
    server = seconds_of(answer.server_time)
    return Contact(proxy=used, issuer=transport.issuer, offset=None if server is None else server - clock())
