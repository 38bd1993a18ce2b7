"""The hardware detectors on a folder of public dumps: what they find of each kind, and every false finding by name.

`farmwatch bench --corpus DIR` and `make bench-corpus` (`python -m farmwatch_collector.bench.corpus DIR`) print it. The
folder is no part of the project: docs/catalogues.md tells what lies in it.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from farmwatch_detectors.detector import Detector
from farmwatch_detectors.registry import DETECTORS
from farmwatch_detectors.view import DeviceView, SectionView
from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.host import HostFacts

from ..lab import corpus

VERSION = 1
#: The moment and the laptop that every dump is judged at and on; neither matters to what stands in a dump.
_NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_LAPTOP = HostFacts(chassis="laptop", hypervisor="")
#: Least level by kind at which an entry counts as found; kinds that are not here are told, and nothing is asked.
MUST = {
    "kvm": 3,
    "firmware_default": 2,  # BliKVM's data are also those of the capture board that it is built on
    "firmware_preset_in_repo": 3,
    "ip_kvm_documented": 3,
    "ip_kvm_seen_in_the_wild": 2,
    "vendor_spoof_preset": 2,
    "vendor_spoof_example": 2,
}
#: Highest level that is right for a kind; a higher one is a false finding.
MOST = {
    "bmc": 2,
    "gadget": 2,
    "benign": 2,
    "enterprise_kvm_over_ip": 2,
    "hdmi_capture_chip": 1,
    "hdmi_dummy_plug": 1,
    "tc358743_derived_other": 1,
    "kvm_switch": 1,
    "kvm_switch_or_extender_vendor": 1,
}


class CorpusError(FarmwatchError):
    """The folder holds no public dumps."""


class KindRow(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of one kind: `levels` is how many reached each level, `missed` those below `must`, `above` those over."""

    source: str
    kind: str
    entries: int
    levels: dict[int, int]
    must: int | None = None
    missed: tuple[str, ...] = ()
    above: tuple[str, ...] = ()


class FalseFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding on something ordinary: what and from which file, by which detector, at which level, in its words."""

    what: str
    file: str
    detector: str
    level: int
    sentence: str


class BenignRow(msgspec.Struct, frozen=True, kw_only=True):
    """Ordinary things of one sort: how many, and how many had a finding at each level."""

    source: str
    entries: int
    levels: dict[int, int]


class CorpusReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the detectors make of the folder.

    parsed   things read, by source; skipped: how many were not, by reason
    kinds    rows of what is no ordinary device or monitor
    benign   rows of what is
    false    every finding on something ordinary, heaviest first
    """

    version: int
    parsed: dict[str, int]
    skipped: dict[str, int]
    kinds: tuple[KindRow, ...]
    benign: tuple[BenignRow, ...]
    false: tuple[FalseFinding, ...]

    @property
    def ok(self) -> bool:
        """Nothing missed that must be found, nothing above its level, and no false finding at level 2 or higher."""
        return not any(row.missed or row.above for row in self.kinds) and not any(f.level > 1 for f in self.false)


def report(folder: str | Path) -> CorpusReport:
    """Returns the measurement; raises CorpusError for a folder without the dumps."""
    root = Path(folder)
    if not corpus.is_corpus(root):
        raise CorpusError(f"{root} holds no usb_dumps/index.yaml and edid/index.yaml. See docs/catalogues.md.")
    skipped: list[corpus.Skipped] = []
    usb = corpus.benign_usb(root, skipped)
    descriptors = corpus.report_descriptors(root)
    monitors = list(corpus.benign_edids(root, skipped))
    pictures = list(corpus.kvm_edids(root, skipped))
    known = {label: corpus.labelled(root, label) for label in ("kvm", "bmc", "gadget", "benign")}
    false: list[FalseFinding] = []
    benign = (
        _ordinary("usb dumps", ((s.device.ids, s.file, "usb", s.device) for s in usb), false),
        _ordinary(
            "report descriptors",
            ((d.ids, d.machine, "usb", corpus.device_of(d)) for d in descriptors),
            false,
        ),
        _ordinary("monitors", ((p, p, "displays", corpus.display_of(data)) for p, data in monitors), false),
    )
    kinds = [
        _kind("usb_dumps", label, ((seen.file, "usb", seen.device) for seen in seens)) for label, seens in known.items()
    ]
    for kind in sorted({kind for _, kind, _ in pictures}):
        shown = ((name, "displays", corpus.display_of(data)) for name, each, data in pictures if each == kind)
        kinds.append(_kind("edid", kind, shown))
    return CorpusReport(
        version=VERSION,
        parsed={
            "ordinary USB devices": len(usb),
            "report descriptors": len(descriptors),
            "ordinary monitors": len(monitors),
            "USB transcripts of KVMs and relatives": sum(len(seens) for seens in known.values()),
            "EDIDs of KVMs and relatives": len(pictures),
        },
        skipped=dict(Counter(each.reason for each in skipped).most_common()),
        kinds=tuple(kinds),
        benign=benign,
        false=tuple(sorted(false, key=lambda each: (-each.level, each.detector, each.what))),
    )


