"""Displays on macOS.

Sources: Apple silicon: IOMobileFramebuffer (AppleCLCD2 or IOMobileFramebufferShim) with DisplayAttributes, keys as in
glpi-project/glpi-agent:resources/macos/ioreg/AppleCLCD2@0f1e55b3 and jakehilborn/displayplacer pull 96; EDID bytes in
IOPortTransportStateDisplayPort (oshi/oshi pull 2951). Intel: IODisplayEDID below IODisplayConnect, as in
resources/macos/ioreg/AppleDisplay there. Virtual and active: system_profiler(8), SPDisplaysDataType, keys as in
timmo001/system-bridge pull 3408 and displayplacer issue 77.
"""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from farmwatch_schema.formats import FormatError, edid
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.displays import Display, DisplayAdapter

from ...host import Host, HostError
from ..asking import names_in, outcome_of
from ..bounds import at_most
from ..edid_facts import of_edid
from ..macos_registry import Node, below, data_of, flag, inner, nodes, number, profile, registry, text

MAX_DISPLAYS = 32
DISPLAYLINK = "DisplayLink Manager.app"
#: "unkn" as four bytes: what a display without an EDID has, made by a program (munkireport, displays module).
UNKNOWN_VENDOR = "756e6b6e"
#: Apple's own panels have something else in its place ("00-10-fa").
_LETTERS = re.compile(r"[A-Z]{3}\Z")
_PANEL = ("AppleBacklightDisplay",)
#: "Apple Paravirtual device", "VMware SVGA II", "Parallels Display Adapter".
_VIRTUAL_CARD = re.compile(r"paravirtual|virtual|vmware|parallels|qxl", re.IGNORECASE)


def collect(host: Host) -> Iterator[Observable]:
    """Yields each graphics card, a Display per monitor, real or virtual, and what could not be asked."""
    problems: list[Gap] = []
    ports = _asked(host, "registry_display_ports", problems)
    found = [
        *of_framebuffers(_asked(host, "registry_framebuffers", problems), [data_of(port, "EDID") for port in ports]),
        *of_monitors(_asked(host, "registry_monitors", problems)),
    ]
    try:
        told = profile(host, "profile_displays", "SPDisplaysDataType")
    except HostError as error:
        told = []
        problems.append(Gap(what="virtual displays and active modes", outcome=outcome_of(error)))
    else:
        if found and not any(nodes(card.get("spdisplays_ndrvs")) for card in told):
            # A blank instead of an error: without the window server, which not every state of a Mac has, no display is
            # listed, though ports have some.
            problems.append(Gap(what="virtual displays and active modes", outcome="not_permitted"))
    untold = DISPLAYLINK in names_in(host, "/Applications")
    yield from of_cards(told)
    shown = with_profile(found, told, displaylink=untold)
    yield from at_most(shown, MAX_DISPLAYS, "displays")
    for display in dict.fromkeys(shown[:MAX_DISPLAYS]):
        if not (display.edid_digest or display.internal or display.virtual):
            # What does not say what it is may be anything; without its bytes a monitor's body cannot be compared.
            yield Gap(what=f"EDID on {display.connector}", outcome="broken" if display.fault else "not_supported")
    yield from problems


def of_framebuffers(entries: list[Node], bytes_of_ports: list[bytes]) -> list[Display]:
    """Returns the displays on Apple silicon: each framebuffer that has one, with the EDID that bears the same ids."""
    found: list[Display] = []
    for entry in entries:
        product = inner(entry, "DisplayAttributes", "ProductAttributes")
        # A Mac mini drives its HDMI port with the pipe that has the panel elsewhere; Apple's panels have no letters.
        internal = flag(entry, "external") is not True and not _LETTERS.match(text(product, "ManufacturerID"))
        if not product and not internal:
            continue  # a pipe without a monitor
        if internal and "DisplayAttributes" not in entry:
            continue  # a Mac without a panel
        attributes = inner(entry, "DisplayAttributes")
        maker, code, serial = (
            text(product, "ManufacturerID"),
            number(product, "ProductID"),
            number(product, "SerialNumber"),
        )
        words = text(product, "AlphanumericSerialNumber")
        display = Display(
            connector=text(entry, "IONameMatched").partition(",")[0][:32] or ("disp0" if internal else "dispext"),
            internal=internal,
            virtual=False,
            manufacturer=maker if _LETTERS.match(maker) else "",
            product=f"{code:04x}" if code is not None and 0 <= code < 1 << 16 and not internal else "",
            name=text(product, "ProductName")[:64],
            serial_number=unkeyed("edid_serial", f"0x{serial:08x}") if serial and 0 < serial < 1 << 32 else None,
            serial=unkeyed("edid_serial", words) if words else None,
            week=_within(number(product, "WeekOfManufacture"), 0, 54),
            year=_within(number(product, "YearOfManufacture"), 1990, 2245),
            size_cm=_size(attributes),
        )
        data = b"" if internal else next((data for data in bytes_of_ports if _bears(data, maker, code, serial)), b"")
        found.append(of_edid(display, data) if data else display)
    return found


