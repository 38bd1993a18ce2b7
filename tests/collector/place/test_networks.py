from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farmwatch_collector.input_error import InputError
from farmwatch_collector.place.network_build import build
from farmwatch_collector.place.network_file import MAGIC, NetworkTable, pack, unpack
from farmwatch_collector.place.networks import NetworkFacts, Networks, classes, read_classes

# Invented rows on addresses for documentation; the numbers are those of known networks.
NETWORKS = """192.0.2.0,192.0.2.127,24940,Hetzner Online GmbH
198.51.100.0,198.51.100.255,9009,"M247 Europe, SRL"
3405803776,3405804031,7922,Comcast
2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,14593,Space Exploration
2001:db8:1::,2001:db8:1:ffff:ffff:ffff:ffff:ffff,22616,ZSCALER
"""
COUNTRIES = """192.0.2.0,192.0.2.63,DE
192.0.2.64,198.51.100.255,ro
2001:db8::,2001:db8:1:ffff:ffff:ffff:ffff:ffff,US
"""


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


@pytest.fixture
def table(tmp_path: Path) -> NetworkTable:
    asn = written(tmp_path, "asn.csv", NETWORKS)
    return build([asn], [written(tmp_path, "country.csv", COUNTRIES)], "2026-06-17", ("Invented",))


@pytest.fixture
def networks(table: NetworkTable) -> Networks:
    return Networks(unpack(pack(table), "networks.bin"), ("192.0.2.9", "2001:db8:1:7::/64", "nonsense"))


@pytest.mark.parametrize(
    ("address", "facts"),
    [
        ("192.0.2.1", NetworkFacts("hosting", 24940, "Hetzner Online GmbH", "DE")),
        ("192.0.2.127", NetworkFacts("hosting", 24940, "Hetzner Online GmbH", "RO")),
        ("192.0.2.128", NetworkFacts("", 0, "", "RO")),
        ("198.51.100.255", NetworkFacts("vpn", 9009, "M247 Europe, SRL", "RO")),
        ("198.51.101.0", NetworkFacts()),
        ("203.0.113.0", NetworkFacts("residential", 7922, "Comcast")),
        ("::ffff:203.0.113.255", NetworkFacts("residential", 7922, "Comcast")),
        ("64:ff9b::cb00:7101", NetworkFacts("residential", 7922, "Comcast")),
        ("2001:db8::5", NetworkFacts("mobile", 14593, "Space Exploration", "US")),
        ("2001:db8:0:ffff:ffff:ffff:ffff:ffff", NetworkFacts("mobile", 14593, "Space Exploration", "US")),
        ("2001:db8:1:1::1", NetworkFacts("sase", 22616, "ZSCALER", "US")),
        ("2001:db8:2::", NetworkFacts()),
    ],
)
def test_an_address_has_the_facts_of_its_range(networks: Networks, address: str, facts: NetworkFacts) -> None:
    assert networks.of(address) == facts


def test_the_companys_own_addresses_are_the_companys_whatever_network_they_are_in(networks: Networks) -> None:
    assert networks.of("192.0.2.9") == NetworkFacts("company", 24940, "Hetzner Online GmbH", "DE")
    assert networks.of("2001:db8:1:7::1").kind == "company"
    assert networks.of("2001:db8:1:8::1").kind == "sase"


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "224.0.0.1"),
        *("0.0.0.0", "::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:10.0.0.1"),
    ],
)
def test_an_address_that_is_not_public_says_nothing_of_a_network(networks: Networks, address: str) -> None:
    assert networks.of(address) == NetworkFacts("private")


def test_without_data_a_public_address_is_unknown_and_never_clean() -> None:
    networks = Networks(None, ("203.0.113.0/24",))
    assert networks.of("192.0.2.1") == NetworkFacts()
    assert networks.of("203.0.113.7") == NetworkFacts("company")
    assert networks.of("10.1.1.1").kind == "private"


