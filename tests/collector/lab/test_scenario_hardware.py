"""IP-KVMs of made fleets: what firmware and kernel make, and what each disguise changes and leaves.

Expected values come from firmware sources (digests in knowledge of the catalogue), and from gadgets recorded live.
"""

import hashlib
import random
from pathlib import Path

import pytest
import yaml

from farmwatch_collector.lab.scenarios import hardware, pictures
from farmwatch_collector.lab.scenarios.disguises import DISGUISES, DONORS, Setup, possible, set_up
from farmwatch_collector.lab.scenarios.hardware import PRODUCTS, device_of
from farmwatch_schema.formats import edid as edid_format
from farmwatch_schema.observables.usb import UsbDevice, UsbInterface

HOSTS = Path(__file__).parents[2] / "cases" / "hosts" / "linux"
GADGETS = [name for name, product in PRODUCTS.items() if product.kernel]

#: SHA-256 of report descriptors at the commits that hardware.py names.
DESCRIPTORS = {
    hardware.KVMD_KEYBOARD: "5333cc3a23db1dd7a9e8303e2169a54a7070f69822fa503014834652c24410b6",
    hardware.KVMD_ABSOLUTE: "3a71a5a23705ee80a711e143d1242e34cb5d85592d4b5e6ac3f20bf8b9830a12",
    hardware.KVMD_RELATIVE: "92155ddf022d4091f5e15eea5871107cd6ff7a4e6ada0ef931bd14b86c5632d0",
    hardware.PICO_ABSOLUTE: "d9b93f5aa0cb2ab2f041d8c2da5f5b6c527e74192e2f1efa15c4844bec079621",
    hardware.NANO_KEYBOARD: "bba88cf2c2245cf8f5a2c4503537c0232c6623e7e8106ba156f356a348281601",
    hardware.NANO_ABSOLUTE: "406e9a7433451eed0818bb87b5a42e5eeda7114ed4d4aa238941a467fd43c90e",
    hardware.NANO_HID_ABSOLUTE: "4f5ed1a140900eb71d4879774507b863435ffed8700938b61e4f341a616e5c53",
    hardware.TINY_KEYBOARD: "3ff35a2908d55c14bf4aafb20aad79d621c7a2e3628805b7e30d6873fd9ed35c",
    hardware.TINY_ABSOLUTE: "0eab8b0c15825160c836a918858b1a417c5e16e49988b2a3eb3df167a2647e14",
    hardware.ONE_ABSOLUTE: "29971c6463ad5797eae827986835c31fb4f59b6d51132ce49ba6ef56d98e9b61",
    hardware.ONE_RELATIVE: "9d23161044df07fd4c4c07a9fa4501fbb83a8a6298ee5ee967974d5c8b8d7180",
    hardware.TEENSY_MOUSE: "2f788bda6c7630b01780ab5b8f2892794d4ec54b9a3d5b15cd3cddd633b06ef2",
}
#: SHA-256 of whole EDIDs of the files that pictures.py names.
EDIDS = {
    pictures.PIKVM_V3: "a3480e2f1ee1db49acf16981b1a6245fd8ff82d43ddb7534d77b6e5a11943791",
    pictures.PIKVM_V0: "e2d83f40f30a732398338cab4491678ec02919acefe4e7b8e1abbde8172c434c",
    pictures.JETKVM: "77b5b609d8cda56b5bda5184f0f86f8d598b9b8cb58d48bc922133792711d4fc",
    pictures.JETKVM_ACER: "66cec7760b55532d26dbe789c99f2489821d39e6156d14f76daf04664f9830d3",
    pictures.JETKVM_ASUS: "6f10724003aec7f8dc9605f2a001a4350e931165c1758c110bf116742a66ca77",
    pictures.NANOKVM: "526e33a7d63d8deddbcbb00bc3b89a3a88fae1059f8d16a5b5b3fbd28742146e",
    pictures.TINYPILOT: "1b27850cff658750600f4a17087315cb3e30167fdbde64673e646bdd0f3275e1",
    pictures.BLIKVM: "d8b27238ba8e50a52189967adcec9d80c0a7c848df0b29a1a6495c79a127c32d",
    pictures.COMET: "ac34de3ae578b1259f482ff94b167506bd76b9067f16b2a0a110a9debda073b4",
}


def plugged(kvm: str, disguise: str, seed: int = 1) -> tuple[Setup, UsbDevice]:
    setup = set_up(kvm, disguise, random.Random(seed))
    return setup, device_of(setup.built, "1-4")


def input_parts(device: UsbDevice) -> list[UsbInterface]:
    return [part for part in device.interfaces if part.class_triple.startswith("03/")]


def test_descriptors_and_edids_are_the_firmwares() -> None:
    for text, digest in DESCRIPTORS.items():
        assert hashlib.sha256(bytes.fromhex(text)).hexdigest() == digest
    for data, digest in EDIDS.items():
        assert hashlib.sha256(data).hexdigest() == digest


def test_a_pikvm_is_built_as_the_one_that_was_recorded_live() -> None:
    """tests/cases/hosts/linux/live_pikvm_gadget: f_hid of kernel 6.1, configfs written as kvmd-otg writes it."""
    expected = yaml.safe_load((HOSTS / "live_pikvm_gadget" / "expected.yaml").read_text())["usb"]["has"][0]
    _, device = plugged("pikvm", "default")
    for field in ("vendor_id", "product_id", "manufacturer", "product", "speed_mbps", "max_packet_size0", "bcd_device",
                  "bcd_usb", "configuration_index", "has_serial"):  # fmt: skip
        assert getattr(device, field) == expected[field], field
    assert len(device.interfaces) == len(expected["interfaces"])
    for mine, theirs in zip(device.interfaces, expected["interfaces"], strict=True):
        assert {key: getattr(mine, key) for key in theirs} == theirs


