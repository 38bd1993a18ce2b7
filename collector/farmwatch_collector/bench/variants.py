"""Detectors with something taken away: what each fact of an IP-KVM's build, and each detector, contributes.

No catalogue and no level table is touched: a variant replaces detectors in the sequence that `judge` is given.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from types import FunctionType
from typing import Any

import msgspec

from farmwatch_detectors import ip_kvm_shape, usb_shape
from farmwatch_detectors.catalog.usb_gadget import gadget_strings
from farmwatch_detectors.detector import Detector
from farmwatch_detectors.registry import DETECTORS
from farmwatch_detectors.usb_shape import Fact
from farmwatch_detectors.view import DeviceView, SectionView, Span
from farmwatch_schema.finding import Finding
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.usb import UsbDevice

#: Facts of `ip_kvm_shape` by rank and family, in words. docs/catalogues.md, "shape of an IP-KVM".
SHAPE_FACTS: dict[tuple[int, str], str] = {
    (1, "gadget"): "the Linux gadget driver's own interface name",
    (2, "pointer"): "a mouse that reports absolute positions",
    (2, "firmware"): "a mouse described byte for byte as a published KVM's",
    (2, "pair"): "keyboard and mouse described byte for byte as one published KVM's",
    (3, "bus"): "keyboard and absolute mouse in one, at high speed",
    (3, "pointer"): "one device is keyboard and absolute mouse",
    (3, "set"): "a Linux computer plays keyboard and pointer",
    (4, "support"): "functions named as the gadget names them; keyboard and drive in one",
    (5, "bus"): "HID version 1.01 at high speed",
    (6, "bus"): "pointer packets exactly one report long at high speed",
    (7, "support"): "a pointer that takes data from the laptop",
    (8, "support"): "names numbered in steps of two",
    (9, "firmware"): "a serial made like an id of Windows",
}

NO_STRINGS = "strings"
WITHOUT_SHAPE = "shape"
WITHOUT_DETECTOR = "detector"


class Variant(msgspec.Struct, frozen=True):
    """A way to judge with something taken away.

    kind      `detector` (one left out), `shape` (one fact of the build left out), `strings` (no gadget string is read)
    name      detector id, "rank family" of the fact, or "gadget"
    words     what is taken away
    replaced  detector id -> what runs instead; None for nothing
    """

    kind: str
    name: str
    words: str
    replaced: Mapping[str, Detector | None]


@cache
def detector_variants() -> tuple[Variant, ...]:
    """Returns one variant per detector, without it."""
    return tuple(Variant(WITHOUT_DETECTOR, each.id, each.title, {each.id: None}) for each in DETECTORS)


@cache
def shape_variants() -> tuple[Variant, ...]:
    """Returns one variant per fact of `ip_kvm_shape`, one without any of them, and one that reads no gadget string."""
    made = [
        Variant(WITHOUT_SHAPE, f"{rank} {family}", words, {"ip_kvm_shape": _without(rank, family)})
        for (rank, family), words in SHAPE_FACTS.items()
    ]
    blind = {each.id: _stringless(each) for each in DETECTORS if "usb" in each.consumes}
    words = "every interface string of the Linux gadget driver, for every detector"
    return (*made, Variant(NO_STRINGS, "gadget", words, blind))


def _without(rank: int, family: str) -> Detector:
    """Returns `ip_kvm_shape` as it is, its own function, on facts of which one is never found."""

    def fewer(device: UsbDevice, *, virtual: bool | None) -> tuple[Fact, ...]:
        found = usb_shape.facts(device, virtual=virtual)
        return tuple(fact for fact in found if (fact.rank, fact.family) != (rank, family))

    names: dict[str, Any] = {**vars(ip_kvm_shape), "facts": fewer}
    if family == "set":  # the same fact, found over two devices
        names["in_parts"] = lambda _device: []
    detect = ip_kvm_shape.detect
    assert isinstance(detect, FunctionType)
    copied = FunctionType(detect.__code__, names, detect.__name__, detect.__defaults__, detect.__closure__)
    return msgspec.structs.replace(ip_kvm_shape.DETECTOR, detect=copied)


def _stringless(detector: Detector) -> Detector:
    def detect(device: DeviceView) -> Iterator[Finding]:
        return detector.detect(without_gadget_strings(device))

    return msgspec.structs.replace(detector, detect=detect)


def without_gadget_strings(device: DeviceView) -> DeviceView:
    """Returns the device as if no interface bore a name of the Linux gadget driver, now and in the past."""
    sections = dict(device.sections)
    history = dict(device.history)
    section = sections.get("usb")
    if section is not None:
        sections["usb"] = _nameless_section(section)
    if "usb" in history:
        history["usb"] = tuple(_nameless_span(span) for span in history["usb"])
    return msgspec.structs.replace(device, sections=sections, history=history)


def _nameless_section(section: SectionView) -> SectionView:
    return msgspec.structs.replace(section, items=tuple(_nameless(item) for item in section.items))


def _nameless_span(span: Span) -> Span:
    return msgspec.structs.replace(span, item=_nameless(span.item))


def _nameless(item: Observable) -> Observable:
    if not isinstance(item, UsbDevice):
        return item
    known = gadget_strings("f_hid") | gadget_strings("gadget_functions")
    if not any(interface.name in known for interface in item.interfaces):
        return item
    interfaces = tuple(
        msgspec.structs.replace(each, name="", name_index=0) if each.name in known else each for each in item.interfaces
    )
    return msgspec.structs.replace(item, interfaces=interfaces)


def _weight(findings: Sequence[Finding]) -> list[Finding]:
    """Returns findings without their words and quotes: what is left decides the score."""
    return [msgspec.structs.replace(each, sentence="", evidence=()) for each in findings]


class Recorder:
    """Every detector, run once a judgement however many variants look at what it states.

    detectors  to judge with: each keeps what it states
    failed     those that raised since somebody last emptied it
    """

    def __init__(self) -> None:
        self.stated: dict[str, list[Finding] | Exception] = {}
        self.failed: set[str] = set()
        self.detectors = tuple(self._wrapped(each, self._run) for each in DETECTORS)
        self._replayed = {each.id: self._wrapped(each, self._replay) for each in DETECTORS}

    def differing(self, variant: Variant, view: DeviceView) -> dict[str, list[Finding]]:
        """Returns what the variant's detectors state where it weighs otherwise than what the real ones just stated."""
        found: dict[str, list[Finding]] = {}
        for name, detector in variant.replaced.items():
            stated = [] if detector is None else list(detector.detect(view))
            real = self.stated.get(name, [])
            if isinstance(real, Exception) or _weight(stated) != _weight(real):
                found[name] = stated
        return found

    def without(self, variant: Variant, differing: Mapping[str, list[Finding]]) -> tuple[Detector, ...]:
        """Returns the sequence for `judge`: what was just stated, with the variant's differences."""
        gone = {name for name, detector in variant.replaced.items() if detector is None}
        return tuple(
            self._wrapped(each, lambda detector, _view: differing[detector.id])
            if each.id in differing
            else self._replayed[each.id]
            for each in DETECTORS
            if each.id not in gone
        )

    @staticmethod
    def _wrapped(detector: Detector, run: Callable[[Detector, DeviceView], list[Finding]]) -> Detector:
        return msgspec.structs.replace(detector, detect=lambda view: iter(run(detector, view)))

    def _run(self, detector: Detector, view: DeviceView) -> list[Finding]:
        try:
            found = list(detector.detect(view))
        except Exception as error:
            self.stated[detector.id] = error
            self.failed.add(detector.id)
            raise
        self.stated[detector.id] = found
        return found

    def _replay(self, detector: Detector, _view: DeviceView) -> list[Finding]:
        found = self.stated[detector.id]
        if isinstance(found, Exception):
            raise found
        return found
