"""What a value is that devices may share, and what is remembered of one device's having it."""

from typing import Literal

import msgspec

Nature = Literal["place", "hardware", "exit", "trait"]
"""What sharing says: one network, one physical thing, one way out to the internet, or only the same make."""


class Seen(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value that a report shows.

    kind     of `kinds.KINDS`
    value    16 bytes: the identifier's keyed digest, or a digest of what makes up the value
    stratum  values of one sort, whose sharing is measured together: the OUI of a gateway or access point, the number
             of an exit's network, vendor and product of a USB device, maker and product of a monitor; "" when not known
    words    how a person is told it, without the value: "TP-Link gateway", "Dell U2419H"; "" for the kind's own words
    soft     the value was made up by software, or is a published constant: it never ties devices alone
    """

    kind: str
    value: bytes
    stratum: str = ""
    words: str = ""
    soft: bool = False


class Held(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is remembered of one device and one value. The order in which reports came makes no difference.

    seen      the value
    first_at  earliest report that showed it, seconds since 1970
    last_at   latest one
    days      bit i: it was shown on the UTC day `last_at // 86400 - i`; 32 days at most
    now       the latest report of its source shows it
    """

    seen: Seen
    first_at: int
    last_at: int
    days: int = 1
    now: bool = True


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A value, and who has it: what farms are gathered from.

    seen        the value, as the first of its holders (by id) shows it
    nature      of its kind
    holders     devices that have it now, sorted; () where there are more than `index.CROWD`
    count       how many have it now
    former      devices that had it in the last 30 days and have it no more, sorted; () as for `holders`
    gone        how many those are
    residents   of `holders`, those that it was shown by on four of five of their days known since they had it, sorted
    place       name of the policy's or analyst's place that explains it today; "" when none does
    scattered   its holders stand in different places, as what else they show tells: it is no one thing
    """

    seen: Seen
    nature: Nature
    holders: tuple[str, ...]
    count: int
    former: tuple[str, ...] = ()
    gone: int = 0
    residents: tuple[str, ...] = ()
    place: str = ""
    scattered: bool = False


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What a value shared by so many unrelated devices is worth, with what it was measured from.

    bits      log2(m / u), before any cap
    m         share of farm laptops that share a value of this kind with so many
    u         share of other laptops that do, measured in this fleet without this value's own holders
    size      unrelated holders, this one among them
    stratum   what was measured: the sort of value, or "" where all of the kind were taken
    measured  devices that u was measured from; pooled with a shipped rate where they are few
    """

    bits: float
    m: float
    u: float
    size: int
    stratum: str = ""
    measured: int = 0
