"""States that a laptop is not where the records say, by round-trip times that no place near there explains.

Detects
    Two of the last three measurable days against the claim. Level 1: inconsistent (calibrated rules); level 2: so on
    five days and more, and never otherwise. Level 3: impossible (light is not that fast, by two landmarks); level 5: so
    throughout. Level 4: two signs on two days that somebody adds delay to some landmarks. A sanction is level 0.
Why
    A farm's laptop stands where its host lives, or abroad, and not where the person claims to be.
Innocent explanations
    A journey, a holiday, a second home; a house moved; a claim entered wrongly; a company's network whose traffic
    leaves elsewhere. What cannot be measured (tunnels, security clients, satellites that answer) states nothing; a
    security client that runs here, and whose network all those days were seen from, is level 0.
Blind spots
    A farm in the claimed metropolis: nearness is never proved, absence alone. Below some 1,000 km little is seen.
    Whoever adds delay to every landmark that there is hides all but large distances.
Triage
    Ask where the person works these weeks; compare with travel booked, sign-ins and the public address.
References
    docs/place.md; Gueye et al., IMC 2004; Weinberg et al., IMC 2018; Gill et al., USENIX Security 2010.
"""

from farmwatch_schema.finding import Evidence

from .detector import Detector, Findings, quote
from .exits import COMPANYS, client_of_company, exits_by_day
from .placing import Circle, DayVerdict, Placing
from .view import DeviceView

#: From so many measurable days on, all of them against the claim, it is no journey of a few days.
WEEK = 5
#: Signs of added delay on one day, and days with so many: each alone has harmless causes.
SIGNS, DAYS = 2, 2
_MOST_CIRCLES = 4

_SIGNS = {
    "uniform_minimum": "every landmark is far, and about equally so",
    "control_differs": "the company's own landmark tells of another place",
    "methods_disagree": "connects and echoes to the same servers differ",
    "plan_dependent": "landmarks asked for the first time tell of another place",
}
_RULES = {
    "light": "light in fibre is not that fast",
    "margin": "no network measured was that fast",
    "likelihood": "another place explains the times far better",
    "excess": "all that is near the claim is slow, and something else is not",
}


def detect(device: DeviceView) -> Findings:
    """Yields one finding about the claim and one about added delay."""
    placing = device.placing
    if placing is None or device.roster is None or device.roster.claim is None:
        return
    sanction = device.allowed(claim=True)
    if placing.verdict in ("impossible", "inconsistent"):
        level, often = _level(placing)
        says = "rule out" if placing.verdict == "impossible" else "do not fit"
        sentence = (
            f"Its round-trip times {says} the claimed place. {placing.sentence} {often} Could it be a journey, a "
            "second home, a claim entered wrongly, or traffic that the company lets out elsewhere? Check: ask where "
            "the person works these weeks."
        )
        client = _let_out_by(device, placing)
        if client and sanction is None:
            sentence = (
                f"Its round-trip times {says} the claimed place, and are of {client}: it runs here, and lets the "
                "traffic out elsewhere."
            )
        quotes = [_quote(circle) for circle in _circles(placing)] or [_rules(placing)]
        yield DETECTOR.finding(0 if sanction or client else level, sentence, quotes, "claim", sanction=sanction)
    delayed = [day for day in placing.days if len(day.footprint) >= SIGNS]
    if len(delayed) >= DAYS:
        signs = sorted({sign for day in delayed for sign in day.footprint})
        sentence = (
            f"On {len(delayed)} days somebody seems to add delay on this laptop's way to landmarks: "
            f"{'; '.join(_SIGNS.get(sign, sign) for sign in signs)}. Could it be a proxy or a network that shapes "
            "traffic? Check: what stands between laptop and line."
        )
        quotes = [quote("latency", f"signs on {day.day}", _said(day)) for day in delayed[-_MOST_CIRCLES:]]
        yield DETECTOR.finding(0 if sanction else 4, sentence, quotes, "added_delay", sanction=sanction)


def _let_out_by(device: DeviceView, placing: Placing) -> str:
    """Returns the company's security client whose exit all days against the claim were seen from; "" otherwise.

    Both are needed: its network alone is also that of a VPN that anybody can put on a router.
    """
    client, seen = client_of_company(device), exits_by_day(device)
    against = [day.day for day in placing.days if day.verdict in ("impossible", "inconsistent")]
    exits = [seen.get(day, ()) for day in against]
    return client if exits and all(each and all(it.kind in COMPANYS for it in each) for each in exits) else ""


def _level(placing: Placing) -> tuple[int, str]:
    measured = [day.verdict for day in placing.days if day.verdict != "unmeasurable"]
    against = sum(verdict != "consistent" for verdict in measured)
    throughout = len(measured) >= WEEK and against == len(measured)
    often = f"So on {against} of {len(measured)} days that could be measured."
    if placing.verdict == "impossible":
        return (5 if throughout and measured.count("impossible") >= WEEK else 3), often
    return (2 if throughout else 1), often


def _circles(placing: Placing) -> list[Circle]:
    """Returns circles of the day that the sentence is of, else of the newest that breaks: those that exclude most."""
    breaking = [day for day in reversed(placing.days) if any(circle.breaks for circle in day.circles)]
    day = next((day for day in breaking if day.sentence == placing.sentence), next(iter(breaking), None))
    broken = [circle for circle in day.circles if circle.breaks] if day else []
    return sorted(broken, key=lambda circle: circle.radius_km - circle.claim_km)[:_MOST_CIRCLES]


def _quote(circle: Circle) -> Evidence:
    within = f"at most {circle.radius_km:,.0f} km from there; the claim is {circle.claim_km:,.0f} km away."
    return quote("latency", f"landmark {circle.place}", f"{circle.rtt_ms:.0f} ms to {circle.place}: {within}")


def _rules(placing: Placing) -> Evidence:
    """Quotes the newest day that speaks against the claim, where no single landmark does."""
    day = next(day for day in reversed(placing.days) if day.verdict in ("impossible", "inconsistent"))
    broken = "; ".join(_RULES[rule] for rule in day.rules) or "the day's verdict"
    return quote("latency", f"{day.landmarks} landmarks on {day.day}", f"{broken[0].upper()}{broken[1:]}.")


def _said(day: DayVerdict) -> str:
    words = "; ".join(_SIGNS.get(sign, sign) for sign in day.footprint)
    return f"{words[0].upper()}{words[1:]}."


DETECTOR = Detector(
    id="latency_disproof",
    group="N",
    title="Round-trip times that the claimed place cannot give",
    attack=("T1090",),
    consumes=("latency", "processes", "services", "software", "sockets", "host"),
    detect=detect,
)
