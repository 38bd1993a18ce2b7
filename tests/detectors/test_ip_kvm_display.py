"""ip_kvm_display: monitors that are the input of an IP-KVM, or claim a published identity."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from farmwatch_agent.probes.displays.linux import parse_display
from farmwatch_collector.lab.scenarios import pictures
from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.ip_kvm_display import detect
from farmwatch_detectors.policy import Policy, Sanction
from farmwatch_detectors.view import Span
from farmwatch_schema.observables.displays import Display

from ..cases.machines import stored_edid
from .kvm_cases import jetkvm, jetkvm_renamed, pikvm
from .views import ENROLLED, KEYER, NOW, serial, view


def display(manufacturer: str, product: str, name: str, **changes: Any) -> Display:
    fields: dict[str, Any] = {"connector": "HDMI-A-1", "manufacturer": manufacturer, "product": product, "name": name}
    return Display(**(fields | changes))


DELL_DONOR = display(
    "DEL", "2013", "DELL D2721H",
    # jetkvm/kvm:ui/src/routes/devices.$id.settings.video.tsx@bde0a086
    base_digest="8e8befa83b571c7fbcf1ef3b146ea38db246dfa672d188d4002836cc7fa6b824",
)  # fmt: skip


def seen(data: bytes) -> Display:
    """What a report holds for these bytes on a connector, through the probe's own reading and keying."""
    bare = parse_display("HDMI-A-1", data, "1920x1080", "i915")
    return msgspec.json.decode(msgspec.json.encode(bare, enc_hook=KEYER.hook), type=Display)


def edid_of(*, identity: str, name: bytes, timing: str, extension: str = "") -> str:
    """A base block as hex from its parts, serials zeroed (VESA E-EDID 1.4, section 3)."""
    block = bytearray(128)
    block[:8] = bytes.fromhex("00ffffffffffff00")
    block[8:18] = bytes.fromhex(identity)
    block[18:24] = bytes.fromhex("010380351e78")
    block[54:72] = bytes.fromhex(timing)
    block[72:90] = b"\0\0\0\xfc\0" + name.ljust(13, b" ")
    block[126] = bool(extension)
    block[127] = -sum(block) & 0xFF
    return block.hex() + extension


# The block that gl-inet/glkvm:kvmd/apps/kvmd/api/upgrade.py@9bd8ad11 appends, checksum c0.
COMET = "020312f0230904018301000065030c001000".ljust(254, "0") + "c0"
TIMING = "023a801871382d40582c45000f282100001e"


@pytest.mark.parametrize(
    ("manufacturer", "product", "name", "level"),
    [
        ("LNX", "7770", "PiKVM", 3),  # kvmd configs/kvmd/edid/v0.hex
        ("LNX", "7773", "PiKVM V4 Plus", 3),
        ("TSB", "8801", "T749-fHD720", 3),  # jetkvm jsonrpc.go
        ("TSB", "9876", "TinyPilot", 3),
        ("TSB", "8888", "PI-KVM Video", 3),
        ("TSB", "8888", "Toshiba-H2C", 2),  # BliKVM's, and the board's under a capture program
        ("SPD", "3301", "NanoKVM", 3),
        ("TSB", "8888", "ScreenXpert-", 1),  # another board with a TC358743: linuxhw/EDID TSB8888/8810DFFFFCDB
        ("RAR", "0124", "Raritan CIM", 2),
        ("HJW", "1836", "MACROSILICON", 1),
        ("ZLX", "0301", "Dummy display", 1),
    ],
)
def test_hit_monitors_that_are_none_are_known_by_manufacturer_product_and_name(
    manufacturer: str, product: str, name: str, level: int
) -> None:
    (finding,) = detect(view(displays=[display(manufacturer, product, name)]))
    assert (finding.level, finding.floor) == (level, level == 3)
    assert "?" in finding.sentence or level < 3
    assert finding.evidence[0].source


def test_hit_a_published_donor_is_known_by_its_one_serial() -> None:
    (finding,) = detect(view(displays=[DELL_DONOR]))
    assert (finding.level, finding.floor) == (2, False)
    assert "disguise" in finding.sentence


@pytest.mark.parametrize("place", [24, 60, 127], ids=["features", "timing", "checksum"])
def test_hit_a_donor_with_a_byte_changed_is_known_by_its_serial(place: int) -> None:
    data = bytearray(stored_edid("jetkvm_preset_dell_d2721h"))
    data[place] ^= 1
    for whole in (bytes(data), bytes(data[:127]) + bytes((-sum(data[:127]) & 0xFF,)) + bytes(data[128:])):
        (finding,) = detect(view(displays=[seen(whole)]))
        assert finding.level == 2
        assert "serial" in finding.evidence[0].fact


