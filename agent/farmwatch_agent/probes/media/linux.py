"""Cameras and microphones on Linux, and who uses them now.

Sources: drivers/media/v4l2-core/v4l2-dev.c (name, index), Documentation/sound/designs/procfile.rst for /proc/asound.
v4l2loopback's devices lie below /sys/devices/virtual; akvcam, vivid and vimc are known by their drivers' names.
A desktop's grants lie in a permission store in GVDB's binary form (xdg-desktop-portal, PermissionStore), which is not
taken apart: where there is one, what it grants is a gap.
"""

import re
from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable, bucket
from farmwatch_schema.observables.media import MediaDevice, MediaUse

from ...host import Host, HostError, Missing, NotPermitted, NotSupported
from ...paths import base_name, tilde
from .. import linux_pass
from ..asking import link_of, names_in, outcome_of
from ..bounds import at_most, short
from ..linux_homes import homes

VIDEO = "/sys/class/video4linux"
SOUND = "/proc/asound"
SOUND_CLASS = "/sys/class/sound"
STORE = ".local/share/flatpak/db"
#: Tables of the permission store that grant what this section tells.
_TABLES = frozenset({"devices", "screencast", "remote-desktop"})
GRANTS = "grants of desktop portals"
USERS = "which programs use cameras and microphones"
MAX_DEVICES = 64

_VIRTUAL_DRIVERS = frozenset({"akvcam", "vivid", "vimc", "v4l2loopback", "snd_aloop", "snd_dummy"})
#: The first word of a card's line in /proc/asound/cards is its driver's own name.
_VIRTUAL_CARDS = frozenset({"Loopback", "Dummy"})
_BUSES = {"usb": "usb", "pci": "pci", "platform": "builtin", "i2c": "builtin", "soundwire": "builtin"}
#: Compiled where they are used: many machines have neither camera nor sound.
_CARD = r"\s{0,2}(\d{1,3}) \[(.{1,16})\]: (.*?) - (.*)"
_CAPTURE = r"pcm\d+c"
_NODE = r"/dev/(?:video\d+|snd/pcmC\d+D\d+c)\Z"
_NUMBERED = r"[ _]*\d+\Z"


def collect(host: Host) -> Iterator[Observable]:
    """Yields cameras, microphones and who uses them now. NotSupported for a kernel without either."""
    nodes: dict[str, MediaDevice] = {}
    missing = 0
    for what, fill in (("cameras", _cameras), ("microphones", _microphones)):
        try:
            fill(host, nodes)
        except Missing:
            missing += 1
        except HostError as error:
            yield Gap(what=what, outcome=outcome_of(error))
    if missing == 2:
        raise NotSupported(f"neither {VIDEO} nor {SOUND} is there: this kernel has no cameras and no sound")
    uses: list[MediaUse] = []
    held: set[str] = set()
    unseen = False
    if nodes:
        # Nothing to use, nobody to look for: the list of all processes is not cheap.
        try:
            uses, held, unseen = _uses(host)
        except HostError as error:
            yield Gap(what=USERS, outcome=outcome_of(error))
    devices = {_with_use(device, node, held) for node, device in nodes.items()}
    yield from at_most(sorted(devices, key=repr), MAX_DEVICES, "cameras and microphones")
    yield from at_most(uses, MAX_DEVICES, "programs that use cameras and microphones")
    if unseen:
        yield Gap(what=USERS, outcome="not_permitted")
    yield from _grants(host)


def parse_cards(text: str) -> dict[str, tuple[str, str]]:
    """Returns driver and name of each sound card of /proc/asound/cards, by its number."""
    found = (re.match(_CARD, line) for line in text.split("\n"))
    return {match[1]: (match[3].strip(), match[4].strip()[:64]) for match in found if match is not None}


def parse_status(text: str) -> bool:
    """Whether somebody records from a stream, by its status file: one word while it is closed."""
    return text.strip() not in ("", "closed")


def is_virtual(target: str, driver: str) -> bool:
    """Whether a device is made by software, by where its link leads and by its driver."""
    return "/devices/virtual/" in target or driver.replace("-", "_") in _VIRTUAL_DRIVERS


