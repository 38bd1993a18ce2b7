"""Addresses of names, through this machine's own resolver."""

import socket
import threading

import pytest

from farmwatch_agent.host import Missing, SourceBroken, resolving
from farmwatch_agent.host.resolving import NameAddress


def test_an_address_is_its_own() -> None:
    assert NameAddress.live("192.0.2.7") == [NameAddress(family="ipv4", address="192.0.2.7")]
    assert NameAddress.live("2001:db8::7") == [NameAddress(family="ipv6", address="2001:db8::7")]


def test_each_address_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        (socket.AF_INET6, 1, 6, "", ("fe80::1%eth0", 0, 0, 2)),
        (socket.AF_INET, 1, 6, "", ("192.0.2.7", 0)),
        (socket.AF_INET, 2, 17, "", ("192.0.2.7", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    assert NameAddress.live("landmark.example.com") == [
        NameAddress(family="ipv6", address="fe80::1"),
        NameAddress(family="ipv4", address="192.0.2.7"),
    ]


def test_a_name_without_an_address_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(Missing, match="no address"):
        NameAddress.live("landmark.example.com")


def test_a_resolver_that_hangs_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def hangs(*_: object, **__: object) -> list[object]:
        ended.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    monkeypatch.setattr(resolving, "RESOLVE_SECONDS", 0.05)
    with pytest.raises(SourceBroken, match="did not answer"):
        NameAddress.live("landmark.example.com")
    ended.set()
