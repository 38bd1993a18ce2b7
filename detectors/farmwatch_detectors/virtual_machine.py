"""States that the laptop that reports is a virtual machine.

Detects
    A hypervisor under the operating system (level 1).
Why
    Whoever runs the company's image as a guest drives it from wherever the host is, and what the probes say of
    keyboards, monitors and place is the hypervisor's word.
Innocent explanations
    Virtual desktops (Windows 365, Citrix, Horizon); a developer's test machine; a Mac user's second system;
    the company's own build servers.
Blind spots
    A hypervisor that hides itself. Where the probe could not tell, nothing is said.
Triage
    Does the asset register know a laptop of this serial, or a virtual desktop? Compare model and vendor.
References
    T1497 names the adversary's side of looking; T1564.006 Run Virtual Instance.
"""

from farmwatch_schema.observables.host import HostFacts

from .detector import Detector, Findings, quote
from .hardware import quoted
from .view import DeviceView


def detect(device: DeviceView) -> Findings:
    """Yields a finding when the system runs on a hypervisor."""
    for host in device.of("host", HostFacts):
        if not host.hypervisor:
            continue
        named = (("Hypervisor", host.hypervisor), ("model", host.model), ("vendor", host.vendor))
        fact = ", ".join(f"{what} {quoted(text)}" for what, text in named if text)
        sentence = (
            f"This system runs on the hypervisor {quoted(host.hypervisor)}, so keyboard, monitor and place are the "
            "host's word. Laptops rarely do; virtual desktops and developers' machines always do. "
            "Check: is it registered as a virtual desktop?"
        )
        quotes = (quote("host", "the machine", f"{fact}."),)
        yield DETECTOR.finding(1, sentence, quotes, "hypervisor", since=device.since("host", host))


DETECTOR = Detector(
    id="virtual_machine",
    group="A",
    title="The laptop is a virtual machine",
    attack=("T1564.006",),
    consumes=("host",),
    detect=detect,
)