def _cameras(host: Host, nodes: dict[str, MediaDevice]) -> None:
    """Adds the cameras by their node in /dev. Raises Missing without video in the kernel."""
    for name in host.names(VIDEO)[:256]:
        if not name.startswith("video"):
            continue
        folder = f"{VIDEO}/{name}"
        # uvcvideo makes a second node for a camera's metadata, with index 1.
        if _text(host, f"{folder}/index") not in ("", "0"):
            continue
        target = link_of(host, folder)
        driver = base_name(link_of(host, f"{folder}/device/driver"))
        virtual = is_virtual(target, driver)
        bus = "virtual" if virtual else _BUSES.get(base_name(link_of(host, f"{folder}/device/subsystem")), "")
        # One sensor behind a laptop's image processor has a node for each of its many streams, told apart by a number.
        label = _text(host, f"{folder}/name")[:64]
        nodes[f"/dev/{name}"] = MediaDevice(
            what="camera",
            name=re.sub(_NUMBERED, "", label) if bus in ("pci", "builtin") else label,
            virtual=virtual,
            bus=bus,
            vendor_id=_hex(_text(host, f"{folder}/device/../idVendor")) if bus == "usb" else "",
            product_id=_hex(_text(host, f"{folder}/device/../idProduct")) if bus == "usb" else "",
        )


def _microphones(host: Host, nodes: dict[str, MediaDevice]) -> None:
    """Adds the sound cards that can record, each stream by its node in /dev. Raises Missing without sound."""
    for number, (driver, name) in parse_cards(host.text(f"{SOUND}/cards", 1 << 14)).items():
        folder = f"{SOUND}/card{number}"
        streams = [stream for stream in names_in(host, folder) if re.fullmatch(_CAPTURE, stream)]
        if not streams:
            continue
        vendor, _, product = _text(host, f"{folder}/usbid").partition(":")
        virtual = driver in _VIRTUAL_CARDS
        bus = "virtual" if virtual else "usb" if vendor else _sound_bus(host, number)
        for stream in streams:
            nodes[f"/dev/snd/pcmC{number}D{stream[3:-1]}c"] = MediaDevice(
                what="microphone",
                name=name,
                virtual=virtual,
                bus=bus,
                vendor_id=_hex(vendor),
                product_id=_hex(product),
                in_use=any(
                    parse_status(_text(host, f"{folder}/{stream}/{sub}/status"))
                    for sub in names_in(host, f"{folder}/{stream}")
                    if sub.startswith("sub")
                ),
            )


def _sound_bus(host: Host, number: str) -> str:
    return _BUSES.get(base_name(link_of(host, f"{SOUND_CLASS}/card{number}/device/subsystem")), "")


def _uses(host: Host) -> tuple[list[MediaUse], set[str], bool]:
    """Returns who holds a camera or records, which nodes are held, and whether some processes may not be looked at."""
    seen = linux_pass.look(host)
    found: dict[tuple[str, str, str | None], None] = {}
    held: set[str] = set()
    unseen = False
    for row in seen.processes:
        if row.descriptors is None:
            unseen = True
            continue
        for node in row.descriptors:
            if not re.match(_NODE, node):
                continue
            held.add(node)
            path = None if row.executable is None else row.executable.removesuffix(" (deleted)")
            app = row.name if path is None else base_name(path)[:255]
            what = "camera" if node.startswith("/dev/video") else "microphone"
            found[what, app, None if path is None else short(tilde(path))] = None
    uses = [MediaUse(what=what, app=app, path=path) for what, app, path in sorted(found, key=repr)]
    return uses, held, unseen or not seen.complete


def _with_use(device: MediaDevice, node: str, held: set[str]) -> MediaDevice:
    """Returns a camera with whether it is in use, where that was seen; of a microphone the kernel tells it itself."""
    if device.what != "camera" or node not in held:
        return device
    return MediaDevice(
        what=device.what, name=device.name, virtual=device.virtual, bus=device.bus, vendor_id=device.vendor_id,
        product_id=device.product_id, in_use=True,
    )  # fmt: skip


def _grants(host: Host) -> Iterator[Gap]:
    people, _ = homes(host)
    stores = closed = 0
    for home in people:
        try:
            stores += not _TABLES.isdisjoint(host.names(f"{home}/{STORE}"))
        except NotPermitted:
            closed += 1
        except HostError:
            continue
    if stores:
        yield Gap(what=GRANTS, outcome="not_supported", count=bucket(stores))
    if closed:
        yield Gap(what=f"{GRANTS} of other users", outcome="not_permitted", count=bucket(closed))


def _hex(text: str) -> str:
    return text.lower() if re.fullmatch(r"[0-9A-Fa-f]{4}", text) else ""


def _text(host: Host, path: str) -> str:
    try:
        return host.text(path, 1024).strip()
    except HostError:
        return ""
