"""Each known IP-KVM, under each disguise and each pair of disguises: what ip_kvm_shape is left with.

Builds: the firmware files that catalog/usb_gadget.yaml and tests/detectors/kvm_cases.py name. Disguises: what
settings offer (names, ids, functions off or on, relative pointer, configfs max_speed), and what a changed kernel or
HID from user space could do (names, versions, sizes, collections added so that the device looks like a tablet).
"""

from collections.abc import Callable
from itertools import combinations

import msgspec
import pytest

from farmwatch_detectors.ip_kvm_shape import detect
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.usb import UsbDevice, UsbEndpoint, UsbInterface

from . import kvm_cases as cases
from .kvm_cases import endpoint, gadget, hid, storage
from .views import serial, view

LAPTOP = HostFacts(chassis="laptop", hypervisor="")

#: tiny-pilot/tinypilot:debian-pkg/opt/tinypilot-privileged/init-usb-gadget @79974fb8; BliKVM has the same.
TINYPILOT_KEYBOARD = (
    "05010906a10105081901290315002501750195039102094b9501910295049101050719e029e7950881027508950181011900299126ff0095"
    "068100c0"
)
TINYPILOT_ABSOLUTE = (
    "05010902a1010509190129081500250195087501810205010930093116000026ff7f75109502810209381581257f750895018106050c0a38"
    "021581257f750895018106c0"
)
#: mofeng-git/One-KVM:src/otg/report_desc.rs @6ec4361f
ONEKVM_KEYBOARD = (
    "05010906a101050719e029e71500250175019508810295017508810195057501050819012905910295017503910195067508150026ff0005"
    "0719002aff008100c0"
)
ONEKVM_RELATIVE = (
    "05010902a101090 1a100050919012905150025019505750181029501750381010501093009311581257f75089502810609381581257f7508"
    "95018106c0c0".replace(" ", "")
)
ONEKVM_ABSOLUTE = (
    "05010902a1010901a100050919012905150025019505750181029501750381010501093016000026ff7f7510950181020931160000 26ff7f"
    "7510950181020938 1581257f750895018106c0c0".replace(" ", "")
)
CONSUMER = "050c0901a101150026ff0319002aff0375109501810 0c0".replace(" ", "")
#: sipeed/NanoKVM:kvmapp/system/init.d/S03usbdev @71ab9127
NANOKVM_KEYBOARD = (
    "05010906a101050719e029e71500250175019508810295017508810395057501050819012905910295017503910395067508150025e70507"
    "190029e78100c0"
)
NANOKVM_RELATIVE = (
    "05010902a1010901a1000509190129031500250195037501810295017505810305010930093109381581257f750895038106c0c0"
)
NANOKVM_ABSOLUTE = (
    "05010902a1010901a10005091901290515002501950575018102950175038101050109300931150026ff7f350046ff7f7510950281020501"
    "09381581257f35004500750895018106c0c0"
)
ABSOLUTE = (cases.PIKVM_ABSOLUTE, cases.JETKVM_ABSOLUTE, NANOKVM_ABSOLUTE, TINYPILOT_ABSOLUTE, ONEKVM_ABSOLUTE)
PEN = "050d0902a1018502050d0920a10009421500250175019501810205010930093126ff7f751095028102c0c0"
VENDOR = "060aff0901a1018509090275089509150026ff008102c0"


def _both(size: int) -> tuple[UsbEndpoint, ...]:
    return (endpoint(size), endpoint(size, out=True))


def _ethernet() -> tuple[UsbInterface, ...]:
    return (
        UsbInterface(number=6, class_triple="e0/01/03", name="RNDIS Communications Control", name_index=20),
        UsbInterface(number=7, class_triple="0a/00/00", name="RNDIS Ethernet Data", name_index=21),
    )


def _renamed(*interfaces: UsbInterface) -> UsbDevice:
    """Ids, strings and serial of a donor: a Logitech receiver, as kvmd-otgconf and presets take them."""
    names = {"vendor_id": "046d", "product_id": "c52b", "manufacturer": "Logitech", "product": "USB Receiver"}
    return gadget(**names, interfaces=interfaces)


