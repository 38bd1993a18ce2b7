"""Judges devices from the agent's own output: several files, devices and days, without a store."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from typing import BinaryIO

import msgspec

from farmwatch_detectors.placing import Egress, SignIn
from farmwatch_detectors.view import DeviceView, ReportEvent
from farmwatch_schema.codec import decode_items, decode_report, digest_of
from farmwatch_schema.errors import CodecError
from farmwatch_schema.finding import Finding
from farmwatch_schema.identifiers import Identifier
from farmwatch_schema.observables.host import HostFacts
from farmwatch_schema.report import Report

from .assessment import Assessment
from .evaluate import Company, complete, judge, placed
from .fleet import Fleet
from .hearing import TWO_BOOTS, Hearing, reporting_of, with_event
from .history import History, moment
from .input_error import InputError
from .place.samples import KEPT_DAYS, KeptDay
from .roster.serials import entry_of

MAX_LINE = 2 << 20  # what ingest takes of one report, unpacked
UNNAMED = "local"  # what the agent calls a machine that is not enrolled and has no machine id
REMEDY = "Give the unchanged output of: farmwatch-agent collect --json"


class Located(msgspec.Struct, frozen=True):
    """A report and where it stands: file, line from 1, and when it was made."""

    report: Report
    file: str
    line: int
    created_at: datetime
    digest: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A device judged at the time of its latest report.

    origins   where its reports come from: `live`, `replay`, `root`
    notices   what was odd in its reports, in words
    """

    assessment: Assessment
    platform: str
    reports: int
    first_at: datetime
    last_at: datetime
    origins: tuple[str, ...]
    notices: tuple[str, ...] = ()


def read_reports(paths: Sequence[str]) -> list[Located]:
    """Returns every report of some files of JSON lines; "-" is standard input. Raises InputError with file and line."""
    found: list[Located] = []
    for path in paths:
        before = len(found)
        if path == "-":
            found += _reports_in(sys.stdin.buffer, "standard input")
        else:
            try:
                with open(path, "rb") as file:
                    found += _reports_in(file, path)
            except OSError as error:
                reason = error.strerror or type(error).__name__
                raise InputError(
                    path, 0, "", f"cannot be read: {reason}.", "Check the path and your rights."
                ) from error
        if len(found) == before:
            name = "standard input" if path == "-" else path
            raise InputError(name, 0, "", "holds no report.", REMEDY)
    return found


def _reports_in(file: BinaryIO, name: str) -> Iterator[Located]:
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise InputError(name, number, "", f"is longer than {MAX_LINE} bytes.", REMEDY)
        line = line.strip()
        if line:
            yield located(line, name, number)


def located(line: bytes, name: str, number: int) -> Located:
    """Returns the report in a line of JSON; raises InputError naming file, line and field when there is none."""
    try:
        report = decode_report(line)
        created = moment(report.created_at, "report $.created_at")
    except CodecError as error:
        field = error.place.rpartition(" ")[2].removeprefix("$.")
        field = "" if field in ("report", "$") else field
        remedy = error.remedy if "Upgrade" in error.remedy else REMEDY
        raise InputError(name, number, field, error.problem, remedy) from error
    return Located(report, name, number, created, digest_of(line))


def by_device(found: Sequence[Located]) -> dict[str, list[Located]]:
    """Returns the reports of each laptop in order, by a name that is the device id wherever one was given.

    A report that bears no name but `local` belongs to the laptop whose firmware ids (keyed alike) it shows, else
    to the one laptop of its file: reports of different laptops are never merged for want of a name.
    """
    groups: dict[tuple[str, str], list[Located]] = {}
    for each in found:
        device = each.report.device
        key = (device, "") if device != UNNAMED else (UNNAMED, _machine(each))
        groups.setdefault(key, []).append(each)
    unnamed = [key for key in groups if key[0] == UNNAMED]
    named: dict[str, list[Located]] = {}
    for key, reports in groups.items():
        name = key[0]
        if name == UNNAMED and len(unnamed) > 1:
            name = f"{UNNAMED} ({reports[0].file} line {reports[0].line})"
        named[name] = _in_order(reports)
    return named


