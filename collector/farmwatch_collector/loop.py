"""The due loop: evaluates devices whose time has come, and says when each should be looked at again.

Arrivals, ties and policy changes only set `due_at`; this loop alone judges. A device whose evaluation fails is put
off for an hour, with its reason on its page, and holds up nobody.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from farmwatch_detectors.policy import Policy, RosterEntry
from farmwatch_detectors.view import DeviceView
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables.network import Gateway

from .evaluate import Company, complete, judge, keyed_assets, placed, versions
from .farm_keeping import FarmKeeper
from .farms.watch import FarmWatch
from .fleet import Fleet
from .place.days import MeasuredDay
from .place.placing import Places
from .place.quarantine import quarantined, trusted, witnesses
from .roster.serials import reported
from .sign_ins import with_sign_ins
from .store.protocol import Store

AT_ONCE = 64
POLL_SECONDS = 0.5
RETRY_SECONDS = 5.0
PUT_OFF = timedelta(hours=1)
ROSTER_EVERY = timedelta(minutes=1)
PURGE_EVERY = timedelta(hours=1)
SOONEST = timedelta(minutes=1)

_log = logging.getLogger("farmwatch.loop")


class DueLoop:
    """Judges in a thread of its own.

    policy  what the company allows
    keyer   the company's, so that addresses and serials in the policy can be compared with reported ones
    clock   the present, replaced in tests
    channels  on which new cases are told
    places  judges round-trip times; None where nobody shall
    """

    def __init__(
        self,
        store: Store,
        keyer: Keyer,
        policy: Policy | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        channels: Sequence[str] = (),
        places: Places | None = None,
    ) -> None:
        self._store = store
        self._channels = channels
        self._clock = clock
        self._policy = policy or Policy()
        self._assets = keyed_assets(self._policy, keyer)
        self._places = places
        self._company = Company(policy=self._policy, assets=self._assets, places=places)
        self._roster: dict[str, RosterEntry] = {}
        self._serials: dict[str, str] = {}
        policy_digest = hashlib.sha256(msgspec.json.encode(self._policy)).hexdigest()[:12]
        self.versions = f"{versions()} policy={policy_digest}" + (f" places={places.version}" if places else "")
        self.fleet = Fleet(keyer)
        self.fleet.set_policy(self._policy)
        self.farms = FarmKeeper(store, self.fleet, lambda: FarmWatch(self.fleet, store, self._policy), channels)
        self._new_rules: set[str] = set()
        self._purge_at = datetime.min.replace(tzinfo=UTC)
        self._roster_at = self._purge_at
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begins to judge."""
        self._thread = threading.Thread(target=self._run, name="farmwatch-loop", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the device under way."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        prepared = False
        while not self._stop.is_set():
            try:
                if not prepared:
                    self.prepare()
                    prepared = True
                busy = self.once()
            except Exception:  # the store is away: devices stay due
                _log.exception("the due loop could not go on; it tries again")
                busy = 0
                self._stop.wait(RETRY_SECONDS)
            if not busy:
                self._stop.wait(POLL_SECONDS)

    def prepare(self) -> None:
        """Builds the fleet's ties from the store, and makes due what other versions judged."""
        now = self._clock()
        self._serials = dict(self._store.serials())
        self._take_roster()
        self.farms.take_labels(now)
        self.farms.recall(now, self._stop.is_set)
        if self._stop.is_set():
            return
        self.farms.settle(now)
        outdated = self._store.outdated(self.versions)
        self._new_rules = set(outdated)
        self._store.set_due(outdated, now)

    def once(self) -> int:
        """Evaluates what is due now; returns how many devices that were."""
        now = self._clock()
        if now >= self._purge_at:
            self._purge_at = now + PURGE_EVERY
            self._store.purge(now)
        due = self._store.due(now, AT_ONCE)
        if due or now >= self._roster_at:
            self._roster_at = now + ROSTER_EVERY
            self._take_roster()
            self._take_labels(now)
            self._take_quarantine()
        for device in due:
            if self._stop.is_set():
                break
            self._evaluate(device)
        self.farms.settle(self._clock())
        return len(due)

    def _evaluate(self, device: str) -> None:
        now = self._clock()
        try:
            view = self._store.view(device, now)
            if view is None:
                return
            self._learn_serial(view)
            others = self.farms.observe(view, now) - {device}
            if others:
                self._store.set_due(sorted(others), now)
            new_rules = device in self._new_rules
            view = self._placed(view)
            view = complete(view, self._company, self.fleet, self.farms.rhythms(device))
            assessment = judge(with_sign_ins(view, self._store), new_rules=new_rules)
            next_change = assessment.next_change
            if next_change is not None:
                next_change = max(next_change, now + SOONEST)
            self._store.save(assessment, self.versions, next_change, self._channels)
            self._new_rules.discard(device)
            self.farms.judged(assessment)
        except Exception as error:
            _log.exception("the evaluation of device %s failed", device)
            problem = (
                f"The last evaluation failed ({type(error).__name__}: {error}); the score is older than the facts."
            )
            self._store.failed(device, problem, now + PUT_OFF)

    def _placed(self, view: DeviceView) -> DeviceView:
        """Returns the view with what its round-trip times say; keeps the days that were made now."""
        found = placed(view, self._company, self.fleet)
        if found.fresh:
            self._store.save_place_days(view.device, found.fresh, view.now)
            self._witness(view, found.measured)
        return msgspec.structs.replace(view, placing=found.placing)

    def _witness(self, view: DeviceView, days: Sequence[MeasuredDay]) -> None:
        """Lets a trusted device's times speak against landmarks that they contradict."""
        row = self._store.device(view.device) if any(day.contradicted for day in days) else None
        attention = row.assessment.attention if row is not None and row.assessment is not None else ""
        if self._places is None or not trusted(attention=attention, enrolled_at=view.enrolled_at, now=view.now):
            return
        entry = self._company.roster.get(view.device)
        records = [entry.person, entry.household] if entry else []
        gateways = [each.mac.digest for each in view.of("network", Gateway) if each.mac is not None]
        networks = [*gateways, *(out.address.digest for out in view.egress if out.kind != "private")]
        if not networks:  # nobody knows whom it stands beside, so it cannot be told from its neighbour
            return
        ties = [each for each in (*networks, *records) if each]
        seen = [
            one
            for day in days
            for one in witnesses(
                view.device, (*day.observations, *day.contradicted), entry.claim if entry else None, ties, day.day
            )
        ]
        if seen and self._store.witness_landmarks(seen, len(self._places.landmarks), view.now):
            self._take_quarantine()

    def _take_quarantine(self) -> None:
        """Judges without the landmarks in quarantine from now on; who measured one is judged at its own next time."""
        if self._places is not None:
            self._places = self._places.without(quarantined(self._store.landmark_states()))
            self._company = msgspec.structs.replace(self._company, places=self._places)

    def _learn_serial(self, view: DeviceView) -> None:
        """Keeps the serial that a device reports, and gives it what the roster says of that serial, from now on."""
        device, key = view.device, reported(view.sections)
        if not key or self._serials.get(device) == key:
            return
        self._store.set_serial(device, key)
        self._serials[device] = key
        entry = self._roster.get(key)
        if entry is None or device in self._roster:
            return
        # As the store has it from now on: reading 100,000 rows again for each laptop that enrols would take hours.
        del self._roster[key]
        self._roster[device] = entry
        self.farms.touch(self.fleet.set_entry(device, entry))
        sharing = {other for tie in self.fleet.ties(device, view.now.date()) for other in tie.holders}
        self._store.set_due(sorted(sharing - {device}), view.now)

    def _take_roster(self) -> None:
        roster = self._store.roster()
        if roster == self._roster:
            return
        changed = {
            device for device in roster.keys() | self._roster.keys() if roster.get(device) != self._roster.get(device)
        }
        self._roster = roster
        self._company = msgspec.structs.replace(self._company, roster=roster)
        tied = self.fleet.set_roster(roster)
        self.farms.touch(tied)
        self._store.set_due(sorted(changed | tied), self._clock())

    def _take_labels(self, now: datetime) -> None:
        """Takes analysts' words on shared values; whose ties they change is judged again."""
        tied = self.farms.take_labels(now)
        if tied:
            self.farms.touch(tied)
            self._store.set_due(sorted(tied), now)
