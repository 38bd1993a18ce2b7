"""What judges round-trip times, built once per process from the shipped files or a company's own."""

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache

from farmwatch_detectors.placing import DayVerdict

from . import calibration, landmarks
from .calibration import Calibration
from .claim_test import ClaimTest
from .gazetteer import gazetteer
from .networks import NetworkFacts, Networks
from .placing import Places
from .types import Landmark, Observation


class _ReadyLater:
    """A claim test that is built when the first day is judged: most processes that can judge never do."""

    def __init__(self, chosen: Calibration) -> None:
        self._calibration = chosen
        self._lock = threading.Lock()
        self._test: ClaimTest | None = None

    def judge(
        self,
        observations: Sequence[Observation],
        latitude: float,
        longitude: float,
        radius_km: float,
        place: str,
        access: str,
        day: date,
    ) -> DayVerdict:
        with self._lock:
            if self._test is None:
                self._test = ClaimTest(self._calibration, gazetteer())
        return self._test.judge(observations, latitude, longitude, radius_km, place, access, day)


def places_of(
    known: Mapping[str, Landmark] | None = None,
    calibration_file: str = "",
    facts_of: Callable[[str], NetworkFacts] | None = None,
) -> Places:
    """Returns what judges days.

    known             landmarks by id; the shipped ones when left out
    calibration_file  of `farmwatch calibrate`; "" for the shipped one
    facts_of          network of an address; of the shipped data when left out, which are read at the first day
    Raises InputError with file and remedy.
    """
    chosen = calibration.read_calibration(calibration_file) if calibration_file else calibration.shipped()
    digest = hashlib.blake2b(calibration.encode(chosen), digest_size=16).digest()
    chosen_landmarks = landmarks.shipped() if known is None else known
    return Places(_ReadyLater(chosen), chosen_landmarks, digest, facts_of=facts_of or _shipped_facts)


def _shipped_facts(address: str) -> NetworkFacts:
    return _shipped_networks().of(address)


@cache
def _shipped_networks() -> Networks:
    return Networks.load()


def places_from(landmarks_file: str = "", calibration_file: str = "") -> Places:
    """Returns the same from a company's own files; "" for what is shipped. Raises InputError."""
    known = landmarks.read_landmarks(landmarks_file) if landmarks_file else None
    return places_of(known, calibration_file)
