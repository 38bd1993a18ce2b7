"""How often what happens: every rate of the simulator, with where it comes from. docs/simulate.md shows this table."""

import msgspec

ASSUMED = "assumed"


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A share.

    rate    0 to 1
    of      of what it is the share
    words   what happens
    source  publication, or `assumed`
    """

    rate: float
    of: str
    words: str
    source: str = ASSUMED


_GALLUP = "Gallup, Indicator: Hybrid Work (US, remote-capable jobs), February 2023: 28 % remote, 52 % hybrid"
_HYATT = (
    "assumed, after Hyatt, Monthly Labor Review 2019: 11 to 13 % of dual-earner couples share an employer (US, 2000); "
    "half of them with a laptop each"
)
_JOLTS = "BLS, JOLTS, September 2024: hires 3.5 % of employment in a month, separations 3.3 %"
_CPS = "Census Bureau, CPS ASEC 2022: 8.7 % of people move in a year"
_LRG = "Leichtman Research Group, 2023: 7.8 of 114.7 million broadband lines of the largest US providers"
_MANDALARI = "assumed, after Mandalari et al., PAM 2017: 10 % of 60 fixed providers in Europe and the US had some"
_PADMANABHAN = "assumed, after Padmanabhan et al., IMC 2016: 20 providers worldwide renumber at multiples of 24 hours"
_OSQUERY = "assumed, after osquery issue 8106: identical monitors with one serial"


def _rate(rate: float, of: str, words: str, source: str = ASSUMED) -> Rate:
    return Rate(rate=rate, of=of, words=words, source=source)


RATES: dict[str, Rate] = {
    # Who lives with whom.
    "couple": _rate(0.02, "homes", "a couple at one employer", _HYATT),
    "flat": _rate(0.001, "homes", "three or four colleagues in one flat"),
    "dormitory": _rate(0.00005, "homes", "8 to 20 colleagues in company flats on one network"),
    "student_house": _rate(0.00003, "homes", "5 to 12 interns in one house, all new within three weeks"),
    "branch": _rate(0.0009, "homes", "not a home but a branch of 4 to 40 that nobody registered"),
    "household_told": _rate(0.25, "couples and flats", "the roster says so"),
    "shared_monitor": _rate(0.3, "couples and flats", "one desk with dock and monitor for all, in turn"),
    # Routers and lines.
    "own_router": _rate(0.4, "homes", "a router of their own, not the provider's"),
    "mesh": _rate(0.15, "homes", "two or three access points"),
    "extra_router": _rate(0.04, "homes", "a second router behind the first"),
    "default_mac": _rate(0.003, "homes", "a cheap router with one MAC for all units"),
    "cgnat": _rate(0.05, "homes on fixed lines", "carrier-grade NAT", _MANDALARI),
    "mobile_line": _rate(0.068, "homes", "fixed wireless, with carrier-grade NAT", _LRG),
    "satellite_line": _rate(0.01, "homes", "satellite, with carrier-grade NAT"),
    "daily_address": _rate(0.05, "homes on fixed lines", "a new address each day, else once in 100 days", _PADMANABHAN),
    "family_vpn": _rate(0.02, "laptops at home", "a consumer VPN on half of the days"),
    # How people work.
    "remote": _rate(0.28, "laptops", "at home only", _GALLUP),
    "hybrid": _rate(0.52, "laptops", "half of the days at an office", _GALLUP),
    "call_centre": _rate(0.10, "laptops of those who work at an office", "stays there over night, in shifts"),
    "co_working": _rate(0.03, "remote laptops", "two or three days a week in a shared room"),
    "campus": _rate(0.01, "hybrid laptops", "a guest on a customer's campus, not at an office"),
    "stays_over_night": _rate(0.15, "laptops of branches", "is left there over night"),
    "site_only": _rate(0.25, "offices", "known by the roster's site, not by the policy"),
    "virtual_gateway": _rate(0.4, "offices", "a gateway with a MAC of VRRP (RFC 9568), the same elsewhere"),
    "hot_desk": _rate(0.5, "offices", "docks and monitors are anybody's"),
    # Who comes and goes, in 30 days.
    "hire": _rate(0.035, "laptops in 30 days", "somebody new", _JOLTS),
    "leave": _rate(0.033, "laptops in 30 days", "its person leaves, and it goes silent", _JOLTS),
    "reissue": _rate(0.2, "laptops of those who leave", "has another person some days later, by way of a depot"),
    "bench": _rate(0.5, "new laptops", "one to three days on a staging bench, unused; else sent unopened"),
    "onboarding": _rate(0.1, "new people", "the first three days at one hotel"),
    "repair": _rate(0.006, "laptops in 30 days", "a few days at a depot"),
    "move": _rate(0.0073, "laptops in 30 days", "its person moves", _CPS),
    "journey": _rate(0.08, "laptops in 30 days", "two to four days at a hotel"),
    "holiday": _rate(0.25, "laptops in 30 days", "off for one or two weeks"),
    # What stands on the desk at home.
    "external_monitor": _rate(0.6, "desks at home", "a monitor and a keyboard"),
    "bulk_monitor": _rate(0.15, "those monitors", "bought in bulk: no serial, the same EDID on each"),
    "constant_monitor": _rate(0.05, "those monitors", "one and the same serial on every unit", _OSQUERY),
    "dock": _rate(0.3, "desks at home", "a dock with a network adapter"),
    "constant_serial": _rate(0.03, "desks at home", "a dongle with one serial for all units"),
    "stick": _rate(0.1, "desks at home", "a memory stick"),
    "lent_stick": _rate(0.01, "laptops", "a day with a stick that goes round among colleagues"),
    "gamer_kvm": _rate(0.01, "desks at home", "a switch for keyboard and screen, an 8 kHz keyboard"),
}