def _hardware() -> tuple[Detector, ...]:
    return tuple(detector for detector in DETECTORS if detector.group == "H")


def _findings(kind: str, item: Observable) -> Iterator[tuple[str, int, str]]:
    """Detector, level and sentence of every counted finding on a laptop that shows this one thing."""
    shown = {"host": (_LAPTOP,), kind: (item,)}
    device = DeviceView(
        device="dump",
        now=_NOW,
        enrolled_at=_NOW,
        sections={
            name: SectionView(kind=name, outcome="found", observed_at=_NOW, items=items)
            for name, items in shown.items()
        },
    )
    for detector in _hardware():
        for finding in detector.detect(device):
            if finding.level:
                yield detector.id, finding.level, finding.sentence


def _ordinary(source: str, items: Iterable[tuple[str, str, str, Observable]], false: list[FalseFinding]) -> BenignRow:
    levels: Counter[int] = Counter()
    for what, file, kind, item in items:
        found = list(_findings(kind, item))
        levels[max((level for _, level, _ in found), default=0)] += 1
        false += [
            FalseFinding(what=what, file=file, detector=detector, level=level, sentence=sentence)
            for detector, level, sentence in found
        ]
    return BenignRow(source=source, entries=levels.total(), levels=dict(sorted(levels.items())))


def _kind(source: str, kind: str, items: Iterable[tuple[str, str, Observable]]) -> KindRow:
    levels: dict[str, int] = {}
    for name, section, item in items:
        levels[name] = max((level for _, level, _ in _findings(section, item)), default=0)
    must, most = MUST.get(kind), MOST.get(kind)
    return KindRow(
        source=source,
        kind=kind,
        entries=len(levels),
        levels=dict(sorted(Counter(levels.values()).items())),
        must=must,
        missed=tuple(sorted(name for name, level in levels.items() if must is not None and level < must)),
        above=tuple(sorted(name for name, level in levels.items() if most is not None and level > most)),
    )


def lines_of(found: CorpusReport) -> Iterator[str]:
    """Yields the report as text."""
    yield "Hardware detectors on public dumps"
    yield ""
    for what, number in found.parsed.items():
        yield f"  {number:>5,}  {what}"
    for reason, number in found.skipped.items():
        yield f"  {number:>5,}  left out: {reason}"
    yield ""
    yield f"  {'what is no ordinary device or monitor':<42} {'entries':>7}  {'levels':<24} asked"
    for row in found.kinds:
        asked = f"{row.must} and up" if row.must else f"{MOST[row.kind]} at most" if row.kind in MOST else "told"
        yield f"  {f'{row.source}: {row.kind}':<42} {row.entries:>7}  {_levels(row.levels):<24} {asked}"
        yield from (f"      missed: {name}" for name in row.missed)
        yield from (f"      above its level: {name}" for name in row.above)
    yield ""
    yield f"  {'what is ordinary':<42} {'entries':>7}  levels"
    for each in found.benign:
        yield f"  {each.source:<42} {each.entries:>7,}  {_levels(each.levels)}"
    yield ""
    above = [each for each in found.false if each.level > 1]
    yield f"  False findings: {len(found.false)}, of them {len(above)} at level 2 or higher"
    for false in found.false:
        yield f"    level {false.level}  {false.detector:<22} {false.what}"


def _levels(levels: dict[int, int]) -> str:
    return ", ".join(f"{number} at {level}" for level, number in levels.items())


def main(arguments: list[str]) -> int:
    """Prints the report of the folder named, as JSON with `--json`; 0 when nothing is missed or false, else 1."""
    folders = [each for each in arguments if not each.startswith("-")]
    try:
        found = report(folders[0] if folders else "")
    except FarmwatchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if "--json" in arguments:
        sys.stdout.write(json.dumps(msgspec.to_builtins(found, str_keys=True), indent=2) + "\n")
    else:
        sys.stdout.writelines(line + "\n" for line in lines_of(found))
    return 0 if found.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
