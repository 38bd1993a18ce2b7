"""Every detector, in the order in which they run. A new one is one line here."""

from .detector import Detector

DETECTORS: tuple[Detector, ...] = ()