BUILDS = {
    # GL.iNet's Comet has the same descriptors (gl-inet/glkvm:kvmd/apps/otg/hid @9bd8ad11)
    "PiKVM": _renamed(
        hid(0, "01/01", 8, cases.PIKVM_KEYBOARD),
        hid(1, "00/00", 7, cases.PIKVM_ABSOLUTE),
        hid(2, "01/02", 5, cases.PIKVM_RELATIVE),
        storage(3),
    ),
    "JetKVM": _renamed(
        hid(0, "01/01", 8, cases.JETKVM_KEYBOARD, endpoints=_both(8)),
        hid(1, "00/02", 6, cases.JETKVM_ABSOLUTE, endpoints=_both(6)),
        hid(2, "01/02", 4, cases.JETKVM_RELATIVE, endpoints=_both(4)),
        storage(3),
    ),
    "NanoKVM": _renamed(
        hid(0, "00/01", 8, NANOKVM_KEYBOARD, endpoints=_both(8)),
        hid(1, "00/02", 4, NANOKVM_RELATIVE, endpoints=_both(4)),
        hid(2, "00/02", 6, NANOKVM_ABSOLUTE, endpoints=_both(6)),
        *_ethernet(),
    ),
    "TinyPilot": _renamed(
        hid(0, "01/01", 8, TINYPILOT_KEYBOARD, endpoints=_both(8)),
        hid(1, "00/00", 7, TINYPILOT_ABSOLUTE, endpoints=_both(7)),
    ),
    "One-KVM": _renamed(
        hid(0, "01/01", 8, ONEKVM_KEYBOARD, endpoints=_both(8)),
        hid(1, "01/02", 4, ONEKVM_RELATIVE, endpoints=_both(4)),
        hid(2, "00/02", 6, ONEKVM_ABSOLUTE, endpoints=_both(6)),
        hid(3, "00/00", 2, CONSUMER),
    ),
}

Disguise = Callable[[UsbDevice], UsbDevice]


def _is_hid(item: UsbInterface) -> bool:
    return item.class_triple.startswith("03/")


def _hid(**fields: object) -> Disguise:
    """Changes these fields of each HID interface."""
    return _each(lambda item: msgspec.structs.replace(item, **fields) if _is_hid(item) else item)


def _each(change: Callable[[UsbInterface], UsbInterface]) -> Disguise:
    return lambda device: msgspec.structs.replace(device, interfaces=tuple(map(change, device.interfaces)))


def _mouse(change: Callable[[str], str]) -> Disguise:
    """Changes the absolute mouse's report descriptor."""

    def changed(item: UsbInterface) -> UsbInterface:
        report = item.report_descriptor or ""
        return msgspec.structs.replace(item, report_descriptor=change(report)) if report in ABSOLUTE else item

    return _each(changed)


def _relative(device: UsbDevice) -> UsbDevice:
    kept = [item for item in device.interfaces if item.report_descriptor not in ABSOLUTE]
    if not any(item.report_descriptor and "09381581257f750895038106" in item.report_descriptor for item in kept):
        kept.append(hid(1, "01/02", 4, cases.JETKVM_RELATIVE))
    numbered = (
        msgspec.structs.replace(item, number=place, name_index=5 + 2 * place if item.name_index else item.name_index)
        for place, item in enumerate(kept)
    )
    return msgspec.structs.replace(device, interfaces=tuple(numbered))


def _with(*more: UsbInterface) -> Disguise:
    return lambda device: msgspec.structs.replace(device, interfaces=(*device.interfaces, *more))


def _sizes(item: UsbInterface) -> UsbInterface:
    points = tuple(msgspec.structs.replace(point, max_packet_size=64) for point in item.endpoints)
    return msgspec.structs.replace(item, endpoints=points) if _is_hid(item) else item


def _no_out(item: UsbInterface) -> UsbInterface:
    points = tuple(point for point in item.endpoints if point.address >= 0x80)
    return msgspec.structs.replace(item, endpoints=points) if _is_hid(item) else item


DISGUISES: dict[str, Disguise] = {
    "relative pointer": _relative,
    "other functions off": lambda device: msgspec.structs.replace(
        device, interfaces=tuple(item for item in device.interfaces if _is_hid(item))
    ),
    "full speed": lambda device: msgspec.structs.replace(device, speed_mbps=12.0),
    "names of functions changed": _hid(name="Keyboard"),
    "names of functions not readable": _each(lambda item: msgspec.structs.replace(item, name=None)),
    "HID version changed": _hid(bcd_hid="0111"),
    "packets of 64 bytes": _each(_sizes),
    "packets to the mouse off": _each(_no_out),
    "indexes of names changed": _each(lambda item: msgspec.structs.replace(item, name_index=item.number + 5)),
    "small control packets": lambda device: msgspec.structs.replace(device, max_packet_size0=8),
    "another absolute descriptor": _mouse(lambda report: report.replace("15812", "15802")),
    "pen added": _with(hid(8, "00/00", 10, PEN)),
    "maker's functions added": _with(hid(8, "00/00", 10, VENDOR)),
    "maker's collection in the mouse": _mouse(lambda report: report + VENDOR),
    "pen in the mouse": _mouse(lambda report: report + PEN),
    "debugging of a phone added": _with(UsbInterface(number=9, class_triple="ff/42/01", name="ADB Interface")),
    "pictures of a phone added": _with(UsbInterface(number=9, class_triple="06/01/01", name="MTP")),
    "serial console added": _with(UsbInterface(number=9, class_triple="02/02/01", name="CDC ACM Data")),
    "network added": _with(*_ethernet()),
    "sound added": _with(UsbInterface(number=9, class_triple="01/01/20", name="Topology Control")),
    "vendor of pen tablets": lambda device: msgspec.structs.replace(device, vendor_id="28bd", product_id="0937"),
    "controller of a server": lambda device: msgspec.structs.replace(device, vendor_id="0557", product_id="2419"),
    "tablet of a virtual machine": lambda device: msgspec.structs.replace(device, vendor_id="0627", product_id="0001"),
}


