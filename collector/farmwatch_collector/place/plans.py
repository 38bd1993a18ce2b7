"""What a collector answers to a laptop that asks what to measure: a plan, or why there is none."""

import secrets
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from farmwatch_detectors.placing import Spot
from farmwatch_detectors.policy import Claim, Policy
from farmwatch_schema.plan import Plan

from .landmarks import shipped
from .planning import Planner
from .quarantine import quarantined
from .types import Landmark, LandmarkState

#: Every laptop has the company's identifier key, so plans are drawn under one that none has.
PLAN_KEY = "plan_key"
_STATES_SECONDS = 60.0


class PlanFacts(Protocol):
    """What of a store plans need."""

    def setting(self, name: str, make: bytes | None = None) -> bytes | None: ...

    def plan_facts(self, device: str) -> tuple[Claim | None, Spot | None]: ...

    def landmark_states(self) -> dict[str, LandmarkState]: ...


class Plans:
    """Makes plans; thread-safe, and blocks, so it is asked in a thread.

    landmarks  all that may be measured; the shipped ones when left out
    policy     whether laptops are asked at all
    """

    def __init__(
        self, store: PlanFacts, landmarks: Mapping[str, Landmark] | None = None, policy: Policy | None = None
    ) -> None:
        self._store = store
        self._landmarks = shipped() if landmarks is None else landmarks
        self._policy = policy or Policy()
        self._lock = threading.Lock()
        self._planner: Planner | None = None
        self._quarantined: frozenset[str] = frozenset()
        self._states_at = -_STATES_SECONDS

    def plan(self, device: str, now: datetime) -> tuple[Plan | None, str]:
        """Returns the device's plan for today (UTC), or None and why in one sentence."""
        if not self._policy.measured(device):
            return None, "The company's policy asks this laptop for no measurements."
        planner, left_out = self._ready()
        claim, estimate = self._store.plan_facts(device)
        plan = planner.plan(device, claim, estimate, left_out, now.date())
        if not plan.targets:
            return None, "The collector has no landmark that can be measured."
        return plan, ""

    def _ready(self) -> tuple[Planner, frozenset[str]]:
        with self._lock:
            if self._planner is None:
                key = self._store.setting(PLAN_KEY, secrets.token_bytes(32)) or b""
                self._planner = Planner(self._landmarks, key)
            if time.monotonic() - self._states_at >= _STATES_SECONDS:
                self._quarantined = quarantined(self._store.landmark_states())
                self._states_at = time.monotonic()
            return self._planner, self._quarantined
