"""Laptops that are where their users say, and laptops that are not, with what stands between them and the world."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import msgspec

from farmwatch_collector.place.landmarks import shipped
from farmwatch_collector.place.planning import Planner
from farmwatch_detectors.policy import Claim
from farmwatch_schema.plan import Plan

from . import world
from .geography import HOSTING, LTE, STARLINK, WIFI, WIRED, Access, Spot
from .lab import Lab

Place = tuple[str, str]
DENVER, SEATTLE, CHICAGO = ("Denver", "US"), ("Seattle", "US"), ("Chicago", "US")
SEOUL, WARSAW, LONDON, DALLAS = ("Seoul", "KR"), ("Warsaw", "PL"), ("London", "GB"), ("Dallas", "US")
#: Half of the lab's landmarks, by address.
HALF = ("198.51.100.0/25", "2001:db8:1::/121")


@dataclass(frozen=True)
class Scene:
    """A laptop.

    claim, stands  where its user says to be, and where it is
    by       the line
    exit_at  where a tunnel of the laptop's own ends
    routes   what goes into it
    box_at   where something answers connects in the landmarks' place, for `boxed` of them (all when empty)
    via      exit of a tunnel that a box in front of the laptop makes
    mimics   a box in front of it delays: `all` packets or `tcp` alone
    pings    its accounts may send echoes
    """

    name: str
    claim: Place
    stands: Place
    by: Access = WIRED
    exit_at: Place | None = None
    routes: tuple[str, ...] = ("default",)
    box_at: Place | None = None
    boxed: str = "all"
    via: Place | None = None
    mimics: str = ""
    pings: bool = False


HONEST = (
    Scene("wired", DENVER, DENVER),
    Scene("wifi", ("Manchester", "GB"), ("Manchester", "GB"), WIFI),
    Scene("lte", ("Austin", "US"), ("Austin", "US"), LTE),
    Scene("starlink", ("Boise", "US"), ("Boise", "US"), STARLINK),
)
#: 8,330 km from the claim, by great circle.
AWAY = (Scene("away", SEATTLE, SEOUL), Scene("away-wifi", SEATTLE, SEOUL, WIFI))
TUNNELLED = (
    Scene("vpn", DENVER, WARSAW, exit_at=DENVER),
    Scene("vpn-honest", DENVER, DENVER, exit_at=LONDON),
    Scene("router", SEATTLE, SEOUL, via=SEATTLE),
)
BOXED = (
    Scene("boxed", DENVER, DENVER, box_at=DENVER),
    Scene("boxed-away", SEATTLE, SEOUL, box_at=SEOUL),
    Scene("boxed-pings", DENVER, DENVER, box_at=DENVER, pings=True),
)
MIMICS = (
    Scene("mimic", SEATTLE, SEOUL, mimics="all"),
    Scene("mimic-tcp", SEATTLE, SEOUL, mimics="tcp", pings=True),
)
#: Company traffic alone in the tunnel; the same for half the internet, ending near and far; and for all of it.
SASE = (
    Scene("sase-split", CHICAGO, CHICAGO, exit_at=DALLAS, routes=("203.0.113.128/25",)),
    Scene("sase-half", CHICAGO, CHICAGO, exit_at=DALLAS, routes=HALF),
    Scene("sase-half-far", CHICAGO, CHICAGO, exit_at=LONDON, routes=HALF),
    Scene("sase-full", CHICAGO, CHICAGO, exit_at=DALLAS),
    Scene("sase-half-proxy", CHICAGO, CHICAGO, box_at=DALLAS, boxed="half"),
)


def build(scenes: Iterable[Scene], seed: int, *, ipv6: bool = False) -> tuple[Lab, Mapping[str, Scene]]:
    """Returns a lab with the scenes' sites, not yet entered."""
    lab = Lab(seed, ipv6=ipv6)
    world.furnish(lab)
    known = {scene.name: scene for scene in scenes}
    for scene in known.values():
        via = world.spot(f"{scene.name} via", *scene.via) if scene.via else None
        lab.laptop(scene.name, world.spot(scene.name, *scene.stands), scene.by, via=via)
        if scene.exit_at:
            lab.server(f"{scene.name}-exit", world.spot(f"{scene.name} exit", *scene.exit_at))
        if scene.box_at:
            for part in ("box", "out"):
                lab.server(f"{scene.name}-{part}", world.spot(f"{scene.name} {part}", *scene.box_at), HOSTING)
    return lab, known


def arrange(lab: Lab, scenes: Iterable[Scene]) -> None:
    """Puts up tunnels, boxes and added delays in a lab that was entered."""
    for scene in scenes:
        member = lab.members[scene.name]
        if scene.pings:
            member.site.allow_pings()
        if scene.exit_at:
            lab.tunnel(scene.name, f"{scene.name}-exit", scene.routes)
        if scene.box_at:
            only = () if scene.boxed == "all" else half(lab)
            lab.middlebox(scene.name, f"{scene.name}-box", f"{scene.name}-out", only=only)
        if scene.mimics:
            added = lab.mimic(scene.name, Spot(f"{scene.name} claim", *_at(scene.claim)))
            member.extra, member.extra_tcp = (added, None) if scene.mimics == "all" else (None, added)
    lab.refresh()


def half(lab: Lab) -> Collection[str]:
    """Returns the spots of the landmarks in `HALF`."""
    return [mark.spot.name for mark in lab.marks.values() if int(mark.addresses[0].rpartition(".")[2]) < 128]


def _at(place: Place) -> tuple[float, float]:
    found = world.city(*place)
    return found.latitude, found.longitude


def claim_of(scene: Scene) -> Claim:
    latitude, longitude = _at(scene.claim)
    return Claim(
        place=", ".join(scene.claim), latitude=latitude, longitude=longitude, radius_km=50.0, country=scene.claim[1]
    )


@cache
def planner() -> Planner:
    return Planner(shipped(), b"key of the delay lab")


def plan_of(scene: Scene, day: date, connects: int, most: int = 24) -> Plan:
    """Returns the collector's own plan for a laptop; fewer connects and landmarks than usual save time."""
    plan = planner().plan(scene.name, claim_of(scene), None, (), day)
    return msgspec.structs.replace(plan, connects=connects, targets=plan.targets[:most])
