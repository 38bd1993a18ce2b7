"""States that whatever could tell where the laptop is has been switched off, for days.

Detects
    Wi-Fi radio, location service, airplane mode and Bluetooth as the laptop's switches stand, each unchanged for five
    days or more. Level 1: Wi-Fi off, with location off or airplane mode on. Level 2: Wi-Fi and location off, and
    airplane mode on or Bluetooth off, on the laptop of somebody who works remotely.
Why
    Wi-Fi names and the location service place a laptop within metres; who hides a place switches both off and stays on
    a cable.
Innocent explanations
    A desk with a cable, and firmware that switches Wi-Fi off there; privacy; a security rule of the person's last job.
    What a policy of the company blocks is not the person's doing, and the location switch counts only when switched.
Blind spots
    Radios left on in a place without networks, or behind foil. How the rest of the fleet is set is not known here, so a
    company-wide setting that is no policy weighs as a person's. On a Mac the location switch is root's to see.
Triage
    Ask for Wi-Fi to be switched on during a call. Compare with how the company sets up laptops.
References
    T1562.001 Impair Defenses; GeoWatcher README (Wi-Fi off, location off, airplane mode on); threat-signals N6.
"""

from .detector import Detector, Findings, quote
from .radio_switches import LASTING, silent_switches, works_remotely
from .view import DeviceView


def detect(device: DeviceView) -> Findings:
    """Yields one finding where several switches stand off together."""
    silent = silent_switches(device)
    beside = {"airplane_mode", "bluetooth"} & silent.keys()
    if {"wifi", "location"} <= silent.keys() and beside and works_remotely(device):
        level = 2
    elif "wifi" in silent and {"location", "airplane_mode"} & silent.keys():
        level = 1
    else:
        return
    placed = any(tie.kind == "gateway_mac" and tie.place for tie in device.ties)
    sentence = (
        f"For {LASTING.days} days or more {', '.join(words for _, words in silent.values())}: nothing on the laptop "
        f"can tell where it is. Could it be a desk with a cable, or privacy? Check: ask for Wi-Fi to be on in a call."
    )
    quotes = [quote(kind, "switches", f"{words}.") for kind, words in silent.values()]
    yield DETECTOR.finding(0 if placed else level, sentence, quotes, "radios")


DETECTOR = Detector(
    id="radios_silenced",
    group="N",
    title="All that could tell the place is switched off",
    attack=("T1562.001",),
    consumes=("network", "bluetooth"),
    detect=detect,
)
