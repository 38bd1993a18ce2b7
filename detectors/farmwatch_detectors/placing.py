"""Where a laptop can and cannot be: what the collector's `place/` makes of round-trip times, for detectors and pages.

Types only. All of it speaks of where the laptop's network path ends, never of where its user is, and disproves a
place or does not: it never proves one.
"""

from datetime import date, datetime
from typing import Literal

import msgspec

from farmwatch_schema.identifiers import Identifier

Verdict = Literal["impossible", "inconsistent", "consistent", "unmeasurable"]

Rule = Literal["light", "margin", "likelihood", "excess"]
"""light: light in fibre is not that fast (two landmarks). margin: nor is any real network (calibrated). likelihood:
another place explains the times far better (calibrated). excess: slow to all near the claim, fast elsewhere."""


class Circle(msgspec.Struct, frozen=True, kw_only=True):
    """A landmark and how far from it the laptop can be at most: 100 km per ms, and its own uncertainty.

    place      name for people: "Dublin, IE"
    breaks     the claim lies outside
    """

    landmark: str
    place: str
    latitude: float
    longitude: float
    rtt_ms: float
    radius_km: float
    claim_km: float
    breaks: bool = False


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A city near which the times would be best explained, with the radius that the method's own errors give it."""

    place: str
    latitude: float
    longitude: float
    radius_km: float


class DayVerdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One day's times (UTC) against the claim.

    verdict       of this day alone
    rules         that broke, strongest first
    sentence      what proves it: "9 ms to Dublin: at most 900 km from there; the claim, Seattle, is 7,300 km away."
    why_not       `unmeasurable` only: `tunnelled`, `answered_locally`, `few_landmarks`, `noisy`, `skipped`, `no_claim`,
                  `company_place` (an office, lab or staging bench of the policy)
    at_least_km   least distance that the laptop must be from the claim, by light alone; 0 when none is proved
    landmarks     that were measured and count
    access        class of calibration: `wired`, `wifi`, `mobile`, `satellite`, `unknown`
    scores        statistic of each calibrated rule over its threshold: 1.0 and more breaks it
    estimate      where the times fit best; None when unmeasurable
    footprint     signs that somebody adds delay: `uniform_minimum`, `control_differs`, `methods_disagree`,
                  `plan_dependent`
    circles       smallest first, at most 24
    """

    day: date
    verdict: Verdict
    sentence: str
    rules: tuple[Rule, ...] = ()
    why_not: str = ""
    at_least_km: float = 0.0
    landmarks: int = 0
    access: str = "unknown"
    scores: dict[str, float] = {}
    estimate: Spot | None = None
    footprint: tuple[str, ...] = ()
    circles: tuple[Circle, ...] = ()


class Placing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last days together.

    verdict   what two of the last three measurable days agree on; `unmeasurable` without two of them
    sentence  of the day that shows it best
    days      newest last, at most 8
    judged    the newest day that could be measured; None when none could
    moved_km  how far the estimates of two weeks lie apart, beyond their radii; 0 when they do not
    """

    verdict: Verdict
    sentence: str
    days: tuple[DayVerdict, ...] = ()
    judged: DayVerdict | None = None
    moved_km: float = 0.0


class Egress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A public address that a device's reports came from, as a class; the address itself is keyed and not kept.

    address    IPv4 address or IPv6 /64, keyed
    kind       `hosting`, `vpn`, `residential`, `mobile`, `shared` (carrier's translation), `sase`, `company`,
               `private` (the collector saw no public address), "" when no data say
    asn        number of the network; 0 when not known
    network    name of it
    country    ISO 3166 alpha-2, upper case; "" when not known
    seen_from, seen_until  first and last report from there, the last one to a few hours
    days       UTC days of the last 30 with a report from there, oldest first; () when not kept
    block      the IPv4 /24 or IPv6 /48 around it, keyed; None when not kept
    """

    address: Identifier
    seen_from: datetime
    seen_until: datetime
    kind: str = ""
    asn: int = 0
    network: str = ""
    country: str = ""
    days: tuple[date, ...] = ()
    block: Identifier | None = None


class SignIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sign-in of the device's person to one of the company's services, as its identity provider tells.

    address    keyed as `Egress.address`; None when only a place was told
    kind, asn, network, country  as `Egress`'s, of the address it came from, or as told
    latitude, longitude  when told; None otherwise
    """

    at: datetime
    address: Identifier | None = None
    kind: str = ""
    asn: int = 0
    network: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
