"""`DeviceView`: all that a detector may know about a device. Read-only, built by the collector."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from functools import wraps
from typing import Concatenate, Generic, ParamSpec, TypeVar, cast

import msgspec

from farmwatch_schema.finding import Finding
from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import Gap, Observable
from farmwatch_schema.report import LOOKED, Outcome

from .placing import Egress, Placing, SignIn
from .policy import Expectation, Policy, RosterEntry, Sanction

Seen = TypeVar("Seen", bound=Observable)
Answer = TypeVar("Answer")
Args = ParamSpec("Args")


#: What the system remembers from before is a memory: it names what was there, nobody looked at it.
REMEMBERED_LEVEL = 2


class SectionView(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The latest section of one kind: outcome, when, and its observables."""

    kind: str
    outcome: Outcome
    observed_at: datetime
    items: tuple[Observable, ...] = ()
    reason: str = ""

    @property
    def looked(self) -> bool:
        """The probe could look, at all or in part."""
        return self.outcome in LOOKED

    @property
    def complete(self) -> bool:
        """The probe could look at everything: silence is evidence then, and only then."""
        return self.looked and not any(isinstance(item, Gap) for item in self.items)

    @property
    def gaps(self) -> list[Gap]:
        """What could not be looked at, part by part."""
        return [item for item in self.items if isinstance(item, Gap)]

    def of(self, kind: type[Seen]) -> list[Seen]:
        """Returns the observables of one type."""
        known = vars(self)  # many detectors ask for the same type
        if kind.__name__ not in known:
            known[kind.__name__] = tuple(item for item in self.items if isinstance(item, kind))
        return list(known[kind.__name__])


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """An observable over time.

    seen_from   first report that held it
    seen_until  last report that held it; None while the latest one does
    from_start  it was there in the device's first report of this kind
    """

    kind: str
    item: Observable
    seen_from: datetime
    seen_until: datetime | None = None
    from_start: bool = False


class Sighting(msgspec.Struct, Generic[Seen], frozen=True):
    """An observable with when it was first and last seen, as findings state it ("" as there).

    remembered  no report ever held it: the system remembers it (remembered.py), so it counts at most as level 2
    """

    item: Seen
    seen_from: str = ""
    seen_until: str = ""
    remembered: bool = False

    def capped(self, level: int) -> int:
        """Returns the level that this sighting may state at most."""
        return min(level, REMEMBERED_LEVEL) if self.remembered else level


class Tie(msgspec.Struct, frozen=True, kw_only=True):
    """A value that this device shares with others of the fleet, kept by the collector's fleet.py.

    kind        of the collector's ties/kinds.py: `gateway_mac`, `bssid`, `egress`, `usb_serial`, `edid_serial` ...
    value       the shared value's keyed digest
    identifier  the value itself as reported, when it is an identifier
    holders     device ids that hold it now, this one among them, sorted; () for a crowd too large to name
    fleet       how many devices of the fleet have any value of this kind
    unrelated   holders that the roster and policy do not tie to this device (no common household or site)
    place       name of the policy place that explains it; "" when none does
    since       when this device was first seen with it
    count       how many hold it now; 0 where only `holders` tells
    strangers   how many of them are unrelated to this device; 0 where only `unrelated` tells
    bits        log2(m / u) of so many sharing it, measured in this fleet; None where nobody measured
    share       u: share of other devices of this fleet that share such a value with so many
    words       how a person is told it; "" for the kind's own words
    soft        made up by software, or a published constant
    scattered   its holders stand in different places: it is no one thing
    first       it was this device's first network
    handed_over it stood at one device, then at another, and never at two at once
    """

    kind: str
    value: str
    holders: tuple[str, ...]
    fleet: int
    unrelated: tuple[str, ...] = ()
    identifier: Identifier | None = None
    place: str = ""
    since: datetime | None = None
    count: int = 0
    strangers: int = 0
    bits: float | None = None
    share: float | None = None
    words: str = ""
    soft: bool = False
    scattered: bool = False
    first: bool = False
    handed_over: bool = False

    @property
    def size(self) -> int:
        """How many devices hold it, this one among them."""
        return max(self.count, len(self.holders))

    @property
    def others(self) -> int:
        """How many of the other holders are unrelated to this device; 0 where a place explains it."""
        return 0 if self.place else max(self.strangers, len(self.unrelated))


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """Two devices whose hours of activity fit each other better than chance and habit explain.

    other     the other device
    device    the one that it is told of
    kind      `alternates`: one stops where the other starts, and they are hardly ever active at once;
              `together`: they start and stop at the same times
    p         share of shuffled days, and of strangers in this fleet with hours alike, that fit as well: an upper bound
    days      days on which both were watched
    switches  starts of one that fell into the quarter of an hour in which the other stopped (or started)
    expected  as many by chance
    source    `input_source`, or `sessions` where input is not told
    """

    device: str
    other: str
    kind: str
    p: float
    days: int
    switches: int = 0
    expected: float = 0.0
    source: str = "input_source"


class ReportEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something odd about a device's reports, counted per kind and day.

    kind    `gap`, `new_epoch`, `forked`, `late`, `too_much` or `two_boots`, as docs/store.md tells them
    detail  of the latest one
    """

    kind: str
    count: int
    detail: str
    first_at: datetime
    last_at: datetime


class Reporting(msgspec.Struct, frozen=True, kw_only=True):
    """How a device reports: what the collector knows of the reports themselves, without their content.

    last_at               when its latest report was received
    heard                 hours of the last 14 days in which a report was made, as whole hours since 1970, sorted:
                          one that waited in the spool counts where it was made, unless its clock cannot be right
    events                what was odd, newest first
    clock_offset_seconds  how far the laptop's clock is ahead, less the time that the report waited
    boot, uptime_seconds  of the latest report; "" and None when not known
    uptime_stuck          reports in a row of one boot whose uptime did not move on with time; 0 when it does
    """

    last_at: datetime
    heard: tuple[int, ...] = ()
    events: tuple[ReportEvent, ...] = ()
    clock_offset_seconds: int = 0
    boot: str = ""
    uptime_seconds: int | None = None
    uptime_stuck: int = 0


class DeviceView(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A device as detectors see it.

    device       id
    now          the moment of evaluation; a detector has no other clock
    enrolled_at  start of the device's time with its user; evidence from before counts less
    sections     latest section of each kind
    history      spans of each kind, gone ones included
    levels       findings of the evaluation before, for detectors that look at change
    roster       what records say of its person; None when nothing is known
    policy       what the company allows
    ties         values shared with other devices
    rhythms      devices that share a value with it and whose activity fits its own
    assets       keyed serial digest -> index into policy.sanctions, for registered assets
    fleet        how many devices of the fleet have any value of each kind of tie
    reporting    how it reports; None where nobody kept count
    expectations what closed cases say may be there; the score's business, never a detector's
    samples      sections of each sample kind of the last days, oldest first
    placing      what round-trip times say of the claim; None where nothing was measured or nothing is claimed
    egress       public addresses that its reports came from in the last 30 days, oldest first
    sign_ins     of its person in the last 30 days, oldest first
    """

    device: str
    now: datetime
    enrolled_at: datetime
    sections: Mapping[str, SectionView]
    history: Mapping[str, tuple[Span, ...]] = msgspec.field(default_factory=dict[str, tuple["Span", ...]])
    levels: tuple[Finding, ...] = ()
    roster: RosterEntry | None = None
    policy: Policy = Policy()
    ties: tuple[Tie, ...] = ()
    assets: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])
    fleet: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])
    reporting: Reporting | None = None
    expectations: tuple[Expectation, ...] = ()
    samples: Mapping[str, Sequence[SectionView]] = msgspec.field(default_factory=dict[str, Sequence["SectionView"]])
    placing: Placing | None = None
    egress: tuple[Egress, ...] = ()
    sign_ins: tuple[SignIn, ...] = ()
    rhythms: tuple[Rhythm, ...] = ()

    @property
    def handed_over(self) -> datetime | None:
        """When this person's time with the laptop began; None where records do not say, and while it is to come."""
        start = self.roster.start_on if self.roster else None
        begun = datetime.combine(start, time(), tzinfo=UTC) if start else None
        return begun if begun and begun <= self.now else None

    def section(self, kind: str) -> SectionView | None:
        """Returns the latest section of a kind; None when no report ever held one."""
        return self.sections.get(kind)

    def of(self, kind: str, observable: type[Seen]) -> list[Seen]:
        """Returns what is there now, of one type; nothing when the probe could not look."""
        section = self.sections.get(kind)
        return section.of(observable) if section is not None and section.looked else []

    def spans(self, kind: str, since: datetime | None = None) -> Iterator[Span]:
        """Yields spans of a kind that were still there at or after `since`."""
        for span in self.history.get(kind, ()):
            if since is None or span.seen_until is None or span.seen_until >= since:
                yield span

    def seen_from(self, kind: str, item: Observable) -> datetime | None:
        """Returns when an observable that is there now was first seen; None when it was there from the start."""
        for span in self.history.get(kind, ()):
            if span.item == item and span.seen_until is None:
                return None if span.from_start else span.seen_from
        return None

    def since(self, kind: str, *items: Observable) -> str:
        """Returns when the first of some observables was first seen, as findings state it.

        "" when any of them was there from the start, or when that is not known.
        """
        times = [self.seen_from(kind, item) for item in items]
        known = [time for time in times if time is not None]
        return min(known).isoformat() if known and len(known) == len(times) else ""

    def allowed(self, *, tool: str = "", vpn: str = "", claim: bool = False) -> Sanction | None:
        """Returns the policy entry that allows this tool, VPN or absence from its claim here today, or None."""
        return self.policy.sanction_for(self.device, self.now.date(), tool=tool, vpn=vpn, claim=claim)


def once(read: Callable[Concatenate[DeviceView, Args], Answer]) -> Callable[Concatenate[DeviceView, Args], Answer]:
    """Keeps what a function reads out of a device with that very view: several detectors ask for the same.

    The answer ends with the view, and a copy of the view starts without it. Whoever gets it must not change it.
    """
    name = f"{read.__module__}.{read.__qualname__}"

    @wraps(read)
    def answer(device: DeviceView, /, *args: Args.args, **more: Args.kwargs) -> Answer:
        kept = vars(device).setdefault("kept", {})
        key = (name, args)
        if key not in kept:
            kept[key] = read(device, *args, **more)
        return cast("Answer", kept[key])

    return answer
