"""Which values a section gives, and which of them say little."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from farmwatch_collector.ties.kinds import KINDS, MOST, exit_values, remembered_in, seen_in, value_of
from farmwatch_collector.ties.types import Seen
from farmwatch_detectors.placing import Egress
from farmwatch_detectors.view import SectionView
from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.network import Gateway, Neighbours, NetworkInterface
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.sockets import InboundConnection
from farmwatch_schema.observables.usb import RememberedUsb, UsbDevice
from farmwatch_schema.observables.wifi import WifiConnection

from ..reports import KEYER, NOW


def section(kind: str, *items: Observable, outcome: str = "found") -> dict[str, SectionView]:
    return {kind: SectionView(kind=kind, outcome=outcome, observed_at=NOW, items=items)}  # type: ignore[arg-type]


def of(kind: str, sections: dict[str, SectionView]) -> list[Seen]:
    found = seen_in(sections)
    return [each for each in found.get(KINDS[kind].source, ()) if each.kind == kind]


def usb(serial: str | None, ids: str = "1d50:6089", removable: str = "", device_class: str = "") -> UsbDevice:
    vendor, product = ids.split(":")
    keyed = KEYER.key("serial", serial) if serial is not None else None
    return UsbDevice(vendor_id=vendor, product_id=product, serial=keyed, removable=removable, device_class=device_class)


def monitor(serial: str, number: str = "", **more: object) -> Display:
    made = {"manufacturer": "DEL", "product": "a0c4", "year": 2021, "week": 7, "name": "U2419H", **more}
    return Display(
        connector="DP-1",
        serial=KEYER.key("edid_serial", serial) if serial else None,
        serial_number=KEYER.key("edid_serial", number) if number else None,
        **made,  # type: ignore[arg-type]
    )


def test_a_gateway_gives_its_address_and_its_maker() -> None:
    hop = Gateway(family="ipv4", interface="eth0", mac=KEYER.key("mac", "a0:40:a0:00:00:42"))
    (gateway,) = of("gateway_mac", section("network", hop))
    assert gateway.value.hex() == KEYER.key("mac", "a0:40:a0:00:00:42").digest
    assert (gateway.stratum, gateway.soft) == ("a040a0", False)
    (maker,) = of("gateway_maker", section("network", hop))
    assert maker.words == "gateway maker a040a0"


def test_a_maker_that_a_laptop_made_up_ends_no_line_and_colours_no_terminal() -> None:
    mac = msgspec.structs.replace(KEYER.key("mac", "a0:40:a0:00:00:42"), oui="\x1b[31m\n" + "a" * 10_000)
    hop = Gateway(family="ipv4", interface="eth0", mac=mac)
    for each in seen_in(section("network", hop))["network"]:
        assert (each.stratum + each.words).isprintable()
        assert len(each.stratum) <= 12
        assert len(each.words) <= 48


@pytest.mark.parametrize(
    ("mac", "soft"),
    [("a2:40:a0:00:00:42", True), ("00:00:0c:9f:f0:01", True), ("00:07:b4:00:01:01", True), ("a0:40:a0:1:2:3", False)],
    ids=["made up by software", "HSRP version 2", "GLBP", "a maker's"],
)
def test_addresses_that_no_single_router_owns_are_soft(mac: str, soft: bool) -> None:
    mac = ":".join(part.zfill(2) for part in mac.split(":"))
    (gateway,) = of("gateway_mac", section("network", Gateway(family="ipv4", interface="e", mac=KEYER.key("mac", mac))))
    assert gateway.soft == soft


def test_a_tunnels_gateway_and_a_virtual_routers_address_are_no_values() -> None:
    tunnel = NetworkInterface(name="tun0", kind="tunnel")
    hop = Gateway(family="ipv4", interface="tun0", mac=KEYER.key("mac", "a0:40:a0:00:00:42"))
    vrrp = Gateway(family="ipv4", interface="eth0", mac=KEYER.key("mac", "00:00:5e:00:01:01"))
    assert of("gateway_mac", section("network", tunnel, hop)) == []
    assert of("gateway_mac", section("network", vrrp)) == []


def test_what_was_looked_at_and_is_empty_differs_from_what_could_not_be_looked_at() -> None:
    assert seen_in(section("displays", outcome="none")) == {"displays": (), "kvm": ()}
    assert seen_in(section("displays", outcome="not_permitted")) == {}


def test_an_access_point_is_a_value_where_the_system_tells_it() -> None:
    told = WifiConnection(interface="w", bssid=KEYER.key("bssid", "a0:40:a0:00:00:43"))
    assert [each.stratum for each in of("bssid", section("wifi", told))] == ["a040a0"]
    assert of("bssid", section("wifi", WifiConnection(interface="w"))) == []


def test_a_long_serial_is_one_thing_under_any_ids_and_a_short_one_only_under_its_own() -> None:
    """A KVM's owner can change its ids between two laptops; a serial of six digits is a product's counter."""
    long, renamed = (of("usb_serial", section("usb", usb("5CG12345XYZ", ids))) for ids in ("1d50:6089", "046d:c31c"))
    assert long[0].value == renamed[0].value
    short, other = (of("usb_serial", section("usb", usb("123456", ids))) for ids in ("1d50:6089", "046d:c31c"))
    assert short[0].value != other[0].value
    assert (short[0].stratum, short[0].soft) == ("1d50:6089", False)


@pytest.mark.parametrize("serial", ["CAFEBABE", "0123456789ABCDEF", "1"])
def test_serials_that_firmware_gives_to_every_unit_are_soft(serial: str) -> None:
    (found,) = of("usb_serial", section("usb", usb(serial)))
    assert found.soft


def test_what_is_built_in_and_a_root_hub_are_no_values() -> None:
    built_in = usb("5CG12345XYZ", removable="fixed")
    root = usb("0000:00:14.0", "1d6b:0002", device_class="09/00/01")
    assert of("usb_serial", section("usb", built_in, root, usb(None))) == []


def test_a_monitor_needs_a_serial_and_its_make() -> None:
    one = of("edid_serial", section("displays", monitor("7XK2R1")))
    assert [each.stratum for each in one] == ["DEL:a0c4"]
    assert one[0].words == "DEL U2419H"
    assert of("edid_serial", section("displays", monitor("7XK2R1", year=2022))) != one
    assert of("edid_serial", section("displays", monitor(""))) == []
    assert of("edid_serial", section("displays", monitor("7XK2R1", manufacturer="", base_digest=""))) == []
    assert of("edid_serial", section("displays", monitor("7XK2R1", internal=True))) == []


def test_a_published_serial_number_is_soft_unless_a_serial_of_its_own_stands_beside_it() -> None:
    (constant,) = of("edid_serial", section("displays", monitor("", "0x01010101")))
    (own,) = of("edid_serial", section("displays", monitor("7XK2R1", "0x01010101")))
    assert (constant.soft, own.soft) == (True, False)
    assert own == of("edid_serial", section("displays", monitor("7XK2R1")))[0]


def test_a_preset_of_a_kvm_is_soft_with_every_unit_s_number_and_one_s_own_monitor_of_that_model_is_not() -> None:
    """jetkvm/kvm and pikvm's documents offer the EDID of one Acer B246WL, serial T8NEE0038522, number and all."""
    acer = {"manufacturer": "ACR", "product": "0565", "name": "B246WL"}
    (preset,) = of("edid_serial", section("displays", monitor("T8NEE0038522", "0x5301a2f4", **acer)))
    (real,) = of("edid_serial", section("displays", monitor("T8NEE0041234", "0x5301a2f5", **acer)))
    assert (preset.soft, real.soft) == (True, False)


