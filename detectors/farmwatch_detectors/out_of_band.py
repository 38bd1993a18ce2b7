"""States that the laptop's management engine lets somebody drive it below the operating system.

Detects
    Out-of-band management (Intel AMT) that is provisioned: somebody gave it a password and switched it on (level 1).
    That it is merely there, as on every vPro laptop, is no finding.
Why
    AMT shows the screen and takes keyboard and mouse over the network, even where the system is off, and no program
    on the laptop shows it.
Innocent explanations
    A company that manages its vPro fleet so, which the policy says by naming `intel-amt`; a used laptop whose former
    owner provisioned it.
Blind spots
    The agent's probes tell whether AMT is there; whether it is provisioned needs a driver that they do not ask, so this
    speaks only where an agent reports it. Whether somebody is connected is not told, nor DASH on other processors.
Triage
    Does the company use AMT? Then name it in the policy. Otherwise unprovision it in the firmware's set-up.
References
    T1219 Remote Access Tools; T1542 Pre-OS Boot names the place below the system.
"""

from farmwatch_schema.observables.host import HostFacts

from .detector import Detector, Findings, quote
from .view import DeviceView

#: Its id in catalog/remote_access.yaml, which a policy names.
_PRODUCT = "intel-amt"


def detect(device: DeviceView) -> Findings:
    """Yields a finding when out-of-band management is provisioned."""
    sanction = device.allowed(tool=_PRODUCT)
    for facts in device.of("host", HostFacts):
        if facts.out_of_band != "provisioned":
            continue
        what = "Out-of-band management (AMT) is provisioned"
        level, sentence = (
            1,
            (
                f"{what}: who holds its password can see and drive this laptop below the system. Some companies manage "
                "their fleet so. Check: is it yours, or a former owner's?"
            ),
        )
        if sanction is not None:
            level, sentence = 0, f"{what}. Policy allows it here: {sanction.words}."
        quotes = (quote("host", "the machine", "AMT says that it is provisioned."),)
        since = device.since("host", facts)
        yield DETECTOR.finding(level, sentence, quotes, _PRODUCT, since=since, sanction=sanction)


DETECTOR = Detector(
    id="out_of_band",
    group="R",
    title="Out-of-band management is switched on",
    attack=("T1219", "T1542"),
    consumes=("host",),
    detect=detect,
)
