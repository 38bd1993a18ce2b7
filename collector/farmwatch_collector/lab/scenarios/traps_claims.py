"""Traps of claims: people who are honestly elsewhere than the records say, or look so by their line or telephone."""

from datetime import timedelta

import msgspec

from farmwatch_schema.observables.network import Radio

from .. import cities, lines
from ..cities import City
from ..ways_out import Way
from . import hours, routers, tunnels, whereabouts
from .device import Change, Device, Facts
from .drafting import Draft
from .life import Habits
from .trap_table import trap
from .traps_lines import cabled
from .whereabouts import Elsewhere

#: Nobody has two of them at once: each says where the laptop stands.
_PLACES = ("traveller", "abroad", "shared_network", "moved_house", "second_home", "commuter", "wrong_claim",
           "expatriate")  # fmt: skip
#: Numbers that ACMA keeps free for fiction (acma.gov.au, "Phone numbers for use in TV shows, films").
_FICTION = ("+61491570006", "+61491570156", "+61491570157", "+61491570158", "+61491570159", "+61491570110")


def _others(name: str) -> tuple[str, ...]:
    return tuple(each for each in _PLACES if each != name)


def clock(zone: str, at: int) -> Change:
    """Returns the change to another place's clock."""

    def change(facts: Facts) -> None:
        offset = hours.offset_minutes(zone, hours.day_of(at))
        facts.items["host"] = tuple(
            msgspec.structs.replace(item, time_zone=zone, utc_offset_minutes=offset) for item in facts.items["host"]
        )

    return change


def claims(device: Device, city: City) -> None:
    """Lets the records name another city than the one where the person lives."""
    device.claim, device.claimed = city.place, city


@trap(
    13, 0.006, "2.5 % of people in the US move to another state in a year (Census Bureau, ACS 2022: 8.2 of 331 "
    "million), 8.7 % at all; records that lag by a quarter: assumed", unlike=_others("moved_house"),
)  # fmt: skip
def moved_house(work: Draft, devices: list[Device]) -> Habits:
    """A house moved to another part of the country that the records do not know; a new hire's laptop was sent to
    the new one, and the old address has just been left."""
    (device,) = devices
    chance = device.chance
    old = device.home
    new = cities.another(lambda city: cities.km(city, old) > 300, chance) or old
    whereabouts.settle(device, new)
    claims(device, old)
    if new.zone != device.time_zone:
        device.later(device.enrolled, clock(new.zone, device.enrolled), wakes=False)
    if device.cohort == "remote_new_hire":
        device.vary("new hire")
        sent = work.first - timedelta(days=6)
        left = sent - timedelta(days=chance.randrange(1, 25))
        street = f"{chance.randrange(1, 99)} Example Road"
        device.records |= {"shipped_to": new.place, "shipped_on": sent.isoformat(),
                           "previous_addresses": f"{left}: {street}"}  # fmt: skip
    return Habits()


