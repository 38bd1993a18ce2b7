"""What judging a device's days takes and gives. No mathematics here, so that whoever judges nothing loads none."""

from datetime import date
from typing import Protocol

import msgspec

from farmwatch_detectors.placing import Placing
from farmwatch_detectors.policy import RosterEntry
from farmwatch_detectors.view import DeviceView

from .samples import KeptDay
from .types import Observation


class MeasuredDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day (UTC) of one device, ready for the claim test.

    observations  least time per landmark; empty when the day cannot be measured
    access        `wired`, `wifi`, `mobile` or `unknown`: of several, the one that explains most
    why_not       `tunnelled`, `answered_locally`, `noisy`, `few_landmarks`, `skipped`; "" when it can be judged
    words         one sentence that says so for people; "" then
    footprint     signs of added delay that show without a claim: `methods_disagree`, `uniform_minimum`
    measured      ids of the landmarks that answered, whether they count or not
    contradicted  times left out because they cannot belong to the others: what speaks against a landmark
    """

    day: date
    observations: tuple[Observation, ...] = ()
    contradicted: tuple[Observation, ...] = ()
    access: str = "unknown"
    why_not: str = ""
    words: str = ""
    footprint: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """What the days say together, and what has to be kept.

    placing   None where nothing was measured
    fresh     days computed now; all others were read back
    measured  those of `fresh` as they were measured, for who doubts landmarks
    """

    placing: Placing | None = None
    fresh: tuple[KeptDay, ...] = ()
    measured: tuple[MeasuredDay, ...] = ()


class DayJudge(Protocol):
    """What judges days: `Places` of placing.py."""

    def place(self, view: DeviceView, entry: RosterEntry | None, company_place: str = "") -> Placed:
        """Returns what a device's samples say of what the roster claims.

        company_place  name of the policy's place at which the device is now, unless it is a household
        """
        ...
