"""From what is known of a candidate to its log-odds of being a farm. Pure: no clock, no fleet, no store.

L = log-odds of the members' mean base rate + one bar per argument, each log2(m / u) in bits; docs/farms.md tells the
model, `odds.toml` holds the figures. What nobody knows is 0 bits, and neither clean nor guilty.
"""

import math
from collections.abc import Sequence

import msgspec

from ..assessment import THRESHOLDS
from ..place.geocoding import km_apart
from ..score import L0, POINTS_PER_BIT, attention_of, log_odds, probability_of
from .odds_table import HIGHEST, HIGHEST_JUDGED, Row, Table, TraitRow, shipped_table
from .sentence import compared, name_of, odds_sentence, share_words
from .types import FarmBar, FarmFacts, FarmOdds, Member, Shared, Trait

#: Devices that a shipped share counts for beside those of the fleet.
PSEUDO = 50.0
LOWEST_RARITY = -3.0
#: Members must have so many days known, half of them at least, before their staying says anything.
LEAST_DAYS = 3
#: Share of its days from which a laptop is always there.
ALWAYS = 0.95
#: So large a part of the members is "most" of them.
MOST = 0.8
#: New hires' laptops arrive within so many days of their start; benches and moves bring them all at once.
ARRIVAL_DAYS = 14
SPREAD_DAYS = 14
#: Claims further apart than their radii and this are not one house, whatever the records rounded.
APART_KM = 100.0
#: Of more places than these, the ones that most people claim are compared.
CLAIMED_PLACES = 64
#: Traits together give so much at most.
TRAITS_MOST = 6.0
#: Probability that one operator's switching shows at all: the rest work at different hours, or one after the other.
RHYTHM_SHOWS = 0.3
#: So few share a flat, and begin at one company because they know each other.
FLAT = 4
#: Without anything of its members' own a flat is at most at review, and a larger place urgent: homes exist.
ALONE_MOST_FLAT, ALONE_MOST = -0.01, log_odds(dict(THRESHOLDS)["near_certain"]) - 0.01
#: Evidence of members' own, or hours that fit, of less than a bit are none.
OWN = 1.0
#: A laptop known for ten days that was used on two of fourteen was tried, not worked with.
TRIED_DAYS, TRIED_KNOWN = 2, 10
#: Who had so many days at a network of his own came from a home; so near each other they came together.
HOME_DAYS, TOGETHER_DAYS = 7, 3
#: Kinds of things that stand on one desk: who shares the desk shares them all.
DESK = frozenset({"usb_serial", "edid_serial"})


def odds(facts: FarmFacts, table: Table | None = None) -> FarmOdds:
    """Returns a candidate's log-odds with every bar that makes them.

    table  other figures than those shipped
    """
    table = table or shipped_table()
    members_bar = _members(facts.members)
    idle = _idle(facts)
    found: list[FarmBar | None] = [
        _prior(facts.members),
        _rarity(facts, table),
        *_second_ties(facts, table),
        _stay(facts, table, idle),
        _visitors(facts, table, idle),
        _egress(facts, table),
        *_relation(facts, table, idle),
        _joining(facts, table),
        _cohort(facts, table, idle),
        _use(facts, table),
        _rhythm(facts),
        _traits(facts, table, members_bar.bits if members_bar else 0.0),
        members_bar,
    ]
    bars = tuple(bar for bar in found if bar is not None)
    bars = (*bars, *_alone(facts, bars))
    bits = math.fsum(bar.bits for bar in bars)
    probability = probability_of(bits)
    attention = attention_of(probability)
    return FarmOdds(
        bits=bits,
        probability=probability,
        points=points_of(bits),
        attention=attention,
        bars=bars,
        at_least_one=at_least_one(facts.members),
        sentence=odds_sentence(facts, bars),
    )


def points_of(bits: float) -> int:
    """Returns points from 0 to 100, below the figure of every level that was not reached: 33 is watch, never clear."""
    points = round(min(100.0, max(0.0, (bits - L0) * POINTS_PER_BIT)))
    for _, least in THRESHOLDS:
        if least and probability_of(bits) < least - 1e-9:
            points = min(points, round((log_odds(least) - L0) * POINTS_PER_BIT) - 1)
    return points


