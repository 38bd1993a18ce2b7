"""Labelled fleets as files: what anybody can record, and what `write` writes of a made sample.

reports.jsonl (or .jsonl.gz, one or more)   reports as `farmwatch-agent collect --json` prints them
labels.csv                                  device,farm,kind,since, and a column for each facet
roster.csv, policy.yaml, identifier.key     as `farmwatch score` takes them; may be missing
origins.csv, sign_ins.csv                   where reports and sign-ins came from, as classes; may be missing
"""

import csv
import gzip
import heapq
import io
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from farmwatch_schema.codec import decode_report
from farmwatch_schema.errors import CodecError

from ...input_error import InputError, read_text
from ..sample import Label, Sample
from .scenario import KINDS

MAX_BYTES = 64 << 20
MAX_LINE = 2 << 20
LABELS = "labels.csv"
NEEDED = ("device", "farm", "kind", "since")
ALL_KINDS = (*KINDS, "ordinary", "trap")
REMEDY = "docs/scenarios.md has the form of a recorded fleet."
_ENDINGS = (".jsonl", ".jsonl.gz")


def is_recorded(folder: str) -> bool:
    """Whether a folder holds a recorded fleet."""
    return os.path.isfile(os.path.join(folder, LABELS))


def read(folder: str) -> Sample:
    """Returns the recorded fleet in a folder; raises InputError with file, line and field.

    Reports are read twice: once to check them against the labels, and whenever they are asked for.
    """
    labels = parse_labels(read_text(os.path.join(folder, LABELS), MAX_BYTES), os.path.join(folder, LABELS))
    files = sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(_ENDINGS))
    if not files:
        raise InputError(folder, 0, "", "holds labels and no reports.", REMEDY)
    known = {label.device for label in labels}
    seen: set[str] = set()
    first, last = "9", ""
    in_order = True
    for file in files:
        before = ""
        for line, at, device, _ in _lines(file):
            in_order = in_order and before <= at
            before = at
            if device not in known:
                raise InputError(file, line, "device", f"{device!r} has no label.", f"Add it to {LABELS}.")
            seen.add(device)
            first, last = min(first, at), max(last, at)
    for number, label in enumerate(labels, 2):
        if label.device not in seen:
            place = os.path.join(folder, LABELS)
            raise InputError(place, number, "device", f"{label.device!r} has no report.", "Remove its label.")

    def reports() -> Iterator[bytes]:
        streams = [((at, name, line, data) for line, at, name, data in _lines(file)) for file in files]
        if in_order:
            return (data for _, _, _, data in heapq.merge(*streams, key=lambda row: row[0]))
        rows = sorted((row for stream in streams for row in stream), key=lambda row: row[0])
        return (data for _, _, _, data in rows)

    key = os.path.join(folder, "identifier.key")
    return Sample(
        name=os.path.basename(os.path.abspath(folder)),
        labels=tuple(sorted(labels, key=lambda label: label.device)),
        roster=_optional(folder, "roster.csv"),
        policy=_optional(folder, "policy.yaml"),
        key=_key(key) if os.path.exists(key) else b"",
        days=(_moment(last) - _moment(first)).days + 1,
        reports=reports,
        origins=_optional(folder, "origins.csv"),
        sign_ins=_optional(folder, "sign_ins.csv"),
    )


def write(sample: Sample, folder: str) -> None:
    """Writes a sample as `read` takes it. The folder is made; what is there of these files is replaced."""
    os.makedirs(folder, exist_ok=True)
    with gzip.GzipFile(os.path.join(folder, "reports.jsonl.gz"), "wb", mtime=0) as file:
        for data in sample.reports():
            file.write(data + b"\n")
    texts = {LABELS: labels_text(sample.labels), "roster.csv": sample.roster, "policy.yaml": sample.policy,
             "origins.csv": sample.origins, "sign_ins.csv": sample.sign_ins}  # fmt: skip
    if sample.key:
        texts["identifier.key"] = sample.key.hex() + "\n"
    for name, text in texts.items():
        if text:
            with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as file_:
                file_.write(text)


