"""The matrix of a farm: a row per device, a column per shared value, a mark where the device has it.

Devices that have the same values stand in one row where there are too many to look at; what does not fit is counted.
"""

import msgspec

from ..farms.types import Farm
from .farm_view import current, names_of, shared_names

#: Rows and columns, each.
MOST = 60


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A shared value: its words, what it is worth, how many members have it."""

    words: str
    bits: float
    count: int


class MatrixRow(msgspec.Struct, frozen=True, kw_only=True):
    """A device, or `count` that have the same values: then `device` and `name` are those of the first."""

    device: str
    name: str
    count: int
    has: tuple[bool, ...]


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The table, with how many columns and devices are left out."""

    columns: tuple[Column, ...]
    rows: tuple[MatrixRow, ...]
    more_columns: int = 0
    more_devices: int = 0


def matrix(farm: Farm) -> Matrix:
    """Returns the table of the members that a farm has now, who has most first."""
    shared = farm.facts.shared[:MOST]
    held: dict[str, list[bool]] = {each.member.device: [False] * len(shared) for each in current(farm)}
    for place, each in enumerate(shared):
        for device in each.members:
            if device in held:
                held[device][place] = True
    names = names_of(farm)
    single = len(held) <= MOST
    groups: dict[tuple[bool, ...] | str, list[str]] = {}
    for device, has in held.items():
        groups.setdefault(device if single else tuple(has), []).append(device)
    order = sorted(groups.values(), key=lambda group: (tuple(not it for it in held[group[0]]), -len(group), group[0]))
    shown = order[:MOST]
    return Matrix(
        columns=tuple(
            Column(words=words, bits=each.worth.bits, count=len(each.members))
            for each, words in zip(shared, shared_names(farm), strict=False)
        ),
        rows=tuple(
            MatrixRow(device=group[0], name=names[group[0]], count=len(group), has=tuple(held[group[0]]))
            for group in shown
        ),
        more_columns=len(farm.facts.shared) - len(shared),
        more_devices=sum(len(group) for group in order[MOST:]),
    )
