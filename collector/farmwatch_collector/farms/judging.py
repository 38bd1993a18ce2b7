"""Groups of a fleet as candidates: what is known of each, and its odds."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from farmwatch_detectors.policy import Policy

from ..assessment import THRESHOLDS
from ..fleet import Fleet
from .facts import FactsMaker, Fellows, Inquiry
from .gathering import HIGHEST_LEVEL, Group, Links
from .odds import odds
from .source import Source
from .types import FarmFacts, FarmOdds

#: Members' hours are looked up from such odds on: below them neither rhythm (4 bits at most) makes a farm.
HOURS_FROM = -8.0
#: A part counts for itself where its own odds are at most so much lower than those of all that is tied to it.
LOWER_BY = 0.5
WATCH = dict(THRESHOLDS)["watch"]


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
        """The group as a whole, or the parts that stronger links hold.

        What hangs on a farm by a thread is no part of it. But several parts that look like farms are one farm of
        several networks, unless one device alone ties them; and who shares a value with half of a part is no thread.
        """
        whole = self._judge(group)
        if not whole.facts.shared or len(whole.facts.shared[0].members) == len(group.devices):
            return [whole]
        for level in range(group.level + 1, HIGHEST_LEVEL + 1):
            parts = self.links.parts(group, level)
            if not parts:
                break
            if parts[0].devices != group.devices:
                found = [each for part in parts for each in self._best(part)]
                best = max(found, key=lambda each: (each.odds.bits, each.devices))
                alike = sum(each.odds.probability >= WATCH for each in found)
                one_house = alike > 1 and whole.odds.probability >= WATCH
                one_house = one_house and not self.links.hangs_on_one(parts, group)
                low = best.odds.bits < whole.odds.bits - LOWER_BY
                return [whole] if low or one_house or self.links.reaches_out(best.devices, group) else found
        return [whole]

    def _judge(self, group: Group) -> Candidate:
        facts = self._maker.facts(group)
        found = odds(facts)
        if found.bits >= HOURS_FROM:
            facts = self._maker.with_hours(facts)
            found = odds(facts)
        return Candidate(facts, found)
