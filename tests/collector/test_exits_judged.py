"""From reports' origins and people's sign-ins to findings: store, due loop, detectors together."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from farmwatch_collector.loop import DueLoop
from farmwatch_collector.origins import Origins, TrustedProxies
from farmwatch_collector.place.network_build import build
from farmwatch_collector.place.networks import Networks
from farmwatch_collector.sign_ins import SignInReader, Told, numbered
from farmwatch_collector.store import Store, open_store
from farmwatch_collector.store.protocol import Device, Incoming
from farmwatch_detectors.policy import Claim, RosterEntry
from farmwatch_schema.codec import decode_report
from farmwatch_schema.identifiers import Keyer

from .laptops import Laptop

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
KEYER = Keyer(bytes(32), "test")
CLAIM = Claim(place="Seattle, WA, US", latitude=47.6, longitude=-122.3, country="US")
ASN = "192.0.2.0,192.0.2.255,7922,Comcast\n198.51.100.0,198.51.100.255,9009,M247\n203.0.113.0,203.0.113.255,3320,DTAG\n"
COUNTRY = "192.0.2.0,192.0.2.255,US\n198.51.100.0,198.51.100.255,RO\n203.0.113.0,203.0.113.255,DE\n"


@pytest.fixture
def networks(tmp_path: Path) -> Networks:
    (tmp_path / "asn.csv").write_text(ASN)
    (tmp_path / "country.csv").write_text(COUNTRY)
    return Networks(build([str(tmp_path / "asn.csv")], [str(tmp_path / "country.csv")], "2026-06-17", ()))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/farmwatch.db")
    opened.add_token("t", "", 1, START + timedelta(days=1))
    opened.enrol("t", Device(device="a", name="a", platform="linux", public_key=b"k", enrolled_at=START))
    opened.set_roster({"a": RosterEntry(person="p-1", claim=CLAIM)})
    yield opened
    opened.close()


def lived(store: Store, networks: Networks, days: int, address: str, phone: str = "") -> dict[str, int]:
    """Reports each day from one address, signs in each day from another; returns levels of group N by detector."""
    origins = Origins(TrustedProxies(("127.0.0.1",)), networks, KEYER)
    reader, laptop = SignInReader(networks, KEYER), Laptop("a")
    scope = {"client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", address.encode())]}
    for number in range(days):
        at = START + timedelta(days=number)
        data = laptop.report()
        store.commit([Incoming(decode_report(data), hashlib.sha256(data).hexdigest(), at, origins.of(scope))])
        if phone:
            told = Told(person="p-1", at=at.isoformat(), address=phone)
            store.add_sign_ins(reader.take(numbered([told]), "x", at).found)
    now = START + timedelta(days=days - 1, hours=1)
    loop = DueLoop(store, KEYER, clock=lambda: now)
    loop.prepare()
    assert loop.once() == 1
    row = store.device("a")
    assert row is not None
    assert row.assessment is not None
    return {each.detector: each.level for each in row.assessment.findings if each.group == "N"}


def test_a_laptop_behind_a_vpn_for_a_week_reaches_level_two(store: Store, networks: Networks) -> None:
    assert lived(store, networks, 7, "198.51.100.7") == {"egress_class": 2}


def test_a_person_who_always_signs_in_from_a_home_abroad_reaches_level_two(store: Store, networks: Networks) -> None:
    assert lived(store, networks, 16, "192.0.2.1", "203.0.113.5") == {"never_converges": 2}


def test_an_honest_person_at_home_has_no_finding(store: Store, networks: Networks) -> None:
    assert lived(store, networks, 16, "192.0.2.1", "192.0.2.1") == {}


def test_without_network_data_nothing_is_stated(store: Store) -> None:
    assert lived(store, Networks(None), 16, "198.51.100.7", "203.0.113.5") == {}