def level_of(*devices: UsbDevice) -> int:
    return max((finding.level for finding in detect(view(usb=devices, host=[LAPTOP]))), default=0)


@pytest.mark.parametrize("name", BUILDS)
def test_no_one_or_two_disguises_hide_a_kvm(name: str) -> None:
    assert level_of(BUILDS[name]) == 3
    left = {one: level_of(change(BUILDS[name])) for one, change in DISGUISES.items()}
    left |= {
        f"{one}, {two}": level_of(DISGUISES[two](DISGUISES[one](BUILDS[name])))
        for one, two in combinations(DISGUISES, 2)
    }
    # HID from user space that moves relatively: what is left is how the bus is used. TinyPilot has one lesser fact
    # beside it, the others have two.
    bare = "relative pointer, names of functions "
    few = {case for case, level in left.items() if level < 3}
    assert few <= ({f"{bare}changed", f"{bare}not readable"} if name == "TinyPilot" else set[str]()), few
    assert min(left.values()) >= 2


@pytest.mark.parametrize("name", BUILDS)
def test_a_kvm_without_any_string_still_stands_out(name: str) -> None:
    bare = _each(lambda item: msgspec.structs.replace(item, name="", name_index=0))(BUILDS[name])
    assert level_of(msgspec.structs.replace(bare, manufacturer="", product="")) == 3
    assert level_of(_relative(bare)) >= 2


@pytest.mark.parametrize("name", BUILDS)
def test_keyboard_and_pointer_in_two_devices_are_seen_together(name: str) -> None:
    keyboard, *pointers = [item for item in BUILDS[name].interfaces if _is_hid(item)]
    one = msgspec.structs.replace(BUILDS[name], interfaces=(keyboard,), port_path="1-4.1")
    for pointer in pointers[:2]:
        if pointer.report_descriptor == CONSUMER:
            continue
        two = msgspec.structs.replace(BUILDS[name], interfaces=(pointer,), port_path="1-4.2")
        findings = list(detect(view(usb=[one, two], host=[LAPTOP])))
        assert [finding.level for finding in findings] == [3, 3]
        assert "1-4.1" in findings[1].evidence[-1].fact + findings[0].evidence[-1].fact
    assert level_of(one) == 2, "a keyboard played by a board alone confirms nothing"


def test_a_serial_that_a_preset_makes_confirms_what_one_strong_fact_leaves_open() -> None:
    """jetkvm/kvm:ui/src/components/UsbInfoSetting.tsx @bde0a086: the look of a Windows instance id."""
    keyboard = msgspec.structs.replace(BUILDS["JetKVM"], interfaces=BUILDS["JetKVM"].interfaces[:1])
    assert level_of(msgspec.structs.replace(keyboard, serial=serial("8&1a2b3c4&0&1"))) == 3
    for ordinary in ("8A1a2b3c4A0A1", "CAFEBABE", "", "5&2"):
        assert level_of(msgspec.structs.replace(keyboard, serial=serial(ordinary))) == 2
    assert level_of(msgspec.structs.replace(cases.huntsman(), serial=serial("8&1a2b3c4&0&1"))) == 0


def test_an_ordinary_mouse_beside_a_board_that_types_is_no_pair() -> None:
    keyboard = msgspec.structs.replace(BUILDS["JetKVM"], interfaces=BUILDS["JetKVM"].interfaces[:1])
    mouse = msgspec.structs.replace(
        cases.k120(), interfaces=(hid(0, "01/02", 4, cases.JETKVM_RELATIVE, name="", name_index=0, bcd_hid="0111"),)
    )
    assert level_of(keyboard, mouse) == 2
