"""Round-trip times on Linux: what the sender left; and before it measures, power and network from /sys and /proc.

What files do not tell: a network that somebody marked as metered is in NetworkManager's profile, which root alone may
read, and a phone's hint in its DHCP answer is in nobody's file. So modems, phones on USB or Bluetooth, and the
gateways that phones give themselves count as metered.

Sources: Documentation/ABI/testing/sysfs-platform_profile (`low-power`) and sysfs-class-power; power-profiles-daemon's
src/ppd-profile.h and its state.ini; NetworkManager's libnm/nm-dbus-interface.h (NMMetered guesses yes for modems and
Bluetooth) and nm-settings-keyfile(5); drivers/net/usb (rndis_host, ipheth, cdc_mbim, qmi_wwan, huawei_cdc_ncm).
"""

from collections.abc import Iterator

from farmwatch_schema.observables import Observable

from ...host import Host, HostError
from ...host.left_rounds import Access
from ...paths import base_name
from ..asking import link_of, names_in
from ..network.linux import NET, kind_of, parse_route, parse_uevent
from ..power.linux import SUPPLIES, of_supplies, parse_supply
from . import told
from .metered import is_phone
from .surroundings import Surroundings

PLATFORM_PROFILE = "/sys/firmware/acpi/platform_profile"
#: Kept by power-profiles-daemon; tuned keeps the name of its profile.
PROFILES_STATE = "/var/lib/power-profiles-daemon/state.ini"
TUNED_PROFILE = "/etc/tuned/active_profile"
#: /proc/net is a link to it, which a unit with ProcSubset=pid does not show.
ROUTES = ("/proc/net/route", "/proc/self/net/route")
CONNECTIONS = "/etc/NetworkManager/system-connections"
NM_DEVICES = "/run/NetworkManager/devices"
_PHONE_DRIVERS = frozenset({"rndis_host", "ipheth", "cdc_mbim", "qmi_wwan", "huawei_cdc_ncm", "cdc_phonet"})
_ACCESS: dict[str, Access] = {"ethernet": "ethernet", "wifi": "wifi", "mobile": "mobile", "tunnel": "tunnel",
                              "virtual": "virtual"}  # fmt: skip
_MARKS = ("wireless", "phy80211", "tun_flags", "bridge", "bonding")
_MAX_PROFILES = 200


def collect(host: Host) -> Iterator[Observable]:
    """Yields each finished round that was not told yet."""
    yield from told.collect(host)


def surroundings(host: Host) -> Surroundings:
    """Returns what stands against measuring now, and where packets leave."""
    interface, gateway = default_route(host)
    access = access_of(host, interface) if interface else ""
    if saves_battery(host):
        return Surroundings(skip="battery_saver", access_of=lambda name: access_of(host, name))
    metered = access == "mobile" or is_phone(gateway) or _is_phones(host, interface) or _is_marked(host, interface)
    return Surroundings(
        skip="metered" if metered else "", gateway=gateway, access_of=lambda name: access_of(host, name)
    )


def default_route(host: Host) -> tuple[str, str]:
    """Returns interface and next hop of the best default route of IPv4; "" where there is none."""
    for path in ROUTES:
        try:
            routes = parse_route(host.text(path, 1 << 20))
        except HostError:
            continue
        defaults = sorted((it for it in routes if it.destination == "0.0.0.0/0"), key=lambda it: it.metric)
        return (defaults[0].interface, defaults[0].gateway) if defaults else ("", "")
    return "", ""


def saves_battery(host: Host) -> bool:
    """Whether the laptop runs on its battery and was told to save it."""
    supplies = [parse_supply(_text(host, f"{SUPPLIES}/{name}/uevent")) for name in names_in(host, SUPPLIES)[:32]]
    on_ac, battery, _, _ = of_supplies(supplies)
    if not battery or on_ac is not False:
        return False
    return (
        _text(host, PLATFORM_PROFILE) == "low-power"
        or parse_profile(_text(host, PROFILES_STATE)) == "power-saver"
        or "powersave" in _text(host, TUNED_PROFILE).split()
    )


def parse_profile(text: str) -> str:
    """Returns the profile that power-profiles-daemon's state.ini names; "" for none."""
    lines = (line.partition("=") for line in text.split("\n"))
    return next((value.strip() for key, _, value in lines if key.strip() == "Profile"), "")


def access_of(host: Host, name: str) -> Access:
    """Returns the kind of an interface as rounds tell it; "" when it cannot be looked at."""
    folder = f"{NET}/{name}"
    number = _text(host, f"{folder}/type")
    if not number or "/" in name:
        return ""
    uevent = parse_uevent(_text(host, f"{folder}/uevent"))
    present = names_in(host, folder)
    marks = tuple(mark for mark in _MARKS if mark in present)
    kind = kind_of(number, uevent.get("DEVTYPE", ""), marks, hardware=bool(link_of(host, f"{folder}/device")))
    return _ACCESS.get(kind, "other")


def parse_metered(text: str) -> bool:
    """Whether a connection's profile says that it is metered: `metered=1` or 3 of its section [connection]."""
    section = ""
    for line in text.split("\n"):
        if line.startswith("["):
            section = line.strip()
        key, _, value = line.partition("=")
        if section == "[connection]" and key.strip() == "metered":
            return value.strip() in ("1", "3", "yes", "true")
    return False


def _is_phones(host: Host, interface: str) -> bool:
    """Whether an interface is a phone's: by its driver, or Bluetooth's `bnepN`."""
    if not interface:
        return False
    driver = base_name(link_of(host, f"{NET}/{interface}/device/driver"))
    return interface.startswith("bnep") or driver in _PHONE_DRIVERS


def _is_marked(host: Host, interface: str) -> bool:
    """Whether the profile in use is marked as metered, where this account may read it."""
    index = _text(host, f"{NET}/{interface}/ifindex") if interface else ""
    if not index.isdecimal():
        return False
    lines = (line.partition("=") for line in _text(host, f"{NM_DEVICES}/{index}").split("\n"))
    uuid = next((value.strip() for key, _, value in lines if key.strip() == "connection-uuid"), "")
    if not uuid:
        return False
    texts = (_text(host, f"{CONNECTIONS}/{name}") for name in names_in(host, CONNECTIONS)[:_MAX_PROFILES])
    return any(f"uuid={uuid}" in text and parse_metered(text) for text in texts)


def _text(host: Host, path: str) -> str:
    try:
        return host.text(path, 1 << 14).strip()
    except HostError:
        return ""
