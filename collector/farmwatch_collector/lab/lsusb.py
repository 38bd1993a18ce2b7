"""Reads what public dumps say of a USB device: `lsusb -v`, `lsusb -t`, and partial transcripts of threads."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from farmwatch_schema.identifiers import Identifier, Keyer
from farmwatch_schema.observables.usb import ScsiInquiry, UsbDevice, UsbEndpoint, UsbInterface

#: Serials of dumps are public; this key only gives them the form that a report has.
_KEYER = Keyer(b"public dumps, nobody's secret", "dumps")


def keyed(text: str, kind: str = "serial") -> Identifier:
    """Returns a dump's serial as a report holds it."""
    return _KEYER.key(kind, text)


_DEVICE = re.compile(r"^Bus (\d+) Device (\d+): ID (\w{4}):(\w{4})", re.MULTILINE)
_TREE = re.compile(r"Dev (\d+), .*, ([\d.]+)M$")


def _field(text: str, name: str) -> str | None:
    found = re.search(rf"^[ \t]*{name}[ \t]+(.*?)[ \t]*$", text, re.MULTILINE)
    return found[1] if found else None


def _bcd(value: str | None) -> str:
    major, _, minor = (value or "").partition(".")
    return f"{int(major, 16):02x}{minor:0>2}" if major else ""


def _string(text: str, name: str) -> str | None:
    """The string after an index: "" for index 0, None where lsusb could not read it."""
    index, _, string = (_field(text, name) or "").partition(" ")
    return "" if index == "0" else string.strip() or None


def _number(text: str, name: str) -> int:
    """The number at the head of a field; 0 where a dump leaves it out or is damaged there."""
    found = re.match(r"0x([0-9a-fA-F]+)|(\d+)", _field(text, name) or "")
    return (int(found[1], 16) if found[1] else int(found[2])) if found else 0


def _interface(text: str) -> UsbInterface:
    def number(name: str) -> int:
        return _number(text, name)

    endpoints = tuple(
        UsbEndpoint(
            address=_number(part, "bEndpointAddress"),
            transfer=(_field(part, "Transfer Type") or "").lower(),
            max_packet_size=_number(part, "wMaxPacketSize") & 0x7FF,
            interval=_number(part, "bInterval"),
        )
        for part in text.split("Endpoint Descriptor:")[1:]
    )
    triple = [number(f"bInterface{part}") for part in ("Class", "SubClass", "Protocol")]
    return UsbInterface(
        number=number("bInterfaceNumber"),
        class_triple="/".join(f"{value:02x}" for value in triple),
        name=_string(text, "iInterface"),
        name_index=number("iInterface"),
        endpoints=endpoints,
        bcd_hid=_bcd(_field(text, "bcdHID")) if "bcdHID" in text else "",
    )


def parse_lsusb(text: str, speeds: dict[tuple[int, int], float] | None = None) -> Iterator[UsbDevice]:
    """Yields the devices of `lsusb -v` output; speeds by bus and device number, from `lsusb -t`."""
    starts = [*(match.start() for match in _DEVICE.finditer(text)), len(text)]
    for start, end in pairwise(starts):
        block = text[start:end]
        head = _DEVICE.match(block)
        assert head is not None
        if "Device Descriptor:" not in block:
            continue
        first = block.split("Interface Descriptor:")[0]
        parts = [
            part
            for part in block.split("Interface Descriptor:")[1:]
            if (_field(part, "bAlternateSetting") or "0") == "0"
        ]
        number = _string(first, "iSerial")
        yield UsbDevice(
            vendor_id=head[3],
            product_id=head[4],
            manufacturer=_string(first, "iManufacturer"),
            product=_string(first, "iProduct"),
            serial=keyed(number) if number else None,
            has_serial=bool(number),
            bcd_device=_bcd(_field(first, "bcdDevice")),
            bcd_usb=_bcd(_field(first, "bcdUSB")),
            speed_mbps=(speeds or {}).get((int(head[1]), int(head[2]))),
            max_packet_size0=_number(first, "bMaxPacketSize0") or None,
            port_path=f"{int(head[1])}-{int(head[2])}",
            configuration_index=_number(first, "iConfiguration"),
            interfaces=tuple(_interface(part) for part in parts),
        )


def parse_tree(text: str) -> dict[tuple[int, int], float]:
    """Returns speeds in Mbit/s by bus and device number, from `lsusb -t`."""
    speeds: dict[tuple[int, int], float] = {}
    bus = 0
    for line in text.splitlines():
        found = re.match(r"/:\s+Bus (\d+)", line)
        bus = int(found[1]) if found else bus
        device = _TREE.search(line)
        if device and not found:
            speeds[bus, int(device[1])] = float(device[2])
    return speeds


