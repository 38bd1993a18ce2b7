"""Origins and sign-ins at a collector that listens, as agents, proxies and identity providers meet it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from farmwatch_collector.app import create_app
from farmwatch_collector.ingest import company_key, token_digest
from farmwatch_collector.serving import Serving
from farmwatch_collector.settings import Settings
from farmwatch_collector.sign_in_hook import digest_of
from farmwatch_collector.store import Store, open_store
from farmwatch_schema.identifiers import Keyer

from .laptops import Laptop, pack, post

CLIENT, LIE = "192.0.2.7", "203.0.113.66"


class Behind:
    """A collector, with or without trust in the proxy on this machine."""

    def __init__(self, folder: Path, *trusted: str) -> None:
        self.store: Store = open_store(f"sqlite:///{folder}/farmwatch.db")
        self.store.add_token(token_digest("t"), "", 9, datetime.now(UTC) + timedelta(days=1))
        settings = Settings(port=0, judging=False, trusted_proxies=trusted)
        self.serving = Serving(create_app(settings, self.store), settings)
        self.serving.start()
        self.laptop = Laptop()
        self.laptop.enrol(self.serving.port, "t")

    def came(self, **headers: str) -> list[tuple[str, str]]:
        """Sends one report with some headers; returns class and digest of the addresses that are kept."""
        body = pack([self.laptop.report()])
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        status, _ = post(self.serving.port, "/v1/reports", body, {**self.laptop.signed(body), **more})
        assert status == 200
        found = self.store.egress(self.laptop.device, datetime.now(UTC))
        return [(each.kind, each.address.digest) for each in found]

    def keyed(self, address: str) -> str:
        return Keyer.from_key(company_key(self.store)).key("address", address).digest

    def close(self) -> None:
        self.serving.stop()
        self.store.close()


@pytest.fixture
def trusting(tmp_path: Path) -> Iterator[Behind]:
    behind = Behind(tmp_path, "127.0.0.1")
    yield behind
    behind.close()


@pytest.mark.integration
def test_a_spoofed_header_changes_nothing_and_the_proxys_own_word_counts(trusting: Behind) -> None:
    assert trusting.came(x_forwarded_for=f"{LIE}, {CLIENT}") == [("", trusting.keyed(CLIENT))]


@pytest.mark.integration
def test_without_a_trusted_proxy_the_peer_counts_and_no_address_is_on_disk(tmp_path: Path) -> None:
    behind = Behind(tmp_path)
    assert behind.came(x_forwarded_for=CLIENT) == [("private", behind.keyed("127.0.0.1"))]
    behind.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert CLIENT.encode() not in everything
    assert b"127.0.0.1" not in everything


@pytest.mark.integration
def test_an_identity_provider_posts_sign_ins(trusting: Behind) -> None:
    trusting.store.set_sign_in_token(digest_of("of the tests"))
    at = datetime.now(UTC).isoformat()
    body = json.dumps([{"person": "p-1", "at": at, "address": CLIENT}]).encode()
    status, answer = post(trusting.serving.port, "/v1/sign-ins", body, {"authorization": "Bearer of the tests"})
    assert (status, json.loads(answer)) == (200, {"ok": True, "added": 1})
    (one,) = trusting.store.sign_ins("p-1", datetime.now(UTC) - timedelta(hours=1))
    assert one.address is not None
    assert one.address.digest == trusting.keyed(CLIENT)
    status, _ = post(trusting.serving.port, "/v1/sign-ins", body, {"authorization": "Bearer of another"})
    assert status == 401
