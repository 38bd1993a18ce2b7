"""Where input comes from: devices, and how much of a day's activity each kind had. Never what was typed or where."""

import msgspec

from .base import Kind, Observable

#: Activity of a day is told in slots of this length.
SLOT_MINUTES = 15


class InputDevice(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="input_device"):
    """Something that can give input.

    name       as the system names it
    bus        `builtin` (PS/2, I2C, SPI, the laptop's own), `usb`, `bluetooth`, `virtual` (made by software), `remote`
               (a remote session's own) or `other`
    functions  sorted: `keyboard`, `pointer`, `touch`, `tablet`, `gamepad`; buttons, lids and sensors are left out
    absolute   it points by absolute position, and is neither a touch screen nor a tablet; null when not known
    vendor_id, product_id  four lower hex digits; "" when it has none
    driver     kernel driver or service; "" when not known
    """

    name: str
    bus: str
    functions: tuple[str, ...] = ()
    absolute: bool | None = None
    vendor_id: str = ""
    product_id: str = ""
    driver: str = ""


class InputShare(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Part of a day's active time.

    bus       as in InputDevice, or `injected`: given by a program, without a device
    function  `keyboard`, `pointer` or "" when not told apart
    percent   of the active time, rounded to 5; parts may add up to more than 100, because two can be used at once
    absolute  by absolute position; null when not known
    """

    bus: str
    function: str = ""
    percent: int = 0
    absolute: bool | None = None


class InputDay(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="input_day"):
    """How a day's input was made up.

    day       UTC, "2026-11-22"
    method    what was counted: `evdev` (seconds with an event), `interrupts` (seconds with an interrupt or a USB
              transfer), `raw_input` (seconds with a message), `idle_time` (minutes in which a clock was reset)
    active    minutes with any input, rounded up to 15
    slots     24 hex digits: one bit for each quarter of an hour of the day in UTC that had input, first slot first
    watched   minutes in which was looked, rounded down to 15; what was not watched is unknown, not idle
    shares    parts, sorted; () when not told apart
    """

    day: str
    method: str
    active: int = 0
    slots: str = ""
    watched: int = 0
    shares: tuple[InputShare, ...] = ()


KIND = Kind("input_source", "state", (InputDevice, InputDay))
