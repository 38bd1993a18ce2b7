"""The form of a trap, and the table that the traps enter themselves into."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from .device import Device
from .life import Habits

if TYPE_CHECKING:
    from .drafting import Draft

Make = Callable[["Draft", list[Device]], Habits | None]


class Trap(msgspec.Struct, frozen=True, kw_only=True):
    """Something innocent that looks like a farm.

    number  of threat-signals section 7, as docs/scenarios.md lists them
    rate    share of ordinary devices that it holds for, unless a scenario says otherwise
    basis   where the rate comes from: a source, or "assumed"
    size    how many devices it takes at once
    alone   no other trap holds for its devices; the others are drawn apart from each other
    unlike  traps that nobody has beside it
    stage   of dressing a laptop: 0 what stands on the desk, 1 what else there is, 2 what gives input, 3 single days
    make    dresses devices before anybody works with them, and returns the habits of their people where unusual
    """

    name: str
    number: int
    rate: float
    basis: str
    size: int = 1
    alone: bool = False
    unlike: tuple[str, ...] = ()
    stage: int = 1
    make: Make


TRAPS: dict[str, Trap] = {}


def trap(
    number: int, rate: float, basis: str = "assumed", size: int = 1, *, alone: bool = False,
    unlike: tuple[str, ...] = (), stage: int = 1,
) -> Callable[[Make], Make]:  # fmt: skip
    """Enters a function into the table, under its name."""

    def enter(make: Make) -> Make:
        name = make.__name__
        TRAPS[name] = Trap(
            name=name,
            number=number,
            rate=rate,
            basis=basis,
            size=size,
            alone=alone,
            unlike=unlike,
            stage=stage,
            make=make,
        )
        return make

    return enter