def test_string_indexes_are_those_of_a_real_jetkvm() -> None:
    """jetkvm/kvm issue 419: 4 for the configuration, then 5, 7, 9 and 11 for the interfaces."""
    _, device = plugged("jetkvm", "default")
    assert device.configuration_index == 4
    assert [part.name_index for part in device.interfaces] == [5, 7, 9, 11]
    assert [part.max_packet_size for part in device.interfaces[1].endpoints] == [6, 6]


@pytest.mark.parametrize("kvm", GADGETS)
def test_settings_leave_what_the_kernel_makes(kvm: str) -> None:
    """f_hid.c: name and HID version are constants, packets are as long as reports, whatever the settings say."""
    for disguise in possible(kvm):
        _, device = plugged(kvm, disguise)
        names = {(part.name, part.bcd_hid) for part in input_parts(device)}
        in_user_space = disguise in ("user_space", "all")
        assert names == ({("", "0111")} if in_user_space else {("HID Interface", "0101")})
        slow = disguise in ("full_speed", "all")
        assert device.speed_mbps == (12 if slow else 480)
        assert {point.interval for part in input_parts(device) for point in part.endpoints} == {10 if slow else 4}
        assert device.max_packet_size0 == 64


@pytest.mark.parametrize("kvm", PRODUCTS)
def test_a_donors_identity_changes_what_the_product_can_change(kvm: str) -> None:
    if "donor" not in possible(kvm):
        assert kvm == "pico_hid"  # ids change by recompiling only: hid/pico/src/ph_usb.c
        return
    _, own = plugged(kvm, "default")
    _, device = plugged(kvm, "donor")
    assert device.ids in {row[0] for row in DONORS}
    assert device.ids != own.ids
    assert device.interfaces == own.interfaces
    if kvm == "nanokvm":  # S03usbdev reads two files with ids; strings are fixed
        assert (device.manufacturer, device.product, device.serial) == (own.manufacturer, own.product, own.serial)
    else:
        assert device.manufacturer not in (own.manufacturer, "")
    if kvm == "pikvm":  # kvmd-otgconf: the inquiry's vendor becomes the donor's maker, bcdDevice the donor's
        assert device.scsi[0].vendor == (device.manufacturer or "")[:8]
        assert device.bcd_device != own.bcd_device
    if kvm in ("comet", "jetkvm"):  # gl-inet/glkvm issue 66
        assert device.scsi == own.scsi


def test_jetkvms_presets_are_the_three_of_its_settings() -> None:
    """UsbInfoSetting.tsx: ids, names, and a serial of the look of a Windows instance id; EDIDs of three monitors."""
    found = {}
    for seed in range(40):
        setup, device = plugged("jetkvm", "preset", seed)
        found[device.ids] = (device.manufacturer, device.product)
        assert edid_format.parse(setup.edid).serial in ("T8NEE0038522", "M1LMQS052157", "3S5GQ23")
        first, middle, *rest = setup.built.serial.split("&")
        assert (len(first), len(middle), rest) == (1, 7, ["0", "1"])
    assert found == {
        "046d:c52b": ("Logitech (x64)", "Logitech USB Input Device"),
        "045e:005f": ("Microsoft", "Wireless MultiMedia Keyboard"),
        "413c:2011": ("Dell Inc.", "Multimedia Pro Keyboard"),
    }


def test_only_products_that_can_do_a_disguise_have_it() -> None:
    offered = {kvm: set(DISGUISES) - set(possible(kvm)) for kvm in PRODUCTS}
    assert all("preset" in missing for kvm, missing in offered.items() if kvm != "jetkvm")
    assert offered["jetkvm"] == set()
    assert {"relative", "storage_off"} <= offered["tinypilot"]
    assert {"full_speed", "user_space", "storage_off"} <= offered["ch9329"] & offered["pico_hid"] & offered["teensy"]
    with pytest.raises(KeyError):
        set_up("tinypilot", "relative", random.Random(1))


def test_all_at_once_leaves_no_absolute_pointer_no_drive_and_no_name() -> None:
    setup, device = plugged("jetkvm", "all")
    assert not setup.absolute
    assert [part.class_triple for part in device.interfaces] == ["03/01/01", "03/01/02"]
    assert device.ids in {row[0] for row in DONORS}
    assert edid_format.parse(setup.edid).manufacturer not in ("TSB", "LNX", "SPD")


@pytest.mark.parametrize("kvm", PRODUCTS)
def test_another_edid_is_sound_and_keeps_the_body_where_only_names_change(kvm: str) -> None:
    for seed in range(8):
        own = set_up(kvm, "default", random.Random(seed)).edid
        setup = set_up(kvm, "edid", random.Random(seed))
        assert sum(setup.edid[:128]) % 256 == 0
        assert setup.edid[8:12] != own[8:12]
        if setup.detail == "names":
            assert setup.edid[20:54] == own[20:54]  # size, colours, timings
            assert setup.edid[128:] == own[128:]
        if kvm == "comet":
            assert setup.edid[128:136].hex() == "020312f023090401"