def at_least_one(members: Sequence[Member]) -> float:
    """Returns P(at least one member is a farm laptop) by what is known of each apart from the others."""
    return 1.0 - math.prod(1.0 - each.probability for each in members if each.probability is not None)


def unrelated(facts: FarmFacts) -> int:
    """Returns how many unrelated members share the anchor; 1 where nothing is shared."""
    return facts.shared[0].unrelated if facts.shared else 1


def _prior(members: Sequence[Member]) -> FarmBar:
    mean = math.fsum(each.prior for each in members) / len(members) if members else 0.0001
    label = f"Base rate of these {len(members)} laptops: 1 in {round(1 / mean):,}."
    return FarmBar(key="prior", label=label, bits=log_odds(mean))


def _rarity(facts: FarmFacts, table: Table) -> FarmBar | None:
    if not facts.shared:
        return None
    anchor = facts.shared[0]
    worth, most = anchor.worth, table.most_for(anchor.unrelated)
    if anchor.node.seen.soft:
        most = min(1.0, most)
    bits = max(LOWEST_RARITY, min(most, worth.bits))
    others = max(worth.measured, facts.fleet - anchor.unrelated)
    part = anchor.unrelated / (anchor.unrelated + others)
    of_all = 2 * HIGHEST * (1 - part)  # half of all laptops may be a farm's where few were looked at; all are a company
    cap = f"; so few give at most {most:g} bits" if worth.bits > most else ""
    if of_all < min(bits, most):
        bits = of_all
        cap = f"; {share_words(part)} of all laptops known are there, as in a company's rooms: {bits:.1f} bits at most"
    label = (
        f"{anchor.unrelated} laptops of people whom nothing relates share one {name_of(anchor)}; on a farm "
        f"{share_words(worth.m)} do, of other laptops {compared(worth)}{cap}."
    )
    return FarmBar(key="rarity", label=label, bits=bits, m=worth.m, u=worth.u, basis="measured")


def _second_ties(facts: FarmFacts, table: Table) -> list[FarmBar | None]:
    """One bar per further kind of thing: what it adds to people of one house, and never more than it is worth here."""
    if not facts.shared:
        return []
    best: dict[str, Shared] = {}
    there = set(facts.shared[0].members)
    always = _mean_stay(facts)[0] >= ALWAYS
    desk: list[int] = []
    for each in facts.shared[1:]:
        kind = each.node.seen.kind
        inside = len(there.intersection(each.members)) > 1
        if kind != facts.shared[0].node.seen.kind and inside and each.unrelated > 1 and not each.node.seen.soft:
            best.setdefault(kind, each)
    bars: list[FarmBar] = []
    for kind, each in sorted(best.items()):
        row = table.row("second_tie", f"{kind}_handed_over" if each.hand_over else kind, unrelated(facts))
        if row is not None:
            bits = min(row.bits, max(0.0, each.worth.bits))
            how = "one after the other, never at once" if each.hand_over else "at once"
            text = f"{len(each.members)} of {len(facts.members)} members also share one {name_of(each)}, {how}"
            why = "who never left has been there from the first" if kind == "first_network" and always else ""
            bars.append(_weighed("second_tie", text, row, bits, why))
            if kind in DESK:
                desk.append(len(bars) - 1)
    anchored = facts.shared[0].node.seen.kind in DESK
    for place in sorted(desk, key=lambda one: (-bars[one].bits, one))[0 if anchored else 1 :]:
        label = f"{bars[place].label.removesuffix('.')}: counts nothing, who shares a desk shares what stands on it."
        bars[place] = msgspec.structs.replace(bars[place], label=label, bits=0.0)
    return list[FarmBar | None](bars)


