"""The part of a store that keeps what devices hold in common, farms, and analysts' words on shared values."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from ..assessment import AttentionLevel
from ..farms.source import Activity, FarmChange, MemberScore
from ..farms.types import Farm, FarmEvent, FarmState, Label


class FarmStore(Protocol):
    """Durable state as `Store`'s, whose rules hold here too."""

    def device_ties(self) -> Iterator[tuple[str, bytes]]:
        """Yields every device with what it holds, as `Fleet.memory` made it: all that a rebuild needs."""
        ...

    def save_ties(self, device: str, body: bytes, at: datetime) -> None:
        """Puts what a device holds in place of what was kept before."""
        ...

    def scores(self, devices: Collection[str]) -> Mapping[str, MemberScore]:
        """Returns what the latest judgement says of each device; one never judged is left out."""
        ...

    def activity(self, devices: Collection[str], since: date) -> Mapping[str, Activity]:
        """Returns when each device had input, from its `input_source` sections, else from its sessions."""
        ...

    def save_farms(self, changes: Sequence[FarmChange], at: datetime, channels: Sequence[str] = ()) -> dict[int, int]:
        """Keeps farms as they are now, in one transaction, and opens or follows their cases; returns the numbers that
        new ones were given, by the negative ones that they came with. A new case is told on `channels`."""
        ...

    def farms(
        self,
        states: Sequence[FarmState] = ("open",),
        minimum: AttentionLevel = "none",
        limit: int = 100,
        after: int = 0,
    ) -> list[Farm]:
        """Returns farms by points, highest first.

        after  id of the farm whose followers in this order are wanted; 0 from the first
        """
        ...

    def farm(self, number: int) -> Farm | None: ...

    def farms_of(self, device: str) -> list[Farm]:
        """Returns the farms that a device belongs to now, `ended` ones left out."""
        ...

    def farm_history(self, number: int) -> list[FarmEvent]:
        """Returns what happened to a farm, oldest first."""
        ...

    def labels(self, on: date | None = None) -> list[Label]:
        """Returns analysts' words on shared values, newest first; those that hold on a day, or all."""
        ...

    def add_label(self, label: Label, at: datetime) -> Label:
        """Keeps a word on a value, with an audit line; returns it with its id. Raises CaseError when it is not one."""
        ...

    def end_label(self, number: int, at: datetime, actor: str, reason: str) -> None:
        """Ends a word today, with an audit line. Raises CaseError."""
        ...
