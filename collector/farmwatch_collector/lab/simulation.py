"""What a simulated fleet is made of, before it becomes reports, rows or a bench's input."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables import Observable
from farmwatch_schema.report import Outcome


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A section that stays the same over some time. Identifiers in its items are keyed.

    first, until  first and last report with it
    days          UTC days on which it was reported, oldest first
    """

    kind: str
    outcome: Outcome = "found"
    reason: str = ""
    items: tuple[Observable, ...] = ()
    first: datetime
    until: datetime
    days: tuple[date, ...] = ()


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """A public address that reports came from over some time.

    address, block  keyed: the address (IPv6: its /64) and the /24 (IPv6: /48) around it
    kind            as `Egress.kind`: `residential`, `mobile`, `shared`, `sase`, `company`, `hosting`, `vpn` or ""
    text            the address itself, for what speaks HTTP; a documentation or private-use one
    """

    address: Identifier
    block: Identifier | None
    text: str
    kind: str
    asn: int
    network: str
    country: str
    first: datetime
    until: datetime
    days: tuple[date, ...] = ()


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """What is so, and no report says.

    farm      name of the farm that it stands in; "" for an ordinary laptop
    care      of that farm: `careless`, `average`, `careful`
    evasions  what that farm does against being found, sorted: `travel_routers`, `lte`, `vlans`, `mixed_kvms`,
              `staggered`, `late_shipping` ...
    dwelling  how its person lives or works: `alone`, `couple`, `flat`, `dormitory`, `office`, `co_working`, `farm`
    place     name of the place shared with others; "" for a home of its own
    traps     what is odd about it although nothing is wrong, sorted
    """

    farm: str = ""
    care: str = ""
    evasions: tuple[str, ...] = ()
    dwelling: str = "alone"
    place: str = ""
    traps: tuple[str, ...] = ()


class SimulatedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A laptop of the fleet over all its days.

    roster  its line of the roster, by column of docs/roster.md; {} where the roster does not have it
    """

    device: str
    name: str
    platform: str
    enrolled_at: datetime
    roster: Mapping[str, str]
    stretches: tuple[Stretch, ...]
    exits: tuple[Exit, ...]
    truth: Truth