def _stay(facts: FarmFacts, table: Table, idle: bool) -> FarmBar:
    mean, known, days = _mean_stay(facts)
    if 2 * known < len(facts.members) or not known:
        label = f"How much {len(facts.members) - known} of {len(facts.members)} members stay there is not known yet."
        return FarmBar(key="stay", label=label, bits=0.0)
    case = "always" if mean >= ALWAYS else "mostly" if mean >= 0.8 else "half" if mean >= 0.5 else "seldom"
    text = f"Members were there on {100 * mean:.0f} % of the {days:,} days known of {known} of them"
    why = "benches keep what they set up" if idle else _passing(facts)
    return _bar("stay", text, table.row("stay", case, unrelated(facts)), why)


def _mean_stay(facts: FarmFacts) -> tuple[float, int, int]:
    """Returns the mean share of days there, of how many members it is known, and of how many days in all."""
    known = [(each.stay, each.days) for each in facts.members if each.stay is not None and each.days >= LEAST_DAYS]
    shares = sorted(stay for stay, _ in known)
    shares = shares[1:] if len(shares) > FLAT else shares  # one alone neither makes a place an office nor may clear it
    mean = math.fsum(shares) / len(shares) if shares else 0.0
    return mean, len(known), sum(days for _, days in known)


def _visitors(facts: FarmFacts, table: Table, idle: bool) -> FarmBar | None:
    if not facts.shared:
        return None
    seen = len(_stayers(facts)) + facts.visitors
    visitors = _visiting(facts)
    part = visitors / seen if seen else 0.0
    case = "none" if visitors == 0 else "few" if part <= 0.15 else "many" if part <= 0.4 else "most"
    text = f"{facts.visitors} of {seen} laptops seen there in 30 days come and go, or have left"
    why = "benches stand still before they are emptied" if idle else _gathered(facts)
    return _bar("visitors", text, table.row("visitors", case, unrelated(facts)), why)


def _egress(facts: FarmFacts, table: Table) -> FarmBar:
    known = {kind: count for kind, count in facts.egress.items() if kind not in ("", "private", "shared")}
    total = sum(known.values())
    if 2 * total < len(facts.members) or not total:
        return FarmBar(key="egress", label=f"Exits are known of {total} of {len(facts.members)} members.", bits=0.0)
    business = sum(known.get(kind, 0) for kind in ("company", "hosting", "sase"))
    case = next((kind for kind in ("residential", "mobile") if known.get(kind, 0) >= MOST * total), "")
    case = case or ("business" if 2 * business >= total else "")
    parts = ", ".join(f"{count} {kind}" for kind, count in sorted(known.items()))
    return _bar("egress", f"Members' exits: {parts}", table.row("egress", case, unrelated(facts)))


def _relation(facts: FarmFacts, table: Table, idle: bool) -> list[FarmBar | None]:
    """Two bars: whether records tie the people, and whether they claim to live where one house could be."""
    if not facts.shared:
        return []
    anchor, by_device = facts.shared[0], {each.device: each for each in facts.members}
    there = [by_device[each] for each in anchor.members if each in by_device]
    known = [each for each in there if each.known]
    bars: list[FarmBar | None] = []
    if there and len(known) >= MOST * len(there):
        part = anchor.unrelated / len(there)
        case = "none" if part >= MOST else "some" if part <= 0.5 else ""
        text = f"Records know {len(known)} of the {len(there)} people and leave {anchor.unrelated} whom nothing relates"
        why = "they have not begun" if idle else _passing(facts)
        bars.append(_bar("relation", text, table.row("relation", case, unrelated(facts)), why))
    else:
        label = f"Records know {len(known)} of {len(there)} people: whether they are related is not known."
        bars.append(FarmBar(key="relation", label=label, bits=0.0))
    apart, pairs, claims = _claims_apart(there)
    if 2 * claims >= len(there) and pairs:
        case = "claims_apart" if 2 * apart >= pairs else "claims_agree" if 10 * apart <= pairs else ""
        text = f"Records name a place for {claims} of {len(there)} people; {apart} of {pairs} pairs live too far apart"
        why = "they go out to their people" if idle else _passing(facts)
        bars.append(_bar("relation", text, table.row("relation", case, unrelated(facts)), why))
    return bars


