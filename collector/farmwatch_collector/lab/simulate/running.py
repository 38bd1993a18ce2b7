"""What `farmwatch simulate` does: makes the fleet once, and writes all that was asked for on the way."""

import argparse
import csv
import json
import re
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TextIO

import msgspec

from ...input_error import InputError, read_text
from ..simulation import SimulatedDevice
from . import records, telling
from .counting import Counts
from .rows import LastStates, Rows
from .sending import Sender
from .settings import Settings, SettingsError, farms
from .world import world

SCHEMA = "farmwatch-simulate-1"
#: JSON lines are sorted by time, for which every laptop is held: this many at most.
MOST_LINES = 20_000
MAX_TOKEN = 4_096


def run(options: argparse.Namespace) -> str:
    """Makes the fleet; returns what it is made of, in words or as JSON. Raises FarmwatchError for unfit options."""
    settings = _settings(options).checked()
    sender = Sender(options.send, _token(options), settings) if options.send else None
    settings = sender.settings if sender else settings
    made, counts = world(settings), Counts(settings)
    with ExitStack() as stack:
        note = _notes(counts, options, stack)
        if options.jsonl:
            out = sys.stdout.buffer if options.jsonl == "-" else stack.enter_context(_binary(options.jsonl))
            for line in telling.fleet_lines(map(note, made.devices()), _every(options)):
                out.write(line + b"\n")
                counts.reports += 1
            out.flush()
        elif sender or options.rows:
            if sender:
                kept = sender.sent(made.devices(), _every(options))
            else:
                folder = options.rows
                rows = LastStates(folder, settings) if options.latest else Rows(folder, settings, _every(options, 0))
                stack.callback(rows.close)
                kept = rows.kept(made.devices())
            for device, count in kept:
                note(device)
                counts.reports += count
        else:
            for device in made.devices():
                note(device)
    _write(options.policy, made.policy_yaml)
    _write(options.key_file, settings.key.hex() + "\n")
    if options.json:
        return json.dumps({"schema": SCHEMA, "ok": True, "code": 0, **counts.document(made.farms)}, indent=1)
    return counts.text(made.farms)


def _token(options: argparse.Namespace) -> str:
    if not options.token_file:
        raise SettingsError("--send needs --token-file: a file with an enrolment token, made by farmwatch tokens new.")
    return read_text(options.token_file, MAX_TOKEN).strip()


def _every(options: argparse.Namespace, usual: int = 120) -> int:
    """Returns seconds between two reports."""
    return 60 * (usual if options.every is None else int(options.every))


def _settings(options: argparse.Namespace) -> Settings:
    given = re.fullmatch(r"(\d{1,4})-(\d{1,4})", options.farm_sizes)
    if given is None or not 2 <= int(given[1]) <= int(given[2]):
        raise SettingsError(f"--farm-sizes {options.farm_sizes[:40]}: write it like 2-60, the smaller one first.")
    if options.every is not None and not 1 <= options.every <= 1440:
        raise SettingsError(f"--every {options.every}: 1 to 1440 minutes are taken.")
    if options.farms < 0:
        raise SettingsError(f"--farms {options.farms}: 0 or more are taken.")
    if options.latest and not options.rows:
        raise SettingsError("--latest goes with --rows: JSON lines and collectors get all reports.")
    if options.jsonl and options.devices > MOST_LINES:
        raise SettingsError(f"--jsonl holds every laptop to sort reports by time: {MOST_LINES:,} at most. Use --rows.")
    usual = Settings(devices=1)
    first = options.first_day
    if first is None:
        # What a collector is given ends yesterday: to one that runs, an older fleet would have fallen silent.
        today = datetime.now(UTC).date()
        first = today - timedelta(days=options.days) if options.send or options.rows else usual.first_day
    return Settings(
        devices=options.devices, days=options.days, first_day=first, seed=options.seed, sase=options.sase,
        bssids=0.0 if options.no_bssid else usual.bssids,
        farms=farms(options.farms, int(given[1]), int(given[2]), options.seed),
    )  # fmt: skip


def _notes(
    counts: Counts, options: argparse.Namespace, stack: ExitStack
) -> Callable[[SimulatedDevice], SimulatedDevice]:
    """Returns what is done with each device that passes: counted, its truth and its line of the roster written."""
    truth = stack.enter_context(_binary(options.truth)) if options.truth else None
    roster = None
    # A collector gives ids of its own: there, serials name laptops.
    by = "serial" if options.send else "device"
    if options.roster:
        roster = csv.writer(stack.enter_context(_text(options.roster)), lineterminator="\n")
        roster.writerow(records.columns(by))

    def note(device: SimulatedDevice) -> SimulatedDevice:
        counts.take(device)
        if truth is not None:
            line = {"device": device.device, "serial": device.roster.get("serial", ""),
                    **msgspec.to_builtins(device.truth)}  # fmt: skip
            truth.write(json.dumps(line).encode() + b"\n")
        if roster is not None and device.roster:
            roster.writerow(records.row(device, by))
        return device

    return note


def _binary(path: str) -> BinaryIO:
    try:
        return Path(path).open("wb")
    except OSError as error:
        raise _cannot(path, error) from error


def _text(path: str) -> TextIO:
    try:
        return Path(path).open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise _cannot(path, error) from error


def _write(path: str | None, text: str) -> None:
    if path:
        with _text(path) as file:
            file.write(text)


def _cannot(path: str, error: OSError) -> InputError:
    reason = error.strerror or type(error).__name__
    return InputError(path, 0, "", f"cannot be written: {reason}.", "Check the path and your rights.")
