"""Farms as their finder hands them to a store, for tests whose subject is the store."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from farmwatch_collector.farms.source import FarmChange
from farmwatch_collector.farms.types import Farm, FarmBar, FarmEvent, FarmFacts, FarmMember, FarmOdds, Member, Shared
from farmwatch_collector.ties.types import Node, Seen, Worth

from .moments import START

#: What ties the farms of these tests: a gateway's keyed digest.
GATEWAY = bytes(range(16))
STEPS = ((83, "near_certain"), (67, "urgent"), (51, "review"), (33, "watch"))


def level_of(points: int) -> Any:
    """The level that docs/scoring.md gives to so many points."""
    return next((word for least, word in STEPS if points >= least), "none")


def farm(number: int, *devices: str, points: int = 60, at: datetime = START, **changes: Any) -> Farm:
    """A farm of these devices behind one gateway; `left` maps those that have left to when."""
    left: Mapping[str, datetime] = changes.pop("left", {})
    node = Node(
        seen=Seen("gateway_mac", GATEWAY, "3c84b1", "TP-Link gateway"),
        nature="place",
        holders=tuple(sorted(devices)),
        count=len(devices),
    )
    worth = Worth(bits=7.0, m=0.3, u=0.0023, size=len(devices))
    shared = Shared(node=node, members=tuple(sorted(devices)), unrelated=len(devices), worth=worth)
    members = tuple(Member(device=each, ties=("gateway_mac",), why="Behind the gateway.") for each in sorted(devices))
    odds = FarmOdds(
        bits=0.0,
        probability=0.5,
        points=points,
        attention=level_of(points),
        bars=(FarmBar(key="rarity", label="One gateway, five strangers.", bits=7.0),),
        at_least_one=0.01,
        sentence=f"{len(devices)} laptops of strangers are behind one gateway.",
    )
    every = [*((each, None) for each in members), *((Member(device=each), when) for each, when in left.items())]
    values: dict[str, Any] = {
        "state": "open",
        "members": tuple(FarmMember(member=each, added_at=START, left_at=when) for each, when in every),
        "facts": FarmFacts(at=at, fleet=100, members=members, shared=(shared,)),
        "odds": odds,
        "found_at": START,
        "changed_at": at,
        "peak": points,
    }
    return Farm(id=number, **{**values, **changes})


def also(kind: str, value: int, *devices: str) -> Shared:
    """A further value that the first three of some devices share, of which all have it."""
    nature: Any = {"egress": "exit", "egress_block": "exit", "usb_serial": "hardware"}[kind]
    node = Node(seen=Seen(kind, bytes([value] * 16)), nature=nature, holders=tuple(sorted(devices)), count=len(devices))
    worth = Worth(bits=2.0, m=0.3, u=0.07, size=3)
    return Shared(node=node, members=tuple(sorted(devices)[:3]), unrelated=3, worth=worth)


def change(each: Farm, *events: str, before: int | None = None) -> FarmChange:
    """What the finder tells of a farm; `events` are words of its history."""
    told = tuple(FarmEvent(at=each.changed_at, action=word, words=f"{word}.") for word in events)
    return FarmChange(farm=each, events=told, before=before)


DAY = timedelta(days=1)
