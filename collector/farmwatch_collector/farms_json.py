"""What `farmwatch farms --json` prints. The published schema is docs/schema/farms-v1.json, made by `schema()`."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from inspect import cleandoc
from typing import Any, Literal

import msgspec

from farmwatch_detectors.view import Rhythm

from .assessment import AttentionLevel, level_rank
from .farms.judging import Candidate
from .farms.types import Farm, FarmBar, FarmFacts, FarmOdds, FarmState, Member, Shared, Trait
from .score_json import Fault
from .score_words import probability_words
from .ties.types import Nature


class SharedValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that members have in common, the heaviest first.

    kind       `gateway_mac`, `egress`, `usb_serial` ... (docs/farms.md)
    value      its keyed digest in hex: the same for the same thing while the company's key is
    words      how a person is told it; "" for the kind's own words
    members    those of the farm that have it
    holders    how many laptops of the fleet have it now
    former     how many had it in the last 30 days and have it no more
    unrelated  members of whom no two are tied by the roster or the policy
    bits       what sharing it is worth here, log2(m / u), before it is capped
    m, u       share of farm laptops, and of other laptops of this fleet, that share such a value with so many
    measured   laptops of this fleet that u rests on, beside the shipped rate
    place      name of the policy's or an analyst's place that explains it; "" when none does
    scattered  its holders stand in different places: it is no one thing
    soft       software made it up, or it is a published constant
    hand_over  it is one thing that went from one member to another
    """

    kind: str
    value: str
    nature: Nature
    words: str
    members: tuple[str, ...]
    holders: int
    former: int
    unrelated: int
    bits: float
    m: float
    u: float
    measured: int
    place: str
    scattered: bool
    soft: bool
    hand_over: bool


class FarmItem(msgspec.Struct, frozen=True, kw_only=True):
    """One farm, judged at `at`; figures as docs/farms.md explains them.

    rank          1 for the highest odds
    id            number in the collector; null where reports were read
    state         `open`, `explained` by labels or the policy, or `ended`
    level         `none`, `watch`, `review`, `urgent` or `near_certain`
    words         the probability in words
    sentence      fact, comparison in this fleet, innocent reading, next check
    at_least_one  P(at least one member is a farm laptop) from the members' own evidence, ties left out
    members       those it has now, with why each belongs to it
    left          devices that belonged to it and do so no more
    visitors      laptops that came to the place and do not stay
    egress        members by the class of their latest exit to the internet
    rhythms       pairs of members whose hours one pair of hands would explain, each told of both
    bars          what the log-odds add up from
    case          number of its case in the collector; null when there is none
    """

    rank: int
    id: int | None
    state: FarmState
    at: datetime
    level: AttentionLevel
    points: int
    bits: float
    probability: float
    words: str
    sentence: str
    at_least_one: float
    members: tuple[Member, ...]
    left: tuple[str, ...]
    shared: tuple[SharedValue, ...]
    visitors: int
    egress: dict[str, int]
    traits: tuple[Trait, ...]
    rhythms: tuple[Rhythm, ...]
    bars: tuple[FarmBar, ...]
    found_at: datetime | None = None
    changed_at: datetime | None = None
    case: int | None = None


class FarmsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer. `code` is the exit code; `ok` is false when nothing was judged.

    source   `reports`, or `store`: the collector's
    devices  laptops looked at; null where a store was read
    minimum  lowest level that is listed
    below    groups that share something and reach less; null where a store was read
    """

    schema: Literal["farmwatch-farms-v1"] = "farmwatch-farms-v1"
    ok: bool
    code: int
    source: Literal["reports", "store"]
    minimum: AttentionLevel
    devices: int | None = None
    below: int | None = None
    items: tuple[FarmItem, ...] = ()
    errors: tuple[Fault, ...] = ()


def of_reports(found: Sequence[Candidate], minimum: AttentionLevel, devices: int) -> FarmsDocument:
    """Returns what reports show; `found` with the highest odds first."""
    least = level_rank(minimum)
    told = [each for each in found if level_rank(each.odds.attention) >= least]
    items = [item_of(rank, each.facts, each.odds) for rank, each in enumerate(told, start=1)]
    return FarmsDocument(
        ok=True,
        code=0,
        source="reports",
        minimum=minimum,
        devices=devices,
        below=len(found) - len(told),
        items=tuple(items),
    )


def of_store(farms: Sequence[Farm], minimum: AttentionLevel) -> FarmsDocument:
    """Returns what a collector keeps, in the order given."""
    items = [item_of(rank, each.facts, each.odds, each) for rank, each in enumerate(farms, start=1)]
    return FarmsDocument(ok=True, code=0, source="store", minimum=minimum, items=tuple(items))


def item_of(rank: int, facts: FarmFacts, odds: FarmOdds, farm: Farm | None = None) -> FarmItem:
    """Returns a candidate, or a farm that a collector keeps."""
    now = tuple(each.member for each in farm.members if each.left_at is None) if farm else facts.members
    gone = {each.member.device for each in farm.members} - {each.device for each in now} if farm else set[str]()
    return FarmItem(
        rank=rank,
        id=farm.id if farm else None,
        state=farm.state if farm else "open",
        at=facts.at,
        level=odds.attention,
        points=odds.points,
        bits=odds.bits,
        probability=odds.probability,
        words=probability_words(odds.probability),
        sentence=odds.sentence,
        at_least_one=odds.at_least_one,
        members=now,
        left=tuple(sorted(gone)),
        shared=tuple(_shared(each) for each in facts.shared),
        visitors=facts.visitors,
        egress=facts.egress,
        traits=facts.traits,
        rhythms=facts.rhythms,
        bars=odds.bars,
        found_at=farm.found_at if farm else None,
        changed_at=farm.changed_at if farm else None,
        case=farm.case if farm else None,
    )


def _shared(each: Shared) -> SharedValue:
    node, worth = each.node, each.worth
    return SharedValue(
        kind=node.seen.kind,
        value=node.seen.value.hex(),
        nature=node.nature,
        words=node.seen.words,
        members=each.members,
        holders=node.count,
        former=node.gone,
        unrelated=each.unrelated,
        bits=worth.bits,
        m=worth.m,
        u=worth.u,
        measured=worth.measured,
        place=node.place,
        scattered=node.scattered,
        soft=node.seen.soft,
        hand_over=each.hand_over,
    )


def schema() -> dict[str, Any]:
    """Returns the JSON schema of `FarmsDocument`."""
    made = msgspec.json.schema(FarmsDocument)
    for definition in made["$defs"].values():
        # As Python 3.13 keeps docstrings, on every version.
        if "description" in definition:
            definition["description"] = cleandoc(definition["description"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "farmwatch farms, version 1", **made}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2, sort_keys=True) + "\n")
