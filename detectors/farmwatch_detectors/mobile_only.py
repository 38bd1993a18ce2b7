"""States that the laptop of somebody with a home has left by a mobile modem of its own alone, for two weeks.

Detects
    Ten days or more over two weeks, all of them seen from carriers' networks only, while the laptop's own way out is a
    modem: built in, a stick, or a tethered phone. Level 1.
Why
    A mobile stick for each laptop of a farm hides what they share: no gateway, no line. A person at home has a line,
    or at least one router for all he has.
Innocent explanations
    Homes without a line, in the country above all; people between two homes, in a camper or on a boat; a phone that
    is cheaper than a line. Homes with a mobile router (1 household in 10 in some countries) are not meant.
Blind spots
    A mobile router between laptop and carrier; sticks that show themselves as a network card without saying how they
    are driven, as on a Mac; a carrier's own tunnel or a company's client, behind which no carrier is seen.
Triage
    Ask for the line at home, and for a day on it. Do other laptops of unrelated people go by the same carrier alone?
References
    T1090 Proxy; torvalds/linux drivers/net/usb (rndis_host, cdc_ether, huawei_cdc_ncm); docs/evasions.md.
"""

from datetime import timedelta

from farmwatch_schema.observables.network import Gateway, NetworkInterface

from .detector import Detector, Findings, quote
from .exits import exits_by_day, networks
from .view import DeviceView

DAYS, LASTING = 10, timedelta(days=14)
LATELY = timedelta(days=3)
#: Drivers of sticks and tethered phones. Docks and adapters have others (r8152, ax88179_178a, cdc_ncm).
_DRIVERS = ("rndis", "remote ndis", "cdc_ether", "huawei_cdc_ncm")


def detect(device: DeviceView) -> Findings:
    """Yields one finding."""
    modem = _modem(device)
    claim = device.roster.claim if device.roster else None
    if modem is None or claim is None:
        return
    days = {day: exits for day, exits in exits_by_day(device).items() if day > device.now.date() - LASTING}
    lasting = days and device.now.date() - min(days) >= LASTING - LATELY
    if len(days) < DAYS or not lasting or any(each.kind != "mobile" for exits in days.values() for each in exits):
        return
    sanction = device.allowed(claim=True)
    names = list(networks(each for exits in days.values() for each in exits))
    sentence = (
        f"For two weeks it left by its own modem alone ({', '.join(names[:3])}), on all of {len(days)} days known, "
        f"though its user is said to work at {claim.place}. Could it be a home without a line? Check: ask for a day on "
        "the line at home."
    )
    if sanction is not None:
        sentence = f"It leaves by its own modem alone. Policy allows it to be elsewhere: {sanction.words}."
    quotes = [quote("network", f"interface {modem.name}", f"It is the way out, kind {modem.kind}.")]
    quotes += [quote("egress", name, "A carrier's network.") for name in names[:3]]
    yield DETECTOR.finding(0 if sanction else 1, sentence, quotes, "modem", sanction=sanction)


def _modem(device: DeviceView) -> NetworkInterface | None:
    """Returns the modem through which the default route leads."""
    ways_out = {gateway.interface for gateway in device.of("network", Gateway)}
    for each in device.of("network", NetworkInterface):
        driven = each.driver.lower()
        if each.name in ways_out and (each.kind == "mobile" or any(name in driven for name in _DRIVERS)):
            return each
    return None


DETECTOR = Detector(
    id="mobile_only",
    group="N",
    title="No way out but a mobile modem of its own",
    attack=("T1090",),
    consumes=("network",),
    detect=detect,
)
