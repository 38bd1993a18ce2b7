"""What every observable shares."""

from typing import ClassVar, Literal

import msgspec

Cadence = Literal["state", "sample"]


class Observable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """A typed fact that a probe yields. A field left at its default was not seen, which is not "no"."""


class Gap(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="gap"):
    """Part of a section that could not be looked at, so that its silence is never taken for clean.

    what     what is missing, in words: "executables of other users"
    outcome  `not_permitted`, `not_supported` or `broken`
    count    how many, as a bucket of `bucket`; "" when it cannot be counted
    """

    what: str
    outcome: Literal["not_permitted", "not_supported", "broken"]
    count: str = ""


class UnknownObservable(Observable, frozen=True, kw_only=True, omit_defaults=True, tag="unknown_observable"):
    """An observable of a type that this version does not know, kept as it came."""

    name: str
    raw: bytes


class Kind(msgspec.Struct, frozen=True):
    """A kind of section: its name, whether it is a state or a sample, and what it holds."""

    kind: str
    cadence: Cadence
    observables: tuple[type[Observable], ...]

    SHARED: ClassVar[tuple[type[Observable], ...]] = (Gap,)


def bucket(count: int) -> str:
    """Returns a coarse count, so that a state does not change with every process: 0 1 2-4 5-9 10-49 50+."""
    if count < 2:
        return str(max(count, 0))
    for limit, name in ((5, "2-4"), (10, "5-9"), (50, "10-49")):
        if count < limit:
            return name
    return "50+"
