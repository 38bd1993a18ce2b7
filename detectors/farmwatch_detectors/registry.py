"""Every detector, in the order in which they run. A new one is one line here."""

from . import (
    ip_kvm_display,
    ip_kvm_identity,
    ip_kvm_shape,
    os_remote_desktop,
    remote_access_tool,
    remote_session,
    reverse_tunnel,
    second_remote_tool,
    shared_gateway,
    virtual_machine,
    vpn_or_tunnel,
)
from .detector import Detector

DETECTORS: tuple[Detector, ...] = (
    ip_kvm_identity.DETECTOR,
    ip_kvm_shape.DETECTOR,
    ip_kvm_display.DETECTOR,
    remote_access_tool.DETECTOR,
    os_remote_desktop.DETECTOR,
    remote_session.DETECTOR,
    second_remote_tool.DETECTOR,
    reverse_tunnel.DETECTOR,
    vpn_or_tunnel.DETECTOR,
    shared_gateway.DETECTOR,
    virtual_machine.DETECTOR,
)
