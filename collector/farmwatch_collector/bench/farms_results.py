"""What `farmwatch bench farms` measured. Its published schema is docs/schema/bench-farms-v1.json."""

import json
import sys
from inspect import cleandoc
from typing import Any, Literal

import msgspec

from ..assessment import AttentionLevel
from .results import Rate

#: Seeds that weights of ties and farms may be set on, and seeds that figures are quoted from. Never the same.
TUNING_SEEDS = (31, 32, 33, 34, 35)
HELD_OUT_SEEDS = (411, 412, 413, 414, 415)

#: Fleets as they are judged: see `farms_text.VARIANT_WORDS`.
VARIANTS = ("base", "no_bssid", "sase70")

#: False farms are told per so many devices.
PER_DEVICES = 20_000


class BarLine(msgspec.Struct, frozen=True):
    """A line of a candidate's odds: what it is, in words with figures, and its bits."""

    key: str
    label: str
    bits: float


class Odds(msgspec.Struct, frozen=True, kw_only=True):
    """What a candidate was given.

    members  how many it has
    anchor   the value that most of them share: its kind and words
    """

    members: int
    bits: float
    points: int
    attention: AttentionLevel
    anchor: str
    bars: tuple[BarLine, ...]


class TrueFarm(msgspec.Struct, frozen=True, kw_only=True):
    """A farm that was made, and what became of it.

    size      its laptops that reported within the days; `planned` farms laptops that are still to come are no part
    found     a candidate at review or above has it in at least half of its members
    recalled  its laptops in such candidates
    merged    farms that stand with it in one of them
    best      the candidate with most of its laptops, at whatever level; None where no two of them came together
    held      its laptops in `best`
    """

    seed: int
    variant: str
    name: str
    care: str
    evasions: tuple[str, ...]
    size: int
    found: bool
    recalled: int
    merged: tuple[str, ...] = ()
    best: Odds | None = None
    held: int = 0


class FalseFarm(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate at review or above most of whose members stand in no farm.

    dwellings, traps, places  of its innocent members, with how many
    innocent  of the four kinds that must never be accused, the one that most of its members are; "" for another
    """

    seed: int
    variant: str
    odds: Odds
    dwellings: dict[str, int]
    traps: dict[str, int]
    places: dict[str, int]
    innocent: str = ""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """CPU seconds of one world: making, reading its records, taking in its ties, finding farms, judging members.

    judged     members that were really judged
    peak_mib   largest resident size of the process so far
    """

    make: float
    records: float
    take: float
    find: float
    judge: float
    judged: int
    candidates: int
    peak_mib: int


class WorldOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One seed and variant: what was there, and what was said of it.

    merged  candidates at review or above that hold laptops of several farms
    groups  places of two or more laptops that stand in no farm, by dwelling
    faults  members on which a detector failed, by detector
    """

    seed: int
    variant: str
    devices: int
    days: int
    farms: tuple[TrueFarm, ...]
    false: tuple[FalseFarm, ...]
    merged: int
    groups: dict[str, int]
    cost: Cost
    faults: dict[str, int] = {}


class FalseRate(msgspec.Struct, frozen=True, kw_only=True):
    """False farms per 20,000 devices, with the exact Poisson interval of Garwood.

    by_dwelling  false farms by how most of their members live
    by_trap      by the oddities that most of their members have; one may count under several
    accused      couples, flats, offices and staging benches among them: none may be
    """

    count: int
    devices: int
    per_20000: float
    low: float
    high: float
    bar: float
    met: bool | None
    by_dwelling: dict[str, int]
    by_trap: dict[str, int]
    accused: int


class Evasion(msgspec.Struct, frozen=True, kw_only=True):
    """Farms of three or more that do one thing against being found.

    carried  mean bits of each line of the odds of those that were found, largest first
    lacked   the same of those that were missed although some of their laptops came together
    """

    name: str
    rate: Rate
    carried: dict[str, float]
    lacked: dict[str, float]


class VariantResults(msgspec.Struct, frozen=True, kw_only=True):
    """All seeds of one variant.

    rates     farms of three or more found, by care, and members recalled: each with its bar
    told      without a bar: farms of two, members of all farms, by size
    merged    candidates that hold laptops of several farms
    groups    places of two or more laptops that stand in no farm, by dwelling: who was there to be accused
    """

    variant: str
    worlds: int
    devices: int
    farms: int
    rates: tuple[Rate, ...]
    told: tuple[Rate, ...]
    false: FalseRate
    merged: int
    groups: dict[str, int]
    evasions: tuple[Evasion, ...]


class EarlyDay(msgspec.Struct, frozen=True, kw_only=True):
    """What was said at the end of a day of the twenty clean-looking laptops on one home gateway.

    here  of them, those that had reported by then
    """

    day: int
    here: int
    held: int
    bits: float
    points: int
    attention: AttentionLevel


class Early(msgspec.Struct, frozen=True, kw_only=True):
    """Within how many days twenty clean-looking laptops on one home gateway are found; None: never within them."""

    devices: int
    laptops: int
    found_on: int | None
    bar: int
    met: bool
    days: tuple[EarlyDay, ...]
    bars: tuple[BarLine, ...]


class BadValue(msgspec.Struct, frozen=True, kw_only=True):
    """One gateway MAC on half of the fleet, beside the same fleet without it.

    seconds, plain_seconds  CPU of taking all in and finding, medians of `rounds` interleaved rounds
    made_farm               a candidate has it among what its members share, at whatever level
    same                    the same devices make up candidates at review or above with it and without it
    """

    devices: int
    holders: int
    rounds: int
    seconds: float
    plain_seconds: float
    ratio: float
    made_farm: bool
    same: bool
    met: bool


class FarmResults(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured.

    part   only held-out figures are quoted
    """

    part: Literal["held_out", "tuning"]
    scale: Literal["small", "full"]
    seeds: tuple[int, ...]
    devices: int
    days: int
    farms: int
    variants: tuple[VariantResults, ...]
    early: Early | None
    bad_value: BadValue | None
    missed: tuple[TrueFarm, ...]
    false: tuple[FalseFarm, ...]
    costs: tuple[Cost, ...]
    faults: dict[str, int] = {}


class FarmDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer. `code` is the exit code."""

    schema: Literal["farmwatch-bench-farms-v1"] = "farmwatch-bench-farms-v1"
    ok: bool
    code: int
    versions: str
    seconds: float = 0.0
    results: FarmResults | None = None
    error: str = ""


def schema() -> dict[str, Any]:
    """Returns the JSON schema of `FarmDocument`."""
    made = msgspec.json.schema(FarmDocument)
    for definition in made["$defs"].values():
        # As Python 3.13 keeps docstrings, on every version.
        if "description" in definition:
            definition["description"] = cleandoc(definition["description"])
    title = "farmwatch bench farms, version 1"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **made}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2, sort_keys=True) + "\n")
