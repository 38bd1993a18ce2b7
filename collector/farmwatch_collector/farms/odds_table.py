"""The table `odds.toml`: what a candidate's bars weigh, checked when it is read."""

import math
import tomllib
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from farmwatch_schema.errors import FarmwatchError

#: Sizes that every case of a bar has a row for: a couple to the largest group that is no crowd.
SMALLEST, LARGEST = 2, 256
HIGHEST_JUDGED = 4.0
HIGHEST = 9.0
LOWEST = -6.0


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one case of a bar weighs for so many unrelated members.

    sizes    first and last number of unrelated members
    lowest   fewest bits it may give
    """

    bar: str
    case: str
    meaning: str
    sizes: tuple[int, int]
    m: float
    u: float
    basis: Literal["measured", "published", "judgement"]
    sources: tuple[str, ...]
    lowest: float = -3.0

    @property
    def bits(self) -> float:
        """After its caps."""
        most = HIGHEST_JUDGED if self.basis == "judgement" else HIGHEST
        return max(self.lowest, min(most, math.log2(self.m / self.u)))


class Rarity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most that rarity may give for so many unrelated members."""

    sizes: tuple[int, int]
    most: float
    sources: tuple[str, ...]


class TraitRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a likeness of members is weighed.

    kit         probability that a farm's laptops are alike in this at all
    alike       then, probability that any one of them has it
    usual       shipped share of laptops that have one given value; weighs as much as `odds.PSEUDO` devices
    most        bits at most
    least       so many must have it
    own         a member's own evidence tells of it too: it counts only what it exceeds that
    implied_by  kinds of shared value whose holders are alike in it anyway: they count as one device
    """

    kind: str
    kit: float
    alike: float
    usual: float
    sources: tuple[str, ...]
    most: float = HIGHEST_JUDGED
    least: int = 2
    own: bool = False
    implied_by: tuple[str, ...] = ()


class _Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rows: tuple[Row, ...]
    rarity: tuple[Rarity, ...]
    traits: tuple[TraitRow, ...]


class Table(msgspec.Struct, frozen=True):
    """The table by what is asked of it."""

    rows: dict[tuple[str, str], tuple[Row, ...]]
    rarity: tuple[Rarity, ...]
    traits: dict[str, TraitRow]

    def row(self, bar: str, case: str, size: int) -> Row | None:
        """Returns the row of a case for so many unrelated members; None where the bar has no such case."""
        size = max(SMALLEST, min(LARGEST, size))
        found = (each for each in self.rows.get((bar, case), ()) if each.sizes[0] <= size <= each.sizes[1])
        return next(found, None)

    def most_for(self, size: int) -> float:
        """Returns the most bits that rarity may give for so many unrelated members; 0 for less than two."""
        if size < SMALLEST:
            return 0.0
        size = min(LARGEST, size)
        return next(each.most for each in self.rarity if each.sizes[0] <= size <= each.sizes[1])


class OddsTableError(FarmwatchError):
    """A table that breaks a rule; says which row and rule."""


@cache
def shipped_table() -> Table:
    """Returns the table that comes with this version, read once. Raises OddsTableError."""
    text = resources.files(__name__.rpartition(".")[0]).joinpath("odds.toml").read_text(encoding="utf-8")
    return parse_table(text, "odds.toml")


def parse_table(text: str, name: str) -> Table:
    """Returns the table that a TOML text holds; `name` is said in errors. Raises OddsTableError."""
    try:
        table = msgspec.convert(tomllib.loads(text), _Rows)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise OddsTableError(f"{name}: {error}.") from error
    rows: dict[tuple[str, str], list[Row]] = {}
    for row in table.rows:
        where = f"{name} row {row.bar} {row.case} {row.sizes[0]}-{row.sizes[1]}"
        if not (0 < row.m < 1 and 0 < row.u < 1):
            raise OddsTableError(f"{where}: m and u lie between 0 and 1.")
        if not LOWEST <= row.lowest <= 0:
            raise OddsTableError(f"{where}: lowest lies between {LOWEST:g} and 0.")
        if not row.meaning or not {"m", "u"} <= {each.partition(":")[0] for each in row.sources}:
            raise OddsTableError(f"{where}: needs a meaning, and sources that begin with 'm:' and 'u:'.")
        rows.setdefault((row.bar, row.case), []).append(row)
    for (bar, case), several in rows.items():
        _check_sizes([each.sizes for each in several], f"{name} rows {bar} {case}")
    _check_sizes([each.sizes for each in table.rarity], f"{name} rarity")
    for each in table.rarity:
        if not (0 < each.most <= HIGHEST and each.sources):
            raise OddsTableError(f"{name} rarity {each.sizes[0]}: most lies above 0 and up to 9; it needs sources.")
    traits: dict[str, TraitRow] = {}
    for trait in table.traits:
        where = f"{name} trait {trait.kind}"
        if trait.kind in traits:
            raise OddsTableError(f"{where}: stands there twice.")
        if not all(0 < share < 1 for share in (trait.kit, trait.alike, trait.usual)):
            raise OddsTableError(f"{where}: kit, alike and usual lie between 0 and 1.")
        if not (0 < trait.most <= HIGHEST_JUDGED and trait.sources):
            raise OddsTableError(f"{where}: most lies above 0 and up to 4; it needs sources.")
        traits[trait.kind] = trait
    ordered = {key: tuple(sorted(several, key=lambda row: row.sizes)) for key, several in rows.items()}
    return Table(ordered, table.rarity, traits)


def _check_sizes(sizes: list[tuple[int, int]], where: str) -> None:
    """Raises OddsTableError unless the ranges follow each other from the smallest size to the largest."""
    expected = SMALLEST
    for first, last in sorted(sizes):
        if first != expected or last < first:
            raise OddsTableError(f"{where}: sizes go from {SMALLEST} to {LARGEST} without a gap, each once.")
        expected = last + 1
    if expected != LARGEST + 1:
        raise OddsTableError(f"{where}: sizes go from {SMALLEST} to {LARGEST} without a gap, each once.")
