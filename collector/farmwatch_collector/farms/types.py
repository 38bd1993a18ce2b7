"""What is known of a candidate, what it is worth, and what is kept of a farm."""

from datetime import date, datetime
from typing import Literal

import msgspec

from farmwatch_detectors.policy import Claim
from farmwatch_detectors.view import Rhythm

from ..assessment import AttentionLevel
from ..ties.types import Node, Worth


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """A value that members of a candidate have in common.

    node       the value and all its holders
    members    those of the candidate, sorted
    unrelated  the most of them of whom no two are tied by the roster or the policy
    worth      of so many sharing it
    hand_over  it is one thing that stood at one member, then at another, and never at two at once
    """

    node: Node
    members: tuple[str, ...]
    unrelated: int
    worth: Worth
    hand_over: bool = False


class Trait(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is no one thing, but that farm laptops of one house are alike in.

    kind    `kvm_model`, `gateway_maker`, `egress_network`, `mobile_only`, `cohort`, `first_network`, `neighbours`,
            `remote_tool` ...
    words   how a person is told it
    having  members that have it
    known   members of whom it is known whether
    share   of this fleet's devices that have it, among those of whom it is known
    """

    kind: str
    words: str
    having: int
    known: int
    share: float


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A device of a candidate.

    name        as the console shows it; "" where nobody gave one
    joined_at   first report that showed the value which ties most of the others to it
    stay        share of its days since then on which it was there; None when no day is known
    days        days known since then
    own_days    days before, of the last 32, on networks that no other member had
    used_days   days of the last 14 with an hour of input or more; None where input is not told
    bits        log-odds of its own evidence, fleet ties and base rate left out; None before its first judgement
    probability of being a farm laptop without fleet ties; None as for `bits`
    points, attention  of its latest judgement
    prior       base rate of its cohort now
    person, cohort, household, site, start_on, claim  as the roster has them; "" and None when it has nothing
    known       the roster knows its person
    ties        kinds of tie by which it belongs here, sorted
    why         one sentence: what ties it
    """

    device: str
    name: str = ""
    joined_at: datetime | None = None
    stay: float | None = None
    days: int = 0
    own_days: int = 0
    used_days: int | None = None
    bits: float | None = None
    probability: float | None = None
    points: int | None = None
    attention: AttentionLevel = "none"
    prior: float = 0.0001
    person: str = ""
    cohort: str = ""
    household: str = ""
    site: str = ""
    start_on: date | None = None
    claim: Claim | None = None
    known: bool = False
    ties: tuple[str, ...] = ()
    why: str = ""


class FarmFacts(msgspec.Struct, frozen=True, kw_only=True):
    """All that a candidate is judged by.

    at         the moment
    fleet      devices known in all
    members    sorted by device
    shared     the heaviest first: the first is the anchor, what most of them share
    visitors   holders of the anchor that do not stay there, and those who left it in the last 30 days
    egress     members by the class of their latest exit; exits of the company and its security client left out
    traits     what members are alike in
    rhythms    pairs of members whose activity alternates or goes together
    """

    at: datetime
    fleet: int
    members: tuple[Member, ...]
    shared: tuple[Shared, ...]
    visitors: int = 0
    egress: dict[str, int] = {}
    traits: tuple[Trait, ...] = ()
    rhythms: tuple[Rhythm, ...] = ()


class FarmBar(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a farm's odds. Lines add up; none is hidden in another.

    key    `prior`, `rarity`, `second_tie`, `stay`, `visitors`, `egress`, `relation`, `joining`, `cohort`, `use`,
           `rhythm`, `traits`, `members`, `alone`
    label  one sentence with the figures it rests on
    bits   after its cap
    m, u   what they are made from; None where a line is no comparison
    basis  what u rests on
    """

    key: str
    label: str
    bits: float
    m: float | None = None
    u: float | None = None
    basis: Literal["measured", "published", "judgement", ""] = ""


class FarmOdds(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate's log-odds of its own, in bits, with P of it, and beside it what its members say without the ties.

    at_least_one  P(at least one member is a farm laptop), from the members' own evidence, F left out
    sentence      fact, comparison in this fleet, innocent reading, next check
    """

    bits: float
    probability: float
    points: int
    attention: AttentionLevel
    bars: tuple[FarmBar, ...]
    at_least_one: float
    sentence: str


FarmState = Literal["open", "explained", "ended"]


class FarmMember(msgspec.Struct, frozen=True, kw_only=True):
    """A device that belongs, or belonged, to a farm.

    left_at  None while it does
    away_at  when its leaving was last told; None when it never was. Who comes and goes within a day is told once a day
    """

    member: Member
    added_at: datetime
    left_at: datetime | None = None
    away_at: datetime | None = None


class FarmEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a farm's history.

    action  `found`, `joined`, `left`, `merged`, `split`, `explained`, `ended`, `returned`
    words   one sentence: which devices, and why
    """

    at: datetime
    action: str
    words: str
    actor: str = "evaluation"


LabelKind = Literal["office", "lab", "staging_bench", "household", "co_working"]


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """An analyst's word on a shared value: it is a known place. It ends by itself.

    kind, value  of the tie; value is its digest in hex
    place        what it is
    name         how people call it
    owner        who answers for it
    until        last day it holds
    devices      of a household: the devices it speaks of; empty for every device there
    """

    id: int = 0
    kind: str
    value: str
    place: LabelKind
    name: str
    owner: str
    reason: str
    until: date
    devices: tuple[str, ...] = ()
    made_at: datetime | None = None
    actor: str = ""
    farm: int | None = None


class Farm(msgspec.Struct, frozen=True, kw_only=True):
    """A farm as it is kept and shown. Its `id` stays when members come and go.

    state      `explained` while labels or the policy explain what ties it; `ended` when nothing ties it any more
    members    those it has and those it had, by `added_at`, then device
    facts      of its latest judgement
    odds       of it
    found_at   when it was first found
    changed_at when its members or its level last changed
    previous   farms that went into this one, or the one it was split from
    into       the farm it went into; None while it stands by itself
    case       number of its case; None when it never had one
    peak       the highest points it ever had
    """

    id: int
    state: FarmState
    members: tuple[FarmMember, ...]
    facts: FarmFacts
    odds: FarmOdds
    found_at: datetime
    changed_at: datetime
    previous: tuple[int, ...] = ()
    into: int | None = None
    case: int | None = None
    peak: int = 0
