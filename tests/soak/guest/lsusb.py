"""Reads `lsusb -v`, to hold what the usb probe says against what usbutils says of the same device."""

import re
from collections.abc import Callable
from typing import Any

_LINE = re.compile(r"(\s+)(\w+)\s+(\S+)\s*(.*)\Z")


def devices(text: str) -> list[dict[str, Any]]:
    """Returns each device with its fields under our names; interfaces by their first alternate setting."""
    found: list[dict[str, Any]] = []
    interface: dict[str, Any] = {}
    for line in text.splitlines():
        if line.startswith("Bus "):
            interface = {}
            found.append({"interfaces": [], "device_class": []})
        match = _LINE.match(line)
        if match is None or not found:
            continue
        device, (_, name, value, rest) = found[-1], match.groups()
        if name in _DEVICE and not device["interfaces"]:
            _DEVICE[name](device, value, rest)
        elif name == "iConfiguration":
            device["configuration_index"] = int(value)
        elif name == "bInterfaceNumber":
            interface = {"number": int(value), "class": [], "endpoints": [], "bcd_hid": ""}
        elif name == "bAlternateSetting":
            # Later settings are read into something that nobody keeps.
            if value == "0":
                device["interfaces"].append(interface)
        elif name in ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"):
            interface["class"].append(f"{int(value):02x}")
        elif name == "iInterface":
            interface["name_index"], interface["name"] = int(value), rest
        elif name == "bcdHID":
            interface["bcd_hid"] = _bcd(value)
        elif name == "bEndpointAddress":
            interface["endpoints"].append({"address": int(value, 16)})
        elif name == "Transfer":
            interface["endpoints"][-1]["transfer"] = rest.lower()
        elif name == "wMaxPacketSize":
            interface["endpoints"][-1]["max_packet_size"] = int(value, 16) & 0x7FF
        elif name == "bInterval" and interface.get("endpoints"):
            interface["endpoints"][-1]["interval"] = int(value)
    for device in found:
        device["device_class"] = "/".join(device["device_class"])
        for interface in device["interfaces"]:
            interface["class_triple"] = "/".join(interface.pop("class"))
    return found


def _bcd(text: str) -> str:
    high, low = text.split(".")
    return f"{high:0>2}{low:0>2}"


_DEVICE: dict[str, Callable[[dict[str, Any], str, str], None]] = {
    "bcdUSB": lambda device, value, _: device.update(bcd_usb=_bcd(value)),
    "bcdDevice": lambda device, value, _: device.update(bcd_device=_bcd(value)),
    "bDeviceClass": lambda device, value, _: device["device_class"].append(f"{int(value):02x}"),
    "bDeviceSubClass": lambda device, value, _: device["device_class"].append(f"{int(value):02x}"),
    "bDeviceProtocol": lambda device, value, _: device["device_class"].append(f"{int(value):02x}"),
    "bMaxPacketSize0": lambda device, value, _: device.update(max_packet_size0=int(value)),
    "idVendor": lambda device, value, _: device.update(vendor_id=value.removeprefix("0x")),
    "idProduct": lambda device, value, _: device.update(product_id=value.removeprefix("0x")),
    "iManufacturer": lambda device, _, rest: device.update(manufacturer=rest),
    "iProduct": lambda device, _, rest: device.update(product=rest),
    "iSerial": lambda device, value, _: device.update(has_serial=value != "0"),
}
