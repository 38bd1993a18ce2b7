"""Monitors as the laptop sees them. Origin on Linux: /sys/class/drm."""

from ..identifiers import Identifier
from .base import Kind, Observable


class Display(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="display"):
    """A connected monitor, or whatever claims to be one.

    connector     "HDMI-A-1", "eDP-1"; the card's number is left out
    internal      the laptop's own panel (eDP, LVDS, DSI)
    virtual       made by software (a virtual connector or driver); null when unknown
    active_mode   first mode the connector lists, "1920x1080"; "" when it lists none
    ddc           the monitor answers on DDC/CI; null when it was not asked
    edid_digest   SHA-256 of the whole EDID, hex; "" when there is no EDID
    base_digest   SHA-256 of its first 128 bytes
    edid          its bytes as hex with the serial number and serial string zeroed, at most 512 bytes
    manufacturer  three letters
    product       product code, four lower hex digits
    name          monitor name descriptor (0xFC)
    serial_number 32-bit serial as "0x%08x", keyed; null when zero
    serial        serial descriptor (0xFF), keyed
    week, year    of manufacture; 0 when not given
    size_cm       width and height; (0, 0) when not given
    fault         what is wrong with the EDID, one sentence; "" when it is sound
    """

    connector: str
    internal: bool = False
    virtual: bool | None = None
    active_mode: str = ""
    ddc: bool | None = None
    edid_digest: str = ""
    base_digest: str = ""
    edid: str = ""
    manufacturer: str = ""
    product: str = ""
    name: str = ""
    serial_number: Identifier | None = None
    serial: Identifier | None = None
    week: int = 0
    year: int = 0
    size_cm: tuple[int, int] = (0, 0)
    fault: str = ""


class RememberedDisplay(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="remembered_display"):
    """A monitor that was connected before and is gone; fields as in Display, days as in RememberedUsb."""

    manufacturer: str = ""
    product: str = ""
    name: str = ""
    edid_digest: str = ""
    base_digest: str = ""
    edid: str = ""
    serial_number: Identifier | None = None
    serial: Identifier | None = None
    week: int = 0
    year: int = 0
    installed_on: str = ""
    last_arrival: str = ""
    last_removal: str = ""
    fault: str = ""


class DisplayAdapter(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="display_adapter"):
    """What makes pictures: a graphics card, or a driver that makes displays by software.

    name         as the system names it
    driver       service or kernel driver
    hardware_id  "pci/10de/1f95", "root/mttvdd", "usb/17e9/6006"; "" when not known
    virtual      made by software; null when not known
    """

    name: str
    driver: str = ""
    hardware_id: str = ""
    virtual: bool | None = None


KIND = Kind("displays", "state", (Display, RememberedDisplay, DisplayAdapter))
