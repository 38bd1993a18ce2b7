"""Days of input for detector tests, and views that remember them as the collector's history does."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec

from farmwatch_detectors.detector import level_table
from farmwatch_detectors.view import DeviceView, Span
from farmwatch_schema.finding import Finding
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_source import InputDay, InputDevice, InputShare

from .views import NOW, view

KEYBOARD = InputDevice(
    name="AT Translated Set 2 keyboard", bus="builtin", functions=("keyboard",), absolute=False, driver="atkbd"
)
TOUCHPAD = InputDevice(
    name="SYNA8004:00 06CB:CD8B Touchpad", bus="builtin", functions=("pointer",), absolute=False,
    vendor_id="06cb", product_id="cd8b", driver="hid-multitouch",
)  # fmt: skip
MOUSE = InputDevice(
    name="Logitech USB Receiver Mouse", bus="usb", functions=("pointer",), absolute=False,
    vendor_id="046d", product_id="c52b", driver="hid-generic",
)  # fmt: skip
OWN = (KEYBOARD, TOUCHPAD)
#: 14:00 to 22:00 UTC, which is nine to five in Chicago in winter.
OFFICE_HOURS = "0" * 14 + "f" * 8 + "00"
LAPTOP = HostFacts(os="Debian GNU/Linux", chassis="laptop", hypervisor="")


def share(bus: str, function: str = "", percent: int = 100, *, absolute: bool | None = False) -> InputShare:
    return InputShare(bus=bus, function=function, percent=percent, absolute=absolute)


EXTERNAL = (share("usb", "keyboard", 45), share("usb", "pointer", 80))
BUILT_IN = (share("builtin", "keyboard", 45), share("builtin", "pointer", 80))


def day(
    ago: int,
    shares: Iterable[InputShare] = EXTERNAL,
    *,
    method: str = "evdev",
    active: int = 480,
    watched: int = 600,
    slots: str = OFFICE_HOURS,
) -> InputDay:
    """A day so many days ago."""
    told = (NOW - timedelta(days=ago)).date().isoformat()
    return InputDay(day=told, method=method, active=active, slots=slots, watched=watched, shares=tuple(shares))


def workdays(count: int, shares: Iterable[InputShare] = EXTERNAL, *, first: int = 0, **more: object) -> list[InputDay]:
    """The last `count` days of a week of seven, all alike; `first` is the latest, days ago."""
    kept = tuple(shares)
    return [day(ago, kept, **more) for ago in range(first, first + count)]  # type: ignore[arg-type]


def remembering(
    days: Sequence[InputDay],
    devices: Iterable[Observable] = OWN,
    host: HostFacts = LAPTOP,
    **more: Iterable[Observable],
) -> DeviceView:
    """A laptop whose latest section holds today and yesterday, and whose history the days before."""
    held = [each for each in days if each.day >= (NOW - timedelta(days=1)).date().isoformat()]
    spans = tuple(
        Span(
            kind="input_source",
            item=each,
            seen_from=NOW - timedelta(days=60),
            seen_until=None if each in held else NOW - timedelta(days=1),
        )
        for each in days
    )
    device = view(input_source=(*devices, *held), host=(host,), **more)  # type: ignore[arg-type]
    return msgspec.structs.replace(device, history={"input_source": spans})


def well_said(found: Finding) -> Finding:
    """The finding, when its level is in its table and its sentence short, a question and no accusation."""
    assert found.level == 0 or found.level in level_table(found.detector)
    assert len(found.sentence.split()) <= 48, found.sentence
    assert "?" in found.sentence or found.sanctioned
    assert found.evidence
    return found


def only(found: Iterable[Finding]) -> Finding:
    """The one finding there is, well said."""
    (one,) = found
    return well_said(one)
