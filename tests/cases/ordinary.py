# ruff: noqa: INP001 (data for tests, not a package of them)
"""Ordinary USB devices, which no detector of hardware control may take for an IP-KVM. `ORDINARY` names them all.

Each is (source, device). A source is a public `lsusb -v` or kernel log, most of them excerpts, or the firmware or
driver that knows the descriptors; "usb.ids" (linux-usb.org) gives ids and names only. What a source leaves out is
filled in plainly: HID 1.11, boot descriptors of the HID 1.11 specification, a vendor page; number and kind of the
interfaces are then an outline. Serials are invented or cut. Put together in November 2026.
"""

from typing import Any

from .builders import Device, Endpoint, Interface, Unit
from .machines import ABSOLUTE_MOUSE, BOOT_KEYBOARD, BOOT_MOUSE, HIDPP, PEN

CONSUMER = bytes.fromhex("050c0901a101150026ff0319002aff03751095018100c0")
SYSTEM = bytes.fromhex("05010980a101150025011981298375019503810295058103c0")
TELEPHONE = bytes.fromhex("050b0905a10185010920092f15002501750195028102750695018101c0")
FIDO = bytes.fromhex("06d0f10901a1010920150026ff007508954081020921150026ff00750895409102c0")
GAMEPAD = bytes.fromhex("05010905a10105091901291015002501750195108102050109300931150026ff00750895028102c0")
MULTI_AXIS = bytes.fromhex("05010908a10185010930093109321600f026ff0f751095038106c0")
TOUCH = bytes.fromhex(
    "050d0904a10185010922a1020942150025017501950181029507810305010930093126ff3f751095028102c0050d0954257f750895018102c0"
)
TOUCHPAD = bytes.fromhex(
    "05010902a10185020901a1000509190129021500250195027501810295068103050109300931158125" + "7f750895028106c0c0"
    "050d0905a10185040922a10215002501094275019501810295078103050109300931" + "26ff0f751095028102c0c0"
)
#: eGalax and Elo panels in mouse mode count to 4095 (libts/tslib issue 84, evtest).
PANEL_4095 = ABSOLUTE_MOUSE.replace(bytes.fromhex("26ff7f"), bytes.fromhex("26ff0f"))
#: Keyboard, mouse and media keys in one interface, by report ids: Arduino, TinyUSB, CircuitPython, Flipper, ZMK.
_TYPES = bytes.fromhex(
    "05010906a1018501050719e029e71500250175019508810295067508150026e7000507190029e78100c0"
)  # fmt: skip
_MOVES = bytes.fromhex("05010902a10185020901a1000509190129031500250195037501810295017505810305010930093109381581257f"
                       "750895038106c0c0")  # fmt: skip
MIXED = _TYPES + _MOVES + CONSUMER.replace(bytes.fromhex("a101"), bytes.fromhex("a1018503"))


def _hid(triple: str, size: int, report: bytes, *, out: bool = False, **more: Any) -> Interface:
    points = [Endpoint(0x81, "interrupt", size, 1)] + ([Endpoint(0x01, "interrupt", size, 1)] if out else [])
    return Interface(triple=f"03/{triple}", endpoints=tuple(points), report=report, driver="usbhid", **more)


def _keys(size: int = 8, **more: Any) -> Interface:
    return _hid("01/01", size, BOOT_KEYBOARD, **more)


def _mouse(size: int = 8, **more: Any) -> Interface:
    return _hid("01/02", size, BOOT_MOUSE, **more)


def _raw(size: int = 64, report: bytes = HIDPP, **more: Any) -> Interface:
    return _hid("00/00", size, report, **more)


def _other(*triples: str) -> tuple[Interface, ...]:
    return tuple(Interface(triple=triple) for triple in triples)


def _drive(name: str | None = None) -> Interface:
    bulk = (Endpoint(0x82, "bulk", 64, 0), Endpoint(0x02, "bulk", 64, 0))
    return Interface(triple="08/06/50", endpoints=bulk, name=name, name_index=9 if name else 0,
                     units=(Unit("Example", "Flash"),))  # fmt: skip


