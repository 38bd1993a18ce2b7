"""Observables of simulated laptops, keyed once: what is equal on two laptops is one object."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from farmwatch_schema.codec import decode_items
from farmwatch_schema.identifiers import Identifier, Keyer
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.input_source import InputDevice
from farmwatch_schema.observables.power import PowerFacts
from farmwatch_schema.observables.usb import UsbDevice

from .. import equipment, monitors, programs, surroundings, systems
from ..scenarios.telling import told

Items = tuple[Observable, ...]
#: So many models of laptops differ: MODELS of systems.py, and two Macs; numbers of lab/systems.py go by both.
MODELS = 6
YEAR = 2021


class Stock:
    """Makes and keeps keyed observables.

    keyer  the company's
    """

    def __init__(self, keyer: Keyer) -> None:
        self.keyer = keyer
        self._kept: dict[Any, Any] = {}

    def key(self, kind: str, text: str) -> Identifier:
        """Returns an identifier; use `kept_key` for one that comes again and again."""
        return self.keyer.key(kind, text)

    def kept_key(self, kind: str, text: str) -> Identifier:
        """Returns an identifier that is made once."""
        name = (kind, text)
        if name not in self._kept:
            self._kept[name] = self.keyer.key(kind, text)
        found: Identifier = self._kept[name]
        return found

    def keyed(self, kind: str, items: Sequence[Observable]) -> Items:
        """Returns what probes yield with its identifiers keyed, as it comes out of a report."""
        data = msgspec.json.encode(list(items), enc_hook=self.keyer.hook)
        return tuple(decode_items(kind, msgspec.Raw(data)))

    def _once(self, name: Any, kind: str, items: Sequence[Observable], platform: str) -> Items:
        if name not in self._kept:
            self._kept[name] = self.keyed(kind, [each for item in items for each in told(platform, item)])
        found: Items = self._kept[name]
        return found

    def usual(self, platform: str, kind: str) -> Items:
        """Returns what every laptop of a platform shows: programs and services."""
        makers: dict[str, Callable[[str], Sequence[Observable]]] = {
            "processes": programs.ordinary,
            "software": programs.software,
            "services": programs.services,
            "sockets": programs.sockets,
        }
        name = (platform, kind)
        if name not in self._kept:
            self._once(name, kind, makers[kind](platform), platform)
        found: Items = self._kept[name]
        return found

    def told(self, platform: str, name: str, kind: str, items: Sequence[Observable]) -> Items:
        """Returns further things of a kind under a name, as a platform tells them; made once."""
        return self._once(("told", platform, name), kind, items, platform)

    def host(self, platform: str, model: int, serial: str, zone: str, offset: int) -> Items:
        """Returns what a laptop is."""
        (usual,) = self._once(("host", platform, model), "host", [systems.machine(platform, model, "S")], platform)
        assert isinstance(usual, HostFacts)
        return (
            msgspec.structs.replace(
                usual, serial=self.key("serial", serial), time_zone=zone, utc_offset_minutes=offset
            ),
        )

    def session(self, platform: str, user: str) -> Items:
        """Returns the login of whoever sits there."""
        name = ("session", platform)
        found = [systems.session(platform, "user")]
        if platform == "macos":
            gap = Gap(what="logins that ended, beyond the last on each terminal", outcome="not_supported")
            usual = self._once(name, "sessions", [*found, gap], platform)
        else:
            usual = self._once(name, "sessions", found, platform)
        return (msgspec.structs.replace(usual[0], user=self.key("user", user)), *usual[1:])

    def power(self, platform: str, lid: str, on_ac: bool, charge: int, cycles: int) -> Items:
        """Returns lid, mains and battery."""
        facts = PowerFacts(lid=lid, on_ac=on_ac, battery=True, charge=charge, cycles=cycles, suspends="1")
        gap = (Gap(what="wake locks", outcome="not_supported"),) if platform == "windows" else ()
        return self._once(("power", platform, facts), "power", (facts, *gap), platform)

    def panel(self, platform: str, model: int) -> Items:
        """Returns the laptop's own screen and what drives it. One model's panels bear no serial here: few do."""
        return self._once(("panel", platform, model), "displays", systems.panel(platform, model), platform)

    def camera(self, platform: str) -> Items:
        """Returns the laptop's own devices on the USB; a Mac has none."""
        return () if platform == "macos" else self.thing(platform, "camera", equipment.webcam("1-5"))

    def thing(self, platform: str, name: str, *things: Observable, serial: str | None = None) -> Items:
        """Returns devices on the USB; `serial` takes the place of the last one's."""
        usual = self._once(("usb", platform, name), "usb", things, platform)
        if serial is None:
            return usual
        return (*usual[:-1], msgspec.structs.replace(usual[-1], serial=self.key("serial", serial)))

    def alike(self, platform: str, connector: str, edid: bytes) -> Display:
        """Returns a monitor as a laptop reports it, of which many units show these very bytes."""
        name = ("monitor", platform, connector, edid)
        if name not in self._kept:
            (self._kept[name],) = self.keyed("displays", [systems.told(platform, monitors.display(connector, edid))])
        found: Display = self._kept[name]
        return found

    def unit(self, platform: str, model: tuple[str, int, str, int, int], serial: str) -> Display:
        """Returns one unit of a model of `scenarios.ordinary.MONITORS`.

        What stays when its serial is zeroed is the model's, and read once: an EDID takes a tenth of a millisecond.
        """
        maker, product, name, width, height = model
        key = ("model", platform, model)
        if key not in self._kept:
            first = monitors.built(maker, product, name, "0", width, height, YEAR)
            self._kept[key] = self.alike(platform, "HDMI-A-1", first)
        usual: Display = self._kept[key]
        edid = monitors.built(maker, product, name, serial, width, height, YEAR)
        digest = hashlib.sha256(edid).hexdigest()
        number = int.from_bytes(edid[12:16], "little")  # VESA E-EDID 1.4, section 3.4.3
        return msgspec.structs.replace(
            usual, edid_digest=digest, base_digest=digest, serial=self.key("edid_serial", serial),
            serial_number=self.key("edid_serial", f"0x{number:08x}"),
        )  # fmt: skip

    def own_input(self, platform: str) -> Items:
        """Returns the laptop's own keyboard and pointer."""
        items = surroundings._devices(platform, external=False)  # noqa: SLF001 - the lab's own forms
        return self._once(("input", platform), "input_source", items, platform)

    def external_input(self, plugged: Sequence[Observable]) -> Items:
        """Returns what the system makes of keyboards and pointers on the USB, by their boot protocols."""
        found: list[Observable] = []
        for device in plugged:
            if isinstance(device, UsbDevice):
                found += [
                    InputDevice(
                        name=f"{device.manufacturer} {device.product}", bus="usb", functions=(function,),
                        absolute=False, vendor_id=device.vendor_id, product_id=device.product_id, driver="hid-generic",
                    )
                    for function, triple in (("keyboard", "03/01/01"), ("pointer", "03/01/02"))
                    if any(part.class_triple == triple for part in device.interfaces)
                ]  # fmt: skip
        return tuple(found)