def of_monitors(entries: list[Node]) -> list[Display]:
    """Returns the displays on Intel: each IODisplayConnect with the display below it."""
    found: list[Display] = []
    for top in entries:
        for entry in (top, *below(top)):
            data = data_of(entry, "IODisplayEDID")
            if not data and "DisplayVendorID" not in entry:
                continue
            kind = text(entry, "IOObjectClass", "IOClass")
            place = text(entry, "IODisplayPrefsKey").split("/")
            # ".../AppleIntelFramebuffer@2/display0/AppleDisplay-10ac-4023": the framebuffer is the connector.
            display = Display(
                connector=(place[-3] if len(place) > 3 else text(top, "IORegistryEntryName") or "display")[:64],
                internal=kind in _PANEL,
                virtual=False,
            )
            found.append(of_edid(display, data) if data else _of_numbers(display, entry))
    return found


def of_cards(cards: list[Node]) -> list[DisplayAdapter]:
    """Returns the graphics cards; those of virtual machines say so in their name."""
    found: dict[DisplayAdapter, None] = {}
    for card in cards[:MAX_DISPLAYS]:
        name = text(card, "sppci_model", "_name")[:64]
        if name:
            made = _VIRTUAL_CARD.search(name) is not None
            known = made or text(card, "sppci_bus") in ("spdisplays_builtin", "spdisplays_pcie_device")
            found[DisplayAdapter(name=name, virtual=made if known else None)] = None
    return list(found)


def with_profile(found: list[Display], cards: list[Node], *, displaylink: bool) -> list[Display]:
    """Returns the displays with their active mode, and those that only system_profiler lists, which no port leads to.

    displaylink  a DisplayLink dock's monitors are virtual displays to macOS
    """
    shown = list(found)
    free = set(range(len(found)))
    for card in cards:
        for item in nodes(card.get("spdisplays_ndrvs"))[:MAX_DISPLAYS]:
            virtual = (
                text(item, "spdisplays_virtualdevice", "_spdisplays_virtualdevice") == "spdisplays_yes"
                or text(item, "_spdisplays_display-vendor-id") == UNKNOWN_VENDOR
            )
            airplay = text(item, "spdisplays_connection_type") == "spdisplays_airplay"
            mode = re.sub(r" ?[xX] ?", "x", text(item, "_spdisplays_pixels").partition("@")[0].strip())[:32]
            at = None if virtual or airplay else next((at for at in sorted(free) if _is_same(item, found[at])), None)
            if at is not None:
                free.discard(at)
                shown[at] = replace(found[at], active_mode=mode)
                continue
            internal = _is_panel(item)
            made = True if airplay else (None if displaylink else True) if virtual else None
            shown.append(
                replace(
                    _of_numbers(Display(connector=""), item),
                    connector="AirPlay" if airplay else "virtual" if virtual else "internal" if internal else "untold",
                    internal=internal,
                    virtual=False if internal else made,
                    active_mode=mode,
                    # A virtual display may bear a person's name ("Anna's iPad"); a monitor's is its model's.
                    name="" if airplay else text(item, "_name")[:64],
                )
            )
    return shown


def _is_same(item: Node, display: Display) -> bool:
    """Whether system_profiler's item is this display: the panel is the panel, others agree in product and serial."""
    if _is_panel(item) or display.internal:
        return _is_panel(item) and display.internal
    return _hex(item, "_spdisplays_display-product-id") == (int(display.product, 16) if display.product else None)


def _is_panel(item: Node) -> bool:
    kind = text(item, "spdisplays_display_type")
    return text(item, "spdisplays_connection_type") == "spdisplays_internal" or kind.startswith("spdisplays_built-in")


def _of_numbers(display: Display, entry: Node) -> Display:
    """Returns a display by the numbers that stand beside or instead of its EDID."""
    maker = number(entry, "DisplayVendorID") or _hex(entry, "_spdisplays_display-vendor-id")
    code = number(entry, "DisplayProductID") or _hex(entry, "_spdisplays_display-product-id")
    serial = number(entry, "DisplaySerialNumber") or _hex(entry, "_spdisplays_display-serial-number")
    return replace(
        display,
        manufacturer=_letters(maker),
        product=f"{code:04x}" if code is not None and 0 <= code < 1 << 16 else "",
        serial_number=unkeyed("edid_serial", f"0x{serial:08x}") if serial and 0 < serial < 1 << 32 else None,
    )


def _letters(code: int | None) -> str:
    if code is None or not 0 < code < 1 << 15:
        return ""
    letters = [code >> shift & 31 for shift in (10, 5, 0)]
    return "".join(chr(64 + letter) for letter in letters) if all(1 <= letter <= 26 for letter in letters) else ""


def _bears(data: bytes, maker: str, code: int | None, serial: int | None) -> bool:
    try:
        facts = edid.parse(data[: edid.MAX_BYTES])
    except FormatError:
        return False
    return (facts.manufacturer, int(facts.product, 16), facts.serial_number) == (maker, code, serial or 0)


def _size(attributes: Node) -> tuple[int, int]:
    width, height = number(attributes, "MaxHorizontalImageSize"), number(attributes, "MaxVerticalImageSize")
    return (width, height) if width and height and 0 < width < 256 and 0 < height < 256 else (0, 0)


def _within(value: int | None, first: int, last: int) -> int:
    return value if value is not None and first <= value <= last else 0


def _hex(item: Node, key: str) -> int | None:
    try:
        return int(text(item, key)[:16], 16)
    except ValueError:
        return None


def _asked(host: Host, command: str, problems: list[Gap]) -> list[Node]:
    try:
        return registry(host, command)
    except HostError as error:
        problems.append(Gap(what=f"displays in {command.removeprefix('registry_')}", outcome=outcome_of(error)))
        return []