def labels_text(labels: tuple[Label, ...]) -> str:
    """Returns the label file of these labels."""
    facets = sorted({name for label in labels for name in label.facets})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*NEEDED, *facets))
    for label in labels:
        values = (label.facets.get(name, "") for name in facets)
        writer.writerow((label.device, "yes" if label.farm else "no", label.kind, label.since, *values))
    return text.getvalue()


def parse_labels(text: str, name: str) -> list[Label]:
    """Returns the labels of a CSV text; an empty cell is no facet. Raises InputError with line and field."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    labels: list[Label] = []
    lines: dict[str, int] = {}
    try:
        header = [cell.strip() for cell in next(reader, [])]
        for column in NEEDED:
            if column not in header:
                raise InputError(name, 1, column, "is missing in the header.", REMEDY)
        if len(set(header)) != len(header):
            raise InputError(name, 1, "", "has a column twice.", REMEDY)
        for cells in reader:
            if not any(cells):
                continue
            line = reader.line_num
            if len(cells) != len(header):
                problem = f"has {len(cells)} cells, the header has {len(header)}."
                raise InputError(name, line, "", problem, REMEDY)
            row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            _check(row, name, line, lines)
            facets = {key: value for key, value in row.items() if key not in NEEDED and value}
            labels.append(
                Label(
                    device=row["device"], farm=row["farm"] == "yes", kind=row["kind"], since=row["since"], facets=facets
                )
            )
    except csv.Error as error:
        raise InputError(name, reader.line_num, "", f"is not valid CSV: {error}.", REMEDY) from error
    if not labels:
        raise InputError(name, 0, "", "holds no label.", REMEDY)
    return labels


def _check(row: dict[str, str], name: str, line: int, lines: dict[str, int]) -> None:
    device = row["device"]
    if not re.fullmatch(r"[a-z0-9-]{1,64}", device):
        raise InputError(name, line, "device", f"is {device[:40]!r}.", "Give the id that its reports bear.")
    if device in lines:
        raise InputError(name, line, "device", f"{device!r} is on line {lines[device]} already.", "Keep one line.")
    lines[device] = line
    if row["farm"] not in ("yes", "no"):
        raise InputError(name, line, "farm", f"is {row['farm'][:40]!r}.", "Write yes or no.")
    if row["kind"] not in ALL_KINDS:
        raise InputError(name, line, "kind", f"is {row['kind'][:40]!r}.", f"One of {', '.join(ALL_KINDS)}.")
    if (row["farm"] == "yes") != (row["kind"] in KINDS):
        raise InputError(name, line, "kind", f"is {row['kind']!r} and farm is {row['farm']!r}.", REMEDY)
    try:
        _moment(row["since"])
    except ValueError:
        problem = f"is no time: {row['since'][:40]!r}."
        raise InputError(name, line, "since", problem, "Write it like 2026-10-05T14:00:00Z.") from None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _lines(path: str) -> Iterator[tuple[int, str, str, bytes]]:
    """Yields line number, time, device and bytes of each report of a file."""
    number = 0
    try:
        with gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb") as file:
            while line := file.readline(MAX_LINE + 1):
                number += 1
                data = line.rstrip(b"\r\n")
                if len(line) > MAX_LINE:
                    raise InputError(path, number, "", f"is longer than {MAX_LINE} bytes.", REMEDY)
                if not data.strip():
                    continue
                try:
                    report = decode_report(data)
                    _moment(report.created_at)
                except CodecError as error:
                    field = error.place.rpartition(" ")[2].removeprefix("$.")
                    raise InputError(path, number, field, error.problem, error.remedy or REMEDY) from error
                except ValueError as error:
                    raise InputError(path, number, "created_at", "is no time.", REMEDY) from error
                yield number, report.created_at, report.device, data
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "it is cut off or no gzip file"
        raise InputError(path, number, "", f"cannot be read: {reason}.", REMEDY) from error


def _optional(folder: str, name: str) -> str:
    path = os.path.join(folder, name)
    return read_text(path, MAX_BYTES) if os.path.exists(path) else ""


def _key(path: str) -> bytes:
    text = read_text(path, 1 << 12).strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if not 16 <= len(key) <= 64:
        raise InputError(path, 1, "", "is no key.", "32 to 128 hex digits, as the collector gave them.")
    return key
