"""What stands around an ordinary laptop: a router's Wi-Fi, a headset, a camera, extensions, its own keyboard.

Products and extension ids are real; addresses are invented.
"""

import random
from datetime import date

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.bluetooth import BluetoothAdapter, BluetoothDevice
from farmwatch_schema.observables.browsers import BrowserExtension
from farmwatch_schema.observables.input_source import InputDay, InputDevice, InputShare
from farmwatch_schema.observables.media import MediaDevice, MediaUse
from farmwatch_schema.observables.wifi import WifiConnection

#: uBlock Origin Lite, 1Password, Google Docs offline, by the ids of the Chrome Web Store.
_EXTENSIONS = (
    "ddkjiahejlhfcafbddmgiahcphecmpfh",
    "aeblfdkhhhdcdjpifhhbdiojplfjncoa",
    "ghbmnnjooekpmoecnnnilnnbdlolhkhi",
)
_METHODS = {"linux": "evdev", "windows": "raw_input", "macos": "idle_time"}
_WITHHELD = "name and address of the Wi-Fi network"

Found = dict[str, list[Observable]]


def around(platform: str, number: int, today: date, external: bool, chance: random.Random) -> Found:
    """Returns observables by kind; `external` says whether keyboard and monitor stand on the desk."""
    return {
        "wifi": _wifi(platform, number),
        "bluetooth": _bluetooth(platform, number, chance),
        "media": _media(platform, number, today),
        "browsers": [BrowserExtension(browser="chrome", id=each) for each in _EXTENSIONS[: number % 4]],
        "input_source": [*_devices(platform, external), day(platform, today, external, chance)],
    }


def day(platform: str, today: date, external: bool, chance: random.Random, built_in: bool = True) -> InputDay:
    """Returns a working day's input; a Mac does not tell whose it was."""
    start, hours = chance.randrange(13, 16), chance.randrange(7, 10)
    slots = "".join("f" if start <= hour < start + hours else "0" for hour in range(24))
    part = 60 if external else 0
    shares = [InputShare(bus="usb", function=each, percent=part or 100) for each in ("keyboard", "pointer")]
    if built_in:
        shares = shares if external else []
        shares += [InputShare(bus="builtin", function=each, percent=100 - part) for each in ("keyboard", "pointer")]
    if platform == "macos":
        shares = []
    return InputDay(
        day=today.isoformat(),
        method=_METHODS[platform],
        active=60 * hours,
        slots=slots,
        watched=60 * (hours + 2),
        shares=tuple(sorted(shares, key=lambda share: (share.bus, share.function))),
    )


def _wifi(platform: str, number: int) -> list[Observable]:
    if platform == "macos":
        # macOS shows both to programs that may know the place, and a service is none.
        gap = Gap(what=_WITHHELD, outcome="not_permitted")
        return [WifiConnection(interface="en0", band="5", signal="strong", standard="802.11ax"), gap]
    return [
        WifiConnection(
            interface="Wi-Fi" if platform == "windows" else "wlp1s0",
            bssid=unkeyed("mac", f"3c:a6:2f:{number:02x}:20:01"),
            ssid=unkeyed("ssid", f"home-{number}"),
            band="5",
            signal="fair" if number % 3 else "strong",
            standard="802.11ax",
        )
    ]


def _bluetooth(platform: str, number: int, chance: random.Random) -> list[Observable]:
    bus = "pci" if platform == "macos" else "usb"
    own = BluetoothAdapter(address=unkeyed("mac", f"a4:83:e7:00:{number:02x}:01"), powered=True, bus=bus)
    if number % 3 == 0:
        return [own]
    headset = BluetoothDevice(
        kind="audio",
        address=unkeyed("mac", f"f0:5c:d5:{number:02x}:{chance.randrange(256):02x}:01"),
        hid=False,
        connected=bool(number % 2),
    )
    return [own, headset]


def _media(platform: str, number: int, today: date) -> list[Observable]:
    app, path = {
        "windows": ("Zoom.exe", r"C:\Program Files\Zoom\bin\Zoom.exe"),
        "macos": ("us.zoom.xos", None),
        "linux": ("zoom", "/opt/zoom/zoom"),
    }[platform]
    bus = "builtin" if platform == "macos" else "usb"
    camera = "FaceTime HD Camera" if platform == "macos" else "Integrated Camera"
    found: list[Observable] = [
        MediaDevice(what="camera", name=camera, virtual=False, bus=bus, in_use=False),
        MediaDevice(what="microphone", name="Microphone", virtual=False, bus="builtin", in_use=False),
    ]
    if platform == "windows" and number % 2:
        found += [
            MediaUse(what=what, app=app, path=path, last_used=today.isoformat()) for what in ("camera", "microphone")
        ]
    return found


def _devices(platform: str, external: bool) -> list[Observable]:
    own = {
        "windows": (("Standard PS/2 Keyboard", "i8042prt"), ("HID-compliant touch pad", "mouhid")),
        "macos": (("Apple Internal Keyboard / Trackpad", "AppleHIDTransportHIDDevice"),) * 2,
        "linux": (("AT Translated Set 2 keyboard", "atkbd"), ("Synaptics touchpad", "hid-multitouch")),
    }[platform]
    found: list[Observable] = [
        InputDevice(name=name, bus="builtin", functions=(function,), absolute=False, driver=driver)
        for (name, driver), function in zip(own, ("keyboard", "pointer"), strict=True)
    ]
    if external:
        found.append(
            InputDevice(
                name="USB Keyboard",
                bus="usb",
                functions=("keyboard",),
                absolute=False,
                vendor_id="046d",
                product_id="c31c",
            )
        )
    return found
