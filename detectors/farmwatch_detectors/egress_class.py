"""States that a laptop is usually seen from a network that hides its users, or from another country than claimed.

Detects
    The public addresses of 30 days, as classes. Level 1: a hosting or VPN network in the last week. Level 2: such a
    network on half of the days and five at least. Level 3: a home's or unknown network of another country than the
    claimed one on four days of five, fifteen at least. The company's own networks and security clients are level 0.
Why
    A VPN on the router, on a travel router or at the KVM's end shows nothing on the laptop; its exit shows here.
Innocent explanations
    Privacy at home; a company's own gateway in a cloud, level 0 while its client runs here; a long journey or an
    assignment; a provider that registers its lines in another country; people who live across a border.
Blind spots
    An exit in somebody's home (residential proxies) looks like a home. Small hosters that no list knows are unknown.
    Carriers' and satellites' addresses speak of no place. Without network data, or behind a proxy that is not
    named as trusted, nothing is seen.
Triage
    Name the company's own exits in the policy; ask which VPN it is; compare with round-trip times and travel.
References
    T1090 Proxy; docs/networks.md tells whose data it is and how networks are classed.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from farmwatch_schema.finding import Evidence

from .detector import Detector, Findings, quote
from .exits import COMPANYS, HIDING, client_of_company, countries, exits_by_day, networks
from .placing import Egress
from .view import DeviceView

LATELY = timedelta(days=7)
USUAL, SHARE = 5, 0.5
ABROAD, ABROAD_SHARE = 15, 0.8


def detect(device: DeviceView) -> Findings:
    """Yields one finding about networks and one about countries."""
    days = exits_by_day(device)
    if not days:
        return
    hiding = {day: own for day, exits in days.items() if (own := [it for it in exits if it.kind in HIDING])}
    own = [it for exits in days.values() for it in exits if it.kind in COMPANYS]
    if hiding and max(hiding) >= device.now.date() - LATELY:
        yield from _hidden(device, days, hiding)
    elif own:
        sentence = f"Seen from {_words(own)}: the company's own or its security client's, which tells of no place."
        yield DETECTOR.finding(0, sentence, _quotes(days, own), "network")
    claim = device.roster.claim if device.roster else None
    plain = {day: found for day, exits in days.items() if (found := countries(exits))}
    if claim and claim.country:
        abroad = {day: found for day, found in plain.items() if claim.country not in found}
        if len(abroad) >= ABROAD and len(abroad) >= ABROAD_SHARE * len(plain):
            yield from _abroad(device, claim.country, days, abroad, len(plain))


def _hidden(device: DeviceView, days: dict[date, tuple[Egress, ...]], hiding: dict[date, list[Egress]]) -> Findings:
    exits = [it for each in hiding.values() for it in each]
    usual = len(hiding) >= USUAL and len(hiding) >= SHARE * len(days)
    client = client_of_company(device) if all(it.kind == "hosting" for it in exits) else ""
    sanction = next((it for it in device.policy.sanctions if it.vpn and device.allowed(vpn=it.vpn)), None)
    what = f"Seen from {_words(exits)}, a network of servers or a VPN's, on {len(hiding)} of {len(days)} days."
    if sanction is not None:
        sentence = f"{what} Policy allows a VPN here: {sanction.words}."
    elif client:
        sentence = f"{what} {client} runs here: could it be the company's own gateway? Check: name it in the policy."
    else:
        sentence = (
            f"{what} It hides where the laptop is. Could it be privacy at home, or the company's own gateway? "
            "Check: name the company's addresses in the policy, or ask which VPN it is."
        )
    level = 0 if sanction or client else 2 if usual else 1
    yield DETECTOR.finding(level, sentence, _quotes(days, exits), "network", since=_since(exits), sanction=sanction)


def _abroad(
    device: DeviceView,
    country: str,
    days: dict[date, tuple[Egress, ...]],
    abroad: dict[date, set[str]],
    known: int,
) -> Findings:
    exits = [it for day in abroad for it in days[day] if countries([it])]
    sanction = device.allowed(claim=True)
    where = ", ".join(sorted({each for found in abroad.values() for each in found}))
    sentence = (
        f"On {len(abroad)} of {known} days it was seen from {where} and not from {country}, the claimed country. Could "
        "it be a long journey, or lines that their provider registers elsewhere? Check: ask where the person works."
    )
    if sanction is not None:
        sentence = f"It was seen from {where} and not from {country}. Policy allows it here: {sanction.words}."
    level = 0 if sanction else 3
    yield DETECTOR.finding(level, sentence, _quotes(days, exits), "country", since=_since(exits), sanction=sanction)


def _words(exits: Iterable[Egress]) -> str:
    names = list(networks(exits))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _quotes(days: dict[date, tuple[Egress, ...]], exits: Iterable[Egress]) -> list[Evidence]:
    found: list[Evidence] = []
    for name in list(networks(exits))[:4]:
        seen = [day for day, each in days.items() if name in networks(each)]
        found.append(quote("egress", name, f"Reports came from there on {len(seen)} days, last on {max(seen)}."))
    return found


def _since(exits: Iterable[Egress]) -> str:
    return min(it.seen_from for it in exits).isoformat()


DETECTOR = Detector(
    id="egress_class",
    group="N",
    title="Public address of a network that hides, or of another country",
    attack=("T1090", "T1090.002"),
    consumes=("processes", "services", "software", "sockets", "host"),
    detect=detect,
)
