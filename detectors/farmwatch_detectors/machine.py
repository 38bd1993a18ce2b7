"""The machine that the system says it runs on: a hypervisor's or a real one, and the ids that its firmware told."""

from itertools import groupby

from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables.host import HostFacts

from .view import DeviceView


def host_of(device: DeviceView) -> HostFacts:
    """Returns what is told of the machine now; facts of which none is known when nothing is."""
    return next(iter(device.of("host", HostFacts)), HostFacts())


def is_virtual(device: DeviceView) -> bool:
    """Whether the system says that it runs on a hypervisor: pointer, keyboard and USB are its host's then."""
    return any(host.hypervisor for host in device.of("host", HostFacts))


def no_laptop(device: DeviceView) -> bool:
    """Whether it says that it is a virtual machine, a desktop or a server: built-in keyboard and panel say nothing."""
    return any(
        host.hypervisor or host.chassis in ("desktop", "server", "virtual") for host in device.of("host", HostFacts)
    )


def virtual_if_told(device: DeviceView) -> bool | None:
    """Returns whether it is a virtual machine; None when that is not told."""
    hypervisor = host_of(device).hypervisor
    return None if hypervisor is None else bool(hypervisor)


def ids_told(device: DeviceView, field: str) -> list[str]:
    """Returns an id's digests (`serial` or `platform_uuid`) during this user's time, in the order of their coming.

    Each change is told once. Left out are a maker's defaults, and ids under another key of the company's: the same
    number has another digest there.
    """
    spans = sorted(device.spans("host", device.enrolled_at), key=lambda each: each.seen_from)
    told: list[Identifier | None] = [getattr(span.item, field) for span in spans if isinstance(span.item, HostFacts)]
    known = [each for each in told if each is not None and not each.constant]
    return [digest for digest, _ in groupby(each.digest for each in known if each.key_id == known[-1].key_id)]
