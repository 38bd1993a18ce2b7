"""Laptops that somebody far away drives: on a shelf, on mains, nobody's hands on their own keyboard."""

from datetime import timedelta

import msgspec

from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.displays import Display
from farmwatch_schema.observables.input_source import InputDevice, InputShare
from farmwatch_schema.observables.media import MediaUse
from farmwatch_schema.observables.network import Gateway

from .. import cities, lines, monitors
from ..ways_out import Way
from . import disguises, hours, life, ordinary, remote, rhythms, routers, tampering, tunnels, whereabouts
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
    place: str = "none"
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
    if made.place != "none":
        return made.place
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
    if made.place != "none":
        _in_hand(device, made.place)
        return
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


def _in_hand(device: Device, place: str) -> None:
    """A laptop in the hands of somebody who is not where the records say: nothing on it is odd but its place.

    From the start, on the clock of the claim for the most part, and with hours of the claim's or the true place.
    """
    chance = device.chance
    device.facets["place"] = place
    device.kind = place
    claimed = device.home
    abroad = [city for city in cities.OPERATORS if cities.km(city, claimed) > 5000]
    there = chance.choice(abroad)
    begins = chance.choice((9.0, 9.0, 12.0, 20.0))
    life.live(device, device.first, Habits(begins=begins, ends=begins + chance.uniform(7, 10), weekends=0.2))
    device.since = device.use.first_awake(device.enrolled)
    if place == "far_farm":
        there = cities.another(lambda city: cities.km(city, claimed) > 1900, chance) or there
    if place == "apart":  # a laptop at home with its host, whose driver signs in from a computer of his own
        line = lines.home(there.country, chance)
        device.elsewhere.append(whereabouts.Elsewhere(device.enrolled, device.enrolled + 400 * hours.DAY, line, 0.8))
        return
    device.home = device.facts.here = there
    if place in ("shipped_abroad", "far_farm"):
        whereabouts.hang_on(device, lines.home(there.country, chance))
        return
    model = chance.choices(routers.MODELS, [each.weight for each in routers.MODELS])[0]
    if place == "home_exit":  # a travel router whose tunnel ends at a line in the claimed city
        device.facets["router"] = model.name
        device.later(device.enrolled, tunnels.another_gateway(ordinary.mac(chance, model.oui)))
    else:  # an ordinary router that sends all to a VPN's exit in the claimed country
        whereabouts.hang_on(device, lines.vpn(claimed.country, chance))
    way = Way(mtu=model.mtu, out=claimed, added_ms=chance.uniform(10, 40), spread_ms=5.0, carried=True)
    device.later(device.enrolled, routers.through(way))


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
