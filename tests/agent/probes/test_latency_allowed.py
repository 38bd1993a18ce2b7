"""What may be measured: a collector that was taken over does not get at a home network."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_agent.probes.latency.allowed import AllowList, address_of, is_entry, is_global
from farmwatch_schema.plan import Target

#: Public addresses of the root name servers (root-servers.org), and what no network operator gives to a machine.
PUBLIC = ["198.41.0.4", "199.9.14.201", "2001:503:ba3e::2:30", "2001:500:200::b", "64:ff9b::c629:4"]
NOT_PUBLIC = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
    *("::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::7", "2002:c0a8:101::1", "3fff::1"),
    *("2001::1", "2001:10::1", "::ffff:192.168.1.1", "::ffff:198.41.0.4", "64:ff9b::c0a8:101", "64:ff9b::7f00:1"),
    *("64:ff9b:1::1", "100::1", "5f00::1", "4000::1", "fec0::1"),
]


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_may_be_measured(text: str) -> None:
    assert is_global(ipaddress.ip_address(text))
    assert AllowList().allows_address("landmark.example.com", text)


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_no_other_address_may_without_being_named(text: str) -> None:
    assert not is_global(ipaddress.ip_address(text))
    assert not AllowList().allows_address("landmark.example.com", text)
    assert not AllowList(["*.example.com"]).allows_address("landmark.example.com", text), "a name opens no home network"
    if ipaddress.ip_address(text).version == 4:
        assert AllowList([f"{text}/32"]).allows_address("landmark.example.com", text)


@given(st.ip_addresses())
def test_what_python_calls_no_global_address_is_none_here(address: ipaddress.IPv4Address) -> None:
    if is_global(address):
        mapped = int(address) & 0xFFFFFFFF if address in ipaddress.IPv6Network("64:ff9b::/96") else None
        known = ipaddress.IPv4Address(mapped) if mapped is not None else address
        assert known.is_global
        assert not known.is_multicast


def test_a_list_is_all_that_may_be_measured() -> None:
    allowed = AllowList(["*.example.com", "landmark.example.net", "10.9.0.0/16", "2001:db8:1::/48"])
    assert allowed.allows_address("oslo.example.com", "198.41.0.4")
    assert allowed.allows_address("OSLO.Example.COM.", "198.41.0.4")
    assert allowed.allows_address("landmark.example.net", "198.41.0.4")
    assert not allowed.allows_address("example.com", "198.41.0.4"), "all below it, and not it"
    assert not allowed.allows_address("notexample.com", "198.41.0.4")
    assert not allowed.allows_address("example.com.example.org", "198.41.0.4")
    assert not allowed.allows_address("other.example.net", "198.41.0.4")
    assert allowed.allows_address("anything.example.org", "10.9.8.7"), "its network is named"
    assert not allowed.allows_address("anything.example.org", "10.8.8.7")
    assert allowed.allows_address("anything.example.org", "2001:db8:1::7")
    assert not allowed.allows_address("oslo.example.com", "fe80::1%eth0")


def target(host: str, port: int = 443, method: str = "tcp") -> Target:
    return Target(landmark="a", host=host, port=port, method=method)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "may"),
    [
        (target("landmark.example.com"), True),
        (target("198.51.100.7"), True),
        (target("2001:db8::7"), True),
        (target("landmark.example.com", 80), False),
        (target("landmark.example.com", 22), False),
        (target("landmark.example.com", 8443), False),
        (target("landmark.example.com", 8443, "signed"), True),
        (target("landmark.example.com", 443, "signed"), True),
        (target("landmark.example.com", 53, "signed"), False),
        (target("landmark.example.com", 1024, "signed"), False),
        (target(""), False),
        (target("a b"), False),
        (target("landmark.example.com/x"), False),
        (target("-x"), False),
        (target("fe80::1%eth0"), False),
        (target("x" * 300), False),
    ],
)
def test_a_target_has_a_name_and_one_of_two_kinds_of_port(asked: Target, may: bool) -> None:
    assert AllowList().allows_target(asked) == may


def test_a_name_beside_the_list_is_not_even_resolved() -> None:
    assert not AllowList(["*.example.com"]).allows_target(target("landmark.example.org"))
    assert AllowList(["*.example.com"]).allows_target(target("landmark.example.com"))
    # Where networks are named, the address decides, and for that it must be known.
    assert AllowList(["*.example.com", "10.0.0.0/8"]).allows_target(target("landmark.example.org"))


@pytest.mark.parametrize(
    ("entry", "right"),
    [("*.example.com", True), ("landmark.example.com", True), ("198.51.100.0/24", True), ("10.0.0.7", True),
     ("2001:db8::/32", True), ("", False), ("*", False), ("*.*.example.com", False), ("a.*.example.com", False),
     ("198.51.100.0/33", False), ("198.51.100.7/24", False), ("1.2.3.4.5", False), ("https://example.com", False),
     ("example.com:443", False), ("a b", False)],
)  # fmt: skip
def test_an_entry_of_the_setting_is_a_name_or_a_network(entry: str, right: bool) -> None:
    assert is_entry(entry) == right


@given(st.text(max_size=60))
def test_no_text_breaks_the_list(text: str) -> None:
    address_of(text)
    if is_entry(text):
        allowed = AllowList([text])
        assert not allowed.allows_address("landmark.example.invalid", "not an address")
    AllowList().allows_target(target(text))
