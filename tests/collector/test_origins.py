from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch_collector.origins import (
    Origins,
    ProxyError,
    TrustedProxies,
    block_of,
    canonical,
    company_addresses,
    forwarded_hops,
    origin_of,
    parsed,
)
from farmwatch_collector.place.networks import Networks
from farmwatch_detectors.policy import Place
from farmwatch_schema.identifiers import Keyer

PROXY, INNER, CLIENT, LIE = "10.0.0.1", "10.0.0.2", "192.0.2.7", "203.0.113.66"
KEYER = Keyer(bytes(32), "test")


def came(peer: str, *trusted: str, header: Any = "x-forwarded-for", **headers: str) -> str | None:
    proxies = TrustedProxies(trusted, header)
    pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    address = proxies.client(peer, proxies.told(peer, pairs))
    return None if address is None else str(address)


def test_without_trusted_proxies_the_peer_counts_whatever_headers_say() -> None:
    assert came(CLIENT, x_forwarded_for=LIE, forwarded=f"for={LIE}") == CLIENT


def test_a_peer_that_is_no_trusted_proxy_is_not_believed() -> None:
    assert came(CLIENT, PROXY, x_forwarded_for=LIE) == CLIENT


def test_a_trusted_proxys_last_word_counts_and_what_a_client_put_before_it_does_not() -> None:
    assert came(PROXY, PROXY, x_forwarded_for=f"{LIE}, {CLIENT}") == CLIENT
    assert came(PROXY, PROXY, x_forwarded_for=f"{PROXY}, {LIE}, {CLIENT}") == CLIENT


def test_hops_of_trusted_proxies_are_walked_from_the_right() -> None:
    assert came(PROXY, "10.0.0.0/24", x_forwarded_for=f"{LIE}, {CLIENT}, {INNER}") == CLIENT
    # The inner one is not named: it is the last that somebody trustworthy saw.
    assert came(PROXY, PROXY, x_forwarded_for=f"{CLIENT}, {INNER}") == INNER


def test_several_lines_of_the_header_are_one_list() -> None:
    proxies = TrustedProxies((PROXY,))
    told = proxies.told(PROXY, [(b"x-forwarded-for", LIE.encode()), (b"x-forwarded-for", CLIENT.encode())])
    assert str(proxies.client(PROXY, told)) == CLIENT


def test_only_the_header_that_the_proxy_sets_is_read() -> None:
    assert came(PROXY, PROXY, forwarded=f"for={LIE}") == PROXY
    assert came(PROXY, PROXY, forwarded=f"for={LIE}", x_forwarded_for=CLIENT) == CLIENT
    assert came(PROXY, PROXY, header="forwarded", forwarded=f"for={CLIENT}", x_forwarded_for=LIE) == CLIENT


def test_a_hop_that_is_no_address_ends_the_walk_with_nothing() -> None:
    assert came(PROXY, PROXY, x_forwarded_for=f"{LIE}, unknown") is None
    assert came(PROXY, PROXY, header="forwarded", forwarded=f"for={LIE}, for=_hidden") is None
    assert came(PROXY, PROXY, header="forwarded", forwarded=f"for={LIE}, proto=https") is None


def test_a_chain_of_proxies_only_ends_at_its_first() -> None:
    assert came(PROXY, "10.0.0.0/24", x_forwarded_for=f"{INNER}") == INNER


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1:4711 ", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unix:/run/x", None),
        ("", None),
    ],
)
def test_a_hop_is_read_in_each_form_that_proxies_write(text: str, address: str | None) -> None:
    found = parsed(text)
    assert (None if found is None else str(found)) == address


def test_forwarded_is_read_as_rfc_7239_has_it() -> None:
    # Section 4 of RFC 7239 has these elements.
    line = 'for="_gazonk", For="[2001:db8:cafe::17]:4711", for=192.0.2.60;proto=http;by=203.0.113.43'
    assert forwarded_hops(line) == ['"_gazonk"', '"[2001:db8:cafe::17]:4711"', "192.0.2.60"]


@given(st.text(max_size=200), st.sampled_from(["x-forwarded-for", "forwarded"]))
def test_no_header_breaks_it_and_none_is_believed_over_the_proxys_own(text: str, header: Any) -> None:
    value = text.encode("latin-1", "replace").decode("latin-1")
    last = CLIENT if header == "x-forwarded-for" else f"for={CLIENT}"
    assert came(PROXY, PROXY, header=header, **{header: f"{value}, {last}"}) == CLIENT
    came(PROXY, PROXY, header=header, **{header: value})


def test_an_ipv6_line_is_one_address_and_an_ipv4_one_is_itself() -> None:
    one, other, far = (parsed(f"2001:db8:1:2:{tail}") for tail in ("3::4", "ffff::1", "0:0:0:0"))
    assert one is not None
    assert other is not None
    assert far is not None
    assert canonical(one) == canonical(other) == canonical(far) == "2001:db8:1:2::"
    plain = parsed(CLIENT)
    assert plain is not None
    assert canonical(plain) == CLIENT


def test_an_origin_holds_no_address() -> None:
    origins = Origins(TrustedProxies((PROXY,)), Networks(None, ("192.0.2.0/24",)), KEYER)
    scope = {"client": (PROXY, 1), "headers": [(b"x-forwarded-for", CLIENT.encode())]}
    origin = origins.of(scope)
    assert origin is not None
    assert CLIENT not in repr(origin)
    assert (origin.kind, origin.address) == ("company", KEYER.key("address", CLIENT))
    assert origins.of({"client": None, "headers": []}) is None


def test_a_proxy_that_is_no_address_is_named() -> None:
    with pytest.raises(ProxyError, match="nginx"):
        TrustedProxies(("nginx",))


def test_a_households_line_is_not_the_companys() -> None:
    office = Place(name="Berlin", kind="office", owner="a@example.com", egress=("192.0.2.1",))
    home = Place(name="Flat", kind="household", owner="a@example.com", egress=("192.0.2.2",))
    assert company_addresses([office, home]) == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("192.0.2.255", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
    ],
)
def test_the_block_is_the_24_of_an_ipv4_address_and_the_48_of_an_ipv6_one(address: str, block: str) -> None:
    assert block_of(ip_address(address)) == block


def test_a_block_is_keyed_and_never_equal_to_an_address_of_it() -> None:
    first, other = (origin_of(ip_address(text), Networks(), KEYER) for text in ("192.0.2.0", "192.0.2.200"))
    assert first.block is not None
    assert first.block == other.block
    assert not first.block.same(first.address)
    assert origin_of(ip_address("198.51.100.0"), Networks(), KEYER).block != first.block


def test_a_private_address_has_no_block() -> None:
    assert origin_of(ip_address("192.168.1.7"), Networks(), KEYER).block is None