@pytest.mark.parametrize("name", ["pikvm_v4plus", "jetkvm_default", "nanokvm_e21"])
@pytest.mark.parametrize("place", [20, 60, 100, 127])
def test_hit_firmwares_own_data_with_a_byte_changed_keeps_its_level(name: str, place: int) -> None:
    data = bytearray(stored_edid(name))
    data[place] ^= 1
    (finding,) = detect(view(displays=[seen(bytes(data))]))
    assert finding.level == 3


def test_miss_no_data_and_data_that_is_none_say_nothing_and_the_fault_is_kept() -> None:
    for data in (b"", b"\x00" * 128, stored_edid("pikvm_v4plus")[:100]):
        item = seen(data)
        assert list(detect(view(displays=[item]))) == []
        assert item.fault or not data


def test_hit_a_comets_extension_stays_when_the_owner_loads_a_monitors_data() -> None:
    edid = edid_of(identity="10ac13200000000020 1e".replace(" ", ""), name=b"OFFICE", timing=TIMING, extension=COMET)
    (finding,) = detect(view(displays=[display("DEL", "2013", "OFFICE", edid=edid)]))
    assert finding.level == 2
    assert "after its names were changed" in finding.sentence


def test_hit_a_kvms_data_under_another_name_is_known_by_its_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """kvmd-edidconf changes manufacturer, product, serials and name, and nothing else."""
    import farmwatch_detectors.catalog.edid as catalogue
    from farmwatch_detectors.catalog import Catalogue
    from farmwatch_detectors.edid_body import body_digest

    shipped = edid_of(identity="31d87077000000002300", name=b"PiKVM", timing=TIMING)
    edited = edid_of(identity="10ac13200000000020 1e".replace(" ", ""), name=b"OFFICE 27", timing=TIMING)
    other = edid_of(identity="10ac132000000000201e", name=b"OFFICE 27", timing=TIMING.replace("0f28", "5428"))
    pikvm_entry = next(entry for entry in catalogue.catalogue().entries if entry.id == "pikvm")
    own = Catalogue("edid", "1", "", (msgspec.structs.replace(pikvm_entry, bodies=(body_digest(shipped),)),))
    monkeypatch.setattr(catalogue, "catalogue", lambda: own)
    (finding,) = detect(view(displays=[display("DEL", "2013", "OFFICE 27", edid=edited)]))
    assert (finding.level, finding.floor) == (2, False)
    assert list(detect(view(displays=[display("DEL", "2013", "OFFICE 27", edid=other)]))) == []


@pytest.mark.parametrize("stick", pictures.CAPTURE_STICKS, ids=["most seen", "second"])
def test_hit_a_capture_stick_under_a_monitors_names_keeps_its_timings(stick: bytes) -> None:
    """Openterface's tool edits name and serial of an MS2109; whoever writes its flash edits maker and product too."""
    block = bytearray(stick)
    block[8:12] = bytes.fromhex("10acd941")  # DEL 41d9
    block[113:126] = b"DELL P2422H\n "
    block[127] = -sum(block[:127]) & 0xFF
    (finding,) = detect(view(displays=[seen(bytes(block))]))
    assert (finding.level, finding.floor) == (1, False)
    assert "MacroSilicon" in finding.sentence
    assert "?" in finding.sentence or "meeting rooms" in finding.sentence
    block[54:72] = bytes.fromhex(TIMING.replace("02", "04", 1))  # another monitor's timing: no stick's body
    assert list(detect(view(displays=[seen(bytes(block))]))) == []


def test_honest_twin_a_streamers_board_with_blikvms_chip_is_asked_about_without_a_floor() -> None:
    """Toshiba-H2C: in linuxhw/EDID from KVMs and from whoever captures with such a board."""
    (finding,) = detect(view(displays=[display("TSB", "8888", "Toshiba-H2C")]))
    assert (finding.level, finding.floor) == (2, False)
    assert "streaming" in finding.sentence
    assert "?" in finding.sentence
    (own,) = detect(view(displays=[display("TSB", "8888", "PI-KVM Video")]))
    assert (own.level, own.floor) == (3, True)


