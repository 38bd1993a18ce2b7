"""How each system tells of the same laptop: words, names and drivers as the probes read them there.

Sources of the forms: the recorded hosts of the project's tests, each with its own; models and sizes are the makers'.
"""

import msgspec

from farmwatch_schema.formats.hid import features_of
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.displays import Display, DisplayAdapter
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.network import Gateway, NameServer, NetworkInterface, Radio
from farmwatch_schema.observables.sessions import Session
from farmwatch_schema.observables.usb import UsbDevice, UsbInterface

from . import monitors

#: By the last digit of a laptop's number: a company's fleet is mostly Windows and Macs.
_SYSTEMS = ("windows", "macos", "windows", "windows", "macos", "windows", "windows", "macos", "windows", "linux")
MODELS = (
    ("LENOVO", "ThinkPad T14 Gen 4", "LEN", 0x40A9),
    ("Dell Inc.", "Latitude 7440", "LGD", 0x06B3),
    ("HP", "EliteBook 840 G10", "AUO", 0x8A95),
)
_MACS = ("MacBook Pro (14-inch, 2023) (Mac14,9)", "MacBook Air (13-inch, M3, 2024) (Mac15,12)")
#: Drivers of the same thing: Linux's, Windows's, macOS's.
_DRIVERS = {
    "usbhid": ("HidUsb", "AppleUserUSBHostHIDDevice"),
    "usb-storage": ("USBSTOR", "IOUSBMassStorageInterfaceNub"),
    "uvcvideo": ("usbvideo", ""),
    "r8152": ("rtux64w10", "AppleUserECM"),
    "hub": ("USBHUB3", "AppleUSB30Hub"),
}
_CONNECTORS = {
    "windows": {f"HDMI-A-{n}": f"HDMI-{n}" for n in range(1, 6)},
    "macos": {f"HDMI-A-{n}": f"dispext{n - 1}" for n in range(1, 6)},
}
_WIFI = {
    "linux": ("wlp1s0", "iwlwifi", "pci"),
    "windows": ("Wi-Fi", "Intel(R) Wi-Fi 6E AX211 160MHz", "pci"),
    "macos": ("en0", "Wi-Fi", ""),
}
#: Tunnels of products, by name and driver: Linux's and Windows's; a Mac numbers them all, utun.
_TUNNELS = {
    "protonvpn": (("proton0", "tun"), ("ProtonVPN", "ProtonVPN TUN")),
    "tailscale": (("tailscale0", "tun"), ("Tailscale", "Tailscale Tunnel")),
    "globalprotect": (("gpd0", "tun"), ("Ethernet 4", "PANGP Virtual Ethernet Adapter Secure")),
}


def system_of(number: int) -> str:
    """Returns the platform of a simulated laptop."""
    return _SYSTEMS[number % len(_SYSTEMS)]


def machine(platform: str, number: int, serial: str) -> HostFacts:
    """Returns what a laptop is."""
    vendor, model, *_ = MODELS[number % len(MODELS)]
    if platform == "macos":
        vendor, model = "Apple Inc.", _MACS[number % len(_MACS)]
    system, version, kernel = {
        "linux": ("Debian GNU/Linux", "12", "6.1.0-39-amd64"),
        "windows": ("Windows 11 Enterprise", "24H2", "10.0.26100.4349"),
        "macos": ("macOS", "26.1", "25.1.0"),
    }[platform]
    return HostFacts(
        os=system,
        os_version=version,
        kernel=kernel,
        vendor=vendor,
        model=model,
        chassis="laptop",
        hypervisor="",
        serial=unkeyed("serial", serial),
        time_zone="America/Chicago",
        utc_offset_minutes=-360,
        keyboard_layouts=("us",) if platform == "linux" else ("US",),
        languages=("en_US",) if platform == "linux" else ("en-US",),
    )


def panel(platform: str, number: int) -> list[Observable]:
    """Returns the laptop's own screen and what drives it; a Mac shows no EDID of its own screen."""
    if platform == "macos":
        own = Display(connector="disp0", internal=True, virtual=False, active_mode="3024x1964")
        return [own, DisplayAdapter(name="Apple M3", virtual=False)]
    _, _, maker, product = MODELS[number % len(MODELS)]
    own = monitors.display("eDP-1", monitors.built(maker, product, "", f"P{number:05}", 31, 17, 2023), True)
    name, driver = ("Intel(R) Iris(R) Xe Graphics", "igfxn") if platform == "windows" else ("i915", "i915")
    return [own, DisplayAdapter(name=name, driver=driver, hardware_id="pci/8086/a7a1", virtual=False)]


def network(platform: str, mac: str) -> list[Observable]:
    """Returns interfaces, gateway, name server and radios of a laptop on Wi-Fi at home."""
    name, driver, bus = _WIFI[platform]
    router = unkeyed("address", "192.168.1.1")
    found: list[Observable] = [
        NetworkInterface(name=name, kind="wifi", driver=driver, mtu=1500, bus=bus, up=True),
        Gateway(
            family="ipv4", interface=name, address=router, mac=unkeyed("mac", mac), metric=600, sources=("routes",)
        ),
        NameServer(address=router),
        Radio(kind="wifi", state="on"),
    ]
    if platform == "macos":
        found.append(NetworkInterface(name="awdl0", kind="virtual", mtu=1500, bus="virtual", up=True))
        found += [NetworkInterface(name=f"utun{n}", kind="tunnel", mtu=1380, bus="virtual", up=True) for n in range(4)]
    return found


def tunnel(platform: str, product: str) -> NetworkInterface:
    """Returns the interface that a VPN product makes."""
    linux, windows = _TUNNELS[product]
    name, driver = {"linux": linux, "windows": windows}.get(platform, ("utun6", ""))
    return NetworkInterface(name=name, kind="tunnel", driver=driver, mtu=1420, bus="virtual", up=True)


def session(platform: str, user: str) -> Session:
    """Returns the login of whoever sits there."""
    protocol = {"linux": "wayland", "macos": "aqua"}.get(platform, "")
    return Session(origin="console", protocol=protocol, user=unkeyed("user", user))


def told(platform: str, item: Observable) -> Observable:
    """Returns a device or monitor, described as Linux tells it, as this system tells it."""
    if platform == "linux":
        return item
    if isinstance(item, UsbDevice):
        place = item.port_path.replace("1-", "1400-", 1) if platform == "windows" else item.port_path
        parts = tuple(_part(platform, part) for part in item.interfaces)
        return msgspec.structs.replace(item, port_path=place, interfaces=parts)
    if isinstance(item, Display):
        connector = _CONNECTORS[platform].get(item.connector, item.connector)
        return msgspec.structs.replace(item, connector=connector)
    return item


def _part(platform: str, part: UsbInterface) -> UsbInterface:
    windows, macos = _DRIVERS.get(part.driver, ("", ""))
    if platform == "macos":
        return msgspec.structs.replace(part, driver=macos, bcd_hid="", endpoints=())
    # Windows keeps report descriptors to itself, and tells what they say.
    hidden = bytes.fromhex(part.report_descriptor) if part.report_descriptor else b""
    return msgspec.structs.replace(
        part, driver=windows, report_descriptor=None, features=features_of(hidden) if hidden else part.features
    )
