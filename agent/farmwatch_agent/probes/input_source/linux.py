"""Input devices of Linux from sysfs, and the days that the reader counted."""

from collections.abc import Iterator

from farmwatch_schema.observables import Gap, Observable, bucket

from ...host import Host, Missing, NotSupported
from ...host.linux.input_devices import CLASS, Found, devices
from .. import input_days
from ..asking import outcome_of
from ..bounds import at_most

MAX_TOLD = 64


def collect(host: Host) -> Iterator[Observable]:
    """Yields an InputDevice for each device that can give input, an InputDay for each day, and what is missing."""
    try:
        found = list(devices(host))
    except Missing:
        raise NotSupported(f"{CLASS} is not there: this kernel has no input devices") from None
    told = {each.device: None for each in found if isinstance(each, Found)}
    yield from at_most(told, MAX_TOLD, "input devices")
    errors = [each[1] for each in found if not isinstance(each, Found)]
    for outcome in sorted({outcome_of(error) for error in errors}):
        count = bucket(sum(outcome_of(error) == outcome for error in errors))
        yield Gap(what="input devices that could not be looked at", outcome=outcome, count=count)
    yield from input_days.days(host)
