"""Laptops that somebody far away drives: on a shelf, on mains, nobody's hands on their own keyboard."""

from datetime import timedelta

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.input_source import InputDevice, InputShare
from farmwatch_schema.observables.media import MediaUse
from farmwatch_schema.observables.network import Gateway

from .. import monitors
from . import disguises, hours, life, ordinary, remote, rhythms, tampering, tunnels
from .device import Change, Device, Facts
from .hardware import PRODUCTS, device_of
from .life import Habits


class Composition(msgspec.Struct, frozen=True, kw_only=True):
    """What one farm laptop is composed of; words as in docs/scenarios.md."""

    kvm: str = "none"
    disguise: str = "default"
    software: str = "none"
    vpn: str = "none"
    tamper: str = "none"
    platform: str = "windows"


def kind_of(made: Composition) -> str:
    """Returns the class under which recall is told."""
    if made.kvm != "none":
        return {"default": "kvm_default", "all": "kvm_every_spoof"}.get(made.disguise, "kvm_spoofed")
    hides = made.vpn in (*tunnels.CONSUMER, "tailscale_exit")
    if made.software != "none":
        if made.vpn == "travel_router":
            return "software_travel_router"
        return "software" if hides else "tool_known" if made.software in remote.KNOWN else "tool_renamed"
    return "vpn" if hides else "mesh" if made.vpn == "tailscale" else made.vpn


def put_on_shelf(
    device: Device, made: Composition, later: bool, lid: str = "", *, timing: bool = False
) -> None:  # fmt: skip
    """Makes an ordinary laptop one of a farm.

    later   it was still in its person's hands at first
    lid     `open` or `closed`; "" for either
    timing  rhythm of input is turned on in its settings
    """
    chance, first = device.chance, device.first
    device.farm = True
    device.kind = kind_of(made)
    device.cohort = "remote_new_hire"
    device.start_on = first - timedelta(days=chance.randrange(0, 6))
    device.facets |= {"kvm": made.kvm, "disguise": made.disguise, "software": made.software, "vpn": made.vpn}
    usual = "closed" if chance.random() < 0.6 else "open"
    lid = lid or usual
    device.facets["lid"] = lid
    shifted = chance.random() < 0.3
    device.facets["hours"] = "shifted" if shifted else "of the place"
    begins = 9.0 + (chance.choice((-8, 8, 10)) if shifted else 0)
    habits = Habits(begins=begins, ends=begins + chance.uniform(8, 11), weekends=0.4, night_awake=True, mains=None,
                    meetings=0)  # fmt: skip
    life.live(device, device.first, habits)
    at = device.enrolled + chance.randrange(1, max(2, device.use.days // 2)) * hours.DAY if later else device.enrolled
    at = device.use.first_awake(at)
    device.since = at
    device.facets["onset"] = "later" if later else "from the start"
    device.later(at, _shelved(lid))
    touched = chance.random() < 0.2
    device.facets["own_input"] = "a little" if touched else "none"
    _input(device, made, at, touched)
    if made.kvm != "none":
        ids, absolute = _plug_in(device, made, at)
        if timing:
            rhythms.driven(device, made.kvm, absolute, ids)
    if made.software != "none":
        installed = at + chance.randrange(0, 1800)
        device.later(installed, remote.installed(made.software, device.platform))
        if made.kvm == "none":
            _driven_by(device, made.software, installed)
    if made.vpn != "none":
        tunnels.set_up(device, made.vpn, at)
    tampering.tamper(device, made.tamper)


def _driven_by(device: Device, tool: str, since: int) -> None:
    """Somebody is connected through a remote tool for as long as there is input."""
    for spell in device.use.spells():
        if spell.end <= since:
            continue
        for at, driven in ((max(spell.start, since), True), (spell.end, False)):
            change = remote.in_session(tool, device.platform, driven)
            if change is not None:
                device.later(at, change, wakes=False)


def _shelved(lid: str) -> Change:
    """On mains, lid as it is; a closed lid takes the panel from Windows and macOS; the camera is used by nobody."""

    def change(facts: Facts) -> None:
        items = [
            msgspec.structs.replace(item, lid=lid, on_ac=True, charge=100, suspends="0")
            if hasattr(item, "lid")
            else item
            for item in facts.items["power"]
        ]
        facts.put("power", *items)
        if lid == "closed" and facts.platform != "linux":
            facts.drop("displays", lambda item: isinstance(item, Display) and item.internal)
        facts.drop("media", lambda item: isinstance(item, MediaUse))

    return change


def _plug_in(device: Device, made: Composition, at: int) -> tuple[str, bool]:
    """Plugs the KVM in; returns its ids and whether it points by absolute position."""
    setup = disguises.set_up(made.kvm, made.disguise, device.chance)
    if setup.detail:
        device.facets["detail"] = setup.detail
    plugged = device_of(setup.built, "1-4")
    shown = monitors.display("HDMI-A-2", setup.edid)
    names = _input_devices(setup, plugged.vendor_id, plugged.product_id)

    def change(facts: Facts) -> None:
        facts.add("usb", plugged)
        facts.add("displays", shown)
        facts.add("input_source", *names)

    device.later(at, change)
    return f"{plugged.vendor_id}:{plugged.product_id}", setup.absolute


def _input_devices(setup: disguises.Setup, vendor: str, product: str) -> list[InputDevice]:
    found = []
    for part in setup.built.parts:
        function = {"keyboard": "keyboard", "other": ""}.get(part.role, "pointer")
        if part.role in ("storage", "net") or not function:
            continue
        found.append(
            InputDevice(
                name=f"{setup.built.manufacturer} {setup.built.name}",
                bus="usb",
                functions=(function,),
                absolute=part.role in ("absolute", "both"),
                vendor_id=vendor,
                product_id=product,
                driver="hid-generic",
            )
        )
    return found


def _input(device: Device, made: Composition, at: int, touched: bool) -> None:
    """What types and points from the onset on; before it the laptop's own keyboard."""
    chance = device.chance
    shares: tuple[InputShare, ...]
    if made.kvm != "none":
        absolute = "relative" not in (made.disguise,) and not (
            made.disguise == "all" and "relative" in PRODUCTS[made.kvm].can
        )
        shares = ordinary.usb_shares(chance.choice((85, 90, 95, 100)), absolute)
    elif made.software != "none" and device.platform == "linux":
        shares = tuple(InputShare(bus="virtual", function=each, percent=95) for each in ("keyboard", "pointer"))
    elif made.software != "none":
        shares = tuple(InputShare(bus="injected", function=each, percent=95) for each in ("keyboard", "pointer"))
    else:
        shares = device.use.usual
    own = ordinary.built_in_shares(5) if touched else ()
    for day in range(device.enrolled // hours.DAY, device.enrolled // hours.DAY + device.use.days + 2):
        if (day + 1) * hours.DAY > at:
            little = own if chance.random() < 0.4 else ()
            device.use.shares[day] = shares + little
    if made.kvm == "none" and made.software != "none" and device.platform == "linux":
        made_up = InputDevice(name="RustDesk UInput Keyboard", bus="virtual", functions=("keyboard",), absolute=False)
        device.later(at, lambda facts: facts.add("input_source", made_up))


def behind(mac: str) -> Change:
    """Returns the move behind a gateway."""

    def change(facts: Facts) -> None:
        facts.items["network"] = tuple(
            msgspec.structs.replace(item, mac=unkeyed("mac", mac)) if isinstance(item, Gateway) else item
            for item in facts.items["network"]
        )

    return change
