"""A simulated device: what its probes find, what changes and when, how it is used, and what it truly is."""

import random
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from farmwatch_schema.observables import Observable
from farmwatch_schema.report import Outcome

from ..cities import HOMES, City
from ..lines import Line
from ..sample import Label
from ..ways_out import Way
from . import hours
from .telling import told

if TYPE_CHECKING:
    from .whereabouts import Elsewhere

#: Reasons that the reader gives for kinds that nobody turned on.
OFF = "{} is looked at only where this laptop's settings turn it on"
PAST = "{} is looked at in a device's first 30 days, and then only where this laptop's settings turn it on"  # reader.py
FIRST_DAYS = 30


class Facts:
    """What the probes of one device find at a time: observables by kind, and kinds that could not be looked at.

    hides_days     nobody counted the days' input
    identity_only  a Mac whose display ports do not tell the EDID, as many with Apple's own chip
    way            the way out, as far as only measuring shows it
    here           where the laptop stands
    """

    def __init__(self, platform: str) -> None:
        self.platform = platform
        self.items: dict[str, tuple[Observable, ...]] = {}
        self.outcomes: dict[str, tuple[Outcome, str]] = {}
        self.hides_days = False
        self.identity_only = False
        self.way = Way()
        self.here: City = HOMES[0]

    def copy(self) -> "Facts":
        """Returns facts that change apart from these."""
        other = Facts(self.platform)
        other.items, other.outcomes = dict(self.items), dict(self.outcomes)
        other.hides_days, other.identity_only = self.hides_days, self.identity_only
        other.way, other.here = self.way, self.here
        return other

    def add(self, kind: str, *observables: Observable) -> None:
        """Adds what a probe finds, told as this platform tells it; what is there already is told once."""
        here = list(self.items.get(kind, ()))
        for item in observables:
            here += [seen for seen in told(self.platform, item, self.identity_only) if seen not in here]
        self.items[kind] = tuple(here)

    def drop(self, kind: str, gone: Callable[[Observable], bool]) -> None:
        """Takes away what a probe of one kind finds no more."""
        self.items[kind] = tuple(item for item in self.items.get(kind, ()) if not gone(item))

    def put(self, kind: str, *observables: Observable) -> None:
        """Replaces all that a probe of one kind finds."""
        self.items[kind] = ()
        self.add(kind, *observables)

    def deny(self, kind: str, outcome: Outcome, reason: str) -> None:
        """A probe of this kind cannot look any more."""
        self.outcomes[kind] = (outcome, reason)


Change = Callable[[Facts], None]


class Moment(msgspec.Struct, frozen=True):
    """A change of the facts: seconds since 1970, and whether the reader wakes up for it and reports at once."""

    at: int
    change: Change
    wakes: bool = True


class Device:
    """One laptop while a fleet is put together. Nothing here travels but through `facts`, `moments` and `use`.

    chance    dice of its own, so that a change to one device moves no other
    number    tells it from others in made-up serials; carries no meaning
    first     local day of its first report
    enrolled  seconds since 1970, when its first report is made
    timing    `input_timing` is turned on in this laptop's settings
    screens   monitors beside its own panel; desk: a keyboard stands on it
    copy      a laptop that reports under this one's identity; copied_after: seconds after the original's first
              report at which it was given it, None for an original
    frozen_at from when on its reports only seem to go on; 0 for never
    corpus    folder that its monitors and devices come from; "" for the lab's own tables
    home      where its person lives; claimed: where the person says to work; claim: the same as the roster names it
    lines     from when on it hangs on which line, None for the first, which is home's
    hidden    from when until when a tunnel's end stands for the line
    elsewhere sign-ins of its person that come through a line of their own
    records   further cells of the roster, by column
    """

    def __init__(self, chance: random.Random, platform: str, first: date, enrolled: int, days: int) -> None:
        self.id = f"{chance.getrandbits(64):016x}"
        self.chance = chance
        self.platform = platform
        self.number = chance.randrange(1, 1 << 20)
        self.first = first
        self.enrolled = enrolled
        self.facts = Facts(platform)
        self.moments: list[Moment] = []
        self.use = hours.Use(enrolled, days)
        self.timing = False
        self.copy: Device | None = None
        self.copied_after: int | None = None
        self.frozen_at = 0
        self.screens = 0
        self.desk = False
        self.corpus = ""
        self.person = f"p-{chance.getrandbits(40):010x}"
        self.cohort = ""
        self.start_on: date | None = None
        self.household = ""
        self.site = ""
        self.time_zone = "America/Chicago"
        self.home = self.claimed = HOMES[0]
        self.claim = ""
        self.lines: list[tuple[int, Line | None]] = []
        self.hidden: list[tuple[int, int, Line]] = []
        self.elsewhere: list[Elsewhere] = []
        self.records: dict[str, str] = {}
        self.farm = False
        self.kind = "ordinary"
        self.since = enrolled
        self.facets: dict[str, str] = {"platform": platform}

    def later(self, at: int, change: Change, wakes: bool = True) -> None:
        """Lets something change at a time; before the first report it is so from the start."""
        if at <= self.enrolled:
            change(self.facts)
        else:
            self.moments.append(Moment(at, change, wakes))

    def vary(self, word: str) -> None:
        """Notes which form of a trap it has, for the label."""
        self.facets["variant"] = "+".join([*filter(None, [self.facets.get("variant")]), word])

    def label(self) -> Label:
        """Returns the truth about it."""
        return Label(
            device=self.id, farm=self.farm, kind=self.kind, since=hours.stamp(self.since), facets=dict(self.facets)
        )
