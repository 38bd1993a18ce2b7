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


_GALLUP = "Gallup, Indicator: Hybrid Work, remote-capable jobs in the US, February 2023"
_CPS = "US Census Bureau, CPS ASEC 2022: 8.7 % move in a year"
_RICHTER = "Richter et al., IMC 2016"

RATES: dict[str, Rate] = {
    # Who lives with whom, and where a laptop stands at night.
    "couple": Rate(rate=0.012, of="homes", words="a couple at one employer"),
    "flat": Rate(rate=0.0008, of="homes", words="three or four colleagues in one flat"),
    "dormitory": Rate(rate=0.00005, of="homes", words="8 to 20 colleagues in the company's own flats, one network"),
    "student_house": Rate(rate=0.00003, of="homes", words="5 to 12 interns in one house for the season"),
    "branch": Rate(rate=0.0009, of="homes", words="a branch of 4 to 40 that nobody registered"),
    "household_told": Rate(rate=0.25, of="couples and flats", words="the roster says so"),
    # How they work.
    "remote": Rate(rate=0.28, of="laptops", words="works at home only", source=_GALLUP),
    "hybrid": Rate(rate=0.52, of="laptops", words="works at home and at an office", source=_GALLUP),
    "call_centre": Rate(rate=0.10, of="laptops that work at an office only", words="stays there over night"),
    "site_only": Rate(rate=0.25, of="registered offices", words="known by the roster's site, not by the policy"),
    "virtual_gateway": Rate(rate=0.4, of="offices", words="the gateway's MAC is one of VRRP (RFC 9568)"),
    "hot_desk": Rate(rate=0.5, of="offices", words="docks and monitors are anybody's"),
    "co_working": Rate(rate=0.01, of="laptops that work at home", words="two or three days a week in a shared room"),
    "stays_over_night": Rate(rate=0.15, of="laptops of branches", words="is left there over night"),
    # What stands on the desk at home.
    "external_monitor": Rate(rate=0.6, of="desks at home", words="a monitor and a keyboard"),
    "bulk_monitor": Rate(rate=0.15, of="those monitors", words="bought in bulk: no serial, the same EDID on each"),
    "dock": Rate(rate=0.3, of="desks at home", words="a dock with a network adapter"),
    "constant_serial": Rate(rate=0.03, of="desks at home", words="a dongle with one serial for all units"),
    "stick": Rate(rate=0.1, of="desks at home", words="a memory stick"),
    "gamer_kvm": Rate(rate=0.01, of="desks at home", words="a switch for keyboard and screen, an 8 kHz keyboard"),
}
