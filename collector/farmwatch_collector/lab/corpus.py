"""Turns a folder of public dumps into observables: real devices and monitors for measurements and for made fleets.

The dumps are no part of the project: docs/catalogues.md tells what lies in the folder. What cannot be read is
never dropped in silence: each reader takes a list that it adds `Skipped` rows to.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

import msgspec
import yaml

from farmwatch_schema.formats import edid as edid_format
from farmwatch_schema.formats.hid import features_of
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.usb import UsbDevice, UsbInterface

from .lsusb import keyed, parse_lsusb, parse_transcript, parse_tree

#: The index of USB dumps labels real devices so; `kvm`, `bmc` and `gadget` are the others.
BENIGN = "benign"
_TREES = "lsusb_tree.txt"
_NOT_USB = ("i2c", "bluetooth")


class Seen(NamedTuple):
    """A device of the corpus: the file it came from, and what a report would hold."""

    file: str
    device: UsbDevice


class Skipped(NamedTuple):
    """Something of the corpus that gave no observable, and why."""

    what: str
    reason: str


class Descriptor(NamedTuple):
    """A real HID report descriptor: the machine or tablet it was read from, its bus, ids, and bytes as hex."""

    machine: str
    bus: str
    ids: str
    hex: str


def is_corpus(folder: Path) -> bool:
    """Whether the folder holds `usb_dumps/` and `edid/` with their indexes."""
    return all((folder / part / "index.yaml").is_file() for part in ("usb_dumps", "edid"))


def report_descriptors(folder: Path) -> list[Descriptor]:
    """Returns the real HID report descriptors, of USB, I2C and Bluetooth devices alike."""
    lines = (folder / "usb_dumps" / BENIGN / "hid_descriptors.jsonl").read_text().splitlines()
    rows = (json.loads(line) for line in lines)
    return [
        Descriptor(row["machine_or_tablet"], row["bus"] or "", f"{row['vid']}:{row['pid']}", row["hex"]) for row in rows
    ]


def device_of(descriptor: Descriptor) -> UsbDevice:
    """Returns a USB device that shows nothing but this one descriptor: what it says decides alone."""
    vendor, product = descriptor.ids.split(":")
    read = features_of(bytes.fromhex(descriptor.hex))
    boot = {"1:6": "03/01/01", "1:2": "03/01/02"}.get(read.applications[0] if read.applications else "", "03/00/00")
    interface = UsbInterface(number=0, class_triple=boot, report_descriptor=descriptor.hex)
    return UsbDevice(vendor_id=vendor, product_id=product, interfaces=(interface,), port_path="1-1")


def benign_usb(folder: Path, skipped: list[Skipped] | None = None) -> list[Seen]:
    """Returns the distinct ordinary devices: one per ids and interface set, with report descriptors where known."""
    root = folder / "usb_dumps"
    skips = skipped if skipped is not None else []
    descriptors = _by_machine(folder)
    seen: dict[tuple[str, ...], Seen] = {}
    used: set[tuple[str, str]] = set()
    for path in sorted((root / BENIGN).glob("*.txt")):
        if path.name.endswith(_TREES):
            continue
        text = path.read_text(errors="replace")
        devices = _devices(path, text)
        if not devices:
            skips.append(Skipped(path.name, _why_empty(text)))
        machine = re.sub(r"^wacom_|\.lsusb\.txt$", "", path.name)
        for device in devices:
            key = next((k for k in descriptors if re.sub(r"\W", "_", k[0]) == machine and k[1] == device.ids), None)
            if key:
                used.add(key)
                device = _with_descriptors(device, descriptors[key])
            shape = (device.ids, *(i.class_triple for i in device.interfaces))
            if shape not in seen or (key and not any(i.report_descriptor for i in seen[shape].device.interfaces)):
                if shape in seen:
                    skips.append(Skipped(seen[shape].file, "the same device again, with less read of it"))
                seen[shape] = Seen(path.name, device)
            else:
                skips.append(Skipped(path.name, "the same device again"))
    for key, found in descriptors.items():
        if key not in used and not any(s.device.ids == key[1] for s in seen.values()):
            vendor, product = key[1].split(":")
            interfaces = tuple(
                UsbInterface(number=n, class_triple="03/00/00", report_descriptor=hex_) for n, hex_ in enumerate(found)
            )
            device = UsbDevice(vendor_id=vendor, product_id=product, interfaces=interfaces, port_path="1-1")
            seen[key] = Seen(key[0], device)
    return list(seen.values())


def _devices(path: Path, text: str) -> list[UsbDevice]:
    tree = path.with_name(path.name.replace(".lsusb.txt", f".{_TREES}"))
    speeds = parse_tree(tree.read_text(errors="replace")) if tree != path and tree.exists() else {}
    whole = list(parse_lsusb(text, speeds))
    return whole or ([parse_transcript(text)] if "ID " in text else [])


def _why_empty(text: str) -> str:
    if "Report Descriptor" in text or "report descriptor" in text or re.search(r"\b05 ?0[1d]", text):
        return "report descriptors only; they are read from hid_descriptors.jsonl"
    return "holds no device descriptor"


def _by_machine(folder: Path) -> dict[tuple[str, str], list[str]]:
    """Report descriptors of USB devices in interface order, by machine and ids."""
    rows: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for line in (folder / "usb_dumps" / BENIGN / "hid_descriptors.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["bus"] not in _NOT_USB:
            name = row["path"].rsplit("/", 1)
            rows[row["machine_or_tablet"], f"{row['vid']}:{row['pid']}"].append((name[-1], row["hex"]))
    return {key: [hex_ for _, hex_ in sorted(found)] for key, found in rows.items()}


def _with_descriptors(device: UsbDevice, found: list[str]) -> UsbDevice:
    left = list(found)
    interfaces: list[UsbInterface] = []
    for interface in device.interfaces:
        if interface.class_triple.startswith("03/") and left:
            interface = msgspec.structs.replace(interface, report_descriptor=left.pop(0))
        interfaces.append(interface)
    return msgspec.structs.replace(device, interfaces=tuple(interfaces))


def labels(folder: Path) -> dict[str, str]:
    """Returns the label of each indexed USB dump by its file."""
    index = yaml.safe_load((folder / "usb_dumps" / "index.yaml").read_text())
    return {row["file"]: row["label"] for row in index["files"]}


def labelled(folder: Path, label: str) -> list[Seen]:
    """Returns the partial transcripts in usb_dumps/kvm that the index labels so: `kvm`, `bmc`, `gadget`, `benign`."""
    return [
        Seen(file, parse_transcript((folder / "usb_dumps" / file).read_text()))
        for file, found in labels(folder).items()
        if found == label and file.startswith("kvm/")
    ]


def display_of(data: bytes) -> Display:
    """Returns the display that a report would hold for these EDID bytes."""
    facts = edid_format.parse(data)
    number = f"0x{facts.serial_number:08x}"
    return Display(
        connector="HDMI-A-1",
        edid_digest=facts.digest,
        base_digest=facts.base_digest,
        edid=edid_format.zeroed(data[:512]).hex(),
        manufacturer=facts.manufacturer,
        product=facts.product,
        name=facts.name,
        serial_number=keyed(number, "edid_serial") if facts.serial_number else None,
        serial=keyed(facts.serial, "edid_serial") if facts.serial else None,
        week=facts.week,
        year=facts.year,
        size_cm=facts.size_cm,
        fault=facts.fault,
    )


def benign_edids(folder: Path, skipped: list[Skipped] | None = None) -> Iterator[tuple[str, bytes]]:
    """Yields path and bytes of the ordinary monitors."""
    for number, line in enumerate((folder / "edid" / "benign_sample.tsv").read_text().splitlines(), 1):
        if line.startswith("#"):
            continue
        try:
            path, _, data = line.split("\t")
            yield path, bytes.fromhex(data)
        except ValueError as error:
            if skipped is not None:
                skipped.append(Skipped(f"benign_sample.tsv line {number}", str(error)))


def kvm_edids(folder: Path, skipped: list[Skipped] | None = None) -> Iterator[tuple[str, str, bytes]]:
    """Yields id, kind and bytes of the EDIDs of KVMs, capture chips and dummy plugs."""
    index = cast("dict[str, dict[str, str]]", yaml.safe_load((folder / "edid" / "index.yaml").read_text())["files"])
    for name, row in index.items():
        try:
            yield name, row["kind"], bytes.fromhex((folder / row["file"]).read_text().strip())
        except (OSError, ValueError, KeyError) as error:
            if skipped is not None:
                skipped.append(Skipped(name, str(error)))