@trap(13, 0.015, unlike=_others("second_home"))
def second_home(work: Draft, devices: list[Device]) -> Habits:
    """Every other week in a second home, a few hundred km away or more."""
    (device,) = devices
    near = cities.another(lambda city: 150 < cities.km(city, device.home) < 1600, device.chance)
    there = near or cities.beside(device.home, 400, device.chance)
    first = device.enrolled + device.chance.randrange(0, 7) * hours.DAY
    for week in range(0, -(-work.scenario.days // 7), 2):
        begin = first + week * 7 * hours.DAY
        whereabouts.be_at(device, there, begin, begin + 7 * hours.DAY)
    return Habits(mains=0.5)


@trap(13, 0.03, unlike=_others("commuter"))
def commuter(_work: Draft, devices: list[Device]) -> None:
    """Somebody who lives 80 km from the city that the records name."""
    (device,) = devices
    spot = cities.beside(device.home, 80, device.chance)
    device.home = device.facts.here = spot


@trap(13, 0.005, "1 in 200 records: assumed, a clerk's slip", unlike=_others("wrong_claim"))
def wrong_claim(_work: Draft, devices: list[Device]) -> None:
    """A claim entered wrongly: the city of the same name in another state, or another city altogether."""
    (device,) = devices
    same = cities.namesakes(device.home)
    wrong = device.chance.choice(same) if same else cities.another(lambda city: city != device.home, device.chance)
    claims(device, wrong or device.home)
    device.vary("of the same name" if same else "any other")


@trap(13, 0.04, "assumed; a third of a year's people on holiday abroad within four weeks of summer, fewer else")
def holiday(work: Draft, devices: list[Device]) -> Habits:
    """Ten days abroad without the laptop, and a telephone with a card of there that reads mail each day."""
    (device,) = devices
    there = device.chance.choice(cities.ABROAD).country
    days = min(10, max(1, work.scenario.days // 3))
    first = device.chance.randrange(1, max(2, work.scenario.days - days))
    begin = device.enrolled + first * hours.DAY
    line = lines.mobile(there, device.chance) if device.chance.random() < 0.5 else lines.home(there, device.chance)
    device.elsewhere.append(Elsewhere(begin, begin + days * hours.DAY, line, 0.8))
    return Habits(away=(first, first + days))


@trap(14, 0.03, "assumed; providers that lead a region's traffic to one far exchange",
      unlike=("odd_link", "narrow_line", "security_client", "own_router"))  # fmt: skip
def far_exchange(_work: Draft, devices: list[Device]) -> None:
    """A provider that leads all traffic to an exchange some 500 to 1,500 km away first."""
    (device,) = devices
    exchange = cities.another(lambda city: 500 < cities.km(city, device.home) < 1500, device.chance)
    device.later(device.enrolled, routers.through(Way(out=exchange, added_ms=10.0)))


@trap(18, 0.01, unlike=_others("expatriate"))
def expatriate(_work: Draft, devices: list[Device]) -> None:
    """Somebody who lives abroad, as the records know, and keeps the clock of home on the laptop; half of them keep
    a telephone card of home."""
    (device,) = devices
    home, kept = device.home, device.time_zone
    whereabouts.settle(device, device.chance.choice(cities.ABROAD))
    if device.chance.random() < 0.5:
        device.vary("card of home")
        device.elsewhere.append(always(device, lines.mobile(home.country, device.chance), 0.3))
    # The records name the place's zone; hours of work stay the team's.
    device.records["time_zone"] = device.home.zone
    clock(kept, device.enrolled)(device.facts)


@trap(18, 0.02, "assumed; 13.9 % of people in the US were born abroad (Census Bureau, ACS 2022), and few keep a number")
def foreign_number(work: Draft, devices: list[Device]) -> None:
    """A telephone number of another country in the records."""
    (device,) = devices
    used = {each.records.get("phone") for each in work.devices}
    number = next((each for each in _FICTION if each not in used), "")
    if number:
        device.records["phone"] = number


@trap(18, 0.005)
def foreign_card(_work: Draft, devices: list[Device]) -> None:
    """A telephone whose card is of another country, so that its sign-ins come from there wherever it is."""
    (device,) = devices
    country = device.chance.choice(cities.ABROAD).country
    device.elsewhere.append(always(device, lines.mobile(country, device.chance), 0.8))


@trap(
    16, 0.004, unlike=("security_client", "developer", "private_person", "silent_desk", "own_router", "clamshell_desk")
)
def privacy_desk(_work: Draft, devices: list[Device]) -> None:
    """Privacy in earnest: a consumer VPN always up, a cable, Wi-Fi and location off, on half of them Bluetooth too."""
    (device,) = devices
    cabled(device, bluetooth_off=device.chance.random() < 0.5)
    tunnels.set_up(device, device.chance.choice(tunnels.CONSUMER), device.enrolled)
    device.facts.add("network", Radio(kind="location", state="off"))


def always(device: Device, line: lines.Line, share: float) -> Elsewhere:
    """Returns sign-ins through a line on a share of all days."""
    return Elsewhere(device.enrolled, device.enrolled + 10_000 * hours.DAY, line, share)
