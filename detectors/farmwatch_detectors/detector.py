"""What a detector is, and its level table."""

import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib import resources
from typing import Any, Literal

import msgspec

from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.finding import Evidence, Finding, Group

from .policy import Sanction
from .view import DeviceView, Sighting

Basis = Literal["measured", "published", "judgement"]


class Level(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of a detector's level table, in `<id>.toml`.

    level           1 and up, in rising order of weight
    meaning         one sentence
    m, u            probability of this level on a farm laptop, and on any other laptop
    basis           what `u` rests on; weights whose `u` is judgement are capped at +4 bits
    sources         what m and u rest on
    innocent        two or more harmless readings
    clears          what would clear it
    half_life_days  how fast it fades once the evidence is gone
    published_kvm   a published KVM identity or a confirmed KVM shape: may give +12 bits instead of +9
    """

    level: int
    meaning: str
    m: float
    u: float
    basis: Basis
    sources: tuple[str, ...]
    innocent: tuple[str, ...]
    clears: tuple[str, ...]
    half_life_days: float
    published_kvm: bool = False


class Detector(msgspec.Struct, frozen=True):
    """A detector: `id` equals its file's name for ever; `consumes` names the kinds of section it reads."""

    id: str
    group: Group
    title: str
    attack: tuple[str, ...]
    consumes: tuple[str, ...]
    detect: Callable[[DeviceView], Iterator[Finding]]

    def finding(
        self,
        level: int,
        sentence: str,
        evidence: Iterable[Evidence],
        subject: str,
        *,
        since: str = "",
        until: str = "",
        sighting: Sighting[Any] | None = None,
        sanction: Sanction | None = None,
        sanctioned: str = "",
        floor: bool = False,
        absorbs: tuple[str, ...] = (),
    ) -> Finding:
        """Returns a finding of this detector's; fields are `Finding`'s.

        A sighting gives both its times, a policy entry its words.
        """
        return Finding(
            detector=self.id,
            group=self.group,
            level=level,
            sentence=sentence,
            evidence=tuple(evidence),
            subject=subject,
            seen_from=sighting.seen_from if sighting else since,
            seen_until=sighting.seen_until if sighting else until,
            sanctioned=sanction.words if sanction else sanctioned,
            floor=floor,
            absorbs=absorbs,
        )


def quote(kind: str, subject: str, fact: str, source: str = "") -> Evidence:
    """Returns one quoted fact; the parts are `Evidence`'s."""
    return Evidence(kind=kind, subject=subject, fact=fact, source=source)


#: What `detect` yields.
Findings = Iterator[Finding]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    levels: tuple[Level, ...]


class LevelTableError(FarmwatchError):
    """A level table that breaks a rule; says which file, level and rule."""


def level_table(detector_id: str) -> dict[int, Level]:
    """Returns a detector's level table by level. Raises LevelTableError when it breaks a rule."""
    text = resources.files(__name__.rpartition(".")[0]).joinpath(f"{detector_id}.toml").read_text(encoding="utf-8")
    return parse_level_table(text, detector_id)


def parse_level_table(text: str, name: str) -> dict[int, Level]:
    """Returns the levels that a TOML text holds; `name` is said in errors."""
    try:
        table = msgspec.convert(tomllib.loads(text), _Table)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise LevelTableError(f"{name}.toml: {error}. See CONTRIBUTING.md, 'add a detector'.") from error
    levels: dict[int, Level] = {}
    for row in table.levels:
        where = f"{name}.toml level {row.level}"
        if row.level < 1 or row.level in levels:
            raise LevelTableError(f"{where}: levels are 1 and up, each once.")
        if not (0 < row.u < 1 and 0 < row.m < 1):
            raise LevelTableError(f"{where}: m and u lie between 0 and 1.")
        if len(row.innocent) < 2 or not row.sources or not row.clears or not row.meaning:
            raise LevelTableError(f"{where}: needs meaning, sources, clears and two innocent readings.")
        levels[row.level] = row
    return levels
