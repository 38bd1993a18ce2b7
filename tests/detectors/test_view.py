"""What a view keeps of what was read out of it, and for how long."""

import pickle

import msgspec

from farmwatch_detectors.view import DeviceView, once
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.observables.power import PowerFacts

from .views import view

reads: list[str] = []


@once
def systems(device: DeviceView, wanted: str = "") -> list[str]:
    reads.append(device.device)
    return [host.os for host in device.of("host", HostFacts) if wanted in host.os]


def _laptop(device: str, *hosts: Observable) -> DeviceView:
    return view(device=device, host=hosts)


def test_it_is_read_once_for_each_question() -> None:
    reads.clear()
    laptop = _laptop("laptop-1", HostFacts(os="Fedora"))
    assert systems(laptop) == systems(laptop) == ["Fedora"]
    assert systems(laptop, "Debian") == systems(laptop, "Debian") == []
    assert reads == ["laptop-1", "laptop-1"]


def test_another_view_is_read_anew_and_so_is_a_copy() -> None:
    reads.clear()
    laptop = _laptop("laptop-1", HostFacts(os="Fedora"))
    assert systems(laptop) == ["Fedora"]
    assert systems(_laptop("laptop-2", HostFacts(os="Debian"))) == ["Debian"]
    renamed = msgspec.structs.replace(laptop, device="laptop-3", sections=_laptop("", HostFacts(os="Arch")).sections)
    assert systems(renamed) == ["Arch"]
    assert systems(pickle.loads(pickle.dumps(laptop))) == ["Fedora"]
    assert reads == ["laptop-1", "laptop-2", "laptop-3", "laptop-1"]


def test_what_is_kept_is_no_part_of_the_view() -> None:
    laptop, same = _laptop("laptop-1", HostFacts(os="Fedora")), _laptop("laptop-1", HostFacts(os="Fedora"))
    systems(laptop)
    assert laptop == same
    assert msgspec.structs.asdict(laptop).keys() == msgspec.structs.asdict(same).keys()


def test_what_was_asked_for_by_type_may_be_changed_by_whoever_asked() -> None:
    laptop = view(power=[PowerFacts(lid="open"), HostFacts(os="Fedora")])
    laptop.of("power", PowerFacts).clear()
    assert laptop.of("power", PowerFacts) == [PowerFacts(lid="open")]
    assert laptop.of("power", HostFacts) == [HostFacts(os="Fedora")]
