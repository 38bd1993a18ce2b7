"""`farmwatch calibrate`: the claim test's thresholds from true claims, as a file that `serve` and `score` take."""

import argparse
import csv
import io
import os
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np

from ..bench.place_cases import true_claims
from ..bench.place_data import load
from ..input_error import InputError, read_text
from ..place.calibration import RATE, Calibration, Case, calibrate, encode
from ..place.corroborated import fleet_cases
from ..place.samples import KEPT_DAYS
from ..place.types import Landmark, Observation
from ..store import open_store
from .serve import data_options, store_url

HELP = "the claim test's thresholds from claims known to be true"
SCHEMA = "farmwatch-calibrate-v1"
COLUMNS = ("device", "access", "claim_lat", "claim_lon", "radius_km", "landmark", "provider", "lat", "lon", "rtt_ms")
_ACCESS = ("wired", "wifi", "mobile", "satellite", "unknown")
_LIMIT = 256 * 1024 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.epilog = (
        "Examples:  farmwatch calibrate claims.csv -o calibration.json"
        "   farmwatch calibrate --corroborated seen-in-person.txt --data /var/lib/farmwatch -o calibration.json"
    )
    parser.add_argument(
        "source", nargs="?", help="folder of public round-trip times, or a CSV of true claims (docs/place.md)"
    )
    parser.add_argument(
        "--corroborated", metavar="FILE", help="instead: device ids, one a line, that somebody knows to be where the "
        "roster says; their newest measured day comes from the store"
    )  # fmt: skip
    data_options(parser)
    parser.add_argument("--output", "-o", required=True, help="file to write, JSON; taken whole or not at all")
    parser.add_argument("--rate", type=float, default=RATE, help="false positives to allow, all rules together")
    parser.add_argument("--seed", type=int, default=0, help="of the folds and the false claims that teach the score")
    parser.add_argument("--made-on", default="", help="day to write into the file, YYYY-MM-DD; today without it")
    parser.add_argument("--source-words", default="", help="what the file names as its source; the path without it")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(options: argparse.Namespace) -> int:
    """Writes the calibration and prints what it rests on."""
    if not 0.001 <= options.rate <= 0.2:
        raise InputError("--rate", 0, "", f"{options.rate} is out of range.", "Give 0.001 to 0.2.")
    made_on = _day(options.made_on)
    if bool(options.source) == bool(options.corroborated):
        raise InputError("calibrate", 0, "", "needs either a source or --corroborated.", "See farmwatch calibrate -h.")
    if options.corroborated:
        cases = _of_fleet(options, made_on)
    elif os.path.isdir(options.source):
        data = load(options.source)
        cases = true_claims(data.mesh, data.access, data, np.random.default_rng(options.seed))
    else:
        cases = read_cases(options.source)
    made = calibrate(
        cases,
        made_on=made_on,
        sources=(options.source_words or os.path.basename(os.path.normpath(options.source or options.corroborated)),),
        rate=options.rate,
        seed=options.seed,
        progress=lambda words: print(words, file=sys.stderr, flush=True),
    )
    write(made, options.output)
    _print(made, options)
    return 0


def _of_fleet(options: argparse.Namespace, today: date) -> list[Case]:
    named = read_text(options.corroborated, _LIMIT).split()
    store = open_store(store_url(options), make=False)
    try:
        return fleet_cases(store, named, today - timedelta(days=KEPT_DAYS))
    finally:
        store.close()


def write(calibration: Calibration, path: str) -> None:
    """Writes the file beside its name and moves it there, so that a reader never meets half of one."""
    beside = Path(f"{path}.new")
    try:
        beside.write_bytes(encode(calibration))
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise InputError(path, 0, "", f"cannot be written: {reason}.", "Check the folder and your rights.") from error


def read_cases(path: str) -> list[Case]:
    """Returns the true claims of a CSV with COLUMNS, one row a landmark; raises InputError at the first bad row."""
    rows = csv.DictReader(io.StringIO(read_text(path, _LIMIT)))
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise InputError(path, 1, missing[0], "is missing from the header.", f"Columns: {', '.join(COLUMNS)}.")
    claims: dict[str, tuple[str, float, float, float]] = {}
    times: dict[str, dict[str, Observation]] = {}
    for line, row in enumerate(rows, start=2):
        claim, seen = _row(path, line, row)
        device = row["device"].strip()
        if claims.setdefault(device, claim) != claim:
            problem = f"claims another place or access for device {device!r} than a row before."
            raise InputError(path, line, "device", problem, "Keep one day and one true claim of each device.")
        times.setdefault(device, {})[seen.landmark.landmark] = seen
    return [
        Case(
            host=device, access=access, latitude=latitude, longitude=longitude, radius_km=radius,
            observations=tuple(times[device].values()),
        )
        for device, (access, latitude, longitude, radius) in claims.items()
    ]  # fmt: skip


def _row(path: str, line: int, row: dict[str, str]) -> tuple[tuple[str, float, float, float], Observation]:
    def number(field: str, low: float, high: float) -> float:
        text = (row.get(field) or "").strip()
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise InputError(path, line, field, f"{text!r} is not a number from {low:g} to {high:g}.", "Correct it.")
        return value

    def word(field: str) -> str:
        text = (row.get(field) or "").strip()
        if not text:
            raise InputError(path, line, field, "is empty.", "Fill it in.")
        return text

    word("device")
    access = word("access")
    if access not in _ACCESS:
        raise InputError(path, line, "access", f"{access!r} is no kind of access.", f"One of {', '.join(_ACCESS)}.")
    claim = (access, number("claim_lat", -90, 90), number("claim_lon", -180, 180), number("radius_km", 0, 1000))
    landmark = Landmark(
        landmark=word("landmark"), provider=word("provider"), place=row["landmark"], country="",
        latitude=number("lat", -90, 90), longitude=number("lon", -180, 180), uncertainty_km=25.0, host="",
    )  # fmt: skip
    return claim, Observation(landmark, number("rtt_ms", 0.01, 5000))


def _day(text: str) -> date:
    if not text:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError("--made-on", 0, "", f"{text!r} is no day.", "Write it as 2026-11-22.") from error


def _print(made: Calibration, options: argparse.Namespace) -> None:
    without = [f"{cell.access} {cell.size}" for cell in made.cells if cell.together is None or cell.by]
    if options.json:
        cells = [
            {"access": cell.access, "size": cell.size, "claims": cell.claims, "threshold": cell.together}
            for cell in made.cells
        ]
        document = {"schema": SCHEMA, "ok": True, "code": 0, "file": options.output, "hosts": made.hosts,
                    "claims": made.claims, "rate": made.rate, "items": cells}  # fmt: skip
        print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
        return
    kinds = Counter({cell.access: cell.claims for cell in made.cells if cell.size == "any"})
    print(f"{options.output}: {made.claims} true claims of {made.hosts} hosts, for {made.rate:.1%} false positives.")
    print("claims: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()))
    if without:
        print(f"too few claims for a threshold of their own: {', '.join(without)}. The next wider class stands in.")
