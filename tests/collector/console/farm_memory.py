"""Farms for pages whose subject is the page, and the half of a store that reads them from memory."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import msgspec

from farmwatch_collector.assessment import AttentionLevel
from farmwatch_collector.farms.source import Activity
from farmwatch_collector.farms.types import (
    Farm,
    FarmBar,
    FarmEvent,
    FarmFacts,
    FarmMember,
    FarmOdds,
    FarmState,
    Label,
    Member,
    Shared,
    Trait,
)
from farmwatch_collector.ties.types import Nature, Node, Seen, Worth
from farmwatch_detectors.policy import Claim
from farmwatch_detectors.view import Rhythm

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
RANKS: list[AttentionLevel] = ["none", "watch", "review", "urgent", "near_certain"]
CLAIMS = (
    Claim(place="Seattle, WA, US", latitude=47.61, longitude=-122.33, country="US"),
    Claim(place="Austin, TX, US", latitude=30.27, longitude=-97.74, country="US"),
    Claim(place="Denver, CO, US", latitude=39.74, longitude=-104.99, country="US"),
    Claim(place="Boise, ID, US", latitude=43.62, longitude=-116.2, country="US"),
)
NATURES: dict[str, Nature] = {"gateway_mac": "place", "bssid": "place", "egress": "exit", "usb_serial": "hardware"}


class MemoryFarms:
    """The part of `FarmStore` that pages read."""

    def __init__(self) -> None:
        self.kept: dict[int, Farm] = {}
        self.said: list[Label] = []
        self.active: dict[str, Activity] = {}
        self.happened: dict[int, list[FarmEvent]] = {}

    def farms(
        self,
        states: Sequence[FarmState] = ("open",),
        minimum: AttentionLevel = "none",
        limit: int = 100,
        after: int = 0,
    ) -> list[Farm]:
        found = [
            each
            for each in self.kept.values()
            if each.state in states and RANKS.index(each.odds.attention) >= RANKS.index(minimum)
        ]
        found.sort(key=lambda each: (-each.odds.points, each.id))
        places = [each.id for each in found]
        return (found[places.index(after) + 1 :] if after in places else found)[:limit]

    def farm(self, number: int) -> Farm | None:
        return self.kept.get(number)

    def farms_of(self, device: str) -> list[Farm]:
        return [
            each
            for each in self.kept.values()
            if any(it.member.device == device and it.left_at is None for it in each.members)
        ]

    def farm_history(self, number: int) -> list[FarmEvent]:
        return self.happened.get(number, [])

    def labels(self, on: date | None = None) -> list[Label]:
        return self.said

    def activity(self, devices: Collection[str], since: date) -> dict[str, Activity]:
        return {device: self.active[device] for device in devices if device in self.active}


def shared(
    kind: str,
    words: str,
    members: Sequence[str],
    bits: float,
    *,
    holders: int | None = None,
    nature: Nature | None = None,
    **more: Any,
) -> Shared:
    """A value that these members have; `holders` in all where there are others too."""
    count = len(members) if holders is None else holders
    hand_over = bool(more.pop("hand_over", False))
    return Shared(
        node=Node(
            seen=Seen(kind=kind, value=hashlib.sha256(f"{kind} {words}".encode()).digest()[:16], words=words),
            nature=nature or NATURES.get(kind, "hardware"),
            holders=tuple(sorted(members)) if count <= 256 else (),
            count=count,
            **more,
        ),
        members=tuple(sorted(members)),
        unrelated=len(members),
        worth=Worth(bits=bits, m=0.31, u=0.000123, size=len(members), measured=1_940),
        hand_over=hand_over,
    )


def member(device: str, place: int, **more: Any) -> Member:
    """A member; each joined 15 hours after the one before."""
    values: dict[str, Any] = {
        "name": f"nb-{device.rpartition('-')[2]}",
        "joined_at": NOW - timedelta(days=40) + timedelta(hours=15 * place),
        "stay": 0.97,
        "days": 24,
        "bits": 0.4,
        "probability": 0.0002,
        "points": 3,
        "person": f"e-{1000 + place}",
        "cohort": "remote_new_hire",
        "start_on": TODAY - timedelta(days=45 - place // 3),
        "claim": CLAIMS[place % len(CLAIMS)],
        "known": True,
        "ties": ("gateway_mac", "egress"),
        "why": "It stands on one gateway with 59 laptops of people whom nothing relates.",
    }
    return Member(device=device, **{**values, **more})


def farm_of(
    number: int,
    members: Sequence[Member],
    values: Sequence[Shared],
    probability: float = 0.97,
    attention: AttentionLevel = "near_certain",
    points: int = 92,
    **more: Any,
) -> Farm:
    """A farm of these members; its bars add up to `bits`."""
    bars = (
        FarmBar(key="prior", label="One candidate in 8,000 is a farm before anything is looked at.", bits=-13.0),
        FarmBar(
            key="rarity",
            label="60 unrelated laptops share one gateway; 0.00012 of others share one with so many.",
            bits=9.0,
            m=0.31,
            u=0.000123,
            basis="measured",
        ),
        FarmBar(key="stay", label="They never leave it.", bits=3.2, m=0.9, u=0.1, basis="judgement"),
        FarmBar(key="relation", label="The roster knows all of them and relates none.", bits=4.0, m=0.8, u=0.05),
        FarmBar(key="visitors", label="Two visitors came and went.", bits=-1.5, m=0.1, u=0.28, basis="judgement"),
        FarmBar(key="use", label="Whether they are used is not told.", bits=0.0),
    )
    sentence = more.pop("sentence", "") or (
        "Near certain, about 97 in 100: sixty laptops of people whom nothing relates stand on one gateway. "
        "Could be an office that nobody registered. Check: who rents the address?"
    )
    facts = FarmFacts(
        at=NOW,
        fleet=2_000,
        members=tuple(members),
        shared=tuple(values),
        visitors=2,
        egress={"residential": len(members)},
        traits=more.pop("traits", ()),
        rhythms=more.pop("rhythms", ()),
    )
    values_of: dict[str, Any] = {
        "state": "open",
        "members": tuple(FarmMember(member=each, added_at=each.joined_at or NOW) for each in members),
        "found_at": NOW - timedelta(days=30),
        "changed_at": NOW - timedelta(hours=5),
        "peak": points,
    }
    return Farm(
        id=number,
        facts=facts,
        odds=FarmOdds(
            bits=1.7,
            probability=probability,
            points=points,
            attention=attention,
            bars=bars,
            at_least_one=0.02,
            sentence=sentence,
        ),
        **{**values_of, **more},
    )


@cache
def shelf(size: int = 60, number: int = 1, prefix: str = "f") -> Farm:
    """A farm of laptops on one gateway and exit; some share a monitor or a KVM, and pairs take turns."""
    devices = [f"{prefix}-{place:03}" for place in range(size)]
    members = [
        member(
            device,
            place,
            points=(71 if place < 4 else 34 if place < 15 else 3),
            attention=("urgent" if place < 4 else "watch" if place < 15 else "none"),
            probability=(0.6 if place < 4 else 0.01 if place < 15 else 0.0002),
        )
        for place, device in enumerate(devices)
    ]
    values = [
        shared("gateway_mac", "TP-Link gateway", devices, 9.0),
        shared("egress", "", devices, 6.2),
        shared("bssid", "", devices[: size // 2], 5.1),
        shared("edid_serial", "Dell U2419H", devices[: size // 6], 4.4),
        shared("usb_serial", "JetKVM", devices[size // 6 : size // 6 + 3], 7.7, hand_over=True),
    ]
    rhythms = tuple(
        Rhythm(
            device=devices[place],
            other=devices[place + 1],
            kind="alternates",
            p=0.0004 + place / 1000,
            days=9,
            switches=41,
            expected=6.2,
        )
        for place in range(0, min(8, size - 1), 2)
    )
    traits = (Trait(kind="gateway_maker", words="gateway by TP-Link", having=size, known=size, share=0.081),)
    return farm_of(number, members, values, rhythms=rhythms, traits=traits, case=None)


@cache
def office(size: int = 2_000, number: int = 2) -> Farm:
    """An office that a label explains: many access points, each with 250 laptops, tied through those that roam."""
    devices = [f"o-{place:04}" for place in range(size)]
    members = [
        member(
            device,
            place,
            joined_at=NOW - timedelta(days=30 - place % 20),
            cohort="office",
            start_on=TODAY - timedelta(days=40),
            ties=("bssid",),
            claim=CLAIMS[0],
            site="HQ",
            why="It shares an access point with colleagues.",
        )
        for place, device in enumerate(devices)
    ]
    values = [
        shared("bssid", f"access point {place}", devices[place * 200 : place * 200 + 250], 0.3, place="HQ")
        for place in range(size // 200)
    ]
    values.insert(0, shared("egress", "", devices, -2.0, holders=size, place="HQ"))
    sentence = "Below watch: 2,000 laptops share a public address and access points, which HQ explains."
    return farm_of(number, members, values, 0.0004, "none", 11, state="explained", sentence=sentence)


def turns(devices: Sequence[str], days: int = 10) -> dict[str, Activity]:
    """Activity of one pair of hands: two hours at each laptop in turn, from 13:00 UTC; today is not known."""
    found: dict[str, Activity] = {}
    for place, device in enumerate(devices):
        slots: dict[date, int] = {}
        for ago in range(1, days):
            begin = 52 + (place + ago) % 5 * 8
            slots[TODAY - timedelta(days=ago)] = ((1 << 8) - 1) << begin
        found[device] = Activity(slots=slots, watched=dict.fromkeys(slots, 1_440))
    return found


def label(number: int = 1, **more: Any) -> Label:
    """An analyst's word on the shelf's gateway."""
    seen = shelf(2).facts.shared[0].node.seen
    values: dict[str, Any] = {
        "id": number,
        "kind": seen.kind,
        "value": seen.value.hex(),
        "place": "office",
        "name": "Lisbon office",
        "owner": "it@example.com",
        "reason": "a lease, seen on 2026-11-20",
        "until": TODAY + timedelta(days=90),
        "made_at": NOW - timedelta(days=1),
        "actor": "ann (session-1)",
        "farm": 1,
    }
    return Label(**{**values, **more})


def replace(farm: Farm, **changes: Any) -> Farm:
    return msgspec.structs.replace(farm, **changes)
