"""Every detector, in the order in which they run. A new one is one line here."""

from . import ip_kvm_identity, remote_access_tool
from .detector import Detector

DETECTORS: tuple[Detector, ...] = (ip_kvm_identity.DETECTOR, remote_access_tool.DETECTOR)
