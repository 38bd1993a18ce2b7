"""When a device becomes a new case: one open flag per device, raised at review, lowered with hysteresis. Pure.

The bench counts false flags with it and the backtest counts cases before and after, so both mean the same.
"""

from datetime import datetime, timedelta

from .assessment import AttentionLevel
from .score import L0, POINTS_PER_BIT, REVIEW_BITS

#: Levels at which a device is a case.
FLAGGED: tuple[AttentionLevel, ...] = ("review", "urgent", "near_certain")

REVIEW_POINTS = (REVIEW_BITS - L0) * POINTS_PER_BIT
LOWERED_BELOW = REVIEW_POINTS - 10
LOWERED_AFTER = timedelta(hours=24)


class Flag:
    """One device's flag while its assessments are fed by time.

    A flag is raised at review. While it is up, nothing is a new case. It is lowered when the points have stayed 10
    under review for 24 hours; whatever reaches review after that is a new case, for whichever reason.
    """

    def __init__(self) -> None:
        self.up = False
        self._under_since: datetime | None = None

    def see(self, at: datetime, points: float, attention: AttentionLevel) -> bool:
        """Takes in an assessment, and returns whether it is a new case."""
        if self.up and self._under_since is not None and at - self._under_since >= LOWERED_AFTER:
            self.up = False
        if points > LOWERED_BELOW:
            self._under_since = None
        elif self._under_since is None:
            self._under_since = at
        if attention not in FLAGGED or self.up:
            return False
        self.up = True
        return True

    def copy(self) -> "Flag":
        """Returns a flag in the same state, which goes its own way from here."""
        other = Flag()
        other.up, other._under_since = self.up, self._under_since
        return other