def test_who_connects_from_a_public_address_is_a_value_and_from_home_is_none() -> None:
    def peer(address: str) -> Identifier:
        return KEYER.key("address", address)

    sockets = section("sockets", *(InboundConnection(port=22, peer=peer(a)) for a in ("203.0.113.7", "192.168.1.9")))
    sessions = section("sessions", Session(origin="remote", client=peer("203.0.113.7")), Session(origin="console"))
    (found,) = of("remote_peer", {**sockets, **sessions})
    assert found.value.hex() == peer("203.0.113.7").digest


def _near(*ouis: str) -> set[bytes]:
    items = [Neighbours(interface="e", oui=oui) for oui in ouis]
    return {each.value for each in of("neighbours", section("network", *items))}


def test_neighbours_of_one_house_share_bands_and_those_of_two_hardly_ever_do() -> None:
    house = [f"0000{number:02x}" for number in range(12)]
    assert len(_near(*house)) == 4
    assert _near(*house) == _near(*reversed(house))
    # One maker of 12 changed: Jaccard 11/13, so a band of two rows is alike with (11/13)^2 = 0.72.
    assert _near(*house) & _near(*house[:-1], "aaaaaa")
    assert not _near(*house) & _near(*(f"1111{number:02x}" for number in range(12)))
    assert _near(*house[:3]) == set()