def _device(ids: str, speed: str, names: str, *interfaces: Interface, **more: Any) -> Device:
    maker, _, product = names.partition(" / ")
    return Device(ids=ids, speed=speed, manufacturer=maker or None, product=product or None, interfaces=interfaces,
                  **more)  # fmt: skip


_FULL, _HIGH, _LOW = "12", "480", "1.5"

ORDINARY: dict[str, tuple[str, Device]] = {
    # Gaming keyboards and mice, some at high speed
    "Razer Viper 8KHz": ("openrazer/openrazer issue 1426", _device(
        "1532:0091", _HIGH, "Razer / Razer Viper 8KHz", _mouse(), _keys(16), _keys(8), bcd_device="0101")),
    "Razer Huntsman V2": ("openrazer/openrazer pull request 1674", _device(
        "1532:026c", _HIGH, "Razer / Razer Huntsman V2", _keys(), _hid("00/01", 16, MIXED), _mouse(), _raw(16),
        _raw(16), bcd_device="0101")),
    "Razer Huntsman V3 Pro TKL 8KHz": ("openrazer/openrazer issue 2670", _device(
        "1532:02d0", _HIGH, "Razer / Razer Huntsman V3 Pro Tenkeyless 8KHz", _keys(), _hid("00/01", 22, MIXED),
        _mouse(), _raw(16), _raw(16), _raw(64), bcd_device="0101")),
    "Razer BlackWidow V4 receiver": ("openrazer/openrazer issue 2727", _device(
        "1532:02c9", _FULL, "Razer / Razer BlackWidow V4 Low-profile HyperSpeed", _keys(), _mouse(), _raw(), _raw(),
        _raw(), serial="000000000000", configuration_index=4)),
    "Corsair K100": ("jurkovic-nikola/OpenLinkHub issue 37", _device(
        "1b1c:1bc5", _HIGH, "Corsair / CORSAIR K100 RGB Optical-Mechanical Gaming Keyboard", _keys(), _raw(out=True),
        _raw(), _mouse(), serial="0E53A9D700000000")),
    "Corsair K68": ("jurkovic-nikola/OpenLinkHub issue 206", _device(
        "1b1c:1b4f", _FULL, "Corsair / CORSAIR K68 RGB Mechanical Gaming Keyboard", _keys(), _raw(out=True))),
    "Corsair K57 receiver": ("jurkovic-nikola/OpenLinkHub issue 215", _device(
        "1b1c:1b62", _FULL, "Corsair / CORSAIR K57 RGB Wireless Dongle", _keys(), _raw(out=True), _mouse(), _raw(),
        _raw(), _raw())),
    "Wooting 60HE": ("usb.ids (maker); WootingKb/wooting-rgb-sdk: two HID interfaces beside the keyboard", _device(
        "31e3:1312", _HIGH, "Wooting / Wooting 60HE", _keys(), _hid("00/00", 16, MIXED), _raw(out=True), _raw())),
    "SteelSeries Apex Pro": ("usb.ids; FrogTheFrog/steelseries-linux-cli: settings through a vendor interface", _device(
        "1038:1610", _FULL, "SteelSeries / SteelSeries Apex Pro", _keys(), _raw(out=True), _hid("00/01", 16, MIXED))),
    "Corsair mouse mat": ("ckb-next/ckb-next issue 1184", _device(
        "1b1c:1b3b", _FULL, "Corsair / Corsair Gaming MM800 RGB POLARIS",
        _raw(out=True, name="Corsair Gaming MM800 RGB POLARIS", name_index=2))),
    # Keyboards and receivers of offices
    "Logi Bolt": ("fwupd/fwupd pull request 6431", _device(
        "046d:c548", _FULL, "Logitech / USB Receiver", _keys(), _mouse(), _raw(32), bcd_device="0500",
        configuration_index=4)),
    "Logitech Lightspeed": ("usb.ids; pwr-Solaar/Solaar:docs/devices", _device(
        "046d:c539", _FULL, "Logitech / USB Receiver", _mouse(), _keys(20), _raw(32), configuration_index=4)),
    "Logitech presenter": ("usb.ids (R700)", _device(
        "046d:c52d", _FULL, "Logitech / USB Receiver", _keys(), _mouse(), max_packet_size0=8)),
    "Dell keyboard": ("raspberrypi/linux issue 273", _device(
        "413c:2010", _LOW, "Dell / Dell USB Keyboard", _keys(name="Dell USB Keyboard", name_index=3),
        _raw(4, CONSUMER, name="Dell USB Keyboard", name_index=3), bcd_usb="0110", max_packet_size0=8,
        configuration_index=3)),
    "Apple keyboard": ("sipeed/NanoKVM issue 25", _device(
        "05ac:0202", _FULL, "Alps Electric / Apple USB Keyboard", _keys(), bcd_usb="0110", max_packet_size0=8)),
    "Apple keyboard's hub": ("sipeed/NanoKVM issue 25", _device(
        "05ac:1001", _FULL, "Alps Electric / Hub in Apple USB Keyboard", *_other("09/00/00"), triple="09/00/00",
        bcd_usb="0110", max_packet_size0=8)),
    "MacBook's keyboard and trackpad": ("QubesOS/qubes-issues issue 3784", _device(
        "05ac:0273", _FULL, "Apple Inc. / Apple Internal Keyboard / Trackpad",
        _raw(64, name="Device Management", name_index=5), _hid("01/01", 10, BOOT_KEYBOARD),
        _hid("01/02", 64, TOUCHPAD), _raw(), _raw(), bcd_device="0622", configuration_index=4)),
    "Surface Type Cover": ("linux-surface/linux-surface issue 1147", _device(
        "045e:096f", _FULL, "Microsoft / Surface Type Cover", _keys(), _raw(64, CONSUMER), _raw(),
        _hid("00/02", 64, TOUCHPAD), bcd_device="0011")),
    "ThinkPad keyboard with TrackPoint": ("usb.ids; torvalds/linux:drivers/hid/hid-lenovo.c", _device(
        "17ef:6047", _FULL, "Lenovo / ThinkPad Compact USB Keyboard with TrackPoint", _keys(),
        _hid("01/02", 8, BOOT_MOUSE + CONSUMER + HIDPP))),
    "Bluetooth dongle in its keyboard mode": ("usb.ids (CSR, HID mode)", _device(
        "0a12:100b", _FULL, " / ", _keys(), _mouse(5))),
    # Keyboards one builds
    "QMK keyboard": ("qmk/qmk_firmware:tmk_core/protocol/usb_descriptor.c: keyboard, raw, shared with mouse and pen",
        _device("feed:6060", _FULL, "QMK / Board", _keys(), _raw(32, out=True),
                _hid("00/00", 32, MIXED + PEN + SYSTEM), bcd_device="0001")),
    "QMK keyboard with serial port": ("qmk/qmk_firmware:tmk_core/protocol/usb_descriptor.c, VIRTSER_ENABLE", _device(
        "feed:6061", _FULL, "QMK / Board", _keys(), _hid("00/00", 32, MIXED), *_other("02/02/01", "0a/00/00"))),
    "ZMK keyboard": ("zmkfirmware/zmk:app/src/usb_hid.c", _device(
        "1d50:615e", _FULL, "ZMK Project / Corne", _hid("00/00", 16, MIXED), *_other("02/02/01", "0a/00/00"))),
    "Ultimate Hacking Keyboard": ("UltimateHackingKeyboard/firmware issue 1143", _device(
        "37a8:0001", _FULL, "Ultimate Gadget Laboratories / UHK 60 v1", _raw(), _hid("01/01", 20, BOOT_KEYBOARD),
        _raw(4, CONSUMER), _raw(1, SYSTEM), _mouse(), serial="2100000000", bcd_usb="0201")),
    "Raspberry Pi Pico as macro pad": ("adafruit/circuitpython:shared-module/usb_hid and its storage", _device(
        "239a:80f4", _FULL, "Raspberry Pi / Pico", *_other("02/02/00", "0a/00/00"),
        _drive("CircuitPython Mass Storage"), _raw(64, MIXED, name="CircuitPython HID", name_index=7),
        serial="E66038B713000000")),
    "TinyUSB example": ("hathach/tinyusb:examples/device/hid_composite", _device(
        "cafe:4004", _FULL, "TinyUSB / TinyUSB Device", _raw(16, MIXED), serial="0123456789ABCDEF")),
    "Arduino Leonardo": ("arduino/ArduinoCore-avr:cores/arduino/USBCore.cpp, HID library", _device(
        "2341:8036", _FULL, "Arduino LLC / Arduino Leonardo", *_other("02/02/00", "0a/00/00"), _raw(64, MIXED,
        bcd_hid="0101"), triple="ef/02/01")),
    "Teensy LC": ("NicoHood/HID issue 225", _device(
        "16c0:0482", _FULL, " / Teensy Keyboard/Mouse/Joystick", _keys(), _mouse(), _raw(64), _raw(12, GAMEPAD),
        bcd_device="0271")),
    "V-USB keyboard": ("obdev/v-usb:usbdrv/usbdrv.c states HID 1.01, low speed", _device(
        "16c0:27db", _LOW, "obdev.at / Keyboard", _keys(bcd_hid="0101"), max_packet_size0=8, bcd_usb="0110")),
    "STM32Cube keyboard": ("STMicroelectronics' template usbd_desc.c names interfaces so; HID 1.11", _device(
        "0483:572b", _FULL, "STMicroelectronics / STM32 Human interface",
        _keys(name="HID Interface", name_index=5), _mouse(4, name="HID Interface", name_index=5))),
    "Flipper Zero": ("flipperdevices/flipperzero-firmware:targets/f7/furi_hal/furi_hal_usb_hid.c", _device(
        "046d:c529", _FULL, "Logitech / Flipper Zero", _hid("01/01", 16, MIXED))),
    # Keys, scanners, controllers
    "YubiKey 5": ("polhenarejos/pico-fido issue 12", _device(
        "1050:0407", _FULL, "Yubico / YubiKey OTP+FIDO+CCID", _keys(), _raw(64, FIDO, out=True), *_other("0b/00/00"),
        bcd_device="0543", attributes=0x80)),
    "Swissbit iShield": ("LudovicRousseau/CCID issue 196", _device(
        "1370:0911", _FULL, "Swissbit / iShield Key 2 Pro", _keys(), _raw(64, FIDO, out=True), *_other("0b/00/00"),
        attributes=0x80)),
    "Pico FIDO": ("polhenarejos/pico-fido issue 49", _device(
        "1050:0407", _FULL, "Pol Henarejos / Pico Key", _raw(64, FIDO, out=True, name="Pico Key HID Interface",
        name_index=5), _keys(name="Pico Key HID Interface", name_index=5), *_other("0b/00/00"),
        serial="DE693C6500000000", configuration_index=4)),
    "Symbol scanner": ("espressif/esp-idf issue 12552", _device(
        "05e0:1200", _FULL, "Symbol Technologies, Inc, 2002 / Symbol Bar Code Scanner", _keys(), max_packet_size0=8)),
    "Scanner with storage": ("usb.ids (Honeywell); batch scanners keep what was read on a drive", _device(
        "0c2e:0b61", _FULL, "Honeywell / Batch Scanner", _keys(), _drive())),
    "RFID reader": ("charlysan/pyrfidhid issue 3", _device(
        "ffff:0035", _FULL, "Sycreader / USB Reader", _keys(name="Keyboard", name_index=4), _raw(8),
        serial="08FF20150112", bcd_usb="0110", max_packet_size0=8)),
    "Stream Deck": ("StreamController/StreamController issue 245", _device(
        "0fd9:009a", _HIGH, "Elgato / Stream Deck Neo", _raw(1024, CONSUMER, out=True, bcd_hid="0110"))),
    "Steam Controller's receiver": ("libretro/retroarch-joypad-autoconfig pull request 135", _device(
        "28de:1142", _FULL, "Valve Software / Steam Controller", _keys(), *(_raw() for _ in range(4)))),
    "Steam Deck's controller": ("kozec/sc-controller issue 665", _device(
        "28de:1205", _FULL, "Valve Software / Steam Controller", _hid("00/02", 64, BOOT_MOUSE, bcd_hid="0110"),
        _keys(bcd_hid="0110"), _raw(64, bcd_hid="0110"), serial="123456789ABCDEF")),
    "3D mouse": ("usb.ids; FreeSpacenav/spacenavd", _device(
        "256f:c635", _FULL, "3Dconnexion / SpaceMouse Compact", _raw(14, MULTI_AXIS))),
    # Pens and touch
    "eGalax panel": ("libts/tslib issue 84", _device(
        "0eef:0001", _FULL, "eGalax Inc. / USB TouchController", _hid("00/00", 16, PANEL_4095), bcd_device="0210")),
    "Corsair Xeneon Edge": ("aabdelghani/corsair-xeneon-edge-linux issue 1", _device(
        "27c0:0859", _FULL, "wch.cn / TouchScreen", _raw(64, TOUCH), _hid("00/02", 8, ABSOLUTE_MOUSE), _raw())),
    "Touch screen with keys": ("torvalds/linux:drivers/hid/hid-multitouch.c; panels bring mouse and keys", _device(
        "222a:0001", _FULL, "ILITEK / ILITEK-TP", _raw(64, TOUCH), _hid("01/02", 8, ABSOLUTE_MOUSE), _keys())),
    "Huion tablet": ("torvalds/linux:drivers/hid/hid-uclogic-params.c", _device(
        "256c:006e", _FULL, "HUION / PenTablet", _raw(12, PEN), _hid("01/01", 8, BOOT_KEYBOARD),
        _hid("01/02", 8, ABSOLUTE_MOUSE), max_packet_size0=8)),
    "XP-Pen Deco": ("torvalds/linux:drivers/hid/hid-uclogic-params.c", _device(
        "28bd:0935", _FULL, "UGTABLET / Deco 01", _raw(12, PEN), _keys(), _hid("01/02", 8, ABSOLUTE_MOUSE))),
    "Wacom Intuos": ("torvalds/linux:drivers/hid/wacom_wac.c", _device(
        "056a:0374", _FULL, "Wacom Co.,Ltd. / Intuos S", _raw(64, PEN), _hid("00/02", 16, BOOT_MOUSE + HIDPP))),
    # Docks, conferences, phones, boards
    "Dell dock": ("libusb/hidapi pull request 262", _device(
        "413c:b06e", _HIGH, " / Dell dock",
        _raw(64, bytes.fromhex("06daff09daa1011901290e1581257f750895028102c0")), bcd_device="0101")),
    "Lenovo dock's sound": ("usb.ids (ThinkPad USB-C Dock Audio)", _device(
        "17ef:a396", _FULL, "Lenovo / ThinkPad USB-C Dock Gen2 USB Audio", *_other("01/01/00", "01/02/00"),
        _raw(4, CONSUMER))),
    "DisplayLink dock": ("usb.ids", _device(
        "17e9:6006", "5000", "DisplayLink / USB3.0 Dual Video Dock", *_other("ff/00/00", "ff/00/00", "01/01/00",
        "01/02/00", "02/0d/00", "0a/00/01"), triple="ef/02/01", max_packet_size0=9)),
    "Logitech headset": ("jackun/USBqemu-wheel issue 7", _device(
        "046d:0a01", _FULL, "Logitech / Logitech USB Headset", *_other("01/01/00", "01/02/00", "01/02/00"),
        _raw(2, CONSUMER), max_packet_size0=8)),
    "Jabra speakerphone": ("usb.ids (GN Netcom); telephony page of HID Usage Tables 1.5", _device(
        "0b0e:0422", _FULL, " / Jabra SPEAK 510 USB", *_other("01/01/00", "01/02/00"),
        _raw(64, TELEPHONE + CONSUMER + HIDPP))),
    "Conference bar that runs Linux": ("torvalds/linux:drivers/usb/gadget/function/f_hid.c, with telephone buttons",
        _device("095d:9217", _HIGH, "Polycom / Meeting Bar", *_other("0e/01/00", "0e/02/00", "01/01/20", "01/02/20"),
                _raw(8, TELEPHONE, name="HID Interface", name_index=12, bcd_hid="0101"), configuration_index=4)),
    "Board as a debug probe": ("linux-usb-gadgets/gt issue 12", _device(
        "1fc9:0090", _HIGH, "NXP Semiconductors / LPC-LINK2 CMSIS-DAP V5.224",
        _raw(64, HIDPP, out=True, name="HID Interface", name_index=5, bcd_hid="0101"), serial="I3AAAAAA")),
    "Drone": ("google/gousb issue 123", _device(
        "2ca3:001f", _HIGH, "DJI / pigeon", *_other("e0/01/03", "0a/00/00"), _drive("Mass Storage"),
        *_other("ff/43/01", "02/02/01", "0a/00/00"), serial="987654321ABCDEF", configuration_index=4,
        triple="ef/02/01", bcd_usb="0210")),
    "Phone with tethering and debugging": ("usb.ids (Samsung)", _device(
        "04e8:6864", _HIGH, "SAMSUNG / SAMSUNG_Android", *_other("e0/01/03", "0a/00/00", "ff/42/01"),
        serial="R58M00000AB")),
    "Elgato capture box": ("tolga9009/elgato-gchd issue 2", _device(
        "0fd9:005d", _HIGH, "Elgato / GameCapture HD", *_other("ff/00/00"), serial="070D747700")),
    "Apple headphone adapter": ("helloSystem/ISO issue 464", _device(
        "05ac:110a", _FULL, "Apple, Inc. / USB-C to 3.5mm Headphone Jack Adapter", *_other("01/01/20", "01/02/20"),
        _raw(4, CONSUMER), triple="ef/02/01")),
    "KVM switch": ("usb.ids (ATEN CS682); a switch on the desk copies keyboard and mouse, relatively", _device(
        "0557:2213", _FULL, "ATEN / CS682", _keys(), _mouse(5), max_packet_size0=8)),
    "KVM switch with media keys": ("usb.ids (Uni Class); as in switches of several makers", _device(
        "10d5:55a4", _FULL, " / 4 Port KVMSwicther", _keys(bcd_hid="0110"), _mouse(bcd_hid="0110"), _raw(4, CONSUMER,
        bcd_hid="0110"), max_packet_size0=8)),
    "Tuner with remote control": ("torvalds/linux:drivers/media/usb/dvb-usb-v2/af9015.c", _device(
        "15a4:9016", _HIGH, "Afatech / DVB-T 2", *_other("ff/00/00"), _keys(64, bcd_hid="0101"))),
    "Monitor's controls": ("usb.ids (LG); VESA monitor control class, HID Usage Tables page 0x80", _device(
        "043e:9a39", _FULL, "LG Electronics Inc. / LG Monitor Controls", _raw(64), max_packet_size0=64)),
    "Funcube radio": ("raspberrypi/linux issue 608", _device(
        "04d8:fb31", _FULL, "Hanlincrest Ltd. / FUNcube Dongle V2.0", *_other("01/01/00", "01/02/00"), _raw(64, HIDPP),
        max_packet_size0=8, bcd_usb="0110")),
}  # fmt: skip

#: What relays keyboard and mouse for somebody: built like a KVM cable, and asked about as such.
RELAYS: dict[str, tuple[str, Device]] = {
    "Adapter of keyboard and mouse for consoles": ("J2Kbr/TitanTwo issue 220", _device(
        "2422:4d22", _FULL, "HUNTINTECH / USB HID Mouse&keyboard", _keys(out=True),
        _hid("01/02", 8, bytes.fromhex(
            "05010902a10185030901a10005091901290515002501750195058102750395018103050109300931150026ff7f7510950281"
            "02050109381581257f75089501810605ff0902750895018101c0c0")),
        _hid("01/02", 8, BOOT_MOUSE), max_packet_size0=16, max_power=100)),
}  # fmt: skip