def _claims_apart(members: Sequence[Member]) -> tuple[int, int, int]:
    """Returns pairs of people that cannot live in one house by their claims, all pairs, and people with a claim.

    People count by place, so that hundreds of members cost as much as the places that most of them claim.
    """
    places: dict[tuple[float, float, float], int] = {}
    for each in members:
        if each.claim is not None:
            key = (each.claim.latitude, each.claim.longitude, each.claim.radius_km)
            places[key] = places.get(key, 0) + 1
    total = sum(places.values())
    ordered = sorted(places.items(), key=lambda pair: (-pair[1], pair[0]))[:CLAIMED_PLACES]
    apart = 0
    for index, ((latitude, longitude, radius), count) in enumerate(ordered):
        for (to_latitude, to_longitude, to_radius), other in ordered[index + 1 :]:
            if km_apart(latitude, longitude, to_latitude, to_longitude) > radius + to_radius + APART_KM:
                apart += count * other
    compared = sum(count for _, count in ordered)
    return apart, compared * (compared - 1) // 2, total


def _joining(facts: FarmFacts, table: Table) -> FarmBar | None:
    known = [
        (each.joined_at, each.start_on)
        for each in facts.members
        if each.joined_at is not None and each.start_on is not None
    ]
    if len(known) < 3 or 2 * len(known) < len(facts.members):
        return None
    new = sum(abs((joined.date() - start).days) <= ARRIVAL_DAYS for joined, start in known)
    spread = (max(joined for joined, _ in known) - min(joined for joined, _ in known)).days
    case = "new_hires" if new >= 0.6 * len(known) and spread >= SPREAD_DAYS else ""
    text = f"{new} of {len(known)} came there within {ARRIVAL_DAYS} days of their start, over {spread} days in all"
    why = "benches see every new hire" if _many_leave(facts) else _flat(facts)
    return _bar("joining", text, table.row("joining", case, unrelated(facts)), why)


def _use(facts: FarmFacts, table: Table) -> FarmBar | None:
    unused, known = _unused(facts)
    if not known or 2 * known < len(facts.members):
        return None
    case = "unused" if unused >= MOST * known else "half" if 2 * unused >= known else ""
    waiting = f"Nobody uses {unused} of {known} members yet: hardly a day of input in 14, or a start that is to come"
    text = waiting if unused else f"All {known} members of whom it is known are in use"
    return _bar("use", text, table.row("use", case, unrelated(facts)))


def _unused(facts: FarmFacts) -> tuple[int, int]:
    """Returns members that nobody uses yet, and members of whom that is known."""
    today = facts.at.date()
    known = [each for each in facts.members if each.used_days is not None or (each.start_on and each.start_on > today)]
    unused = [
        each for each in known if not each.used_days or (each.used_days <= TRIED_DAYS and each.days >= TRIED_KNOWN)
    ]
    return len(unused), len(known)


def _idle(facts: FarmFacts) -> bool:
    """Most members wait for somebody: that they stand still together is then what benches and store rooms do."""
    unused, known = _unused(facts)
    return bool(known) and 2 * known >= len(facts.members) and 2 * unused >= known


def _stayers(facts: FarmFacts) -> list[Member]:
    """Members who stay; one of whom nothing is known yet is no visitor either."""
    if not facts.shared:
        return []
    anchor, visiting = facts.shared[0], set(facts.shared[0].node.holders) - set(facts.shared[0].node.residents)
    there = set(anchor.members) - visiting
    return [each for each in facts.members if each.device in there]


def _many_leave(facts: FarmFacts) -> str:
    """Why staying says nothing: "" unless more than 15 % of those seen there come and go."""
    seen = len(_stayers(facts)) + facts.visitors
    return "where many come and go, those who are there say little" if seen and _visiting(facts) > 0.15 * seen else ""


def _visiting(facts: FarmFacts) -> int:
    """Returns how many come and go; one alone at a place of more than a flat is left out: it may do so to clear it."""
    return 0 if facts.visitors == 1 and unrelated(facts) > FLAT else facts.visitors


def _passing(facts: FarmFacts) -> str:
    """Why those who are there say little: they are there for a while."""
    return _many_leave(facts) or _gathered(facts)


