"""What `farmwatch score --json` prints. The published schema is docs/schema/score-v1.json, made by `schema()`."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from inspect import cleandoc
from typing import Any, Literal

import msgspec

from farmwatch_schema.finding import Finding, Group

from .assessment import AttentionLevel, Bar, GroupLevel
from .clearing import Clearing, clearing_of
from .evaluate import versions
from .offline import Judged
from .score_words import explain, probability_words


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing was scored: place, problem, what to do. `line` is 0 and `field` "" when there is none."""

    problem: str
    file: str = ""
    line: int = 0
    field: str = ""
    remedy: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One device, judged at its latest report; figures as in `Assessment`.

    level        `none`, `watch`, `review`, `urgent` or `near_certain`
    words        the probability in words
    clears       groups whose clearing would bring it under review, smallest set; empty when it is under it
    clearing     the same set with its facts, and where the device would stand; null when it is under review
    explanation  the whole score read out
    origins      `live`, `replay`, `root`: where the reports come from
    """

    device: str
    platform: str
    at: datetime
    level: AttentionLevel
    points: int
    bits: float
    probability: float
    words: str
    sentence: str
    coverage: float
    next_change: datetime | None
    groups: tuple[GroupLevel, ...]
    bars: tuple[Bar, ...]
    findings: tuple[Finding, ...]
    clears: tuple[Group, ...]
    clearing: Clearing | None
    explanation: tuple[str, ...]
    reports: int
    first_report_at: datetime
    last_report_at: datetime
    origins: tuple[str, ...]
    notices: tuple[str, ...]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer. `code` is the exit code; `ok` is false when nothing was scored."""

    schema: Literal["farmwatch-score-v1"] = "farmwatch-score-v1"
    ok: bool
    code: int
    versions: str
    items: tuple[Item, ...] = ()
    errors: tuple[Fault, ...] = ()


def document_of(judged: Sequence[Judged]) -> Document:
    """Returns the document of devices in the order given."""
    return Document(ok=True, code=0, versions=versions(), items=tuple(_item(each) for each in judged))


def _item(judged: Judged) -> Item:
    result = judged.assessment
    clearing = clearing_of(result)
    return Item(
        device=result.device,
        platform=judged.platform,
        at=result.at,
        level=result.attention,
        points=result.points,
        bits=result.bits,
        probability=result.probability,
        words=probability_words(result.probability),
        sentence=result.sentence,
        coverage=result.coverage,
        next_change=result.next_change,
        groups=result.groups,
        bars=result.bars,
        findings=result.findings,
        clears=tuple(each.group for each in clearing.groups) if clearing else (),
        clearing=clearing,
        explanation=explain(result),
        reports=judged.reports,
        first_report_at=judged.first_at,
        last_report_at=judged.last_at,
        origins=judged.origins,
        notices=judged.notices,
    )


def schema() -> dict[str, Any]:
    """Returns the JSON schema of `Document`."""
    made = msgspec.json.schema(Document)
    for definition in made["$defs"].values():
        # As Python 3.13 keeps docstrings, on every version.
        if "description" in definition:
            definition["description"] = cleandoc(definition["description"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "farmwatch score, version 1", **made}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2, sort_keys=True) + "\n")
