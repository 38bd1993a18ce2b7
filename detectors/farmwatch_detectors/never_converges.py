"""States that a person and the laptop are never in one country, by sign-ins that did not come through the laptop.

Detects
    Working days of 30 on which the person signed in elsewhere, from an address that is not the laptop's, and in
    another country than the laptop's that day. Level 1: ten such days over two weeks, and not one on which the two
    come together. Level 2: the same, ten days of it from homes' networks.
Why
    Whoever drives a laptop in a farm lives elsewhere, and his phone or own computer signs in from there.
Innocent explanations
    A laptop left at home on a long journey without it; a phone whose card or VPN is of another country; a
    shared account; records that give a person another's laptop.
Blind spots
    Sign-ins through the laptop itself, and through whatever stands beside it, say nothing, and are all that a careful
    operator makes. Addresses of VPNs, hosters, security clients and the company are left out; a journey or one sign-in
    in the laptop's country is enough to come together. Without sign-ins or roster nothing can be compared.
Triage
    Ask for a call from the laptop's place; ask which devices the person signs in with.
References
    T1078 Valid Accounts; docs/networks.md tells how sign-ins come here.
"""

from datetime import date, timedelta

from .detector import Detector, Findings, quote
from .exits import COMPANYS, HIDING, countries, exits_by_day
from .placing import SignIn
from .view import DeviceView

DAYS, LASTING = 10, timedelta(days=14)
_WEEKEND = 5


def detect(device: DeviceView) -> Findings:
    """Yields one finding while the two stay apart."""
    apart: dict[date, list[SignIn]] = {}
    for day, elsewhere in _elsewhere(device).items():
        laptop = _laptop(device, day)
        if laptop & {each.country for each in elsewhere}:
            return
        if laptop and day.weekday() < _WEEKEND:
            apart[day] = elsewhere
    if len(apart) < DAYS or max(apart) - min(apart) < LASTING - timedelta(days=1):
        return
    homes = [day for day, found in apart.items() if any(each.kind == "residential" for each in found)]
    there = sorted({each.country for found in apart.values() for each in found})
    here = sorted({country for day in apart for country in _laptop(device, day)})
    sanction = device.allowed(claim=True)
    sentence = (
        f"On {len(apart)} working days the person signed in from {', '.join(there)} while the laptop was in "
        f"{', '.join(here)}, and never where it is. Could it be a phone with a foreign card, or a laptop left at "
        "home? Check: ask which devices sign in, and for a call from the laptop's place."
    )
    if sanction is not None:
        sentence = f"The person signs in from {', '.join(there)}. Policy allows it here: {sanction.words}."
    quotes = [
        quote("sign_ins", f"sign-ins from {country}", _fact(days))
        for country in there[:4]
        if (days := [day for day, found in apart.items() if any(each.country == country for each in found)])
    ]
    level = 0 if sanction else 2 if len(homes) >= DAYS else 1
    yield DETECTOR.finding(level, sentence, quotes, "sign-ins", since=min(apart).isoformat(), sanction=sanction)


def _fact(days: list[date]) -> str:
    return f"On {len(days)} working days, first on {min(days)}, last on {max(days)}, from an address not the laptop's."


def _elsewhere(device: DeviceView) -> dict[date, list[SignIn]]:
    """Returns sign-ins by day (UTC) that speak of where the person is, and did not come through the laptop's line."""
    lines = {each.address.digest for each in device.egress}
    found: dict[date, list[SignIn]] = {}
    for each in device.sign_ins:
        through = each.address is not None and each.address.digest in lines
        if each.country and not through and each.kind not in (*HIDING, *COMPANYS, "private"):
            found.setdefault(each.at.date(), []).append(each)
    return found


def _laptop(device: DeviceView, day: date) -> set[str]:
    """Returns the countries that the laptop was in that day, by its addresses, else by the claim; empty: not known."""
    exits = exits_by_day(device).get(day, ())
    found = countries(exits) | {each.country for each in exits if each.kind == "mobile" and each.country}
    if found or not exits:
        return found
    disproved = device.placing is not None and device.placing.verdict in ("impossible", "inconsistent")
    claim = device.roster.claim if device.roster else None
    return {claim.country} if claim and claim.country and not disproved else set()


DETECTOR = Detector(
    id="never_converges",
    group="N",
    title="Person and laptop never in one country",
    attack=("T1078",),
    consumes=("latency",),
    detect=detect,
)
