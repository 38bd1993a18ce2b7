"""Wi-Fi on macOS: what the system's DHCP client and the driver say of the connected interface; no scan.

macOS 14 began to withhold name and address from whoever may not use location: the driver's entry has "<SSID Redacted>"
and an address whose second half is 0 (sebhildebrandt/systeminformation, issues 895 and 945), `ipconfig getsummary` from
15.6 "<redacted>" (dracula/tmux, issue 358), system_profiler from 26 (vborodulin/wifi-loc-control, issue 10; it also
lists other networks, so it is not asked). An agent without a window cannot be given that right: a gap, not "none".
"""

import re
from collections.abc import Iterator
from typing import Any

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.wifi import WifiConnection

from ...host import Host, HostError, NotSupported
from ..asking import outcome_of
from ..macos_homes import parse_plist
from ..network.macos import padded, parse_hardware_ports, wifi_devices

WITHHELD = "name and address of the Wi-Fi network"
_ADDRESS_ONLY = "address of the Wi-Fi access point"
_BANDS = (("2.4", "2.4"), ("2 ", "2.4"), ("5", "5"), ("6", "6"))
_REDACTED = re.compile(r"\s*(?:<\s*(?:ssid\s+)?redacted\s*>)?\s*", re.IGNORECASE)


def collect(host: Host) -> Iterator[Observable]:
    """Yields the connected network of each Wi-Fi interface, as far as macOS tells it."""
    ports = parse_hardware_ports(host.command("hardware_ports").decode("utf-8", "replace"))
    # Where the port bears a name of another language, the interface itself says what it is.
    named = wifi_devices(ports)
    seen = False
    for device in (named or [name for name in ("en0", "en1") if name in ports])[:4]:
        try:
            summary = parse_summary(host.command("wifi_summary", device).decode("utf-8", "replace"))
        except HostError as error:
            seen = True
            yield Gap(what=WITHHELD, outcome=outcome_of(error))
            continue
        seen = seen or bool(named) or summary.get("InterfaceType") == "WiFi"
        if summary.get("InterfaceType", "" if not named else "WiFi") != "WiFi":
            continue
        if summary.get("LinkStatusActive") != "TRUE":
            continue
        driver = _driver(host, device)
        ssid = _told(summary.get("SSID", "")) or _told(_text(driver, "IO80211SSID"))
        bssid = address_of(summary.get("BSSID", "")) or address_of(_bytes(driver, "IO80211BSSID"))
        yield WifiConnection(
            interface=device,
            ssid=unkeyed("ssid", ssid) if ssid else None,
            bssid=unkeyed("bssid", bssid) if bssid else None,
            band=band_of(_text(driver, "IO80211Band")),
        )
        if not ssid or not bssid:
            yield Gap(what=WITHHELD if not ssid else _ADDRESS_ONLY, outcome="not_permitted")
    if not seen:
        raise NotSupported("this Mac has no Wi-Fi adapter")


def parse_summary(text: str) -> dict[str, str]:
    """Returns the values of the outermost dictionary of `ipconfig getsummary`: two blanks, name, " : ", value."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        key, mark, value = line.partition(" : ")
        if mark and key.startswith("  ") and not key.startswith("   "):
            found.setdefault(key.strip(), value.strip())
    return found


def parse_driver(data: bytes, device: str) -> dict[str, Any]:
    """Returns the driver's entry of one interface from `ioreg -a`; raises ValueError when it makes no sense."""
    entries = parse_plist(data) if data.strip() else []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("IOInterfaceName", entry.get("BSD Name", device)) == device:
            return entry
    return {}


def address_of(text: str) -> str:
    """Returns an access point's address; "" when it is withheld, or its second half is 0, which no maker gives."""
    mac = padded(text.strip())
    return "" if mac.endswith("00:00:00") else mac


def band_of(text: str) -> str:
    """Returns "2.4", "5" or "6" of "5 GHz"; "" when not known."""
    return next((band for start, band in _BANDS if text.startswith(start)), "")


def _told(text: str) -> str:
    return "" if _REDACTED.fullmatch(text) else text


def _driver(host: Host, device: str) -> dict[str, Any]:
    """Returns what the driver says; nothing for a driver of another name, whose facts are then not known."""
    try:
        return parse_driver(host.command("wifi_driver"), device)
    except (HostError, ValueError):
        return {}


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _bytes(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    return value.hex(":") if isinstance(value, bytes) and len(value) == 6 else ""
