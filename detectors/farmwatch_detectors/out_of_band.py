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

from collections.abc import Iterator

from farmwatch_schema.finding import Evidence, Finding
from farmwatch_schema.observables.host import HostFacts

from .detector import Detector
from .hardware import words_of
from .view import DeviceView

#: Its id in catalog/remote_access.yaml, which a policy names.
_PRODUCT = "intel-amt"


def detect(device: DeviceView) -> Iterator[Finding]:
    """Yields a finding when out-of-band management is provisioned."""
    for facts in device.of("host", HostFacts):
        if facts.out_of_band != "provisioned":
            continue
        sanction = device.policy.sanction_for(device.device, device.now.date(), tool=_PRODUCT)
        what = "Out-of-band management (AMT) is provisioned"
        if sanction is not None:
            sentence = f"{what}. Policy allows it here: {words_of(sanction)}."
        else:
            sentence = (
                f"{what}: who holds its password can see and drive this laptop below the system. Some companies manage "
                "their fleet so. Check: is it yours, or a former owner's?"
            )
        since = device.seen_from("host", facts)
        yield Finding(
            detector=DETECTOR.id,
            group=DETECTOR.group,
            level=0 if sanction else 1,
            sentence=sentence,
            evidence=(Evidence(kind="host", subject="the machine", fact="AMT says that it is provisioned."),),
            subject=_PRODUCT,
            seen_from=since.isoformat() if since else "",
            sanctioned=words_of(sanction) if sanction else "",
        )


DETECTOR = Detector(
    id="out_of_band",
    group="R",
    title="Out-of-band management is switched on",
    attack=("T1219", "T1542"),
    consumes=("host",),
    detect=detect,
)
