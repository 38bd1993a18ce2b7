"""What an entry of deception.yaml holds: programs and virtual devices that feign presence, a face, a monitor or input.

Programs, services and packages are matched as those of every other catalogue, by `matching.deception_index()` and
`programs.recognised`. What is no program (a camera's name, a display adapter's hardware id, a kernel module) is looked
up here.
"""

from collections.abc import Iterator
from functools import cache
from typing import Literal, get_args

import msgspec

from ..products import Hints, Product
from . import load

Category = Literal[
    "mouse-jiggler", "keep-awake", "virtual-camera", "voice-changer", "virtual-audio", "virtual-display",
    "input-sharing", "usb-over-ip", "ai-agent",
]  # fmt: skip
"""mouse-jiggler: gives input that nobody gave; keep-awake: prevents sleep, and gives no input; input-sharing: one
keyboard for several computers, or input devices made by software; usb-over-ip: USB devices from another computer;
ai-agent: a program that works with screen and input for its user."""

How = Literal["device_name", "hardware_id", "driver", "monitor"]


class DeceptionHints(Hints, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Facts that no source confirmed; fields as in DeceptionTool."""

    device_names: tuple[str, ...] = ()
    hardware_ids: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    monitors: tuple[str, ...] = ()


class DeceptionTool(Product, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program or driver that feigns something.

    device_names  names of its camera, microphone, monitor, display adapter or input device; "Sunshine*" is a prefix
    hardware_ids  of its device as Windows names it, case set aside: "root/mttvdd"
    drivers       kernel modules and names of its drivers
    monitors      manufacturer and product in the EDID of its monitors, "MTT:1337"
    """

    category: Category
    device_names: tuple[str, ...] = ()
    hardware_ids: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    monitors: tuple[str, ...] = ()
    hints: DeceptionHints = DeceptionHints()


class DeviceMatch(msgspec.Struct, frozen=True):
    """One thing by which a device was recognised; `confirmed` is false where no source confirmed that mark."""

    tool: DeceptionTool
    how: How
    seen: str
    confirmed: bool


@cache
def tools(*categories: Category) -> tuple[DeceptionTool, ...]:
    """Returns the entries of these categories, of all when none is named."""
    entries = load("deception", DeceptionTool).entries
    return tuple(tool for tool in entries if not categories or tool.category in categories)


def device_matches(name: str = "", hardware_id: str = "", driver: str = "", monitor: str = "") -> Iterator[DeviceMatch]:
    """Yields which tools make a device of this name, hardware id, driver or monitor; what is "" is not looked at.

    Names are compared whole and case set aside. A hardware id may be a whole one ("ROOT\\MttVDD", "root/mttvdd") or
    one part of a longer id ("DISPLAY\\PSCCDD0\\5&1"). A tool whose confidence is `unverified` is never confirmed.
    """
    exact, prefixes = _index()
    seen: dict[How, tuple[str, ...]] = {
        "device_name": (name.strip().casefold(),),
        "hardware_id": tuple(dict.fromkeys((_id(hardware_id), *_id(hardware_id).split("/")))),
        "driver": (driver.strip().casefold().removesuffix(".sys"),),
        "monitor": (monitor.strip().casefold(),),
    }
    shown: dict[How, str] = {"device_name": name, "hardware_id": hardware_id, "driver": driver, "monitor": monitor}
    for how, texts in seen.items():
        for text in texts:
            for tool, confirmed in exact.get((how, text), ()) if text else ():
                yield DeviceMatch(tool, how, shown[how], confirmed)
        if how == "device_name" and texts[0]:
            for prefix, tool, confirmed in prefixes:
                if texts[0].startswith(prefix):
                    yield DeviceMatch(tool, how, name, confirmed)


def _id(hardware_id: str) -> str:
    return hardware_id.strip().casefold().replace("\\", "/")


_Exact = dict[tuple[How, str], list[tuple[DeceptionTool, bool]]]


@cache
def _index() -> tuple[_Exact, list[tuple[str, DeceptionTool, bool]]]:
    exact: _Exact = {}
    prefixes: list[tuple[str, DeceptionTool, bool]] = []
    for tool in tools():
        for marks, confirmed in ((tool, tool.confidence != "unverified"), (tool.hints, False)):
            for how, texts in zip(
                get_args(How), (marks.device_names, marks.hardware_ids, marks.drivers, marks.monitors), strict=True
            ):
                for text in texts:
                    if how == "device_name" and text.endswith("*"):
                        prefixes.append((text[:-1].casefold(), tool, confirmed))
                    else:
                        key = _id(text) if how == "hardware_id" else text.casefold()
                        exact.setdefault((how, key), []).append((tool, confirmed))
    return exact, prefixes
