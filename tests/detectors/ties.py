"""Ties and rhythms for detector tests, and devices that have them."""

from typing import Any

import msgspec

from farmwatch_detectors.view import DeviceView, Rhythm, Tie

from .views import NOW, view

VALUE = "ab" * 16


def tie(kind: str, size: int, /, **more: Any) -> Tie:
    """Returns a value that so many unrelated laptops share, laptop-1 among them."""
    names = tuple(f"laptop-{number}" for number in range(1, size + 1))
    given = dict[str, Any](
        kind=kind, value=VALUE, holders=names, fleet=600, unrelated=names[1:], count=size, strangers=size - 1,
        bits=5.0, share=0.002, since=NOW,
    )  # fmt: skip
    return Tie(**(given | more))


def crowd(kind: str, count: int = 50_000, /, **more: Any) -> Tie:
    """Returns a value that so many hold that the collector names nobody."""
    return tie(
        kind, 1, **({"holders": (), "unrelated": (), "count": count, "strangers": count - 1, "fleet": count} | more)
    )


def rhythm(other: str = "laptop-2", kind: str = "alternates", **more: Any) -> Rhythm:
    """Returns hours of use of laptop-1 that fit another's."""
    given = dict[str, Any](device="laptop-1", other=other, kind=kind, p=0.0005, days=12, switches=70, expected=9.5)
    return Rhythm(**(given | more))


def with_ties(*ties: Tie, **more: Any) -> DeviceView:
    """Returns a laptop that shares these values."""
    return msgspec.structs.replace(view(), ties=ties, **more)
