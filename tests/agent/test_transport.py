"""TLS as it can go wrong: unknown authority, wrong name, expired; and as it goes right with the company's own."""

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from farmwatch_agent.options import readable
from farmwatch_agent.transport import HttpTransport, TransportError

from .collector_double import Collector, handler_of

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


class Authority:
    """A company's own authority, as an inspecting proxy uses one."""

    def __init__(self, folder: Path, name: str = "Example Inspection") -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])
        self.certificate = (
            self._builder(self.name, self.key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, ends: datetime.datetime = NOW + DAY
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder(subject_name=subject, issuer_name=self.name, public_key=key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(NOW - 10 * DAY).not_valid_after(ends)

    def server(self, address: str = "127.0.0.1", ends: datetime.datetime = NOW + DAY) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "collector")])
        certificate = (
            self._builder(subject, key, ends)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        plain = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        file = self.folder / "server.pem"
        file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(file))
        return context


@contextmanager
def tls_server(context: ssl.SSLContext) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(Collector(react=lambda *_: (200, b"{}"))))
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def post(url: str, ca_file: str) -> HttpTransport:
    transport = HttpTransport(url, ca_file=ca_file)
    assert transport.post("/v1/reports", {}, b"").status == 200
    return transport


def test_the_companys_own_authority_is_trusted_and_named(authority: Authority) -> None:
    with tls_server(authority.server()) as url:
        assert post(url, str(authority.file)).issuer == "Example Inspection"


@pytest.mark.parametrize("fault", ["unknown authority", "another authority", "wrong name", "expired"])
def test_a_certificate_that_does_not_hold_is_refused_with_the_remedy(
    authority: Authority, fault: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    context = authority.server(
        address="192.0.2.1" if fault == "wrong name" else "127.0.0.1",
        ends=NOW - DAY if fault == "expired" else NOW + DAY,
    )
    trusted = "" if fault == "unknown authority" else str(authority.file)
    if fault == "another authority":
        trusted = str(Authority(tmp_path_factory.mktemp("other"), "Somebody Else").file)
    with tls_server(context) as url, pytest.raises(TransportError, match="not trusted here") as caught:
        post(url, trusted)
    assert caught.value.kind == "tls"
    assert "ca_file" in str(caught.value)


def test_what_stands_in_a_netrc_file_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from .collector_double import running

    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password something\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with running(Collector(react=lambda *_: (200, b"{}"))) as collector:
        HttpTransport(collector.url).post("/v1/reports", {}, b"")
    assert "authorization" not in collector.seen[0].headers


def test_the_systems_proxy_is_used_and_the_settings_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    url = "https://farmwatch.example.com"
    assert HttpTransport(url).proxies["https"] == "http://proxy.example.com:3128"
    assert HttpTransport(url, proxy="http://192.0.2.7:8080").proxies == {"https": "http://192.0.2.7:8080"}


def test_a_proxy_that_does_not_answer_is_named_without_its_password() -> None:
    transport = HttpTransport("https://farmwatch.example.com", proxy="http://somebody:something@127.0.0.1:9")
    with pytest.raises(TransportError) as caught:
        transport.post("/v1/reports", {}, b"")
    assert caught.value.kind == "proxy"
    assert str(caught.value).startswith(
        "the proxy 127.0.0.1:9 does not let us through to https://farmwatch.example.com"
    )
    assert "refused" in str(caught.value)
    assert "something" not in str(caught.value)
    assert "Check the setting proxy" in str(caught.value)


def test_a_redirect_with_a_password_or_control_characters_is_told_without_them() -> None:
    from .collector_double import running

    place = "http://somebody:something@portal.example.com/x"
    double = Collector(react=lambda *_: (302, b""), headers={"location": place})
    with running(double) as collector, pytest.raises(TransportError) as caught:
        HttpTransport(collector.url).post("/v1/reports", {}, b"")
    assert "redirects to portal.example.com," in str(caught.value)


def test_what_comes_from_the_network_cannot_steer_a_terminal() -> None:
    assert readable("\x1b[31mred\x07" + "x" * 999) == "?[31mred?" + "x" * 291


def test_seconds_of_a_retry_after_header_come_with_the_answer() -> None:
    from .collector_double import running

    for text, seconds in (("120", 120), ("soon", 0), ("-5", 0), ("9" * 30, 0), ("Fri, 31 Dec 2027 23:59:59 GMT", 0)):
        with running(Collector(react=lambda *_: (503, b"busy"), headers={"retry-after": text})) as collector:
            assert HttpTransport(collector.url).post("/v1/reports", {}, b"").retry_after_seconds == seconds
