"""USB devices from the kernel's attribute files, where raw descriptors are missing or leave something out.

Formats: drivers/usb/core/sysfs.c (usb_descriptor_attr, usb_intf_attr) and drivers/usb/core/endpoint.c. Numbers are
hexadecimal there, but bMaxPacketSize0, bConfigurationValue and speed. String indexes and bcdHID have no file.
"""

import re

from farmwatch_schema.formats.usb_descriptors import ConfigurationFacts, DeviceFacts, InterfaceFacts
from farmwatch_schema.observables.usb import UsbEndpoint

from ...host import Host, HostError, Missing
from ..asking import names_in

BUS = "/sys/bus/usb/devices"
NO_DESCRIPTORS = "There are no raw descriptors; this is what the kernel's attribute files say."

_ENDPOINT = re.compile(r"ep_[0-9a-f]{2}\Z")
_TRANSFERS = {"Control": "control", "Isoc": "isochronous", "Bulk": "bulk", "Interrupt": "interrupt"}


def device_facts(host: Host, name: str) -> DeviceFacts:
    """Returns a device by its attribute files. Raises Missing when there is not even an id: it was unplugged."""
    path = f"{BUS}/{name}"
    vendor, product = host.text(f"{path}/idVendor", 8), host.text(f"{path}/idProduct", 8)
    size = _text(host, f"{path}/bMaxPacketSize0")
    device = _text(host, f"{path}/bcdDevice")
    value = _text(host, f"{path}/bConfigurationValue")
    configuration = int(value) if value.isdecimal() and len(value) < 4 else 1
    return DeviceFacts(
        vendor_id=vendor.lower(),
        product_id=product.lower(),
        bcd_device=device.lower() if re.fullmatch(r"[0-9A-Fa-f]{4}", device) else "",
        bcd_usb=_version(_text(host, f"{path}/version")),
        device_class=_triple(host, path, "bDevice"),
        max_packet_size0=int(size) if size.isdecimal() and len(size) < 4 else 0,
        # A string that is there has an index, whichever it is; one that is not may have none.
        manufacturer_index=_has(host, f"{path}/manufacturer"),
        product_index=_has(host, f"{path}/product"),
        serial_index=_has(host, f"{path}/serial"),
        configurations=(
            ConfigurationFacts(value=configuration, name_index=0, attributes=0, max_power=0),
        ),
        fault=NO_DESCRIPTORS,
    )  # fmt: skip


def interface_folder(host: Host, name: str, configuration: int, number: int) -> str:
    """Returns where an interface's files lie: below its device, or beside it where a tree kept no links."""
    folder = f"{name}:{configuration}.{number}"
    nested = f"{BUS}/{name}/{folder}"
    try:
        host.names(nested)
    except Missing:
        return f"{BUS}/{folder}"
    except HostError:
        return nested
    return nested


def interfaces_beside(
    host: Host, name: str, configuration: int, known: frozenset[int], most: int
) -> list[InterfaceFacts]:
    """Returns the interfaces that have a folder and are not among the known ones, by number."""
    start = f"{name}:{configuration}."
    numbers = sorted(
        int(folder[len(start) :])
        for folder in {*names_in(host, f"{BUS}/{name}"), *names_in(host, BUS)}
        if folder.startswith(start) and folder[len(start) :].isdecimal() and len(folder) < len(start) + 4
    )
    return [
        _interface(host, interface_folder(host, name, configuration, number), number)
        for number in numbers[:most]
        if number not in known
    ]


def _interface(host: Host, path: str, number: int) -> InterfaceFacts:
    return InterfaceFacts(
        number=number,
        alternate=0,
        class_triple=_triple(host, path, "bInterface"),
        name_index=_has(host, f"{path}/interface"),
        endpoints=tuple(
            _endpoint(host, f"{path}/{child}") for child in names_in(host, path) if _ENDPOINT.match(child)
        ),
    )  # fmt: skip


def _endpoint(host: Host, path: str) -> UsbEndpoint:
    return UsbEndpoint(
        address=_hex(host, f"{path}/bEndpointAddress"),
        transfer=_TRANSFERS.get(_text(host, f"{path}/type"), "control"),
        max_packet_size=_hex(host, f"{path}/wMaxPacketSize") & 0x7FF,
        interval=_hex(host, f"{path}/bInterval"),
    )


def _triple(host: Host, path: str, prefix: str) -> str:
    parts = (_hex(host, f"{path}/{prefix}{part}") for part in ("Class", "SubClass", "Protocol"))
    return "/".join(f"{part & 255:02x}" for part in parts)


def _version(text: str) -> str:
    found = re.fullmatch(r"([0-9A-Fa-f]{1,2})\.([0-9A-Fa-f]{2})", text)
    return f"{found[1].zfill(2)}{found[2]}".lower() if found else ""


def _hex(host: Host, path: str) -> int:
    try:
        return int(_text(host, path)[:8], 16)
    except ValueError:
        return 0


def _has(host: Host, path: str) -> int:
    return 1 if _text(host, path) else 0


def _text(host: Host, path: str) -> str:
    try:
        return host.text(path, 512).strip()
    except HostError:
        return ""