def _machine(each: Located) -> str:
    """Returns what tells an unnamed laptop from another: its firmware's ids, else its file."""
    for section in each.report.sections:
        if section.kind == "host" and isinstance(section.items, msgspec.Raw):
            try:
                facts = [item for item in decode_items("host", section.items) if isinstance(item, HostFacts)]
            except CodecError:
                break  # said with its place when the report is taken in
            ids: list[Identifier | None] = [id_ for fact in facts for id_ in (fact.platform_uuid, fact.serial)]
            for identifier in ids:
                # A serial that a maker left at its default is borne by many laptops.
                if identifier is not None and not identifier.constant:
                    return f"{identifier.key_id}:{identifier.digest}"
    return f"file {each.file}"


def _in_order(reports: list[Located]) -> list[Located]:
    begun: dict[str, datetime] = {}
    for each in reports:
        epoch = each.report.epoch
        begun[epoch] = min(each.created_at, begun.get(epoch, each.created_at))
    return sorted(
        reports,
        key=lambda each: (begun[each.report.epoch], each.report.epoch, each.report.sequence, each.created_at),
    )


class Laptop:
    """One device while its reports are fed, oldest first.

    history  what is known of it
    levels   findings of the evaluation before; whoever judges sets them
    reports  those taken in; notices: what was odd in them, in words
    egress, sign_ins  what else is known of where it and its person are; whoever judges sets them
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.history = History()
        self.levels: tuple[Finding, ...] = ()
        self.reports: list[Located] = []
        self.seen: set[str] = set()
        self.numbers: dict[tuple[str, int], str] = {}
        self.notices: dict[str, None] = {}
        self.hearing = Hearing()
        self.events: list[ReportEvent] = []
        self.days: dict[date, KeptDay] = {}
        self.egress: tuple[Egress, ...] = ()
        self.sign_ins: tuple[SignIn, ...] = ()

    def take(self, each: Located) -> bool:
        """Takes in a report and returns whether anything but times changed.

        One that came before, or whose number another one has, changes nothing. Raises InputError.
        """
        if not self._is_new(each):
            return False
        try:
            changed = self.history.add(each.report)
        except CodecError as error:
            field = error.place.removeprefix("report ").replace("$.", "", 1)
            raise InputError(each.file, each.line, field, error.problem, error.remedy or REMEDY) from error
        self.reports.append(each)
        return self._hear(each.report, each.created_at) or changed

    def _hear(self, report: Report, at: datetime) -> bool:
        """Keeps count of the reports as the store does, as if each was received when it was made.

        Numbers that never came are no event here: files may be a selection.
        """
        if report.origin != "live":
            return False  # a capture stands still, and says nothing of who reports
        assert self.history.last_at is not None
        made, received = int(at.timestamp()), int(self.history.last_at.timestamp())
        news = self.hearing.take(made, received, report.boot, report.uptime_seconds)
        if news == TWO_BOOTS:
            detail = f"boot {report.boot} goes on after another one had begun"
            self.events = with_event(self.events, TWO_BOOTS, detail, self.history.last_at)
        return bool(news)

    def _is_new(self, each: Located) -> bool:
        if each.digest in self.seen:
            return False
        self.seen.add(each.digest)
        report = each.report
        number = (report.epoch, report.sequence)
        if report.epoch.strip("0"):  # an all-zero epoch numbers nothing: collect was run by hand
            if number in self.numbers:
                self.notices[f"report {report.sequence} exists in two forms: {self.numbers[number]} counts"] = None
                detail = f"{report.sequence} came with two contents"
                self.events = with_event(self.events, "forked", detail, self.history.last_at or each.created_at)
                return False
            self.numbers[number] = f"{each.file} line {each.line}"
        return True

    def view(self, company: Company, fleet: Fleet, now: datetime | None = None) -> DeviceView:
        """Returns the device as detectors see it at `now`: at its latest report when that is not given."""
        history = self.history
        assert history.first_at is not None
        assert history.last_at is not None
        view = DeviceView(
            device=self.device,
            now=now or history.last_at,
            enrolled_at=history.first_at,
            sections=dict(history.sections),
            history=dict(history.spans),
            levels=self.levels,
            reporting=reporting_of(self.hearing, now or history.last_at, history.last_at, self.events),
            samples=history.samples_at(now or history.last_at, self.days.values()),
            egress=self.egress,
            sign_ins=self.sign_ins,
        )
        found = placed(view, company, fleet)
        self.days |= {each.day: each for each in found.fresh}
        for day in sorted(self.days)[:-KEPT_DAYS]:
            del self.days[day]
        view = msgspec.structs.replace(view, placing=found.placing)
        return complete(view, company, fleet)


def judge_reports(found: Sequence[Located], company: Company, fleet: Fleet) -> list[Judged]:
    """Returns every device judged at its own latest report, highest points first. Raises InputError as `fed` does."""
    return judged(fed(found, company, fleet), company, fleet)


def fed(found: Sequence[Located], company: Company, fleet: Fleet) -> dict[str, Laptop]:
    """Returns every laptop with all its reports taken in, by its name, and `fleet` with what they share.

    Reports are fed in the order in which they were made, so that what came and went leaves its trace. Raises
    InputError with file, line and field for a section that does not fit.
    """
    laptops: dict[str, Laptop] = {}
    fleet.set_roster(company.roster)
    fleet.set_policy(company.policy)
    for device, each in _merged(by_device(found)):
        laptop = laptops.setdefault(device, Laptop(device))
        changed = laptop.take(each)
        if changed:
            entry = entry_of(company.roster, device, laptop.history.sections)
            if entry is not None:
                fleet.set_entry(device, entry)
        # Also where nothing changed: on how many days a value was there is part of what it says.
        fleet.observe(device, laptop.history.sections)
        if changed:
            laptop.levels = judge(laptop.view(company, fleet)).findings
    return laptops


def judged(laptops: Mapping[str, Laptop], company: Company, fleet: Fleet) -> list[Judged]:
    """Returns laptops judged at their own latest report, highest points first."""
    every = [_judged(laptop, company, fleet) for laptop in laptops.values()]
    return sorted(every, key=lambda each: (-each.assessment.bits, each.assessment.device))


def _merged(devices: Mapping[str, list[Located]]) -> Iterator[tuple[str, Located]]:
    """Yields all reports by time, without ever changing the order within a device."""
    keyed: list[tuple[datetime, str, int, Located]] = []
    for device, reports in devices.items():
        latest = reports[0].created_at
        for place, each in enumerate(reports):
            latest = max(latest, each.created_at)
            keyed.append((latest, device, place, each))
    for _, device, _, each in sorted(keyed, key=lambda entry: entry[:3]):
        yield device, each


def _judged(laptop: Laptop, company: Company, fleet: Fleet) -> Judged:
    view = laptop.view(company, fleet)
    reports = [each.report for each in laptop.reports]
    return Judged(
        assessment=judge(view),
        platform=reports[-1].agent.platform,
        reports=len(reports),
        first_at=view.enrolled_at,
        last_at=view.now,
        origins=tuple(sorted({report.origin for report in reports})),
        notices=tuple(laptop.notices),
    )


def key_ids(found: Sequence[Located]) -> set[str]:
    """Returns the names of the keys that the reports' identifiers were made with."""
    ids: set[str] = set()
    for each in found:
        raws = (section.items for section in each.report.sections if isinstance(section.items, msgspec.Raw))
        ids |= set(chain.from_iterable(_key_ids(bytes(raw)) for raw in raws))
    return ids


def _key_ids(data: bytes) -> Iterator[str]:
    try:
        waiting: list[object] = [msgspec.json.decode(data)]
    except (ValueError, RecursionError):
        return  # what does not fit is named with its place when the report is taken in
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("key_id"), str):
                yield value["key_id"]
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