def parse_transcript(text: str) -> UsbDevice:
    """Returns what a partial transcript of a thread states; everything it does not state stays unread."""
    fields: dict[str, Any] = {"port_path": "1-1"}
    ids = re.search(r"ID (\w{4}):(\w{4})|idVendor=?\s*(?:0x)?(\w{4}),?\s+idProduct=?\s*(?:0x)?(\w{4})", text)
    given = [group.lower() for group in ids.groups() if group] if ids else ["0000", "0000"]
    fields["vendor_id"], fields["product_id"] = given
    for name, patterns in {
        "manufacturer": (r'iManufacturer \d+ "?([^"\n]+?)"?(?:\s{2,}|  |$)', r"Manufacturer: (.+)"),
        "product": (r'iProduct \d+ "?([^"\n]+?)"?(?:\s{2,}|  |$)', r"Product: (.+)", r"Foundation (\w.+?),"),
        "serial": (r'iSerial(?:Number)? \d+ "?(\w+)"?', r"SerialNumber: (\w+)"),
    }.items():
        found = next((match for pattern in patterns if (match := re.search(pattern, text, re.MULTILINE))), None)
        if found:
            fields[name] = keyed(found[1]) if name == "serial" else found[1].strip()
    if re.search(r"high.?speed|480", text, re.IGNORECASE):
        fields["speed_mbps"] = 480.0
    if re.search(r"full.speed|12Mb", text, re.IGNORECASE):
        fields["speed_mbps"] = 12.0
    if re.search(r"low.speed", text, re.IGNORECASE):
        fields["speed_mbps"] = 1.5
    if size := re.search(r"bMaxPacketSize0 (0x)?(\w+)", text):
        fields["max_packet_size0"] = int(size[2], 16 if size[1] else 10)
    if index := re.search(r"iConfiguration (\d+)", text):
        fields["configuration_index"] = int(index[1])
    fields["interfaces"] = tuple(_stated_interfaces(text))
    fields["scsi"] = tuple(
        ScsiInquiry(vendor=match[1].strip(), product=match[2].strip())
        for match in re.finditer(r"^scsi .*?: (?:Direct-Access|CD-ROM) +(.{8}) (.{16})", text, re.MULTILINE)
    )
    return UsbDevice(**fields)


def _stated_interfaces(text: str) -> Iterator[UsbInterface]:
    for match in re.finditer(r"^interface (\d+)[ :].*?(?=^interface |\Z)", text, re.MULTILINE | re.DOTALL):
        part = match[0]
        raw = re.search(r"hex: 09 04 \w\w 00 \w\w (\w\w) (\w\w) (\w\w) (\w\w)", part)
        stated = re.search(r"\b3/(\d)/(\d)", part)
        triple = raw.groups()[:3] if raw else ("03", f"0{stated[1]}", f"0{stated[2]}") if stated else None
        if triple is None:
            continue
        name = re.search(r'iInterface \d+ "(.+?)"', part)
        index = re.search(r"iInterface (\d+)", part)
        version = re.search(r"bcdHID (?:0x(\w{4})|(\d)\.(\d\d))", part)
        sizes = re.findall(r"EP 0x(\w\w)(?: IN)? (\d+)|IN 0x(\w\w), interrupt, (\d+)", part)
        yield UsbInterface(
            number=int(match[1]),
            class_triple="/".join(triple),
            name=name[1] if name else "" if "iInterface 0" in part else None,
            name_index=int(index[1]) if index else None,
            bcd_hid=(version[1] or f"0{version[2]}{version[3]}") if version else "",
            endpoints=tuple(
                UsbEndpoint(address=int(a or c, 16), transfer="interrupt", max_packet_size=int(b or d), interval=0)
                for a, b, c, d in sizes
            ),
        )
    for match in re.finditer(
        r"^hid-generic .*: USB HID v(\d)\.(\d\d) (Keyboard|Mouse) .*input(\d)$", text, re.MULTILINE
    ):
        yield UsbInterface(
            number=int(match[4]),
            class_triple="03/01/01" if match[3] == "Keyboard" else "03/00/00",
            bcd_hid=f"0{match[1]}{match[2]}",
        )
    for match in re.finditer(r"^usb-storage \S+:1\.(\d)", text, re.MULTILINE):
        yield UsbInterface(number=int(match[1]), class_triple="08/06/50")