def _gathered(facts: FarmFacts) -> str:
    """ "" unless most members came together from networks of their own: a course, a hotel, a journey.

    A farm's laptops come one by one, and from no home, or from one for a few days. What is remembered of a home fades
    after a month: who is still there then lives there.
    """
    came = sorted(each.joined_at for each in facts.members if each.joined_at and each.own_days >= HOME_DAYS)
    if len(came) <= FLAT or len(came) < MOST * len(facts.members):
        return ""
    middle = came[len(came) // 2]
    together = sum(abs((each - middle).days) <= TOGETHER_DAYS for each in came)
    return "they came from homes of their own, all at once" if together >= MOST * len(facts.members) else ""


def _flat(facts: FarmFacts) -> str:
    """Why it says nothing that people are new together: "" where they are more than share a flat, or live apart."""
    apart, pairs, _ = _claims_apart(facts.members)
    small = unrelated(facts) <= FLAT and (not pairs or 2 * apart < pairs)
    return "who begins together looks for a flat together" if small else ""


def _alone(facts: FarmFacts, bars: Sequence[FarmBar]) -> list[FarmBar]:
    """Takes off what a place gives beyond the level that it may reach by itself: nobody there did anything."""
    if not facts.shared or any(bar.key in ("members", "rhythm") and bar.bits >= OWN for bar in bars):
        return []
    if any(each.kind in ("kvm_model", "remote_peer") for each in facts.traits) or facts.shared[0].hand_over:
        return []
    flat = unrelated(facts) <= FLAT
    excess = math.fsum(bar.bits for bar in bars) - (ALONE_MOST_FLAT if flat else ALONE_MOST)
    if excess <= 0:
        return []
    words = "review" if flat else "urgent"
    label = f"No member shows anything by itself, and no hours fit: a shared place alone is {words} at most."
    return [FarmBar(key="alone", label=label, bits=-excess)]


def _rhythm(facts: FarmFacts) -> FarmBar | None:
    """By the bound of Sellke, Bayarri and Berger (2001, The American Statistician 55:62): m / u <= 1 / (-e p ln p).

    p holds for all pairs that were tried together, as `activity.rhythms` gives it.
    """
    if not facts.rhythms:
        return None
    best = min(facts.rhythms, key=lambda each: (each.p, each.device, each.other))
    p = min(1.0, max(best.p, 1e-9))
    bound = 1 / (-math.e * p * math.log(p)) if p < 1 / math.e else 1.0
    bits = min(HIGHEST_JUDGED, math.log2(RHYTHM_SHOWS * bound + 1 - RHYTHM_SHOWS))
    fit = len({frozenset((each.device, each.other)) for each in facts.rhythms})
    pairs = len(facts.members) * (len(facts.members) - 1) // 2
    words = "takes turns" if best.kind == "alternates" else "starts and stops together"
    label = (
        f"Activity of {best.device} and {best.other} {words} on {best.days} days: chance and habits of others explain "
        f"it with p {best.p:.2g} at most; so do {fit} of {pairs:,} pairs."
    )
    return FarmBar(key="rhythm", label=label, bits=max(0.0, bits), basis="measured")


#: A cohort that so much of the fleet is in gathers nowhere in particular: a spike is one of a small cohort.
HALF_OF_ALL = 0.5


def _cohort(facts: FarmFacts, table: Table, idle: bool) -> FarmBar | None:
    row = table.traits["cohort"]
    best = max(
        ((each, _trait_bits(each, row, facts)) for each in facts.traits if each.kind == "cohort"),
        key=lambda pair: (pair[1], pair[0].words),
        default=None,
    )
    if best is None:
        return None
    trait, bits = best
    text = (
        f"{trait.having} of {trait.known} are of cohort {trait.words}, as are {share_words(trait.share)} in the fleet"
    )
    why = "benches set up one cohort at a time" if idle else _passing(facts) or _flat(facts)
    if trait.share >= HALF_OF_ALL:
        why = "most of the fleet are"
    why = why if bits > 0 else ""
    label = f"{text}: counts nothing, {why}." if why else f"{text}."
    return FarmBar(key="cohort", label=label, bits=0.0 if why else bits, basis="measured")


def _traits(facts: FarmFacts, table: Table, own: float) -> FarmBar | None:
    """What members are alike in. What their own evidence tells of too counts only where it says more than that."""
    best: dict[str, tuple[float, Trait]] = {}
    for each in sorted(facts.traits, key=lambda one: (one.kind, one.words)):
        row = table.traits.get(each.kind)
        if row is not None and each.kind != "cohort":
            bits = _trait_bits(each, row, facts)
            if bits > best.get(each.kind, (0.0, each))[0]:
                best[each.kind] = (bits, each)
    if not best:
        return None
    shared = [bits for kind, (bits, _) in best.items() if table.traits[kind].own]
    others = [bits for kind, (bits, _) in best.items() if not table.traits[kind].own]
    bits = min(TRAITS_MOST, max(0.0, math.fsum(shared) - own) + math.fsum(others))
    heaviest = sorted(best.values(), key=lambda pair: (-pair[0], pair[1].kind))
    parts = "; ".join(
        f"{each.having} of {each.known} have {each.words or each.kind}, {share_words(each.share)} in the fleet do"
        for _, each in heaviest[:3]
    )
    less = f" Of this {own:.1f} bits are counted with the members' own evidence." if shared and own > 0 else ""
    return FarmBar(key="traits", label=f"Members are alike: {parts}.{less}", bits=bits, basis="measured")


def _trait_bits(trait: Trait, row: TraitRow, facts: FarmFacts) -> float:
    """A binomial likelihood ratio with the chance that a farm is not alike in this at all: never below 0.

    Devices that share something which makes them alike anyway count once. The fleet's share leaves members out. Each
    further device gives a bit at most: two of one make are what a provider, a shop or a team makes of neighbours.
    """
    same = sum(len(each.members) - 1 for each in facts.shared if each.node.seen.kind in row.implied_by)
    known, having = trait.known - min(same, trait.known), trait.having - min(same, trait.having)
    if having < max(2, row.least):
        return 0.0
    elsewhere = max(0.0, trait.share * facts.fleet - trait.having)
    others = max(0.0, facts.fleet - trait.known)
    usual = min(0.99, (elsewhere + PSEUDO * row.usual) / (others + PSEUDO))
    if usual >= row.alike:
        return 0.0
    ratio = having * math.log2(row.alike / usual) + (known - having) * math.log2((1 - row.alike) / (1 - usual))
    mixed = math.log2(row.kit * 2.0 ** min(60.0, ratio) + 1 - row.kit)
    return max(0.0, min(row.most, having - 1.0, mixed))


def _members(members: Sequence[Member]) -> FarmBar | None:
    known = [max(0.0, each.bits) for each in members if each.bits is not None]
    if not known:
        return None
    bits = min(HIGHEST, math.fsum(known) / len(members))
    strong = sum(each >= OWN for each in known)
    one = strong == 1 and len(members) <= FLAT and bits > OWN
    bits = OWN if one else bits
    cap = "; one alone of so few gives a bit, for it is judged by itself" if one else ""
    label = f"{strong} of {len(members)} members have evidence of their own; {bits:.1f} bits in the mean of all{cap}."
    return FarmBar(key="members", label=label, bits=bits)


def _bar(key: str, text: str, row: Row | None, silent: str = "") -> FarmBar:
    """Returns the bar of a row; 0 where there is none. `silent` says why it may not speak for a farm; "" if it may."""
    if row is None:
        return FarmBar(key=key, label=f"{text}.", bits=0.0)
    return _weighed(key, text, row, row.bits, silent)


def _weighed(key: str, text: str, row: Row, bits: float, silent: str = "") -> FarmBar:
    if silent and bits > 0:
        return FarmBar(key=key, label=f"{text}: counts nothing, {silent}.", bits=0.0, m=row.m, u=row.u, basis=row.basis)
    return FarmBar(key=key, label=f"{text}.", bits=bits, m=row.m, u=row.u, basis=row.basis)
