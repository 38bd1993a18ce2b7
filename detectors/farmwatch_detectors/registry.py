"""Every detector, in the order in which they run. A new one is one line here."""

from . import ip_kvm_identity
from .detector import Detector

DETECTORS: tuple[Detector, ...] = (ip_kvm_identity.DETECTOR,)