def test_miss_the_real_monitor_of_a_donors_model_says_nothing() -> None:
    assert list(detect(view(displays=[display("DEL", "2013", "DELL D2721H", base_digest="00" * 32)]))) == []


def test_miss_the_laptops_own_panel_and_unreadable_data_say_nothing() -> None:
    own = display("LNX", "7770", "PiKVM", internal=True)
    blank = Display(connector="HDMI-A-1", fault="The EDID has 0 bytes.", edid="zz")
    assert list(detect(view(displays=[own, blank]))) == []
    assert list(detect(view(displays=[display("LNX", "7770", "PiKVM")], outcome="not_permitted"))) == []


@pytest.mark.parametrize(
    "item",
    [
        display("TSB", "0206", "TOSHIBA-TV"),  # a real television, linuxhw/EDID TSB0206
        display("LNX", "5312", "LANIX LX-19"),  # Lanix makes monitors, linuxhw/EDID LNX5312
        display("ITE", "9320", "RP-WIFI"),  # a wireless receiver with the chip of a capture device
        display("SFX", "0100", "HDMI2.0 KVM"),  # a local KVM switch, linuxhw/EDID SFX0100
        display("ATN", "0001", "ATEN_VGA"),
    ],
    ids=["television", "Lanix", "wireless receiver", "KVM switch", "extender"],
)
def test_honest_twin_real_monitors_and_local_switches_say_nothing(item: Display) -> None:
    assert list(detect(view(displays=[item]))) == []


def test_could_not_look_at_displays_is_no_finding_and_no_silence() -> None:
    blind = view(outcome="not_permitted", displays=(display("LNX", "7770", "PiKVM"),))
    assert list(detect(blind)) == []
    assert why_grey(
        msgspec.structs.replace(view(usb=()), sections={**view(usb=()).sections, **blind.sections}),
        silence_table()["H"],
    )


def test_honest_twin_a_registered_kvm_clears_its_own_picture_too() -> None:
    entry = Sanction(owner="lab", reason="imaging", asset_serial="8f3c21d07a5e4b19", asset_product="jetkvm")
    assets = {serial("8f3c21d07a5e4b19").digest: 0}
    picture = display("TSB", "8801", "T749-fHD720")
    for usb in (jetkvm(), jetkvm_renamed()):
        (finding,) = detect(view(usb=[usb], displays=[picture], policy=Policy(sanctions=(entry,)), assets=assets))
        assert (finding.level, finding.sanctioned) == (0, "lab: imaging")
    (finding,) = detect(view(displays=[picture], policy=Policy(sanctions=(entry,)), assets=assets))
    assert finding.level == 3, "the registered KVM is not there"


def test_a_pikvms_constant_serial_clears_its_picture_on_the_named_laptop_only() -> None:
    entry = Sanction(owner="lab", reason="x", asset_serial="CAFEBABE", asset_product="pikvm", devices=("laptop-1",))
    assets = {serial("CAFEBABE").digest: 0, serial("CAFEBABE", "edid_serial").digest: 0}
    picture = display("LNX", "7771", "PiKVM V3", serial=serial("CAFEBABE", "edid_serial"))
    for device, level in (("laptop-1", 0), ("laptop-2", 3)):
        (finding,) = detect(
            view(device=device, usb=[pikvm()], displays=[picture], policy=Policy(sanctions=(entry,)), assets=assets)
        )
        assert finding.level == level


def test_the_picture_of_a_registered_kvm_stays_cleared_when_both_ends_have_left() -> None:
    entry = Sanction(owner="lab", reason="imaging", asset_serial="8f3c21d07a5e4b19", asset_product="jetkvm")
    assets = {serial("8f3c21d07a5e4b19").digest: 0}
    picture = display("TSB", "8801", "T749-fHD720")

    def level(usb_days: int, picture_days: int) -> int:
        history = {
            kind: (Span(kind=kind, item=item, seen_from=ENROLLED, seen_until=NOW - timedelta(days=days)),)
            if days
            else ()
            for kind, item, days in (("usb", jetkvm(), usb_days), ("displays", picture, picture_days))
        }
        displays, usb = [] if picture_days else [picture], [] if usb_days else [jetkvm()]
        policy = Policy(sanctions=(entry,))
        (finding,) = detect(view(policy=policy, assets=assets, history=history, displays=displays, usb=usb))
        return finding.level

    assert level(0, 0) == level(3, 3) == level(0, 3) == 0
    assert level(3, 0) == 3, "the KVM has left, and its picture input is still there: another one"
    assert level(6, 3) == 3