EXIT = Egress(
    address=KEYER.key("address", "203.0.113.7"), block=KEYER.key("block", "203.0.113.0/24"), kind="residential",
    asn=64500, network="Example Net", seen_from=NOW, seen_until=NOW,
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "kinds", "soft"),
    [
        ("residential", ["egress", "egress_block", "egress_network"], False),
        ("", ["egress", "egress_block", "egress_network"], False),
        ("mobile", ["egress", "egress_block", "egress_network"], True),
        ("shared", ["egress", "egress_block", "egress_network"], True),
        ("vpn", ["egress_network"], False),
        ("hosting", ["egress_network"], False),
        ("sase", [], False),
        ("company", [], False),
        ("private", [], False),
    ],
)
def test_an_exit_ties_as_its_class_allows(kind: str, kinds: list[str], soft: bool) -> None:
    found = exit_values(msgspec.structs.replace(EXIT, kind=kind))
    assert [each.kind for each in found] == kinds
    assert all(each.soft == soft for each in found if each.kind != "egress_network")


def test_what_the_system_remembers_is_dated_before_the_look_and_left_out_without_a_day() -> None:
    def told(installed_on: str = "", last_arrival: str = "", last_removal: str = "") -> list[tuple[date, date]]:
        item = RememberedUsb(
            vendor_id="1d50", product_id="6089", serial=KEYER.key("serial", "5CG12345XYZ"),
            installed_on=installed_on, last_arrival=last_arrival, last_removal=last_removal,
        )  # fmt: skip
        moments = [(first, last) for _, _, first, last in remembered_in(section("usb", item)["usb"])]
        return [(datetime.fromtimestamp(a, UTC).date(), datetime.fromtimestamp(b, UTC).date()) for a, b in moments]

    day = NOW.date()
    assert told(installed_on="2026-11-01", last_removal="2026-11-20") == [(date(2026, 11, 1), date(2026, 11, 20))]
    assert told(last_arrival="2026-11-20") == [(date(2026, 11, 20), date(2026, 11, 20))]
    assert told(last_removal=str(day + timedelta(days=9))) == [(day, day)]
    assert told() == told(last_removal="soon") == []


def test_a_section_full_of_made_up_things_is_believed_no_further_than_any_desk_reaches() -> None:
    items = [usb(f"serial-{number:06}") for number in range(5_000)]
    assert len(of("usb_serial", section("usb", *items))) == MOST


def test_a_digest_that_is_none_still_makes_a_value() -> None:
    mac = Identifier(kind="mac", key_id="k", digest="no digest", oui="a040a0")
    (found,) = of("gateway_mac", section("network", Gateway(family="ipv4", interface="e", mac=mac)))
    assert found.value == value_of("no digest")
    assert len(found.value) == 16
