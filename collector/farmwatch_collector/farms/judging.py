"""Groups of a fleet as candidates: what is known of each, and its odds."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from farmwatch_detectors.policy import Policy

from ..fleet import Fleet
from .facts import FactsMaker, Fellows, Inquiry
from .gathering import HIGHEST_LEVEL, Group, Links
from .odds import odds
from .source import Source
from .types import FarmFacts, FarmOdds

#: Members' hours are looked up from such odds on: below them neither rhythm (4 bits at most) makes a farm.
HOURS_FROM = -8.0
#: A part counts for itself where its own odds are higher by so much than those of all that is tied to it.
BETTER_BY = 0.5


class Candidate(msgspec.Struct, frozen=True):
    """Devices that are tied, with what they are judged by."""

    facts: FarmFacts
    odds: FarmOdds

    @property
    def devices(self) -> tuple[str, ...]:
        """Members, sorted."""
        return tuple(each.device for each in self.facts.members)


class Judging:
    """One search: its links, its questions to the source, and what it found of each group."""

    def __init__(self, fleet: Fleet, source: Source, policy: Policy, fellows: Fellows, at: datetime) -> None:
        self.at = at
        self.links = Links(fleet, at.astimezone(UTC).date())
        self._inquiry = Inquiry(source, at)
        self._maker = FactsMaker(fleet, policy, fellows, self._inquiry)

    def candidates(self, groups: Iterable[Group]) -> list[Candidate]:
        """Returns the candidates that groups make, by their devices."""
        every = list(groups)
        self._inquiry.scores({device for group in every for device in group.devices})
        found = [each for group in every for each in self._best(group)]
        return sorted(found, key=lambda each: each.devices)

    def _best(self, group: Group) -> list[Candidate]:
        """The group as a whole, or parts that stronger links hold: whichever has the highest odds.

        So what hangs on a farm by a thread is no part of it, and a farm of several networks is one.
        """
        whole = self._judge(group)
        if not whole.facts.shared or len(whole.facts.shared[0].members) == len(group.devices):
            return [whole]
        for level in range(group.level + 1, HIGHEST_LEVEL + 1):
            parts = self.links.parts(group, level)
            if parts and parts[0].devices != group.devices:
                found = [each for part in parts for each in self._best(part)]
                highest = max(each.odds.bits for each in found)
                return found if highest > whole.odds.bits + BETTER_BY else [whole]
            if not parts:
                break
        return [whole]

    def _judge(self, group: Group) -> Candidate:
        facts = self._maker.facts(group)
        found = odds(facts)
        if found.bits >= HOURS_FROM:
            facts = self._maker.with_hours(facts)
            found = odds(facts)
        return Candidate(facts, found)