@given(st.text(max_size=60))
def test_any_text_has_an_answer(text: str) -> None:
    assert Networks(None).of(text).asn == 0


def test_packing_loses_nothing_and_equal_tables_give_equal_bytes(table: NetworkTable) -> None:
    assert unpack(pack(table), "x") == table
    assert pack(table) == pack(table)


@given(st.binary(max_size=300), st.booleans())
def test_a_file_that_is_not_ours_is_refused_by_name(data: bytes, with_magic: bool) -> None:
    with pytest.raises(InputError, match=r"given\.bin"):
        unpack(MAGIC + data if with_magic else data, "given.bin")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_damaged_file_is_refused_or_still_answers(table: NetworkTable, at: float, byte: int) -> None:
    bad = bytearray(pack(table))
    bad[int(at * len(bad))] = byte
    try:
        table = unpack(bytes(bad), "given.bin")
    except InputError:
        return
    assert len(table.names) == len(table.numbers)
    assert Networks(table).of("10.0.0.1").kind == "private"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("192.0.2.0,192.0.2.9,AS,x", "not the number"),
        ("192.0.2.0,192.0.2.9,4294967296,x", "not the number"),
        ("192.0.2.0,192.0.2.9,1", "3 columns"),
        ("192.0.2.9,192.0.2.0,1,x", "no range"),
        ("192.0.2.0,2001:db8::,1,x", "no range"),
        ("192.0.2.0,gone,1,x", "no addresses"),
    ],
)
def test_a_bad_row_is_named_with_its_file_and_line(tmp_path: Path, row: str, says: str) -> None:
    path = written(tmp_path, "asn.csv", NETWORKS + row + "\n")
    with pytest.raises(InputError, match=says) as caught:
        build([path], [], "2026-06-17", ())
    assert (caught.value.file, caught.value.line) == (path, 6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.text(max_size=200), good=st.booleans())
def test_any_text_is_a_table_or_a_refusal(tmp_path: Path, text: str, good: bool) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes((NETWORKS * good + text).encode("utf-8", "surrogatepass"))
    try:
        table = build([str(path)], [], "2026-06-17", ())
    except InputError as error:
        assert error.file == str(path)  # noqa: PT017 (either outcome is right)
        return
    assert unpack(pack(table), "x") == table


def test_a_network_without_a_name_stays_one(tmp_path: Path) -> None:
    table = build([written(tmp_path, "a.csv", "192.0.2.0,192.0.2.9,64496,\n")], [], "2026-06-17", ())
    assert Networks(unpack(pack(table), "x")).of("192.0.2.1") == NetworkFacts("", 64496, "", "")


def test_where_rows_overlap_the_one_that_begins_first_holds(tmp_path: Path) -> None:
    rows = "192.0.2.0,192.0.2.99,1,first\n192.0.2.50,192.0.2.150,2,second\n"
    table = build([written(tmp_path, "a.csv", rows)], [], "2026-06-17", ())
    networks = Networks(table)
    assert [networks.of(f"192.0.2.{last}").asn for last in (0, 99, 100, 150, 151)] == [1, 1, 2, 2, 0]


def test_the_shipped_classes_are_sound_and_say_where_they_come_from() -> None:
    rows = classes()
    assert len(rows) > 500
    assert all(row.source and row.date >= "2026" for row in rows.values())
    assert {row.confidence for row in rows.values()} == {"reported", "name", "judgement"}
    assert {row.kind for row in rows.values()} == {"hosting", "vpn", "sase", "mobile", "residential"}
    assert (rows[9009].kind, rows[22616].kind, rows[14593].kind) == ("vpn", "sase", "mobile")


def test_a_class_that_nobody_knows_is_refused() -> None:
    head = "asn,kind,name,source,date,confidence\n"
    with pytest.raises(InputError, match="kind"):
        read_classes(head + "1,evil,x,y,2026-01-01,name\n")
    with pytest.raises(InputError, match="two rows"):
        read_classes(head + 2 * "1,vpn,x,y,2026-01-01,name\n")
