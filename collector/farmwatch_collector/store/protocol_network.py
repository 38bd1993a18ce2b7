"""The part of a store that keeps public addresses by class, and sign-ins."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from farmwatch_detectors.placing import Egress, SignIn
from farmwatch_schema.identifiers import Identifier

EGRESS_DAYS = 30
"""How far back a device's addresses are told, and its person's sign-ins."""

MAX_NEW_ADDRESSES_PER_DAY = 64
"""New addresses of one device that are kept in a day: a phone's carrier gives a few, and more would fill the disk."""


class Origin(msgspec.Struct, frozen=True):
    """Where a request came from: the address keyed, what is known of its network, and its block (as `Egress`'s)."""

    address: Identifier
    kind: str = ""
    asn: int = 0
    network: str = ""
    country: str = ""
    block: Identifier | None = None


class NetworkStore(Protocol):
    """Durable state as `Store`'s, whose rules hold here too.

    `commit` keeps each accepted report's `Incoming.origin`: a row per device and address, written when an address is
    new, on the first report of a day from it, when it changes, and every few hours. A new address or day makes the
    device due. Of one device at most `MAX_NEW_ADDRESSES_PER_DAY` new ones are kept in a day.
    """

    def egress(self, device: str, now: datetime) -> list[Egress]:
        """Returns the addresses of the last 30 days, oldest first; [] for an unknown device. In `view`, too."""
        ...

    def add_sign_ins(self, found: Mapping[str, Sequence[SignIn]]) -> int:
        """Adds people's sign-ins in one transaction; returns how many were new. One that is there already (person,
        moment, and all that was told of it) is not added again. They count at a device's next evaluation."""
        ...

    def set_sign_in_token(self, digest: bytes) -> None:
        """Puts the digest of the webhook's token in the place of the one that held, as setting `sign_in_token`;
        b"" ends it."""
        ...

    def sign_ins(self, person: str, since: datetime) -> list[SignIn]:
        """Returns a person's sign-ins at or after `since`, oldest first, the latest 1,000 at most."""
        ...
