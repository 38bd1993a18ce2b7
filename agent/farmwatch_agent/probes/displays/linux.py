"""Connected displays from sysfs. Files: Documentation/ABI/testing/sysfs-class-drm and drivers/gpu/drm/drm_sysfs.c."""

import re
from collections.abc import Iterator
from contextlib import suppress

from farmwatch_schema.formats import edid
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.displays import Display, DisplayAdapter

from ...host import Host, HostError, Missing, NotSupported
from ...paths import base_name
from ..asking import link_of, outcome_of
from ..edid_facts import of_edid

CLASS = "/sys/class/drm"

#: Connector names: drivers/gpu/drm/drm_connector.c, drm_connector_enum_list.
INTERNAL = ("eDP", "LVDS", "DSI", "DPI")
#: Drivers whose monitors no cable leads to: virtual kernel mode setting and the graphics of virtual machines.
SOFTWARE_DRIVERS = frozenset(
    {"vkms", "vgem", "virtio_gpu", "qxl", "bochs-drm", "vmwgfx", "vboxvideo", "hyperv_drm", "cirrus", "xen-drm"}
)
#: evdi serves DisplayLink docks (a real monitor) and virtual screens alike; the boot screen's drivers know no cable.
UNTOLD_DRIVERS = frozenset({"", "evdi", "simpledrm", "simple-framebuffer", "efi-framebuffer", "ofdrm"})

MAX_CARDS = 32
_CONNECTOR = re.compile(r"(card\d+)-(.+)\Z")


def collect(host: Host) -> Iterator[Observable]:
    """Yields a DisplayAdapter per card, a Display per connected connector, and a Gap for each of unknown state."""
    try:
        names = host.names(CLASS)
    except Missing:
        raise NotSupported(f"{CLASS} is not there: this kernel has no graphics") from None
    connectors = [match for match in map(_CONNECTOR.match, names) if match]
    drivers: dict[str, str] = {}
    for card in [name for name in names if name.startswith("card") and name[4:].isdecimal()][:MAX_CARDS]:
        if link_of(host, f"{CLASS}/{card}/device") or link_of(host, f"{CLASS}/{card}/device/driver"):
            drivers[card] = _driver(host, card)
            yield _adapter(host, card, drivers[card])
    if not connectors:
        raise NotSupported(f"{CLASS} has no connectors: no graphics driver tells what is connected")
    for match in connectors:
        card, connector = match.groups()
        if connector.startswith("Writeback"):
            continue  # writes pictures back to memory: never a monitor
        try:
            status = _status(host, match.string)
            if status == "connected":
                if card not in drivers:
                    drivers[card] = _driver(host, card)
                yield from _display(host, match.string, connector, drivers[card])
            elif status != "disconnected":
                yield Gap(what=f"whether {connector} is connected", outcome="not_supported")
        except Missing:
            continue  # a dock was unplugged between two looks
        except HostError as error:
            yield Gap(what=f"display on {connector}", outcome=outcome_of(error))


def _status(host: Host, name: str) -> str:
    """Returns the connector's state. Raises Missing when the connector is gone.

    A tree may leave the file out: an EDID is then the answer of something that is connected.
    """
    try:
        return host.text(f"{CLASS}/{name}/status", 64)
    except Missing:
        if not host.names(f"{CLASS}/{name}"):
            raise
    try:
        return "connected" if host.read(f"{CLASS}/{name}/edid", edid.BLOCK) else "unknown"
    except Missing:
        return "unknown"


def parse_display(connector: str, data: bytes, modes: str, driver: str) -> Display:
    """Returns the display on a connector from its EDID (empty when there is none), list of modes and card's driver."""
    bare = Display(
        connector=connector,
        internal=connector.partition("-")[0] in INTERNAL,
        virtual=_is_virtual(connector, driver),
        active_mode=modes.partition("\n")[0].strip()[:32],
    )
    return of_edid(bare, data)


def _display(host: Host, name: str, connector: str, driver: str) -> Iterator[Observable]:
    path = f"{CLASS}/{name}"
    data, modes = b"", ""
    with suppress(HostError):
        modes = host.text(f"{path}/modes", 1 << 14)
    try:
        data = host.read(f"{path}/edid", edid.MAX_BYTES)
    except Missing:
        pass
    except HostError as error:
        yield Gap(what=f"EDID on {connector}", outcome=outcome_of(error))
        yield parse_display(connector, b"", modes, driver)
        return
    display = parse_display(connector, data, modes, driver)
    yield display
    # What does not say what it is may be anything: to see nothing in it would be no evidence.
    if not display.manufacturer and not display.internal and not display.virtual:
        yield Gap(what=f"EDID on {connector}", outcome="broken" if data else "not_supported")


def _is_virtual(connector: str, driver: str) -> bool | None:
    if connector.startswith("Virtual") or driver in SOFTWARE_DRIVERS:
        return True
    return None if driver in UNTOLD_DRIVERS else False


def _adapter(host: Host, card: str, driver: str) -> DisplayAdapter:
    """Returns what makes pictures, by its driver: Linux gives graphics cards no names."""
    folder = f"{CLASS}/{card}/device"
    bus = base_name(link_of(host, f"{folder}/subsystem"))
    ids: list[str] = []
    if bus == "pci":
        ids = [_id(host, f"{folder}/vendor"), _id(host, f"{folder}/device")]
    elif bus == "usb":  # an interface: its device lies above it
        ids = [_id(host, f"{folder}/../idVendor"), _id(host, f"{folder}/../idProduct")]
    return DisplayAdapter(
        name=driver,
        driver=driver,
        hardware_id="/".join((bus, *ids)) if all(ids) and ids else "",
        virtual=True if driver in SOFTWARE_DRIVERS else None if driver in UNTOLD_DRIVERS else False,
    )


def _id(host: Host, path: str) -> str:
    try:
        found = re.fullmatch(r"(?:0x)?([0-9a-f]{4})", host.text(path, 16).strip())
    except HostError:
        return ""
    return found[1] if found else ""


def _driver(host: Host, card: str) -> str:
    """Returns the driver of a card. Newer kernels bind vkms to `faux_driver` (drivers/base/faux.c): it names itself."""
    driver = base_name(link_of(host, f"{CLASS}/{card}/device/driver"))
    return base_name(link_of(host, f"{CLASS}/{card}/device")) if driver == "faux_driver" else driver
